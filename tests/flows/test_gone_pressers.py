"""Nothing is left of whoever only used the controls under answers, once they are gone."""

from __future__ import annotations

import pytest

from bot.chat import EVERYTHING, SURE, Author, Incoming, Removal
from bot.controls import Action
from tests.flows.acme import acme, words
from tests.flows.look import stored
from tests.flows.meadow import ADA, Field, a_meadow
from tests.flows.test_slack_controls import press, thumb
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

BOSS = Author("700300", "Philippa", is_admin=True)


async def pressed(here: Field) -> Incoming:
    """Ada is answered, and the boss thinks well of it, but lets it be given again."""
    meadow = here.meadow
    here.stage.openai.script.extend([Answer("It is red."), Answer("It is blue.")])
    asked = await meadow.say(meadow.event(ADA, "What colour is it?"))
    await meadow.until_posted("It is red.")
    await here.stored()
    assert await meadow.press(Action.GOOD, asked, BOSS)
    assert await meadow.press(Action.REGENERATE, asked, BOSS)
    await meadow.until_posted("It is blue.")
    await here.stored()
    assert await meadow.press(Action.BAD, asked, BOSS)
    return asked


async def lines(here: Field) -> list[str]:
    """Keys and values that name the boss, but for how much was used per day."""
    await here.stored()
    return [line for line in await held_lines(here) if ":use:" not in line]


async def held_lines(here: Field) -> list[str]:
    """The same, while a turn runs."""
    now = (await stored(here.stage.server)).splitlines()
    return [line for line in now if BOSS.id in line or BOSS.name in line]


async def test_of_whoever_leaves(server: Valkey) -> None:
    async with a_meadow(server) as here:
        asked = await pressed(here)
        assert await lines(here) != []
        thread = asked.thread
        removal = Removal(thread.platform, thread.space, person=BOSS.id)
        await (await here.meadow.inbox()).deleted(removal)
        assert await lines(here) == []
        assert "It is blue." in await here.stored()


@pytest.mark.parametrize("action", [Action.REGENERATE, Action.CONTINUE])
async def test_of_whoever_leaves_while_an_answer_is_given_again(
    server: Valkey, action: Action
) -> None:
    async with a_meadow(server) as here:
        meadow, openai = here.meadow, here.stage.openai
        openai.script.append(Answer("It is", finish_reason="length"))
        asked = await meadow.say(meadow.event(ADA, "What colour is it?"))
        await meadow.until(lambda: any("It is" in text for text in meadow.posts.values()))
        await here.stored()
        held = Answer([" red", " and blue."]).hold(1)
        openai.script.append(held)
        assert await meadow.press(action, asked, BOSS)
        await openai.until(lambda: len(openai.chats) == 2)
        removal = Removal(asked.thread.platform, asked.thread.space, person=BOSS.id)
        assert await held_lines(here) != []
        await (await meadow.inbox()).deleted(removal)
        assert await held_lines(here) == []
        held.release_all()
        assert await lines(here) == []


async def test_of_whoever_has_everything_forgotten(server: Valkey) -> None:
    async with a_meadow(server) as here:
        asked = await pressed(here)
        call = Incoming("x", asked.thread, asked.ref, BOSS, "", asked.at, 99)
        asks = await here.meadow.call("forget", call, options={EVERYTHING: "true"})
        assert "which buttons you have used in 1 conversation of others" in asks.text
        done = await here.meadow.call("forget", call, options={EVERYTHING: "true", SURE: "true"})
        assert done.text.startswith(
            "Forgotten: which buttons you had used in 1 conversation of others."
        )
        assert await lines(here) == []
        assert "It is blue." in await here.stored()


async def test_of_whoever_only_had_something_remembered_on_slack(server: Valkey) -> None:
    async with acme(server) as here:
        said = here.sim.say(here.general, here.ada, "The warp is silk.")
        here.sim.react(said, here.ben, "brain")
        note = await here.whispered(here.ben)
        assert "The warp is silk." in words(note)
        assert here.ben.id in await here.stored()
        here.sim.deactivate(here.ben)
        await here.sim.settled()
        assert here.ben.id not in await here.stored()


async def test_of_whoever_has_their_slack_account_closed(server: Valkey) -> None:
    async with acme(server) as here:
        here.openai.script.append(Answer("It is red."))
        root = here.ask(here.ada, "What colour is it?")
        await here.until_said(root, "It is red.")
        await here.settled()
        [answer] = here.sim.replies(root)
        await press(here, answer, here.ben, "rating", thumb(answer, "good"))
        assert here.ben.id in await here.stored()
        here.sim.deactivate(here.ben)
        await here.sim.settled()
        assert here.ben.id not in await here.stored()
        assert "It is red." in await here.stored()
