"""Replies with entries and buttons, and windows, as Slack shows them and reads them back. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from adapters.slack.commands import blocks, plain
from adapters.slack.mrkdwn import sections
from adapters.slack.render import fallback
from adapters.slack.translate import id_in, position_of, text_in
from adapters.slack.values import Own, fields, objects
from bot.chat import CommandReply
from bot.panels import Button, Pressed, Style, Window, read, written

PANEL, OPENS = "panel", "opens"
"""What the action ids of these buttons begin with; the second opens a window."""

WINDOW = "bobbin_window"
"""The window that such a button opens."""

STYLES: Mapping[Style, str] = {Style.MAIN: "primary", Style.DANGER: "danger"}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something was pressed, as Slack tells it.

    Attributes:
        user: Who did it.
        elsewhere: That user belongs to another workspace.
        channel: Where the message is; empty on the Home tab.
        root: Its thread's first message, empty outside a thread.
        private: Nobody else sees the message.
        url: The response_url; empty on the Home tab.
    """

    user: str
    elsewhere: bool = False
    channel: str = ""
    root: str = ""
    private: bool = True
    url: str = ""

    @property
    def home(self) -> bool:
        """It was pressed on the Home tab."""
        return not self.channel


@dataclass(frozen=True, slots=True)
class Used:
    """A button as it was used; `at` tells one click from another, `trigger` opens a window."""

    pressed: Pressed
    opens: bool
    origin: Origin
    at: str
    trigger: str


def below(reply: CommandReply) -> list[dict[str, Any]]:
    """The blocks under the text of a message: entries with their buttons, and those of it all."""
    shown: list[dict[str, Any]] = []
    for entry in reply.entries:
        shown += [*blocks(entry.text), *row_of(entry.buttons, len(shown))]
    return [*shown, *row_of(reply.buttons, len(shown))]


def message(reply: CommandReply) -> dict[str, Any]:
    """A whole reply as a message says it."""
    return {
        "text": fallback(reply.text) or "…",
        "blocks": [*(blocks(reply.text) if reply.text else []), *below(reply)],
    }


def in_view(reply: CommandReply, most: int, first: int = 0) -> list[dict[str, Any]]:
    """The same for windows and the Home tab, which take sections only, `most` of them a text.

    `first` tells the rows of several replies in one view apart.
    """
    shown: list[dict[str, Any]] = sections(reply.text, most)
    for entry in reply.entries:
        shown += [*sections(entry.text, most), *row_of(entry.buttons, first + len(shown))]
    return [*shown, *row_of(reply.buttons, first + len(shown))]


def row_of(buttons: Sequence[Button], place: int) -> list[dict[str, Any]]:
    """The block with some buttons, none for none; `place` tells rows of a message apart."""
    if not buttons:
        return []
    elements = [_button(button, f"{place}:{number}") for number, button in enumerate(buttons)]
    return [{"type": "actions", "elements": elements}]


def _button(button: Button, name: str) -> dict[str, Any]:
    kind = OPENS if button.opens else PANEL
    made: dict[str, Any] = {
        "type": "button",
        "action_id": f"{kind}:{name}",
        "text": plain(button.label),
        "value": written(button),
    }
    style = STYLES.get(button.style)
    return made if style is None else {**made, "style": style}


def used(body: Mapping[str, Any], own: Own) -> Used:
    """What a `block_actions` payload tells of a button.

    Where it was comes from what Slack says of the message, never from the button.

    Raises:
        KeyError, TypeError, ValueError: The payload is malformed.
    """
    action = next(iter(objects(body["actions"])), fields(None))
    kind = text_in(action, "action_id").partition(":")[0]
    container, user = fields(body["container"]), fields(body["user"])
    at = text_in(action, "action_ts")
    position_of(at)
    team: object = user.get("team_id")
    elsewhere = bool(team) and team != own.team and not own.enterprise
    origin = Origin(id_in(user, "id"), elsewhere)
    if container.get("type") != "view":
        channel = id_in(container, "channel_id")
        root: object = container.get("thread_ts")
        if root is not None:
            position_of(text_in(container, "thread_ts"))
        origin = Origin(
            origin.user,
            elsewhere,
            channel,
            str(root or ""),
            private=container.get("is_ephemeral") is True or channel.startswith("D"),
            url=text_in(body, "response_url"),
        )
    pressed = read(text_in(action, "value"))
    return Used(pressed, kind == OPENS, origin, at, text_in(body, "trigger_id"))


def answer(origin: Origin, reply: CommandReply) -> dict[str, Any]:
    """What is sent to the response_url. What others see is changed only by what they may see."""
    replaces = reply.replaces and (reply.harmless or origin.private)
    where = {"thread_ts": origin.root} if origin.root and not replaces else {}
    shown = {"response_type": "ephemeral", "replace_original": replaces}
    return {**shown, **where, **message(reply)}


def view_of(window: Window, origin: Origin) -> dict[str, Any]:
    """A window; where it came from goes along in it, where people can't change it."""
    return {
        "type": "modal",
        "callback_id": WINDOW,
        "title": plain(window.title),
        "submit": plain(window.submit),
        "close": plain("Cancel"),
        "private_metadata": json.dumps({"about": written(window), **asdict(origin)}),
        "blocks": [
            {
                "type": "input",
                "block_id": field.name,
                "optional": not field.required,
                "label": plain(field.label),
                "element": {
                    "type": "plain_text_input",
                    "action_id": field.name,
                    "multiline": field.long,
                    "max_length": field.most,
                    **({"initial_value": field.text} if field.text else {}),
                },
            }
            for field in window.fields
        ],
    }


def sent(view: Mapping[str, Any]) -> tuple[Pressed, Origin, Mapping[str, str]]:
    """What a window that was sent off is about, where it came from, and what was written into it.

    Raises:
        KeyError, TypeError, ValueError: It is not one of ours.
    """
    told = dict(fields(json.loads(text_in(view, "private_metadata"))))
    about = str(told.pop("about"))
    given = fields(fields(view.get("state")).get("values"))
    wrote = {
        name: str(fields(fields(inner).get(name)).get("value") or "")
        for name, inner in given.items()
    }
    return read(about), Origin(**told), wrote
