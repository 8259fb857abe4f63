"""Whole lists as one Arrow IPC stream: page by page as the list itself gives them, so with the caller's rights and masks.

Every page is a transaction of its own, after the key of the last one, so a long list holds no connection while a slow
client reads. Should a page fail, the connection is cut: a stream without its end must not look like a short list.
"""

from __future__ import annotations

import dataclasses
import io
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from tornado.iostream import StreamClosedError

from alm_workbench.shared import wire
from alm_workbench.shared.messages import Message, Page, Spec, json_name

if TYPE_CHECKING:
    import pyarrow as pa

    from alm_workbench.server.handlers import ApiHandler

PAGE = 1000
log = structlog.get_logger("alm.api")


def wants_arrow(headers: Mapping[str, str]) -> bool:
    """Whether the client asks for Arrow rather than JSON."""
    return wire.ARROW in headers.get("Accept", "")


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """One field of a DTO as a column; ``json`` ones hold JSON text."""

    field: str
    name: str
    type: pa.DataType
    json: bool

    def values(self, items: tuple[Any, ...]) -> list[Any]:
        """The values of some items."""
        from pydantic_core import to_json

        found = [getattr(item, self.field) for item in items]
        if self.json:
            return [None if value is None else to_json(value).decode() for value in found]
        return [str(value) if isinstance(value, UUID) else value for value in found]


class ArrowPages:
    """Sends every page of a list, from the cursor of the message on; its ``limit`` does not count here."""

    def __init__(
        self, handler: ApiHandler, spec: Spec, message: Message[Any], query: Callable[[Any], Page[Any]]
    ) -> None:
        self._handler, self._query = handler, query
        self._message = dataclasses.replace(message, limit=PAGE)  # type: ignore[type-var]
        self._columns = columns_of(typing.get_args(spec.result)[0])

    async def send(self) -> None:
        """Send the stream; what is wrong with the first page is a problem document as anywhere."""
        import pyarrow as pa

        handler, sink = self._handler, io.BytesIO()
        page = await self._page(None)
        schema = pa.schema([pa.field(c.name, c.type, metadata=meta(c)) for c in self._columns])
        handler.set_header("Content-Type", wire.ARROW)
        try:
            with pa.ipc.new_stream(sink, schema) as writer:
                while True:
                    writer.write_batch(pa.record_batch(self._arrays(page.items), schema=schema))
                    handler.write(taken(sink))
                    await handler.flush()
                    if page.next_cursor is None:
                        break
                    page = await self._page(page.next_cursor)
            handler.finish(taken(sink))
        except StreamClosedError:
            return  # nobody reads any more
        except Exception as error:
            log.error("stream cut", path=handler.request.path, exc_info=error)
            handler._auto_finish = False  # a regular end would make the list look complete
            handler.request.connection.close()  # type: ignore[union-attr]

    async def _page(self, cursor: str | None) -> Page[Any]:
        message = dataclasses.replace(self._message, cursor=cursor) if cursor else self._message  # type: ignore[type-var]
        return await self._handler.app.run(lambda: self._query(message))

    def _arrays(self, items: tuple[Any, ...]) -> list[pa.Array]:
        import pyarrow as pa

        return [pa.array(column.values(items), column.type) for column in self._columns]


def taken(sink: io.BytesIO) -> bytes:
    """What was written since the last time."""
    found = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return found


def meta(column: Column) -> dict[str, str] | None:
    """What a reader must know of a column besides its type."""
    return {"alm:type": "json"} if column.json else None


def columns_of(dto: type[Any]) -> list[Column]:
    """The columns of a DTO: scalars and lists of texts as they are, everything else as JSON text."""
    hints = typing.get_type_hints(dto)
    return [_column(field.name, hints[field.name]) for field in dataclasses.fields(dto)]


def _column(name: str, hint: Any) -> Column:
    import pyarrow as pa

    found = _arrow_type(hint)
    return Column(name, json_name(name), found or pa.string(), found is None)


def _arrow_type(hint: Any) -> pa.DataType | None:
    import pyarrow as pa

    hint = getattr(hint, "__supertype__", hint)
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        rest = [kind for kind in arguments if kind is not type(None)]
        return _arrow_type(rest[0]) if len(rest) == 1 else None
    if origin is typing.Literal:
        return pa.string() if all(isinstance(value, str) for value in arguments) else None
    if origin is tuple and len(arguments) == 2 and arguments[1] is ...:
        return pa.list_(pa.string()) if arguments[0] is str else None
    scalars: dict[Any, pa.DataType] = {
        str: pa.string(), UUID: pa.string(), int: pa.int64(), bool: pa.bool_(), float: pa.float64(),
        datetime: pa.timestamp("us", "UTC"), date: pa.date32(),
    }  # fmt: skip
    return scalars.get(hint) if isinstance(hint, type) else None
