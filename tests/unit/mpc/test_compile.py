"""The compiled manifest: resolved, storable, found by any name."""

from __future__ import annotations

import json
import pickle

import pytest

from alm_workbench.mpc import CompiledManifest, DomainMeta, ManifestInvalid, MPCError, check, compile_manifest, parse


def test_a_compiled_manifest_survives_storage(safety: CompiledManifest) -> None:
    """to_data is JSON, from_data gives an equal manifest; pickling works too."""
    text = json.dumps(safety.to_data(), allow_nan=False)
    assert CompiledManifest.from_data(json.loads(text)) == safety
    assert pickle.loads(pickle.dumps(safety)) == safety


@pytest.mark.parametrize("data", [{}, {"namespace": 1, "what": 2}, {"types": 5}])
def test_foreign_data_is_refused(data: dict[str, object]) -> None:
    """With our error."""
    with pytest.raises(MPCError):
        CompiledManifest.from_data(data)


def test_hashes_follow_content_not_layout(meta: DomainMeta, safety_text: str, safety: CompiledManifest) -> None:
    """Comments, languages and places do not count; words do; the engine counts for the artefact only."""
    ast = parse(safety_text)
    for text, format in ((ast.to_yaml(), "yaml"), (ast.to_json(), "json"), ("// x\n" + ast.to_dsl(), "dsl")):
        again = check(text, meta, format=format).compiled
        assert again is not None
        assert (again.ast_hash, again.artifact_hash) == (safety.ast_hash, safety.artifact_hash)
    changed = check(safety_text.replace("12,", "13,", 1), meta).compiled
    assert changed is not None
    assert changed.artifact_hash != safety.artifact_hash
    newer = compile_manifest(ast, meta, engine_version="9")
    assert (newer.ast_hash, newer.artifact_hash != safety.artifact_hash) == (safety.ast_hash, True)


@pytest.mark.parametrize(
    ("name", "id_"),
    [("requirement", "requirement"), ("Requirement", "requirement"), ("GEREKSİNİM", "requirement"), ("gereksinim", "requirement"),
     ("bug", "defect"), ("HATA", "defect"), (" Test Case ", "test_case"), ("İhtiyaç", "need"), ("ihtiyaç", "need")],
)  # fmt: skip
def test_types_are_found_by_id_alias_and_label(safety: CompiledManifest, name: str, id_: str) -> None:
    """Whatever the case, in English and Turkish."""
    found = safety.find_type(name)
    assert found is not None
    assert found.id == id_
    assert safety.find_type("nothing") is None


def test_roles_close_and_circles_end(safety: CompiledManifest, meta: DomainMeta) -> None:
    """owner → admin → manager → engineer, reviewer → viewer."""
    assert safety.close_roles(["owner"]) == {"owner", "admin", "manager", "engineer", "reviewer", "viewer"}
    loop = check('def Role a { implies: ["b"] } def Role b { implies: ["a"] }', meta).compiled
    assert loop is not None
    assert loop.close_roles(["a"]) == {"a", "b"}


def test_an_unsound_manifest_does_not_compile(meta: DomainMeta) -> None:
    """The exception carries every finding."""
    with pytest.raises(ManifestInvalid, match="Unknown kind 'Nope'") as caught:
        compile_manifest(parse("def Nope a {}\ndef Nope b {}"), meta)
    assert len(caught.value.diagnostics) == 2


def test_defaults_of_the_compiled_form(safety: CompiledManifest) -> None:
    """Finals, transition events, indexed fields, labels."""
    defect = safety.workflows["defect_flow"]
    assert defect.finals == ("closed", "rejected")
    assert defect.transitions[0].on == "triage"
    fields = safety.types["defect"].fields
    assert (fields["severity"].indexed, fields["text"].indexed, fields["customer_note"].sensitive) == (
        True,
        False,
        True,
    )
    assert fields["severity"].choices[-1].label("tr") == "Emniyetle ilgili"
    assert safety.types["need"].label("tr") == "İhtiyaç"
    assert safety.types["need"].label("de") == "Need"
