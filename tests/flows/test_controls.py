"""Who may use the controls under an answer, and what becomes of what people think."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import aiohttp
import pytest

from bot.chat import SURE, Author
from bot.controls import Action
from bot.refusals import NOT_HERE
from tests.flows.meadow import ADA, a_meadow
from tests.flows.program import run_bot
from tests.servers import Valkey, free_port
from tests.simulators.openai_sim import Answer

BEN = Author("2", "Ben")
EVE = Author("8", "Eve", is_outside=True, is_admin=True)
BEGINNING = "This is only the beginning of it,"
HELD = [BEGINNING, " and this", " is the end."]


@pytest.mark.parametrize("action", list(Action))
async def test_whoever_is_not_answered_uses_no_control(server: Valkey, action: Action) -> None:
    async with a_meadow(server, {"BOBBIN_DENY": "discord:user:2"}) as here:
        meadow = here.meadow
        here.stage.openai.script.append(Answer("Here is an answer for you."))
        asked = await meadow.say(meadow.event(ADA, "tell me"))
        await meadow.until_posted("Here is an answer for you.")
        before = await here.stored()
        assert await meadow.press(action, asked, BEN) == NOT_HERE
        # An outsider is nobody's admin, whatever the platform says.
        assert await meadow.press(action, asked, EVE) != ""
        assert await here.stored() == before
        assert len(here.stage.openai.chats) == 1


async def test_only_whoever_asked_stops_by_command(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow = here.meadow
        script = here.stage.openai.script
        script.append(Answer("Hello Ben, here I am."))
        asked = await meadow.say(meadow.event(BEN, "hi"))
        await meadow.until_posted("Hello Ben, here I am.")
        await here.stored()
        script.append(Answer(HELD).hold(after=1))
        asked = await meadow.say(meadow.event(ADA, "tell me"))
        await meadow.until_posted("Hello Ben, here I am.", BEGINNING)
        of_ben = meadow.event(BEN, "")
        told = await meadow.call("stop", of_ben)
        assert told.text == "Only whoever asked, or an admin, can do that."
        assert here.stage.openai.open_streams == 1
        assert (await meadow.call("stop", asked)).text.startswith("Stopping.")
        await meadow.until_posted("Hello Ben, here I am.", f"{BEGINNING}\n\n*(stopped)*")


async def test_what_people_think_is_counted_and_handed_over(server: Valkey, tmp_path: Path) -> None:
    port = free_port()
    async with a_meadow(server, {"BOBBIN_HTTP_PORT": str(port)}) as here:
        meadow = here.meadow
        here.stage.openai.script.append(Answer("Here is an answer for you."))
        asked = await meadow.say(meadow.event(ADA, "tell me"))
        await meadow.until_posted("Here is an answer for you.")
        await here.stored()
        for author, action in ((ADA, Action.GOOD), (BEN, Action.GOOD), (BEN, Action.BAD)):
            await meadow.press(action, asked, author)
            await meadow.press(action, asked, author)
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{port}/metrics") as answer,
        ):
            shown = await answer.text()
        assert 'bobbin_feedback_total{platform="discord",rating="good"} 2.0' in shown
        assert 'bobbin_feedback_total{platform="discord",rating="bad"} 1.0' in shown
        turn = meadow.looks[list(meadow.posts)[-1]].turn
        environment = {"REDIS_URL": server.url}
        written = await run_bot(tmp_path, "export", "--feedback", env=environment)
        lines = [json.loads(line) for line in written.out.splitlines()]
        for line in lines:
            assert datetime.fromisoformat(line.pop("at")).tzinfo is not None
        about = {"thread": str(asked.thread), "turn": turn, "model": "gpt-6-luna"}
        assert sorted(lines, key=lambda line: line["user"]) == [
            {**about, "user": "1", "rating": "good"},
            {**about, "user": "2", "rating": "bad"},
        ]
        assert (await meadow.call("forget", asked, options={SURE: "true"})).text.startswith(
            "Forgotten"
        )
        written = await run_bot(tmp_path, "export", "--feedback", env=environment)
        assert (written.code, written.out) == (0, "")
