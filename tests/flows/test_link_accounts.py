"""Two accounts of one person, on Discord and on Slack: linked by a code, and taken apart again."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from bot.commands.link_news import USED
from bot.commands.linking import SAYS, SHARES
from bot.links import MOST_TRIES, Linking
from tests.flows.acme import Acme, place, words
from tests.flows.look import settled
from tests.flows.stage import open_stage
from tests.flows.weavers import panel
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel, DiscordSimulator, User
from tests.simulators.openai_sim import Answer


@dataclass(slots=True)
class Both:
    """Ada with an account on both platforms, Ben with one on each, too."""

    acme: Acme
    discord: DiscordSimulator
    general: Channel
    ada: User
    ben: User

    async def on_discord(self, who: User, name: str, **options: object) -> str:
        """What a command says there, to its caller alone."""
        call = await self.discord.slash(self.general, who, name, **options)
        told = await call.answered()
        assert call.ephemeral
        return panel(told)

    async def on_slack(self, command: str, text: str = "") -> str:
        """What a command says to Ada there, and nobody else."""
        call = self.acme.sim.slash(self.acme.general, self.acme.ada, command, text)
        return words(await self.acme.told(call))


@asynccontextmanager
async def both(server: Valkey) -> AsyncIterator[Both]:
    async with open_stage(server, "discord", "slack", start=False) as stage:
        acme, sim = place(stage), stage.discord
        assert sim is not None
        guild = await sim.add_guild("Weavers")
        general = await sim.add_text_channel(guild, "general")
        ada, ben = sim.add_user("ada", "Ada"), sim.add_user("ben", "Ben")
        await stage.start()
        yield Both(acme, sim, general, ada, ben)
        assert await stage.stop() in (0, None)
        acme.check()
        assert sim.violations == []


def code_in(text: str) -> str:
    """The code that is shown."""
    found = re.search(r"code is `(\w+)`", text)
    assert found is not None
    return found[1]


async def test_what_is_ones_own_follows_as_was_said_and_no_more_once_it_is_taken_apart(
    server: Valkey,
) -> None:
    async with both(server) as here:
        acme = here.acme
        await here.on_slack("/remember", "for=me My loom is crimson")
        await here.on_slack("/remember", "The channel weaves on Mondays")
        acme.openai.script.append(Answer("Dear yarn."))
        said = acme.sim.say(acme.sim.open_dm(acme.ada), acme.ada, "yarn has become dear")
        await acme.until_said(said, "Dear yarn.")
        await settled(server)

        async def seen() -> tuple[bool, bool]:
            memories = await here.on_discord(here.ada, "memories")
            assert "Mondays" not in memories
            found = await here.on_discord(here.ada, "recall", query="yarn")
            return "crimson" in memories, "yarn has become dear" in found

        assert await seen() == (False, False)
        shown = await here.on_slack("/bobbin", "link")
        assert SHARES in shown and "for channels" in shown
        told = await here.on_discord(here.ada, "link", code=code_in(shown))
        assert told.startswith("Linked with") and acme.ada.id in told and "/link off" in told
        assert SHARES in told
        # Whoever made the code is told at once, and once, in case it was somebody else.
        private = acme.sim.messages(acme.sim.open_dm(acme.ada))
        [news] = [each.text for each in private if "link code" in each.text]
        assert news == USED.format(platform="Discord", off="!link off")
        assert "link code" not in await here.on_slack("/memories")
        assert await seen() == (True, True)
        # A code is good once, and what it opened is open to nobody else.
        assert await here.on_discord(here.ben, "link", code=code_in(shown)) == SAYS[Linking.UNKNOWN]
        assert "crimson" not in await here.on_discord(here.ben, "memories")

        assert "no other" in await here.on_discord(here.ada, "link", off=True)
        assert await seen() == (False, False)
        # What goes along with a question is of this account alone again, too.
        asked = len(acme.openai.chats)
        await here.discord.say(here.discord.open_dm(here.ada), here.ada, "what is my loom like?")
        request = await acme.until_asked(asked + 1)
        assert "crimson" not in "".join(request.texts())
        await settled(server)
        assert "crimson" in await here.on_slack("/memories")


async def test_codes_cannot_be_tried_one_after_the_other(server: Valkey) -> None:
    async with both(server) as here:
        code = code_in(await here.on_slack("/bobbin", "link"))
        others = [each for each in "abcdefghijklmnop" if each != code[-1].lower()]
        for last in others[:MOST_TRIES]:
            guess = f"{code[:-1]}{last}"
            assert await here.on_discord(here.ben, "link", code=guess) == SAYS[Linking.UNKNOWN]
        assert await here.on_discord(here.ben, "link", code=code) == SAYS[Linking.OFTEN]
        assert (await here.on_discord(here.ada, "link", code=code)).startswith("Linked with")
