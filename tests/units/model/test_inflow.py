from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable

import pytest

from bot.model.inflow import ALONE, MOST_HELD, Inflow
from tests.units.model.asking import Shift, settle


async def body(pieces: Iterable[bytes | Exception]) -> AsyncGenerator[bytes, None]:
    for piece in pieces:
        if isinstance(piece, Exception):
            raise piece
        yield piece


def at_once() -> float:
    return 0.0


async def test_the_beginning_is_taken_piece_by_piece_and_the_rest_as_it_has_gathered() -> None:
    beginning = [b"%d;" % number for number in range(ALONE)]
    async with Inflow(body([*beginning, b"a", b"b", b"c"]), at_once) as inflow:
        await settle()
        assert [await inflow.take() for _ in range(ALONE)] == beginning
        assert [await inflow.take(), await inflow.take(), await inflow.take()] == [
            b"abc",
            None,
            None,
        ]


async def test_what_had_come_is_taken_before_the_fault_is_heard_of() -> None:
    async with Inflow(body([b"a", OSError("gone"), b"b"]), at_once) as inflow:
        await settle()
        assert await inflow.take() == b"a"
        for _ in range(2):
            with pytest.raises(OSError, match="gone"):
                await inflow.take()


async def test_no_more_is_read_than_may_be_held() -> None:
    read: list[int] = []

    async def endless() -> AsyncGenerator[bytes, None]:
        while True:
            read.append(MOST_HELD)
            yield bytes(MOST_HELD // 2 + 1)

    async with Inflow(endless(), at_once) as inflow:
        await settle()
        assert len(read) == 2
        await inflow.take()
        await settle()
        assert len(read) == 3


async def test_who_leaves_ends_the_reading() -> None:
    ended = asyncio.Event()

    async def silent() -> AsyncGenerator[bytes, None]:
        try:
            yield b"a"
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with Inflow(silent(), at_once) as inflow:
        assert await inflow.take() == b"a"
        assert not ended.is_set()
    assert ended.is_set()


async def test_pieces_gather_behind_one_that_was_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Shift(monkeypatch)
    asked: list[str] = []

    async def slow() -> AsyncGenerator[bytes, None]:
        for _ in range(ALONE):
            clock.forward(1.0)
            yield b"a"
        assert asked == []
        clock.forward(1.0)
        yield b"b"
        yield b"c"

    def gathering() -> float:
        asked.append("b")
        return 0.0

    async with Inflow(slow(), gathering) as inflow:
        while await inflow.take():
            pass
    assert asked == ["b"]


async def test_in_a_hurry_nothing_gathers_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Shift(monkeypatch)

    async def slow() -> AsyncGenerator[bytes, None]:
        for _ in range(ALONE + 2):
            clock.forward(1.0)
            yield b"a"

    async with Inflow(slow(), lambda: 3600.0) as inflow:
        for _ in range(ALONE + 1):
            assert await inflow.take() == b"a"
        await settle()
        inflow.hurry()
        assert [await inflow.take(), await inflow.take()] == [b"a", None]
