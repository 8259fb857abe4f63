"""The vocabulary and the shipped processes, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from alm_workbench.mpc import CompiledManifest, DomainMeta, check, load_domain_meta

ROOT = Path(__file__).resolve().parents[3]
META_DIR = ROOT / "alm_meta"


@pytest.fixture(scope="session")
def meta() -> DomainMeta:
    return load_domain_meta((META_DIR / "domain_meta.yaml").read_text("utf-8"))


@pytest.fixture(scope="session")
def safety_text() -> str:
    return (META_DIR / "manifests" / "safety.alm").read_text("utf-8")


@pytest.fixture(scope="session")
def safety(meta: DomainMeta, safety_text: str) -> CompiledManifest:
    compiled = check(safety_text, meta).compiled
    assert compiled is not None
    return compiled
