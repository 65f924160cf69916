"""Edits of messages that the platform streams are counted apart from others."""

from __future__ import annotations

from collections.abc import Callable

from bot.capabilities import Call, Capabilities, Limit
from bot.reply.pacing import LoopClock, Pacer
from tests.units.reply.platform import Platform, unlimited
from tests.units.reply.scene import TEXT, Scene, stream
from tests.units.reply.virtual import virtual


def limits(call: Call) -> tuple[Limit, ...]:
    """One call of this kind in a time in which nothing ends."""
    return (Limit(frozenset({call}), "space", 1, 10_000.0),)


def everywhere(channel: str, message: str) -> bool:
    return True


def nowhere(channel: str, message: str) -> bool:
    return False


def counted(streams: bool, streamed: Callable[[str, str], bool]) -> Call:
    return Capabilities(100, streams=streams, streamed=streamed).edits_count_as("c1", "m1")


def test_only_what_is_streamed_is_counted_apart() -> None:
    assert counted(True, everywhere) == "append"
    assert counted(True, nowhere) == "edit"
    assert counted(False, everywhere) == "edit"
    assert Capabilities(100).edits_count_as("c1") == "edit"


@virtual
async def test_a_stream_does_not_wait_for_edits() -> None:
    platform = Platform(unlimited(streams=True, streamed=everywhere))
    scene = Scene(platform, Pacer(limits("edit"), LoopClock()))
    async with scene.writing() as reply:
        await stream(reply, TEXT, seconds=20)
        await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]
    assert platform.count("edit") > 3
    assert reply.figures.reposted == 0


@virtual
async def test_an_end_that_finds_no_room_for_an_addition_is_posted() -> None:
    platform = Platform(unlimited(streams=True, streamed=everywhere))
    scene = Scene(platform, Pacer(limits("append"), LoopClock()))
    async with scene.writing() as reply:
        await stream(reply, TEXT, seconds=20)
        await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]
    assert reply.figures.reposted == 1


@virtual
async def test_the_end_of_what_is_not_streamed_costs_no_call() -> None:
    for streamed, edits in ((nowhere, 0), (everywhere, 1)):
        platform = Platform(unlimited(streams=True, streamed=streamed))
        async with Scene(platform).writing() as reply:
            await stream(reply, TEXT, seconds=1.0)
            await LoopClock().sleep(60.0)
            assert platform.standing("c1") == [TEXT.strip()]
            before = platform.count("edit")
            await reply.finish(TEXT)
        assert platform.count("edit") - before == edits
