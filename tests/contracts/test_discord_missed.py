"""The Discord adapter with the real SDK against the simulated Discord: what it did not hear."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import replace

import pytest

from adapters.discord.adapter import DiscordAdapter, create
from adapters.discord.gaps import LONGEST_SECONDS, OVERLAP_SECONDS, gaps, snowflake
from adapters.discord.gaps import NOTE as HEARD
from adapters.discord.logins import RATE, LocalRate, Logins, allowance
from adapters.discord.missed import MOST_PAGES, PAGE
from bot.chat import Followed, ThreadKey
from bot.errors import NeedsOperator, StoreUnavailable
from tests.contracts.discord_rig import QUICK, Rig, rig_of
from tests.simulators.discord_sim import Channel, DiscordSimulator

HISTORY = "GET /channels/{channel_id}/messages"


def reads(rig: Rig) -> list[str]:
    return [item.path["channel_id"] for item in rig.sim.requests if item.route == HISTORY]


def follow(rig: Rig, newest: int, thread: int | None = None) -> None:
    key = ThreadKey("discord", str(rig.guild.id), str(rig.channel.id), str(thread or newest))
    rig.inbox.followed = (Followed(key, newest),)


async def test_no_more_than_some_pages_are_read() -> None:
    async with DiscordSimulator(limits=False) as sim:
        rig = await rig_of(sim)
        first = await rig.say(f"{sim.mention} first")
        for number in range(PAGE * MOST_PAGES + 5):
            await rig.say(f"{sim.mention} {number}")
        follow(rig, first.id)
        rig.inbox.notes.texts[HEARD] = str(time.time())
        running = rig.start()
        await rig.changed(lambda: len(rig.inbox.messages) >= PAGE * MOST_PAGES)
        await rig.changed(lambda: rig.inbox.notes.texts[HEARD] != "")
        await rig.stop(running)
        in_channel = [item for item in reads(rig) if item == str(rig.channel.id)]
    assert len(in_channel) == MOST_PAGES
    assert len({event.event_id for event in rig.inbox.messages}) == PAGE * MOST_PAGES
    assert [event.position for event in rig.inbox.messages] == sorted(
        event.position for event in rig.inbox.messages
    )


async def test_new_posts_of_a_forum_are_read_where_it_takes_part_in_one() -> None:
    """The forum itself has no messages; which posts there are comes with the session."""
    async with DiscordSimulator(limits=False) as sim:
        rig = await rig_of(sim)
        forum = await sim.add_forum_channel(rig.guild, "questions")
        other = await sim.add_forum_channel(rig.guild, "elsewhere")

        async def made(name: str, text: str, where: Channel = forum) -> Channel:
            return await sim.start_thread(where, None, name, rig.ada, text=text)

        old = await made("Anybody?", f"{sim.mention} are you here?")
        key = ThreadKey("discord", str(rig.guild.id), str(forum.id), str(old.id))
        rig.inbox.followed = (Followed(key, old.id),)
        rig.inbox.notes.texts[HEARD] = str(time.time() + 1.5 * OVERLAP_SECONDS)
        sim.world.pass_time(2 * OVERLAP_SECONDS)
        news = [await made(f"Post {number}", f"{sim.mention} {number}") for number in range(3)]
        await made("Far away", f"{sim.mention} nobody knows of this", other)
        running = rig.start()
        await rig.events(3)
        await rig.changed(lambda: set(reads(rig)) >= {str(each.id) for each in (old, *news)})
        await rig.stop(running)
    assert [event.text for event in rig.inbox.messages] == [
        f"**Post {number}**\n\n{number}" for number in range(3)
    ]
    assert [event.thread.thread for event in rig.inbox.messages] == [str(each.id) for each in news]
    assert str(forum.id) not in reads(rig)


async def test_a_store_that_is_away_is_asked_again() -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        old = await rig.say(f"{sim.mention} old")
        follow(rig, old.id)
        rig.inbox.unknown.append(StoreUnavailable("away"))
        running = rig.start()
        await sim.until_connected()
        await rig.say(f"{sim.mention} live")
        await rig.events(1)
        await rig.changed(lambda: str(old.id) in reads(rig))
        await rig.stop(running)
    assert rig.inbox.messages[0].text == "live"


async def test_new_messages_wait_until_it_is_known_what_was_heard_before() -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        rig.inbox.held = asyncio.Event()
        rig.adapter = DiscordAdapter(sim.world.token, replace(QUICK, look=10.0))
        running = rig.start()
        await sim.until_connected()
        await rig.say(f"{sim.mention} live")
        # Commands do not wait, and this one comes after the message.
        await (await sim.slash(rig.channel, rig.ada, "export")).answered()
        assert rig.inbox.messages == []
        rig.inbox.held.set()
        assert (await rig.event()).text == "live"
        await rig.stop(running)


async def test_what_cannot_be_read_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        old = await rig.say("old")
        follow(rig, old.id)
        rig.inbox.notes.texts[HEARD] = str(time.time())
        sim.faults.add(HISTORY, status=403, body={"code": 50001, "message": "Missing Access"})
        missed = await rig.say(f"{sim.mention} missed")
        running = rig.start()
        event = await rig.event()
        await rig.stop(running)
    assert event.position == missed.id
    assert reads(rig) == [str(old.id), str(rig.channel.id)]


def test_old_messages_and_channels_never_listened_to_are_let_be() -> None:
    now = 1_790_000_000.0
    key = ThreadKey("discord", "1", "2", "3")
    (only,) = gaps([Followed(key, 5)], None, now)
    assert (only.channel, only.after) == ("3", snowflake(now - LONGEST_SECONDS))
    newest = snowflake(now - 60)
    threads = [Followed(ThreadKey("discord", "1", "2", str(each)), newest) for each in range(3, 6)]
    direct = Followed(ThreadKey("discord", "@me", "9", "9"), newest)
    found = gaps([*threads, direct], now - 30, now)
    assert [gap.channel for gap in found] == ["3", "2", "4", "5", "9"]
    assert snowflake(now - 3600) < found[1].after < snowflake(now - 30)
    quiet = Followed(threads[0].thread, snowflake(now - 600))
    assert gaps([quiet], now - 30, now)[0].after == quiet.newest


def test_what_was_taken_after_a_gap_does_not_hide_the_gap() -> None:
    """A process may have died after it took a new message and before it had read older ones."""
    now = 1_790_000_000.0
    thread = Followed(ThreadKey("discord", "1", "2", "3"), snowflake(now - 5))
    found = gaps([thread], now - 60, now)
    assert {gap.after for gap in found} == {snowflake(now - 60 - OVERLAP_SECONDS)}


async def test_a_new_message_does_not_overtake_what_was_missed_before_it() -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        first = await rig.say("first")
        thread = await sim.start_thread(rig.channel, first, "talk", sim.bot)
        follow(rig, first.id, thread.id)
        rig.inbox.notes.texts[HEARD] = str(time.time())
        gate = asyncio.Event()
        fault = sim.faults.add(HISTORY, gate=gate)
        await sim.say(thread, rig.ada, "missed one")
        await sim.say(thread, rig.ada, "missed two")
        running = rig.start()
        await sim.until_connected()
        async with asyncio.timeout(50):
            await fault.arrived.wait()
        await sim.say(thread, rig.ada, "live")
        # Nobody has missed anything elsewhere.
        direct = sim.open_dm(rig.ada)
        await sim.say(direct, rig.ada, "elsewhere")
        await rig.changed(lambda: rig.inbox.messages)
        gate.set()
        await rig.changed(lambda: [event.text for event in rig.inbox.messages][-1:] == ["live"])
        await rig.stop(running)
    # The page may hold the new message as well; the engine drops what it has.
    texts = list(dict.fromkeys(event.text for event in rig.inbox.messages))
    assert texts == ["elsewhere", "missed one", "missed two", "live"]


@pytest.mark.parametrize("code", [4010, 4011, 4012, 4013])
async def test_what_only_the_operator_can_mend_is_told_apart(code: int) -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        running = rig.start()
        await sim.until_connected()
        sim.gateway.close(code)
        await asyncio.wait([running], timeout=10)
        error = running.exception()
        assert isinstance(error, NeedsOperator)
        assert str(code) in str(error)
        assert error.hint != NeedsOperator.hint
        await rig.adapter.close()
        assert len(sim.identifies) == 1


class Waits:
    """Waits of a test: they end when it says so, and the clock then shows it."""

    def __init__(self) -> None:
        self.now = time.time()
        self.asked: list[float] = []
        self.free = asyncio.Event()
        self.began = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.began.set()
        await self.free.wait()
        self.now += seconds


async def test_log_ins_that_follow_on_each_other_are_few() -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        waits = Waits()
        logins = Logins(lambda: waits.now, QUICK, waits, lambda total, count: (1, 180.0))
        rig.inbox.claims.shared.away = True
        rig.adapter = DiscordAdapter(sim.world.token, QUICK, logins=logins)
        running = rig.start()
        await sim.until_connected()
        sim.gateway.invalidate()
        async with asyncio.timeout(50):
            await waits.began.wait()
        assert len(sim.identifies) == 1
        waits.free.set()
        await sim.until(lambda: len(sim.identifies) == 2)
        await rig.stop(running)
    assert waits.asked == [pytest.approx(180.0)]
    assert sim.violations == []


async def test_log_ins_of_earlier_processes_count() -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        waits = Waits()
        shared = rig.inbox.claims.shared
        for _ in range(3):
            assert await shared.of("earlier").spend(RATE, 3, 180.0) == 0.0
        logins = Logins(lambda: waits.now, QUICK, waits, lambda total, count: (3, 180.0))
        rig.adapter = DiscordAdapter(sim.world.token, QUICK, logins=logins)
        running = rig.start()
        async with asyncio.timeout(50):
            await waits.began.wait()
        assert sim.identifies == []
        shared.until[RATE] -= 180.0
        waits.free.set()
        await sim.until(lambda: sim.identifies)
        await rig.stop(running)
    assert waits.asked == [pytest.approx(180.0, abs=1.0)]


@pytest.mark.parametrize(("total", "count"), [(1000, 1), (1000, 8), (1000, 100), (2000, 250)])
def test_a_day_has_far_fewer_log_ins_than_discord_takes(total: int, count: int) -> None:
    now = 0.0
    rate = LocalRate(lambda: now)
    burst, seconds = allowance(total, count)
    used = 0
    while now < 86_400:
        used += not rate.spend(burst, seconds)
        now += 5
    assert 0.4 * total < used < 0.6 * total
    assert burst >= 2 * count


def test_one_connection_may_log_in_twenty_times_and_then_every_three_minutes() -> None:
    assert allowance(1000, 1) == (20, 180.0)


async def test_a_lost_connection_is_one_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        create(sim.environment())
        running = rig.start()
        await sim.until_connected()
        await rig.mentioned("until this is heard there is no session to resume")
        with caplog.at_level(logging.INFO, logger="discord.client"):
            sim.gateway.refuse(2)
            sim.gateway.drop()
            await sim.until(lambda: len(sim.gateway.live) == 1 and sim.gateway.refused)
        await rig.stop(running)
    lines = [each for each in caplog.records if each.name == "discord.client"]
    assert [each.levelname for each in lines] == ["WARNING"]
    assert lines[0].exc_info is None
    assert "Attempting a reconnect" in lines[0].getMessage()


async def test_a_missed_call_that_was_read_along_with_a_later_one_is_still_missed() -> None:
    """The first call that got through has taken in what was said before it in the thread."""
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        thread = await sim.start_thread(rig.channel, None, "talk", rig.ada)
        rig.inbox.notes.texts[HEARD] = str(time.time())
        around = await sim.say(thread, rig.ada, "what does the bot think?", event=False)
        text = f"{sim.mention} what do you think?"
        missed = await sim.say(thread, rig.ada, text, event=False)
        follow(rig, thread.id)
        rig.inbox.kept = [str(around.id), str(missed.id)]
        running = rig.start()
        await rig.changed(lambda: rig.inbox.messages)
        await rig.stop(running)
    assert [event.position for event in rig.inbox.messages] == [missed.id]
