"""reactions.*."""

from __future__ import annotations

import re
from typing import Any

from tests.simulators.slack_sim.arguments import Method, invalid
from tests.simulators.slack_sim.calls import Call
from tests.simulators.slack_sim.errors import ApiError

_NAME = re.compile(r"[a-z0-9_+'\-]+(::skin-tone-[2-6])?")


def add(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """reactions.add."""
    return _react(call, a, add=True)


def remove(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """reactions.remove."""
    return _react(call, a, add=False)


def _react(call: Call, a: dict[str, Any], *, add: bool) -> dict[str, Any]:
    if not _NAME.fullmatch(a["name"]):
        raise ApiError("invalid_name", violation=f"{a['name']!r} is no emoji name")
    if "channel" not in a or "timestamp" not in a:
        raise invalid("channel and timestamp are needed")
    channel = call.writable(a["channel"])
    message = call.message(channel, a["timestamp"])
    bot = call.workspace.bot
    users = message.reactions.setdefault(a["name"], [])
    if add == (bot.id in users):
        raise ApiError("already_reacted" if add else "no_reaction")
    if add:
        users.append(bot.id)
    else:
        users.remove(bot.id)
    if not users:
        del message.reactions[a["name"]]
    call.state.signal.changed()
    call.emitter.reacted(channel, message, bot, a["name"], added=add)
    return {}


_ARGUMENTS = {"channel": "str", "name": "str!", "timestamp": "ts"}

METHODS = {
    "reactions.add": Method(add, _ARGUMENTS, ("reactions:write",), tier=3),
    "reactions.remove": Method(
        remove,
        {**_ARGUMENTS, "file": "str", "file_comment": "str"},
        ("reactions:write",),
        tier=2,
    ),
}
