"""Discord for the measured conversations, with its real limits."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import asdict
from typing import Any

from benchmarks.scene import Conversation, answer, question
from tests.simulators.discord_sim import Channel, DiscordSimulator, Guild, Message, User


class HostedDiscord:
    """Under orders: `environment`, `connected`, `ask`, `follow`, `thread`."""

    def __init__(self) -> None:
        self._sim = DiscordSimulator()
        self._guild: Guild | None = None
        self._people: list[User] = []

    async def start(self) -> None:
        """Listen."""
        await self._sim.start()
        self._guild = await self._sim.add_guild("Weavers")

    async def stop(self) -> None:
        """End everything."""
        await self._sim.stop()

    async def obey(self, order: str, details: dict[str, Any]) -> Any:
        """Do something and return what it came to."""
        if order == "environment":
            return self._sim.environment()
        if order == "connected":
            await self._sim.until_connected(timeout=30.0)
            return None
        if order == "ask":
            return await self._ask(**details)
        if order == "follow":
            return await self._follow(**details)
        raise ValueError(order)

    async def _ask(self, first: int, count: int, tokens: int, patience: float) -> Any:
        """Mention the bot at once in `count` new channels, and watch until all is answered."""
        sim, text = self._sim, answer(tokens)
        places = [await self._place(first + number) for number in range(count)]
        calls, refused = len(sim.requests), Counter(sim.refused)
        loop = asyncio.get_running_loop()
        asked: list[tuple[int, float, Message]] = []
        for number, (channel, user) in enumerate(places, start=first):
            at = loop.time()
            said = await sim.say(channel, user, f"{sim.mention} {question(number)}")
            asked.append((number, at, said))

        def answered() -> bool:
            return all(_shown(self._by_bot(said), text) for _, _, said in asked)

        try:
            await sim.until(answered, patience)
        except TimeoutError:
            pass
        return {
            "conversations": [
                asdict(_conversation(number, at, self._by_bot(said), text))
                for number, at, said in asked
            ],
            "calls": Counter(request.route for request in sim.requests[calls:]),
            "refused": Counter(sim.refused) - refused,
            "threads": [
                [
                    str(said.channel.guild.id) if said.channel.guild else "",
                    str(said.channel.id),
                    str(said.id),
                ]
                for _, _, said in asked
            ],
            "violations": sim.violations,
        }

    async def _follow(self, thread: str, number: int, tokens: int, patience: float) -> Any:
        """Ask once more in a thread without a mention."""
        sim, text = self._sim, answer(tokens)
        channel = sim.channel(thread)
        before = len(sim.messages(channel, by=sim.bot))
        at = asyncio.get_running_loop().time()
        await sim.say(channel, self._people[0], question(number))
        await sim.until(lambda: _shown(sim.messages(channel, by=sim.bot)[before:], text), patience)
        said = sim.messages(channel, by=sim.bot)[before:]
        return asdict(_conversation(number, at, said, text))

    async def _place(self, number: int) -> tuple[Channel, User]:
        assert self._guild is not None
        channel = await self._sim.add_text_channel(self._guild, f"loom-{number}")
        user = self._sim.add_user(f"weaver{number}", f"Weaver {number}")
        self._people.append(user)
        return channel, user

    def _by_bot(self, said: Message) -> list[Message]:
        """What the bot ever wrote in answer, in a thread or in the channel itself."""
        places = [said.channel, *([said.thread] if said.thread else [])]
        return [
            message
            for place in places
            for message in place.messages.values()
            if message.author is self._sim.bot
        ]


def _shown(messages: list[Message], text: str) -> bool:
    return any(message.content == text for message in messages)


def _conversation(number: int, at: float, messages: list[Message], text: str) -> Conversation:
    versions = [version for message in messages for version in message.versions]
    return Conversation(
        number,
        at,
        min((version.at for version in versions if version.content.strip()), default=None),
        min((version.at for version in versions if version.content == text), default=None),
    )
