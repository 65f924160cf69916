"""Accounts that belong together, and tokens for other programs, made in chat."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

from bot.chat import Author, CommandReply
from bot.commands import link_news
from bot.commands.link_news import USED
from bot.credentials import digest_of
from bot.memories import ScopeKind
from bot.storage.connect import open_redis
from bot.storage.keys import LINK_NEWS
from bot.storage.threads import Threads
from tests.flows.meadow import ADA, Meadow, a_meadow
from tests.flows.stage import QUICK, open_stage
from tests.servers import Valkey

BEN = Author("2", "Ben")
MINE = {"text": "My loom is crimson", "for": "me"}


async def call(
    meadow: Meadow, name: str, author: Author = ADA, /, *, act: str = "", **options: str
) -> CommandReply:
    """A command in a channel, outside any conversation."""
    return await meadow.call(name, meadow.event(author), thread=None, options=options, act=act)


def code_in(reply: CommandReply) -> str:
    """The code that a reply shows."""
    found = re.search(r"code is `(\w+)`", reply.text)
    assert found is not None and reply.private and not reply.harmless
    return found[1]


async def test_what_is_somebodys_own_follows_to_a_linked_account_and_no_further(
    server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No reply goes without the news because this machine is busy.
    monkeypatch.setattr(link_news, "NEWS_SECONDS", 50.0)
    async with open_stage(server, start=False) as stage:
        here, there = Meadow("slack"), Meadow("discord")
        await stage.start(adapters={"slack": here, "discord": there})
        await here.inbox()
        await there.inbox()
        await call(here, "remember", ADA, **MINE)
        assert not (await call(there, "memories", BEN)).entries

        code = code_in(await call(here, "link"))
        assert "very account" in (await call(here, "link", code=code)).text
        assert (await call(there, "link", BEN, code=code)).text.startswith("Linked with ")
        # Where nobody can be told unasked, they are told with the reply to their next command.
        news = USED.format(platform="Discord", off="/link off")
        assert (await call(here, "memories")).text.startswith(f"{news}\n\nWhat I remember")
        assert "link code" not in (await call(here, "memories")).text
        [entry] = (await call(there, "memories", BEN)).entries
        assert "crimson" in entry.text
        # Once only, and for nobody else.
        assert "not known" in (await call(there, "link", Author("3", "Cy"), code=code)).text
        assert not (await call(there, "memories", Author("3", "Cy"))).entries

        await call(there, "link", BEN, off="true")
        assert not (await call(there, "memories", BEN)).entries


async def test_that_a_code_was_used_is_told_once_the_platform_takes_it(server: Valkey) -> None:
    async with open_stage(server, start=False) as stage:
        here, there = Meadow("slack", reachable=True, busy=1), Meadow("discord")
        timing = replace(QUICK, recheck=0.05)
        await stage.start(timing, adapters={"slack": here, "discord": there})
        await here.inbox()
        await there.inbox()
        code = code_in(await call(here, "link"))
        assert (await call(there, "link", BEN, code=code)).text.startswith("Linked with ")
        await here.until(lambda: len(here.unasked) == 2)
        # The second try has the key of the first, which may have arrived.
        [(space, user, text, _)] = set(here.unasked)
        assert (space, user) == ("1", ADA.id)
        assert text == USED.format(platform="Discord", off="/link off")
        while await stored_news(server):
            pass
        assert len(here.unasked) == 2 and not there.unasked
        assert "link code" not in (await call(here, "memories")).text


class Unreached(Meadow):
    """Sends nobody a direct message; sees for how long a try of that is taken, in seconds."""

    def __init__(self, server: Valkey) -> None:
        super().__init__("slack")
        self.server = server
        self.tried = asyncio.Event()
        self.taken: list[float] = []

    async def tell(self, space: str, user: str, text: str, *, key: str) -> bool:
        self.taken.append(await self.left())
        self.tried.set()
        return False

    async def left(self) -> float:
        """For how long nobody else tries."""
        client = open_redis(self.server.url)
        [claim] = [name async for name in client.scan_iter("bobbin:claim:*link*news*")]
        milliseconds = await client.pttl(claim)
        await client.aclose()
        return milliseconds / 1000


async def test_a_store_that_fails_while_somebody_is_told_costs_a_minute(server: Valkey) -> None:
    async with open_stage(server, start=False) as stage:
        here, there = Unreached(server), Meadow("discord")
        await stage.start(replace(QUICK, recheck=0.05), adapters={"slack": here, "discord": there})
        await here.inbox()
        await there.inbox()
        await call(there, "link", BEN, code=code_in(await call(here, "link")))
        async with asyncio.timeout(50):
            await here.tried.wait()
            while await here.left() < 3_600:
                pass
        # Whoever cannot be reached is left in peace for a day.
        assert len(here.taken) == 1 and 0 < here.taken[0] <= 60


async def stored_news(server: Valkey) -> bool:
    """Whether somebody has not been told yet; only the store shows it."""
    client = open_redis(server.url)
    there = await client.exists(LINK_NEWS)
    await client.aclose()
    return bool(there)


async def test_a_token_opens_what_its_maker_may_see_and_nothing_once_revoked(
    server: Valkey,
) -> None:
    async with a_meadow(server) as here:
        meadow = here.meadow
        assert "connect laptop" in (await call(meadow, "connect")).text
        asked = await call(meadow, "connect", name="my  laptop")
        assert [button.label for button in asked.buttons] == [
            "New, only reads",
            "New, reads and writes",
        ]
        made = await call(meadow, "connect", act=asked.buttons[0].act)
        assert not made.harmless
        [token] = re.findall(r"bob_\S+", made.text)
        assert token not in await here.stored()
        client = open_redis(server.url)
        threads = Threads(client, worker="w", clock=lambda: 1.8e9, new_id=lambda: "n")
        found = await threads.tokens.find(digest_of(token))
        assert found is not None and found.writable == ()
        kinds = {ScopeKind.USER, ScopeKind.DM, ScopeKind.CHANNEL, ScopeKind.WORKSPACE}
        assert {scope.kind for scope in found.readable} == kinds

        # Somebody else sees none of it, and can't end it.
        assert not (await call(meadow, "connect", BEN)).entries
        [entry] = (await call(meadow, "connect")).entries
        [revoke] = entry.buttons
        assert entry.text.startswith("**my laptop** · reads · not used yet")
        assert "no such token" in (await call(meadow, "connect", BEN, act=revoke.act)).text
        assert await threads.tokens.find(digest_of(token)) is not None
        assert "Revoked" in (await call(meadow, "connect", act=revoke.act)).text
        assert await threads.tokens.find(digest_of(token)) is None
        await client.aclose()


async def test_a_guest_reaches_nothing_that_is_for_everybody(server: Valkey) -> None:
    async with a_meadow(server, {"BOBBIN_OUTSIDERS": "on"}) as here:
        meadow = here.meadow
        told = await call(meadow, "remember", text="We ship on Friday", **{"for": "server"})
        assert "everybody in this server or workspace" in told.text
        guest = replace(BEN, is_outside=True)
        assert (await call(meadow, "memories", BEN)).entries
        assert not (await call(meadow, "memories", guest)).entries
        refused = await call(meadow, "remember", guest, text="Buy", **{"for": "workspace"})
        assert "Only members" in refused.text
