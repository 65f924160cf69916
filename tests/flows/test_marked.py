"""A 🧠 on a message: marked again, by others, on the bot's own words, on what is gone."""

from __future__ import annotations

from tests.flows.acme import acme, words
from tests.flows.test_slack_memories import press
from tests.flows.weavers import Weavers, panel, weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import Message, User

SAID = "The warp is made of linen"


async def _marked(here: Weavers, message: Message, who: User, *, add: bool = True) -> None:
    """Put the sign on a message or take it away, and wait until that has been seen to."""
    await here.sim.react(message, who, "🧠", add=add)
    await here.sim.until(lambda: (here.sim.bot.id in message.reactions.get("✅", ())) is add)


async def test_on_discord_what_was_taken_back_can_be_marked_again(server: Valkey) -> None:
    async with weavers(server) as here:
        said = await here.sim.say(here.general, here.ben, SAID)
        for _ in range(2):
            await _marked(here, said, here.ada)
            assert "linen" in await here.stored()
            await _marked(here, said, here.ada, add=False)
            assert "linen" not in await here.stored()
        here.check()


async def test_on_discord_an_answer_of_the_bot_is_remembered_as_its_words(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation("what is the warp made of?", SAID)
        [answer] = here.posts(thread)
        await _marked(here, answer, here.ben)
        call = await here.sim.slash(thread, here.ada, "memories")
        assert f"> {SAID}\n" in panel(await call.answered())
        here.check()


async def test_on_discord_a_mark_on_what_is_gone_is_let_be(server: Valkey) -> None:
    async with weavers(server) as here:
        said = await here.sim.say(here.general, here.ben, SAID)
        route = "GET /channels/{channel_id}/messages/{message_id}"
        here.sim.faults.add(route, status=404, code=10008)
        await here.sim.react(said, here.ada, "🧠")
        await here.sim.until(lambda: any(each.route == route for each in here.sim.requests))
        other = await here.sim.say(here.general, here.ben, "The weft is wool")
        await _marked(here, other, here.ada)
        stored = await here.stored()
        assert "wool" in stored and "linen" not in stored
        assert here.said(here.general) == []
        here.check()


async def test_on_slack_what_was_taken_back_can_be_marked_again(server: Valkey) -> None:
    async with acme(server) as here:
        said = here.sim.say(here.general, here.ben, SAID)
        for number in (0, 2):
            here.sim.react(said, here.ada, "brain")
            await here.sim.until(lambda number=number: len(here.whispers(here.ada)) > number)
            note = here.whispers(here.ada)[-1]
            assert words(note).startswith("🧠 Remembered") and "linen" in await here.stored()
            assert words(await press(here, note, here.ada, "Undo")).startswith("Taken back")
            assert "linen" not in await here.stored()
            here.sim.unreact(said, here.ada, "brain")
            await here.sim.until(lambda number=number: len(here.whispers(here.ada)) > number + 1)


async def test_on_slack_a_second_mark_says_that_it_is_known_and_undoes_nothing(
    server: Valkey,
) -> None:
    async with acme(server) as here:
        root = await here.conversation("what is the warp made of?", SAID)
        [answer] = here.sim.replies(root)
        here.sim.react(answer, here.ada, "brain")
        note = await here.whispered(here.ada)
        assert f"> {SAID}" in words(note)
        here.sim.react(answer, here.ben, "brain")
        known = await here.whispered(here.ben)
        assert words(known).startswith("I knew that already")
        # Each takes back their own, and a click that comes twice does no harm.
        assert "stays for them" in words(await press(here, note, here.ada, "Undo"))
        assert "Only whoever asked" in words(await press(here, note, here.ada, "Undo"))
        here.sim.unreact(answer, here.ben, "brain")
        await here.sim.until(lambda: len(here.whispers(here.ben)) > 1)
        assert words(here.whispers(here.ben)[-1]).startswith("Taken back: that is not remembered")


async def test_on_slack_a_mark_on_what_is_gone_is_let_be(server: Valkey) -> None:
    async with acme(server) as here:
        said = here.sim.say(here.general, here.ben, SAID)
        here.sim.delete(said)
        here.sim.react(said, here.ada, "brain")
        other = here.sim.say(here.general, here.ben, "The weft is wool")
        here.sim.react(other, here.ada, "brain")
        await here.whispered(here.ada)
        stored = await here.stored()
        assert "wool" in stored and "linen" not in stored
