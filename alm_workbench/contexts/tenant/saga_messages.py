"""The steps of setting up an organisation, each a transaction of its own; sent by ``onboarding`` alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from alm_workbench.shared.messages import PUBLIC, Command, command


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class BeginOnboarding(Command[UUID]):
    """Note that an organisation is to be set up; the id of the run."""

    slug: str
    given: Mapping[str, Any]


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class OnboardingStep(Command[None]):
    """Do the next step of a run."""

    run_id: UUID


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class BeginCompensation(Command[None]):
    """Note that a run failed, and why; from now on it is taken back."""

    run_id: UUID
    error: str


@command(route=None, privilege=PUBLIC)
@dataclass(frozen=True, slots=True)
class CompensationStep(Command[None]):
    """Undo the last step of a run that is taken back; with none left, close the run."""

    run_id: UUID
