"""What somebody may do in a conversation that others have asked in."""

from __future__ import annotations

from bot.chat import Author
from tests.flows.meadow import ADA, a_meadow
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

BEN = Author("2", "Ben")
BOSS = Author("3", "Boss", is_admin=True)


async def test_leaving_waits_for_somebody_elses_answer(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow, script = here.meadow, here.stage.openai.script
        script.append(Answer("Hello Ben."))
        await meadow.say(meadow.event(BEN, "hi"))
        await meadow.until_posted("Hello Ben.")
        await here.stored()
        held = Answer(["Ada's long answer begins here,", " and ends here."]).hold(after=1)
        script.append(held)
        await meadow.say(meadow.event(ADA, "tell me"))
        await meadow.until(lambda: "begins here" in "".join(meadow.posts.values()))
        told = await meadow.call("leave", meadow.event(BEN, "x"))
        assert "once somebody else's answer is done" in told.text
        held.release_all()
        await meadow.until(lambda: "and ends here." in "".join(meadow.posts.values()))
        await here.stored()
        again = await meadow.call("leave", meadow.event(BEN, "x"))
        assert "no part" in again.text


async def test_one_word_in_a_conversation_gives_no_right_to_erase_it(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow, script = here.meadow, here.stage.openai.script
        script.append(Answer("Noted for you."))
        await meadow.say(meadow.event(ADA, "the budget is 5000"))
        await meadow.until_posted("Noted for you.")
        await here.stored()
        script.append(Answer("Hi Ben."))
        bens = meadow.event(BEN, "hi")
        await meadow.say(bens)
        await meadow.until(lambda: "Hi Ben." in meadow.posts.values())
        await here.stored()
        told = await meadow.call("forget", bens, options={"sure": "true"})
        assert "whoever began this conversation" in told.text
        assert "5000" in await here.stored()
        told = await meadow.call("forget", meadow.event(BOSS, "x"), options={"sure": "true"})
        assert told.text.startswith("Forgotten")
