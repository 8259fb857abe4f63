"""The risk of a hazard from its three classes, as in ISO 26262: the sum grows with each of them."""

from __future__ import annotations

LETTERS = {"S": 3, "E": 4, "C": 3}
MAX_SCORE = sum(LETTERS.values())
ASIL_FROM = {7: "A", 8: "B", 9: "C", 10: "D"}


def risk_score(severity: object = None, exposure: object = None, controllability: object = None) -> int | None:
    """0 to 10 from classes such as ``S3``, ``E4`` and ``C2``; a class 0 makes it 0, a missing one None (undecided)."""
    total = 0
    for (letter, highest), value in zip(LETTERS.items(), (severity, exposure, controllability), strict=True):
        if not isinstance(value, str) or len(value) != 2 or value[0] != letter or not value[1].isdecimal():
            return None
        grade = int(value[1])
        if grade > highest:
            return None
        if grade == 0:
            return 0
        total += grade
    return total


def asil(score: int) -> str:
    """The integrity level that a score asks for."""
    return ASIL_FROM.get(score, "QM")
