"""kill -9 at every point of a turn: somebody finishes it, once, in order."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.engine.turn import MOST_LOSSES, MOST_QUICK_LOSSES
from tests.flows.process import Town, open_town
from tests.flows.program import PATIENCE
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

POST = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
OPEN = "POST /channels/{channel_id}/messages/{message_id}/threads"

BEGINNING = "This is only the beginning of it,"
WHOLE = f"{BEGINNING} and this is the end."
OTHER = f"{BEGINNING} and this is another end."

GIVEN_UP = (
    "I've begun this answer several times and was interrupted each time, so I've given it up. "
    "Please ask again, perhaps in other words."
)

SUCCESSOR = pytest.mark.parametrize("standby", [False, True], ids=["restarted", "other-process"])


def cut_short() -> Answer:
    """An answer that never gets beyond its beginning."""
    return Answer([BEGINNING, " and this is the end."]).hold(after=1)


async def open_bots(town: Town, standby: bool) -> None:
    """Start the process that is going to die, and before it one that is frozen until then."""
    if standby:
        (await town.bot()).freeze()
    await town.bot()


async def kill_last(town: Town, standby: bool) -> None:
    """Kill the process that works; another one goes on, or is started afterwards."""
    await town.bots[-1].kill()
    if standby:
        town.bots[0].thaw()
    else:
        await town.bot()


@SUCCESSOR
async def test_killed_while_the_thread_is_opened(
    server: Valkey, tmp_path: Path, standby: bool
) -> None:
    async with open_town(server, tmp_path) as town:
        await open_bots(town, standby)
        gate = asyncio.Event()
        opening = town.sim.faults.add(OPEN, gate=gate)
        town.stage.openai.on(lambda _: True, Answer("Here I am."), times=None)
        asked = await town.ask("are you there?")
        await asyncio.wait_for(opening.arrived.wait(), PATIENCE)
        await kill_last(town, standby)
        thread = await town.thread(asked)
        gate.set()
        await town.until_said(thread, "Here I am.")
        assert thread.name == "are you there?"
        assert town.said(town.general) == []


@SUCCESSOR
async def test_killed_between_the_post_and_its_note(
    server: Valkey, tmp_path: Path, standby: bool
) -> None:
    async with open_town(server, tmp_path) as town:
        await open_bots(town, standby)
        gate = asyncio.Event()
        posting = town.sim.faults.add(POST, gate=gate, after_effect=True)
        town.stage.openai.script.extend([cut_short(), Answer(OTHER)])
        asked = await town.ask("tell me")
        await asyncio.wait_for(posting.arrived.wait(), PATIENCE)
        thread = await town.thread(asked)
        await town.until_said(thread, BEGINNING)
        await kill_last(town, standby)
        await town.until_said(thread, OTHER)
        gate.set()
        await town.settled(thread)
        assert len(town.said(thread)) == 2


@SUCCESSOR
async def test_killed_while_streaming_with_messages_waiting(
    server: Valkey, tmp_path: Path, standby: bool
) -> None:
    async with open_town(server, tmp_path) as town:
        await open_bots(town, standby)
        openai = town.stage.openai
        openai.script.extend([cut_short(), Answer(OTHER), Answer("To both of you.")])
        asked = await town.ask("go ahead")
        thread = await town.thread(asked)
        await town.until_said(thread, BEGINNING)
        half = town.sim.messages(thread, by=town.sim.bot)[0]
        bea = town.sim.add_user("bea", "Bea")
        await town.sim.say(thread, town.ada, "and further")
        await town.sim.say(thread, bea, "for me as well")
        await town.until_kept(thread, 2)
        await kill_last(town, standby)
        await town.until_said(thread, OTHER, "To both of you.")
        assert town.sim.messages(thread, by=town.sim.bot)[0] is half
        assert len(openai.chats) == 3
        assert openai.chats[1].texts("user")[-1].startswith("Ada: go ahead")
        last = openai.chats[2]
        assert last.texts("assistant") == [OTHER]
        people = last.texts("user")
        assert people[:2] == ["Ada: go ahead", "Ada: and further"]
        assert people[2].startswith("Bea: for me as well")


async def test_killed_after_the_last_edit_and_before_the_commit(
    server: Valkey, tmp_path: Path
) -> None:
    async with open_town(server, tmp_path) as town:
        await town.bot()
        openai = town.stage.openai
        held = cut_short()
        openai.script.extend([held, Answer(WHOLE)])
        asked = await town.ask("say it all")
        thread = await town.thread(asked)
        await town.until_said(thread, BEGINNING)
        gate = asyncio.Event()
        last = town.sim.faults.add(EDIT, gate=gate, after_effect=True)
        held.release_all()
        await asyncio.wait_for(last.arrived.wait(), PATIENCE)
        await town.until_said(thread, WHOLE)
        await kill_last(town, standby=False)
        gate.set()
        await town.settled(thread)
        assert town.said(thread)[0] == WHOLE
        assert len(town.said(thread)) == 2
        assert openai.chats[-1].texts("assistant") == [WHOLE]


async def test_killed_again_and_again(server: Valkey, tmp_path: Path) -> None:
    """People are told to ask again when an answer has brought five processes down, one by one.

    The lease is longer than starting takes: whoever takes over has logged in by then, and dies soon
    after. Where a machine is so slow that one lives longer than its lease, that one breaks the row,
    and more have to die.
    """
    lease = {"BOBBIN_LEASE_SECONDS": "2.5"}
    async with open_town(server, tmp_path) as town:
        openai = town.stage.openai
        openai.script.extend([cut_short() for _ in range(MOST_LOSSES)])
        await town.bot(**lease)
        asked = await town.ask("poison")
        thread = await town.thread(asked)

        def given_up() -> bool:
            return GIVEN_UP in town.said(thread)

        for attempt in range(MOST_LOSSES):
            await town.sim.until(
                lambda seen=attempt + 1: given_up() or len(openai.chats) >= seen, PATIENCE
            )
            if given_up():
                break
            await town.bots[-1].kill()
            await town.bot(**lease)
        await town.until_said(thread, GIVEN_UP)
        assert MOST_QUICK_LOSSES <= len(openai.chats) < MOST_LOSSES
        openai.script.clear()
        await town.settled(thread)
        assert len(town.said(thread)) == 2
