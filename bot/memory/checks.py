"""What may be remembered and in which form: lengths, tags, times, and no secrets. Pure."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from dataclasses import replace

from bot.memories import LONGEST_CONTENT, LONGEST_TAG, MOST_TAGS, MemoryText

LONGEST_SUBJECT = 100

EARLIEST, LATEST = -62_135_596_800, 253_402_300_799
"""The years 1 to 9999, in seconds since the epoch."""

NOTHING = "There is nothing in it to remember."
TOO_LONG = f"That is too long to remember at once: {LONGEST_CONTENT:,} characters at most."
TOO_MANY_TAGS = f"That is too many tags: {MOST_TAGS} at most."
LONG_TAG = f"A tag may have {LONGEST_TAG} characters at most."
ODD_TAG = "A tag can't have commas in it."
LONG_SUBJECT = f"What it is about may have {LONGEST_SUBJECT} characters at most."
ODD_SIGNS = "There are signs in it that can't be shown. Please type it anew."
ODD_TIME = "That is not a time I can note."
OVER = "The time until which it should be remembered is over already."
SECRET = (
    "That looks like a password, a key or a token, so I did not keep it. Such things belong into a "
    "password manager."
)

_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_BREAKS = re.compile("\r\n|[\r\u0085\u2028\u2029\v\f]")
_BLANKS = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r" ?\n ?(?:\n ?)+")

_KEYS = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bnpm_\w{20,}|\bpypi-[\w-]{16,}"
    r"|\bx(?:ox[a-z]|app)(?:\.xox[a-z])?-[\w-]{10,}"
    r"|\b(?:sk|pk|rk|key)-[\w-]{16,}|\b(?:sk|pk|rk|whsec)_(?:live_|test_)?\w{16,}"
    r"|\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}|\bhf_\w{20,}|\bbob_[\w-]{30,}"
    r"|\bAGE-SECRET-KEY-1\w{20,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bAccountKey=[\w+/]{40,}"
    r"|\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"
    r"|\b[\w-]{23,30}\.[\w-]{5,8}\.[\w-]{25,}"
    r"|\b[a-z][a-z0-9+.-]{1,20}://[^\s/@:'\"<>]*:[^\s/@'\"<>]+@"
    r"|/(?:webhooks|interactions)/\d+/[\w.-]{20,}"
    r"|\bhooks\.slack\.com/\w+/[TE]\w+/",
)
_BEARER = re.compile(r"\b(?:bearer|basic)\s+([\w.~+/=-]{16,})", re.IGNORECASE)
_FOR = r"(?P<for>(?:[^\S\n]+[^\s:=：]{1,20}){0,5}?)"
"""What it opens: some words between the name of a secret and the secret."""

_PASSWORD = re.compile(
    r"(?:pass(?:word|wd|code|phrase)?|pwd?|\bpin|passwort|kennwort|mot de passe|contraseña|senha|"
    r"пароль|密码|パスワード)s?"
    + _FOR
    + r"(?P<sign>\s*(?:[=:：]|->|→)\s*|\s+(?:is|ist|lautet|est|es)\s+)"
    r"[`'\"“]?(?P<value>[^\s`'\"”]{3,})(?P<rest>.*)",
    re.IGNORECASE,
)
_CARD = re.compile(r"\b(?:\d{4}[ -]){3}\d{4}\b")
_NAMED = re.compile(
    r"(?:secret|token|(?:api|access|private|signing|encryption)[ _-]?key|credential)s?\b"
    + _FOR
    + r"\s*(?:[=:：]|->|→|\bis\b)\s*[`'\"“]?(?P<value>[^\s`'\"”]{8,})",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://|[^@\s]+\.(?:com|org|net|io|dev)\b", re.IGNORECASE)


def normalised(text: MemoryText) -> MemoryText:
    """The same in the form it is kept in.

    Blanks are put in order, signs that turn the direction of writing are taken out; tags become
    lower case, without "#", with "-" for blanks, each once.
    """
    tags = (_BLANKS.sub("-", _plain(tag).strip().lstrip("#").strip().lower()) for tag in text.tags)
    return replace(
        text,
        content=_plain(text.content),
        tags=tuple(dict.fromkeys(tag for tag in tags if tag)),
        subject=" ".join(_plain(text.subject).split()),
    )


def fault_in(text: MemoryText, now: float) -> str:
    """Why a `normalised` text may not be remembered, as a sentence for people; empty if it may.

    `now` is in seconds since the epoch.
    """
    return _fault_of_form(text) or _fault_of_time(text, now) or _fault_of_meaning(text)


def has_secret(text: str) -> bool:
    """Whether there seems to be a password, a key or a token in a text."""
    if _KEYS.search(text):
        return True
    if any(_is_random(found[1]) for found in _BEARER.finditer(text)):
        return True
    if any(_is_random(found["value"]) for found in _NAMED.finditer(text)):
        return True
    if any(_is_card(found[0]) for found in _CARD.finditer(text)):
        return True
    return any(_is_password(found) for found in _PASSWORD.finditer(text))


def digest_of(content: str) -> str:
    """The same for contents that differ in case, blanks and a full stop only: 32 hex digits."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", content).casefold())
    same = " ".join(folded.split()).rstrip(". ")
    return hashlib.sha256(same.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFC", _BREAKS.sub("\n", _DIRECTIONS.sub("", text)))
    return _EMPTY_LINES.sub("\n\n", _BLANKS.sub(" ", text)).strip()


def _fault_of_form(text: MemoryText) -> str:
    if not text.content:
        return NOTHING
    if len(text.content) > LONGEST_CONTENT:
        return TOO_LONG
    if len(text.tags) > MOST_TAGS:
        return TOO_MANY_TAGS
    if any(len(tag) > LONGEST_TAG for tag in text.tags):
        return LONG_TAG
    if any("," in tag or "\n" in tag for tag in text.tags):
        return ODD_TAG
    if len(text.subject) > LONGEST_SUBJECT:
        return LONG_SUBJECT
    if any(map(_is_odd, "".join((text.content, text.subject, *text.tags)))):
        return ODD_SIGNS
    return ""


def _fault_of_time(text: MemoryText, now: float) -> str:
    for at in (text.event_at, text.expires_at):
        if not math.isfinite(at) or not EARLIEST <= at <= LATEST:
            return ODD_TIME
    if text.expires_at < 0 or 0 < text.expires_at <= now:
        return OVER
    return ""


def _fault_of_meaning(text: MemoryText) -> str:
    whole = "\n".join((text.content, text.subject, *text.tags))
    return SECRET if has_secret(whole) else ""


def _is_odd(sign: str) -> bool:
    """A control character other than a line feed, or half of a character."""
    return sign != "\n" and unicodedata.category(sign) in ("Cc", "Cs")


def _is_random(value: str) -> bool:
    """Looks like made by a machine: letters and digits in one, or long without a word in it."""
    value = value.strip(".,;:!?)(*_<>[]{}")
    if len(value) < 8 or _ADDRESS.match(value):
        return False
    mixed = any(map(str.isdigit, value)) and any(map(str.isalpha, value))
    return mixed and (len(value) >= 12 or not value.replace("-", "").isalnum() or "-" not in value)


def _is_card(number: str) -> bool:
    """The sum of its digits, every second one doubled, is right (ISO/IEC 7812)."""
    digits = [int(sign) for sign in reversed(number) if sign.isdigit()]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_password(found: re.Match[str]) -> bool:
    """A word after "password:", where no sentence goes on; after "is" only one that is no word."""
    value = found["value"].strip(".,;!?)(")
    if len(value) < 3 or _ADDRESS.match(value):
        return False
    is_word = value.isalpha() and (value.islower() or value.istitle())
    if not is_word:
        return True
    named_as_one = not found["sign"].strip().isalpha() and not found["for"]
    return named_as_one and not found["rest"].strip(" .,;!?`'\"”)")
