"""A kernel's token against the real server: renewed while the kernel lives, dead with it."""

from __future__ import annotations

import time

import pytest

import alm_workbench as alm
from alm_workbench.contexts.auth.session_messages import Me
from alm_workbench.errors import AuthenticationFailed
from alm_workbench.notebook.http import HttpMediator
from tests.factories.workbench import Api


def kernel_token(api: Api, kernel_id: str) -> str:
    """A token as Lab gives it to a kernel of the engineer."""
    principal = api.bench.acme.engineer.principal
    assert principal is not None
    assert principal.user_id is not None
    return api.bench.runtime.tokens.issue(principal.user_id, principal.tenant_id, "kernel", kernel_id)[0]


def test_renewal_and_death(api: Api) -> None:
    """The mediator renews in time by itself; once the kernel is gone nothing helps."""
    living = {"k1"}
    api.bench.runtime.bindings.kernel_alive = lambda kernel_id: kernel_id in living
    token = kernel_token(api, "k1")
    late = HttpMediator(api.url, token, now=lambda: time.time() + 14.5 * 60)
    assert late.query(Me()).email == "engineer@acme.example"
    assert late._credentials.token != token
    living.clear()
    with pytest.raises(AuthenticationFailed):
        late.query(Me())
    late.close()


def test_connect(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside a kernel ``alm.connect()`` needs no arguments."""
    api.bench.runtime.bindings.kernel_alive = lambda kernel_id: kernel_id == "k2"
    monkeypatch.setenv("ALM_API_URL", api.base)
    monkeypatch.setenv("ALM_TOKEN", kernel_token(api, "k2"))
    with alm.connect() as workbench:
        assert workbench.me.email == "engineer@acme.example"
        assert workbench.projects.keys() == ["DEMO"]
