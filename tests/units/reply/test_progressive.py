"""The progressive reply on a platform that watches every call."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest

from bot.chat import Spot
from bot.errors import (
    BadToken,
    MessageGone,
    NotAllowed,
    PlatformBusy,
    PlatformError,
    StoreMismatch,
)
from bot.reply.split import split
from bot.reply.written import Patience
from tests.units.reply.platform import Fault, Platform, discord_like, slack_like, text_of, unlimited
from tests.units.reply.scene import Scene, now, stream
from tests.units.reply.virtual import virtual

TEXT = "Here are a few words for a start. " + "And then some more of them follow. " * 20
LONG = "\n\n".join(
    f"Paragraph {number}. " + "It has words and a [link](https://example.com/x). " * 12
    if number % 3
    else "```py\n" + "value = 1\n" * 60 + "```"
    for number in range(12)
)


@virtual
async def test_an_answer_grows_and_is_whole_at_the_end() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.reply() as reply:
        await stream(reply, TEXT, seconds=8)
        refs = await reply.finish(TEXT)
        figures = reply.figures
    assert platform.standing("c1") == [TEXT.strip()]
    message = platform.messages["c1"][0]
    assert refs == (message.ref,)
    assert len(message.texts[0].split()) >= 4
    assert 6 <= figures.edits <= 9
    assert figures.posts == 1
    assert figures.skipped > 50
    assert figures.busy == 0
    assert figures.first_text_at is not None
    assert figures.first_text_at < 1.0
    assert figures.final_at is not None
    interims = message.times[:-1]
    assert all(late - early >= 1.0 for early, late in pairwise(interims))


@virtual
async def test_the_first_text_waits_until_it_can_be_read() -> None:
    platform = Platform(unlimited())
    async with Scene(platform).reply() as reply:
        reply.show("Hel")
        await asyncio.sleep(5)
        assert platform.standing("c1") == []
        reply.show("Hello! How are you today? I")
        await asyncio.sleep(1)
        assert platform.standing("c1") == ["Hello! How are you today? I"]
        await reply.finish("Hello! How are you today? I am fine.")


@virtual
async def test_a_short_answer_is_one_post() -> None:
    platform = Platform(unlimited())
    async with Scene(platform).reply() as reply:
        reply.show("Yes")
        await reply.finish("Yes.")
        assert (reply.figures.posts, reply.figures.edits) == (1, 0)
    assert platform.standing("c1") == ["Yes."]


@virtual
async def test_nothing_is_edited_when_the_last_text_stands_already() -> None:
    platform = Platform(unlimited())
    async with Scene(platform).reply() as reply:
        reply.show("All of the answer is here. ")
        await asyncio.sleep(3)
        await reply.finish("All of the answer is here.")
        assert (reply.figures.posts, reply.figures.edits) == (1, 0)


@virtual
async def test_a_slow_opening_holds_nobody_up() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform, opening=6.0)
    async with scene.reply() as reply:
        await stream(reply, TEXT, seconds=4)
        assert now() == pytest.approx(4.0)
        await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]
    assert scene.told[0] == (pytest.approx(6.01), ())


@virtual
async def test_slow_edits_show_the_newest_text_and_never_an_older_one() -> None:
    platform = Platform(unlimited(), latency=lambda call: 3.0)
    async with Scene(platform).reply() as reply:
        await stream(reply, TEXT, seconds=20)
        await reply.finish(TEXT)
    texts = platform.messages["c1"][0].texts
    assert texts == sorted(texts, key=len)
    assert texts[-1] == TEXT.strip()
    assert len(texts) <= 9


@virtual
async def test_a_long_answer_flows_on_into_further_messages() -> None:
    platform = Platform(discord_like())
    scene = Scene(platform)
    async with scene.reply() as reply:
        await stream(reply, LONG, seconds=30, pieces=300)
        refs = await reply.finish(LONG)
    standing = platform.standing("c1")
    assert len(standing) == len(refs) == reply.figures.posts >= 4
    assert all(text.count("```") % 2 == 0 for text in standing)
    for message in platform.messages["c1"]:
        assert all(text.count("```") % 2 == 0 for text in message.texts)
    assert text_of(standing).replace("```py", "```").replace("```", "") == text_of([LONG]).replace(
        "```py", "```"
    ).replace("```", "")
    assert platform.over_limit == 0
    posted = [times[0] for times in (message.times for message in platform.messages["c1"])]
    assert posted == sorted(posted)


@virtual
async def test_what_is_followed_by_another_message_is_not_touched_again() -> None:
    platform = Platform(unlimited())
    async with Scene(platform).reply() as reply:
        await stream(reply, LONG, seconds=60, pieces=600)
        await reply.finish(LONG)
    messages = platform.messages["c1"]
    for message, follower in pairwise(messages):
        assert all(time < follower.times[0] for time in message.times)


@virtual
async def test_where_the_reply_is_is_told_before_anything_else_is_posted() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.reply() as reply:
        await stream(reply, LONG, seconds=10)
        refs = await reply.finish(LONG)
    assert [told for _, told in scene.told] == [refs[:number] for number in range(len(refs) + 1)]
    for (time, told), message in zip(scene.told, platform.messages["c1"], strict=False):
        assert time < message.times[0]
        assert message.ref not in told


@virtual
async def test_a_place_that_cannot_be_kept_ends_the_reply() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform, told_error=StoreMismatch())
    async with scene.reply() as reply:
        assert isinstance(await reply.wait_gone(), StoreMismatch)
        reply.show(TEXT)
        with pytest.raises(StoreMismatch):
            await reply.finish(TEXT)
    assert platform.calls == []


@virtual
async def test_a_successor_edits_what_its_predecessor_posted() -> None:
    platform = Platform(unlimited())
    old = tuple(platform.put("c1", f"old {number}") for number in range(3))
    scene = Scene(platform)
    async with scene.reply(spot=Spot("c1"), refs=old) as reply:
        await stream(reply, TEXT, seconds=5)
        assert await reply.finish(TEXT) == old[:1]
        assert reply.figures.posts == 0
    assert scene.opened == 0
    assert platform.standing("c1") == [TEXT.strip()]
    assert platform.count("delete") == 2


@virtual
async def test_a_successor_goes_on_past_what_was_posted() -> None:
    platform = Platform(unlimited())
    old = (platform.put("c1", "old", key="turn000"),)
    # Posted by the predecessor in its last moment, and not in its draft.
    platform.put("c1", "unknown to the draft", key="turn001")
    async with Scene(platform).reply(spot=Spot("c1"), refs=old, again=True) as reply:
        await stream(reply, LONG, seconds=20)
        refs = await reply.finish(LONG)
    assert refs[0] == old[0]
    assert platform.standing("c1") == split(LONG, 2000, len)


@virtual
async def test_refused_interim_edits_are_dropped() -> None:
    platform = Platform(unlimited())
    platform.faults += [Fault("edit", PlatformBusy(retry_after=4.0)), Fault("edit", PlatformBusy())]
    async with Scene(platform).reply() as reply:
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
    async with Scene(platform).reply() as reply:
        await stream(reply, TEXT, seconds=6)
        await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]


@virtual
async def test_the_final_edit_is_tried_again() -> None:
    platform = Platform(unlimited())
    async with Scene(platform).reply() as reply:
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
    async with scene.reply() as reply:
        reply.show("A few words for a start. ")
        await asyncio.sleep(2)
        old = reply.refs
        platform.faults += [Fault("edit", PlatformBusy(retry_after=30.0))]
        began = now()
        refs = await reply.finish(TEXT)
        assert now() - began < 1.0
        assert refs != old
        assert scene.told[-1][1] == refs + old
    assert platform.standing("c1") == [TEXT.strip()]
    assert [message.key for message in platform.messages["c1"]] == ["turn000", "turn1000"]


@virtual
async def test_an_edit_that_is_refused_for_good_is_posted_anew() -> None:
    platform = Platform(unlimited())
    async with Scene(platform).reply() as reply:
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
    async with Scene(platform).reply(spot=Spot("c1"), refs=old) as reply:
        await reply.finish(LONG)
    assert platform.standing("c1") == split(LONG, 2000, len)


@virtual
async def test_a_replacement_made_by_a_predecessor_is_not_deleted() -> None:
    """It died after posting anew and before deleting; both are in its draft."""
    platform = Platform(unlimited())
    half = platform.put("c1", "half", key="turn000")
    whole = platform.put("c1", "whole", key="turn1000")
    platform.faults += [Fault("edit", NotAllowed()), Fault("edit", NotAllowed())]
    async with Scene(platform).reply(spot=Spot("c1"), refs=(whole, half), again=True) as reply:
        assert await reply.finish(TEXT) == (whole,)
    assert platform.standing("c1") == [TEXT.strip()]


@virtual
async def test_a_post_that_was_made_but_seemed_to_fail_is_not_made_twice() -> None:
    platform = Platform(unlimited())
    platform.faults += [Fault("post", PlatformBusy("time-out"), applied=True)]
    async with Scene(platform).reply() as reply:
        await stream(reply, TEXT, seconds=5)
        await reply.finish(TEXT)
    platform.faults += [Fault("post", PlatformBusy("time-out"), applied=True)]
    async with Scene(platform, channel="c2").reply() as reply:
        await reply.finish(TEXT)
    assert platform.standing("c1") == platform.standing("c2") == [TEXT.strip()]


@virtual
async def test_the_final_post_is_tried_until_patience_ends() -> None:
    platform = Platform(unlimited())
    platform.faults += [Fault("post", PlatformBusy()) for _ in range(5)]
    async with Scene(platform).reply() as reply:
        await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]
    platform.faults += [Fault("post", PlatformBusy()) for _ in range(50)]
    async with Scene(platform, channel="c2").reply(patience=Patience(post=30)) as reply:
        began = now()
        with pytest.raises(PlatformBusy):
            await reply.finish(TEXT)
        assert now() - began <= 31
        assert isinstance(reply.gone, PlatformBusy)


@virtual
async def test_a_deleted_message_stops_the_reply() -> None:
    platform = Platform(unlimited())
    async with Scene(platform).reply() as reply:
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
    async with scene.reply() as reply:
        assert await reply.wait_gone() is error
        with pytest.raises(type(error)):
            await reply.finish(TEXT)


@virtual
async def test_opening_is_tried_again_while_the_platform_is_busy() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform, opening_errors=[PlatformBusy(retry_after=5.0), PlatformBusy()])
    async with scene.reply() as reply:
        await reply.finish(TEXT)
        assert reply.figures.busy == 2
    assert scene.opened == 3
    assert platform.standing("c1") == [TEXT.strip()]
    busy = [PlatformBusy() for _ in range(50)]
    async with Scene(platform, opening_errors=[*busy]).reply() as reply:
        assert isinstance(await reply.wait_gone(), PlatformBusy)


@virtual
async def test_without_edits_everything_is_posted_at_the_end() -> None:
    platform = Platform(unlimited(edits=False))
    async with Scene(platform).reply() as reply:
        await stream(reply, LONG, seconds=10)
        assert platform.calls == []
        await reply.finish(LONG)
    assert platform.standing("c1") == split(LONG, 2000, len)


@virtual
async def test_without_edits_a_successor_replaces_what_was_posted() -> None:
    platform = Platform(unlimited(edits=False))
    old = (platform.put("c1", "old", key="turn000"),)
    async with Scene(platform).reply(spot=Spot("c1"), refs=old, again=True) as reply:
        await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]


@virtual
async def test_a_blank_answer_leaves_nothing() -> None:
    platform = Platform(unlimited())
    async with Scene(platform).reply() as reply:
        reply.show("A few words for a start. ")
        await asyncio.sleep(2)
        assert await reply.finish("  \n") == ()
    assert platform.standing("c1") == []


@virtual
async def test_an_answer_that_starts_again_replaces_what_was_shown() -> None:
    """The model was asked again; the new text is another one, and shorter."""
    platform = Platform(unlimited())
    async with Scene(platform).reply() as reply:
        await stream(reply, LONG, seconds=10)
        assert len(platform.standing("c1")) > 2
        await stream(reply, TEXT, seconds=5)
        await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]


@virtual
async def test_abandoning_leaves_the_draft_and_makes_no_more_calls() -> None:
    platform = Platform(unlimited())
    async with Scene(platform).reply() as reply:
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
    async with scene.reply() as reply:
        reply.show("A few words for a start. ")
        await asyncio.sleep(1)
    assert scene.told[-1][1] == (platform.messages["c1"][0].ref,)


@virtual
async def test_abandoning_does_not_wait_for_a_call_that_hangs() -> None:
    platform = Platform(unlimited(), hung={"post"})
    async with Scene(platform).reply() as reply:
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
        async with Scene(platform).reply() as reply:
            await reply.finish(TEXT)

    task = asyncio.create_task(turn())
    await asyncio.sleep(5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()


@virtual
async def test_finishing_during_an_interim_edit_writes_after_it() -> None:
    platform = Platform(unlimited(), latency=lambda call: 4.0 if call == "edit" else 0.05)
    async with Scene(platform).reply() as reply:
        reply.show("A few words for a start. ")
        await asyncio.sleep(1)
        reply.show("A few words for a start. And more.")
        await asyncio.sleep(1)
        await reply.finish(TEXT)
    assert [len(text) for text in platform.messages["c1"][0].texts] == [
        len("A few words for a start."),
        len("A few words for a start. And more."),
        len(TEXT.strip()),
    ]


@virtual
async def test_finish_does_not_wait_behind_the_interval_between_edits() -> None:
    platform = Platform(slack_like(min_edit_seconds=30.0))
    async with Scene(platform).reply() as reply:
        reply.show("A few words for a start. ")
        await asyncio.sleep(1)
        reply.show("A few words for a start. And more.")
        await asyncio.sleep(1)
        began = now()
        await reply.finish(TEXT)
        assert now() - began < 0.2


@virtual
async def test_finishing_twice_gives_the_same() -> None:
    platform = Platform(unlimited())
    async with Scene(platform).reply() as reply:
        assert await reply.finish(TEXT) == await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]
