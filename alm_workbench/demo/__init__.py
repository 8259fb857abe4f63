"""The demo organisation: people, a project under the safety process, and a quarter of lived history.

Everything goes through the Mediator like anybody's work, only with an earlier clock: guards, policies, audit and
outbox see all of it.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from alm_workbench import resources
from alm_workbench.config import Settings, environment
from alm_workbench.contexts.artifact.messages import ArtifactDTO, CreateArtifact
from alm_workbench.contexts.auth.messages import CreateAccount, FindUser
from alm_workbench.contexts.auth.session_messages import ResolvePrincipal
from alm_workbench.contexts.manifest.messages import SaveManifest
from alm_workbench.contexts.project.messages import ActivateManifest, CreateProject, GetProcess, ProcessDTO
from alm_workbench.contexts.tenant.messages import TenantById, TenantBySlug
from alm_workbench.contexts.tenant.onboarding_messages import OnboardTenant
from alm_workbench.contexts.tenant.people_messages import AddMember
from alm_workbench.contexts.workflow.messages import PermittedTransitions, TransitionArtifact
from alm_workbench.errors import AlmError, ConfigurationError
from alm_workbench.production import WeakSettings, is_production
from alm_workbench.shared.ids import ProjectId
from alm_workbench.shared.mediator import LocalMediator
from alm_workbench.shared.principal import Principal

if TYPE_CHECKING:
    from alm_workbench.composition import Runtime

SLUG = "demo"
DOMAIN = "demo.example"
PEOPLE = (
    ("owner", "Ada Owner", ("owner",)),
    ("manager", "Mehmet Yılmaz", ("manager",)),
    ("engineer", "Elif Şahin", ("engineer",)),
    ("reviewer", "Ruth Reviewer", ("reviewer",)),
    ("viewer", "Vera Viewer", ("viewer",)),
)
ITEMS = 64
WEEKS = 13


@dataclass(frozen=True, slots=True)
class OwnerIds:
    """Whose workbench this is."""

    user_id: UUID
    tenant_id: UUID


def owner_file(settings: Settings) -> Path:
    """Where an installation remembers its owner."""
    return settings.run_dir / "owner.json"


def read_owner(settings: Settings) -> OwnerIds | None:
    """The owner of this installation; None before the first start."""
    try:
        data = json.loads(owner_file(settings).read_text("utf-8"))
        return OwnerIds(UUID(data["user_id"]), UUID(data["tenant_id"]))
    except (OSError, ValueError, KeyError):
        return None


def ensure_owner(
    mediator: LocalMediator, settings: Settings, *, demo: bool, organisations: Callable[[], list[str]] = list
) -> OwnerIds:
    """The owner, with an organisation to own: made on the first start, found again later.

    A database that holds ``organisations`` already (a restored one) gets no new one; raises ``ConfigurationError``.
    """
    root = mediator.as_principal(None)
    known = read_owner(settings)
    if known and root.query(ResolvePrincipal(known.user_id, known.tenant_id)):
        return known
    if known:
        refuse_closed(root, known)
    if (there := organisations()) and not unfinished(settings).exists():
        raise ConfigurationError(
            "This database holds organisations already, and nobody owns this installation yet; "
            f"say who does: alm tenant own SLUG E-MAIL (organisations: {', '.join(there)})"
        )
    unfinished(settings).touch()
    slug, name = (SLUG, "Demo Organisation") if demo else ("home", "My Organisation")
    email = f"owner@{DOMAIN}" if demo else "owner@home.example"
    tenant_id = root.query(TenantBySlug(slug))
    user = root.query(FindUser(email))
    if user is None:
        user = root.send(CreateAccount(email, PEOPLE[0][1] if demo else "Owner", password(settings)))
    if tenant_id is None:
        tenant_id = root.send(OnboardTenant(slug, name, user.user_id, user.email, user.display_name)).tenant_id
    ids = OwnerIds(user.user_id, tenant_id)
    owner_file(settings).write_text(json.dumps({"user_id": str(ids.user_id), "tenant_id": str(ids.tenant_id)}), "utf-8")
    return ids


def refuse_closed(root: LocalMediator, owner: OwnerIds) -> None:
    """Say so when the owner's organisation is deactivated; raises ``ConfigurationError``."""
    found = root.query(TenantById(owner.tenant_id))
    if found is not None and found.status == "inactive":
        raise ConfigurationError(
            f"The organisation that owns this installation is closed; alm tenant reactivate {found.slug} opens it again."
        )


def unfinished(settings: Settings) -> Path:
    """Marks a first start that is not through yet; a start that was cut off is taken up again."""
    return settings.run_dir / "first-start"


def refuse_demo(runtime: Runtime) -> None:
    """Raise ``WeakSettings`` when a production server would open a database with the demo's people in it."""
    if not is_production(environment()):
        return
    if runtime.mediator.as_principal(None).query(FindUser(f"manager@{DOMAIN}")) is not None:
        raise WeakSettings(
            "This database holds the demo organisation, whose people share one password; "
            "choose another --data-dir or database, and start with --no-demo."
        )


def known_password(settings: Settings) -> str | None:
    """The password of the demo accounts, if this installation made them."""
    path = settings.secrets_dir / "demo-password"
    return path.read_text("ascii").strip() if path.exists() else None


def password(settings: Settings) -> str:
    """The password of the demo accounts, made for this installation."""
    path = settings.secrets_dir / "demo-password"
    if not path.exists():
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write("-".join(secrets.token_hex(2) for _ in range(4)))
    return path.read_text("ascii").strip()


class DemoSeeder:
    """Fills the demo organisation; running it again adds nothing."""

    def __init__(self, mediator: LocalMediator, settings: Settings, owner: OwnerIds) -> None:
        self._now = datetime.now(UTC) - timedelta(weeks=WEEKS)
        self._mediator = mediator.with_clock(lambda: self._now)
        self._settings, self._owner = settings, owner
        self._random = random.Random(4711)  # noqa: S311 - a demo that is the same everywhere

    def run(self, progress: Callable[[str], None] = lambda text: None) -> bool:
        """Seed people, project and history; False when the project is there already."""
        owner = self._principal(self._owner.user_id)
        progress("people")
        team = {"owner": owner} | {name: self._member(owner, name, full, roles) for name, full, roles in PEOPLE[1:]}
        mine = self._mediator.as_principal(owner)
        text = resources.path("alm_meta", "manifests", "safety.alm").read_text("utf-8")
        version = mine.send(SaveManifest(text, "dsl", "The process the demo starts with"))
        try:
            project = mine.send(CreateProject("DEMO", "Brake by wire", DESCRIPTION))
        except AlmError as error:
            if error.status == 409:
                return False
            raise
        mine.send(ActivateManifest(project.id, version.version_id, reason="First activation"))
        progress(f"{ITEMS} items with their history")
        self._history(project.id, team)
        return True

    def year(self, progress: Callable[[str], None] = lambda text: None) -> bool:
        """Add a year of forty people in five projects; False when these are there already."""
        from alm_workbench.demo.year import YearSeeder

        owner = self._principal(self._owner.user_id)
        return YearSeeder(self._mediator, owner, DOMAIN, lambda: password(self._settings)).run(progress)

    def _principal(self, user_id: UUID) -> Principal:
        found = self._mediator.as_principal(None).query(ResolvePrincipal(user_id, self._owner.tenant_id))
        if found is None:
            raise AlmError("the owner has no access to the demo organisation")
        return found

    def _member(self, owner: Principal, name: str, full: str, roles: tuple[str, ...]) -> Principal:
        root, email = self._mediator.as_principal(None), f"{name}@{DOMAIN}"
        user = root.query(FindUser(email)) or root.send(CreateAccount(email, full, password(self._settings)))
        with contextlib.suppress(AlmError):  # a member already
            self._mediator.as_principal(owner).send(AddMember(email, roles))
        return self._principal(user.user_id)

    def _history(self, project_id: ProjectId, team: dict[str, Principal]) -> None:
        process = self._mediator.as_principal(team["owner"]).query(GetProcess(project_id))
        begin, step = self._now, timedelta(weeks=WEEKS) / (ITEMS * 3)
        end = begin + timedelta(weeks=WEEKS) - timedelta(minutes=10)
        kinds = {kind.id: kind for kind in process.types}
        waiting: list[ArtifactDTO] = []
        for n in range(ITEMS):
            self._now = min(end, begin + step * n * 3)
            topic = TOPICS[n % len(TOPICS)]
            if topic.kind in kinds:
                waiting.append(self._create(project_id, process, topic, n, team["engineer"]))
            for _ in range(2):
                self._now = min(end, self._now + step)
                if waiting:
                    self._advance(waiting, team)

    def _create(self, project_id: ProjectId, process: ProcessDTO, topic: Topic, n: int, who: Principal) -> ArtifactDTO:
        kind = next(k for k in process.types if k.id == topic.kind)
        fields = {}
        for f in kind.fields:
            if f.type in ("text", "richtext", "string") and f.id in ("text", "description", "rationale"):
                fields[f.id] = topic.text
            elif f.type == "choice" and f.choices and (f.required or self._random.random() < 0.7):
                fields[f.id] = self._random.choice(f.choices).id
        title = topic.title if n < len(TOPICS) else f"{topic.title}, variant {n // len(TOPICS) + 1}"
        sender = self._mediator.as_principal(who)
        try:
            return sender.send(CreateArtifact(project_id, topic.kind, title, fields))
        except AlmError:
            return sender.send(CreateArtifact(project_id, topic.kind, title, {}))

    def _advance(self, waiting: list[ArtifactDTO], team: dict[str, Principal]) -> None:
        """Take one possible step with one of the items, by whoever may take it."""
        place = self._random.randrange(len(waiting))
        item = waiting[place]
        for name in ("reviewer", "manager", "engineer", "owner"):
            sender = self._mediator.as_principal(team[name])
            try:
                options = [v for v in sender.query(PermittedTransitions(item.id)) if v.allowed]
                forward = [v for v in options if v.transition not in BACKWARD] or options
                if not forward:
                    continue
                choice = self._random.choice(forward)
                waiting[place] = sender.send(TransitionArtifact(item.id, choice.transition, item.version, REASON))
            except AlmError:
                continue
            return
        waiting.pop(place)


@dataclass(frozen=True, slots=True)
class Topic:
    """What a demo item is about."""

    kind: str
    title: str
    text: str


DESCRIPTION = (
    "An electro-mechanical brake, developed under the functional-safety process that ships with the workbench."
)
REASON = "Reviewed in the weekly safety meeting"
BACKWARD = frozenset({"reopen", "reject", "rework", "cancel", "withdraw", "send_back", "block", "abort"})
TOPICS = (
    Topic(
        "requirement", "Braking distance from 100 km/h on dry asphalt", "The vehicle shall come to rest within 38 m."
    ),
    Topic("requirement", "Pedal travel sensor redundancy", "Two independent sensors shall agree within 2 %."),
    Topic("hazard", "Unintended full braking at motorway speed", "Loss of stability and rear-end collision."),
    Topic("test_case", "Braking distance, dry, 5 runs", "Measure five stops from 100 km/h; the mean counts."),
    Topic("defect", "Pressure drops 80 ms late after release", "Seen on the second prototype at -20 °C."),
    Topic("task", "Calibrate the pedal sensor on the bench", "Use procedure CAL-7 and attach the protocol."),
    Topic("requirement", "Degraded mode after loss of one channel", "At least 60 % of the braking force shall remain."),
    Topic("requirement", "Park brake holds on a 30 % slope", "Without electric power for 72 hours."),
    Topic("change_request", "Replace the wheel-speed sensor supplier", "The present part ends its life in Q3."),
    Topic("test_case", "Sensor disagreement leads to degraded mode", "Offset sensor B by 5 % and drive the cycle."),
    Topic("defect", "Warning lamp stays on after a clean start", "One of forty starts."),
    Topic("task", "Write the hazard analysis for reverse driving", "Together with the vehicle group."),
    Topic("requirement", "Ölçüm hatası sınırı", "Basınç ölçüm hatası %1'i aşmamalıdır."),
    Topic("hazard", "Loss of braking force on one wheel", "Yaw moment of up to 1.2 rad/s² at 80 km/h."),
    Topic("requirement", "Start-up self test", "Completed within 400 ms after ignition; failing parts are named."),
    Topic("task", "Review the supplier's FMEA", "Check severity ratings against ours."),
)
