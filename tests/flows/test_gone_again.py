"""Answers that were given again, and whoever asked for them or pressed the control is gone."""

from __future__ import annotations

from bot.chat import Author, Incoming, Removal
from bot.controls import Action
from tests.flows.meadow import ADA, a_meadow
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

BEN = Author("2", "Ben")
CUT = "This much of your SECRET is told,"


def departed(event: Incoming, who: Author) -> Removal:
    """Somebody has left the space."""
    return Removal(event.thread.platform, event.thread.space, "", person=who.id)


async def test_an_answer_that_was_given_anew_goes_with_its_asker(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow, script = here.meadow, here.stage.openai.script
        script.append(Answer("An answer about your SECRET."))
        asked = await meadow.say(meadow.event(ADA, "What of my SECRET?"))
        await meadow.until_posted("An answer about your SECRET.")
        await here.stored()
        script.append(Answer("Another one about your SECRET."))
        await meadow.press(Action.REGENERATE, asked, ADA)
        await meadow.until_posted("Another one about your SECRET.")
        await here.stored()
        await (await meadow.inbox()).deleted(departed(asked, ADA))
        assert "SECRET" not in await here.stored()


async def test_an_answer_that_somebody_else_let_go_on_goes_with_its_asker(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow, script = here.meadow, here.stage.openai.script
        script.append(Answer([CUT], finish_reason="length"))
        asked = await meadow.say(meadow.event(ADA, "What of my SECRET?"))
        await meadow.until(lambda: "cut here" in "".join(meadow.posts.values()))
        await here.stored()
        script.append(Answer("told, and this is the end."))
        await meadow.press(Action.CONTINUE, asked, BEN)
        await meadow.until_posted(f"{CUT} and this is the end.")
        await here.stored()
        await (await meadow.inbox()).deleted(departed(asked, BEN))
        assert "SECRET" in await here.stored()
        await (await meadow.inbox()).deleted(departed(asked, ADA))
        assert "SECRET" not in await here.stored()


async def test_whoever_let_an_answer_go_on_and_is_gone_does_not_take_it_along(
    server: Valkey,
) -> None:
    async with a_meadow(server) as here:
        meadow, script = here.meadow, here.stage.openai.script
        script.append(Answer("Hello Ben, here I am."))
        await meadow.say(meadow.event(BEN, "hi"))
        await meadow.until_posted("Hello Ben, here I am.")
        await here.stored()
        script.append(Answer([CUT], finish_reason="length"))
        asked = await meadow.say(meadow.event(ADA, "What of my SECRET?"))
        await meadow.until(lambda: "cut here" in "".join(meadow.posts.values()))
        await here.stored()
        held = Answer(["told, and some more of it,", " and this is the end."]).hold(after=1)
        script.append(held)
        await meadow.press(Action.CONTINUE, asked, BEN)
        await meadow.until(lambda: "some more" in "".join(meadow.posts.values()))
        await (await meadow.inbox()).deleted(departed(asked, BEN))
        await meadow.until(lambda: "some more" not in "".join(meadow.posts.values()))
        held.release_all()
        stored = await here.stored()
        assert "SECRET" in list(meadow.posts.values())[-1]
        assert "SECRET is told" in stored and "Ben" not in stored
        # Its controls are there still.
        script.append(Answer("told, and this is the end."))
        assert await meadow.press(Action.CONTINUE, asked, ADA) == "I'm going on with it."
        await meadow.until(
            lambda: list(meadow.posts.values())[-1].endswith("told, and this is the end.")
        )
        await here.stored()
