"""Decisions in words, in English and Turkish; rendered only when somebody reads them."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import Span
from ..expr.explain import Outcome

_TEXTS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "allow": "allowed by {kind} {rule}{place}",
        "deny": "denied by {kind} {rule}{place}",
        "hides": "the field '{field}' is hidden by {kind} {rule}{place}",
        "acl": "access rule",
        "policy": "policy",
        "line": " (line {line})",
        "line_of": " (line {line} of {file})",
        "role": "for the role {roles}",
        "everybody": "for everybody",
        "nothing": "denied: no access rule lets {who} {action} {what}",
        "no_role": "no role",
        "hidden": "hidden fields: {fields}",
        "silence": "allowed: no policy speaks about it",
        "true": "{text} was true",
        "false": "{text} was false",
        "undecided": "{text} was undecided",
        "candidate:fired": "decided",
        "candidate:undecided": "undecided, so it did not allow",
        "candidate:role": "is for the role {roles}",
        "candidate:condition": "its condition did not hold",
        "candidate:not reached": "was not asked: an earlier rule had decided",
    },
    "tr": {
        "allow": "{rule}{place} adlı {kind} izin verdi",
        "deny": "{rule}{place} adlı {kind} reddetti",
        "hides": "'{field}' alanını {rule}{place} adlı {kind} gizliyor",
        "acl": "erişim kuralı",
        "policy": "politika",
        "line": " (satır {line})",
        "line_of": " ({file}, satır {line})",
        "role": "{roles} rolü için",
        "everybody": "herkes için",
        "nothing": "reddedildi: {who} için {what} üzerinde {action} işlemine izin veren bir erişim kuralı yok",
        "no_role": "rolü olmayan",
        "hidden": "gizli alanlar: {fields}",
        "silence": "izin verildi: bununla ilgili bir politika yok",
        "true": "{text} doğruydu",
        "false": "{text} yanlıştı",
        "undecided": "{text} belirsizdi",
        "candidate:fired": "karar verdi",
        "candidate:undecided": "belirsizdi, bu yüzden izin vermedi",
        "candidate:role": "{roles} rolü için",
        "candidate:condition": "koşulu sağlanmadı",
        "candidate:not reached": "sorulmadı: daha önceki bir kural karar vermişti",
    },
}


def words(key: str, lang: str, **values: object) -> str:
    """A text in a language, English where there is no such language."""
    return _TEXTS.get(lang.split("-")[0], _TEXTS["en"])[key].format(**values)


def place(span: Span | None, lang: str, composed: bool = False) -> str:
    """` (line 41)`, or nothing where the place is unknown; of a `composed` manifest also the part the line is in."""
    if span is None:
        return ""
    if composed and span.file is not None:
        return words("line_of", lang, line=span.line, file=span.file)
    return words("line", lang, line=span.line)


def because(outcome: Outcome, lang: str) -> str:
    """The leaves that made a condition what it was: `linkCount(self, 'verified_by') == 0 was true: 0 == 0`."""
    return "; ".join(_leaf(leaf.text, leaf.outcome, leaf.note or leaf.seen, lang) for leaf in outcome.leaves)


def _leaf(text: str, outcome: bool | None, seen: str, lang: str) -> str:
    key = "undecided" if outcome is None else "true" if outcome else "false"
    said = words(key, lang, text=text)
    return f"{said}: {seen}" if seen and seen != text else said
