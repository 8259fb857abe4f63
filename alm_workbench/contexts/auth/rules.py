"""What an account must be like: e-mail address, name, and a password that is hard to guess."""

from __future__ import annotations

import re
from collections.abc import Sequence

from alm_workbench.errors import ErrorItem, InvalidInput

MIN_PASSWORD = 10
MAX_PASSWORD = 1024
MIN_SCORE = 3
MAX_NAME = 200
MAX_EMAIL = 254
INSIDE = frozenset({"local", "localhost", "test", "invalid"})
STAND_IN = ".example"
JUDGED = 72  # zxcvbn looks at no more; whoever types more is not guessed
# It tries every way to read these as letters: many of them in a long password would cost seconds (of one processor)
STAND_FOR_LETTERS = frozenset("4@8({[<3690!1|7$5+2%")
MANY = 8
JUDGED_OF_MANY = 24

TOO_EASY = {
    "own-data": "it is close to your name or e-mail address",
    "common": "it is close to a common password or word",
    "keyboard": "it follows the keys of a keyboard",
    "repeated": "it repeats itself",
    "sequence": "it is a sequence such as abc or 123",
    "date": "it is a date or a year",
    "guessable": "it can be guessed",
}
KINDS = {
    "dictionary": "common",
    "spatial": "keyboard",
    "repeat": "repeated",
    "sequence": "sequence",
    "date": "date",
    "regex": "date",
}
WAY_OUT = "use several unrelated words, or a longer one from a password manager"


def checked_email(text: str) -> str:
    """The address as it is kept: ASCII, lower case; raises ``InvalidInput``. Nothing is asked of the network."""
    from email_validator import EmailNotValidError, validate_email

    typed = text.strip()
    # companies use these inside; the library refuses them, so they are judged with one more label
    inside = typed.rpartition(".")[2].lower() in INSIDE
    try:
        found = validate_email(
            typed + STAND_IN if inside else typed,
            check_deliverability=False,
            globally_deliverable=False,
            allow_smtputf8=False,
        )
    except EmailNotValidError as error:
        message = f"{text[:MAX_EMAIL]!r} is not an e-mail address: {error}"
        raise InvalidInput(message, errors=[ErrorItem("/email", "email", message)]) from None
    kept = (found.ascii_email or found.normalized).lower()
    return kept.removesuffix(STAND_IN) if inside else kept


def looked_up_email(text: str) -> str:
    """The address under which an account would be kept; what is no address finds nothing, in the same time."""
    try:
        return checked_email(text)
    except InvalidInput:
        return text.replace("\x00", "").strip().lower()[:MAX_EMAIL]


def checked_name(text: str, path: str = "/display_name") -> str:
    """A person's name without spaces around it; raises ``InvalidInput``."""
    name = " ".join(text.split())
    if not 0 < len(name) <= MAX_NAME or not name.isprintable():
        message = f"a name has 1 to {MAX_NAME} characters, none of them a control character"
        raise InvalidInput(message, errors=[ErrorItem(path, "name", message)])
    return name


def check_password(password: str, about: Sequence[str], path: str = "/password") -> None:
    """Refuse what is short or easy to guess; ``about`` are words an attacker would try first. Raises ``InvalidInput``."""
    item = password_problem(password, about, path)
    if item is not None:
        raise InvalidInput("This password cannot be used: " + item.message, errors=[item])


def password_problem(password: str, about: Sequence[str], path: str = "/password") -> ErrorItem | None:
    """What is wrong with a password, and what to do; None when it is good."""
    if len(password) < MIN_PASSWORD:
        return ErrorItem(path, "too-short", f"a password has at least {MIN_PASSWORD} characters")
    if len(password) > MAX_PASSWORD:
        return ErrorItem(path, "too-long", f"a password has at most {MAX_PASSWORD} characters")
    from zxcvbn import zxcvbn

    words = [part for text in about for part in (text, *re.findall(r"\w+", text)) if part]
    many = len(STAND_FOR_LETTERS.intersection(password)) > MANY
    judged = zxcvbn(password[: JUDGED_OF_MANY if many else JUDGED], user_inputs=words)
    if judged["score"] >= MIN_SCORE:
        return None
    code = why_guessable(judged["sequence"])
    return ErrorItem(path, code, f"{TOO_EASY[code]}; {WAY_OUT}")


def why_guessable(sequence: Sequence[dict[str, object]]) -> str:
    """The code of the pattern that makes up most of a guessable password."""
    if any(match.get("dictionary_name") == "user_inputs" for match in sequence):
        return "own-data"
    known = [match for match in sequence if match.get("pattern") in KINDS]
    if not known:
        return "guessable"
    longest = max(known, key=lambda match: len(str(match.get("token", ""))))
    return KINDS[str(longest["pattern"])]
