"""/recall: what may be searched from where, over past conversations."""

from __future__ import annotations

from tests.flows.acme import acme, words
from tests.flows.weavers import panel, weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel, User
from tests.simulators.openai_sim import Answer

SECRET = "my loom is ultramarine"


async def test_on_discord_ones_direct_messages_are_found_from_everywhere(server: Valkey) -> None:
    async with weavers(server) as here:
        home = here.sim.open_dm(here.ada)
        here.openai.script.append(Answer("A blue loom."))
        await here.sim.say(home, here.ada, SECRET)
        await here.until_said(home, "A blue loom.")
        await here.settled()

        async def found(who: User, where: Channel) -> str:
            call = await here.sim.slash(where, who, "recall", query="ultramarine loom")
            told = await call.answered()
            assert call.ephemeral or where is not here.general
            return panel(told)

        for where in (here.general, home):
            told = await found(here.ada, where)
            assert f"> {SECRET}" in told and f"https://discord.com/channels/@me/{home.id}/" in told
        others = here.sim.open_dm(here.ben)
        for where in (here.general, others):
            assert (await found(here.ben, where)).startswith("I find nothing about")
        # Nor does it go along with what is asked where others read along.
        await here.ask(here.ada, "what is my loom like?")
        asked = await here.until_asked(2)
        assert "ultramarine" not in "".join(asked.texts())
        # Typed where everybody reads along it is not answered there.
        await here.sim.say(here.general, here.ada, f"{here.mention} !recall ultramarine loom")
        await here.sim.until(lambda: here.posts(here.general))
        assert [panel(each) for each in here.posts(here.general)] == [
            "Please use /recall here: its answer is shown to you only."
        ]
        here.check()


async def test_on_slack_ones_direct_messages_are_found_from_everywhere(server: Valkey) -> None:
    async with acme(server) as here:
        home = here.sim.open_dm(here.ada)
        here.openai.script.append(Answer("A blue loom."))
        root = here.sim.say(home, here.ada, SECRET)
        await here.until_said(root, "A blue loom.")
        await here.settled()
        for channel, who, sees in (
            (here.general, here.ada, True),
            (home, here.ada, True),
            (here.general, here.ben, False),
            (here.sim.open_dm(here.ben), here.ben, False),
        ):
            call = here.sim.slash(channel, who, "/recall", "ultramarine loom")
            told = words(await here.told(call))
            assert (f"> {SECRET}" in told) is sees
            assert (f"({here.sim.permalink(root)}" in told) is sees


async def test_other_channels_are_not_searched_however_public_they_are(server: Valkey) -> None:
    async with acme(server) as here:
        other = here.sim.add_channel("looms", members=[here.ada, here.ben])
        await here.conversation(SECRET, "A blue loom.", other)
        for channel, sees in ((here.general, False), (other, True)):
            call = here.sim.slash(channel, here.ada, "/recall", "ultramarine loom")
            assert (SECRET in words(await here.told(call))) is sees
