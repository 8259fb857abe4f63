"""Small helpers around words: nearest names and case folding that knows Turkish."""

from __future__ import annotations

from collections.abc import Iterable

_TURKISH = str.maketrans({"İ": "i", "I": "i", "ı": "i"})


def fold(text: str) -> str:
    """A form for comparing names whatever their case, in English and Turkish (I, İ, ı and i are one letter)."""
    return text.translate(_TURKISH).casefold().strip()


def nearest(word: str, candidates: Iterable[str]) -> str | None:
    """The candidate a writer most likely meant, or None; ties go to the first in sorted order."""
    from difflib import SequenceMatcher

    folded = fold(word)
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(folded)
    best: tuple[float, str] | None = None
    for candidate in _plausible(folded, sorted(candidates)):
        other = fold(candidate)
        if other == folded:
            return candidate
        if abs(len(other) - len(folded)) > max(3, len(folded)):
            continue
        least = best[0] if best else 0.6
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() < least or matcher.quick_ratio() < least:
            continue
        score = matcher.ratio()
        if score >= least and (best is None or score > best[0]):
            best = (score, candidate)
    return best[1] if best else None


_MANY = 300


def _plausible(folded: str, names: list[str]) -> list[str]:
    """Of very many names those that begin alike: comparing all of them would take seconds."""
    if len(names) <= _MANY:
        return names
    return [name for name in names if fold(name[:2]) == folded[:2]][:_MANY]


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """A hint sentence naming the nearest candidate, or the choices if there are few."""
    names = sorted(candidates)
    found = nearest(word, names)
    if found is not None:
        return f"did you mean '{found}'?"
    if names and len(names) <= 12:
        return "known: " + ", ".join(names)
    return None
