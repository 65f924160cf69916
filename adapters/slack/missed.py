"""What was said while nobody listened.

Slack repeats an event that was not acknowledged after one and after five minutes, and then no
more. So the processes of a deployment note together until when one of them has listened. One that
begins to listen, and sees that nobody has noted anything since, reads the places in which the bot
is talked to from there on. What people said there goes the way of any other event; the engine drops
what it has already. What is remembered of a conversation is compared with what stands there now, so
that edits and deletions which nobody heard of are followed, too.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from adapters.slack.calls import Calls
from adapters.slack.changes import DELETED, EDITED, TOMBSTONE
from adapters.slack.markup import mentions
from adapters.slack.shown import lacks_file
from adapters.slack.translate import position_of
from adapters.slack.values import PLATFORM, Timing, fields, objects
from adapters.slack.workspace import Workspace
from bot.chat import Followed, ThreadKey
from bot.errors import PlatformBusy, PlatformError, StoreError
from bot.inbox import Inbox

log = logging.getLogger(__name__)

NOTE = "heard"
"""Name of the note that says until when somebody has listened, in seconds since the epoch."""
CLAIM = "missed"
"""Name of the claim of the one process that reads."""
CLAIM_SECONDS = 20.0
"""It is claimed anew for every place, so that another goes on soon when its process dies; the pause
before it comes on top."""

LONGEST_SECONDS = 23 * 3600.0
"""Older messages are let be; the engine knows for a day which ones it has taken."""

OVERLAP_SECONDS = 120.0
"""Clocks differ, and what was not acknowledged is repeated only after a minute."""

QUIET_NOTES = 2
"""So many notes have to be missing before it is believed that nobody else listens."""

MOST_LISTED = 200
MOST_COMPARED = 200
"""Messages of one conversation that are looked at for edits and deletions."""
MOST_CHANNELS = 25
ROUNDS = 3
"""How often a place is tried that cannot be read for a passing fault."""
LONGEST_PAUSE_SECONDS = 15.0
"""Slack may ask for more; the place is tried again all the same, in its turn."""

KINDS = "public_channel,private_channel,mpim,im"

Take = Callable[[str, object], Awaitable[object]]
"""Takes an event as Slack would send it; False when it could not be kept."""
Reach = Callable[[str], Awaitable[Workspace | None]]
"""Where the bot is in a workspace; None when it is not there any more."""


class Listener(Protocol):
    """A way in which events come."""

    @property
    def listening(self) -> bool:
        """Events come at present."""
        ...

    @property
    def breaks(self) -> int:
        """How often that has ended."""
        ...


@dataclass(frozen=True, slots=True)
class Gap:
    """A channel, or with `root` a thread, to be read from after a position on."""

    space: str
    channel: str
    root: str
    after: int


def gaps(followed: Sequence[Followed], since: float) -> list[Gap]:
    """Where messages may have been missed: the liveliest conversations, then their channels.

    Args:
        followed: Conversations that the bot takes part in.
        since: Until when somebody has listened, seconds since the epoch.
    """
    start = int(since * 1_000_000)
    threads = [
        Gap(
            each.thread.space,
            each.thread.channel,
            each.thread.thread,
            min(each.newest, start) if each.newest else start,
        )
        for each in followed
    ]
    around = dict.fromkeys((each.thread.space, each.thread.channel) for each in followed)
    channels = [Gap(space, channel, "", start) for space, channel in around]
    return [*channels[:MOST_CHANNELS], *threads]


def stamp(position: int) -> str:
    """A position as Slack writes time stamps."""
    return f"{position // 1_000_000}.{position % 1_000_000:06d}"


class Missed:
    """Looks for a gap for as long as it runs, reads it, and notes that somebody listens.

    Args:
        inbox: Knows the conversations, keeps note and claim.
        reach: Where the bot is.
        take: Where what was missed goes.
        listeners: The ways in which events come.
        timing: Waits and time-outs.
        now: Seconds since the epoch.
        spaces: Workspaces that are looked at although nobody talks with the bot there yet.
    """

    def __init__(
        self,
        inbox: Inbox,
        reach: Reach,
        take: Take,
        listeners: Sequence[Listener],
        timing: Timing,
        now: Callable[[], float],
        spaces: Sequence[str] = (),
    ) -> None:
        self._inbox = inbox
        self._reach = reach
        self._take = take
        self._listeners = listeners
        self._timing = timing
        self._now = now
        self._spaces = spaces
        self._sure = False
        self._before: str | None = None
        self._quiet = 0
        self._breaks = 0

    @property
    def _claimed(self) -> float:
        """How long reading is ours if nothing is said."""
        return CLAIM_SECONDS + self._timing.between_pages

    @property
    def _most(self) -> int:
        """Messages of one place that are read."""
        return self._timing.reading.missed_pages * self._timing.reading.page

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._look()
            except StoreError as error:
                log.info("It cannot be noted that somebody listens: %s", error)
            except Exception as error:
                log.error("Missed messages are not looked for now: %s", type(error).__name__)
                log.debug("Why they are not looked for", exc_info=error)
            await asyncio.sleep(self._timing.note)

    async def _look(self) -> None:
        """Note that somebody listens if that is sure; else find out, and read what was missed."""
        breaks = sum(listener.breaks for listener in self._listeners)
        if not any(listener.listening for listener in self._listeners) or breaks != self._breaks:
            self._sure, self._before, self._breaks = False, None, breaks
            return
        noted = await self._inbox.notes.read(NOTE)
        if self._sure or noted is None:
            self._sure = True
            await self._inbox.notes.write(NOTE, f"{self._now():.3f}")
        elif self._before is None:
            self._before, self._quiet = noted, 0
        elif noted != self._before:
            # Somebody else has listened all the while.
            self._sure = True
        else:
            self._quiet += 1
            if self._quiet >= QUIET_NOTES and await self._read_since(noted):
                self._sure = True

    async def _read_since(self, noted: str) -> bool:
        """Read what was missed, as the only one; False when that did not come to an end."""
        if await self._inbox.claims.claim(CLAIM, self._claimed) > 0:
            return False
        began = self._now()
        try:
            since = max(_seconds(noted, began) - OVERLAP_SECONDS, began - LONGEST_SECONDS)
            if not await self._read_all(since):
                return False
            await self._inbox.notes.write(NOTE, f"{began:.3f}")
            return True
        finally:
            await self._inbox.claims.release(CLAIM)

    async def _read_all(self, since: float) -> bool:
        followed = await self._inbox.taking_part(PLATFORM, self._now() - LONGEST_SECONDS)
        left = gaps(followed, since)
        left += await self._others(left, since)
        # No note tells of what was heard right before the end.
        heard = since + OVERLAP_SECONDS + self._timing.note
        log.info("Looking in %d place(s) of Slack for what was missed", len(left))
        for _ in range(ROUNDS):
            again: list[Gap] = []
            for number, gap in enumerate(left):
                if number >= self._timing.reading.burst:
                    await asyncio.sleep(self._timing.between_pages)
                if await self._inbox.claims.claim(CLAIM, self._claimed) > 0:
                    return False
                try:
                    if not await self._read(gap, f"{heard:.6f}"):
                        return False
                except PlatformBusy as busy:
                    again.append(gap)
                    wait = busy.retry_after or self._timing.pauses[-1]
                    await asyncio.sleep(min(wait, LONGEST_PAUSE_SECONDS))
                except PlatformError as error:
                    log.debug("A place is not read for missed messages: %s", error)
            if not again:
                return True
            left = again
        log.warning("%d place(s) could not be read for missed messages", len(left))
        return True

    async def _others(self, known: Sequence[Gap], since: float) -> list[Gap]:
        """Channels that the bot is in and nobody has talked with it lately."""
        seen = {gap.channel for gap in known}
        room = MOST_CHANNELS - sum(not gap.root for gap in known)
        found: list[Gap] = []
        for space in dict.fromkeys([*self._spaces, *(gap.space for gap in known)]):
            here = await self._reach(space)
            if here is None or room <= 0:
                continue
            try:
                answer = await here.calls.answer(
                    lambda client: client.users_conversations(
                        types=KINDS, exclude_archived=True, limit=MOST_LISTED
                    ),
                    patient=True,
                )
            except PlatformError as error:
                log.info("Channels without a conversation are not looked at: %s", error)
                continue
            ids = [str(each.get("id") or "") for each in objects(answer.get("channels"))]
            new = [channel for channel in ids if channel and channel not in seen][:room]
            room -= len(new)
            found += [Gap(space, channel, "", int(since * 1_000_000)) for channel in new]
        return found

    async def _read(self, gap: Gap, heard: str) -> bool:
        """Hand in what was said in one place, in order; False when the store did not keep it.

        Args:
            gap: The place.
            heard: A time stamp; what came before it was heard.

        Raises:
            PlatformError: It could not be read.
        """
        here = await self._reach(gap.space)
        if here is None:
            return True
        known = await self._known(gap)
        after = min([gap.after, *(position - 1 for position in known)])
        messages = [message async for message in self._messages(here.calls, gap, after)]
        there = {_position(message) for message in messages}
        events = [
            event
            for message in sorted(messages, key=_position)
            for event in _events(gap, message, known, here.own.user, heard)
        ]
        # Of a place that may not be read, or not to its end, nothing says what is gone.
        if known & there and len(messages) < self._most:
            events += [_deleted(gap, position) for position in sorted(known - there)]
        for event in events:
            if not await self._take("events_api", event):
                return False
        return True

    async def _known(self, gap: Gap) -> set[int]:
        """Positions of the newest messages that are remembered of a place. Raises StoreError."""
        if not gap.root:
            return set()
        thread = ThreadKey(PLATFORM, gap.space, gap.channel, gap.root)
        remembered = await self._inbox.remembered(thread)
        positions = [_position({"ts": message}) for message in remembered[-MOST_COMPARED:]]
        return {position for position in positions if position}

    async def _messages(
        self, calls: Calls, gap: Gap, after: int
    ) -> AsyncIterator[Mapping[str, Any]]:
        cursor = ""
        for number in range(self._timing.reading.missed_pages):
            if number:
                await asyncio.sleep(self._timing.between_pages)
            given: dict[str, Any] = {
                "channel": gap.channel,
                "oldest": stamp(after),
                "limit": self._timing.reading.page,
            }
            if gap.root:
                given["ts"] = gap.root
            if cursor:
                given["cursor"] = cursor
            answer = await calls.answer(
                lambda client, given=given, root=gap.root: (
                    client.conversations_replies(**given)
                    if root
                    else client.conversations_history(**given)
                ),
                patient=True,
            )
            for message in objects(answer.get("messages")):
                if _position(message) > after:
                    yield message
            cursor = str(fields(answer.get("response_metadata")).get("next_cursor") or "")
            if not cursor:
                return
        log.warning("More than %d messages were missed in one place", self._most)


def _events(
    gap: Gap, message: Mapping[str, Any], known: set[int], own: str, heard: str
) -> Sequence[Mapping[str, Any]]:
    """What Slack would have sent of a message: that it is new, that it was edited."""
    position = _position(message)
    found: list[Mapping[str, Any]] = []
    # A call that was missed may be known from before a later one, as what was said around that.
    new = position not in known or mentions(str(message.get("text") or ""), own)
    if position > gap.after and new:
        found.append(_event(gap, message))
    edited = fields(message.get("edited")).get("ts")
    if lacks_file(message):
        # When it was deleted Slack does not tell: after what was heard of the message.
        edited = max(str(edited or message.get("ts")), heard, key=float)
    if edited or message.get("subtype") == TOMBSTONE:
        at = edited or message.get("ts")
        found.append(_event(gap, {"subtype": EDITED, "message": message, "ts": at, "event_ts": at}))
    return found


def _deleted(gap: Gap, position: int) -> Mapping[str, Any]:
    ts = stamp(position)
    before = {"ts": ts, "thread_ts": gap.root}
    return _event(
        gap,
        {"subtype": DELETED, "deleted_ts": ts, "event_ts": ts, "previous_message": before},
    )


def _event(gap: Gap, event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Something of the past as the event that Slack sends of it."""
    kind = "im" if gap.channel.startswith("D") else "channel"
    return {
        "type": "event_callback",
        "team_id": gap.space,
        "authorizations": [{"team_id": gap.space}],
        "event": {**event, "type": "message", "channel": gap.channel, "channel_type": kind},
    }


def _position(message: Mapping[str, Any]) -> int:
    try:
        return position_of(str(message.get("ts") or ""))
    except ValueError:
        return 0


def _seconds(noted: str, otherwise: float) -> float:
    try:
        return float(noted)
    except ValueError:
        return otherwise
