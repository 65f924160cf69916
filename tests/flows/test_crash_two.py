"""Two processes on one store, both of which hear everything."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.flows.process import assert_healthy, open_town
from tests.flows.program import PATIENCE
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"

BEGINNING = "This is only the beginning of it,"
WHOLE = f"{BEGINNING} and this is the end."
OTHER = f"{BEGINNING} and this is another end."


def cut_short() -> Answer:
    """An answer that waits after its beginning."""
    return Answer([BEGINNING, " and this", " is the end."]).hold(after=1)


async def test_each_message_is_answered_once(server: Valkey, tmp_path: Path) -> None:
    async with open_town(server, tmp_path) as town:
        # Neither dies, and a machine that stands still for a while kills nobody.
        await town.bot(BOBBIN_LEASE_SECONDS="30")
        await town.bot(BOBBIN_LEASE_SECONDS="30")
        asked = [await town.ask(f"question {number}") for number in range(6)]
        for number, question in enumerate(asked):
            thread = await town.thread(question)
            await town.until_said(
                thread,
                f"Ada said: question {number} (I have read 2 messages, 1 from people.)",
            )
        thread = await town.thread(asked[0])
        await town.sim.say(thread, town.ada, "and now?")
        first = "Ada said: question 0 (I have read 2 messages, 1 from people.)"
        second = "Ada said: and now? (I have read 4 messages, 2 from people.)"
        await town.until_said(thread, first, second)
        assert len(town.stage.openai.chats) == 7
        for process in town.bots:
            ended = await process.terminate()
            assert ended.code == 0
        assert [len(town.said(town.sim.thread_of(question))) for question in asked] == [2, *[1] * 5]


async def test_a_frozen_process_stays_silent_when_it_thaws(server: Valkey, tmp_path: Path) -> None:
    async with open_town(server, tmp_path) as town:
        frozen = await town.bot()
        openai = town.stage.openai
        held = cut_short()
        openai.script.extend([held, Answer(OTHER)])
        asked = await town.ask("tell me")
        thread = await town.thread(asked)
        await town.until_said(thread, BEGINNING)
        frozen.freeze()
        await town.bot()
        await town.until_said(thread, OTHER)
        # The last words may stand there before the controls of a whole answer do.
        await town.sim.until(
            lambda: "regenerate" in str(town.sim.messages(thread, by=town.sim.bot)[0].components)
        )
        before = len(town.sim.requests)
        held.release_all()
        frozen.thaw()
        await frozen.prints('"outcome": "lost", "attempt": 1', log=True)
        await town.settled(thread)
        (answer, _) = town.sim.messages(thread, by=town.sim.bot)
        first, *steps, last = (version.content for version in answer.versions)
        assert (first, last) == (BEGINNING, OTHER)
        assert all(OTHER.startswith(step) for step in steps)
        late = [
            request
            for request in town.sim.requests[before:]
            if request.route == EDIT and request.path["message_id"] == str(answer.id)
        ]
        assert late == []
        assert (await frozen.terminate()).code == 0


async def test_a_short_pause_costs_nothing(server: Valkey, tmp_path: Path) -> None:
    """Frozen past its lease while nobody else is there: it goes on with its own answer."""
    async with open_town(server, tmp_path) as town:
        process = await town.bot(BOBBIN_LEASE_SECONDS="0.5")
        held = cut_short()
        town.stage.openai.script.append(held)
        asked = await town.ask("tell me")
        thread = await town.thread(asked)
        await town.until_said(thread, BEGINNING)
        process.freeze()
        await town.until_lease_ended(thread)
        process.thaw()
        held.release_all()
        await town.until_said(thread, WHOLE)
        await town.settled(thread)
        assert len(town.stage.openai.chats) == 2


async def test_sigterm_lets_an_answer_finish(server: Valkey, tmp_path: Path) -> None:
    async with open_town(server, tmp_path) as town:
        # Nobody dies, and who stands still for a while is not taken for dead.
        leaving = await town.bot(BOBBIN_LEASE_SECONDS="30")
        openai = town.stage.openai
        held = cut_short()
        openai.script.extend([held, Answer("For the other process.")])
        asked = await town.ask("tell me")
        thread = await town.thread(asked)
        await town.until_said(thread, BEGINNING)
        await town.sim.say(thread, town.ada, "one more thing")
        await town.until_kept(thread, 1)
        staying = await town.bot(BOBBIN_LEASE_SECONDS="30")
        ending = asyncio.create_task(leaving.terminate())
        await leaving.prints("waiting for 1 running answer(s)", log=True)
        missed = await town.ask("who hears this?")
        await town.until_said(await town.thread(missed), "For the other process.")
        held.release_all()
        ended = await ending
        assert ended.code == 0
        await town.sim.until(lambda: len(town.said(thread)) == 2, PATIENCE)
        assert town.said(thread)[0] == WHOLE
        assert "one more thing" in town.said(thread)[1]
        assert len(openai.chats) == 3
        assert_healthy([ended.log, staying.log])
