"""A strict chat platform in memory: it counts, limits, delays, refuses, and shows what stands."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

from bot.capabilities import Call, Capabilities, Limit
from bot.chat import CommandReply, File, History, Incoming, MessageRef, Reach, Spot, ThreadKey
from bot.controls import PLAIN, Presentation
from bot.errors import MessageGone, PlatformBusy, PlatformError
from bot.inbox import Inbox

_KEY = re.compile(r"[a-z0-9]{1,25}")


@dataclass
class Message:
    """A message as the platform keeps it; `texts` is everything it has ever shown."""

    ref: MessageRef
    key: str
    texts: list[str]
    times: list[float]
    deleted: bool = False
    look: Presentation = PLAIN

    @property
    def text(self) -> str:
        return self.texts[-1]


@dataclass
class Fault:
    """What happens to the next call of a kind: `applied` means it is carried out all the same."""

    call: Call
    error: PlatformError
    applied: bool = False


@dataclass
class Platform:
    """Implements `bot.adapter.Adapter`.

    `space_of` says which space a channel is in. `forgetful` writers may edit without changing
    anything: they cannot know what is there.
    """

    capabilities: Capabilities
    latency: Callable[[Call], float] = lambda call: 0.05
    space_of: Callable[[str], str] = lambda channel: "space"
    faults: list[Fault] = field(default_factory=list[Fault])
    messages: dict[str, list[Message]] = field(
        default_factory=lambda: defaultdict[str, list[Message]](list)
    )
    statuses: list[tuple[float, str, str | None]] = field(
        default_factory=list[tuple[float, str, str | None]]
    )
    calls: list[tuple[float, Call, str]] = field(default_factory=list[tuple[float, Call, str]])
    over_limit: int = 0
    searches: int = 0
    forgetful: bool = False
    hung: set[Call] = field(default_factory=set[Call])
    name: str = "fake"
    _counts: dict[tuple[int, str], deque[float]] = field(
        default_factory=lambda: defaultdict[tuple[int, str], deque[float]](deque)
    )
    _in_flight: set[str] = field(default_factory=set[str])
    _number: int = 0

    def standing(self, channel: str) -> list[str]:
        """The texts that a person sees in a channel, from the top."""
        return [message.text for message in self.messages[channel] if not message.deleted]

    def count(self, call: Call) -> int:
        """How many calls of a kind have arrived."""
        return sum(1 for _, kind, _ in self.calls if kind == call)

    def put(self, channel: str, text: str, key: str = "earlier") -> MessageRef:
        """A message that is there already."""
        self._number += 1
        ref = MessageRef(channel, f"m{self._number}")
        self.messages[channel].append(Message(ref, key, [text], [self._now()]))
        return ref

    def find(self, ref: MessageRef) -> Message:
        return next(each for each in self.messages[ref.channel] if each.ref == ref)

    async def run(self, inbox: Inbox) -> None:
        raise NotImplementedError

    async def open(self, event: Incoming, title: str) -> Spot:
        raise NotImplementedError

    async def post(
        self,
        spot: Spot,
        text: str,
        *,
        key: str,
        again: bool = False,
        look: Presentation = PLAIN,
    ) -> MessageRef:
        assert _KEY.fullmatch(key)
        self._check(text)
        fault = await self._arrive("post", spot.channel)
        self.searches += again
        same = [each for each in self.messages[spot.channel] if each.key == key]
        assert again or not same, "the same post was made twice"
        if same:
            ref = same[0].ref
            self._change(same[0], text, look)
        else:
            ref = self.put(spot.channel, text, key)
            self.find(ref).look = look
        await self._return("post", spot.channel, fault)
        return ref

    async def edit(self, ref: MessageRef, text: str, *, look: Presentation = PLAIN) -> None:
        self._check(text)
        assert self.capabilities.edits
        fault = await self._arrive("edit", ref.channel)
        message = self.find(ref)
        if message.deleted:
            self._in_flight.discard(ref.channel)
            raise MessageGone()
        same = (message.text, message.look) == (text, look)
        assert not same or self.forgetful, "an edit that changes nothing"
        self._change(message, text, look)
        await self._return("edit", ref.channel, fault)

    async def delete(self, ref: MessageRef) -> None:
        fault = await self._arrive("delete", ref.channel)
        self.find(ref).deleted = True
        await self._return("delete", ref.channel, fault)

    async def show_status(self, spot: Spot, status: str | None) -> None:
        fault = await self._arrive("status", spot.channel)
        self.statuses.append((self._now(), spot.channel, status))
        await self._return("status", spot.channel, fault)

    async def mark_waiting(self, ref: MessageRef, waiting: bool) -> None: ...

    async def settled(self, thread: ThreadKey) -> None:
        raise NotImplementedError

    async def history(self, event: Incoming, limit: int) -> History:
        raise NotImplementedError

    async def attach(
        self, spot: Spot, file: File, key: str, text: str = "", *, again: bool = False
    ) -> MessageRef:
        return await self.post(spot, f"{text} {file.name}", key=key, again=again)

    async def since(self, first: MessageRef, thread: ThreadKey, limit: int) -> History:
        raise NotImplementedError

    async def respond(self, event: Incoming, reply: CommandReply) -> None:
        raise NotImplementedError

    async def link(self, thread: ThreadKey, message: str, *, loose: bool = False) -> str:
        return f"https://example.org/{thread.thread}/{message}"

    async def tell(self, space: str, user: str, text: str, *, key: str) -> bool:
        return False

    async def reach(
        self, space: str, user: str, places: Collection[tuple[str, str]]
    ) -> Reach | None:
        return None

    def measure(self, text: str) -> int:
        return len(text)

    async def close(self) -> None:
        raise NotImplementedError

    def _check(self, text: str) -> None:
        if self.measure(text) > self.capabilities.max_chars or not text.strip():
            raise ValueError("a message that is too long or blank")

    def _change(self, message: Message, text: str, look: Presentation) -> None:
        message.look = look
        message.texts.append(text)
        message.times.append(self._now())

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    async def _arrive(self, call: Call, channel: str) -> Fault | None:
        """The way there: half the latency, then limits and faults."""
        if call in ("post", "edit"):
            assert channel not in self._in_flight, "two writes under way in one place"
            self._in_flight.add(channel)
        try:
            if call in self.hung:
                await asyncio.Event().wait()
            await asyncio.sleep(self.latency(call) / 2)
            self._limit(call, channel)
            self.calls.append((self._now(), call, channel))
            for fault in self.faults:
                if fault.call == call:
                    self.faults.remove(fault)
                    if not fault.applied:
                        raise fault.error
                    return fault
        except BaseException:
            self._in_flight.discard(channel)
            raise
        return None

    async def _return(self, call: Call, channel: str, fault: Fault | None) -> None:
        try:
            await asyncio.sleep(self.latency(call) / 2)
        finally:
            if call in ("post", "edit"):
                self._in_flight.discard(channel)
        if fault is not None:
            raise fault.error

    def _limit(self, call: Call, channel: str) -> None:
        """A sliding window for each limit and scope, counted on arrival."""
        now = self._now()
        names = {"channel": channel, "space": self.space_of(channel), "adapter": ""}
        hit = [
            (limit, self._counts[number, names[limit.per]])
            for number, limit in enumerate(self.capabilities.limits)
            if call in limit.calls
        ]
        for limit, times in hit:
            while times and times[0] <= now - limit.seconds + 1e-6:
                times.popleft()
            if len(times) >= limit.count:
                self.over_limit += 1
                raise PlatformBusy("over the limit", retry_after=times[0] + limit.seconds - now)
        for _, times in hit:
            times.append(now)


def discord_like(**changes: object) -> Capabilities:
    """Limits as Discord shows them: per channel, and 50 calls a second over all."""
    limits = (
        Limit(frozenset[Call](("edit",)), "channel", 5, 5.0),
        Limit(frozenset[Call](("post",)), "channel", 5, 5.0),
        Limit(frozenset[Call](("post", "edit", "delete", "status")), "adapter", 50, 1.0),
    )
    return _changed(Capabilities(2000, True, limits, 1.05, 8.0), changes)


def slack_like(**changes: object) -> Capabilities:
    """Limits as Slack documents them: updates and deletions per workspace."""
    limits = (
        Limit(frozenset[Call](("edit",)), "space", 50, 60.0),
        Limit(frozenset[Call](("delete",)), "space", 50, 60.0),
        Limit(frozenset[Call](("post",)), "channel", 1, 1.0),
        Limit(frozenset[Call](("status",)), "space", 600, 60.0),
    )
    return _changed(Capabilities(11000, True, limits, 1.2, 60.0), changes)


def unlimited(**changes: object) -> Capabilities:
    """No limits at all, so that a test sees only what it is about."""
    return _changed(Capabilities(2000, True, (), 1.0, None), changes)


def _changed(capabilities: Capabilities, changes: dict[str, object]) -> Capabilities:
    values = {name: getattr(capabilities, name) for name in capabilities.__slots__}
    return Capabilities(**(values | changes))


def text_of(parts: Sequence[str]) -> str:
    """What a person reads in a channel, without white space."""
    return "".join("".join(part.split()) for part in parts)
