"""Processes that ship as templates are sound, whole, and ask for nothing that cannot be done."""

from __future__ import annotations

import pytest

from alm_workbench import resources
from alm_workbench.contexts.project.templates import Templates
from alm_workbench.contexts.workflow.intents import problems
from alm_workbench.mpc import check, load_domain_meta

META = load_domain_meta(resources.path("alm_meta", "domain_meta.yaml").read_text("utf-8"))
TEMPLATES = Templates(META)


def test_all_that_ships_is_a_template() -> None:
    """No preset lies there that nobody can begin with."""
    files = {template.path for template in TEMPLATES.by_id.values()}
    assert set(resources.path("alm_meta", "presets").glob("*.alm")) <= files


@pytest.mark.parametrize("template", sorted(TEMPLATES.by_id))
def test_templates_are_sound_and_act(template: str) -> None:
    """No finding, nothing asked for that cannot be carried out, cycles and areas for planning."""
    shipped = TEMPLATES.named(template)
    assert [str(found) for found in check(shipped.text, META).diagnostics] == []
    compiled = shipped.compiled
    assert problems(compiled) == ()
    planning = compiled.planning
    assert all(planning[name] for name in ("cycle_types", "area_types", "estimate_field"))
    assert any(kind.aggregate == "Task" for kind in compiled.types.values())
    assert any(f.type == "table" for kind in compiled.types.values() for f in kind.fields.values())
    assert any(f.computed for kind in compiled.types.values() for f in kind.fields.values())
    assert any(f.visible_when for kind in compiled.types.values() for f in kind.fields.values())
    assert any(state.wip_limit for flow in compiled.workflows.values() for state in flow.states.values())
    assert compiled.automations
    for rule in compiled.automations:
        assert {"en", "tr"} <= set(rule.labels)
