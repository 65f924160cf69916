"""The engine's commands as Slack offers them. Pure.

Slack takes slash commands in channels only, never in threads, and says nothing of a thread. So
the thread is named by a message link, or chosen from a list.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

from adapters.slack.render import rendered
from bot.chat import ThreadChoice
from bot.command_spec import CommandSpec
from bot.options import positional, read_options

UMBRELLA = "/bobbin"
"""Takes every command as its first word."""
DIRECT = ("/remember", "/memories", "/recall", "/summary", "/forget")
"""Commands that have a name of their own."""
COMMANDS = (UMBRELLA, *DIRECT)
"""What the manifest registers."""

HELP = "help"

PICKER = "choose"
MOST_CHOICES = 100
LONGEST_LABEL = 75
LONGEST_VALUE = 150
LONGEST_ACTION = 255

_LINK = re.compile(
    r"https?://(?P<host>[\w.-]+(?::\d+)?)/archives/(?P<channel>[CGD][A-Z0-9]+)"
    r"/p(?P<seconds>\d{10})(?P<micros>\d{6})(?:\?(?P<query>[^\s<>|]*))?"
)
_TS = re.compile(r"\d{10}\.\d{6}")


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a message. `root` is the first message of its thread."""

    host: str
    channel: str
    root: str


@dataclass(frozen=True, slots=True)
class Typed:
    """A slash command as it was typed.

    Attributes:
        name: The engine's command.
        options: As given.
        link: Which thread is meant.
        unread: A word that means nothing.
        unknown: A word in the place of a command that is none.
    """

    name: str
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    link: Link | None = None
    unread: str = ""
    unknown: str = ""


def message_link(text: str) -> Link | None:
    """The link that `text` is, as people copy it from a message's menu."""
    match = _LINK.fullmatch(text.strip("<>").partition("|")[0])
    if match is None:
        return None
    query = parse_qs(unescape(match["query"] or ""))
    root = query.get("thread_ts", [""])[0]
    if not _TS.fullmatch(root):
        root = f"{match['seconds']}.{match['micros']}"
    return Link(match["host"].casefold(), match["channel"], root)


def typed(command: str, text: str, specs: Sequence[CommandSpec]) -> Typed:
    """Read a slash command.

    Args:
        command: With its slash.
        text: What follows it.
        specs: The engine's commands.
    """
    name = command.removeprefix("/").casefold()
    if command == UMBRELLA:
        first, *rest = text.split(maxsplit=1) or [HELP]
        name, text = first.casefold().lstrip("/!"), "".join(rest)
    spec = next((spec for spec in specs if spec.name == name), None)
    if spec is None:
        return Typed(HELP, unknown=name)
    link: Link | None = None
    if positional(spec) is None:
        # A question may hold links of its own.
        words = text.split()
        links = [found for word in words if (found := message_link(word)) is not None]
        link = links[-1] if links else None
        text = " ".join(word for word in words if message_link(word) is None)
    options, unread = read_options(spec, text)
    return Typed(name, options, link, unread)


def picker_id(name: str, options: Mapping[str, str]) -> str:
    """The action id of a list of conversations: what to call with the one that is chosen.

    Everything needed is in it, so that a list works after a restart. Options that do not fit
    into Slack's 255 characters are left out.
    """
    told = f"{PICKER}:{name}:{urlencode(sorted(options.items()))}"
    return told if len(told) <= LONGEST_ACTION else f"{PICKER}:{name}:"


def read_picker_id(action_id: str) -> tuple[str, dict[str, str]] | None:
    """Command and options from an action id, None when it is not of a list of ours."""
    parts = action_id.split(":", 2)
    if len(parts) != 3 or parts[0] != PICKER or not parts[1]:
        return None
    return parts[1], dict(parse_qsl(parts[2]))


def picker(
    name: str, options: Mapping[str, str], choices: Sequence[ThreadChoice]
) -> dict[str, Any] | None:
    """A block with a list of conversations to choose from; None when there are none to offer."""
    offered = [choice for choice in choices if len(str(choice.thread)) <= LONGEST_VALUE]
    if not offered:
        return None
    return {
        "type": "actions",
        "elements": [
            {
                "type": "static_select",
                "action_id": picker_id(name, options),
                "placeholder": plain("Choose a conversation"),
                "options": [
                    {"text": plain(choice.label), "value": str(choice.thread)}
                    for choice in offered[:MOST_CHOICES]
                ],
            }
        ],
    }


def plain(text: str) -> dict[str, Any]:
    """A short label without markup."""
    text = text.strip() or "(no words)"
    shown = text if len(text) <= LONGEST_LABEL else text[: LONGEST_LABEL - 1] + "…"
    return {"type": "plain_text", "text": shown, "emoji": False}


def blocks(text: str) -> list[dict[str, Any]]:
    """Markdown as blocks, for places that do not take it as it is."""
    return [{"type": "markdown", "text": rendered(text)}]
