"""Two pretend platforms, the people who talk there, and what stands there in the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.chaos.ledger import Said, Standing
from tests.chaos.plan import Platform, Say, Size, Thread
from tests.chaos.words import NOTICES, token
from tests.simulators.discord_sim import Channel as Room
from tests.simulators.discord_sim import DiscordSimulator, User
from tests.simulators.discord_sim import Message as Post
from tests.simulators.slack_sim import Channel, Message, SlackSimulator
from tests.simulators.slack_sim import User as Member
from tests.simulators.slack_sim.sockets import Envelope

NAMES = ("Ada", "Ben", "Cyd")
SURE_SECONDS = 10.0
"""After so long in calm weather a Discord message is taken to be with the bot."""


def words_of(say: Say) -> str:
    """What somebody says, without any mention."""
    return f"{token(say.number)} please"


@dataclass(slots=True)
class Weavers:
    """The Discord side: a server with some channels.

    Attributes:
        sim: The platform.
        restless: Loop time of the last moment that may have cost the bot an event.
    """

    sim: DiscordSimulator
    rooms: list[Room]
    people: list[User]
    restless: Callable[[], float]
    said: list[Said] = field(default_factory=list[Said])
    _roots: dict[int, Post] = field(default_factory=dict[int, Post])
    _mine: dict[int, list[Post]] = field(default_factory=dict[int, list[Post]])
    _clock: float = field(default_factory=time.time)

    @classmethod
    async def open(
        cls, sim: DiscordSimulator, size: Size, restless: Callable[[], float]
    ) -> Weavers:
        """The place before anybody talks."""
        guild = await sim.add_guild("Weavers")
        rooms = [await sim.add_text_channel(guild, f"room-{n}") for n in range(size.channels)]
        people = [sim.add_user(name.lower(), name) for name in NAMES]
        return cls(sim, rooms, people, restless)

    async def say(self, thread: Thread, say: Say) -> Callable[[], object] | None:
        """Say it, and return how to deliver it again; None while there is no place for it."""
        # Ids carry a time that clients compare with their clock.
        now = time.time()
        self.sim.world.pass_time(now - self._clock)
        self._clock = now
        who, text = self.people[say.person], words_of(say)
        root = self._roots.get(thread.number)
        if root is None:
            room = self.rooms[thread.channel]
            message = await self.sim.say(room, who, f"{self.sim.mention} {text}")
            self._roots[thread.number] = message
        else:
            place = self.sim.thread_of(root)
            answers = [
                answer
                for answer in self._answers(thread.number, root)
                if answer.content not in NOTICES
            ]
            if place is not None:
                text = text if answers else f"{self.sim.mention} {text}"
                message = await self.sim.say(place, who, text)
            elif answers:
                message = await self.sim.say(root.channel, who, text, reply_to=answers[-1])
            else:
                return None
        mine = self._mine.setdefault(thread.number, [])
        mine.append(message)
        at = asyncio.get_running_loop().time()
        before = next((one for one in reversed(self.said) if one.thread == thread.number), None)
        sure = before is not None and self.restless() < before.at - 1 < at - SURE_SECONDS
        self.said.append(Said(say.number, thread.number, at, sure))
        return lambda: self.sim.world.tell_message("MESSAGE_CREATE", message)

    def _answers(self, number: int, root: Post) -> list[Post]:
        """The bot's messages in a conversation that stand there, oldest first."""
        return sorted(self._all_answers(number, root), key=lambda message: message.id)

    def _all_answers(self, number: int, root: Post) -> Iterator[Post]:
        mine = {id(message) for message in self._mine.get(number, ())}
        for message in root.channel.messages.values():
            ours = message.author is self.sim.bot and not message.deleted
            if ours and message.reply_to is not None and id(message.reply_to) in mine:
                yield message
        place = self.sim.thread_of(root)
        if place is not None:
            yield from self.sim.messages(place, by=self.sim.bot)

    def standing(self, thread: Thread) -> Standing:
        """What the bot has left in a conversation."""
        root = self._roots.get(thread.number)
        found = [] if root is None else self._answers(thread.number, root)
        return Standing(thread.number, "discord", tuple(message.content for message in found))

    def homeless(self) -> Iterator[str]:
        """What the bot said outside of all conversations."""
        places = {id(self.sim.thread_of(root)) for root in self._roots.values()}
        mine = {id(message) for group in self._mine.values() for message in group}
        for message in self.sim.world.messages.values():
            if message.author is not self.sim.bot or message.deleted:
                continue
            if id(message.channel) not in places and id(message.reply_to) not in mine:
                yield message.content

    def transcript(self, thread: Thread) -> str:
        """A conversation as people see it."""
        root = self._roots.get(thread.number)
        if root is None:
            return "(never began)"
        place = self.sim.thread_of(root)
        return self.sim.transcript(place or root.channel)


@dataclass(slots=True)
class Acme:
    """The Slack side: a workspace with some channels."""

    sim: SlackSimulator
    channels: list[Channel]
    people: list[Member]
    said: list[Said] = field(default_factory=list[Said])
    _roots: dict[int, Message] = field(default_factory=dict[int, Message])
    _last: dict[int, list[Envelope]] = field(default_factory=dict[int, list[Envelope]])
    _seen: set[int] = field(default_factory=set[int])

    @classmethod
    def open(cls, sim: SlackSimulator, size: Size) -> Acme:
        """The place before anybody talks."""
        people = [sim.add_user(name) for name in NAMES]
        channels = [sim.add_channel(f"room-{n}", members=people) for n in range(size.channels)]
        return cls(sim, channels, people)

    async def say(self, thread: Thread, say: Say) -> Callable[[], object] | None:
        """Say it, and return how to deliver it again."""
        who, text = self.people[say.person], words_of(say)
        channel = self.channels[thread.channel]
        root = self._roots.get(thread.number)
        before = self._last.get(thread.number, [])
        sure = any(envelope.state == "acked" for envelope in before)
        number = len(self.sim.envelopes)
        if root is None or not self._has_answered(thread.number, root):
            text = f"{self.sim.mention} {text}"
        message = self.sim.say(channel, who, text, thread=root)
        self._roots.setdefault(thread.number, message)
        sent = self.sim.envelopes[number:]
        self._last[thread.number] = sent
        at = asyncio.get_running_loop().time()
        self.said.append(Said(say.number, thread.number, at, sure))
        return lambda: [self.sim.repeat(envelope, 1) for envelope in sent]

    def _has_answered(self, number: int, root: Message) -> bool:
        if number not in self._seen and any(
            message.by_app and message.thread_ts == root.ts
            for message in self.sim.state.messages.values()
        ):
            self._seen.add(number)
        return number in self._seen

    def standing(self, thread: Thread) -> Standing:
        """What the bot has left in a conversation."""
        root = self._roots.get(thread.number)
        found = [] if root is None else self.sim.replies(root)
        return Standing(thread.number, "slack", tuple(message.text for message in found))

    def homeless(self) -> Iterator[str]:
        """What the bot said outside of all conversations."""
        roots = {root.ts for root in self._roots.values()}
        for message in self.sim.state.messages.values():
            if message.by_app and not message.deleted and message.thread_ts not in roots:
                yield message.text

    def transcript(self, thread: Thread) -> str:
        """A conversation as people see it."""
        root = self._roots.get(thread.number)
        if root is None:
            return "(never began)"
        return self.sim.transcript(self.channels[thread.channel], root)


def side_of(platform: Platform, weavers: Weavers, acme: Acme) -> Weavers | Acme:
    """The place of a platform."""
    return weavers if platform == "discord" else acme
