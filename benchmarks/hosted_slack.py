"""Slack for the measured conversations: one workspace with its real limits."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import asdict
from typing import Any

from benchmarks.scene import Conversation, answer, question
from tests.simulators.slack_sim import SlackSimulator
from tests.simulators.slack_sim.model import Message, User

PEOPLE = 100
"""So many people there are; Slack tells a workspace a hundred names a minute."""


class HostedSlack:
    """Under orders: `environment`, `connected`, `ask`."""

    def __init__(self) -> None:
        self._sim = SlackSimulator(native_streams=True)
        self._people: list[User] = []

    async def start(self) -> None:
        """Listen."""
        await self._sim.start()
        self._people = [self._sim.add_user(f"weaver{number}") for number in range(PEOPLE)]

    async def stop(self) -> None:
        """End everything."""
        await self._sim.stop()

    async def obey(self, order: str, details: dict[str, Any]) -> Any:
        """Do something and return what it came to."""
        if order == "environment":
            return self._sim.environment()
        if order == "connected":
            count: int = details.get("count", 1)
            await self._sim.until(lambda: len(self._sim.connections) >= count, 30.0)
            return None
        if order == "ask":
            return await self._ask(**details)
        raise ValueError(order)

    async def _ask(
        self, first: int, count: int, tokens: int, patience: float, direct: bool = False
    ) -> Any:
        """Ask the bot at once in `count` places, and watch until all is answered.

        They are new channels, in which it is mentioned, or direct messages of so many people.
        """
        sim, text = self._sim, answer(tokens)
        mention = "" if direct else f"{sim.mention} "
        people = [self._people[number % PEOPLE] for number in range(first, first + count)]
        places = [
            (sim.open_dm(who) if direct else sim.add_channel(f"loom-{number}"), who)
            for number, who in enumerate(people, start=first)
        ]
        calls, refused = len(sim.requests), Counter(sim.rate_limited)
        loop = asyncio.get_running_loop()
        since = loop.time() - sim.state.clock()
        asked: list[tuple[int, float, Message]] = []
        for number, (channel, user) in enumerate(places, start=first):
            at = loop.time()
            said = sim.say(channel, user, f"{mention}{question(number)}")
            asked.append((number, at, said))
            await asyncio.sleep(0)

        def answered() -> bool:
            return all(
                any(reply.text == text for reply in sim.replies(said)) for _, _, said in asked
            )

        try:
            await sim.until(answered, patience)
        except TimeoutError:
            pass
        replies = self._replies()
        return {
            "conversations": [
                asdict(_conversation(number, at, replies.get(said.ts, []), text, since))
                for number, at, said in asked
            ],
            "calls": Counter(request.api for request in sim.requests[calls:] if request.api),
            "refused": Counter(sim.rate_limited) - refused,
            "violations": sim.violations,
        }

    def _replies(self) -> dict[str, list[Message]]:
        """What the app ever wrote, by thread; deleted messages too, for people saw them."""
        found: dict[str, list[Message]] = {}
        for message in self._sim.state.messages.values():
            if message.by_app and message.thread_ts is not None:
                found.setdefault(message.thread_ts, []).append(message)
        return found


def _conversation(
    number: int, at: float, messages: list[Message], text: str, since: float
) -> Conversation:
    versions = [version for message in messages for version in message.versions]
    return Conversation(
        number,
        at,
        min((since + version.at for version in versions if version.shown.strip()), default=None),
        min((since + version.at for version in versions if version.shown == text), default=None),
    )
