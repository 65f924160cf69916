"""Markdown for windows and the Home tab, which take Slack's own markup only. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from adapters.slack.markup import escaped, pieces

LONGEST_SECTION = 3000
MORE = "_…and more, which does not fit here._"
MOST_SECTIONS = 40
_FIRST_TRY = 2400
"""Characters of Markdown in a section; markup makes them more."""

_CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_LANGUAGE = re.compile(r"\A```[\w+#.-]*[ \t]*\n")
_HEADING = re.compile(r"^[ ]{0,3}#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_BULLET = re.compile(r"^([ \t]*)[-*+][ \t]+", re.MULTILINE)
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_ITALIC = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=[^\s*])\*(?![\w*])")
_STRIKE = re.compile(r"~~(?=\S)(.+?)(?<=\S)~~")
_LINK = re.compile(r"\[([^\]\n]+)\]\(((?:https?://|mailto:)[^\s()|]+)\)")
_STRONG = "\x02"
"""Stands for the mark of bold text, which is that of italics in Markdown."""


def mrkdwn(text: str) -> str:
    """Markdown in Slack's own markup; it names and notifies nobody."""
    parts = _CODE.split(text.replace(_STRONG, ""))
    return "".join(_code(part) if odd else _words(part) for odd, part in _numbered(parts))


def _numbered(parts: Sequence[str]) -> Sequence[tuple[bool, str]]:
    return [(bool(number % 2), part) for number, part in enumerate(parts)]


def _code(part: str) -> str:
    return escaped(_LANGUAGE.sub("```\n", part))


def _words(part: str) -> str:
    text = escaped(part)
    text = _BULLET.sub(r"\1• ", text)
    text = _HEADING.sub(_headed, text)
    text = _BOLD.sub(rf"{_STRONG}\2{_STRONG}", text)
    text = _ITALIC.sub(r"_\1_", text)
    text = _STRIKE.sub(r"~\1~", text)
    return _LINK.sub(r"<\2|\1>", text).replace(_STRONG, "*")


def _headed(match: re.Match[str]) -> str:
    words = _BOLD.sub(r"\2", match[1])
    return f"{_STRONG}{words}{_STRONG}"


def sections(text: str, most: int = MOST_SECTIONS) -> list[dict[str, Any]]:
    """Markdown as section blocks; what does not fit is cut, and that is said."""
    limit, made = _FIRST_TRY, [""]
    while True:
        made = [mrkdwn(part) for part in pieces(text, limit)]
        if max(map(len, made), default=0) < LONGEST_SECTION - len(MORE):
            break
        limit //= 2
    if len(made) > most:
        made = [*made[: most - 1], f"{made[most - 1]}\n{MORE}"]
    return [section(part) for part in made if part.strip()]


def section(text: str) -> dict[str, Any]:
    """A block of text in Slack's own markup."""
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
