"""A small Slack workspace for the console."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TypeVar

from tests.simulators.console.grammar import Say, Unclear, mentioned, slash
from tests.simulators.console.town import Shown
from tests.simulators.slack_sim import Channel, Message, SlackSimulator, User

T = TypeVar("T")
_MENTION = re.compile(r"<@(\w+)>")


class SlackTown:
    """#general, and a direct conversation of each person with the app."""

    name = "slack"

    def __init__(self, sim: SlackSimulator, people: tuple[str, ...]) -> None:
        self.sim = sim
        self._people = {name.lower(): sim.add_user(name) for name in people}
        members = list(self._people.values())
        self._channels = {"general": sim.add_channel("general", members=members)}
        self._direct = {name: sim.open_dm(user) for name, user in self._people.items()}

    async def act(self, say: Say) -> None:
        """Say something, or use a slash command."""
        who = self._people.get(say.who.lower())
        if who is None:
            raise Unclear(f"nobody here is called {say.who}: {', '.join(self._people)}")
        channel, thread = self._place(say, who)
        self.sim.state.catch_up(time.time())
        command = slash(say.text)
        if command is None:
            text = mentioned(say.text, self.sim.mention)
            self.sim.say(channel, who, text, thread=thread)
            return
        if thread is not None:
            raise Unclear("Slack allows no slash commands in threads")
        try:
            self.sim.slash(channel, who, f"/{command.name}", command.rest)
        except ValueError as error:
            raise Unclear(str(error)) from error

    def _place(self, say: Say, who: User) -> tuple[Channel, Message | None]:
        if say.place == "dm":
            return self._direct[say.who.lower()], None
        if say.thread is not None:
            threads = self._threads()
            if not 1 <= say.thread <= len(threads):
                raise Unclear(f"there are {len(threads)} threads")
            root = threads[say.thread - 1]
            channel = self.sim.state.channels[root.channel]
            if channel.kind == "im" and who.id not in channel.members:
                raise Unclear(f"{say.who} has no part in that conversation")
            return channel, root
        if say.place not in self._channels:
            raise Unclear(f"there is no #{say.place}: {', '.join(self._channels)}, dm")
        return self._channels[say.place], None

    def _threads(self) -> list[Message]:
        """Messages with replies, in the order of their first replies, so that numbers stay."""
        found: dict[tuple[str, str], Message] = {}
        for message in self.sim.state.messages.values():
            key = (message.channel, message.root_ts)
            root = self.sim.state.messages.get(key)
            if message.is_reply and root is not None:
                found.setdefault(key, root)
        return list(found.values())

    def shown(self) -> list[Shown]:
        """Messages and private answers."""
        state = self.sim.state
        numbers = {
            (root.channel, root.ts): f"thread {number}"
            for number, root in enumerate(self._threads(), start=1)
        }
        lines: list[Shown] = []
        for message in state.messages.values():
            thread = numbers.get((message.channel, message.root_ts)) if message.is_reply else None
            lines.append(
                Shown(
                    key=f"{message.channel} {message.ts}",
                    place=thread or self._title(message.channel),
                    author=message.username or self._name(message.user),
                    text=self._readable(message.text),
                    version=len(message.versions) + message.deleted,
                    deleted=message.deleted,
                )
            )
        for note in state.ephemerals:
            lines.append(
                Shown(
                    key=f"{note.channel} {note.ts} {note.user}",
                    place=self._title(note.channel),
                    author=self.sim.workspace.bot.display_name,
                    text=self._readable(note.text),
                    version=1 + (note.deleted or note.replaced),
                    deleted=note.deleted or note.replaced,
                    private_to=self._name(note.user),
                )
            )
        return lines

    def _readable(self, text: str) -> str:
        return _MENTION.sub(lambda found: f"@{self._name(found[1])}", text)

    def _title(self, channel_id: str) -> str:
        channel = self.sim.state.channels[channel_id]
        return channel.name if channel.kind == "im" else f"#{channel.name}"

    def _name(self, user_id: str) -> str:
        user = self.sim.state.users.get(user_id)
        return user.display_name if user is not None else "Slack"

    def transcript(self) -> str:
        """Channels with something in them, and violations."""
        channels = [c for c in self.sim.state.channels.values() if self.sim.messages(c)]
        parts = [self.sim.transcript(channel) for channel in channels]
        return "\n".join(parts + [f"violation: {text}" for text in self.sim.violations])

    async def until(self, predicate: Callable[[], T], timeout: float) -> T:
        """The simulator's `until`."""
        return await self.sim.until(predicate, timeout)
