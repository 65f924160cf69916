"""What adapters hand in: messages, commands typed as messages, native commands."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace

from bot import refusals
from bot.access import Access, Place, Refusal
from bot.adapter import Adapter
from bot.afterwards import Afterwards, concerns
from bot.chat import (
    EVERYTHING,
    Author,
    CommandCall,
    CommandReply,
    Followed,
    Incoming,
    MessageRef,
    Overview,
    Press,
    Removal,
    ThreadKey,
    everywhere,
)
from bot.command_spec import CommandSpec, Completion
from bot.commands.forgetting import meant
from bot.commands.presses import Presses
from bot.commands.runner import Commands
from bot.commands.specs import Typed, typed_command
from bot.commands.texts import UNREAD
from bot.engine import texts
from bot.engine.changes import Changes
from bot.engine.engine import Engine
from bot.errors import PlatformError, StoreError, StoreUnavailable
from bot.ignoring import is_ignored
from bot.lanes import Lane
from bot.open_channels import OpenChannels
from bot.overflow import Overflow
from bot.report import IntakeMeter, Unmeasured
from bot.services import Claims, Meter, Notes
from bot.storage.threads import Threads
from bot.storage.types import Amended, Begun
from bot.tasks import end

logger = logging.getLogger(__name__)

MOST_WAITING = 1_000
"""Messages kept in this process while the store is away."""

EDITED_SOON_SECONDS = 600.0
"""A message that was not for us may become so by an edit, but only so soon after it was written."""

TELL_AGAIN_SECONDS = 60.0
"""People in one thread are told at most this often that the store is away."""

Recheck = Callable[[str, str, str], Awaitable[None]]
"""Looks at what other programs may read of a channel. Raises StoreError."""


async def nothing(_platform: str, _space: str, _channel: str) -> None:
    """For whoever has no tokens to look at."""


class Reception:
    """One adapter's `Inbox`.

    Whoever is not welcome is turned away before anything is stored. While the store is away people
    are told so, and their messages are kept here and handed in again when it is back; a platform
    that delivers them again does no harm. What was written before `since` (seconds since the epoch)
    may have been answered already, and is let be; see `bot.restored`.
    """

    def __init__(
        self,
        adapter: Adapter,
        threads: Threads,
        engine: Engine,
        commands: Commands,
        presses: Presses,
        changes: Changes,
        new_id: Callable[[], str],
        most_waiting: int = MOST_WAITING,
        meter: IntakeMeter | None = None,
        access: Access | None = None,
        since: float = 0.0,
        recheck: Recheck = nothing,
    ) -> None:
        self._adapter = adapter
        self._threads = threads
        self._engine = engine
        self._commands = commands
        self._presses = presses
        self._changes = changes
        self._afterwards = Afterwards(changes)
        self._new_id = new_id
        self._meter: IntakeMeter = meter or Unmeasured()
        self._overflow = Overflow(adapter.name, self._meter)
        self._access = access or Access()
        self._since = since
        self._recheck = recheck
        self._lanes: dict[ThreadKey, Lane] = {}
        self._waiting = 0
        self._most_waiting = most_waiting
        self._told: dict[ThreadKey, float] = {}
        self._open = OpenChannels(threads, adapter.name)
        self._tasks: set[asyncio.Task[None]] = set()
        self.malformed_events = 0

    @property
    def commands(self) -> Sequence[CommandSpec]:
        """See `bot.inbox.Inbox`."""
        return self._commands.offered

    @property
    def notes(self) -> Notes:
        """See `bot.inbox.Inbox`."""
        return self._threads.notes(self._adapter.name)

    @property
    def claims(self) -> Claims:
        """See `bot.inbox.Inbox`."""
        return self._threads.claims(self._adapter.name)

    @property
    def meter(self) -> Meter:
        """See `bot.inbox.Inbox`."""
        return self._meter

    @property
    def outsiders(self) -> bool:
        """See `bot.inbox.Inbox`."""
        return self._access.outsiders

    @property
    def since(self) -> float:
        """See `bot.inbox.Inbox`."""
        return self._since

    @property
    def waiting(self) -> int:
        """Messages kept in this process until the store takes them."""
        return self._waiting

    async def message(self, event: Incoming) -> bool:
        """See `bot.inbox.Inbox`."""
        if is_ignored(event.text):
            logger.debug("a message that asks to be ignored on %s", event.thread.platform)
            return False
        if event.at < self._since:
            logger.debug(
                "a message from before the backup was put back on %s", event.thread.platform
            )
            return False
        author = self._access.known(event.author, event.thread.platform)
        event = replace(event, text=_readable(event.text), author=author)
        refusal = self._access.refusal(author, _place_of(event.thread, event.direct, event.ref))
        if refusal is not None:
            return await self._turn_away(event, refusal)
        lane = self._lanes.setdefault(event.thread, Lane())
        if lane.add(event, self._new_id):
            self._waiting += 1
            self._overflow.here_again(event)
            self._drop_oldest()
        try:
            await self._hand_in(event.thread, lane)
        except StoreUnavailable as error:
            logger.warning("a message waits for the store: %s (%s)", error, error.hint)
            if event.addressed:
                self._spawn(self._tell(event))
            raise
        if event.event_id in lane.lost:
            # It was dropped before its turn came; a platform that delivers again may do so.
            raise StoreUnavailable("a message gave way to newer ones")
        return True

    async def edited(self, event: Incoming) -> bool:
        """See `bot.inbox.Inbox`."""
        event = replace(event, text=_readable(event.text))
        if is_ignored(event.text):
            # Its author has taken it back.
            await self.deleted(_removal_of(event))
            return False
        lane = self._lanes.get(event.thread)
        if lane is not None:
            # What is being handed in has to be in the store before it can be changed there.
            async with lane.turn:
                if lane.amend(event):
                    return False
        amended = await self._afterwards.edited(event)
        if amended is Amended.UNKNOWN and event.edited - event.at < EDITED_SOON_SECONDS:
            return await self.message(event)
        return False

    async def deleted(self, removal: Removal) -> None:
        """See `bot.inbox.Inbox`."""
        for thread, lane in tuple(self._lanes.items()):
            if any(concerns(removal, event) for event, _ in lane.events):
                async with lane.turn:
                    self._waiting -= lane.strike(removal)
                    self._leave(thread, lane)
        await self._afterwards.deleted(removal)

    async def remembered(self, thread: ThreadKey) -> Sequence[str]:
        """See `bot.inbox.Inbox`."""
        return await self._changes.remembered(thread)

    async def command(self, call: CommandCall) -> CommandReply:
        """See `bot.inbox.Inbox`."""
        call = replace(call, author=self._access.known(call.author, call.platform))
        refusal = self._refusal_of(call)
        if refusal is not None:
            return CommandReply(refusals.TO_COMMANDS[refusal], harmless=True)
        return await self._commands.run(call)

    async def complete(self, call: CommandCall, option: str) -> Sequence[Completion]:
        """See `bot.inbox.Inbox`."""
        call = replace(call, author=self._access.known(call.author, call.platform))
        if self._refusal_of(call) is not None:
            return ()
        return await self._commands.complete(call, option)

    async def pressed(self, press: Press) -> CommandReply:
        """See `bot.inbox.Inbox`."""
        press = replace(press, author=self._access.known(press.author, press.thread.platform))
        place = _place_of(press.thread, press.direct, press.ref)
        refusal = self._access.refusal(press.author, place)
        if refusal is not None:
            return CommandReply(refusals.TO_COMMANDS[refusal], harmless=True)
        return await self._presses.pressed(press)

    async def overview(self, platform: str, space: str, author: Author) -> Overview:
        """See `bot.inbox.Inbox`."""
        return await self._commands.overview(platform, space, self._access.known(author, platform))

    async def thread_of(self, platform: str, space: str, ref: MessageRef) -> ThreadKey | None:
        """See `bot.inbox.Inbox`."""
        if self._access.is_closed(Place(platform, space, frozenset({ref.channel}))):
            return None
        return await self._threads.thread_of(platform, space, ref)

    async def answers_all(self, platform: str, space: str, channel: str) -> bool:
        """See `bot.inbox.Inbox`."""
        if self._access.is_closed(Place(platform, space, frozenset({channel}))):
            return False
        return await self._open.has((platform, space, channel))

    async def taking_part(
        self, platform: str, since: float, ours: Callable[[str], bool] = everywhere
    ) -> Sequence[Followed]:
        """See `bot.inbox.Inbox`."""
        followed = await self._threads.taking_part(platform, since, ours)
        return [each for each in followed if not self._access.is_shut(_place_of(each.thread))]

    async def left(self, platform: str, space: str) -> None:
        """See `bot.inbox.Inbox`."""
        self._drop_space(platform, space)
        gone = await self._changes.left(platform, space)
        logger.info("removed from a place on %s: %d conversation(s) deleted", platform, gone)

    async def departed(self, platform: str, space: str, channel: str, user: str) -> None:
        """See `bot.inbox.Inbox`."""
        await self._changes.departed(platform, space, channel, user)

    def narrowed(self, platform: str, space: str, channel: str) -> None:
        """See `bot.inbox.Inbox`."""
        self._spawn(self._look_anew(platform, space, channel))

    def malformed(self, platform: str, kind: str) -> None:
        """See `bot.inbox.Inbox`."""
        self.malformed_events += 1
        self._meter.malformed()
        logger.warning("%s sent an event that could not be read: %s", platform, kind)

    async def resume(self) -> None:
        """Hand in again what waited for the store; called while it may be back.

        A thread's messages go in the order they came; the first failure keeps the rest for the
        next call.
        """
        for thread, lane in tuple(self._lanes.items()):
            if lane.turn.locked():
                continue
            try:
                await self._hand_in(thread, lane)
            except StoreUnavailable:
                return
            except StoreError as error:
                logger.error("a message in %s was stored but cannot be read: %s", thread, error)
        if self._waiting < self._most_waiting and (lost := self._overflow.over()):
            self._spawn(self._own_up(lost))
        with contextlib.suppress(StoreUnavailable):
            await self._afterwards.resume()

    async def close(self) -> None:
        """End what is still being told."""
        await end(*self._tasks)

    def _refusal_of(self, call: CommandCall) -> Refusal | None:
        """Why a command is not run: for where it was called, or for the thread that it is about."""
        if call.name == "forget" and EVERYTHING in meant(call).call.options:
            # Whoever may talk to the bot no longer may still have their words erased.
            return None
        here = frozenset({call.channel})
        places = [Place(call.platform, call.space, here, call.direct)]
        if call.thread is not None:
            about = _place_of(call.thread, call.direct and call.channel == call.thread.channel)
            # Called in the thread, which is known by its channel.
            places = [about] if call.channel == call.thread.thread else [*places, about]
        refused = (self._access.refusal(call.author, place) for place in places)
        return next((refusal for refusal in refused if refusal is not None), None)

    async def _turn_away(self, event: Incoming, refusal: Refusal) -> bool:
        """Say why there is no answer, where that helps, once a day to one person in one channel.

        Returns whether it is said this time.
        """
        logger.debug("turned away on %s: %s", event.thread.platform, refusal)
        text = refusals.TO_MESSAGES.get(refusal)
        if text is None or not event.addressed:
            return False
        where = (event.thread.platform, event.thread.space, event.thread.channel)
        once = ":".join(("turned away", *where, event.author.id, refusal))
        with contextlib.suppress(StoreError):
            if await self._threads.claim(once, where, nonce=self._new_id()):
                reply = CommandReply(text, harmless=True)
                self._spawn(self._answer(event, reply, "why there is no answer"))
                return True
        return False

    async def _hand_in(self, thread: ThreadKey, lane: Lane) -> None:
        """Everything that waits in this thread, so that no message overtakes an older one."""
        async with lane.turn:
            while lane.events:
                event, nonce = lane.events[0]
                keep = False
                try:
                    await self._take(event, nonce)
                except (StoreUnavailable, asyncio.CancelledError):
                    keep = True
                    raise
                finally:
                    if not keep and lane.remove(event):
                        self._waiting -= 1
                    elif not keep:
                        self._overflow.here_again(event)
                    self._leave(thread, lane)

    def _drop_oldest(self) -> None:
        while self._waiting > self._most_waiting:
            thread, oldest = min(
                ((thread, lane) for thread, lane in self._lanes.items() if lane.events),
                key=lambda each: each[1].events[0][0].at,
            )
            self._overflow.dropped(oldest.drop())
            self._waiting -= 1
            # Whoever hands in from it now leaves it by himself.
            if not oldest.turn.locked():
                self._leave(thread, oldest)

    def _drop_space(self, platform: str, space: str) -> None:
        """Nothing that waits for the store is handed in any more from a place that is gone."""
        for thread, lane in tuple(self._lanes.items()):
            if (thread.platform, thread.space) == (platform, space):
                self._waiting -= len(lane.events)
                lane.events.clear()
                self._leave(thread, lane)

    def _leave(self, thread: ThreadKey, lane: Lane) -> None:
        """Forget a lane in which nothing waits any more."""
        if not lane.events and self._lanes.get(thread) is lane:
            del self._lanes[thread]

    async def _take(self, event: Incoming, nonce: str) -> None:
        typed = None if event.author.is_bot else typed_command(event.text, self._commands.offered)
        if typed is not None and await self._is_command(typed, event):
            await self._run_typed(typed, event, nonce)
            return
        begun = await self._engine.take(event, nonce)
        if begun is Begun.IGNORED:
            logger.debug("not addressed on %s", event.thread.platform)
        if begun in (Begun.FULL, Begun.FILLED):
            self._meter.overfull()
        if begun is Begun.FILLED:
            logger.warning("so many messages wait in %s that no more are taken", event.thread)
            reply = CommandReply(texts.OVERFULL, private=False)
            self._spawn(self._answer(event, reply, "that no more is taken"))

    async def _is_command(self, typed: Typed, event: Incoming) -> bool:
        """A bare word is a command when it follows a mention, a marked one also without."""
        if not typed.marked:
            return event.mentioned and not event.direct
        if event.addressed or event.direct:
            return True
        return await self._threads.takes_part(event.thread)

    async def _run_typed(self, typed: Typed, event: Incoming, nonce: str) -> None:
        if not await self._threads.claim(event.event_id, event.thread, nonce=nonce):
            return
        begins = event.loose and event.ref.message == event.thread.thread
        nowhere = begins and typed.name in self._commands.of_conversations
        call = CommandCall(
            event_id=event.event_id,
            name=typed.name,
            author=event.author,
            platform=event.thread.platform,
            space=event.thread.space,
            channel=event.thread.channel,
            # Nothing was said yet in what only this message would begin.
            thread=None if nowhere else event.thread,
            options=typed.options,
            confined=event.confined,
        )
        # The platform waits for the event to be taken, and a summary can take a while.
        self._spawn(self._respond(call, event, typed.unread))

    async def _respond(self, call: CommandCall, event: Incoming, unread: str) -> None:
        if unread:
            reply = CommandReply(UNREAD.format(word=unread, name=call.name), private=False)
        else:
            reply = await self._commands.run(call)
        await self._answer(event, reply, "the answer to a typed command")

    async def _answer(self, event: Incoming, reply: CommandReply, what: str) -> None:
        try:
            await self._adapter.respond(event, reply)
        except PlatformError as error:
            logger.warning("%s was not delivered: %s", what, error)

    async def _tell(self, event: Incoming) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told.get(event.thread, -TELL_AGAIN_SECONDS) < TELL_AGAIN_SECONDS:
            return
        self._told = {
            thread: at for thread, at in self._told.items() if now - at < TELL_AGAIN_SECONDS
        } | {event.thread: now}
        reply = CommandReply(texts.STORE_AWAY, private=False)
        await self._answer(event, reply, "that the store is away")

    async def _own_up(self, lost: Sequence[Incoming]) -> None:
        for event in lost:
            reply = CommandReply(texts.DROPPED, private=False)
            await self._answer(event, reply, "that a message was dropped")

    async def _look_anew(self, platform: str, space: str, channel: str) -> None:
        try:
            await self._recheck(platform, space, channel)
        except StoreError as error:
            # Now and then all of it is looked at.
            logger.info("what tokens open of a channel is looked at later: %s", error)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _place_of(thread: ThreadKey, direct: bool = False, ref: MessageRef | None = None) -> Place:
    """Where a thread is: the rules of its channel hold in it, and those with its own id."""
    channels = {thread.channel, thread.thread}
    return Place(
        thread.platform,
        thread.space,
        frozenset(channels if ref is None else channels | {ref.channel}),
        direct,
    )


def _removal_of(event: Incoming) -> Removal:
    """What takes out a message, and nothing else."""
    thread = event.thread
    return Removal(
        thread.platform,
        thread.space,
        event.ref.channel,
        thread,
        (event.ref.message,),
        (event.event_id,),
    )


def _readable(text: str) -> str:
    """Without lone surrogates, which no request and no store could carry."""
    return text.encode("utf-8", "replace").decode("utf-8")
