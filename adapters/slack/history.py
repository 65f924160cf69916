"""What was said in a thread before the bot was called, and what the bot itself posted there."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from adapters.slack.calls import Calls
from adapters.slack.names import Directory
from adapters.slack.translate import earlier, looked_up, past, position_of
from adapters.slack.values import Names, Own, Said, Timing, Wanted, fields, objects
from bot.chat import History, Incoming, MessageRef, Spot
from bot.errors import PlatformError

log = logging.getLogger(__name__)

MOST_NAMED = 60
"""People, and channels, that are named in a thread's past and are looked up."""

MOST_NAMELESS = 3
"""Messages without a key that are looked at."""

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
    known = await _names(names, timing, kept)
    lines = tuple(earlier(found, own, known) for found in kept)
    return History(lines, partial or total > len(kept))


async def since(
    calls: Calls,
    names: Directory,
    own: Own,
    timing: Timing,
    first: MessageRef,
    root: str,
    limit: int,
) -> History:
    """The message `first` and those after it, `limit` at most, oldest first.

    Those of the thread `root` where it lies in one, else those of the channel.

    Raises:
        PlatformError: They could not be read.
    """
    oldest: list[Said] = []
    partial = False
    start = position_of(first.message)
    try:
        messages = (
            _messages(calls, timing, first.channel, root, since=first.message)
            if root != first.message
            else _in_channel(calls, timing, first.channel, first.message)
        )
        async for message in messages:
            found = _past(message, first.channel, own)
            if found is not None and position_of(found.ts) >= start:
                oldest.append(found)
    except _TooLong:
        partial = True
    oldest.sort(key=lambda found: position_of(found.ts))
    known = await _names(names, timing, oldest[:limit])
    lines = tuple(earlier(found, own, known) for found in oldest[:limit])
    return History(lines, partial or len(oldest) > limit)


class _TooLong(Exception):
    """The thread has more pages than are read."""


async def _messages(
    calls: Calls,
    timing: Timing,
    channel: str,
    root: str,
    before: str = "",
    *,
    since: str = "",
    metadata: bool = False,
) -> AsyncIterator[Mapping[str, Any]]:
    """A thread's messages, the oldest first."""
    given: dict[str, Any] = {"ts": root, "include_all_metadata": metadata}
    if before:
        given |= {"latest": before, "inclusive": False}
    if since:
        given |= {"oldest": since, "inclusive": True}

    def ask(client: Any, page: Mapping[str, Any]) -> Any:
        return client.conversations_replies(channel=channel, **given, **page)

    async for message in _pages(calls, timing, ask):
        yield message


async def _in_channel(
    calls: Calls, timing: Timing, channel: str, since: str
) -> AsyncIterator[Mapping[str, Any]]:
    """What stands in a channel itself from a message on, in no order."""

    def ask(client: Any, page: Mapping[str, Any]) -> Any:
        return client.conversations_history(channel=channel, oldest=since, inclusive=True, **page)

    async for message in _pages(calls, timing, ask):
        yield message


def _asked(
    ask: Callable[[Any, Mapping[str, Any]], Any], page: Mapping[str, Any], client: Any
) -> Any:
    return ask(client, page)


async def _pages(
    calls: Calls, timing: Timing, ask: Callable[[Any, Mapping[str, Any]], Any]
) -> AsyncIterator[Mapping[str, Any]]:
    loop = asyncio.get_running_loop()
    until = loop.time() + timing.call
    page: dict[str, Any] = {"limit": timing.reading.page}
    for _ in range(timing.reading.pages):
        answer = await calls.answer(
            partial(_asked, ask, dict(page)),
            seconds=max(until - loop.time(), 0.0),
            patient=True,
        )
        for message in objects(answer.get("messages")):
            yield message
        following = fields(answer.get("response_metadata"))
        page["cursor"] = str(following.get("next_cursor") or "")
        if not page["cursor"]:
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


async def _names(names: Directory, timing: Timing, kept: Iterable[Said]) -> Names:
    wanted = [looked_up(found) for found in kept]
    everybody = Wanted(
        tuple(writer for each in wanted for writer in each.writers),
        tuple(person for each in wanted for person in each.people),
        tuple(channel for each in wanted for channel in each.channels),
        tuple({channel for each in wanted for channel in each.seen}),
        tuple(group for each in wanted for group in each.groups),
    )
    patience = timing.patient_names
    return await names.names(everybody, patience, patience, MOST_NAMED)


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


def metadata_of(key: str) -> dict[str, Any]:
    """The metadata that carries a post's key."""
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


async def ours(calls: Calls, own: Own, timing: Timing, spot: Spot) -> Sequence[Mapping[str, Any]]:
    """Our messages in a thread since the one that asked, the oldest first.

    One call does for all that is looked for among them: some apps have but one a minute.

    Raises:
        PlatformError: The thread could not be read.
    """
    found: list[Mapping[str, Any]] = []
    if spot.reply_to is None:
        return found
    messages = _messages(
        calls, timing, spot.channel, spot.reply_to, since=spot.asked, metadata=True
    )
    try:
        async for message in messages:
            if message.get("user") == own.user or message.get("bot_id") == own.bot:
                found.append(message)
    except _TooLong:
        log.warning("A thread is too long to look through for what was posted in it")
    return found


def keyed(messages: Iterable[Mapping[str, Any]], key: str) -> str | None:
    """The message that carries `key`, None when it was never posted."""
    for message in messages:
        metadata = fields(message.get("metadata"))
        carried = fields(metadata.get("event_payload"))
        if metadata.get("event_type") == EVENT_TYPE and carried.get("key") == key:
            return str(message["ts"])
    return None


def attached(messages: Iterable[Mapping[str, Any]], name: str) -> str | None:
    """The message with a file of this name, None when there is none."""
    for message in messages:
        if any(file.get("name") == name for file in objects(message.get("files"))):
            return str(message["ts"])
    return None


def nameless(messages: Iterable[Mapping[str, Any]]) -> Sequence[str]:
    """The latest messages that carry no key, the newest first."""
    found: deque[str] = deque(maxlen=MOST_NAMELESS)
    for message in messages:
        keyless = fields(message.get("metadata")).get("event_type") != EVENT_TYPE
        if keyless and not message.get("files"):
            found.appendleft(str(message["ts"]))
    return tuple(found)
