"""Remembering unasked: what people agreed in a conversation, when its beginning is folded."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from bot import panels
from bot.adapter import Adapter
from bot.audience import Audience, Grant, grant, person_of, writable
from bot.capabilities import Capabilities
from bot.chat import CommandReply, Incoming, MessageRef, ThreadKey
from bot.context.prompt import in_channel
from bot.engine import texts
from bot.errors import BobbinError, PlatformError
from bot.memories import Memory, MemoryText, Person, ScopeKind, Source, Via, Wrote
from bot.memory.candidates import MOST, Candidate, wanted
from bot.memory.gates import Admitted, Surroundings, sift
from bot.memory.likeness import says_the_same
from bot.memory.port import Memories, NewMemory
from bot.memory.proposals import Proposals, dump, load, propose
from bot.panels import Button
from bot.records import Entry, Summary
from bot.services import Claims
from bot.storage.keys import place_of
from bot.storage.threads import Threads
from bot.storage.types import Conversation
from bot.tasks import end, repeat

logger = logging.getLogger(__name__)

DAY_SECONDS = 86_400.0

A_DAY = 20
"""What may be remembered unasked in one channel in a day."""

TELL_SECONDS = 60.0
"""For so long nobody else tells what one process is telling, unless that says it still is."""

NEIGHBOURS = 5
"""Memories that a new one is compared with."""


@dataclass(frozen=True, slots=True)
class Fold:
    """A fold that is about to be stored.

    Attributes:
        thread: Of what conversation.
        before: How it stands.
        entries: What is folded.
        summary: What is to stand for it.
    """

    thread: ThreadKey
    before: Conversation
    entries: Sequence[Entry]
    summary: Summary

    @property
    def key(self) -> str:
        """Names it for good."""
        told = f"{self.thread}|{self.before.epoch}|{self.summary.upto}"
        return f"fold-{_digest(told)}"


@dataclass(frozen=True, slots=True)
class Capturing:
    """Remembers unasked, where a channel wants it, and says so there.

    Attributes:
        memories: Where it is remembered.
        threads: Where what it rests on is kept.
        claims: Where a day's share is counted, and who tells of what.
        system: The system prompt, of which nothing may be remembered.
        bots: Ids of other programs that are answered, by platform.
        unfit: As in `Surroundings`.
        clock: Seconds since the epoch.
        days: After so many it is forgotten again, unless somebody keeps it.
        buttons: What people can do about each, and whether it is the only one that is told.
        new_id: Names a try.
        saved: Told how many things were remembered, and how many were not.
        still: How often it says that it still tells people, in seconds; a platform may ask to wait.
    """

    memories: Memories
    threads: Threads
    claims: Claims
    system: str
    bots: Callable[[str], Collection[str]]
    unfit: Callable[[str], str]
    clock: Callable[[], float]
    days: float
    buttons: Callable[[Memory, bool], tuple[Button, ...]]
    new_id: Callable[[], str]
    saved: Callable[[int, int], None] = lambda kept, junk: None
    still: float = TELL_SECONDS / 4

    def at(self, adapter: Adapter, event: Incoming, audience: Audience) -> Keeper:
        """For the conversation of a message.

        Args:
            adapter: Where it is.
            event: The message; what was remembered is said below it.
            audience: Who reads there.
        """
        return Keeper(self, adapter, event, audience)

    async def propose(
        self, fold: Fold, candidates: Sequence[Candidate], audience: Audience, below: MessageRef
    ) -> str:
        """What of some candidates may be remembered, for the store; empty for nothing.

        People are told of it `below` a message.
        """
        scopes = writable(audience)
        if not scopes:
            return ""
        sifted = await asyncio.to_thread(sift, candidates, self._around(fold), MOST)
        logger.info("%d proposal(s) to remember, %d good", len(candidates), len(sifted.admitted))
        self.saved(0, len(candidates) - len(sifted.admitted))
        if not sifted.admitted:
            return ""
        before, items = fold.before.summary.upto, sifted.admitted
        proposals = propose(fold.key, scopes[0], before, fold.entries, items, self.clock(), below)
        return dump(proposals)

    async def keep(
        self,
        thread: ThreadKey,
        proposed: str,
        audience: Audience,
        can: Capabilities,
        tell: Callable[[Sequence[Memory]], Awaitable[None]],
    ) -> None:
        """Remember what is proposed, and `tell` people of it.

        Safe to repeat, and to do twice at once: it is remembered once, and told of by one at a
        time. It stays proposed until it is told, so that nothing is remembered that nobody was
        told of; whoever dies right after that leaves it to be told again. Raises StoreError.
        """
        try:
            proposals = load(proposed)
        except ValueError:
            logger.error("what a fold of %s proposes to remember cannot be read", thread)
            await self.drop(thread, proposed)
            return
        fresh: Sequence[Admitted] = ()
        until = self._until(proposals)
        here = writable(audience)[:1] == (proposals.scope,)
        if until > self.clock() and here and await self._wanted(thread):
            fresh = await self._fresh(proposals, thread, audience, can)
        kept = await self._remember(proposals, fresh, thread, audience, can) if fresh else ()
        name, this = f"telling:{proposals.key}", self.new_id()
        if await self.claims.claim(name, TELL_SECONDS, this):
            return
        # Somebody else may have told it meanwhile, or what it rests upon may have gone.
        if proposed in (await self.threads.take_window(thread)).proposed:
            if kept:
                await self._telling(name, this, tell(kept))
            self.saved(len(kept), len(proposals.items) - len(kept))
            await self.threads.take_up(thread, proposed)
        await self.claims.release(name, this)

    async def _telling(self, name: str, this: str, told: Awaitable[None]) -> None:
        """Wait until people are told, and let nobody else tell them meanwhile."""

        async def keep() -> None:
            await self.claims.claim(name, TELL_SECONDS, this)

        keeping = asyncio.create_task(repeat(keep, self.still, "telling what was remembered"))
        try:
            await told
        finally:
            await end(keeping)

    async def drop(self, thread: ThreadKey, proposed: str) -> None:
        """Remember nothing of what is proposed. Raises StoreUnavailable."""
        await self.threads.take_up(thread, proposed)

    async def _remember(
        self,
        proposals: Proposals,
        fresh: Sequence[Admitted],
        thread: ThreadKey,
        audience: Audience,
        can: Capabilities,
    ) -> tuple[Memory, ...]:
        until = self._until(proposals)
        new = [self._new(each, thread, can, until) for each in fresh]
        given = self._grant(audience, _person(thread, fresh[0].author_id, can))
        # Whoever does it again may find less of it fresh, and then it is another call.
        key = f"{proposals.key}-{_digest(*(each.content for each in fresh))}"
        written = await self.memories.add_all(given, new, key=key)
        stored = [
            each.memory
            for each in written
            if each.result is Wrote.CREATED and each.memory is not None
        ]
        return await self._still_said(given, proposals, thread, stored)

    def _until(self, proposals: Proposals) -> float:
        return (proposals.at or self.clock()) + self.days * DAY_SECONDS

    def _around(self, fold: Fold) -> Surroundings:
        before = fold.before
        return Surroundings(
            fold.entries,
            before.names,
            self.bots(fold.thread.platform),
            in_channel(self.system, before.persona),
            self.unfit,
        )

    async def _fresh(
        self, proposals: Proposals, thread: ThreadKey, audience: Audience, can: Capabilities
    ) -> list[Admitted]:
        """What is not remembered there yet, within a day's share."""
        fresh: list[Admitted] = []
        share = f"remembered:{audience.platform}:{audience.space}:{audience.channel}"
        for each in proposals.items:
            author = person_of(
                audience.platform, audience.space, each.author_id, per_space=can.people_per_space
            )
            found = await self.memories.search(
                self._grant(audience, author), each.content, limit=NEIGHBOURS, said=False
            )
            known = [
                hit.memory.text.content
                for hit in found
                if hit.memory is not None and not _is_from(hit.memory, each, thread)
            ]
            if any(says_the_same(each.content, content) for content in known):
                continue
            if not await self._is_within(share, f"{proposals.key}:{_digest(each.content)}"):
                logger.info("a channel's share of a day is used up; the rest is not remembered")
                break
            fresh.append(each)
        return fresh

    async def _is_within(self, share: str, name: str) -> bool:
        """Whether there is room in a share for something, which takes it once and for all tries."""
        once, this = f"{share}:{name}", self.new_id()
        if await self.claims.claim(once, DAY_SECONDS, this):
            return True
        if not await self.claims.spend(share, A_DAY, DAY_SECONDS / A_DAY):
            return True
        await self.claims.release(once, this)
        return False

    async def _still_said(
        self, given: Grant, proposals: Proposals, thread: ThreadKey, stored: Sequence[Memory]
    ) -> tuple[Memory, ...]:
        """What was deleted or changed while it was being remembered is not remembered.

        Nor is anything where that is not wanted any more.
        """
        stands: frozenset[str] = frozenset()
        if await self._wanted(thread):
            most = proposals.upto - proposals.after
            entries = await self.threads.entries_after(thread, proposals.after, most)
            stands = proposals.still_said(entries)
        kept = tuple(each for each in stored if stands.issuperset(each.source.message_ids))
        gone = [each.id for each in stored if each not in kept]
        if gone:
            await self.memories.delete(replace(given, admin=True), gone)
        return kept

    async def _wanted(self, thread: ThreadKey) -> bool:
        """Whether the channel wants it by now; a fold takes a while."""
        return (await self.threads.channel_settings(place_of(thread))).memory

    def _grant(self, audience: Audience, person: Person) -> Grant:
        return grant(audience, person, via=Via.AUTO)

    def _new(
        self, admitted: Admitted, thread: ThreadKey, can: Capabilities, until: float
    ) -> NewMemory:
        author = _person(thread, admitted.author_id, can)
        return NewMemory(
            MemoryText(
                admitted.content,
                admitted.kind,
                admitted.tags,
                admitted.subject,
                event_at=admitted.event_at,
                expires_at=until,
            ),
            Source(Via.AUTO, author, thread, admitted.message_ids),
            confirmed=False,
        )


@dataclass(frozen=True, slots=True)
class Keeper:
    """`Capturing` for one conversation. See `Capturing.at` for its parts."""

    capturing: Capturing
    adapter: Adapter
    event: Incoming
    audience: Audience

    def wanted(self, current: Conversation, entries: Sequence[Entry]) -> str:
        """What is to be asked for beside the summary of some entries; empty for nothing.

        Nothing is remembered unasked where nobody wants it, in direct messages, and where not
        everybody who reads along belongs to the place.
        """
        return wanted(entries) if self._welcome(current) else ""

    async def propose(self, fold: Fold, candidates: Sequence[Candidate]) -> str:
        """See `Capturing.propose`."""
        return await self.capturing.propose(fold, candidates, self.audience, self.event.ref)

    async def take_up(self, thread: ThreadKey, current: Conversation, proposed: str) -> None:
        """Remember what is left of a fold, if it is still wanted, as `keep` does."""
        if self._welcome(current):
            await self.keep(thread, proposed)
            return
        try:
            await self.capturing.drop(thread, proposed)
        except BobbinError as error:
            logger.warning("what is not to be remembered is still proposed: %s", error)

    async def keep(self, thread: ThreadKey, proposed: str) -> None:
        """Remember what is proposed, and say so. Never raises a `BobbinError`.

        What the store does not take is left for the next turn.
        """
        can = self.adapter.capabilities
        try:
            await self.capturing.keep(thread, proposed, self.audience, can, self._tell)
        except BobbinError as error:
            logger.warning("what a fold proposes to remember is not dealt with yet: %s", error)

    async def _tell(self, kept: Sequence[Memory]) -> None:
        try:
            await self.adapter.respond(self.event, told(kept, self.capturing.buttons))
        except PlatformError as error:
            logger.warning("nobody could be told what was remembered: %s", error)

    def _welcome(self, current: Conversation) -> bool:
        audience = self.audience
        everybody = audience.members and not audience.direct and audience.alone is None
        return current.remembers and everybody


def told(
    kept: Sequence[Memory], buttons: Callable[[Memory, bool], tuple[Button, ...]]
) -> CommandReply:
    """What is said of memories that nobody asked for."""
    alone = len(kept) == 1
    until = datetime.fromtimestamp(min(each.text.expires_at for each in kept), UTC)
    entries = tuple(panels.Entry(f"> {each.text.content}", buttons(each, alone)) for each in kept)
    said = texts.remembered_unasked(kept[0].scope.kind is ScopeKind.THREAD, f"{until:%Y-%m-%d}")
    return CommandReply(said, private=False, entries=entries)


def _person(thread: ThreadKey, user: str, can: Capabilities) -> Person:
    return person_of(thread.platform, thread.space, user, per_space=can.people_per_space)


def _is_from(memory: Memory, admitted: Admitted, thread: ThreadKey) -> bool:
    """It is this very thing, remembered by somebody who could not finish."""
    source = memory.source
    return (
        source.via is Via.AUTO
        and source.thread == thread
        and source.message_ids == admitted.message_ids
        and memory.text.content == admitted.content
        and not memory.confirmed
    )


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]
