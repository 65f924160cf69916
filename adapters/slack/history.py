"""What was said in a thread before the bot was called, and what the bot itself posted there."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from adapters.slack.calls import Calls
from adapters.slack.names import Directory
from adapters.slack.translate import earlier, looked_up, past, position_of
from adapters.slack.values import Own, Said, Timing, fields, objects
from bot.chat import History, Incoming, MessageRef, Spot
from bot.errors import PlatformError

log = logging.getLogger(__name__)

PAGE = 200
MOST_PAGES = 25
"""Slack gives a thread from its oldest message on, so the newest are at the end of it all."""

EVENT_TYPE = "bobbin_turn"
"""Type of the metadata that carries a post's key."""


async def read(
    calls: Calls, names: Directory, own: Own, timing: Timing, event: Incoming, limit: int
) -> History:
    """Up to `limit` messages before `event` in its thread, the newest kept, oldest first.

    Raises:
        PlatformError: Not even the first page could be read.
    """
    kept: deque[Said] = deque(maxlen=limit)
    total, partial = 0, False
    last = ""
    root = event.thread.thread
    try:
        past_messages = _messages(calls, timing, event.ref.channel, root, event.ref.message)
        async for message in past_messages:
            found = _past(message, event.ref.channel, own)
            if found is None or not _precedes(found, event, last):
                continue
            last = found.ts
            total += 1
            kept.append(found)
    except PlatformError as error:
        if not total:
            raise
        log.warning("The rest of a thread could not be read: %s", error)
        partial = True
    except _TooLong:
        partial = True
    people, channels = _wanted(kept)
    known = await names.names(people - {own.user}, channels, timing.patient_names)
    lines = tuple(earlier(found, own, known) for found in kept)
    return History(lines, partial or total > len(kept))


class _TooLong(Exception):
    """The thread has more pages than are read."""


async def _messages(
    calls: Calls,
    timing: Timing,
    channel: str,
    root: str,
    before: str = "",
    *,
    metadata: bool = False,
) -> AsyncIterator[Mapping[str, Any]]:
    loop = asyncio.get_running_loop()
    until = loop.time() + timing.call
    cursor = ""
    for _ in range(MOST_PAGES):
        given: dict[str, Any] = {"limit": PAGE, "include_all_metadata": metadata}
        if before:
            given |= {"latest": before, "inclusive": False}
        if cursor:
            given["cursor"] = cursor
        answer = await calls.answer(
            lambda client, given=given: client.conversations_replies(
                channel=channel, ts=root, **given
            ),
            seconds=max(until - loop.time(), 0.0),
            patient=True,
        )
        for message in objects(answer.get("messages")):
            yield message
        following = fields(answer.get("response_metadata"))
        cursor = str(following.get("next_cursor") or "")
        if not cursor:
            return
    raise _TooLong


def _past(message: Mapping[str, Any], channel: str, own: Own) -> Said | None:
    try:
        return past(message, channel, own)
    except (AttributeError, KeyError, TypeError, ValueError):
        log.warning("A message of a thread's past could not be read")
        return None


def _precedes(found: Said, event: Incoming, last: str) -> bool:
    """Before the event; and not the root once more, which Slack may repeat on each page."""
    position = position_of(found.ts)
    return position < event.position and (not last or position > position_of(last))


def _wanted(kept: Iterable[Said]) -> tuple[frozenset[str], frozenset[str]]:
    people: set[str] = set()
    channels: set[str] = set()
    for found in kept:
        mentioned, places = looked_up(found)
        people |= mentioned
        channels |= places
    return frozenset(people), frozenset(channels)


async def again(calls: Calls, own: Own, timing: Timing, said: Said) -> Said:
    """A message read once more; as it is known where Slack does not let us."""
    try:
        async with asyncio.timeout(timing.patient_names):
            answer = await calls.answer(
                lambda client: client.conversations_replies(
                    channel=said.channel,
                    ts=said.root,
                    oldest=said.ts,
                    latest=said.ts,
                    inclusive=True,
                    limit=2,
                ),
                patient=True,
            )
    except (PlatformError, TimeoutError) as error:
        log.info("A message is known by its beginning only: %s", error)
        return said
    for message in objects(answer.get("messages")):
        found = _past(message, said.channel, own)
        if found is not None and found.ts == said.ts:
            return found
    return said


async def posted(calls: Calls, own: Own, timing: Timing, spot: Spot, key: str) -> MessageRef | None:
    """The message of ours that carries `key`, None when it was never posted.

    Raises:
        PlatformError: The thread could not be read.
    """
    if spot.reply_to is None:
        return None
    try:
        async for message in _messages(calls, timing, spot.channel, spot.reply_to, metadata=True):
            metadata = fields(message.get("metadata"))
            carried = fields(metadata.get("event_payload"))
            ours = message.get("user") == own.user or message.get("bot_id") == own.bot
            if ours and metadata.get("event_type") == EVENT_TYPE and carried.get("key") == key:
                return MessageRef(spot.channel, str(message["ts"]), own.team)
    except _TooLong:
        log.warning("A thread is too long to look for what was posted in it")
    return None
