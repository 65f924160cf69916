"""Slack's markup: what arrives becomes Markdown, what leaves can notify nobody. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from adapters.slack.values import Names, Wanted
from bot.markdown.cutting import cut_text

MAX_CHARS = 11_000
"""Longest text of one message, in `measure`.

Slack takes 12,000 characters of `markdown_text`, when posting and when editing; the rest is left
for marks that are added to an answer. A lower limit would read no better, because Slack folds
long messages itself, but would cost more of the calls that are short: each further message is a
post, one a second in a channel, and has a last edit of its own.
"""

_TOKEN = re.compile(
    r"<(?:"
    r"@(?P<user>[UWB][A-Z0-9]+)(?:\|(?P<user_label>[^<>]*))?"
    r"|\#(?P<channel>[CGD][A-Z0-9]+)(?:\|(?P<channel_label>[^<>]*))?"
    r"|!(?P<special>[^<>|]+)(?:\|(?P<special_label>[^<>]*))?"
    r"|(?P<url>[a-z][a-z0-9+.-]*:[^<>|\s]+)(?:\|(?P<url_label>[^<>]*))?"
    r")>"
)
_CODE = re.compile(r"(?P<block>```(?P<inner>.*?)```)|`[^`\n]+`", re.DOTALL)
_REST = re.compile(r"^(?:>|&gt;){3}(?!>|&gt;)[ \t]*", re.MULTILINE)
"""Quotes everything that follows."""
_ENTITY = re.compile(r"&(amp|lt|gt);")
_ENTITIES = {"amp": "&", "lt": "<", "gt": ">"}
_BULLET = re.compile(r"^([ \t]*)[•◦▪︎]+[ \t]+", re.MULTILINE)
_BOLD = re.compile(r"(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])")
_STRIKE = re.compile(r"(?<![\w~])~(?=[^\s~])([^~\n]*[^\s~])~(?![\w~])")

_OPEN, _CLOSE, _OWN = "\x02", "\x03", "\x04"
"""Stand around the number of a part that is put aside, and for the bot's own mention."""
_ASIDE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
_MARKS = str.maketrans("", "", _OPEN + _CLOSE + _OWN)


def mentions(text: str, user: str) -> bool:
    """Whether raw text mentions somebody. Code never does: Slack escapes it."""
    return any(match["user"] == user for match in _TOKEN.finditer(text))


def mentioned(text: str) -> Wanted:
    """The ids in raw text that have to be looked up: people, what else has no label."""
    found = list(_TOKEN.finditer(text))
    channels = (m["channel"] for m in found if m["channel"] and not m["channel_label"])
    groups = (_group(m["special"]) for m in found if m["special"] and not m["special_label"])
    return Wanted(
        people=tuple(dict.fromkeys(match["user"] for match in found if match["user"])),
        channels=tuple(dict.fromkeys(channels)),
        groups=tuple(dict.fromkeys(filter(None, groups))),
    )


def readable(text: str, names: Names, own: str = "") -> str:
    """Slack's markup as Markdown; the bot's own mention is taken out.

    Args:
        text: As it came.
        names: What the ids in it are called.
        own: Whose mention to take out; empty for nobody's.
    """
    aside: list[str] = []

    def put_aside(shown: str) -> str:
        aside.append(shown)
        return f"{_OPEN}{len(aside) - 1}{_CLOSE}"

    def code(match: re.Match[str]) -> str:
        if match["block"] is None or "\n" not in match["inner"]:
            return put_aside(_decoded(_TOKEN.sub(_in_code, match[0])))
        before = text[: match.start()].rpartition("\n")[2].strip()
        after = text[match.end() :].partition("\n")[0].strip()
        inner = _decoded(_TOKEN.sub(_in_code, match["inner"]))
        shown = put_aside(f"```\n{inner.removeprefix(chr(10)).removesuffix(chr(10))}\n```")
        return ("\n" if before else "") + shown + ("\n" if after else "")

    def token(match: re.Match[str]) -> str:
        if own and match["user"] == own:
            return _OWN
        return put_aside(_decoded(_shown(match, names)))

    text = _whole_quote(text.translate(_MARKS))
    text = _CODE.sub(code, text)
    text = _TOKEN.sub(token, text)
    text = _BOLD.sub(r"**\1**", text)
    text = _STRIKE.sub(r"~~\1~~", text)
    text = _decoded(_BULLET.sub(r"\1- ", text))
    while _OPEN in text:
        text = _ASIDE.sub(lambda match: aside[int(match[1])], text)
    return _without_own(text)


def _whole_quote(text: str) -> str:
    """Text whose end is one quotation, with the mark on each line."""
    found = next(
        (each for each in _REST.finditer(text) if text.count("```", 0, each.start()) % 2 == 0), None
    )
    if found is None:
        return text
    return text[: found.start()] + quote(text[found.end() :])


def _decoded(text: str) -> str:
    return _ENTITY.sub(lambda match: _ENTITIES[match[1]], text)


def _shown(match: re.Match[str], names: Names) -> str:
    # Names do not come with the text, and must not look like what stands for a part of it.
    if user := match["user"]:
        person = names.people.get(user)
        name = person.name.translate(_MARKS) if person else match["user_label"]
        return f"@{name or user}"
    if channel := match["channel"]:
        name = names.channels.get(channel, "").translate(_MARKS)
        return f"#{match['channel_label'] or name or 'channel'}"
    if special := match["special"]:
        return match["special_label"] or _special(special, names)
    return _link(match["url"], match["url_label"])


def _special(special: str, names: Names) -> str:
    if group := _group(special):
        return f"@{names.groups.get(group, '').translate(_MARKS) or 'group'}"
    word = special.split("^", 1)[0]
    return _moment(special) if word == "date" else f"@{word}"


def _group(special: str) -> str:
    """The user group that is meant, empty for something else."""
    word, _, rest = special.partition("^")
    return rest.split("^", 1)[0] if word == "subteam" else ""


def _moment(special: str) -> str:
    try:
        moment = datetime.fromtimestamp(int(special.split("^")[1]), UTC)
    except (IndexError, OverflowError, OSError, ValueError):
        return "some time"
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def _link(url: str, label: str | None) -> str:
    if label and url.rstrip("/") == f"http://{label.rstrip('/')}":
        # Slack makes a link of whatever ends like a domain, such as "main.py".
        return label
    bare = re.sub(r"^(?:https?://|mailto:|tel:)", "", url)
    if not label or label in (url, bare, url.rstrip("/"), bare.rstrip("/")):
        return bare if url.startswith(("mailto:", "tel:")) else url
    return f"[{label}]({url})"


def _in_code(match: re.Match[str]) -> str:
    """Slack makes links of addresses even in code; there they are what was written."""
    if match["url"]:
        return match["url_label"] or match["url"]
    return match[0]


def _without_own(text: str) -> str:
    first, *rest = text.split(_OWN)
    opened = bool(rest) and not first.strip()
    for part in rest:
        left, right = first.rstrip(" \t"), part.lstrip(" \t")
        parted = (left != first) + (right != part)
        glued = left[-1:].isalnum() and right[:1].isalnum()
        between = " " if parted == 2 or (parted and glued) else ""
        first = left + between + right
    first = first.strip()
    return re.sub(r"^[,:;]\s+", "", first) if opened else first


def quote(text: str) -> str:
    """`text` as a block quote."""
    return "\n".join(f"> {line}" for line in text.splitlines())


_BREAK = "\u200b"
"""A blank of no width: seen as nothing, but what it parts is no token any more."""


def _beginnings(word: str) -> str:
    """A pattern for `word`, or for how much of it fits before the end of the text."""
    return "".join(f"(?:{re.escape(char)}" for char in word) + r"|\Z)" * len(word)


_BROADCASTS = "|".join(
    f"!{_beginnings(word)}" for word in ("channel", "here", "everyone", "group", "subteam^")
)
_NOTIFYING = re.compile(rf"<(?=(?i:{_BROADCASTS})|@\Z|@[UWB](?:[A-Z0-9]|\Z))")


def safe(text: str) -> str:
    """Markdown that notifies nobody, and looks as before.

    Slack reads `<!channel>`, `<@U…>` and their like out of Markdown too. They are broken up
    everywhere, in code as well, where it is not documented that they are left alone; and also
    when they are only begun at the end, because the rest may follow.
    """
    return _NOTIFYING.sub(f"<{_BREAK}", text)


def escaped(text: str) -> str:
    """Plain text for places that take Slack's own markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def measure(text: str) -> int:
    """Length of what is sent for `text`, in UTF-16 code units.

    Slack's limits are said to be in characters; no way of counting characters gives more than
    this one, so a text that passes here passes there.
    """
    return len(safe(text).encode("utf-16-le", "surrogatepass")) // 2


def pieces(text: str, limit: int = MAX_CHARS) -> Sequence[str]:
    """`text` in parts of at most `limit` units, for what commands answer."""
    return cut_text(text, limit, measure)
