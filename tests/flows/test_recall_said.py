"""/recall: what may be searched from where, over past conversations."""

from __future__ import annotations

from adapters.discord.desk import NOT_HERE
from tests.flows.acme import acme, words
from tests.flows.test_discord_controls import press
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


async def test_only_the_newest_of_an_answer_given_again_is_found(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation("which yarn for the fair?", "Take the crimson yarn.")
        [answer] = here.posts(thread)

        async def found() -> str:
            call = await here.sim.slash(here.general, here.ada, "recall", query="yarn fair")
            return panel(await call.answered())

        assert "crimson" in await found()
        here.openai.script.append(Answer("Take the emerald yarn."))
        assert await press(here, answer, here.ada, "regenerate") == "I'm answering this anew."
        await here.until_said(thread, "Take the emerald yarn.")
        await here.settled()
        told = await found()
        assert "emerald" in told and "crimson" not in told
        # Nor does what is found by a process that has not held it before say anything else.
        assert await here.stage.stop() == 0
        await here.stage.start()
        told = await found()
        assert "emerald" in told and "crimson" not in told
        assert "crimson" not in await here.stored()
        here.check()


async def test_where_the_bot_was_only_brought_along_nothing_but_ones_own_is_kept_and_shown(
    server: Valkey,
) -> None:
    async with weavers(server) as here:
        call = await here.sim.slash(
            here.general, here.ada, "remember", text="The channel weaves on Mondays"
        )
        await call.answered()
        far = await here.sim.add_foreign_channel()
        assert far.guild is not None
        for who in (here.ada, here.ben):
            here.sim.install(who)

        async def told(who: User, name: str, **options: object) -> str:
            call = await here.sim.slash(far, who, name, **options)
            answer = await call.answered()
            assert call.ephemeral
            return panel(answer)

        assert "for the two of us" in await told(here.ada, "remember", text=SECRET)
        for whom in ("channel", "thread", "workspace"):
            words = await told(here.ada, "remember", text="Told to all", **{"for": whom})
            assert "Remembered" not in words
        said = await here.sim.say(far, here.ben, "The weft is emerald")
        await (await here.sim.message_menu(said, here.ada, "Remember this")).answered()
        mine = await told(here.ada, "memories")
        assert SECRET in mine and "emerald" in mine and "Mondays" not in mine
        others = await told(here.ben, "memories")
        assert "ultramarine" not in others and "emerald" not in others and "Mondays" not in others
        for name, options in (
            ("recall", {"query": "loom"}),
            ("forget", {"everything": True, "sure": True}),
            ("connect", {}),
            ("link", {}),
        ):
            assert await told(here.ada, name, **options) == NOT_HERE
        typing = await here.sim.autocomplete(far, here.ada, "forget", "memory", "")
        assert await typing.completed() == []
        # What is theirs wherever nobody reads along goes with a question of theirs, and no other's.
        mine = await told(here.ada, "remember", text="My loom is teal", **{"for": "me"})
        assert "for you alone" in mine
        for who, sees in ((here.ada, True), (here.ben, False)):
            before = len(here.openai.chats)
            call = await here.sim.slash(far, who, "ask", question="what is my loom like?")
            await call.answered()
            assert ("My loom is teal" in here.openai.chats[before].text) is sees, who.name
        # Of the server itself nothing is kept but what was used there.
        lines = (await here.stored()).splitlines()
        assert not any("Told to all" in line for line in lines)
        named = [line for line in lines if str(far.guild.id) in line]
        assert all(":use:" in line for line in named), named
        assert [route for route in here.sim.calls_by_route() if "{guild_id}" in route] == []
        here.check()
