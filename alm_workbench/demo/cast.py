"""The forty people of the large demo and the five projects they work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alm_workbench.demo import words
from alm_workbench.demo.words import Subject

FIRST = (
    "Ayşe", "Burak", "Ceren", "Deniz", "Emre", "Fatma", "Gökhan", "Hande", "İbrahim", "Jale", "Kerem", "Leyla", "Murat",
    "Nazlı", "Okan", "Pınar", "Anna", "Ben", "Clara", "David", "Eva", "Felix", "Greta", "Hannes", "Ida", "Jonas", "Katja",
    "Liam", "Mia", "Noah", "Olga", "Paul", "Rosa", "Sam", "Tess", "Umut", "Vera", "Will", "Yağmur", "Zoe",
)  # fmt: skip
LAST = (
    "Aksoy", "Bauer", "Çelik", "Demir", "Evans", "Fischer", "Güneş", "Hughes", "Işık", "Jansen", "Kaya", "Lehmann", "Moore",
    "Neumann", "Öztürk", "Parker", "Quinn", "Roth", "Şahin", "Taylor",
)  # fmt: skip
TEAM_SIZE = len(FIRST)


@dataclass(frozen=True, slots=True)
class Part:
    """Somebody of the cast."""

    login: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A project: its process, how busy it is compared with the others, and whose work it is (places in the cast)."""

    key: str
    name: str
    template: str
    subject: Subject
    share: float
    people: Sequence[int]


def cast() -> tuple[Part, ...]:
    """Everybody: of ten people one manages, two review, one watches, six build."""
    roles = ("manager", "reviewer", "reviewer", "viewer", *["engineer"] * 6)
    people = []
    for number, first in enumerate(FIRST):
        last = LAST[number * 7 % len(LAST)]
        people.append(Part(f"p{number + 1:02}", f"{first} {last}", roles[number % len(roles)]))
    return tuple(people)


def group(*tens: int) -> tuple[int, ...]:
    """Everybody in some of the four groups of ten."""
    return tuple(place for ten in tens for place in range(ten * 10, ten * 10 + 10))


PLANS = (
    Plan("BRAKE", "Brake by wire", "safety", words.BRAKE, 1.3, group(0, 1)),
    Plan("STEER", "Steering assist", "safety", words.STEERING, 1.1, group(1, 2)),
    Plan("APP", "Driver app", "scrum", words.APP, 1.0, group(2, 3)),
    Plan("FLEET", "Fleet cloud", "scrum", words.CLOUD, 1.0, group(3, 0)),
    Plan("BENCH", "Test bench", "basic", words.BENCH, 0.6, group(0, 3)),
)
