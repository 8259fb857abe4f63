"""Manifest files for commands: reading and checking them, and folders of them to import from."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import click

from alm_workbench import resources
from alm_workbench.commands.common import say
from alm_workbench.errors import ConfigurationError, ErrorItem, ManifestProblem
from alm_workbench.mpc import (
    CheckResult,
    CompiledManifest,
    Diagnostic,
    DomainMeta,
    ManifestAST,
    ManifestInvalid,
    MPCError,
    check,
    detect_format,
    load_domain_meta,
    parse,
)
from alm_workbench.mpc.imports import Edition, MemoryLibrary
from alm_workbench.mpc.words import did_you_mean

ENDINGS = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".alm": "dsl"}
FORMATS = ("dsl", "yaml", "json")
PATH = click.Path(dir_okay=False, path_type=Path)
FILE = click.argument("file", type=PATH)
FILES = click.argument("files", nargs=-1, required=True, type=PATH)
LIBRARY = click.option(
    "--library",
    "libraries",
    multiple=True,
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of manifests to import from; may be given several times.",
)


@lru_cache(maxsize=1)
def vocabulary() -> DomainMeta:
    """The vocabulary that ships."""
    return load_domain_meta(resources.path("alm_meta", "domain_meta.yaml").read_text("utf-8"))


def read(file: Path) -> str:
    """The text of a manifest; raises ``ConfigurationError`` (exit code 2) on an unreadable file."""
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as error:
        before = error.object[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        raise ConfigurationError(
            f"{file}:{line}:{column}: byte 0x{error.object[error.start]:02x} is not UTF-8"
        ) from None
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from None


def write(file: Path, text: str) -> None:
    """Replace a file as a whole, with the rights it had; raises ``ConfigurationError`` where that cannot be done."""
    target = Path(os.path.realpath(file))
    try:
        mode = target.stat().st_mode & 0o7777 if target.exists() else 0o666 & ~_umask()
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with open(handle, "w", encoding="utf-8", newline="") as out:
                out.write(text)
            os.chmod(name, mode)
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from None


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now


def format_of(file: Path) -> str | None:
    """The format a file name stands for; None leaves it to the text."""
    return ENDINGS.get(file.suffix)


def parsed(file: Path) -> ManifestAST:
    """What a file says; raises ``ManifestProblem`` (exit code 2) naming every syntax error."""
    try:
        return parse(read(file), format=format_of(file), file=str(file))
    except MPCError as error:
        raise problem(file, error) from None


def checked(file: Path, libraries: Sequence[Path] = ()) -> tuple[str, CheckResult]:
    """The text of a file and what the core says of it, with what it imports from folders."""
    text = read(file)
    library = library_of(libraries)
    result = check(text, vocabulary(), format=format_of(file), file=str(file), library=library)
    for advice in _advice(file, text, result, library):
        say(f"alm: {file}: {advice}")
    return text, result


def _advice(file: Path, text: str, result: CheckResult, library: MemoryLibrary | None) -> Iterator[str]:
    """What is wrong with how the command was called rather than with the text."""
    if result.ok:
        return
    if library is None and result.ast is not None and result.ast.of_kind("Import"):
        yield "it imports; say with --library DIR in which folder the other manifests lie"
    named, looks = format_of(file), detect_format(text)
    unread = any(d.code == "E_PARSE_SYNTAX" for d in result.diagnostics)
    if unread and named is not None and looks != named:
        yield f"by its name this file is {named}, but the text looks like {looks}"


def compiled(file: Path, libraries: Sequence[Path] = ()) -> CompiledManifest:
    """A file's compiled manifest; raises ``ManifestProblem`` (exit code 2) naming every error."""
    _, result = checked(file, libraries)
    found = result.compiled
    if found is None:
        raise problem(file, ManifestInvalid(result.diagnostics))
    return found


def problem(file: Path, error: MPCError) -> ManifestProblem:
    """An error of the core as that of a command, every place named."""
    found: Sequence[Diagnostic] = [Diagnostic(error.code, error.message, span=error.span)]
    if isinstance(error, ManifestInvalid):
        found = [d for d in error.diagnostics if d.severity == "error"]
    items = [ErrorItem(_place(file, d), d.code, d.message + (f" ({d.hint})" if d.hint else "")) for d in found]
    if not items:
        return ManifestProblem(f"{file}: {error.message}")
    return ManifestProblem(f"{items[0].path}: {items[0].message}", errors=items)


def _place(file: Path, found: Diagnostic) -> str:
    return f"{found.span.file or file}:{found.span.line}:{found.span.col}" if found.span else str(file)


def library_of(folders: Sequence[Path]) -> MemoryLibrary | None:
    """Every manifest in some folders, to import as `namespace/name`, or as its namespace or file name if only one is
    called that; None without folders."""
    if not folders:
        return None
    library = MemoryLibrary()
    for folder in folders:
        for file in sorted(folder.rglob("*")):
            if file.suffix in ENDINGS and (file.suffix == ".alm" or ".alm" in file.suffixes) and file.is_file():
                try:
                    _offer(file, library)
                except (ConfigurationError, MPCError) as error:
                    why = error.message if isinstance(error, MPCError) else str(error)
                    say(f"alm: {file} cannot be imported from: {why}")
    return library


def _offer(file: Path, library: MemoryLibrary) -> None:
    """Put a file into a library under the names in its head, which is read even of a file with errors."""
    from alm_workbench.mpc.parse import read as read_ast

    head: Any = read_ast(read(file), format=format_of(file), file=str(file)).ast
    name = f"{head.namespace}/{head.name}"
    edition = Edition(name, head.manifest_version, str(file), partial(_strictly, file))
    library.add(edition, also=(head.namespace, file.name.partition(".")[0]))


def _strictly(file: Path) -> ManifestAST:
    return parse(read(file), format=format_of(file), file=str(file))


def warn_of_unknown(what: str, words: Iterable[str], known: Iterable[str]) -> None:
    """Say on stderr which words the manifest does not know: an answer about a typo would mislead."""
    names = set(known)
    for word in dict.fromkeys(words):
        if names and word not in ("", "*") and word not in names:
            hint = did_you_mean(word, names)
            say(f"alm: this manifest has no {what} '{word}'" + (f" ({hint})" if hint else ""))
