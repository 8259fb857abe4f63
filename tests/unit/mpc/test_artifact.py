"""Compiled manifests kept and stored: the same whatever the order, the process and the hash seed; refused if damaged."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alm_workbench.mpc import (
    CompileCache,
    CompiledManifest,
    DomainMeta,
    EvalContext,
    ManifestInvalid,
    MPCError,
    check,
    compile_manifest,
    decide_acl,
    decide_policy,
    parse,
    permitted,
)
from alm_workbench.mpc.compile import build
from alm_workbench.mpc.model import WorkflowDef

from .conftest import ROOT
from .soak import soak


class TestOrder:
    @soak(15)
    @given(seed=st.integers(0, 2**32))
    def test_the_order_of_definitions_changes_nothing(
        self, meta: DomainMeta, safety_text: str, safety: CompiledManifest, seed: int
    ) -> None:
        """Hashes, the artefact but for places, names, and decisions with their reasons."""
        ast = parse(safety_text).without_source()
        mixed = build(replace(ast, defs=tuple(Random(seed).sample(ast.defs, len(ast.defs)))), meta)
        plain = build(ast, meta)
        assert mixed == plain
        assert (mixed.artifact_hash, mixed.ast_hash) == (safety.artifact_hash, safety.ast_hash)
        for name in ("bug", "GEREKSİNİM", "test case"):
            assert mixed.find_type(name) == plain.find_type(name)
        for role in ("viewer", "engineer", "owner"):
            item = {"state": "draft", "type": "requirement", "title": "", "fields": {}}
            ctx = EvalContext(item, {"id": "u", "roles": [role]}, {"name": "update", "changes": []})
            one, other = decide_policy(mixed, ctx, "requirement"), decide_policy(plain, ctx, "requirement")
            assert (one.allow, one.rule_id, one.reasons, one.intents) == (
                other.allow,
                other.rule_id,
                other.reasons,
                other.intents,
            )
            may, might = (decide_acl(made, "update", "requirement", ctx) for made in (mixed, plain))
            assert (may.allow, may.rule_id, may.reasons, may.mask) == (
                might.allow,
                might.rule_id,
                might.reasons,
                might.mask,
            )
            state = next(iter(plain.workflow_of("requirement").states))  # type: ignore[union-attr]
            assert permitted(mixed, "requirement", state, ctx) == permitted(plain, "requirement", state, ctx)

    def test_people_see_the_order_they_wrote(self, meta: DomainMeta) -> None:
        """Types keep it, rules do not have one."""
        text = """def Workflow w { initial: "a" states: ["a"] transitions: [] }
        def ArtifactType z { workflow: "w" } def ArtifactType a { workflow: "w" }
        def Policy q { events: ["update"] message: "q" } def Policy p { events: ["create"] message: "p" }"""
        compiled = check(text, meta).compiled
        assert compiled is not None
        assert list(compiled.types) == ["z", "a"]
        assert [policy.id for policy in compiled.policies] == ["p", "q"]

    def test_the_process_and_its_hash_seed_change_nothing(self, safety: CompiledManifest) -> None:
        """Byte for byte the same stored form from processes that hash differently."""
        program = (
            "import hashlib, pathlib, sys\n"
            "from alm_workbench.mpc import check, load_domain_meta\n"
            "root = pathlib.Path(sys.argv[1])\n"
            "meta = load_domain_meta((root / 'domain_meta.yaml').read_text('utf-8'))\n"
            "made = check((root / 'manifests' / 'safety.alm').read_text('utf-8'), meta).compiled\n"
            "print(made.artifact_hash, hashlib.sha256(made.to_bytes()).hexdigest())\n"
        )
        said = set()
        for seed in ("0", "1", "4711"):
            env = {**os.environ, "PYTHONHASHSEED": seed}
            done = subprocess.run(
                [sys.executable, "-c", program, str(ROOT / "alm_meta")],
                env=env, cwd=ROOT, capture_output=True, text=True, check=True, timeout=120,
            )  # fmt: skip
            said.add(done.stdout)
        assert len(said) == 1
        assert said.pop().startswith(safety.artifact_hash)


class TestStored:
    def test_it_is_the_same_manifest(self, safety: CompiledManifest) -> None:
        """Equal both ways round, field by field, with equal hashes."""
        again = CompiledManifest.from_bytes(safety.to_bytes(), expected=safety.artifact_hash)
        assert again == safety
        assert safety == again
        assert hash(again) == hash(safety)
        for item in fields(CompiledManifest):
            assert getattr(again, item.name) == getattr(safety, item.name), item.name
        assert again.to_data() == safety.to_data()
        assert again.to_bytes() == safety.to_bytes()

    def test_parts_are_read_when_they_are_used(self, safety: CompiledManifest, monkeypatch: pytest.MonkeyPatch) -> None:
        """Asking for one type's workflow reads that type and that workflow, and nothing else."""
        read: list[object] = []
        loads = json.loads

        def counted(data: object) -> object:
            read.append(data)
            return loads(data)  # type: ignore[arg-type]

        monkeypatch.setattr(json, "loads", counted)
        again = CompiledManifest.from_bytes(safety.to_bytes())
        assert len(read) == 1
        assert isinstance(again.workflow_of("defect"), WorkflowDef)
        assert len(read) == 5  # the head, and for types and workflows the list of ids and one definition

    def test_it_is_copied_pickled_and_changed_like_any_other(self, safety: CompiledManifest) -> None:
        """Also with `dataclasses.replace`, which reads everything."""
        again = CompiledManifest.from_bytes(safety.to_bytes())
        assert pickle.loads(pickle.dumps(again)) == safety
        assert copy.deepcopy(again) == safety
        assert replace(again, name="other") == replace(safety, name="other")
        assert again != replace(safety, name="other")
        with pytest.raises(AttributeError):
            again.name = "x"  # type: ignore[misc]

    def test_its_collections_behave(self, safety: CompiledManifest) -> None:
        """Mappings and sequences as the engines use them."""
        again = CompiledManifest.from_bytes(safety.to_bytes())
        assert (len(again.acl), again.acl[-1], again.acl[1:3]) == (len(safety.acl), safety.acl[-1], safety.acl[1:3])
        assert (list(again.types), "need" in again.types, again.types.get("no")) == (list(safety.types), True, None)
        assert hash(again.types) == hash(safety.types)
        text = next(iter(safety.expressions))
        assert (again.expressions[text], again.expressions.get("?")) == (safety.expressions[text], None)
        assert (len(again.expressions), dict(again.expressions)) == (len(safety.expressions), dict(safety.expressions))
        with pytest.raises(KeyError):
            again.types["no"]

    @soak(60)
    @given(data=st.data())
    def test_damage_is_noticed(self, safety: CompiledManifest, data: st.DataObject) -> None:
        """One byte changed, something cut off or added anywhere."""
        whole = safety.to_bytes()
        at = data.draw(st.integers(0, len(whole) - 1))
        how = data.draw(st.sampled_from(["flip", "cut", "add"]))
        if how == "flip":
            broken = whole[:at] + bytes([whole[at] ^ data.draw(st.integers(1, 255))]) + whole[at + 1 :]
        else:
            broken = whole[:at] if how == "cut" else whole[:at] + b"x" + whole[at:]
        with pytest.raises(MPCError) as caught:
            CompiledManifest.from_bytes(broken)
        assert caught.value.code == "E_ARTIFACT_INVALID"

    def test_hashes_must_fit(self, safety: CompiledManifest) -> None:
        """A well-formed artefact of another name, or another than was asked for, is refused."""
        forged = replace(safety, artifact_hash="0" * 64)
        attempts: tuple[Callable[[], CompiledManifest], ...] = (
            lambda: CompiledManifest.from_bytes(forged.to_bytes()),
            lambda: CompiledManifest.from_bytes(safety.to_bytes(), expected="0" * 64),
            lambda: CompiledManifest.from_data(forged.to_data()),
        )
        for refused in attempts:
            with pytest.raises(MPCError) as caught:
                refused()
            assert caught.value.code == "E_ARTIFACT_INVALID"

    def test_what_an_older_engine_stored_still_loads(self, safety: CompiledManifest) -> None:
        """Fields that it did not know have their defaults."""
        data = safety.to_data()
        for name in ("forms", "rules", "imports", "redactions", "depends_on"):
            data.pop(name, None)
        again = CompiledManifest.from_data(json.loads(json.dumps(data)))
        assert (again.types, again.rules, again.depends_on) == (safety.types, None, {})


class TestCache:
    TEXT = 'def Role r { privileges: ["*"] }'

    def test_the_same_manifest_is_compiled_once(self, meta: DomainMeta) -> None:
        """By content, vocabulary and engine; and by the text that reasons point into."""
        cache = CompileCache()
        first = compile_manifest(parse(self.TEXT), meta, cache=cache)
        assert compile_manifest(parse(self.TEXT), meta, cache=cache) is first
        assert compile_manifest(parse(self.TEXT), meta, cache=cache, engine_version="9") is not first
        moved = compile_manifest(parse("\n\n" + self.TEXT), meta, cache=cache)
        assert moved.artifact_hash == first.artifact_hash
        assert (moved.roles["r"].span, first.roles["r"].span) != (None, None)
        assert moved.roles["r"].span.line == 3  # type: ignore[union-attr]
        assert (cache.hits, cache.misses, len(cache)) == (1, 3, 3)

    def test_it_is_bounded(self, meta: DomainMeta) -> None:
        """What was used longest ago goes first."""
        cache = CompileCache(size=2)
        texts = [self.TEXT.replace(" r ", f" r{n} ") for n in range(3)]
        first = compile_manifest(parse(texts[0]), meta, cache=cache)
        compile_manifest(parse(texts[1]), meta, cache=cache)
        assert compile_manifest(parse(texts[0]), meta, cache=cache) is first
        compile_manifest(parse(texts[2]), meta, cache=cache)
        assert len(cache) == 2
        assert compile_manifest(parse(texts[0]), meta, cache=cache) is first
        cache.clear()
        assert compile_manifest(parse(texts[0]), meta, cache=cache) is not first

    def test_what_is_invalid_is_not_kept(self, meta: DomainMeta) -> None:
        """It is refused again."""
        cache, ast = CompileCache(), parse(self.TEXT + self.TEXT)
        for _ in range(2):
            with pytest.raises(ManifestInvalid):
                compile_manifest(ast, meta, cache=cache)
        assert len(cache) == 0

    def test_without_a_cache_everything_is_made_anew(self, meta: DomainMeta) -> None:
        """Equal, and another object."""
        first, second = (compile_manifest(parse(self.TEXT), meta, cache=None) for _ in range(2))
        assert first is not second
        assert first == second

    def test_threads_get_the_same_content(self, meta: DomainMeta) -> None:
        """Whoever comes first."""
        cache, texts = CompileCache(size=3), [self.TEXT.replace(" r ", f" r{n} ") for n in range(5)]
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda n: compile_manifest(parse(texts[n % 5]), meta, cache=cache), range(60)))
        assert [list(m.roles) for m in made] == [[f"r{n % 5}"] for n in range(60)]
        assert len(cache) == 3


class TestGraph:
    def test_what_depends_on_what(self, meta: DomainMeta) -> None:
        """References, inheritance, resources, and names in expressions; children count for their owner."""
        text = """def Role dev { privileges: ["*"] }
        def Role lead { implies: ["dev"] }
        def EnumDef level { values: ["low"] }
        def Workflow w { initial: "a" states: ["a"] transitions: [{from: "a", to: "a", guard: "hasRole('lead')"}] }
        def ArtifactType base { workflow: "w" def FieldDef l { type: "choice" choices: "level" } }
        def ArtifactType sub { extends: "base" workflow: "w" parents: ["base"] }
        def LinkType needs { from: ["sub"] to: "base" }
        def ACL x { action: "read" resource: ["sub.l", "*"] roles: ["dev"] }
        def Policy p { events: ["update"] when: "linkCount(self, 'needs') > 1" }
        """
        compiled = check(text, meta).compiled
        assert compiled is not None
        assert compiled.depends_on == {
            "Role/lead": ("Role/dev",),
            "Workflow/w": ("Role/lead",),
            "ArtifactType/base": ("EnumDef/level", "Workflow/w"),
            "ArtifactType/sub": ("ArtifactType/base", "Workflow/w"),
            "LinkType/needs": ("ArtifactType/base", "ArtifactType/sub"),
            "ACL/x": ("ArtifactType/sub", "Role/dev"),
            "Policy/p": ("LinkType/needs",),
        }

    def test_every_name_in_it_resolves(self, safety: CompiledManifest) -> None:
        """The graph and the resolver speak of the same definitions."""
        names = {name for pair in safety.depends_on.items() for name in (pair[0], *pair[1])}
        assert len(names) > 30
        unknown = {name for name in names if safety.resolve(name) is None and not name.startswith("Planning/")}
        assert unknown == set()
        assert safety.resolve("ArtifactType/requirement/priority").id == "priority"
        for nothing in ("ArtifactType/no", "No/x", "x", "ArtifactType/requirement/no", "Role/owner/x"):
            assert safety.resolve(nothing) is None

    def test_contract_definitions_too(self) -> None:
        """`extends` inside a kind, `imports` across kinds."""
        kinds = DomainMeta.load({"kinds": [{"name": "P"}, {"name": "Q"}]})
        ast = parse('def P a { extends: "b" imports: ["c", "d"] } def P b {} def Q c {} def P d {}')
        assert build(ast, kinds).depends_on == {"P/a": ("P/b", "P/d", "Q/c")}
