"""Checking again and again: what was found about a definition is kept until it, or something it depends on, changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..analysis.rules import RuleFacts, RuleFinding, analyse
from ..analysis.unused import has_purpose, named_in, unused
from ..ast import ASTNode, ManifestAST
from ..errors import Diagnostic, Related, Source
from ..meta import DomainMeta
from .claims import check_claims
from .computed import check_computed
from .expressions import check_expressions
from .fields import check_fields, check_lists
from .findings import Finding, Findings, Situated, located, origin_of
from .names import Names, NodeKey
from .queries import Cell
from .rules import check_rule, is_rule
from .semantic import check_references, check_role
from .shown import check_shown
from .structural import check_structure
from .templates import check_template
from .values import check_values
from .whole import check_duplicates, check_imports, check_inheritance, duplicates_in
from .workflow import check_workflows


@dataclass(slots=True, eq=False)
class Record:
    """What is known of one definition as it was last seen."""

    node: ASTNode
    checked: int = 0
    findings: Sequence[Finding] = ()
    depends: tuple[Cell, ...] = ()
    rule: RuleFacts | None = None
    uses: frozenset[NodeKey] = frozenset()
    inherits: bool = field(init=False)

    def __post_init__(self) -> None:
        self.inherits = "extends" in self.node.properties


class _WholeFindings(Findings):
    """Findings that name places in several definitions, which may come from several texts."""

    def __init__(self, ast: ManifestAST, meta: DomainMeta) -> None:
        super().__init__(ast, meta)
        self.situated: list[Situated] = []

    def keep(self, finding: Finding, node: ASTNode | None) -> None:
        super().keep(finding, node)
        source = node.source.source if node is not None and node.source is not None else None
        self.situated.append(Situated((finding,), source))


class Validator:
    """Checks successive versions of one manifest against one vocabulary; the answer is always that of a full check.

    Not safe for use by several threads at once.
    """

    def __init__(self, meta: DomainMeta) -> None:
        self.meta = meta
        self._restart()

    def _restart(self) -> None:
        self._names = Names(self.meta)
        self._records: dict[NodeKey, list[Record]] = {}
        self._order: list[Record] = []
        self._unused: tuple[list[frozenset[NodeKey]], list[tuple[NodeKey, str]]] | None = None
        self._unique = True
        self._above: dict[NodeKey, str] = {}
        self._rules: tuple[list[RuleFacts | None], list[RuleFinding]] = ([], [])
        self.rechecked = 0

    def check(self, ast: ManifestAST) -> list[Diagnostic]:
        """Every finding about this version, in the order of the text. `rechecked` counts definitions looked at."""
        if len(self._names) > 20_000 + 40 * len(ast.defs):
            self._restart()
        whole = _WholeFindings(ast, self.meta)
        moved = self._align(ast, whole)
        records = self._order
        self.rechecked = 0
        for record in records:
            if record.checked == 0 or (moved and not self._names.unchanged(record.depends, record.checked)):
                self._check(record)
            elif moved:
                record.checked = self._names.revision
        self._compare_rules(records, whole)
        self._find_unused(records, whole)
        groups = [
            Situated(record.findings, _source_of(record.node), origin_of(record.node))
            for record in records
            if record.findings
        ]
        return located([*whole.situated, *groups])

    # What changed

    def _align(self, ast: ManifestAST, whole: _WholeFindings) -> bool:
        """Bring the records up to date, new ones for definitions that changed; whether any name changed its meaning."""
        names = self._names
        names.begin()
        moved = False
        for record in self._changed_in_place(ast) if len(ast.defs) == len(self._order) else [None]:
            # Where only what stands in a definition has changed, the others need not even be looked up.
            moved |= self._rearrange(ast) if record is None else names.define(record.node)
        if not self._unique:
            check_duplicates(whole, ast)
        heirs = {key: same[0].node for key, same in self._records.items() if same[0].inherits}
        above = check_inheritance(whole, heirs, self._records)
        if above != self._above:
            moved |= names.lift(above, self._above)
            self._above = above
        elif moved:
            names.answer_from_the_top(above)
        check_imports(whole, ast.defs, self.meta)
        return moved

    def _changed_in_place(self, ast: ManifestAST) -> list[Record | None]:
        """New records for what changed where the definitions are the same as before, or None among them if not."""
        changed: list[Record | None] = []
        for number, (record, node) in enumerate(zip(self._order, ast.defs, strict=True)):
            before = record.node
            if before is node:
                continue
            if before.source and node.source and before.source.place is node.source.place:
                record.node = node
            elif not self._unique or before.kind != node.kind or before.id != node.id:
                return [None]
            elif _kept(record, node) is None:
                fresh = self._order[number] = Record(node)
                self._records[(node.kind, node.id)] = [fresh]
                changed.append(fresh)
        return changed

    def _rearrange(self, ast: ManifestAST) -> bool:
        """Records where definitions came, went or moved; whether any name changed its meaning."""
        old, self._records, self._order = self._records, {}, []
        self._unused = None
        moved = False
        for node in ast.defs:
            key = (node.kind, node.id)
            same = self._records.setdefault(key, [])
            before = old.get(key, ())
            record = _kept(before[len(same)], node) if len(same) < len(before) else None
            record = record or Record(node)
            if record.checked == 0 and not same:
                moved |= self._names.define(node)
            same.append(record)
            self._order.append(record)
        for key in old:
            if key not in self._records:
                moved |= self._names.forget(key)
        ids = {id_ for _, id_ in self._records}
        self._unique = len(ids) == len(self._records) == len(self._order)
        return self._names.arrange(self._records) or moved

    # One definition

    def _check(self, record: Record) -> None:
        self.rechecked += 1
        node = record.node
        findings = Findings(ManifestAST(defs=(node,)), self.meta, origin_of(node))
        record.depends = self._names.record(lambda: self._run(findings, record))
        record.findings = findings.gathered
        record.checked = self._names.revision

    def _run(self, findings: Findings, record: Record) -> None:
        names, node = self._names, record.node
        check_structure(findings, node)
        if len(node.children) > 1:
            duplicates_in(findings, node.children)
        check_references(findings, names, node)
        check_role(findings, names, node)
        check_fields(findings, names, node)
        check_lists(findings, node)
        check_template(findings, names, node)
        if findings.closed(node):
            check_values(findings, node)
            check_claims(findings, names, node)
            check_computed(findings, names, node)
            check_shown(findings, names, node)
        if node.kind == "Workflow":
            check_workflows(findings)
        check_expressions(findings, names, node)
        record.rule = check_rule(findings, node) if is_rule(node, self.meta) else None
        record.uses = _uses(findings, node)

    # All of them together

    def _compare_rules(self, records: Sequence[Record], whole: _WholeFindings) -> None:
        ruling = [record for record in records if record.rule is not None]
        facts = [record.rule for record in ruling]
        known, found = self._rules
        if facts != known:
            found = analyse(facts)
            self._rules = (facts, found)
        for finding in found:
            node, other = ruling[finding.index].node, ruling[finding.other].node
            related = (Related(finding.reason, other.source.id_span()),) if other.source else ()
            whole.add(
                finding.code, finding.message, node, severity=finding.severity, hint=finding.hint, related=related
            )

    def _find_unused(self, records: Sequence[Record], whole: _WholeFindings) -> None:
        kind = self.meta.get_kind("ArtifactType")
        if kind is None or not kind.properties:
            return
        uses = [record.uses for record in records]
        if self._unused is None or uses != self._unused[0]:
            self._unused = (uses, list(unused(self._records, frozenset().union(*uses))))
        for key, message in self._unused[1]:
            whole.add("E_VALID_UNUSED", message, self._records[key][0].node, severity="info")


def _text_of(node: ASTNode) -> str | None:
    found = node.source
    if found is None:
        return None
    return found.source.text[found.base + found.place.start : found.base + found.place.end]


def _source_of(node: ASTNode) -> Source | None:
    return node.source.source if node.source is not None else None


def _kept(record: Record, node: ASTNode) -> Record | None:
    """The record if the definition is as it was, now with the node that knows where it stands."""
    before, now = record.node.source, node.source
    if record.node is not node:
        same = before is not None and now is not None and before.place is now.place
        if not same and not _as_before(record, node):
            return None
        record.node = node
    return record


def _as_before(record: Record, node: ASTNode) -> bool:
    """Whether content and text are the same, so that every place in it has the same distance from its start."""
    text, before = _text_of(node), _text_of(record.node)
    if text != before or record.node != node:
        return False
    return all(finding.place is None or _inside(finding.place, text) for finding in record.findings)


def _inside(place: tuple[int, int], text: str | None) -> bool:
    """Whether a place lies in the definition's own text; a YAML alias may lead out of it."""
    return text is not None and place[0] >= 0 and place[1] <= len(text)


def _uses(findings: Findings, node: ASTNode) -> frozenset[NodeKey]:
    """The definitions a definition refers to, itself included where it needs nobody to."""
    found: set[NodeKey] = {(place.prop.kind or "", place.value) for place in findings.of("ref")}
    for place in findings.of("resource"):
        found.update((("ArtifactType", place.value), ("ArtifactType", place.value.rpartition(".")[0])))
    for place in findings.of("expr"):
        found.update(named_in(place.value))
    parent = node.properties.get("extends")
    if isinstance(parent, str):
        found.add((node.kind, parent))
    if has_purpose(node):
        found.add((node.kind, node.id))
    return frozenset(found)
