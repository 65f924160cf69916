"""A token opens less once its owner has left, although nobody told of that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from bot.credentials import Credential
from bot.ids import new_id
from bot.memories import Person, Scope
from bot.storage.connect import open_redis
from bot.storage.threads import Threads
from tests.flows.stage import QUICK, open_stage
from tests.servers import Valkey


async def _until(threads: Threads, digest: str, met: Callable[[Credential | None], bool]) -> None:
    """Only the store shows it."""
    async with asyncio.timeout(50):
        while not met(await threads.tokens.find(digest)):
            pass


async def test_a_running_bot_narrows_and_ends_tokens(server: Valkey) -> None:
    async with open_stage(server, "discord", "slack", start=False) as stage:
        discord, slack = stage.discord, stage.slack
        assert discord is not None and slack is not None
        guild = await discord.add_guild("Weavers")
        ada, ben = discord.add_user("ada"), discord.add_user("ben")
        grace = slack.add_user("Grace", deleted=True)
        client = open_redis(stage.server.url)
        threads = Threads(client, worker="w", clock=lambda: 1.0, new_id=new_id)
        shared = Scope.of_workspace("discord", str(guild.id))
        people = {
            "ada": (Person("discord", "@", str(ada.id)), shared),
            "ben": (Person("discord", "@", str(ben.id)), shared),
            "grace": (
                Person("slack", slack.workspace.id, grace.id),
                Scope.of_workspace("slack", slack.workspace.id),
            ),
        }
        for name, (person, scope) in people.items():
            scopes = (Scope.of_person(person), scope)
            assert await threads.tokens.add(Credential(f"tok_{name}", name, person, "", scopes))
        del guild.members[ada.id]
        await stage.start(replace(QUICK, recheck=0.05))
        await _until(threads, "grace", lambda found: found is None)
        await _until(threads, "ada", lambda found: found is not None and len(found.readable) == 1)
        ben_now = await threads.tokens.find("ben")
        assert ben_now is not None and shared in ben_now.readable
        await client.aclose()
