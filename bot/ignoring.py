"""What people keep from the bot: a message that begins with `!ignore`. Pure."""

from __future__ import annotations

import re

_IGNORED = re.compile(r"\s*!ignore\b", re.IGNORECASE)
_QUOTED = re.compile(r"\s*>")


def is_ignored(text: str) -> bool:
    """Whether a message asks not to be read, answered or kept.

    Lines that quote somebody else stand before the author's own words and say nothing of them.
    """
    for line in text.splitlines():
        if line.strip() and not _QUOTED.match(line):
            return _IGNORED.match(line) is not None
    return False
