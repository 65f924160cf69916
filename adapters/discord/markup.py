"""Discord's markup: what arrives is made readable, what leaves is measured and cut."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from adapters.discord.values import Names, Own
from bot.markdown.cutting import cut_text

MAX_CHARS = 1950
"""Discord takes 2000 characters; the rest is left for marks that are added to an answer."""

_TOKEN = re.compile(
    r"(?P<code>```.*?```|``.+?``|`[^`\n]+`)"
    r"|<(?:"
    r"@!?(?P<user>\d{1,21})|@&(?P<role>\d{1,21})|#(?P<channel>\d{1,21})"
    r"|a?:(?P<emoji>\w{1,40}):\d{1,21}"
    r"|/(?P<command>[^:<>\n]{1,120}):\d{1,21}"
    r"|t:(?P<time>-?\d{1,12})(?::[tTdDfFsSR])?"
    r"|id:(?P<page>customize|browse|guide|home|linked-roles)(?::\d{1,21})?"
    r")>"
    r"|\|\|(?P<spoiler>(?:[^|]|\|(?!\|)){1,4000}?)\|\|"
    r"|^(?P<small>-#[ \t]+)",
    re.DOTALL | re.MULTILINE,
)
_REST = re.compile(r"^>>>[ \t]+", re.MULTILINE)
"""Quotes everything that follows."""
_PAGES = {
    "customize": "Channels & Roles",
    "browse": "Browse Channels",
    "guide": "Server Guide",
    "home": "Server Guide",
    "linked-roles": "Linked Roles",
}
_OWN = "\0"
"""Stands for the bot's own mention until the blanks around it are settled."""


def readable(text: str, names: Names, own: Own | None = None) -> str:
    """Message content with mentions as names; the bot's own mention is taken out.

    Code keeps its characters: Discord does not read mentions there either.

    Args:
        text: Raw content.
        names: What the ids are called; unknown ones become "@user", "@role", "#channel".
        own: Whose mention to take out; None for nobody's.
    """
    shown = _TOKEN.sub(lambda match: _show(match, names, own), _whole_quote(text.replace(_OWN, "")))
    first, *rest = shown.split(_OWN)
    opened = bool(rest) and not first.strip()
    for part in rest:
        left, right = first.rstrip(" \t"), part.lstrip(" \t")
        between = " " if left != first and right != part else ""
        first = left + between + right
    first = first.strip()
    return re.sub(r"^[,:;]\s+", "", first) if opened else first


def _whole_quote(text: str) -> str:
    """Text whose end is one quotation, with the mark on each line."""
    found = next(
        (each for each in _REST.finditer(text) if text.count("```", 0, each.start()) % 2 == 0), None
    )
    return text if found is None else text[: found.start()] + quote(text[found.end() :])


def mentions(text: str, own: Own) -> bool:
    """Whether raw content itself mentions the bot, by its user or its own role."""
    return any(
        _is_own(match, own) or bool(match["spoiler"] and mentions(match["spoiler"], own))
        for match in _TOKEN.finditer(text)
    )


def _show(match: re.Match[str], names: Names, own: Own | None) -> str:
    if match["code"] is not None:
        return match["code"]
    if match["small"] is not None:
        return ""
    if (hidden := match["spoiler"]) is not None:
        words = _TOKEN.sub(lambda inner: _show(inner, names, own), hidden).strip()
        return f"(spoiler: {words})" if words else match[0]
    if own is not None and _is_own(match, own):
        return _OWN
    return _name(match, names)


def _is_own(match: re.Match[str], own: Own) -> bool:
    return own.user == match["user"] or bool(own.role and own.role == match["role"])


def _name(match: re.Match[str], names: Names) -> str:
    if user := match["user"]:
        return "@" + names.users.get(user, "user")
    if role := match["role"]:
        return "@" + names.roles.get(role, "role")
    if channel := match["channel"]:
        return "#" + names.channels.get(channel, "channel")
    if emoji := match["emoji"]:
        return f":{emoji}:"
    if command := match["command"]:
        return f"/{command}"
    if page := match["page"]:
        return f"#{_PAGES[page]}"
    return _moment(int(match["time"]))


def _moment(seconds: int) -> str:
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return "some time"
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def quote(text: str) -> str:
    """`text` as a block quote."""
    return "\n".join(f"> {line}" for line in text.splitlines())


def measure(text: str) -> int:
    """Length in UTF-16 code units.

    Discord's limit is said to be in characters; no way of counting characters gives more than
    this one, so a text that passes here passes there.
    """
    return len(text) + sum(1 for char in text if char > "\uffff")


def pieces(text: str, limit: int = MAX_CHARS) -> Sequence[str]:
    """`text` in parts of at most `limit` units, for what commands answer."""
    return cut_text(text, limit, measure)
