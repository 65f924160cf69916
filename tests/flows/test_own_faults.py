"""A fault of our own while an answer is written costs one request, and people are told."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bot.controls import Action
from bot.errors import BobbinError
from tests.flows.acme import acme
from tests.flows.meadow import ADA, Field, Meadow
from tests.flows.stage import open_stage
from tests.flows.weavers import weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

STARS = "*a " * 500 + "END"
"""Marks that are opened and never closed."""


@dataclass(slots=True)
class Faulty(Meadow):
    """Cannot measure everything."""

    def measure(self, text: str) -> int:
        if "unmeasurable" in text:
            raise RecursionError
        return len(text)


@pytest.mark.parametrize(
    "pieces",
    [
        ["It is unmeasurable."],
        ["This much can be told, and what follows is", " unmeasurable."],
        ["It is unmeasurable.", *(["More of it. "] * 30)],
    ],
    ids=["at the end", "after a beginning", "before the end"],
)
async def test_the_turn_fails_once_and_says_so(
    server: Valkey, pieces: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with open_stage(server, start=False) as stage:
        meadow = Faulty()
        await meadow.begin(stage)
        here = Field(meadow, stage)
        stage.openai.script.append(Answer(pieces))
        await meadow.say(meadow.event(ADA, "What is it?"))
        await meadow.until_posted(BobbinError.user_text)
        await here.stored()
        assert len(stage.openai.chats) == 1
        assert "the reply's writer failed" in caplog.text
        (look,) = meadow.looks.values()
        assert look.actions == (Action.REGENERATE,)
        stage.openai.script.append(Answer("That went well."))
        await meadow.press(Action.REGENERATE, meadow.event())
        await meadow.until(lambda: "That went well." in meadow.posts.values())
        assert len(stage.openai.chats) == 2


async def test_an_answer_of_marks_arrives_on_discord(server: Valkey) -> None:
    async with weavers(server) as here:
        here.openai.script.append(Answer([STARS[at : at + 100] for at in range(0, 1600, 100)]))
        thread = await here.thread_of(await here.ask(here.ada, "stars, please"))
        await here.sim.until(lambda: "END" in "".join(here.said(thread)))
        assert len(here.openai.chats) == 1


async def test_an_answer_of_marks_arrives_on_slack(server: Valkey) -> None:
    async with acme(server) as here:
        here.openai.script.append(Answer([STARS[at : at + 100] for at in range(0, 1600, 100)]))
        root = here.ask(here.ada, "stars, please")
        await here.sim.until(lambda: "END" in "".join(here.said(root)))
        assert len(here.openai.chats) == 1
