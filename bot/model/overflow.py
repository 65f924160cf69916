"""Tells from a provider's words that a prompt is over the model's window, and how wide that is."""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass

_CODES = frozenset({"context_length_exceeded", "exceed_context_size_error", "context_too_long"})

_NUMBER = r"(?P<limit>\d[\d,_]*)"
_PHRASES = tuple(
    re.compile(pattern, re.IGNORECASE | re.DOTALL)
    for pattern in (
        rf"maximum context length (?:is|of) (?:only )?{_NUMBER}",
        rf"context length (?:is|of) (?:only )?{_NUMBER}",
        rf"longer than the maximum model length of {_NUMBER}",
        rf"maximum (?:model|prompt|input|sequence) length (?:is|of) {_NUMBER}",
        rf"context (?:size|window|length) ?(?:of|is|:|\() ?{_NUMBER}",
        rf"\bn_ctx\b\D{{0,5}}{_NUMBER}",
        rf"input token count.{{0,40}}exceeds.{{0,60}}?{_NUMBER}",
        rf"prompt is too long: \d+ tokens > {_NUMBER}",
        r"input token count.{0,40}exceeds",
        r"(?:greater|longer|larger) than the (?:maximum )?context (?:length|window|size)",
        r"exceed\w*(?: the| its| this)?(?: model'?s?)?(?: available| maximum)? "
        r"context (?:length|window|size)",
        r"context (?:length|window|size) (?:was |has been |is )?exceeded",
        r"(?:prompt|input|request) (?:is )?too (?:long|large)",
        r"too many (?:input |prompt )?tokens",
    )
)
_RATE_WORDS = re.compile(r"rate limit|too many requests|throttl", re.IGNORECASE)
_SINGLE_REQUEST = re.compile(r"request too large\b.*?limit:? (?P<limit>\d+)", re.I | re.DOTALL)
"""One request over the whole allowance of a minute: no waiting makes it fit."""


@dataclass(frozen=True, slots=True)
class Window:
    """A window that was exceeded; `limit` in tokens when the provider named it."""

    limit: int | None = None


def exceeded_window(status: int | None, names: Set[str], message: str) -> Window | None:
    """The window that a fault says was exceeded, None when it says something else.

    Args:
        status: HTTP status, None inside a stream.
        names: Code and type of the error, in lower case.
        message: The provider's words.
    """
    if match := _SINGLE_REQUEST.search(message):
        return Window(int(match["limit"]))
    if names & _CODES:
        return Window(_limit_in(message))
    if status in (401, 403, 404, 429) or _RATE_WORDS.search(message):
        return None
    if status == 413 or any(phrase.search(message) for phrase in _PHRASES):
        return Window(_limit_in(message))
    return None


def _limit_in(message: str) -> int | None:
    for phrase in _PHRASES:
        match = phrase.search(message)
        if match is not None and "limit" in phrase.groupindex:
            digits = re.sub(r"\D", "", match["limit"])
            return int(digits) or None
    return None
