"""The query process: answers SQL over published mirror files, each caller over what its rights leave, and nothing else.

Run by the server as ``python -m alm_workbench.mirror.worker ROOT OPTIONS``; it speaks frames over stdin and stdout and
ends when stdin does. It gets no secret: no DSN, no token, no environment of the server's.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from alm_workbench.contexts.reporting.domain import MirrorRights, MirrorUnavailable, QueryRejected, QueryTimedOut
from alm_workbench.errors import AlmError
from alm_workbench.mirror import guard
from alm_workbench.mirror.cut import write_cut
from alm_workbench.mirror.frames import read_frame, write_frame
from alm_workbench.mirror.layout import Manifest, MirrorLayout
from alm_workbench.mirror.publish import literal

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

CUTS = ".cuts"


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """Limits of the query process: queries at once, DuckDB threads and memory for each open file, open files, and the
    bytes of one answer and of the whole process."""

    workers: int = 4
    threads: int = 2
    memory: str = "1GB"
    open_files: int = 8
    answer_bytes: int = 256 * 2**20
    process_bytes: int = 4 * 2**30

    def to_json(self) -> str:
        """As the command line carries it."""
        return json.dumps(asdict(self))


class OpenFile:
    """One mirror file, attached read-only and locked down, with a connection for each query that may run at once."""

    def __init__(self, path: Path, timezone: str, options: WorkerOptions, *, owned: bool) -> None:
        import duckdb

        self.users = 0
        self._owned = path if owned else None
        self._main = duckdb.connect(
            ":memory:",
            config={
                "threads": options.threads,
                "memory_limit": options.memory,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "allow_community_extensions": False,
                "python_enable_replacements": False,
            },
        )
        try:
            self._main.execute(f"SET temp_directory = ''; ATTACH {literal(str(path))} AS mirror (READ_ONLY)")
            self._idle: queue.SimpleQueue[duckdb.DuckDBPyConnection] = queue.SimpleQueue()
            for _ in range(options.workers):
                cursor = self._main.cursor()
                cursor.execute(f"USE mirror; SET TimeZone = {literal(timezone)}")
                self._idle.put(cursor)
            # from here on nothing outside the attached file can be reached, and no setting can be changed
            self._main.execute("SET enable_external_access = false; SET lock_configuration = true")
        except BaseException:
            self._main.close()
            raise

    @contextmanager
    def connection(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for one query."""
        cursor = self._idle.get()
        try:
            yield cursor
        finally:
            cursor.abort()  # an answer that was cut leaves its result open
            self._idle.put(cursor)

    def close(self) -> None:
        """Close it; a cut is removed from the disk too."""
        while not self._idle.empty():
            self._idle.get().close()
        self._main.close()
        if self._owned:
            self._owned.unlink(missing_ok=True)


class OpenFiles:
    """The open files, by tenant, published build and rights; the least recently used is closed first."""

    def __init__(self, layout: MirrorLayout, options: WorkerOptions) -> None:
        self._layout = layout
        self._options = options
        self._cuts = layout.root / CUTS / str(os.getpid())
        self._files: OrderedDict[tuple[str, str, str], OpenFile] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[tuple[str, str, str], threading.Lock] = {}

    @contextmanager
    def use(self, rights: MirrorRights) -> Iterator[tuple[OpenFile, Manifest]]:
        """The caller's file of the version that is published now."""
        file, manifest = self._obtain(rights)
        try:
            yield file, manifest
        finally:
            self._release(file)

    def _obtain(self, rights: MirrorRights) -> tuple[OpenFile, Manifest]:
        files = self._layout.tenant(rights.tenant_id)
        for attempt in range(3):
            manifest = files.current()
            if manifest is None:
                raise MirrorUnavailable("Nothing has been published for this tenant yet")
            key = (str(rights.tenant_id), manifest.build, "" if rights.full else rights.digest)
            with self._lock:
                making = self._making.setdefault(key, threading.Lock())
            with making:
                try:
                    return self._cached(key) or self._open(key, rights, files.path(manifest), manifest), manifest
                except OSError:  # pruned between the manifest and the file
                    if attempt == 2:
                        raise
                finally:
                    with self._lock:
                        self._making.pop(key, None)
        raise MirrorUnavailable("The published version cannot be opened")

    def _cached(self, key: tuple[str, str, str]) -> OpenFile | None:
        with self._lock:
            file = self._files.get(key)
            if file:
                self._files.move_to_end(key)
                file.users += 1
            return file

    def _open(self, key: tuple[str, str, str], rights: MirrorRights, path: Path, manifest: Manifest) -> OpenFile:
        if rights.full:
            file = OpenFile(path, manifest.timezone, self._options, owned=False)
        else:
            self._cuts.mkdir(mode=0o700, parents=True, exist_ok=True)
            cut = self._cuts / f"{key[0]}-{key[1]}-{key[2]}.duckdb"
            cut.unlink(missing_ok=True)
            write_cut(path, rights, cut)
            file = OpenFile(cut, manifest.timezone, self._options, owned=True)
        file.users = 1
        with self._lock:
            self._files[key] = file
            closing = self._evict()
        for old in closing:
            old.close()
        return file

    def _evict(self) -> list[OpenFile]:
        """Take out idle files: superseded versions of the same view, and the oldest over the limit."""
        newest = {(tenant, rights): build for tenant, build, rights in self._files}
        stale = [key for key in self._files if newest[key[0], key[2]] != key[1]]
        over = [key for key in self._files if key not in stale][: max(0, len(self._files) - self._options.open_files)]
        idle = [key for key in stale + over if not self._files[key].users]
        return [self._files.pop(key) for key in idle]

    def _release(self, file: OpenFile) -> None:
        with self._lock:
            file.users -= 1
            closing = self._evict()
        for old in closing:
            old.close()

    def sweep(self) -> None:
        """Remove what query processes that are no more left behind."""
        import psutil

        for path in (self._layout.root / CUTS).glob("*"):
            if not path.name.isdigit() or int(path.name) == os.getpid() or not psutil.pid_exists(int(path.name)):
                shutil.rmtree(path, ignore_errors=True)

    def close(self) -> None:
        """Remove this process's cuts."""
        shutil.rmtree(self._cuts, ignore_errors=True)


class Worker:
    """Reads requests and answers them, several at once."""

    def __init__(self, root: Path, options: WorkerOptions, out: IO[bytes]) -> None:
        self._options = options
        self._files = OpenFiles(MirrorLayout(root), options)
        self._out = out
        self._writing = threading.Lock()

    def serve(self, source: IO[bytes]) -> None:
        """Answer until the stream ends."""
        self._files.sweep()
        with ThreadPoolExecutor(self._options.workers) as pool, suppress(EOFError):
            while True:
                head, _ = read_frame(source)
                pool.submit(self._handle, head)
        self._files.close()

    def _handle(self, request: Mapping[str, Any]) -> None:
        body = b""
        try:
            answer, body = self._answer(request)
        except AlmError as error:
            answer = {"problem": error.to_problem()}
        except Exception as error:
            answer = {"problem": MirrorUnavailable(f"The query process failed: {type(error).__name__}").to_problem()}
            print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        with self._writing, suppress(OSError):
            write_frame(self._out, {**answer, "id": request["id"]}, body)

    def _answer(self, request: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        started = time.perf_counter()
        rights = MirrorRights.from_data(request["rights"])
        with self._files.use(rights) as (file, manifest), file.connection() as connection:
            rows, truncated, body = self._select(connection, request)
        return {
            "as_of": manifest.at,
            "version": manifest.version,
            "rows": rows,
            "truncated": truncated,
            "elapsed_ms": round((time.perf_counter() - started) * 1000, 2),
        }, body

    def _select(self, connection: duckdb.DuckDBPyConnection, request: Mapping[str, Any]) -> tuple[int, bool, bytes]:
        import duckdb

        sql = request["sql"]
        guard.check(connection, sql)
        with time_limit(connection, request["timeout"]) as timed_out:
            try:
                relation = connection.sql(sql, params=request["params"] or None)
                return self._collect(relation, request["limit"])
            except duckdb.InterruptException as error:
                raise QueryTimedOut(f"The query was stopped after {request['timeout']:g} s") from error
            except duckdb.OutOfMemoryException as error:
                raise QueryRejected(f"The query needs more than {self._options.memory} of memory") from error
            except duckdb.Error as error:
                if timed_out.is_set():
                    raise QueryTimedOut(f"The query was stopped after {request['timeout']:g} s") from error
                raise guard.rejected(_placed(connection, request, error), sql) from error

    def _collect(self, relation: duckdb.DuckDBPyRelation, limit: int) -> tuple[int, bool, bytes]:
        """At most ``limit`` rows as an Arrow IPC stream; raises ``QueryRejected`` over the byte limit."""
        import pyarrow as pa

        reader = relation.limit(limit + 1).to_arrow_reader(20_000)
        schema = plain_schema(reader.schema)
        sink = pa.BufferOutputStream()
        rows, truncated = 0, False
        with pa.ipc.new_stream(sink, schema) as writer:
            for batch in reader:
                truncated = rows + batch.num_rows > limit
                kept = batch.slice(0, limit - rows)
                try:
                    writer.write_batch(kept.cast(schema))
                except pa.ArrowInvalid as error:
                    raise QueryRejected("A sum does not fit 64 bits; cast it to DOUBLE") from error
                rows += kept.num_rows
                if sink.tell() > self._options.answer_bytes:
                    most = self._options.answer_bytes >> 20
                    raise QueryRejected(f"The answer is larger than {most} MB; ask for less")
                if truncated:
                    break
        return rows, truncated, sink.getvalue().to_pybytes()


def plain_schema(schema: pa.Schema) -> pa.Schema:
    """The schema with DuckDB's 128-bit sums as 64-bit integers, which every client has."""
    import pyarrow as pa

    wide = pa.decimal128(38, 0)
    return pa.schema([f.with_type(pa.int64()) if f.type == wide else f for f in schema], schema.metadata)


def _placed(connection: duckdb.DuckDBPyConnection, request: Mapping[str, Any], error: duckdb.Error) -> duckdb.Error:
    """The same complaint with its place: relations lose it, preparing the statement again does not."""
    import duckdb

    if "LINE " not in str(error) and isinstance(error, (duckdb.BinderException, duckdb.CatalogException)):
        try:
            connection.execute(request["sql"], request["params"] or None)
        except duckdb.Error as better:
            return better
    return error


@contextmanager
def time_limit(connection: duckdb.DuckDBPyConnection, seconds: float) -> Iterator[threading.Event]:
    """Interrupt the connection's query after ``seconds``; never one that runs later on the same connection."""
    fired = threading.Event()
    deciding = threading.Lock()
    over = False

    def stop() -> None:
        with deciding:
            if not over:
                fired.set()
                connection.interrupt()

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield fired
    finally:
        with deciding:
            over = True
        timer.cancel()


def limit_process(options: WorkerOptions) -> None:
    """Bound the memory of this process, write no core files, and give way to the server, where the system can."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_DATA, (options.process_bytes, options.process_bytes))
        os.nice(5)


def main(root: str, options: str) -> None:
    """Serve until stdin ends; whatever else is printed goes to stderr."""
    settings = WorkerOptions(**json.loads(options))
    os.umask(0o077)
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    limit_process(settings)
    import duckdb  # noqa: F401  the first query should not wait for it
    import pyarrow  # noqa: F401

    Worker(Path(root), settings, out).serve(sys.stdin.buffer)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
