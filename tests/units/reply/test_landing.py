"""Faults of the platform and of the process: the answer arrives, or the reply says why not."""

from __future__ import annotations

import asyncio

import pytest

from bot.chat import Spot
from bot.errors import (
    BadToken,
    LeaseLost,
    MessageGone,
    NotAllowed,
    PlatformBusy,
    PlatformError,
    StoreMismatch,
    StoreUnavailable,
)
from bot.reply.split import split
from bot.reply.written import Patience
from tests.units.reply.platform import Fault, Platform, unlimited
from tests.units.reply.scene import LONG, TEXT, Scene, now, stream
from tests.units.reply.virtual import virtual


@virtual
async def test_a_place_that_cannot_be_kept_ends_the_reply() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform, told_error=StoreMismatch())
    async with scene.writing() as reply:
        assert isinstance(await reply.wait_gone(), StoreMismatch)
        reply.show(TEXT)
        with pytest.raises(StoreMismatch):
            await reply.finish(TEXT)
    assert platform.calls == []


@virtual
async def test_refused_interim_edits_are_dropped() -> None:
    platform = Platform(unlimited())
    platform.faults += [Fault("edit", PlatformBusy(retry_after=4.0)), Fault("edit", PlatformBusy())]
    scene = Scene(platform)
    async with scene.writing() as reply:
        await stream(reply, TEXT, seconds=12)
        await reply.finish(TEXT)
        assert reply.figures.busy == 2
    assert platform.standing("c1") == [TEXT.strip()]
    edits = [time for time, call, _ in platform.calls if call == "edit"]
    assert edits[1] - edits[0] >= 4.0


@virtual
async def test_a_refusal_without_a_name_does_not_end_the_reply() -> None:
    platform = Platform(unlimited())
    platform.faults += [Fault("edit", PlatformError("odd"))]
    scene = Scene(platform)
    async with scene.writing() as reply:
        await stream(reply, TEXT, seconds=6)
        await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]


@virtual
async def test_the_final_edit_is_tried_again() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.writing() as reply:
        reply.show("A few words for a start. ")
        await asyncio.sleep(2)
        platform.faults += [
            Fault("edit", PlatformBusy(retry_after=1.0)),
            Fault("edit", PlatformBusy(), applied=False),
        ]
        await reply.finish(TEXT)
        assert (reply.figures.posts, reply.figures.edits) == (1, 1)
    assert platform.standing("c1") == [TEXT.strip()]


@virtual
async def test_an_answer_that_cannot_be_edited_is_posted_anew() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.writing() as reply:
        reply.show("A few words for a start. ")
        await asyncio.sleep(2)
        old = reply.refs
        platform.faults += [Fault("edit", PlatformBusy(retry_after=30.0))]
        began = now()
        refs = await reply.finish(TEXT)
        assert now() - began < 1.0
        assert refs != old
        assert scene.told[-1][1] == old + refs
    assert platform.standing("c1") == [TEXT.strip()]
    assert [message.key for message in platform.messages["c1"]] == ["turn000", "turn001"]


@virtual
async def test_an_edit_that_is_refused_for_good_is_posted_anew() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.writing() as reply:
        reply.show("A few words for a start. ")
        await asyncio.sleep(2)
        platform.faults += [Fault("edit", NotAllowed())]
        await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]


@virtual
async def test_all_messages_from_the_one_that_cannot_be_edited_are_posted_anew() -> None:
    platform = Platform(unlimited())
    old = tuple(platform.put("c1", f"old {number}") for number in range(3))
    platform.faults += [Fault("edit", PlatformBusy(retry_after=30.0))]
    scene = Scene(platform)
    async with scene.writing(spot=Spot("c1"), refs=old) as reply:
        await reply.finish(LONG)
    assert platform.standing("c1") == split(LONG, 2000, len)


@virtual
async def test_a_successor_takes_up_a_replacement_that_was_not_committed() -> None:
    """The predecessor died after posting anew; both messages are in its draft."""
    platform = Platform(unlimited())
    half = platform.put("c1", "half", key="turn000")
    whole = platform.put("c1", "whole", key="turn001")
    scene = Scene(platform)
    async with scene.writing(spot=Spot("c1"), refs=(half, whole), again=True) as reply:
        assert await reply.finish(TEXT) == (half,)
        assert len(platform.standing("c1")) == 2
    assert platform.standing("c1") == [TEXT.strip()]


@virtual
async def test_messages_are_told_in_the_order_in_which_they_stand() -> None:
    platform = Platform(unlimited())
    old = tuple(platform.put("c1", f"old {number}") for number in range(3))
    scene = Scene(platform)
    async with scene.writing(spot=Spot("c1"), refs=old) as reply:
        reply.show(LONG[:1500])
        await asyncio.sleep(3)
        platform.faults += [Fault("edit", NotAllowed())]
        refs = await reply.finish(LONG[:1500] + LONG)
        assert refs[0] != old[0]
        assert scene.told[-1][1] == old + refs
    assert platform.standing("c1") == split(LONG[:1500] + LONG, 2000, len)


@virtual
async def test_nothing_is_written_for_a_turn_that_is_not_ours_any_more() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.reply() as reply:
        reply.show("A few words for a start. ")
        await asyncio.sleep(2)
        scene.taken = LeaseLost()
        reply.show(TEXT)
        assert await reply.wait_gone() is scene.taken
        with pytest.raises(LeaseLost):
            await reply.finish(TEXT)
    assert platform.standing("c1") == ["A few words for a start."]
    async with Scene(platform, channel="c2", taken=LeaseLost()).reply() as reply:
        with pytest.raises(LeaseLost):
            await reply.finish(TEXT)
    assert platform.standing("c2") == []


@virtual
async def test_a_post_that_was_made_but_seemed_to_fail_is_not_made_twice() -> None:
    platform = Platform(unlimited())
    platform.faults += [Fault("post", PlatformBusy("time-out"), applied=True)]
    scene = Scene(platform)
    async with scene.writing() as reply:
        await stream(reply, TEXT, seconds=5)
        await reply.finish(TEXT)
    platform.faults += [Fault("post", PlatformBusy("time-out"), applied=True)]
    scene = Scene(platform, channel="c2")
    async with scene.writing() as reply:
        await reply.finish(TEXT)
    assert platform.standing("c1") == platform.standing("c2") == [TEXT.strip()]


@virtual
async def test_the_final_post_is_tried_until_patience_ends() -> None:
    platform = Platform(unlimited())
    platform.faults += [Fault("post", PlatformBusy()) for _ in range(5)]
    scene = Scene(platform)
    async with scene.writing() as reply:
        await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]
    platform.faults += [Fault("post", PlatformBusy()) for _ in range(50)]
    scene = Scene(platform, channel="c2")
    async with scene.writing(patience=Patience(post=30)) as reply:
        began = now()
        with pytest.raises(PlatformBusy):
            await reply.finish(TEXT)
        assert now() - began <= 31
        assert isinstance(reply.gone, PlatformBusy)


@virtual
async def test_a_deleted_message_stops_the_reply() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.writing() as reply:
        reply.show("A few words for a start. ")
        await asyncio.sleep(2)
        assert reply.gone is None
        platform.messages["c1"][0].deleted = True
        reply.show("A few words for a start. And more.")
        assert isinstance(await reply.wait_gone(), MessageGone)
        calls = len(platform.calls)
        reply.show(TEXT)
        await asyncio.sleep(10)
        with pytest.raises(MessageGone):
            await reply.finish(TEXT)
        assert len(platform.calls) == calls
    assert platform.standing("c1") == []


@virtual
@pytest.mark.parametrize("error", [NotAllowed(), MessageGone(), BadToken()])
async def test_a_refused_place_stops_the_reply(error: PlatformError) -> None:
    platform = Platform(unlimited())
    scene = Scene(platform, opening_errors=[error])
    async with scene.writing() as reply:
        assert await reply.wait_gone() is error
        with pytest.raises(type(error)):
            await reply.finish(TEXT)


@virtual
async def test_opening_is_tried_again_while_the_platform_is_busy() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform, opening_errors=[PlatformBusy(retry_after=5.0), PlatformBusy()])
    async with scene.writing() as reply:
        await reply.finish(TEXT)
        assert reply.figures.busy == 2
    assert scene.opened == 3
    assert platform.standing("c1") == [TEXT.strip()]
    busy = [PlatformBusy() for _ in range(50)]
    scene = Scene(platform, opening_errors=[*busy])
    async with scene.writing() as reply:
        assert isinstance(await reply.wait_gone(), PlatformBusy)


@virtual
async def test_abandoning_leaves_the_draft_and_makes_no_more_calls() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.writing() as reply:
        await stream(reply, TEXT, seconds=3)
        await reply.abandon()
        shown = platform.standing("c1")
        calls = len(platform.calls)
        reply.show(TEXT)
        await asyncio.sleep(30)
        with pytest.raises(RuntimeError, match="abandoned"):
            await reply.finish(TEXT)
    assert platform.standing("c1") == shown
    assert len(platform.calls) == calls
    assert TEXT.startswith(shown[0])


@virtual
async def test_abandoning_lets_a_post_return_and_tells_where_it_is() -> None:
    platform = Platform(unlimited(), latency=lambda call: 2.0)
    scene = Scene(platform)
    async with scene.writing() as reply:
        reply.show("A few words for a start. ")
        await asyncio.sleep(1)
    assert scene.told[-1][1] == (platform.messages["c1"][0].ref,)


@virtual
async def test_abandoning_does_not_wait_for_a_call_that_hangs() -> None:
    platform = Platform(unlimited(), hung={"post"})
    scene = Scene(platform)
    async with scene.writing() as reply:
        reply.show("A few words for a start. ")
        await asyncio.sleep(1)
    assert now() < 15


@virtual
async def test_an_error_around_the_reply_abandons_it() -> None:
    platform = Platform(unlimited())
    with pytest.raises(ZeroDivisionError):
        async with Scene(platform).reply() as reply:
            await stream(reply, TEXT, seconds=3)
            raise ZeroDivisionError
    assert len(platform.standing("c1")) == 1


@virtual
async def test_a_cancelled_finish_leaves_nothing_running() -> None:
    platform = Platform(unlimited(), hung={"post"})

    async def turn() -> None:
        async with Scene(platform).writing() as reply:
            await reply.finish(TEXT)

    task = asyncio.create_task(turn())
    await asyncio.sleep(5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()


@virtual
async def test_finish_does_not_wait_for_what_is_left_over() -> None:
    platform = Platform(unlimited(), hung={"delete"})
    scene = Scene(platform)
    async with scene.reply() as reply:
        reply.show("A few words for a start. ")
        await asyncio.sleep(2)
        platform.faults += [Fault("edit", NotAllowed())]
        began = now()
        await reply.finish(TEXT)
    assert now() - began < 1.0
    await scene.pacer.close(5.0)
    assert now() - began == pytest.approx(5.0, abs=1.0)


@virtual
async def test_deleting_what_is_left_over_is_tried_again() -> None:
    platform = Platform(unlimited())
    platform.faults += [
        Fault("delete", PlatformBusy(retry_after=20.0)),
        Fault("delete", PlatformBusy()),
    ]
    old = tuple(platform.put("c1", f"old {number}") for number in range(3))
    async with Scene(platform).writing(spot=Spot("c1"), refs=old) as reply:
        await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]


@virtual
async def test_whoever_lost_the_turn_deletes_nothing_that_a_successor_may_need() -> None:
    platform = Platform(unlimited())
    old = tuple(platform.put("c1", f"old {number}") for number in range(3))
    async with Scene(platform).writing(spot=Spot("c1"), refs=old) as reply:
        await reply.finish(TEXT)
        assert reply.leftovers == old[1:]
        reply.disown()
    assert platform.standing("c1") == [TEXT.strip(), "old 1", "old 2"]


@virtual
async def test_whoever_could_not_commit_deletes_nothing_that_a_successor_may_need() -> None:
    platform = Platform(unlimited())
    old = tuple(platform.put("c1", f"old {number}") for number in range(3))
    scene = Scene(platform)
    with pytest.raises(StoreUnavailable):
        async with scene.reply(spot=Spot("c1"), refs=old) as reply:
            await reply.finish(TEXT)
            raise StoreUnavailable
    await scene.pacer.close(200.0)
    assert platform.standing("c1") == [TEXT.strip(), "old 1", "old 2"]


@virtual
async def test_a_left_over_message_that_may_not_be_deleted_stops_nothing() -> None:
    platform = Platform(unlimited())
    platform.faults += [Fault("delete", NotAllowed())]
    old = tuple(platform.put("c1", f"old {number}") for number in range(3))
    async with Scene(platform).writing(spot=Spot("c1"), refs=old) as reply:
        await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip(), "old 1"]


@virtual
async def test_finish_may_be_cancelled_and_called_again() -> None:
    platform = Platform(unlimited(), latency=lambda call: 4.0)
    async with Scene(platform).writing() as reply:
        first = asyncio.create_task(reply.finish(TEXT))
        await asyncio.sleep(1)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert await reply.finish(TEXT) == reply.refs != ()
    assert platform.standing("c1") == [TEXT.strip()]


@virtual
async def test_an_edit_of_unknown_outcome_is_made_good() -> None:
    platform = Platform(unlimited())
    async with Scene(platform).writing() as reply:
        reply.show("A few words for a start.  ")
        await asyncio.sleep(2)
        platform.faults += [Fault("edit", PlatformBusy("time-out"), applied=True)]
        reply.show("A few words for a start. And more.")
        await asyncio.sleep(0.5)
        await reply.finish("A few words for a start.")
    assert platform.standing("c1") == ["A few words for a start."]


@virtual
async def test_a_rate_limit_holds_for_all_replies_of_its_scope() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.writing() as reply:
        reply.show("A few words for a start. ")
        await asyncio.sleep(2)
        platform.faults += [Fault("edit", PlatformBusy(retry_after=10.0))]
        reply.show("A few words for a start. And more.")
        await asyncio.sleep(1)
        assert scene.pacer.try_acquire("edit", "c1", "space") is None
        assert scene.pacer.try_acquire("edit", "c2", "space") is not None
        await asyncio.sleep(10)
        assert platform.standing("c1") == ["A few words for a start. And more."]
        await reply.finish(TEXT)
