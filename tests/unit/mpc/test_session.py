"""A session answers as a fresh check does, whatever was edited before, and looks only at what an edit concerns."""

from __future__ import annotations

from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import CheckResult, DomainMeta, Session, Sessions, check, parse
from alm_workbench.mpc.validate import validate
from alm_workbench.mpc.validate.incremental import Validator

from .soak import soak

HEAD = '@schema 2\n@namespace "a"\n@name "b"\n'
# Snippets that see each other: by reference, inheritance, fields, states, roles, choices, rules that shadow others.
POOL = [
    'def Role dev { privileges: ["artifact:read"] }',
    'def Role lead { implies: ["dev"] }',
    "def Role idle {}",
    'def EnumDef level { values: ["low", "high"] }',
    'def EnumDef level { values: ["low", "mid", "high"] }',
    'def Workflow flow { initial: "open" states: ["open", {id: "done", category: "done"}]\n'
    '  transitions: [{id: "go", from: "open", to: "done", guard: "self.fields.size > 1"}] }',
    'def Workflow flow { initial: "open" states: ["open", {id: "closed", category: "done"}]\n'
    '  transitions: [{id: "go", from: "open", to: "closed", roles: ["dev"]}] }',
    'def ArtifactType base { workflow: "flow" def FieldDef size { type: "int" } }',
    'def ArtifactType base { workflow: "flow" def FieldDef size { type: "string" } def FieldDef note { type: "text" } }',
    'def ArtifactType story { extends: "base" workflow: "flow" def FieldDef level { type: "choice" choices: "level" default: "mid" } }',
    'def ArtifactType story { extends: "missing" workflow: "other" }',
    'def ArtifactType base { extends: "story" workflow: "flow" }',
    'def LinkType needs { from: ["story"] to: ["base"] inverse: "needed_by" }',
    'def Policy p1 { events: ["update"] applies_to: ["story"] when: "self.fields.level == \'high\' and self.state == \'done\'" }',
    'def Policy p2 { events: ["update"] when: "hasRole(\'lead\') and self.fields.size > 2" effect: "allow" }',
    'def Policy p3 { events: ["update"] when: "self.fields.note == null or linkCount(self, \'needed_by\') > 1" }',
    'def Policy p4 { events: ["update"] message: {en: "no"} }',
    'def ACL a1 { action: "read" resource: "*" roles: ["dev"] }',
    'def ACL a2 { action: "read" resource: "story" roles: ["dev"] effect: "deny" priority: 5 }',
    'def ACL a3 { action: "read" resource: "story.size" roles: ["lead"] mask: ["note"] }',
    'def View v { layout: "board" types: ["story"] columns: ["size", "note"] hide_states: ["closed"] }',
    'def Planning plan { estimate_field: "size" cycle_types: ["base"] }',
    'def ArtifactType wide { workflow: "flow" key_prefix: "ST" def FieldDef sum { type: "int" computed: "self.fields.twin" } }',
    'def ArtifactType deep { extends: "wide" workflow: "flow" key_prefix: "ST" '
    'def FieldDef twin { type: "int" computed: "self.fields.sum + 1" } def FieldDef a-b { type: "table" columns: [{id: "c", type: "choice"}] } }',
    'def LinkType also { from: ["story"] to: ["base"] inverse: "needed_by" }',
    'def LinkType needed_by { from: ["story"] to: ["base"] }',
    'def View w { layout: "list" types: ["story"] sort: ["-size", "level"] }',
    'def FormDef f { type: "story" fields: ["size", "note"] sections: [{fields: ["size"]}] }',
    "def Nonsense x {}",
    'def Role story { privileges: ["*"] }',
    "def Policy broken { events: [ }",
    "// a comment",
    "",
]


def same(one: CheckResult, other: CheckResult) -> None:
    assert one.diagnostics == other.diagnostics
    assert (one.ok, one.ast, one.artifact_hash) == (other.ok, other.ast, other.artifact_hash)
    assert one.compiled == other.compiled


edits = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "cut", "swap", "space"]), st.integers(0, 30), st.sampled_from(POOL)
    ),
    min_size=1,
    max_size=12,
)


def edited(parts: list[str], what: str, where: int, snippet: str) -> list[str]:
    at = where % (len(parts) + 1)
    if what == "put":
        return [*parts[:at], snippet, *parts[at:]]
    if what == "cut":
        return [*parts[:at], *parts[at + 1 :]]
    if what == "swap":
        return parts[at:] + parts[:at]
    return [*parts[:at], "\n" * (where % 3 + 1), *parts[at:]]


@soak(150)
@given(start=st.lists(st.sampled_from(POOL), max_size=10), changes=edits)
def test_any_series_of_edits_gives_what_a_fresh_check_gives(
    meta: DomainMeta, start: list[str], changes: list[tuple[str, int, str]]
) -> None:
    """Diagnostics with places and hints, the AST, the hash and the artefact."""
    session, parts = Session(meta), start
    same(session.check(HEAD + "\n".join(parts)), check(HEAD + "\n".join(parts), meta))
    for change in changes:
        parts = edited(parts, *change)
        text = HEAD + "\n".join(parts)
        same(session.check(text), check(text, meta))


@soak(40)
@given(versions=st.lists(st.lists(st.sampled_from(POOL[:28]), max_size=8), min_size=1, max_size=5), data=st.data())
def test_the_other_languages_too(meta: DomainMeta, versions: list[list[str]], data: st.DataObject) -> None:
    """YAML and JSON are read anew each time, and still only what changed is checked."""
    sessions = {format: Session(meta, format=format) for format in ("yaml", "json")}
    for parts in versions:
        ast = parse(HEAD + "\n".join(parts))
        format = data.draw(st.sampled_from(["yaml", "json"]))
        text = ast.to_yaml() if format == "yaml" else ast.to_json()
        same(sessions[format].check(text), check(text, meta, format=format))


def test_a_yaml_alias_that_moves_takes_its_findings_along(meta: DomainMeta) -> None:
    """The place of a finding may lie in another definition."""
    first = "defs:\n- kind: Role\n  id: a\n  implies: &x [ghost]\n- kind: Role\n  id: b\n  implies: *x\n"
    session = Session(meta, format="yaml")
    for text in (first, first.replace("defs:", "\n\ndefs:"), first.replace("id: a", "id: a\n  labels: {en: A}")):
        same(session.check(text), check(text, meta, format="yaml"))


@soak(60)
@given(versions=st.lists(st.lists(st.sampled_from(POOL[:30]), max_size=9), min_size=2, max_size=6))
def test_manifests_without_text_too(meta: DomainMeta, versions: list[list[str]]) -> None:
    """A validator compares what definitions say where there is no text to compare."""
    validator = Validator(meta)
    for parts in versions:
        ast = parse(HEAD + "\n".join(parts)).without_source()
        assert validator.check(ast) == validate(ast, meta)


def big(count: int) -> str:
    policies = "".join(
        f'def Policy p{n} {{ events: ["update"] applies_to: ["t{n % 20}"] when: "self.fields.f == \'v{n}\'" }}\n'
        for n in range(count)
    )
    types = "".join(
        f'def ArtifactType t{n} {{ workflow: "flow" def FieldDef f {{ type: "string" }} }}\n' for n in range(20)
    )
    return HEAD + POOL[5].replace("self.fields.size > 1", "self.title != null") + "\n" + types + policies


class TestWhatIsLookedAt:
    @pytest.mark.parametrize(
        ("old", "new", "looked_at"),
        [
            ("'v7'", "'v0'", 1),
            ("def Policy p7 ", "\n\ndef Policy p7 ", 0),
            ("@name", "// nothing\n@name", 0),
            ("def Policy p7 ", "def Policy q7 ", 1),
            ('def ArtifactType t3 { workflow: "flow" def FieldDef f { type: "string" }',
             'def ArtifactType t3 { workflow: "flow" def FieldDef f { type: "string" max_length: 9 }', 1),
            # The type, its five policies, and the workflow, whose guard is about its types' fields.
            ('def ArtifactType t3 { workflow: "flow" def FieldDef f { type: "string" }',
             'def ArtifactType t3 { workflow: "flow" def FieldDef f { type: "int" }', 7),
        ],
    )  # fmt: skip
    def test_only_what_changed_and_what_depends_on_it(
        self, meta: DomainMeta, old: str, new: str, looked_at: int
    ) -> None:
        """An edited rule is one definition, a changed field also those that read it."""
        text = big(100)
        session = Session(meta)
        session.check(text)
        assert session.rechecked == 121
        changed = text.replace(old, new, 1)
        assert changed != text
        same(session.check(changed), check(changed, meta))
        assert session.rechecked == looked_at

    def test_the_same_text_costs_nothing(self, meta: DomainMeta) -> None:
        """The last answer is given again."""
        session = Session(meta)
        assert session.check(big(5)) is session.check(big(5))


def test_one_session_for_several_threads(meta: DomainMeta) -> None:
    """They wait for each other, and each gets the answer to its own text."""
    session, texts = Session(meta), [big(n) + POOL[n % 4] for n in range(3, 9)]
    expected = {text: check(text, meta).diagnostics for text in texts}
    wrong: list[str] = []

    def work(text: str) -> None:
        wrong.extend(text for _ in range(5) if session.check(text).diagnostics != expected[text])

    threads = [Thread(target=work, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_sessions_are_bounded_and_kept_apart(meta: DomainMeta) -> None:
    """The one used longest ago goes first; another language is another document."""
    sessions = Sessions(meta, size=2)
    first = sessions.of("a")
    assert sessions.of("a") is first
    assert sessions.of("a", "yaml") is not first
    sessions.of("b")
    assert sessions.of("a") is not first


def test_a_long_session_stays_small(meta: DomainMeta) -> None:
    """Names that came and went are not kept for ever."""
    validator = Validator(meta)
    for number in range(200):
        text = HEAD + "".join(f"def Role r{number}_{n} {{}}\n" for n in range(60))
        validator.check(parse(text))
    assert len(validator._names) < 30_000


def test_an_edit_at_the_end_of_a_long_line_of_types(meta: DomainMeta) -> None:
    """What two thousand types inherit changes, and no stack runs out."""
    count = 2_000
    text = HEAD + 'def Workflow w { initial: "a" states: ["a"] transitions: [] }\n'
    text += "".join(f'def ArtifactType t{n} {{ extends: "t{n + 1}" workflow: "w" }}\n' for n in range(count))
    text += f'def ArtifactType t{count} {{ workflow: "w" def FieldDef far {{ type: "int" }} }}\n'
    text += 'def View v { layout: "list" types: ["t0"] columns: ["far"] }'
    session = Session(meta)
    assert session.check(text).ok
    changed = text.replace("FieldDef far", "FieldDef near")
    found = [d for d in session.check(changed).diagnostics if d.severity == "error"]
    assert [(d.code, d.path) for d in found] == [("E_VALID_UNRESOLVED_REF", "defs/v/columns/0")]
    assert session.check(text).ok
