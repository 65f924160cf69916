"""What people keep from the bot, and what they ask it for themselves alone. Pure."""

from __future__ import annotations

import re

_IGNORED = re.compile(r"\s*!ignore\b", re.IGNORECASE)
_ASKED = re.compile(r"\s*[!/]ask\b", re.IGNORECASE)
_QUOTED = re.compile(r"\s*>")


def is_ignored(text: str) -> bool:
    """Whether a message asks not to be read, answered or kept.

    Lines that quote somebody else stand before the author's own words and say nothing of them.
    """
    return _IGNORED.match(_own_words(text)) is not None


def is_kept_out(text: str) -> bool:
    """Whether a message of the past is read by nobody: ignored, or a private question."""
    return is_ignored(text) or _ASKED.match(_own_words(text)) is not None


def _own_words(text: str) -> str:
    """The first line that is not a quotation."""
    lines = text.splitlines()
    return next((line for line in lines if line.strip() and not _QUOTED.match(line)), "")
