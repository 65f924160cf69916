"""conversations.*: history, threads, members."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from tests.simulators.slack_sim.arguments import Method, invalid
from tests.simulators.slack_sim.calls import Call, page
from tests.simulators.slack_sim.errors import ApiError
from tests.simulators.slack_sim.events import tombstone_json
from tests.simulators.slack_sim.model import ChannelKind, Message
from tests.simulators.slack_sim.render import channel_json, message_json

RESTRICTED_LIMIT = 15
_KINDS: dict[str, ChannelKind] = {
    "public_channel": "channel",
    "private_channel": "group",
    "im": "im",
    "mpim": "mpim",
}


def replies(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """conversations.replies: the root, then its replies from the oldest on.

    The root comes first whatever ``oldest`` and ``latest`` say, and as a tombstone if it was
    deleted. Called with the ts of a reply, it returns that one message.
    """
    channel = call.readable(a["channel"])
    start = call.state.messages.get((channel.id, a["ts"]))
    if start is None or (start.deleted and not call.state.in_thread(channel.id, start.ts)):
        raise ApiError("thread_not_found")
    if start.is_reply:
        return _answer(call, [start], "", a)
    thread = [m for m in call.state.in_thread(channel.id, start.ts) if m is not start]
    selected = [start, *_in_range(thread, a)]
    messages, cursor = page(selected, a.get("cursor"), _limit(call, a, 1000, 1000))
    if call.repeat_root and messages and messages[0] is not start:
        messages = [start, *messages]
    return _answer(call, messages, cursor, a)


def history(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """conversations.history: what stands in the channel itself, newest first."""
    channel = call.readable(a["channel"])
    shown = [m for m in call.state.in_channel(channel.id) if not m.is_reply or m.broadcast]
    selected = list(reversed(_in_range(shown, a)))
    messages, cursor = page(selected, a.get("cursor"), _limit(call, a, 100, 999))
    return {**_answer(call, messages, cursor, a), "pin_count": 0}


def _in_range(messages: list[Message], a: dict[str, Any]) -> list[Message]:
    oldest, latest = Decimal(a.get("oldest", "0")), Decimal(a.get("latest", "Infinity"))
    inclusive = a.get("inclusive", False)
    if inclusive:
        return [m for m in messages if oldest <= Decimal(m.ts) <= latest]
    return [m for m in messages if oldest < Decimal(m.ts) < latest]


def _limit(call: Call, a: dict[str, Any], default: int, maximum: int) -> int:
    if call.history_limit is not None:
        default = maximum = call.history_limit
    limit = a.get("limit", default)
    if not 1 <= limit <= maximum:
        if call.history_limit is None:
            raise ApiError("invalid_limit", violation=f"limit {limit} is not in 1..{maximum}")
        limit = maximum
    return int(limit)


def _answer(call: Call, messages: list[Message], cursor: str, a: dict[str, Any]) -> dict[str, Any]:
    full = bool(a.get("include_all_metadata"))
    body: dict[str, Any] = {
        "messages": [
            tombstone_json(call.state, m)
            if m.deleted
            else message_json(call.state, m, with_metadata=full)
            for m in messages
        ],
        "has_more": bool(cursor),
    }
    if cursor:
        body["response_metadata"] = {"next_cursor": cursor}
    return body


def info(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """conversations.info."""
    channel = call.channel(a["channel"])
    call.require(f"{channel.scope_prefix}:read")
    return {
        "channel": channel_json(call.state, channel, num_members=bool(a.get("include_num_members")))
    }


def open_(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """conversations.open: find or make the direct conversation with some people."""
    if ("channel" in a) == ("users" in a):
        raise invalid("exactly one of channel and users is needed")
    if "channel" in a:
        channel = call.channel(a["channel"])
        return {"channel": {"id": channel.id}, "already_open": True, "no_op": True}
    users = a["users"].split(",")
    for user in users:
        if user not in call.state.users or call.state.users[user].team != call.workspace.id:
            raise ApiError("user_not_found")
    kind: ChannelKind = "im" if len(users) == 1 else "mpim"
    call.require(f"{kind}:write")
    members = {call.workspace.bot.id, *users}
    for channel in call.state.channels.values():
        if channel.kind == kind and set(channel.members) == members:
            return _opened(call, channel.id, a, already=True)
    channel = call.state.add_channel(call.workspace.id, "dm", kind, [call.workspace.bot.id, *users])
    call.state.signal.changed()
    return _opened(call, channel.id, a, already=False)


def _opened(call: Call, channel: str, a: dict[str, Any], *, already: bool) -> dict[str, Any]:
    body: dict[str, Any] = {"channel": {"id": channel}}
    if a.get("return_im"):
        body["channel"] = channel_json(call.state, call.state.channels[channel])
    if already:
        body.update(already_open=True, no_op=True)
    return body


def members(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """conversations.members."""
    channel = call.channel(a["channel"])
    call.require(f"{channel.scope_prefix}:read")
    ids, cursor = page(channel.members, a.get("cursor"), a.get("limit", 100) or 100)
    return {"members": ids, "response_metadata": {"next_cursor": cursor}}


def list_(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """conversations.list."""
    names = a.get("types", "public_channel").split(",")
    unknown = [name for name in names if name not in _KINDS]
    if unknown:
        raise ApiError("invalid_types", violation=f"unknown conversation types {unknown}")
    kinds = {_KINDS[name] for name in names}
    bot = call.workspace.bot.id
    found = [
        c
        for c in call.state.channels.values()
        if c.team == call.workspace.id
        and c.kind in kinds
        and (c.kind == "channel" or bot in c.members)
        and not (c.archived and a.get("exclude_archived"))
    ]
    for kind in sorted({c.scope_prefix for c in found}):
        call.require(f"{kind}:read")
    shown, cursor = page(found, a.get("cursor"), a.get("limit", 100) or 100)
    return {
        "channels": [channel_json(call.state, c) for c in shown],
        "response_metadata": {"next_cursor": cursor},
    }


def ours(call: Call, a: dict[str, Any]) -> dict[str, Any]:
    """users.conversations: those that the bot is in."""
    answer = list_(call, a)
    bot = call.workspace.bot.id
    inside = [each for each in answer["channels"] if bot in call.state.channels[each["id"]].members]
    return {**answer, "channels": inside}


_PAGED = {"cursor": "str", "limit": "int"}
_RANGE = {
    **_PAGED,
    "inclusive": "bool",
    "include_all_metadata": "bool",
    "latest": "time",
    "oldest": "time",
}

METHODS = {
    "conversations.replies": Method(
        replies, {"channel": "str!", "ts": "ts!", **_RANGE}, tier=3, json=False
    ),
    "conversations.history": Method(history, {"channel": "str!", **_RANGE}, tier=3, json=False),
    "conversations.info": Method(
        info,
        {"channel": "str!", "include_locale": "bool", "include_num_members": "bool"},
        tier=3,
        json=False,
    ),
    "conversations.open": Method(
        open_,
        {"channel": "str", "users": "str", "return_im": "bool", "prevent_creation": "bool"},
        tier=3,
    ),
    "conversations.members": Method(members, {"channel": "str!", **_PAGED}, tier=4, json=False),
    "conversations.list": Method(
        list_, {**_PAGED, "types": "str", "exclude_archived": "bool"}, tier=2, json=False
    ),
    "users.conversations": Method(
        ours, {**_PAGED, "types": "str", "exclude_archived": "bool"}, tier=3, json=False
    ),
}
