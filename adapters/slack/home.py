"""The Home tab as one person sees it: their conversations, their use, what is kept. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from adapters.slack.commands import plain
from adapters.slack.markup import escaped
from adapters.slack.modals import HOME, LONGEST_VALUE
from adapters.slack.mrkdwn import section, sections
from adapters.slack.panels import in_view
from adapters.slack.values import Own, fields
from bot.chat import CommandReply, Overview, ThreadChoice, ThreadKey

MENU, REFRESH, FORGET_ALL, HELP, SEARCH, CHANNEL = (
    f"{HOME}:{name}" for name in ("menu", "refresh", "forget_all", "help", "search", "channel")
)
LONGEST_SEARCH = 150
MOST_THREADS = 25
LONGEST_LABEL = 150

HOW = (
    "Mention me in a channel and I answer in a thread; there you need no mention any more. In a "
    "direct message, just write. Nothing that others said to me elsewhere is shown here."
)
NONE = "_You have no conversation with me in this workspace yet._"
KEPT = (
    "Of each conversation: what was said in it, by whom and when, my answers, and a summary of "
    "what is long ago. Of you: what you have had me remember, the accounts you have linked, the "
    "tokens you have made for other programs, and how many tokens you used per day."
)


def home(
    overview: Overview,
    own: Own,
    note: str = "",
    memories: CommandReply | None = None,
    said: CommandReply | None = None,
    channel: CommandReply | None = None,
) -> dict[str, Any]:
    """The view.

    Args:
        overview: What is kept of this person.
        own: Who we are, for links.
        note: Something to say first, in Slack's own markup.
        memories: Shown of memories in the place of their first page.
        said: Found in past conversations.
        channel: How a channel is set up that was chosen.
    """
    memories = memories or overview.memories
    shown = overview.threads[:MOST_THREADS]
    blocks = [
        *([section(note), _divider()] if note else []),
        _header("Your conversations"),
        *([_row(choice, own) for choice in shown] or [section(NONE)]),
        *(_memories(memories, said) if memories is not None else []),
        _divider(),
        _header("What you use"),
        *sections(overview.used, 4),
        _divider(),
        _header("What is kept about you"),
        section(KEPT),
        *sections(overview.settings, 4),
        *([] if memories is None else _channels(channel)),
        _buttons(forgettable=True),
        _divider(),
        _header("How to talk to me"),
        section(HOW),
    ]
    return {"type": "home", "callback_id": HOME, "blocks": blocks}


def _memories(shown: CommandReply, said: CommandReply | None) -> list[dict[str, Any]]:
    found = [_header("What was said"), *in_view(said, 1, 100)] if said is not None else []
    return [
        _divider(),
        _header("What I remember for you"),
        _search_field(),
        *in_view(shown, 1),
        *found,
    ]


def _channels(chosen: CommandReply | None) -> list[dict[str, Any]]:
    element = {
        "type": "conversations_select",
        "action_id": CHANNEL,
        "placeholder": plain("How I am set up in …"),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    shown = in_view(chosen, 3, 200) if chosen is not None else []
    return [{"type": "actions", "elements": [element]}, *shown]


def _search_field() -> dict[str, Any]:
    field = {
        "type": "plain_text_input",
        "action_id": SEARCH,
        "max_length": LONGEST_SEARCH,
        "placeholder": plain("Words or #tags, then Enter"),
        "dispatch_action_config": {"trigger_actions_on": ["on_enter_pressed"]},
    }
    return {
        "type": "input",
        "block_id": SEARCH,
        "dispatch_action": True,
        "optional": True,
        "label": plain("Search what is kept about you"),
        "element": field,
    }


def away(text: str) -> dict[str, Any]:
    """The view while it can't be told what is kept."""
    return {
        "type": "home",
        "callback_id": HOME,
        "blocks": [*sections(text, 2), _buttons(forgettable=False)],
    }


def _row(choice: ThreadChoice, own: Own) -> dict[str, Any]:
    label = choice.label.strip() or "(no words)"
    cut = label if len(label) <= LONGEST_LABEL else label[: LONGEST_LABEL - 1] + "…"
    name, link = escaped(cut.replace("\n", " ")), permalink(choice.thread, own)
    told = section(
        f"<{link}|{name}>\n{_when(choice.at)}" if link else f"{name}\n{_when(choice.at)}"
    )
    key = str(choice.thread)
    menu = {
        "summary": "Sum it up",
        "usage": "What it took",
        "forget": "Forget it …",
    }
    if len(f"summary {key}") > LONGEST_VALUE:
        return told
    options: list[dict[str, Any]] = [
        {"text": plain(text), "value": f"{name} {key}"} for name, text in menu.items()
    ]
    return {**told, "accessory": {"type": "overflow", "action_id": MENU, "options": options}}


def channel_chosen(action: Mapping[str, Any]) -> str:
    """The channel that was chosen, empty for none."""
    return str(action.get("selected_conversation") or "")


def chosen(action: Mapping[str, Any]) -> tuple[str, ThreadKey]:
    """The command and the conversation that were chosen from a row's menu.

    Raises:
        ValueError: None was.
    """
    value = str(fields(action.get("selected_option")).get("value") or "")
    name, _, key = value.partition(" ")
    return name, ThreadKey.parse(key)


def permalink(thread: ThreadKey, own: Own, message: str = "") -> str:
    """Where a conversation can be read, or one message of it; empty when that is not known."""
    stamp = (message or thread.thread).replace(".", "")
    if not own.host or not stamp.isdecimal():
        return ""
    within = "" if message in ("", thread.thread) else f"?thread_ts={thread.thread}"
    return f"https://{own.host}/archives/{thread.channel}/p{stamp}{within}"


def _when(at: float) -> str:
    """In the reader's own time zone; in UTC where that is not known."""
    utc = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at)}^{{date_short_pretty}}, {{time}}|{utc}>"


def _buttons(forgettable: bool) -> dict[str, Any]:
    elements: list[dict[str, Any]] = [
        {"type": "button", "action_id": REFRESH, "text": plain("Refresh")},
        {"type": "button", "action_id": HELP, "text": plain("Help")},
    ]
    if forgettable:
        danger = {"style": "danger", "text": plain("Forget everything …")}
        elements.append({"type": "button", "action_id": FORGET_ALL, **danger})
    return {"type": "actions", "elements": elements}


def _header(text: str) -> dict[str, Any]:
    return {"type": "header", "text": plain(text)}


def _divider() -> dict[str, Any]:
    return {"type": "divider"}
