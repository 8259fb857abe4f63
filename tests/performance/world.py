"""A durable workbench with an organisation, and files of made-up issues that are as long as real ones."""

from __future__ import annotations

import base64
import csv
import io
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alm_workbench.composition import Runtime, opened
from alm_workbench.config import Settings
from alm_workbench.contexts.artifact.messages import ImportArtifacts, ImportResultDTO
from tests.factories.workbench import Org, make_org

BATCH = 10_000
KINDS = (
    "requirement",
    "requirement",
    "defect",
    "requirement",
    "task",
    "defect",
    "requirement",
    "test_case",
    "task",
    "requirement",
)
MAPPING = {"issuekey": "ref", "title": "title", "description": "text", "created": "created_at"}
TRADE = """brake pedal sensor pressure valve caliper wheel speed torque controller hydraulic actuator failure warning lamp
vehicle driver redundant channel signal voltage current harness connector software module interface diagnostic message
timeout calibration tolerance temperature vibration corrosion bench measurement protocol supplier drawing assembly park
slope emergency deceleration distance asphalt wet dry snow abs esp latency jitter watchdog reset memory checksum frame
gereksinim fren basınç ölçüm hata sınır sürücü araç güvenlik sinyal gerilim bağlantı deneme"""


@dataclass
class World:
    """What is measured: a runtime in this process, and one organisation."""

    runtime: Runtime
    org: Org
    data_dir: Path

    @property
    def postmaster(self) -> int:
        """Process id of the database server."""
        return int((self.data_dir / "pg" / "postmaster.pid").read_text().split()[0])


@contextmanager
def workbench(data_dir: Path) -> Iterator[World]:
    """An embedded server as users have it (fsync on), migrated, with the organisation `acme` under the safety process."""
    with opened(Settings(data_dir).prepare(), env={}) as runtime:
        yield World(runtime, make_org(runtime, "acme"), data_dir)


def vocabulary(rng: random.Random, size: int = 6000) -> list[str]:
    """Words by falling frequency: those of the trade, then made-up ones."""
    syllables = [c + v + e for c in "bdfgklmnprst" for v in "aeiou" for e in ("", "n", "r", "s")]
    made = {"".join(rng.choices(syllables, k=rng.randint(2, 4))) for _ in range(size)}
    return [*TRADE.split(), *sorted(made)]


class Issues:
    """Made-up issues, the same at every run: words by Zipf's law, descriptions of 270 characters at the median and
    1,000 on average, as in public issue trackers."""

    def __init__(self, seed: int = 4711) -> None:
        self._random = random.Random(seed)
        self.words = vocabulary(self._random)
        self._weights = list(cumulated(1.0 / (n + 3) for n in range(len(self.words))))
        self._number = 0

    def sentence(self, words: int) -> str:
        """That many words."""
        return " ".join(self._random.choices(self.words, cum_weights=self._weights, k=words))

    def file(self, rows: int) -> bytes:
        """A CSV file of new issues."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow([*MAPPING, "priority"])
        start = datetime(2024, 1, 1, tzinfo=UTC)
        for _ in range(rows):
            self._number += 1
            length = min(3000, max(3, int(self._random.lognormvariate(3.6, 1.6))))
            created = start + timedelta(minutes=7 * self._number)
            title = self.sentence(self._random.randint(4, 12)).capitalize()
            priority = self._random.choice(("low", "medium", "high"))
            writer.writerow([f"EXT-{self._number}", title, self.sentence(length), created.isoformat(), priority])
        return text.getvalue().encode()


def cumulated(weights: Iterator[float]) -> Iterator[float]:
    """Running sums."""
    total = 0.0
    for weight in weights:
        total += weight
        yield total


def import_message(world: World, name: str, content: bytes, kind: str) -> ImportArtifacts:
    """The command that imports a file."""
    text = base64.b64encode(content).decode()
    return ImportArtifacts(world.org.project.id, name, text, kind, dict(MAPPING))


def imported(world: World, message: ImportArtifacts) -> ImportResultDTO:
    """Send it as the manager."""
    return world.org.manager.send(message)
