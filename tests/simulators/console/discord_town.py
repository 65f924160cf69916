"""A small Discord guild for the console."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tests.simulators.console.grammar import Say, Slash, Unclear, mentioned, slash
from tests.simulators.console.town import Shown
from tests.simulators.discord_sim import Channel, DiscordSimulator, Message, User
from tests.simulators.discord_sim.transcript import readable

T = TypeVar("T")


class DiscordTown:
    """The guild "Weavers" with #general, and direct messages of each person with the bot."""

    name = "discord"

    def __init__(self, sim: DiscordSimulator, channel: Channel, people: dict[str, User]) -> None:
        self.sim = sim
        self._people = people
        self._channels = {channel.name: channel}

    @classmethod
    async def build(cls, sim: DiscordSimulator, people: tuple[str, ...]) -> DiscordTown:
        """Build the guild and its people."""
        users = {name.lower(): sim.add_user(name.lower(), name) for name in people}
        guild = await sim.add_guild("Weavers", owner=next(iter(users.values())))
        return cls(sim, await sim.add_text_channel(guild, "general"), users)

    async def act(self, say: Say) -> None:
        """Say something, or use a slash command."""
        who = self._people.get(say.who.lower())
        if who is None:
            raise Unclear(f"nobody here is called {say.who}: {', '.join(self._people)}")
        channel = self._place(say, who)
        self.sim.world.catch_up(time.time())
        command = slash(say.text)
        try:
            if command is None:
                await self.sim.say(channel, who, mentioned(say.text, self.sim.mention))
            else:
                await self._command(channel, who, command)
        except (LookupError, PermissionError, ValueError) as error:
            raise Unclear(str(error)) from error

    async def _command(self, channel: Channel, who: User, command: Slash) -> None:
        """Use a command; its first words name a subcommand unless they are options."""
        words = command.rest.split("=")[0].split() if not command.options else []
        await self.sim.slash(channel, who, " ".join([command.name, *words]), **command.options)

    def _place(self, say: Say, who: User) -> Channel:
        if say.place == "dm":
            return self.sim.open_dm(who)
        if say.thread is not None:
            threads = self._threads()
            if not 1 <= say.thread <= len(threads):
                raise Unclear(f"there are {len(threads)} threads")
            return threads[say.thread - 1]
        if say.place not in self._channels:
            raise Unclear(f"there is no #{say.place}: {', '.join(self._channels)}, dm")
        return self._channels[say.place]

    def _threads(self) -> list[Channel]:
        """Threads in the order they were made, deleted ones too, so that numbers stay."""
        return [channel for channel in self.sim.world.channels.values() if channel.is_thread]

    def shown(self) -> list[Shown]:
        """Messages and private answers; threads' starters, which repeat a message, are left out."""
        places = {
            thread.id: f"thread {number}" for number, thread in enumerate(self._threads(), start=1)
        }
        return [
            self._shown(message, places)
            for message in self.sim.world.messages.values()
            if message.versions[-1].shown or message.attachments
        ]

    def _shown(self, message: Message, places: dict[int, str]) -> Shown:
        channel = message.channel
        title = channel.name if channel.guild is None else f"#{channel.name}"
        return Shown(
            key=str(message.id),
            place=places.get(channel.id, title),
            author=message.author.shown,
            text=readable(self.sim.world, channel, message.versions[-1].shown),
            version=len(message.versions) + message.deleted,
            deleted=message.deleted,
            private_to=message.seen_by.shown if message.seen_by is not None else None,
        )

    def transcript(self) -> str:
        """Channels and threads with something in them, and violations."""
        channels = [channel for channel in self.sim.world.channels.values() if channel.messages]
        parts = [self.sim.transcript(channel) for channel in channels]
        return "\n".join(parts + [f"violation: {text}" for text in self.sim.violations])

    async def until(self, predicate: Callable[[], T], timeout: float) -> T:
        """The simulator's `until`."""
        return await self.sim.until(predicate, timeout)
