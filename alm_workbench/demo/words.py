"""What the demo's people write about: titles, texts and comments, put together by a seeded random generator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Subject:
    """What a project is about: parts of its product, what matters of them, and when."""

    parts: Sequence[str]
    qualities: Sequence[str]
    moments: Sequence[str]
    users: Sequence[str]


BRAKE = Subject(
    (
        "pedal travel sensor", "brake controller", "wheel-speed sensor", "pressure accumulator", "park brake", "actuator",
        "warning lamp", "supply monitor", "bus interface", "yaw sensor", "calliper", "diagnosis", "boot loader",
    ),
    (
        "response time", "plausibility check", "self test", "degraded mode", "accuracy", "wear compensation", "drift",
        "fault memory", "redundancy", "start-up sequence", "temperature model", "release time",
    ),
    (
        "after a cold start", "at -40 °C", "on a split-friction road", "with one channel lost", "at motorway speed",
        "on a 30 % slope", "during a software update", "while towing", "below 9 V", "after ten years of storage",
        "in reverse gear", "within 400 ms after ignition",
    ),
    ("driver", "service technician", "calibration engineer"),
)  # fmt: skip
STEERING = Subject(
    (
        "torque sensor", "steering motor", "rack", "lane camera", "angle sensor", "assist controller", "end stop",
        "hands-on detection", "road-feel model", "gateway", "power stage", "column lock",
    ),
    (
        "assist torque", "return to centre", "hands-off warning", "friction compensation", "end-stop protection", "torque limit",
        "sensor fusion", "hand-over", "noise", "latency", "fallback", "thermal protection",
    ),
    (
        "at parking speed", "above 130 km/h", "in a construction zone", "with one phase lost", "in heavy rain", "after a kerb strike",
        "with worn tyres", "on a gravel road", "during a lane change", "with a cold battery", "in a car wash",
    ),
    ("driver", "test driver", "safety engineer"),
)  # fmt: skip
APP = Subject(
    (
        "trip list", "charging map", "login", "push messages", "vehicle status", "garage finder", "digital key", "profile",
        "onboarding", "settings", "search", "payment", "widgets",
    ),
    (
        "offline mode", "dark theme", "loading time", "translation", "accessibility", "error message", "empty state",
        "animation", "sharing", "history", "filter", "undo",
    ),
    (
        "on a slow network", "after an update", "with large fonts", "in Turkish", "on a tablet", "in flight mode",
        "with two vehicles", "after a time-zone change", "with voice control", "on the lock screen", "in the background",
    ),
    ("driver", "family member", "fleet manager", "dealer"),
)  # fmt: skip
CLOUD = Subject(
    (
        "telemetry ingest", "fleet dashboard", "billing", "device registry", "alert rules", "data export", "audit log",
        "tenant admin", "update campaign", "report scheduler", "API gateway", "map tiles",
    ),
    (
        "throughput", "retention", "access control", "retry", "pagination", "caching", "monitoring", "cost", "latency",
        "idempotency", "rate limit", "migration",
    ),
    (
        "at one million vehicles", "during a region outage", "at the end of the month", "for suspended tenants",
        "with duplicate messages", "after a schema change", "behind a proxy", "under a read replica", "at night",
        "with expired certificates", "for archived fleets",
    ),
    ("fleet manager", "operator", "accountant", "partner developer"),
)  # fmt: skip
BENCH = Subject(
    (
        "hydraulic rig", "climate chamber", "data logger", "bench controller", "fixture", "signal generator", "calibration lab",
        "shift plan", "spare parts", "safety fence", "reference sensor", "evaluation script",
    ),
    (
        "booking", "calibration", "sampling rate", "documentation", "maintenance", "emergency stop", "protocol", "data format",
        "repeatability", "handover",
    ),
    (
        "before the winter test", "after the move", "for the supplier audit", "in two shifts", "over the weekend",
        "with the new fixture", "at 2 kHz", "for endurance runs", "after the power cut",
    ),
    ("technician", "test engineer", "lab manager"),
)  # fmt: skip

TURKISH = (
    "{part}: {quality} gözden geçirilecek",
    "{part} için {quality} ölçümü yapılmalı",
    "Müşteri bildirimi: {part} beklenenden geç tepki veriyor",
    "{part} belgeleri güncel değil",
)
TITLES: Mapping[str, Sequence[str]] = {
    "hazard": ("Loss of the {part} {moment}", "Unintended action of the {part} {moment}", "{part} acts late {moment}"),
    "safety_goal": (
        "The {part} shall never act against the driver {moment}",
        "Loss of the {part} shall be made known {moment}",
    ),
    "defect": (
        "{part}: {quality} wrong {moment}",
        "{part} freezes {moment}",
        "{part} reports the {quality} twice {moment}",
        "Wrong {quality} shown for the {part} {moment}",
    ),
    "test_case": ("Check the {quality} of the {part} {moment}", "{part}: {quality}, ten runs {moment}"),
    "task": (
        "Measure the {quality} of the {part}",
        "Review the {quality} of the {part}",
        "Write the procedure for the {part} {moment}",
        "Clean up the {quality} code of the {part}",
    ),
    "story": ("As a {user} I can rely on the {quality} of the {part} {moment}", "{quality} of the {part} {moment}"),
    "epic": ("{part}: {quality}", "{part} {moment}"),
    "change_request": ("Replace the supplier of the {part}", "New {quality} for the {part} {moment}"),
    "need": ("As a {user} I expect a sound {quality} of the {part}",),
}
ANY = ("{part}: {quality} {moment}", "The {part} keeps its {quality} {moment}")
SENTENCES = (
    "The {quality} of the {part} is within its limits {moment}.",
    "Measured on the bench with three samples; the worst of them counts.",
    "See the minutes of the design review for the reasons.",
    "A {user} notices this at once.",
    "The limit comes from the customer's specification, chapter 4.",
    "Without it the {part} falls back to its substitute value.",
    "Applies to all variants unless a variant says otherwise.",
    "The old behaviour stays until the change has been verified.",
    "Sıcaklık arttıkça sapma büyüyor; {part} ayrıca incelenmeli.",
    "Agreed with the supplier of the {part} by e-mail.",
    "If a < b and c > d hold, the second channel decides.",
)
COMMENTS = (
    "Seen again {moment}.",
    "I have added the log; the {quality} looks odd from second 12 on.",
    "@[{name}]({actor}) can you have a look at the {part}?",
    "Agreed in the weekly.",
    "The supplier promises an answer by Friday.",
    "Bence {part} tarafında bir sorun yok, ölçümü tekrarlayalım.",
    "Fixed on the branch, waits for the review.",
    "This is the same root cause as last month.",
    "Not reproducible on my bench. Which variant was it?",
    "Thanks, that explains the {quality}.",
    "We should test this {moment} too.",
    "Moved to the next iteration: the bench is occupied.",
    "@[{name}]({actor}) teşekkürler, kapatabiliriz.",
)
REASONS = (
    "Agreed in the weekly review",
    "Measured and within limits",
    "Duplicate of an older one",
    "Toplantıda kararlaştırıldı",
    "The customer confirmed it",
)


class Writer:
    """Writes about one subject; the same seed writes the same."""

    def __init__(self, subject: Subject, random: Random) -> None:
        self._subject, self._random = subject, random

    def title(self, kind: str) -> str:
        """A title for an item of a type."""
        templates = TURKISH if self._random.random() < 0.08 else TITLES.get(kind, ANY)
        text = self._fill(self._random.choice(templates))
        return text[0].upper() + text[1:]

    def text(self, sentences: int = 3) -> str:
        """A few sentences."""
        chosen = self._random.sample(SENTENCES, self._random.randint(1, sentences))
        return " ".join(line[0].upper() + line[1:] for line in map(self._fill, chosen))

    def comment(self, name: str, actor: str) -> str:
        """What somebody says; ``name`` may be spoken to."""
        return self._fill(self._random.choice(COMMENTS).replace("{name}", name).replace("{actor}", actor))

    def reason(self) -> str:
        """Why a step was taken."""
        return self._random.choice(REASONS)

    def word(self) -> str:
        """A part of the product."""
        return self._random.choice(self._subject.parts)

    def _fill(self, text: str) -> str:
        s, pick = self._subject, self._random.choice
        return (
            text.replace("{part}", pick(s.parts))
            .replace("{quality}", pick(s.qualities))
            .replace("{moment}", pick(s.moments))
            .replace("{user}", pick(s.users))
        )
