"""The status sign: there at once, renewed, gone in every case, and never in the way."""

from __future__ import annotations

import asyncio

import pytest

from bot.chat import Spot
from bot.errors import LeaseLost, NotAllowed, PlatformBusy
from tests.units.reply.platform import Fault, Platform, unlimited
from tests.units.reply.scene import Scene, now, stream
from tests.units.reply.virtual import virtual

TEXT = "Here are a few words for a start. And then some more of them follow."


def signs(platform: Platform) -> list[str | None]:
    return [text for _, _, text in platform.statuses]


@virtual
async def test_it_is_shown_renewed_and_cleared_at_the_first_text() -> None:
    platform = Platform(unlimited(status_seconds=8.0))
    async with Scene(platform).reply() as reply:
        await asyncio.sleep(20)
        assert signs(platform) == ["thinking …"] * 3
        assert platform.statuses[0][0] < 0.2
        reply.show(TEXT)
        await asyncio.sleep(30)
        assert signs(platform) == ["thinking …"] * 3 + [None]
        await reply.finish(TEXT)
    assert signs(platform) == ["thinking …"] * 3 + [None]


@virtual
async def test_what_a_busy_platform_did_not_take_is_shown_again_before_it_lapses() -> None:
    """Slack takes a sign away after two minutes."""
    platform = Platform(unlimited(status_seconds=90.0))
    platform.faults += [Fault("status", PlatformBusy()), Fault("status", PlatformBusy())]
    async with Scene(platform).reply() as reply:
        await asyncio.sleep(60)
        assert [round(at) for at, _, _ in platform.statuses] == [10]
        platform.faults += [Fault("status", PlatformBusy())]
        await asyncio.sleep(60)
        assert [round(at) for at, _, _ in platform.statuses] == [10, 105]
        await reply.finish(TEXT)
    assert signs(platform) == ["thinking …", "thinking …", None]


@virtual
async def test_it_says_what_is_being_done() -> None:
    platform = Platform(unlimited(status_seconds=60.0))
    async with Scene(platform).reply() as reply:
        await asyncio.sleep(1)
        reply.status("waiting for the model …")
        await asyncio.sleep(1)
        reply.status(None)
        await asyncio.sleep(1)
        await reply.finish(TEXT)
    assert signs(platform) == ["thinking …", "waiting for the model …", "thinking …", None]


@virtual
async def test_it_is_cleared_when_the_reply_is_abandoned_or_refused() -> None:
    platform = Platform(unlimited(status_seconds=8.0))
    async with Scene(platform).reply():
        await asyncio.sleep(1)
    assert signs(platform) == ["thinking …", None]
    platform.faults += [Fault("post", NotAllowed())]
    async with Scene(platform, channel="c2").reply() as reply:
        await asyncio.sleep(1)
        reply.show(TEXT)
        await reply.wait_gone()
    assert signs(platform)[2:] == ["thinking …", None]


@virtual
async def test_it_is_left_to_whoever_took_the_turn_over() -> None:
    platform = Platform(unlimited(status_seconds=8.0))
    scene = Scene(platform)
    async with scene.reply():
        await asyncio.sleep(1)
        scene.taken = LeaseLost()
        await asyncio.sleep(20)
    assert signs(platform) == ["thinking …"]


@virtual
async def test_one_that_goes_away_by_itself_is_not_cleared() -> None:
    platform = Platform(unlimited(status_seconds=8.0, status_lapses=True))
    async with Scene(platform).reply() as reply:
        await asyncio.sleep(1)
        await reply.finish(TEXT)
    assert signs(platform) == ["thinking …"]


@virtual
async def test_its_failures_are_nobodys_business() -> None:
    platform = Platform(unlimited(status_seconds=2.0))
    platform.faults += [
        Fault("status", PlatformBusy(retry_after=3.0)),
        Fault("status", NotAllowed()),
    ]
    async with Scene(platform).reply() as reply:
        await stream(reply, "Yes", seconds=20)
        await reply.finish(TEXT)
        assert reply.figures.busy == 0
    assert platform.standing("c1") == [TEXT]
    assert platform.count("status") == 2


@virtual
async def test_a_sign_that_hangs_delays_neither_text_nor_end_for_long() -> None:
    platform = Platform(unlimited(status_seconds=8.0), hung={"status"})
    async with Scene(platform).reply() as reply:
        await stream(reply, TEXT, seconds=2)
        assert reply.figures.first_text_at == pytest.approx(1.0, abs=0.5)
        await reply.finish(TEXT)
        assert now() < 2.5
    assert now() < 10


@virtual
async def test_a_platform_without_one_gets_no_calls() -> None:
    platform = Platform(unlimited())
    async with Scene(platform).reply() as reply:
        reply.status("waiting for the model …")
        await reply.finish(TEXT)
    assert platform.count("status") == 0


NEAR = Spot("parent")


@virtual
async def test_it_is_there_within_300_ms_also_where_a_thread_is_made_first() -> None:
    platform = Platform(unlimited(status_seconds=8.0, status_lapses=True), latency=lambda _: 0.05)
    async with Scene(platform, opening=4.0).reply(near=NEAR) as reply:
        await asyncio.sleep(6)
        await reply.finish(TEXT)
    shown = [(round(at, 1), channel) for at, channel, _ in platform.statuses]
    assert shown == [(0.2, "parent"), (4.0, "c1")]


@virtual
async def test_a_thread_that_is_made_at_once_has_it_alone() -> None:
    platform = Platform(unlimited(status_seconds=8.0, status_lapses=True))
    async with Scene(platform, opening=0.1).reply(near=NEAR) as reply:
        await asyncio.sleep(1)
        await reply.finish(TEXT)
    assert {channel for _, channel, _ in platform.statuses} == {"c1"}
    assert platform.statuses[0][0] < 0.3


@virtual
async def test_a_sign_that_does_not_lapse_is_shown_in_one_place_alone() -> None:
    platform = Platform(unlimited(status_seconds=8.0))
    async with Scene(platform, opening=4.0).reply(near=NEAR) as reply:
        await asyncio.sleep(6)
        await reply.finish(TEXT)
    assert [channel for _, channel, _ in platform.statuses] == ["c1", "c1"]
    assert signs(platform) == ["thinking …", None]


@virtual
async def test_a_place_that_never_opens_leaves_no_sign_behind() -> None:
    platform = Platform(unlimited(status_seconds=8.0, status_lapses=True))
    scene = Scene(platform, opening=4.0, opening_errors=[NotAllowed()])
    async with scene.reply(near=NEAR) as reply:
        await reply.wait_gone()
        typed = platform.count("status")
        await asyncio.sleep(30)
    assert typed == platform.count("status") == 1
