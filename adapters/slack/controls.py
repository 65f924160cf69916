"""The controls under an answer: blocks of buttons, and what using one tells. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from adapters.slack.commands import blocks
from adapters.slack.panels import row_of
from adapters.slack.render import fallback
from adapters.slack.translate import id_in, position_of, text_in
from adapters.slack.values import PLATFORM, Own, fields, objects
from bot.chat import Author, MessageRef, Press, ThreadKey
from bot.controls import PLAIN, Action, Presentation

CONTROL = "control"
"""What the action ids of controls begin with."""

RATING = f"{CONTROL}:rating"

BUTTONS: Mapping[Action, tuple[str, str | None]] = {
    Action.STOP: ("Stop", "danger"),
    Action.CONTINUE: ("Continue", "primary"),
    Action.REGENERATE: ("Regenerate", None),
}
"""Label and style of those that are buttons; people on phones see about three short words."""

RATINGS: Mapping[Action, tuple[str, str]] = {
    Action.GOOD: ("Good", "This answer helped"),
    Action.BAD: ("Bad", "This answer did not help"),
}
"""Label of the thumbs and what screen readers say."""

_VALUE = re.compile(r"(?P<action>[a-z]+):(?P<turn>[a-z0-9]{1,40})")


class Able(IntEnum):
    """What Slack takes under an answer."""

    WORDS = 0
    BUTTONS = 1
    THUMBS = 2


def shown(
    text: str,
    look: Presentation,
    render: Callable[[str], str],
    *,
    anew: bool = False,
    able: Able = Able.THUMBS,
) -> dict[str, Any]:
    """What a call that writes a message says: the text, with its controls where there are any.

    Blocks and `markdown_text` exclude each other. With blocks the text is what notifications and
    screen readers get.

    Args:
        text: The whole of it, as it was written.
        look: What goes with it.
        render: Gives what is sent for a text.
        anew: It takes the place of another, whose blocks stay unless there are new ones.
        able: What Slack takes.
    """
    if able is Able.WORDS or (look == PLAIN and not anew):
        return {"markdown_text": render(text)}
    block = {"type": "markdown", "text": render(text)}
    return {"text": fallback(text), "blocks": [block, *controls(look, able)]}


def controls(look: Presentation, able: Able = Able.THUMBS) -> list[dict[str, Any]]:
    """The blocks with the controls of a message, in one row for buttons and one for thumbs."""
    buttons = [_button(action, look.turn) for action in look.actions if action in BUTTONS]
    rows: list[dict[str, Any]] = []
    if buttons:
        rows.append({"type": "actions", "elements": buttons})
    if able is Able.THUMBS and all(action in look.actions for action in RATINGS):
        rows.append({"type": "context_actions", "elements": [_thumbs(look.turn)]})
    return [*rows, *row_of(look.buttons, len(rows))]


def _button(action: Action, turn: str) -> dict[str, Any]:
    label, style = BUTTONS[action]
    button: dict[str, Any] = {
        "type": "button",
        "action_id": f"{CONTROL}:{action}",
        "text": _plain(label),
        "value": f"{action}:{turn}",
    }
    return button if style is None else {**button, "style": style}


def _thumbs(turn: str) -> dict[str, Any]:
    good, bad = (
        {"text": _plain(label), "accessibility_label": said, "value": f"{action}:{turn}"}
        for action, (label, said) in RATINGS.items()
    )
    return {
        "type": "feedback_buttons",
        "action_id": RATING,
        "positive_button": good,
        "negative_button": bad,
    }


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": True}


@dataclass(frozen=True, slots=True)
class Used:
    """A control as it was used.

    Attributes:
        action: What for.
        turn: As in `Press`.
        user: Who did it.
        elsewhere: That user belongs to another workspace.
        channel: Where the message is.
        message: Its time stamp.
        root: That of its thread's first message.
        at: Time stamp of the click.
        url: The response_url.
    """

    action: Action
    turn: str
    user: str
    elsewhere: bool
    channel: str
    message: str
    root: str
    at: str
    url: str


def used(body: Mapping[str, Any], own: Own) -> Used | None:
    """What a `block_actions` payload tells of a control; None for an action that is none.

    Where it was comes from what Slack says of the message, never from the control.

    Raises:
        KeyError, TypeError, ValueError: The payload is malformed.
    """
    action = next(iter(objects(body["actions"])), fields(None))
    if not text_in(action, "action_id").startswith(f"{CONTROL}:"):
        return None
    found = _VALUE.fullmatch(text_in(action, "value"))
    if found is None or found["action"] not in set(Action):
        raise ValueError("a control says something unknown")
    container, user = fields(body["container"]), fields(body["user"])
    message = text_in(container, "message_ts")
    root: object = container.get("thread_ts") or fields(body.get("message")).get("thread_ts")
    at = text_in(action, "action_ts")
    for stamp in (message, at):
        position_of(stamp)
    if root is not None:
        position_of(text_in({"root": root}, "root"))
    team: object = user.get("team_id")
    return Used(
        action=Action(found["action"]),
        turn=found["turn"],
        user=id_in(user, "id"),
        elsewhere=bool(team) and team != own.team and not own.enterprise,
        channel=id_in(container, "channel_id"),
        message=message,
        root=str(root or message),
        at=at,
        url=text_in(body, "response_url"),
    )


def press_of(control: Used, author: Author, own: Own, *, shared: bool) -> Press:
    """The press for the engine; `shared` as in `Press`."""
    return Press(
        event_id=f"{own.team}:{control.channel}:{control.message}:{control.user}:{control.at}",
        action=control.action,
        turn=control.turn,
        author=author,
        thread=ThreadKey(PLATFORM, own.team, control.channel, control.root),
        ref=MessageRef(control.channel, control.message, own.team),
        position=position_of(control.at),
        at=float(control.at),
        direct=control.channel.startswith("D"),
        shared=shared,
    )


def answer_to(control: Used, text: str) -> dict[str, Any]:
    """What is sent to the response_url: seen by whoever used the control, in the same thread."""
    return {
        "response_type": "ephemeral",
        "replace_original": False,
        "thread_ts": control.root,
        "text": fallback(text),
        "blocks": blocks(text),
    }
