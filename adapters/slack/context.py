"""What Slack says somebody has open beside a direct message: a hint, and no more. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from adapters.slack.values import Own, fields, objects

_CHANNEL = "slack#/types/channel_id"
_MESSAGE = "slack#/types/message_context"

HINT = "(Slack says that #{name} is open beside this conversation; that may mean nothing.)"
"""Labelled, so that nobody takes it for the writer's own words."""

_COMMAND_MARKS = ("!", "/")


def looking_at(event: Mapping[str, Any], own: Own) -> str:
    """The channel of our workspace that comes first in a message's context, empty for none."""
    context = fields(event.get("app_context")) or fields(event.get("context"))
    return next(_channels(context, own), "")


def _channels(context: Mapping[str, Any], own: Own) -> Iterator[str]:
    for entity in objects(context.get("entities")):
        value: object = entity.get("value")
        if entity.get("type") == _MESSAGE:
            value = fields(value).get("channel_id")
        elif entity.get("type") != _CHANNEL:
            continue
        foreign = entity.get("team_id") not in (None, own.team)
        if isinstance(value, str) and value[:1] in "CG" and value.isalnum() and not foreign:
            yield value


def hinted(text: str, name: str) -> str:
    """`text` with the hint below it; as it was, when it is a command or the name is not known.

    The name is only known of channels that the bot itself can see.
    """
    if not name or not text.strip() or text.lstrip().startswith(_COMMAND_MARKS):
        return text
    return f"{text}\n\n{HINT.format(name=name)}"
