"""Taking secrets out of what is about to be written to the log.

The settings' own secrets are taken out wherever they stand; beside that, whatever looks like a
token, a password or an address that opens something: nobody knows what an SDK puts into an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote, unquote_plus

from bot.redis_url import authority_in
from bot.spec import Variable, VariableKind

MASK = "[…]"

SHORTEST = 5
"""Characters; a shorter secret would take harmless words out, too."""

_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    # user:password@ and everything after "?" in an address.
    (re.compile(r"\b([a-z][a-z0-9+.-]*://)[^\s/@'\"<>]+@", re.IGNORECASE), rf"\1{MASK}@"),
    (re.compile(r"\b([a-z][a-z0-9+.-]*://[^\s?'\"<>]+)\?[^\s'\"<>]*", re.IGNORECASE),
     rf"\1?{MASK}"),
    # The same without a host, as clients that connect to one log it.
    (re.compile(r"(?<=[\w/])\?\w+=[^\s'\"<>]*"), f"?{MASK}"),
    # Discord: webhooks and interactions. Slack: response_urls, incoming webhooks, workflows.
    (re.compile(r"(/(?:webhooks|interactions)/\d+/)[\w.-]+"), rf"\1{MASK}"),
    (re.compile(r"(/(?:commands|actions|services|app|workflows|triggers)/)[TE]\w+/[^\s'\"<>]+"),
     rf"\1{MASK}"),
    # Slack, OpenAI and those like it, Discord, and what goes into an Authorization header.
    (re.compile(r"\bx(?:ox[a-z]|app)(?:\.xox[a-z])?-[\w-]+"), MASK),
    (re.compile(r"\b(?:sk|pk|rk|key)-[\w*.-]{6,}"), MASK),
    (re.compile(r"\b[\w-]{23,30}\.[\w-]{5,8}\.[\w-]{25,}"), MASK),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"), MASK),
    (re.compile(r"\b(Bearer|Bot|Basic)\s+[\w.~+/=-]{16,}"), rf"\1 {MASK}"),
    (re.compile(
        r"\b(password|passwd|secret|token|ticket|api[_-]?key|authorization|signature)"
        r"(['\"]?\s*[=:]\s*)(?!\[…\])(?:'[^']*'|\"[^\"]*\"|[^\s'\",;)}\]]+)",
        re.IGNORECASE,
     ), rf"\1\2{MASK}"),
)  # fmt: skip


class Redactor:
    """Masks secrets in text.

    Args:
        secrets: Values to be taken out as they stand, and as they stand in an address.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        long = {secret for secret in secrets if len(secret) >= SHORTEST}
        forms = sorted(long | {quote(secret, safe="") for secret in long}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, forms))) if forms else None

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        if self._known is not None:
            text = self._known.sub(MASK, text)
        for shape, instead in _SHAPES:
            text = shape.sub(instead, text)
        return text


def secrets_in(values: Mapping[str, str], table: Iterable[Variable]) -> set[str]:
    """The settings' secrets: those that are marked so, and passwords within addresses."""
    found: set[str] = set()
    for variable in table:
        value = values.get(variable.name)
        if value is None:
            continue
        if variable.kind is VariableKind.SECRET:
            found |= {value, *_parts(value)}
        elif variable.kind in (VariableKind.URL, VariableKind.REDIS_URL):
            found |= _passwords(value)
    return found


def _parts(value: str) -> Iterable[str]:
    """Each of several keys, and what stands for the name of a header."""
    for part in value.split(","):
        yield from filter(None, (part.strip(), part.partition("=")[2].strip()))


def _passwords(address: str) -> set[str]:
    """As they are written, and as they are meant."""
    query = address.partition("?")[2].partition("#")[0]
    options = [option.partition("=") for option in query.split("&")]
    hidden = {value for name, _, value in options if unquote_plus(name) == "sentinel_password"}
    found = hidden | {unquote_plus(value) for value in hidden}
    password = authority_in(address).rpartition("@")[0].partition(":")[2]
    if password:
        found |= {password, unquote(password)}
    return found
