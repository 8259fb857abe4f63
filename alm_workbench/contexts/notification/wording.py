"""What a notification says, in English and Turkish."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

Texts = Mapping[str, str]
LANGUAGES = ("en", "tr")

TEXTS: Mapping[str, tuple[str, str]] = {
    "mention": ("{actor} mentioned you at {key}", "{actor}, {key} öğesinde sizden söz etti"),
    "comment": ("{actor} commented on {key}", "{actor}, {key} öğesine yorum yazdı"),
    "attach": ("{actor} attached {name} to {key}", "{actor}, {key} öğesine {name} dosyasını ekledi"),
    "assigned": ("{actor} gave you {key}", "{actor}, {key} öğesini size verdi"),
    "unassigned": ("{actor} took {key} from you", "{actor}, {key} öğesini sizden aldı"),
    "transition": ("{actor} moved {key} to {to}", "{actor}, {key} öğesini {to} durumuna getirdi"),
    "soft_delete": ("{actor} put {key} into the bin", "{actor}, {key} öğesini çöp kutusuna attı"),
    "restore": ("{actor} took {key} out of the bin", "{actor}, {key} öğesini çöp kutusundan çıkardı"),
    "approval": ("{actor} asks for your approval of {key}", "{actor}, {key} için onayınızı istiyor"),
    "approved": ("{actor} approved {key}", "{actor}, {key} öğesini onayladı"),
    "rejected": ("{actor} did not approve {key}", "{actor}, {key} öğesini onaylamadı"),
    "moved": ("{actor} moved {key}", "{actor}, {key} öğesini ilerletti"),
    "other": ("something happened to {key}: {kind}", "{key} öğesinde bir şey oldu: {kind}"),
}
PLACE = re.compile(r"\{(actor|key)\}")
SOMEBODY = ("somebody", "birisi")
AN_ITEM = ("an item", "bir öğe")


def text_of(kind: str, actor: str | None, key: str | None, params: Mapping[str, Any]) -> Texts:
    """The sentence of a notification by language; a process' own words (``message``) go before ours.

    ``{key}`` and ``{actor}`` in a process' own words stand for the item and for whoever did it.
    """
    said = params.get("message")
    out = {}
    for number, lang in enumerate(LANGUAGES):
        if isinstance(said, Mapping) and said:
            words = str(said.get(lang) or said.get("en") or next(iter(said.values())))
            out[lang] = filled(words, number, actor, key)
        elif isinstance(said, str) and said:
            out[lang] = filled(said, number, actor, key)
        else:
            known = TEXTS["moved"] if kind == "transition" and not params.get("to") else TEXTS.get(kind, TEXTS["other"])
            out[lang] = known[number].format(
                actor=actor or SOMEBODY[number],
                key=key or AN_ITEM[number],
                to=params.get("to", ""),
                name=params.get("name") or "",
                kind=kind,
            )
    return out


def filled(words: str, number: int, actor: str | None, key: str | None) -> str:
    """A process' own words with what they stand for; any other braces stay, since nobody checks them for us."""
    known = {"actor": actor or SOMEBODY[number], "key": key or AN_ITEM[number]}
    return PLACE.sub(lambda found: known[found[1]], words)
