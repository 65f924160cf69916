"""The progressive reply on a platform that watches every call."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from bot.chat import Spot
from bot.reply.split import split
from tests.units.reply.platform import Platform, discord_like, slack_like, text_of, unlimited
from tests.units.reply.scene import LONG, TEXT, Scene, now, stream
from tests.units.reply.virtual import virtual


@virtual
async def test_an_answer_grows_and_is_whole_at_the_end() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.writing() as reply:
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


@dataclass
class Watched(Platform):
    """A platform that is told in which threads texts are measured."""

    threads: set[int] = field(default_factory=set[int])

    def measure(self, text: str) -> int:
        self.threads.add(threading.get_ident())
        return super().measure(text)

    def _check(self, text: str) -> None:
        assert len(text) <= self.capabilities.max_chars


async def test_a_text_that_takes_long_to_split_holds_nobody_up() -> None:
    lines = "a line\n" * 450
    platform = Watched(unlimited(), latency=lambda _: 0.0)
    scene = Scene(platform, opening=0.0)
    async with scene.writing() as reply:
        reply.show(lines)
        await reply.finish(lines + "and the end.")
    assert "".join(platform.standing("c1")).endswith("and the end.")
    assert platform.threads and threading.get_ident() not in platform.threads


@virtual
async def test_the_first_text_waits_until_it_can_be_read() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.writing() as reply:
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
    scene = Scene(platform)
    async with scene.writing() as reply:
        reply.show("Yes")
        await reply.finish("Yes.")
        assert (reply.figures.posts, reply.figures.edits) == (1, 0)
    assert platform.standing("c1") == ["Yes."]


@virtual
async def test_nothing_is_edited_when_the_last_text_stands_already() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.writing() as reply:
        reply.show("All of the answer is here. ")
        await asyncio.sleep(3)
        await reply.finish("All of the answer is here.")
        assert (reply.figures.posts, reply.figures.edits) == (1, 0)


@virtual
async def test_a_slow_opening_holds_nobody_up() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform, opening=6.0)
    async with scene.writing() as reply:
        await stream(reply, TEXT, seconds=4)
        assert now() == pytest.approx(4.0)
        await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]
    assert scene.told[0] == (pytest.approx(6.01), ())


@virtual
async def test_slow_edits_show_the_newest_text_and_never_an_older_one() -> None:
    platform = Platform(unlimited(), latency=lambda call: 3.0)
    scene = Scene(platform)
    async with scene.writing() as reply:
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
    async with scene.writing() as reply:
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
    scene = Scene(platform)
    async with scene.writing() as reply:
        await stream(reply, LONG, seconds=60, pieces=600)
        await reply.finish(LONG)
    messages = platform.messages["c1"]
    for message, follower in pairwise(messages):
        assert all(time < follower.times[0] for time in message.times)


@virtual
async def test_where_the_reply_is_is_told_before_anything_else_is_posted() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.writing() as reply:
        await stream(reply, LONG, seconds=10)
        refs = await reply.finish(LONG)
    assert [told for _, told in scene.told] == [refs[:number] for number in range(len(refs) + 1)]
    for (time, told), message in zip(scene.told, platform.messages["c1"], strict=False):
        assert time < message.times[0]
        assert message.ref not in told


@virtual
async def test_a_successor_edits_what_its_predecessor_posted() -> None:
    platform = Platform(unlimited())
    old = tuple(platform.put("c1", f"old {number}") for number in range(3))
    scene = Scene(platform)
    async with scene.writing(spot=Spot("c1"), refs=old) as reply:
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
    scene = Scene(platform)
    async with scene.writing(spot=Spot("c1"), refs=old, again=True) as reply:
        await stream(reply, LONG, seconds=20)
        refs = await reply.finish(LONG)
    assert refs[0] == old[0]
    assert platform.searches == 1
    assert platform.standing("c1") == split(LONG, 2000, len)


@virtual
async def test_without_edits_everything_is_posted_at_the_end() -> None:
    platform = Platform(unlimited(edits=False))
    scene = Scene(platform)
    async with scene.writing() as reply:
        await stream(reply, LONG, seconds=10)
        assert platform.calls == []
        await reply.finish(LONG)
    assert platform.standing("c1") == split(LONG, 2000, len)


@virtual
async def test_without_edits_a_successor_replaces_what_was_posted() -> None:
    platform = Platform(unlimited(edits=False))
    old = (platform.put("c1", "old", key="turn000"),)
    scene = Scene(platform)
    async with scene.writing(spot=Spot("c1"), refs=old, again=True) as reply:
        await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]


@virtual
async def test_a_blank_answer_leaves_nothing() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.writing() as reply:
        reply.show("A few words for a start. ")
        await asyncio.sleep(2)
        assert await reply.finish("  \n") == ()
    assert platform.standing("c1") == []


@virtual
async def test_an_answer_that_starts_again_replaces_what_was_shown() -> None:
    """The model was asked again; the new text is another one, and shorter."""
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.writing() as reply:
        await stream(reply, LONG, seconds=10)
        assert len(platform.standing("c1")) > 2
        await stream(reply, TEXT, seconds=5)
        await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]


@virtual
async def test_finishing_during_an_interim_edit_writes_after_it() -> None:
    platform = Platform(unlimited(), latency=lambda call: 4.0 if call == "edit" else 0.05)
    scene = Scene(platform)
    async with scene.writing() as reply:
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
    scene = Scene(platform)
    async with scene.writing() as reply:
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
    scene = Scene(platform)
    async with scene.writing() as reply:
        assert await reply.finish(TEXT) == await reply.finish(TEXT)
    assert platform.standing("c1") == [TEXT.strip()]


@virtual
async def test_a_post_that_is_not_needed_any_more_when_its_turn_comes_is_not_made() -> None:
    platform = Platform(unlimited())
    scene = Scene(platform)
    async with scene.writing() as reply:
        reply.show(LONG[:1000])
        await asyncio.sleep(2)
        scene.pacer.penalise("post", "c1", "space", 10.0)
        reply.show(LONG)
        await asyncio.sleep(5)
        reply.show(TEXT)
        await asyncio.sleep(10)
        assert platform.standing("c1") == [TEXT.strip()]
        await reply.finish(TEXT)
        assert (reply.figures.posts, scene.pacer.waiting) == (1, 0)
