"""Settings of channels, silences, and what is meant for somebody else, in the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.channel import (
    LONGEST_PERSONA,
    NOTHING_SET,
    ChannelSettings,
    Mention,
    changed,
    from_fields,
    to_fields,
)
from bot.chat import ThreadKey
from bot.ids import new_id
from bot.records import Tally
from bot.storage.keys import place_of
from bot.storage.threads import Threads
from bot.storage.types import Begun, Done, Turn
from tests.units.storage.samples import BEN, THREAD, Clock, all_keys, commit, message, talk

PLACE = place_of(THREAD)
HOUR = 3600.0


@pytest.fixture
def quiet(client: Redis) -> Threads:
    """A store where twelve hours are a silence."""
    return Threads(client, worker="w", clock=Clock(), new_id=new_id, silence_hours=12)


async def test_settings_are_kept_for_one_channel_and_taken_back(
    threads: Threads, client: Redis
) -> None:
    wanted = ChannelSettings(Mention.ALWAYS, 0.0, "Répondez: en {français}")
    before = await all_keys(client)
    await threads.set_channel(PLACE, wanted)
    await threads.set_channel(PLACE, wanted)
    assert await threads.channel_settings(PLACE) == wanted
    assert (await threads.take_window(THREAD)).persona == wanted.persona
    other = replace(THREAD, channel="c2")
    assert await threads.channel_settings(place_of(other)) == NOTHING_SET
    assert (await threads.take_window(other)).persona == ""
    assert await threads.open_channels("discord") == {PLACE}
    assert await threads.open_channels("slack") == frozenset()
    await threads.set_channel(PLACE, NOTHING_SET)
    assert await threads.open_channels("discord") == frozenset()
    assert await all_keys(client) == before


async def test_they_go_with_their_place_alone(threads: Threads, client: Redis) -> None:
    here = [("discord", "g1", f"c{number}") for number in range(40)]
    there = [("discord", "g10", "c1"), ("slack", "g1", "c1")]
    for place in (*here, *there):
        await threads.set_channel(place, ChannelSettings(Mention.ALWAYS, 1.0, "x"))
    await threads.forget_space("discord", "g1")
    await threads.forget_space("discord", "g1")
    assert await threads.open_channels("discord") == {("discord", "g10", "c1")}
    for place in there:
        assert await threads.channel_settings(place) == ChannelSettings(Mention.ALWAYS, 1.0, "x")
    assert not [key for key in await all_keys(client) if ":rules:discord:g1:" in key]


async def test_they_go_with_their_channel(threads: Threads, client: Redis) -> None:
    wanted, other = ChannelSettings(Mention.ALWAYS, 1.0, "x"), ("discord", "g1", "c2")
    before = await all_keys(client)
    await threads.set_channel(PLACE, wanted)
    await threads.forget_channel(PLACE)
    assert await threads.open_channels("discord") == frozenset()
    # For ten minutes it is known that the place is gone.
    [mark] = await all_keys(client) - before
    assert ":gone:" in mark and 0 < await client.ttl(mark) <= 600
    await threads.set_channel(other, wanted)
    await threads.forget_channel(PLACE)
    assert await threads.channel_settings(other) == wanted


async def test_a_turn_carries_the_persona_as_it_is_when_it_begins(threads: Threads) -> None:
    await threads.set_channel(PLACE, ChannelSettings(persona="one"))
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn) and turn.persona == "one"
    await threads.begin(message(2))
    await threads.set_channel(PLACE, ChannelSettings(persona="two"))
    after = await commit(threads, turn)
    assert isinstance(after, Turn) and after.persona == "two"


@pytest.mark.parametrize(
    ("hours", "here", "taken"),
    [(11.9, None, True), (12.1, None, False), (3.0, 2.0, False), (500.0, 0.0, True)],
)
async def test_after_a_silence_only_what_is_addressed_is_taken(
    quiet: Threads, hours: float, here: float | None, taken: bool
) -> None:
    await talk(quiet, 1)
    if here is not None:
        await quiet.set_channel(PLACE, ChannelSettings(hours=here))
    late = replace(message(2, addressed=False), at=1_700_000_000.0 + hours * HOUR)
    assert isinstance(await quiet.begin(late), Turn) is taken
    if not taken:
        # It is not remembered either, so that a mention of the same message counts.
        called = replace(late, addressed=True)
        assert isinstance(await quiet.begin(called), Turn)


async def test_a_running_turn_is_no_silence(quiet: Threads) -> None:
    turn = await quiet.begin(message(1))
    assert isinstance(turn, Turn)
    late = replace(message(2, addressed=False), at=1_700_000_000.0 + 50 * HOUR)
    assert await quiet.begin(late) is Begun.QUEUED


async def test_what_is_meant_for_others_waits_for_a_question(threads: Threads) -> None:
    await talk(threads, 1)
    for position in (2, 3):
        aside = replace(message(position, addressed=False, author=BEN), aside=True)
        assert await threads.begin(aside) is Begun.HEARD
    assert await threads.stranded() == []
    turn = await threads.begin(message(4, addressed=False))
    assert isinstance(turn, Turn)
    assert [event.position for event in turn.mail] == [2, 3, 4]
    assert BEN.id in await threads.authors(THREAD)
    # While it is answered nobody waits for an answer to another one.
    aside = replace(message(5, addressed=False), aside=True)
    assert await threads.begin(aside) is Begun.HEARD
    assert not await threads.is_waiting(message(6))
    assert await threads.is_waiting(aside)
    assert await commit(threads, turn) is Done.IDLE
    again = await threads.begin(message(6, addressed=False))
    assert isinstance(again, Turn)
    # What is to be answered comes last, whenever it was said.
    assert [event.position for event in again.mail] == [5, 6]
    late = replace(message(8, addressed=False), aside=True)
    assert await threads.begin(message(7)) is Begun.QUEUED
    assert await threads.begin(late) is Begun.HEARD
    after = await commit(threads, again)
    assert isinstance(after, Turn)
    assert [event.position for event in after.mail] == [8, 7]


async def test_words_that_look_like_the_mark_are_words(threads: Threads) -> None:
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    assert await threads.begin(message(2, text='"aside":true')) is Begun.QUEUED
    assert isinstance(await commit(threads, turn), Turn)


async def test_asides_do_not_pile_up_and_do_not_break_a_silence(quiet: Threads) -> None:
    await talk(quiet, 1)
    answers = [
        await quiet.begin(replace(message(position, addressed=False), aside=True))
        for position in range(2, 110)
    ]
    assert answers.count(Begun.HEARD) == 100 and answers[-1] is Begun.IGNORED
    late = replace(message(200, addressed=False), at=1_700_000_000.0 + 12.5 * HOUR)
    assert await quiet.begin(late) is Begun.IGNORED


async def test_where_only_mentions_count_nothing_else_is_taken(threads: Threads) -> None:
    await talk(threads, 1)
    await threads.set_channel(PLACE, ChannelSettings(Mention.ONLY))
    assert await threads.begin(message(2, addressed=False)) is Begun.IGNORED
    assert isinstance(await threads.begin(message(3)), Turn)


async def test_who_sends_it_away_gets_no_answer_to_what_waits(threads: Threads) -> None:
    await talk(threads, 1)
    turn = await threads.begin(message(2))
    assert isinstance(turn, Turn)
    assert await threads.begin(message(3, addressed=False)) is Begun.QUEUED
    assert await threads.leave(THREAD)
    assert await commit(threads, turn) is Done.IDLE
    assert not await threads.takes_part(THREAD)
    assert await threads.begin(message(4, addressed=False)) is Begun.IGNORED


async def test_use_outside_conversations_is_counted_once(threads: Threads) -> None:
    where = ThreadKey("discord", "g1", "c1", "-")
    for _ in range(2):
        await threads.count_use(where, "u1", Tally(prompt=5, cost_micros=7), nonce="n")
    used = await threads.usage(date(2023, 11, 14))
    assert used[("discord", "g1", "u1")] == Tally(prompt=5, cost_micros=7)
    assert [thread async for thread in threads.all_threads()] == []


channel_settings = st.builds(
    ChannelSettings,
    st.none() | st.sampled_from(Mention),
    st.none() | st.floats(0, 8760).map(lambda hours: float(f"{hours:g}")),
    st.text(max_size=40),
    st.booleans(),
)


@given(channel_settings)
def test_what_is_stored_is_read_back(wanted: ChannelSettings) -> None:
    assert from_fields(to_fields(wanted)) == wanted


@given(channel_settings, st.dictionaries(st.text(max_size=8), st.text(max_size=700), max_size=3))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_change_is_valid_or_refused(now: ChannelSettings, options: dict[str, str]) -> None:
    for name in ("mention", "hours", "persona", "memory"):
        for value in options.values():
            then = changed(now, {name: value})
            if isinstance(then, str):
                assert then == name
            else:
                assert from_fields(to_fields(then)) == then
                assert len(then.persona) <= max(LONGEST_PERSONA, len(now.persona))
                untouched = {"mention", "hours", "persona", "memory"} - {name}
                assert all(getattr(then, each) == getattr(now, each) for each in untouched)
    assert changed(now, {"reset": "true"}) == NOTHING_SET
