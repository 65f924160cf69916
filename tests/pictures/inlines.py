"""Marks within a line, as Discord, Slack's Markdown and Slack's own markup read them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tests.pictures.shown import Run, Runs

EMOJI = {
    "+1": "👍",
    "-1": "👎",
    "eyes": "👀",
    "heart": "❤️",
    "tada": "🎉",
    "thumbsdown": "👎",
    "thumbsup": "👍",
    "white_check_mark": "✅",
}
"""Slack's names of the few that the scenes use."""

_TOKENS = (
    r"\\(?P<escaped>[\\`*_~|>#\[\]()!.+-])"
    r"|(?P<ticks>`+)(?!`)(?P<code>.+?)(?<!`)(?P=ticks)(?!`)"
    r"|<(?P<kind>[@#][!&]?)(?P<id>\w+)(?:\|(?P<name>[^<>]*))?>"
    r"|<(?P<url>(?:https?://|mailto:)[^<>|\s]+)(?:\|(?P<label>[^<>\n]*))?>"
    r"|:(?P<emoji>[a-z0-9_+-]+):"
    r"|(?P<bare>https?://[^\s<>()]+[^\s<>().,;:!?])"
)
_MARKDOWN = (
    r"|\[(?P<words>[^\[\]\n]+)\]\(<?(?P<target>[^()\s<>]+)>?\)"
    r"|\*\*(?P<bold>(?=\S).+?(?<=\S))\*\*(?!\*)"
    r"|\*(?P<italic>(?=[^\s*]).+?(?<=[^\s*]))\*(?!\*)"
    r"|(?<![\w_])__(?P<strong>(?=\S).+?(?<=\S))__(?!\w)"
    r"|(?<![\w_])_(?P<slanted>(?=[^\s_]).+?(?<=[^\s_]))_(?!\w)"
    r"|~~(?P<struck>(?=\S).+?(?<=\S))~~"
)
_MRKDWN = (
    r"|(?<!\w)\*(?P<bold>(?=[^\s*])[^*\n]+?(?<=[^\s*]))\*(?!\w)"
    r"|(?<!\w)_(?P<italic>(?=[^\s_])[^_\n]+?(?<=[^\s_]))_(?!\w)"
    r"|(?<!\w)~(?P<struck>(?=[^\s~])[^~\n]+?(?<=[^\s~]))~(?!\w)"
)

Names = Callable[[str, str], str]
"""What a mention is called: takes "@" or "#" and an id."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a platform reads text.

    Attributes:
        inline: The marks within a line.
        headings: The deepest level of headings, 0 for none.
        tables: Whether lines of pipes are a table.
        small: Whether "-# " begins a line of small print.
        coloured: Whether code in a known language is coloured.
        entities: Whether ``&lt;`` and its like stand for a sign.
    """

    inline: re.Pattern[str]
    headings: int
    tables: bool
    small: bool = False
    coloured: bool = False
    entities: bool = False


DISCORD = Dialect(
    re.compile(_TOKENS + _MARKDOWN, re.DOTALL), headings=3, tables=False, small=True, coloured=True
)
MARKDOWN = Dialect(re.compile(_TOKENS + _MARKDOWN, re.DOTALL), headings=6, tables=True)
"""What Slack takes as ``markdown_text`` and in markdown blocks."""
MRKDWN = Dialect(re.compile(_TOKENS + _MRKDWN), headings=0, tables=False, entities=True)
"""What people's messages and section blocks of Slack are written in."""


def runs(text: str, dialect: Dialect, names: Names) -> Runs:
    """The words of a text in their styles."""
    return _joined(_runs(text, Run(""), dialect, names))


def _runs(text: str, base: Run, dialect: Dialect, names: Names) -> Iterator[Run]:
    at = 0
    for found in dialect.inline.finditer(text):
        yield replace(base, text=_plain(text[at : found.start()], dialect))
        yield from _marked(found, base, dialect, names)
        at = found.end()
    yield replace(base, text=_plain(text[at:], dialect))


def _marked(found: re.Match[str], base: Run, dialect: Dialect, names: Names) -> Iterator[Run]:
    parts = {name: part for name, part in found.groupdict().items() if part is not None}
    if code := parts.get("code"):
        padded = code.startswith(" ") and code.endswith(" ") and code.strip()
        yield replace(base, text=_plain(code[1:-1] if padded else code, dialect), code=True)
    elif kind := parts.get("kind"):
        sign = kind[0]
        name = parts.get("name") or names(sign, parts["id"])
        yield replace(base, text=sign + name, hue="mention")
    elif address := parts.get("url") or parts.get("bare"):
        yield replace(base, text=parts.get("label") or address, hue="link")
    elif words := parts.get("words"):
        yield from _runs(words, replace(base, hue="link"), dialect, names)
    elif emoji := parts.get("emoji"):
        yield replace(base, text=EMOJI.get(emoji, f":{emoji}:"))
    elif escaped := parts.get("escaped"):
        yield replace(base, text=escaped)
    else:
        yield from _styled(parts, base, dialect, names)


def _styled(parts: dict[str, str], base: Run, dialect: Dialect, names: Names) -> Iterator[Run]:
    for group, style in (
        ("bold", replace(base, bold=True)),
        ("strong", replace(base, bold=True)),
        ("italic", replace(base, italic=True)),
        ("slanted", replace(base, italic=True)),
        ("struck", replace(base, struck=True)),
    ):
        if group in parts:
            yield from _runs(parts[group], style, dialect, names)


def _plain(text: str, dialect: Dialect) -> str:
    return html.unescape(text) if dialect.entities else text


def _joined(found: Iterator[Run]) -> Runs:
    """Neighbours in the same style as one; without empty ones."""
    joined: list[Run] = []
    for run in found:
        if joined and run == replace(joined[-1], text=run.text):
            joined[-1] = replace(run, text=joined[-1].text + run.text)
        elif run.text:
            joined.append(run)
    return tuple(joined)
