"""What plugins keep: by key, audited, isolated, and writable for installed plugins only."""

from __future__ import annotations

import pytest

from alm_workbench.contexts.audit.messages import EntityHistory
from alm_workbench.contexts.plugin.domain import MAX_BYTES
from alm_workbench.contexts.plugin.messages import GetPluginValues, SetPluginValue
from alm_workbench.errors import AccessDenied, Conflict, InvalidInput
from alm_workbench.shared.messages import Json
from tests.factories.workbench import Bench

# Built-in contexts are plugins like any other; the audit keeps nothing itself.
PLUGIN = "audit"


@pytest.mark.parametrize("value", [7, 1.5, "ığüşöç", True, None, [], {"a": [1, {"b": None}]}])
def test_a_value_comes_back_as_it_was(workbench: Bench, value: Json) -> None:
    """Any JSON value; writing again replaces it."""
    manager = workbench.acme.manager
    for kept in ("before", value):
        manager.send(SetPluginValue(PLUGIN, "same", kept))
    (found,) = manager.query(GetPluginValues(PLUGIN, "same"))
    assert found.value == value
    assert found.writable


def test_values_come_by_key(workbench: Bench) -> None:
    """Sorted, and narrowed by a prefix in which % and _ mean themselves."""
    manager = workbench.acme.manager
    for key in ("k_2", "k_1", "kx3"):
        manager.send(SetPluginValue(PLUGIN, key, key))
    assert [v.key for v in manager.query(GetPluginValues(PLUGIN, "k_"))] == ["k_1", "k_2"]


def test_every_version_is_audited(workbench: Bench) -> None:
    """Who changed what, like everything else."""
    manager = workbench.acme.manager
    first = manager.send(SetPluginValue(PLUGIN, "audited", 1))
    second = manager.send(SetPluginValue(PLUGIN, "audited", 2))
    assert (second.id, second.version) == (first.id, first.version + 1)
    history = workbench.acme.owner.query(EntityHistory("PluginData", first.id))
    assert sorted(entry.change_type for entry in history.items) == ["INITIAL", "UPDATE"]


def test_another_organisation_sees_nothing(workbench: Bench) -> None:
    """Values belong to one organisation; another one's key of the same name is its own."""
    workbench.acme.manager.send(SetPluginValue(PLUGIN, "secret", "acme"))
    assert workbench.globex.manager.query(GetPluginValues(PLUGIN, "secret")) == ()


def test_who_only_reads_cannot_write(workbench: Bench) -> None:
    """project:update writes, project:read reads."""
    with pytest.raises(AccessDenied):
        workbench.acme.viewer.send(SetPluginValue(PLUGIN, "k", 1))
    workbench.acme.viewer.query(GetPluginValues(PLUGIN))


def test_a_plugin_that_is_not_there_keeps_nothing_new(workbench: Bench) -> None:
    """The refusal names the plugin and says what is still possible."""
    with pytest.raises(Conflict, match="the plugin long-gone is not installed"):
        workbench.acme.manager.send(SetPluginValue("long-gone", "k", 1))


@pytest.mark.parametrize(
    ("key", "value"),
    [("", 1), ("a b", 1), ("-a", 1), ("a" * 201, 1), ("a/b", 1), ("k", "x" * MAX_BYTES)],
    ids=["empty", "space", "dash first", "long", "slash", "large"],
)
def test_keys_and_sizes_have_limits(workbench: Bench, key: str, value: Json) -> None:
    """A wrong key or a value that is too large names the member."""
    with pytest.raises(InvalidInput) as caught:
        workbench.acme.manager.send(SetPluginValue(PLUGIN, key, value))
    assert caught.value.errors[0].path in ("/key", "/value")
