"""What may be remembered and in which form: lengths, tags, times, and no secrets. Pure."""

from __future__ import annotations

import hashlib
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from bot.memories import LONGEST_CONTENT, LONGEST_TAG, MOST_TAGS, MemoryText
from bot.memory.passphrases import is_passphrase

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

_UNSEEN = re.compile(
    "[\u00ad\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff"
    "\U000e0000-\U000e007f]"
)
"""Signs that nobody sees: they turn the direction of writing, part words, or hide others."""

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
    r"|\bPIN[^\S\n]+\d{4,8}\b"
    r"|(?<![\w/+=.-])(?=[\w/+]*[a-z])(?=[\w/+]*[A-Z])(?=[\w/+]*\d)[A-Za-z0-9/+]{40}(?![\w/+=.-])"
    r"|/(?:webhooks|interactions)/\d+/[\w.-]{20,}"
    r"|\bhooks\.slack\.com/\w+/[TE]\w+/",
)
_BEARER = re.compile(r"\b(?:bearer|basic)\s+([\w.~+/=-]{16,})", re.IGNORECASE)
FOR = r"(?P<for>(?:[^\S\n]+[^\s:=：]{1,20}){0,5}?)"
"""What it opens: some words between the name of a secret and the secret."""

SIGN = r"(?:\s*(?:[=:：]|->|→)\s*|\s+(?:is|are|ist|sind|lautet|est|es|son)\s+)"
"""What stands between the name of a secret and the secret."""

_PASSWORD = re.compile(
    r"(?P<name>pass(?:word|wd|code| ?phrase)?|pwd?|\bpin|passwort|kennwort|mot de passe|contraseña|"
    r"senha|\bparola|wachtwoord|hasło|heslo|şifre|lösenord|passord|adgangskode|salasana|jelszó|"
    r"mật khẩu|пароль|密码|密碼|パスワード|暗証番号|비밀번호)s?"
    + FOR
    + r"(?P<sign>\s*(?:[=:：]|->|→)\s*|\s+(?:is|ist|lautet|est|es|è|är|er|jest)\s+"
    r"|\s*[は是为為는은]\s*(?=[!-~]))"
    r"(?P<told>[`'\"“]?(?P<value>[^\s`'\"”]{3,})(?P<rest>.*))",
    re.IGNORECASE,
)
_BARE_PASSWORD = re.compile(
    r"\b(?:password|passwort|kennwort|contraseña|pwd)[^\S\n]+[`'\"“]?"
    r"(?P<value>(?=[^\s`'\"”]*\d)(?!\d+[-+]|v?[\d.]+\b)[^\s`'\"”/]{5,})",
    re.IGNORECASE,
)
"""Without a word between: what follows has digits and letters in it."""

_BARE_TOKEN = re.compile(
    r"\b(?:token|secret|key)[^\S\n]+[`'\"“]?(?P<value>[\w-]{16,})", re.IGNORECASE
)
_NEW_PASSWORD = re.compile(
    r"\b(?:chang|set|reset|updat)\w*[^\S\n]+(?:\w+[^\S\n]+){0,4}?"
    r"(?P<name>pass(?:word|code| ?phrase)|pwd|\bpin)"
    r"(?:[^\S\n]+(?:for|of|on|at)(?:[^\S\n]+[\w.-]{1,20}){1,4}?)?[^\S\n]+to[^\S\n]+"
    r"(?P<told>[`'\"“]?(?P<value>[^\s`'\"”]{3,}).*)",
    re.IGNORECASE,
)
"""What it was changed to."""

_PIN = re.compile(r"\d{4,8}")
_QUANTITY = re.compile(r"(?:\d+[-+][a-z]*|v?\d[\d.]*)[.,;!?)]*\Z")
"""So many of something, or a version."""

_METHODS = re.compile(
    r"(?:sha-?\d|md5|argon|pbkdf|[bs]crypt|base64|utf|rfc|level|rule)", re.IGNORECASE
)
"""Ways to keep passwords, which are none."""

_CARD = re.compile(
    r"\b(?:(?:\d{4}[ -]){3}\d{4}|3[47]\d\d[ -]\d{6}[ -]\d{5}"
    r"|(?:4\d{3}|5[1-5]\d\d|2[2-7]\d\d|6011|65\d\d)\d{12}|3[47]\d{13})\b"
)
_BASIC = re.compile(r"\bauthorization:\s*basic\s+[\w+/=]{8,}", re.IGNORECASE)
_VARIABLE = re.compile(
    r"\b(?P<name>[A-Z][A-Z0-9_]{3,80})\s*[=:]\s*[`'\"“]?(?P<value>[^\s`'\"”]{8,})"
)
_SECRET_NAME = re.compile(
    r"(?:^|_)(?:SECRET|TOKEN|KEY|PASS|PASSWD|PASSWORD|CREDENTIALS?)(?:_|$)", re.ASCII
)
_TOLD_OF_ONE = re.compile(
    r"_(?:ID|NAME|FILE|PATH|DIR|URL|URI|HOST|ENDPOINT|ARN|TYPE|KIND|FORMAT|LAYOUT|ALGORITHM|VERSION|"
    r"LENGTH|SIZE|BITS|COUNT|LIMIT|RATE|TTL|EXPIRY|DAYS|HOURS|MINUTES|SECONDS|PREFIX|SUFFIX|HEADER|"
    r"FIELD|COLUMN|INDEX|MAP|BINDINGS?|SCHEMA|STORE|VAULT|PROVIDER|BACKEND|ISSUER|POLICY|ROTATION)$",
    re.ASCII,
)
"""Ends of names that tell of a key or token something which is none."""

_NAMED = re.compile(
    r"(?:secret|token|(?:api|access|private|signing|encryption)[ _-]?key|credential)s?\b"
    + FOR
    + r"\s*(?:[=:：]|->|→|\bis\b)\s*[`'\"“]?(?P<value>[^\s`'\"”]{8,})",
    re.IGNORECASE,
)
_LOGIN = re.compile(
    r"(?:\blog-?ins?|\bcredentials?|\bcreds|zugang(?:sdaten)?|\buser(?:name)?|\banmeldung|"
    r"\bwi-?fi|\bwlan)\b"
    + FOR
    + SIGN
    + r"[`'\"“]?(?P<user>[^\s`'\"”/]{2,})[`'\"”]?[^\S\n]+/[^\S\n]+"
    r"[`'\"“]?(?P<value>[^\s`'\"”/]{4,})",
    re.IGNORECASE,
)
_NO_PASSWORD = re.compile(
    r"(?:oauth|saml|oidc|openid|webauthn|fido|u2f|2fa|mfa|totp|v?[\d.]+$|\S+@\S+\.)", re.IGNORECASE
)
"""Other ways to log in, versions, addresses."""

_OPEN_TO_ALL = re.compile(r"\S+@\S+|(?:admin(?:istrator)?|root|demo|test|guest)", re.IGNORECASE)
"""Names of accounts by which it is clear that a plain word after them is a password."""

_ROLES = re.compile(
    r"(?:user|guest|editor|viewer|member|owner|staff|admin|root|test)s?", re.IGNORECASE
)
_RECOVERY = re.compile(
    r"(?:\b(?:recovery|backup|rescue|2fa|mfa|otp|one-time|verification|wiederherstellungs?|notfall)"
    r"[ -]?codes?|codes? de (?:secours|récupération|respaldo|recuperación))\b"
    + FOR
    + SIGN
    + r"[`'\"“]?(?P<value>[A-Z0-9]{3,}(?:-[A-Z0-9]{3,})*)(?![\w./-])",
    re.IGNORECASE,
)
_SEED = re.compile(
    r"\b(?:seed|recovery|mnemonic) (?:phrase|words)\b"
    + FOR
    + SIGN
    + r"[a-z]{3,8}(?:[ ,]+[a-z]{3,8}){11}",
    re.IGNORECASE,
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_ADDRESS = re.compile(r"https?://|[^@\s]+\.(?:com|org|net|io|dev)\b", re.IGNORECASE)


def normalised(text: MemoryText) -> MemoryText:
    """The same in the form it is kept in.

    Blanks are put in order, signs that nobody sees are taken out; tags become lower case, without
    "#", with "-" for blanks, each once.
    """
    return replace(
        text,
        content=_plain(text.content),
        tags=tags_of(text.tags),
        subject=" ".join(_plain(text.subject).split()),
    )


def tags_of(written: Iterable[str]) -> tuple[str, ...]:
    """Tags as they are kept, each once."""
    plain = (_plain(tag).lstrip("#").strip().casefold() for tag in written)
    tags = (_BLANKS.sub("-", _plain(tag)) for tag in plain)
    return tuple(dict.fromkeys(tag for tag in tags if tag))


def fault_in(text: MemoryText, now: float) -> str:
    """Why a `normalised` text may not be remembered, as a sentence for people; empty if it may.

    `now` is in seconds since the epoch.
    """
    return _fault_of_form(text) or _fault_of_time(text, now) or _fault_of_meaning(text)


def has_secret(text: str) -> bool:
    """Whether there seems to be a password, a key or a token in a text."""
    text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    if _KEYS.search(text) or _BASIC.search(text):
        return True
    if any(_is_secret_variable(found) for found in _VARIABLE.finditer(text)):
        return True
    if any(_is_random(found["value"]) for found in _BARE_TOKEN.finditer(text)):
        return True
    if any(_is_bare_password(found["value"]) for found in _BARE_PASSWORD.finditer(text)):
        return True
    if any(_is_new_password(found) for found in _NEW_PASSWORD.finditer(text)):
        return True
    if any(_is_random(found[1]) for found in _BEARER.finditer(text)):
        return True
    if any(_is_random(found["value"]) for found in _NAMED.finditer(text)):
        return True
    if any(_is_card(found[0]) for found in _CARD.finditer(text)):
        return True
    if any(_is_login(found) for found in _LOGIN.finditer(text)):
        return True
    if _SEED.search(text) or any(_is_code(found["value"]) for found in _RECOVERY.finditer(text)):
        return True
    return any(_is_password(found) for found in _PASSWORD.finditer(text))


def digest_of(content: str) -> str:
    """The same for contents that differ in case, blanks and a full stop only: 32 hex digits."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", content).casefold())
    same = " ".join(folded.split()).rstrip(". ")
    return hashlib.sha256(same.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _plain(text: str) -> str:
    text = unicodedata.normalize("NFC", _BREAKS.sub("\n", _UNSEEN.sub("", text)))
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
    if is_passphrase(found["name"], found["for"], found["told"]):
        return True
    named_as_one = not found["sign"].strip().isalpha() and not found["for"]
    return named_as_one and not found["rest"].strip(" .,;!?`'\"”)")


def _is_secret_variable(found: re.Match[str]) -> bool:
    """Something made by a machine, under a name in capitals that tells what it is."""
    name = found["name"]
    if not _SECRET_NAME.search(name) or _TOLD_OF_ONE.search(name):
        return False
    return _is_random(found["value"])


def _is_bare_password(value: str) -> bool:
    """No version, no day, no other way to log in."""
    value = value.strip(".,;!?)(")
    if len(value) < 4 or _ADDRESS.match(value) or _NO_PASSWORD.match(value):
        return False
    return not (_DAY.fullmatch(value) or _METHODS.match(value))


def _is_new_password(found: re.Match[str]) -> bool:
    """A word with digits and letters in it, or some that are no sentence."""
    value = found["value"]
    if found["name"].casefold() == "pin":
        # It is one of a chip or of a board more often.
        return bool(_PIN.fullmatch(value.strip(".,;!?)(")))
    if _QUANTITY.match(value):
        return False
    if any(map(str.isdigit, value)) and not value.strip(".,;!?)(").isdecimal():
        return _is_bare_password(value)
    return is_passphrase(found["name"], "", found["told"])


def _is_login(found: re.Match[str]) -> bool:
    """Somebody's name and no word after it; a plain word only where the name tells what it is."""
    value = found["value"].strip(".,;!?)(")
    if len(value) < 4 or _ADDRESS.match(value) or _NO_PASSWORD.match(value):
        return False
    if not value.replace("-", "").isalpha():
        return any(map(str.isalpha, value))
    return bool(_OPEN_TO_ALL.fullmatch(found["user"])) and not _ROLES.fullmatch(value)


def _is_code(value: str) -> bool:
    """Looks like one of the codes that stand in for a second factor; no word and no day."""
    if any(map(str.isdigit, value)):
        return len(value) >= 4 and not _DAY.fullmatch(value)
    parts = value.split("-")
    return len(parts) > 2 and len({*map(len, parts)}) == 1
