"""Checks the documents: relative links and anchors lead somewhere, `make` targets and `alm` commands exist."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
CODE = re.compile(r"```.*?```|~~~.*?~~~", re.S)
MAKE = re.compile(r"(?:^|`|\s{4})make ([a-z][a-z-]*)(?=[\s`]|$)", re.M)
ALM = re.compile(r"(?:^|(?<!``)`|\s{4})alm ([a-z][a-z-]*)(?=[\s`]|$)", re.M)


def problems(root: Path = ROOT) -> list[str]:
    """Everything that leads nowhere, one line each."""
    targets = set(re.findall(r"^([a-z-]+):", (root / "Makefile").read_text("utf-8"), re.M))
    commands = known_commands()
    found = []
    for document in documents(root):
        text = document.read_text("utf-8")
        name = document.relative_to(root)
        found += [
            f"{name}: {target} is not there"
            for target in LINK.findall(CODE.sub("", text))
            if not leads(document, target)
        ]
        found += [f"{name}: there is no `make {t}`" for t in MAKE.findall(text) if t not in targets]
        found += [f"{name}: there is no `alm {c}`" for c in ALM.findall(text) if c not in commands]
    return found


def documents(root: Path) -> Iterator[Path]:
    """The Markdown files of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    yield from (root / line for line in sorted(listed.stdout.splitlines()) if (root / line).exists())


def leads(document: Path, target: str) -> bool:
    """Whether a link of a document leads somewhere; addresses on the web are not asked."""
    if re.match(r"[a-z]+:", target):
        return True
    path, _, anchor = target.partition("#")
    file = (document.parent / path).resolve() if path else document
    if not file.exists():
        return False
    return not anchor or file.suffix != ".md" or anchor in anchors(file.read_text("utf-8"))


def anchors(text: str) -> set[str]:
    """The anchors of a document's headings, as web views make them."""
    headings = re.findall(r"^#+\s+(.*?)\s*$", CODE.sub("", text), re.M)
    return {re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower())) for heading in headings}


def known_commands() -> set[str]:
    """The commands of `alm`."""
    from alm_workbench.cli import COMMANDS

    return set(COMMANDS)


if __name__ == "__main__":
    lines = problems()
    print("\n".join(lines) or "the documents lead where they say")
    sys.exit(1 if lines else 0)
