"""What was said on Slack while nobody listened."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from adapters.slack.missed import CLAIM, MOST_CHANNELS, NOTE, gaps, stamp
from adapters.slack.socket import CONNECTIONS
from adapters.slack.translate import position_of
from adapters.slack.values import SCARCE
from bot.chat import Followed, ThreadKey
from bot.errors import StoreUnavailable
from tests.contracts.slack_rig import PATIENT, QUICK, Rig, adapter_of, rig_of, simulator
from tests.simulators.slack_sim import SlackSimulator

DEAF = replace(PATIENT, redelivery=())
"""Slack gives up at once what nobody is connected for."""

HISTORY = ("conversations.history", "conversations.replies", "users.conversations")


@asynccontextmanager
async def awake(rig: Rig) -> AsyncIterator[None]:
    running = rig.start()
    await rig.ready()
    try:
        yield
    finally:
        await rig.stop(running)


def reads(rig: Rig) -> int:
    calls = rig.sim.calls_by_method()
    return sum(calls[name] for name in HISTORY)


def deaf() -> SlackSimulator:
    """A Slack whose clock shows the time of day."""
    return simulator(timing=DEAF, epoch=int(time.time()))


async def left_off(rig: Rig, ago: float = 1.0) -> None:
    """Somebody has listened until so many seconds ago."""
    await rig.inbox.notes.write(NOTE, f"{time.time() - ago:.3f}")


async def written(rig: Rig) -> None:
    """Wait until it is noted that somebody listens."""
    before = rig.inbox.notes.written
    await rig.until(lambda: rig.inbox.notes.written > before)


def texts(rig: Rig) -> list[str]:
    return [event.text for event in rig.inbox.messages]


async def test_what_slack_has_given_up_is_read_once_somebody_listens() -> None:
    async with deaf() as sim:
        rig = rig_of(sim)
        await left_off(rig)
        root = rig.mention("is anybody there?")
        sim.say(rig.room, rig.ada, "hello?", thread=root)
        direct = sim.say(sim.open_dm(rig.ada), rig.ada, "and here?")
        sim.say(rig.room, rig.ada, "not for the bot")
        await rig.until(lambda: all(envelope.state == "lost" for envelope in sim.envelopes))
        rig.inbox.followed = [Followed(rig.key(root), 0)]
        async with awake(rig):
            await written(rig)
            # A thread is read with its first message, which stands in the channel, too.
            assert set(texts(rig)) == {"and here?", "hello?", "is anybody there?"}
            events = {event.text: event for event in rig.inbox.messages}
            assert events["hello?"].thread == events["is anybody there?"].thread == rig.key(root)
            assert events["is anybody there?"].addressed
            assert not events["hello?"].addressed
            assert events["and here?"].direct
            assert events["and here?"].ref.message == direct.ts
        assert sim.violations == []


@pytest.mark.parametrize("method", HISTORY)
async def test_a_place_that_cannot_be_read_at_once_is_read_later(method: str) -> None:
    async with deaf() as sim:
        rig = rig_of(sim)
        await left_off(rig)
        root = rig.mention("is anybody there?")
        sim.say(rig.room, rig.ada, "hello?", thread=root)
        await rig.until(lambda: all(envelope.state == "lost" for envelope in sim.envelopes))
        rig.inbox.followed = [Followed(rig.key(root), 0)]
        sim.faults.add(method, status=500, body="oops")
        sim.faults.add(method, drop=True)
        limited = {"ok": False, "error": "ratelimited"}
        sim.faults.add(method, status=429, headers={"Retry-After": "1"}, body=limited)
        async with awake(rig):
            await written(rig)
        assert set(texts(rig)) == {"hello?", "is anybody there?"}
        assert sim.faults.left == []
        assert rig.inbox.meter.refusals == [method]


@pytest.mark.parametrize("method", HISTORY)
async def test_a_place_that_may_not_be_read_is_passed_over(method: str) -> None:
    async with deaf() as sim:
        rig = rig_of(sim)
        await left_off(rig)
        root = rig.mention("is anybody there?")
        sim.say(rig.room, rig.ada, "hello?", thread=root)
        await rig.until(lambda: all(envelope.state == "lost" for envelope in sim.envelopes))
        rig.inbox.followed = [Followed(rig.key(root), 0)]
        sim.faults.add(method, times=9, error="missing_scope")
        async with awake(rig):
            await written(rig)
        assert "hello?" in texts(rig) or method == "conversations.replies"
        assert "is anybody there?" in texts(rig)


async def test_where_slack_gives_little_of_the_past_it_is_read_in_small_pages() -> None:
    sim = simulator(timing=DEAF, epoch=int(time.time()), history_restricted=True)
    async with sim:
        rig = rig_of(sim, timing=replace(QUICK, reading=SCARCE))
        await left_off(rig)
        root = rig.mention("0")
        for number in range(1, 40):
            sim.say(rig.room, rig.ada, str(number), thread=root)
        await rig.until(lambda: all(envelope.state == "lost" for envelope in sim.envelopes))
        rig.inbox.followed = [Followed(rig.key(root), 0)]
        async with awake(rig):
            await written(rig)
        # The first one stands in the channel, too.
        assert sorted(set(texts(rig)), key=int) == [str(number) for number in range(40)]
        assert sim.calls_by_method()["conversations.replies"] == 3


async def test_edits_and_deletions_that_nobody_heard_of_are_followed() -> None:
    async with deaf() as sim:
        rig = rig_of(sim)
        await left_off(rig)
        root = rig.mention("is anybody there?")
        same = sim.say(rig.room, rig.ada, "this stays", thread=root)
        edited = sim.say(rig.room, rig.ada, "we meet on Monday", thread=root)
        gone = sim.say(rig.room, rig.ada, "my number is 12345", thread=root)
        rig.inbox.remembers = [each.ts for each in (root, same, edited, gone)]
        sim.edit(edited, "we meet on Tuesday")
        sim.delete(gone)
        sim.say(rig.room, rig.ada, "hello?", thread=root)
        await rig.until(lambda: all(envelope.state == "lost" for envelope in sim.envelopes))
        rig.inbox.followed = [Followed(rig.key(root), position_of(gone.ts))]
        async with awake(rig):
            await written(rig)
        assert "hello?" in texts(rig)
        assert [(each.ref.message, each.text) for each in rig.inbox.edits] == [
            (edited.ts, "we meet on Tuesday")
        ]
        assert [(each.thread, each.messages) for each in rig.inbox.removals] == [
            (rig.key(root), (gone.ts,))
        ]
        assert sim.violations == []


async def test_a_file_that_was_deleted_while_nobody_listened_is_an_edit_after_all_others() -> None:
    async with deaf() as sim:
        rig = rig_of(sim)
        # Later than what is said, as if that had been heard, and edited.
        await left_off(rig, -60.0)
        root = rig.mention("is anybody there?")
        files = [sim.add_file(rig.ada, name, b"x") for name in ("gone.txt", "stays.txt")]
        said = sim.say(rig.room, rig.ada, "my plan", thread=root, files=files)
        rig.inbox.remembers = [root.ts, said.ts]
        sim.delete_file(files[0])
        await rig.until(lambda: all(envelope.state == "lost" for envelope in sim.envelopes))
        rig.inbox.followed = [Followed(rig.key(root), position_of(said.ts))]
        noted = float(await rig.inbox.notes.read(NOTE) or 0)
        async with awake(rig):
            await written(rig)
        [edit] = rig.inbox.edits
        assert [each.name for each in edit.attachments if each.id] == ["stays.txt"]
        assert edit.edited > noted


async def test_a_question_that_was_deleted_under_its_answers_is_forgotten() -> None:
    async with deaf() as sim:
        rig = rig_of(sim)
        await left_off(rig)
        root = rig.mention("my number is 12345")
        reply = sim.say(rig.room, rig.ada, "oops", thread=root)
        rig.inbox.remembers = [root.ts, reply.ts]
        sim.delete(root)
        await rig.until(lambda: all(envelope.state == "lost" for envelope in sim.envelopes))
        rig.inbox.followed = [Followed(rig.key(root), position_of(reply.ts))]
        async with awake(rig):
            await written(rig)
        assert [each.messages for each in rig.inbox.removals] == [(root.ts,)]


async def test_a_missed_call_that_was_read_along_with_a_later_one_is_still_missed() -> None:
    """The first call that got through has taken in what was said before it in the thread."""
    async with deaf() as sim:
        rig = rig_of(sim)
        await left_off(rig)
        root = sim.say(rig.room, rig.ada, "a plan")
        around = sim.say(rig.room, rig.ada, "what does the bot think?", thread=root)
        missed = rig.mention("what do you think?", thread=root)
        rig.inbox.remembers = [each.ts for each in (root, around, missed)]
        await rig.until(lambda: all(envelope.state == "lost" for envelope in sim.envelopes))
        rig.inbox.followed = [Followed(rig.key(root), position_of(missed.ts) + 1)]
        async with awake(rig):
            await written(rig)
        assert texts(rig) == ["what do you think?"]


@pytest.mark.parametrize("error", ["missing_scope", "channel_not_found"])
async def test_nothing_is_thought_deleted_where_nothing_can_be_read(error: str) -> None:
    async with deaf() as sim:
        rig = rig_of(sim)
        await left_off(rig)
        root = rig.mention("is anybody there?")
        rig.inbox.remembers = [root.ts, "1700000000.000100"]
        await rig.until(lambda: all(envelope.state == "lost" for envelope in sim.envelopes))
        rig.inbox.followed = [Followed(rig.key(root), position_of(root.ts))]
        sim.faults.add("conversations.replies", times=9, error=error)
        async with awake(rig):
            await written(rig)
        assert rig.inbox.removals == []


async def test_what_the_store_does_not_keep_is_read_again() -> None:
    async with deaf() as sim:
        rig = rig_of(sim)
        await left_off(rig)
        rig.mention("is anybody there?")
        await rig.until(lambda: all(envelope.state == "lost" for envelope in sim.envelopes))
        rig.inbox.failures = [StoreUnavailable("away"), StoreUnavailable("away")]
        async with awake(rig):
            await written(rig)
        assert texts(rig) == ["is anybody there?"]


async def test_who_joins_one_that_listens_reads_nothing() -> None:
    async with deaf() as sim:
        rig = rig_of(sim)
        async with awake(rig):
            await written(rig)
            other = Rig(sim, adapter_of(sim), rig.inbox, rig.room, rig.ada)
            running = other.start()
            await sim.connected(2 * CONNECTIONS)
            for _ in range(5):
                await written(rig)
            await other.stop(running)
        assert reads(rig) == 0
        assert sim.violations == []


async def test_only_one_of_those_that_start_together_reads() -> None:
    async with deaf() as sim:
        rig = rig_of(sim)
        await left_off(rig)
        assert await rig.inbox.claims.claim(CLAIM, 60, "another") == 0.0
        async with awake(rig):
            claims = rig.inbox.claims
            await rig.until(lambda: claims.asked.count(CLAIM) >= 4)
            assert reads(rig) == 0
            await claims.release(CLAIM, "another")
            await written(rig)
            assert reads(rig) > 0


def test_the_liveliest_places_are_read_and_not_too_many() -> None:
    followed = [
        Followed(ThreadKey("slack", "T1", f"C{number}", f"{number}.000000"), number * 1_000_000)
        for number in range(40)
    ]
    found = gaps(followed, 20.0)
    assert sum(not gap.root for gap in found) == MOST_CHANNELS
    assert [gap.after for gap in found if gap.root == "10.000000"] == [10_000_000]
    assert [gap.after for gap in found if gap.root == "30.000000"] == [20_000_000]


@pytest.mark.parametrize("position", [0, 1, 1_700_000_000_000_001, 999_999])
def test_positions_are_written_as_slack_does(position: int) -> None:
    seconds, _, micros = stamp(position).partition(".")
    assert len(micros) == 6
    assert int(seconds) * 1_000_000 + int(micros) == position
