"""An app that may read 15 messages a minute finds what it posted in a long thread."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.slack.values import SCARCE
from bot.chat import File, Spot
from bot.controls import Presentation
from bot.errors import PlatformBusy
from tests.contracts.slack_rig import QUICK, Rig, connected, simulator

FILE = File("answer.md", b"# All of it", "text/markdown")
LONG = 20
WRITING = Presentation("turn1", streaming=True)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    """A Slack of which a minute does not pass within a test."""
    sim = simulator(limits=True, scale=1, history_restricted=True)
    async with connected(sim, replace(QUICK, reading=SCARCE)) as made:
        yield made
        assert made.sim.violations == []


async def asked(rig: Rig) -> Spot:
    """The bot is asked at the end of a long thread."""
    root = rig.sim.say(rig.room, rig.ada, "0", deliver=False)
    for number in range(1, LONG):
        rig.sim.say(rig.room, rig.ada, str(number), thread=root, deliver=False)
    event = await rig.mentioned("and?", thread=root)
    spot = await rig.adapter.open(event, "a title")
    rig.sim.say(rig.room, rig.ada, "I wonder, too", thread=root, deliver=False)
    return spot


def posted(rig: Rig) -> list[str]:
    return [message.text for message in rig.sim.messages(rig.room) if message.by_app]


async def test_a_post_that_is_repeated_stands_once(rig: Rig) -> None:
    spot = await asked(rig)
    rig.sim.faults.add("chat.postMessage", drop=True, after_effect=True)
    with pytest.raises(PlatformBusy):
        await rig.adapter.post(spot, "An answer", key="k")
    await rig.adapter.post(spot, "An answer", key="k", again=True)
    assert posted(rig) == ["An answer"]


async def test_a_post_is_found_however_much_has_been_said_since_the_question(rig: Rig) -> None:
    spot = await asked(rig)
    root = rig.sim.message(str(spot.reply_to))
    for number in range(LONG):
        rig.sim.say(rig.room, rig.ada, f"more {number}", thread=root)
    await rig.sim.settled()
    rig.sim.faults.add("chat.postMessage", drop=True, after_effect=True)
    with pytest.raises(PlatformBusy):
        await rig.adapter.post(spot, "An answer", key="k")
    await rig.adapter.post(spot, "An answer", key="k", again=True)
    assert posted(rig) == ["An answer"]


async def test_a_stream_that_is_begun_again_is_found_with_one_call(rig: Rig) -> None:
    dm = rig.sim.open_dm(rig.ada)
    root = rig.sim.say(dm, rig.ada, "0", deliver=False)
    for number in range(1, LONG):
        rig.sim.say(dm, rig.ada, str(number), thread=root, deliver=False)
    rig.sim.say(dm, rig.ada, "and?", thread=root)
    (event,) = await rig.events(1)
    spot = await rig.adapter.open(event, "a title")
    rig.sim.faults.add("chat.startStream", drop=True, after_effect=True)
    with pytest.raises(PlatformBusy):
        await rig.adapter.post(spot, "An", key="k", look=WRITING)
    await rig.adapter.post(spot, "An answer", key="k", again=True)
    assert [each.text for each in rig.sim.messages(dm) if each.by_app] == ["An answer"]


async def test_files_are_handed_over_however_often_slack_lets_us_read(rig: Rig) -> None:
    spot = await asked(rig)
    refs = [await rig.adapter.attach(spot, FILE, key) for key in ("one", "two")]
    shown = [each.ts for each in rig.sim.messages(rig.room) if each.files]
    assert [ref.message for ref in refs] == shown
    assert rig.sim.calls_by_method()["conversations.replies"] == 0


async def test_a_file_whose_answer_was_lost_is_found(rig: Rig) -> None:
    spot = await asked(rig)
    rig.sim.faults.add("files.completeUploadExternal", drop=True, after_effect=True)
    ref = await rig.adapter.attach(spot, FILE, "one")
    assert [each.ts for each in rig.sim.messages(rig.room) if each.files] == [ref.message]


async def test_a_file_that_may_not_be_asked_about_is_found_in_its_thread(rig: Rig) -> None:
    spot = await asked(rig)
    rig.sim.faults.add("files.info", error="missing_scope")
    ref = await rig.adapter.attach(spot, FILE, "one")
    assert [each.ts for each in rig.sim.messages(rig.room) if each.files] == [ref.message]
