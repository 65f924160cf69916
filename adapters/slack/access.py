"""Whether somebody may see a channel, before a command reaches into it for them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import cast

from adapters.slack.calls import Calls
from adapters.slack.faults import Denied, Refused
from adapters.slack.names import person_of
from adapters.slack.values import Own, Person, fields
from bot.chat import Reach
from bot.errors import MessageGone, PlatformError

PAGE = 1000
MOST_PAGES = 20

DIRECT = "D"
"""What ids of direct messages begin with."""


async def may_see(calls: Calls, channel: str, person: Person) -> bool:
    """Whether a person can open a channel in Slack.

    Public channels are open to all but guests; anything else to its members.

    Raises:
        PlatformError: It cannot be told now.
    """
    return bool(await _sees(calls, channel, person))


async def reach_of(
    calls: Calls, own: Own, user: str, places: Collection[tuple[str, str]]
) -> Reach | None:
    """See `bot.adapter.Adapter.reach`. A thread is read by whoever reads its channel.

    Raises:
        PlatformError: It cannot be told now.
    """
    try:
        answer = await calls.answer(lambda client: client.users_info(user=user), patient=True)
        about = fields(answer["user"])
        person = person_of(about, own.team, own.enterprise)
    except (Denied, MessageGone, Refused, KeyError, TypeError, ValueError):
        return None
    if about.get("deleted") is True:
        return Reach(belongs=False, member=False, shut=frozenset(places))
    channels = dict.fromkeys(channel for channel, _ in places if not channel.startswith(DIRECT))
    shut = {channel for channel in channels if await _sees(calls, channel, person) is False}
    return Reach(
        member=not person.is_guest,
        shut=frozenset(place for place in places if place[0] in shut),
    )


async def _sees(calls: Calls, channel: str, person: Person) -> bool | None:
    """`may_see`; None of a channel that the bot knows nothing of."""
    try:
        answer = await calls.answer(
            lambda client: client.conversations_info(channel=channel), patient=True
        )
        about = fields(answer["channel"])
        closed = any(about.get(trait) for trait in ("is_private", "is_im", "is_mpim", "is_group"))
        if about.get("is_channel") and not closed and not person.is_guest:
            return True
        return await _is_member(calls, channel, person.id)
    except (Denied, MessageGone, Refused, KeyError):
        return None


async def is_shared(calls: Calls, channel: str) -> bool:
    """Whether people of another organisation may read a channel; so if it cannot be told."""
    try:
        answer = await calls.answer(
            lambda client: client.conversations_info(channel=channel), patient=True
        )
        about = fields(answer["channel"])
    except (PlatformError, KeyError):
        return True
    return any(about.get(trait) for trait in ("is_ext_shared", "is_pending_ext_shared"))


async def _is_member(calls: Calls, channel: str, user: str) -> bool | None:
    """None where there are more members than are read."""
    cursor: str | None = None
    for _ in range(MOST_PAGES):
        answer = await calls.answer(
            lambda client, cursor=cursor: client.conversations_members(
                channel=channel, limit=PAGE, cursor=cursor
            ),
            patient=True,
        )
        if user in cast("Sequence[str]", answer.get("members") or ()):
            return True
        following = fields(answer.get("response_metadata"))
        cursor = str(following.get("next_cursor") or "") or None
        if cursor is None:
            return False
    return None
