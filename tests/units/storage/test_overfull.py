"""How many messages may wait for the next turn of a thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.chat import Author, Incoming
from bot.storage.threads import Threads
from bot.storage.types import Begun, Done, Struck, Turn
from tests.units.storage.samples import OTHER, Clock, commit, message

MOST = 3


@pytest.fixture
def threads(client: Redis, clock: Clock, new_id: Callable[[], str]) -> Threads:
    """A store that takes few."""
    return Threads(client, worker="w", clock=clock, new_id=new_id, most_waiting=MOST)


def aside(position: int) -> Incoming:
    """A message for somebody else."""
    return replace(message(position, addressed=False), aside=True)


async def filled(threads: Threads) -> Turn:
    """A turn, and as many messages as may wait for the next, from position 2 on."""
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    for position in range(2, 2 + MOST):
        assert await threads.begin(message(position, addressed=False)) is Begun.QUEUED
    return turn


async def test_what_is_too_much_is_not_taken_and_told_once_in_a_turn(threads: Threads) -> None:
    turn = await filled(threads)
    assert await threads.begin(message(6), nonce="n") is Begun.FILLED
    assert await threads.begin(message(6), nonce="n") is Begun.FILLED
    assert await threads.begin(message(7), nonce="o") is Begun.FULL
    assert await threads.begin(message(7), nonce="o") is Begun.FULL
    following = await commit(threads, turn)
    assert isinstance(following, Turn)
    assert [each.position for each in following.mail] == [2, 3, 4]
    # What was told not to be taken is not taken later either, and others are taken again.
    assert await threads.begin(message(6)) is Begun.DUPLICATE
    for position in range(8, 8 + MOST):
        assert await threads.begin(message(position)) is Begun.QUEUED
    assert await threads.begin(message(11)) is Begun.FILLED
    last = await commit(threads, following)
    assert isinstance(last, Turn)
    assert [each.position for each in last.mail] == [8, 9, 10]
    assert await commit(threads, last) is Done.IDLE


async def test_another_thread_has_room_of_its_own(threads: Threads) -> None:
    await filled(threads)
    assert isinstance(await threads.begin(message(6, thread=OTHER)), Turn)
    assert await threads.begin(message(7, thread=OTHER)) is Begun.QUEUED


async def test_what_is_deleted_makes_room(threads: Threads) -> None:
    await filled(threads)
    assert await threads.strike(message(2).thread, ["m2"], ["e2"]) == Struck(mail=1)
    assert await threads.begin(message(6)) is Begun.QUEUED
    assert await threads.begin(message(7)) is Begun.FILLED


async def test_what_is_meant_for_others_takes_nobodys_place(threads: Threads) -> None:
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    for position in range(2, 12):
        assert await threads.begin(aside(position)) is Begun.HEARD
    for position in range(12, 12 + MOST):
        assert await threads.begin(message(position)) is Begun.QUEUED
    assert await threads.begin(message(15)) is Begun.FILLED
    assert await threads.begin(aside(16)) is Begun.HEARD


async def test_what_comes_late_is_taken(threads: Threads, clock: Clock) -> None:
    """Nobody listened when it was said, and nobody would say it again."""
    await filled(threads)
    assert await threads.begin(message(6)) is Begun.FILLED
    clock.now += 7.0 + 59.0
    assert await threads.begin(message(7)) is Begun.FULL
    clock.now += 2.0
    assert await threads.begin(message(8)) is Begun.QUEUED


async def test_a_bot_is_not_told(threads: Threads) -> None:
    await filled(threads)
    bot = Author("b1", "Clock", is_bot=True)
    assert await threads.begin(message(6, author=bot)) is Begun.FULL
    assert await threads.begin(message(7)) is Begun.FILLED
