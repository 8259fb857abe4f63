"""Conformance fixtures in directories: `<root>/<category>/<name>/{input,meta,expected}.json`.

>>> report = ConformanceRunner("fixtures").run_all()
>>> report.failed
0
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from alm_workbench import resources
from alm_workbench.mpc.conformance import CATEGORIES, Case, CaseResult, Handler, run_case

DEFAULT_PRESET = "preset-generic-full"
PARTS = ("input.json", "meta.json", "expected.json")


class UnknownCategory(LookupError):
    """The root has no fixtures of that category."""


class UnreadableFixture(Exception):
    """A file of a fixture, preset or schema cannot be used; the message names it."""


@dataclass(frozen=True, slots=True)
class Report:
    """Results in the order of their fixtures' names."""

    results: tuple[CaseResult, ...] = ()

    @property
    def passed(self) -> int:
        """How many passed."""
        return sum(result.passed for result in self.results)

    @property
    def failed(self) -> int:
        """How many did not."""
        return len(self.results) - self.passed

    def __iter__(self) -> Iterator[CaseResult]:
        return iter(self.results)

    def to_dict(self) -> dict[str, Any]:
        """JSON data: `{"results": […], "passed": n, "failed": n}`."""
        return {"results": [result.to_dict() for result in self], "passed": self.passed, "failed": self.failed}


class ConformanceRunner:
    """Runs the fixtures below a directory against the core, or against handlers of yours.

    Presets come from `presets_root` alone where it is given, else from `presets` beside the root or one level above, else
    from the installation; schemas from `schemas_root`, `schemas` beside the root, `core-contracts/schemas` one level
    above, or the installation (contract version 1.0).
    """

    def __init__(
        self,
        fixtures_root: str | Path,
        presets_root: str | Path | None = None,
        schemas_root: str | Path | None = None,
    ) -> None:
        self.root = Path(fixtures_root)
        if not self.root.is_dir():
            raise NotADirectoryError(f"There is no directory {self.root}")
        above = self.root.resolve().parent
        near = [above / "presets", above.parent / "presets", resources.path("alm_meta", "conformance", "presets")]
        self._presets = [Path(presets_root)] if presets_root is not None else near
        near = [above / "schemas", above.parent / "core-contracts" / "schemas"]
        near.append(resources.path("alm_meta", "contracts", "1.0"))
        self._schemas = [Path(schemas_root)] if schemas_root is not None else near
        self._handlers: dict[str, Handler] = {}

    def register_handler(self, category: str, handler: Handler) -> None:
        """Let a handler of yours answer a category; it gets a Case and returns the output."""
        self._handlers[category] = handler

    def categories(self) -> list[str]:
        """Categories that have fixtures here."""
        return sorted({path.parent.name for path in self.fixtures()})

    def fixtures(self, category: str | None = None) -> list[Path]:
        """Directories of fixtures, sorted; any with one of the three files counts."""
        found = (path.parent for part in PARTS for path in self.root.glob(f"{category or '[!.]*'}/[!.]*/{part}"))
        return sorted(set(found))

    def run_all(self) -> Report:
        """Run everything."""
        return Report(tuple(self.run_fixture(path) for path in self.fixtures()))

    def run_category(self, category: str) -> Report:
        """Run one category; raises UnknownCategory when the root has no fixtures of it."""
        if category not in self.categories():
            known = ", ".join(self.categories()) or "none"
            raise UnknownCategory(
                f"There are no fixtures of the category '{category}' in {self.root} (there are: {known})"
            )
        return Report(tuple(self.run_fixture(path) for path in self.fixtures(category)))

    def run_fixture(self, directory: str | Path) -> CaseResult:
        """Run one fixture; whatever is wrong with it is a result too."""
        path = Path(directory)
        category, name = path.resolve().parent.name, path.resolve().name
        try:
            case, expected = self._load(path, category, name)
        except UnreadableFixture as problem:
            return CaseResult(f"{category}/{name}", False, error=str(problem))
        if category not in self._handlers and category not in CATEGORIES:
            return CaseResult(case.fixture, False, error=f"There is no handler for the category '{category}'")
        return run_case(case, expected, self._handlers.get(category))

    def load_preset(self, name: str) -> Mapping[str, Any]:
        """A preset by name, from the first place that has it; raises UnreadableFixture."""
        for place in self._presets:
            file = place / f"{name}.json"
            if Path(name).name == name and file.is_file():
                return _object(file)
        raise UnreadableFixture(f"Unknown preset '{name}'; looked in {', '.join(map(str, self._presets))}")

    @cached_property
    def schemas(self) -> Mapping[str, Any]:
        """The contract's schemas by file name, from the first place that has any."""
        for place in self._schemas:
            files = sorted(place.glob("*.schema.json"))
            if files:
                return {file.name: _object(file) for file in files}
        raise UnreadableFixture(f"No schemas in {', '.join(map(str, self._schemas))}")

    def _load(self, path: Path, category: str, name: str) -> tuple[Case, Any]:
        data, expected = read_json(path / "input.json"), read_json(path / "expected.json")
        meta = _object(path / "meta.json") if (path / "meta.json").exists() else {}
        if not isinstance(meta.get("limits") or {}, dict):
            raise UnreadableFixture(f"{path / 'meta.json'}: 'limits' must be an object")
        preset = self.load_preset(str(meta.get("preset") or DEFAULT_PRESET))
        return Case(category, name, data, meta, preset, self.schemas), expected


def read_json(file: Path) -> Any:
    """Strict JSON: UTF-8, no key twice, no NaN; raises UnreadableFixture naming the file."""
    try:
        return json.loads(file.read_text("utf-8-sig"), parse_constant=_refuse, object_pairs_hook=_once)
    except FileNotFoundError:
        raise UnreadableFixture(f"{file}: is missing") from None
    except RecursionError:
        raise UnreadableFixture(f"{file}: is nested too deep") from None
    except (OSError, ValueError) as error:
        raise UnreadableFixture(f"{file}: {error}") from None


def _object(file: Path) -> dict[str, Any]:
    found = read_json(file)
    if not isinstance(found, dict):
        raise UnreadableFixture(f"{file}: must hold an object")
    return found


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key '{key}' appears twice")
        found[key] = value
    return found
