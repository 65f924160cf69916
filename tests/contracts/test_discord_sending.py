"""The Discord adapter with the real SDK against the simulated Discord: answering."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from adapters.discord.calls import Timing
from bot.chat import CommandReply, File, Incoming, MessageRef, Spot
from bot.errors import MessageGone, NotAllowed, PlatformBusy
from tests.contracts.discord_rig import QUICK, Rig, connected, rig_of
from tests.simulators.discord_sim import Channel, DiscordSimulator

THREADS = "POST /channels/{channel_id}/messages/{message_id}/threads"
POST = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
REACTION = "/channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me"
TYPING = "POST /channels/{channel_id}/typing"


async def test_a_mention_gets_a_thread_and_the_answer_grows_in_it() -> None:
    async with connected() as rig:
        event = await rig.mentioned("what is a bobbin?")
        spot = await rig.adapter.open(event, "What is a bobbin?")
        ref = await rig.adapter.post(spot, "A bobbin", key="turn1a0")
        await rig.adapter.edit(ref, "A bobbin holds thread.")
        thread = rig.sim.thread_of(rig.sim.message(event.ref.message))
        assert thread is not None
        answer = rig.sim.message(ref.message)
    assert spot == Spot(event.thread.thread)
    assert thread.name == "What is a bobbin?"
    assert ref.channel == str(thread.id)
    assert answer.history == ["A bobbin", "A bobbin holds thread."]
    assert answer.nonce == "turn1a0"
    assert rig.sim.violations == []


async def test_opening_again_finds_the_same_thread() -> None:
    async with connected() as rig:
        event = await rig.mentioned()
        spots = [await rig.adapter.open(event, "title") for _ in range(2)]
    assert spots[0] == spots[1] == Spot(event.thread.thread)


async def test_titles_fit() -> None:
    async with connected() as rig:
        long = await rig.mentioned()
        await rig.adapter.open(long, "x" * 150)
        empty = await rig.mentioned()
        await rig.adapter.open(empty, " ")
        hidden = await rig.mentioned("look: ||the weaver did it|| (or not)")
        await rig.adapter.open(hidden, hidden.text)
        names = [
            getattr(rig.sim.thread_of(rig.sim.message(event.ref.message)), "name", None)
            for event in (long, empty, hidden)
        ]
    assert names == ["x" * 100, "Chat", "look: (spoiler)"]


async def test_a_thread_stays_as_long_as_the_channel_has_it() -> None:
    async with connected() as rig:
        rooms = {0: rig.channel}
        for minutes in (60, 10080):
            rooms[minutes] = room = await rig.sim.add_text_channel(rig.guild, f"m{minutes}")
            room.threads_archive = minutes
            await rig.sim.allow(room, "send_messages")
        for count, (minutes, room) in enumerate(rooms.items(), 1):
            asked = await rig.sim.say(room, rig.ada, f"{rig.sim.mention} hello")
            await rig.adapter.open((await rig.events(count))[-1], "title")
            thread = rig.sim.thread_of(asked)
            assert thread is not None
            assert thread.auto_archive == (minutes or 1440)


async def test_announcement_channels_have_threads_too() -> None:
    async with connected() as rig:
        rig.channel = await rig.sim.add_announcement_channel(rig.guild)
        event = await rig.mentioned()
        assert await rig.adapter.open(event, "title") == Spot(event.thread.thread)


async def _voice(rig: Rig) -> Channel:
    return await rig.sim.add_voice_channel(rig.guild)


async def _stage(rig: Rig) -> Channel:
    return await rig.sim.add_stage_channel(rig.guild)


async def _without_permission(rig: Rig) -> Channel:
    await rig.sim.deny(rig.channel, "create_public_threads")
    return rig.channel


async def _without_voice_in_threads(rig: Rig) -> Channel:
    await rig.sim.deny(rig.channel, "send_messages_in_threads")
    return rig.channel


NO_THREADS = (_voice, _stage, _without_permission, _without_voice_in_threads)


@pytest.mark.parametrize("prepare", NO_THREADS)
async def test_where_no_thread_can_be_made_it_answers_in_place(
    prepare: Callable[[Rig], Awaitable[Channel]],
) -> None:
    async with connected() as rig:
        rig.channel = await prepare(rig)
        event = await rig.mentioned()
        spot = await rig.adapter.open(event, "title")
        ref = await rig.adapter.post(spot, "here", key="k1")
        answer = rig.sim.message(ref.message)
    assert spot == Spot(event.ref.channel, reply_to=event.ref.message)
    assert answer.reply_to is not None
    assert str(answer.reply_to.id) == event.ref.message
    assert answer.pings == set()
    assert rig.sim.calls_by_route()[THREADS] == 0


async def test_a_refusal_is_remembered_for_the_channel() -> None:
    async with connected() as rig:
        rig.sim.faults.add(THREADS, code=50013)
        for _ in range(2):
            event = await rig.mentioned()
            assert (await rig.adapter.open(event, "title")).reply_to == event.ref.message
        assert rig.sim.calls_by_route()[THREADS] == 1


async def test_a_long_rate_limit_on_threads_is_not_waited_for() -> None:
    async with connected(timing=Timing()) as rig:
        rig.sim.faults.rate_limit(THREADS, 219.0)
        event = await rig.mentioned()
        async with asyncio.timeout(50):
            spot = await rig.adapter.open(event, "title")
            await rig.adapter.post(spot, "here", key="k1")
        again = await rig.mentioned()
        assert (await rig.adapter.open(again, "title")).reply_to == again.ref.message
        assert rig.sim.calls_by_route()[THREADS] == 1
    assert spot.reply_to == event.ref.message


async def test_a_short_rate_limit_on_threads_is_waited_for() -> None:
    async with connected() as rig:
        rig.sim.faults.rate_limit(THREADS, 0.05)
        event = await rig.mentioned()
        assert await rig.adapter.open(event, "title") == Spot(event.thread.thread)


async def test_a_thread_that_takes_too_long_is_answered_in_place() -> None:
    async with connected() as rig:
        gate = asyncio.Event()
        rig.sim.faults.add(THREADS, gate=gate)
        event = await rig.mentioned()
        spot = await rig.adapter.open(event, "title")
        gate.set()
    assert spot.reply_to == event.ref.message


async def test_a_deleted_question_has_no_thread() -> None:
    async with connected() as rig:
        event = await rig.mentioned()
        await rig.sim.delete(rig.sim.message(event.ref.message))
        with pytest.raises(MessageGone):
            await rig.adapter.open(event, "title")


async def test_in_a_thread_it_answers_there() -> None:
    async with connected() as rig:
        forum = await rig.sim.add_forum_channel(rig.guild)
        post = await rig.sim.start_thread(
            forum, None, "help", rig.ada, text=f"{rig.sim.mention} please"
        )
        event = await rig.event()
        assert await rig.adapter.open(event, "title") == Spot(str(post.id))
    assert event.thread.channel == str(forum.id)


async def test_nobody_is_pinged_and_no_link_unfurls() -> None:
    text = "@everyone <@{user}> see https://example.org"
    async with connected() as rig:
        event = await rig.mentioned()
        spot = await rig.adapter.open(event, "title")
        ref = await rig.adapter.post(spot, text.format(user=rig.ada.id), key="k1")
        await rig.adapter.edit(ref, text.format(user=rig.ada.id) + " and more")
        answer = rig.sim.message(ref.message)
    assert answer.pings == set()
    assert not answer.unfurled


async def test_a_post_whose_answer_was_lost_is_made_once() -> None:
    async with connected() as rig:
        spot = rig.spot(rig.channel)
        rig.sim.faults.add(POST, drop=True, after_effect=True)
        ref = await rig.adapter.post(spot, "once", key="k1")
        standing = rig.by_bot()
    assert [str(message.id) for message in standing] == [ref.message]


async def test_a_post_of_an_earlier_process_is_found_and_brought_up_to_date() -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        running = rig.start()
        await sim.until_connected()
        first = await rig.adapter.post(rig.spot(rig.channel), "half", key="k1")
        await rig.stop(running)
        successor = await rig_of(sim)
        running = successor.start()
        await sim.until_connected()
        again = await successor.adapter.post(
            rig.spot(rig.channel), "half of it", key="k1", again=True
        )
        assert again == first
        assert sim.message(again.message).history == ["half", "half of it"]
        await successor.stop(running)


@pytest.mark.parametrize("status", [500, 502, 503])
async def test_passing_faults_are_retried(status: int) -> None:
    async with connected(timing=Timing(pauses=(0.01, 0.02))) as rig:
        ref = await rig.adapter.post(rig.spot(rig.channel), "one", key="k1")
        rig.sim.faults.add(EDIT, status=status)
        await rig.adapter.edit(ref, "two")
        rig.sim.faults.add(EDIT, drop=True)
        await rig.adapter.edit(ref, "three")
        assert rig.sim.message(ref.message).content == "three"


async def test_a_fault_that_does_not_pass_is_said() -> None:
    async with connected() as rig:
        rig.sim.faults.add(POST, status=503, times=3)
        with pytest.raises(PlatformBusy) as caught:
            await rig.adapter.post(rig.spot(rig.channel), "one", key="k1")
    assert caught.value.retry_after is None


async def test_a_call_that_hangs_is_given_up_and_tried_again() -> None:
    async with connected() as rig:
        gate = asyncio.Event()
        rig.sim.faults.add(POST, gate=gate)
        ref = await rig.adapter.post(rig.spot(rig.channel), "one", key="k1")
        gate.set()
        await rig.sim.until(lambda: rig.sim.calls_by_route()[POST] == 2)
        standing = rig.by_bot()
    assert [str(message.id) for message in standing] == [ref.message]


@pytest.mark.parametrize("scope", ["user", "global", "shared"])
async def test_a_rate_limit_is_told_at_once_with_its_time(scope: str) -> None:
    async with connected() as rig:
        ref = await rig.adapter.post(rig.spot(rig.channel), "one", key="k1")
        rig.sim.faults.rate_limit(EDIT, 30.0, scope=scope)
        async with asyncio.timeout(50):
            with pytest.raises(PlatformBusy) as caught:
                await rig.adapter.edit(ref, "two")
    assert caught.value.retry_after == pytest.approx(30.0)


async def test_after_a_global_rate_limit_nothing_is_sent_until_it_ends() -> None:
    async with connected(timing=replace(QUICK, thread=30.0)) as rig:
        event = await rig.mentioned()
        rig.sim.faults.rate_limit(POST, 1.5, scope="global")
        for _ in range(2):
            with pytest.raises(PlatformBusy):
                await rig.adapter.post(rig.spot(rig.channel), "one", key="k1")
        assert rig.sim.calls_by_route()[POST] == 1
        spot = await rig.adapter.open(event, "opening a thread waits for the end")
        await rig.adapter.post(spot, "one", key="k1")
    assert spot == Spot(event.thread.thread)


async def test_an_edit_returns_when_discord_has_answered() -> None:
    """discord.py alone would sleep until the bucket is full again, 5 s after the fifth edit."""
    async with connected(timing=Timing()) as rig:
        ref = await rig.adapter.post(rig.spot(rig.channel), "0", key="k1")
        async with asyncio.timeout(4):
            for number in range(1, 6):
                await rig.adapter.edit(ref, str(number))
        assert rig.sim.message(ref.message).content == "5"
        assert rig.sim.refused.total() == 0


async def test_edits_over_the_limit_wait_for_their_window_without_a_429() -> None:
    async with connected(DiscordSimulator(scale=20)) as rig:
        ref = await rig.adapter.post(rig.spot(rig.channel), "0", key="k1")
        for number in range(1, 13):
            await rig.adapter.edit(ref, str(number))
        answer = rig.sim.message(ref.message)
    assert answer.history == [str(number) for number in range(13)]
    assert rig.sim.refused.total() == 0


async def test_an_archived_thread_is_opened_for_an_edit() -> None:
    async with connected() as rig:
        ref, thread = await _answered(rig)
        await rig.sim.archive(thread)
        await rig.adapter.edit(ref, "two")
        assert rig.sim.message(ref.message).content == "two"
        assert not thread.archived


async def test_a_locked_thread_is_left_alone() -> None:
    async with connected() as rig:
        ref, thread = await _answered(rig)
        await rig.sim.archive(thread, locked=True)
        with pytest.raises(NotAllowed):
            await rig.adapter.edit(ref, "two")
        with pytest.raises(NotAllowed):
            await rig.adapter.post(Spot(ref.channel), "three", key="k2")


async def test_what_was_deleted_is_gone() -> None:
    async with connected() as rig:
        ref, thread = await _answered(rig)
        other = await rig.adapter.post(Spot(ref.channel), "other", key="k2")
        await rig.sim.delete(rig.sim.message(ref.message))
        with pytest.raises(MessageGone):
            await rig.adapter.edit(ref, "two")
        await rig.adapter.delete(ref)
        await rig.adapter.delete(other)
        assert rig.sim.message(other.message).deleted
        await rig.sim.delete_thread(thread)
        with pytest.raises(MessageGone):
            await rig.adapter.post(Spot(ref.channel), "three", key="k3")


async def test_a_channel_without_the_right_to_speak() -> None:
    async with connected() as rig:
        role = await rig.sim.add_role(rig.guild, "trusted", "administrator")
        await rig.sim.deny(rig.channel, "send_messages")
        for _ in range(2):
            with pytest.raises(NotAllowed):
                await rig.adapter.post(rig.spot(rig.channel), "one", key="k1")
        assert rig.sim.calls_by_route()[POST] == 1
        # Somebody makes up for it by a role.
        rig.sim.give_role(rig.guild, rig.sim.bot, role)
        await rig.mentioned()
        ref = await rig.adapter.post(rig.spot(rig.channel), "two", key="k2")
        assert rig.sim.message(ref.message).content == "two"


async def test_where_it_may_not_read_back_it_answers_without_replying() -> None:
    async with connected() as rig:
        await rig.sim.deny(rig.channel, "read_message_history")
        event = await rig.mentioned()
        for number in range(3):
            spot = await rig.adapter.open(event, "title")
            assert spot.reply_to == event.ref.message
            await rig.adapter.post(spot, str(number), key=f"k{number}")
        assert [message.content for message in rig.by_bot()] == ["0", "1", "2"]
        assert all(message.reply_to is None for message in rig.by_bot())
        # One for the thread and one for the reply: what is refused is not asked for again.
        assert rig.inbox.meter.invalid_statuses == [403, 403]


async def test_a_message_that_takes_no_more_signs_keeps_none_from_others() -> None:
    async with connected() as rig:
        full, other = await rig.mentioned(), await rig.mentioned()
        rig.sim.faults.add(f"PUT {REACTION}", status=403, body={"code": 30010, "message": "20"})
        for event in (full, other):
            await rig.adapter.mark_waiting(event.ref, True)
        signs = [rig.sim.message(event.ref.message).reactions for event in (full, other)]
    assert [bool(each) for each in signs] == [False, True]


async def test_text_over_the_limit_is_a_mistake_of_the_caller() -> None:
    async with connected() as rig:
        most = rig.adapter.capabilities.max_chars
        ref = await rig.adapter.post(rig.spot(rig.channel), "x" * most, key="k1")
        with pytest.raises(ValueError, match="units"):
            await rig.adapter.post(rig.spot(rig.channel), "x" * (most + 1), key="k2")
        with pytest.raises(ValueError, match="units"):
            await rig.adapter.edit(ref, "\U0001f9f5" * (most // 2 + 1))


async def test_typing_is_shown_and_never_repeated() -> None:
    async with connected() as rig:
        await rig.adapter.show_status(rig.spot(rig.channel), "thinking")
        await rig.adapter.show_status(rig.spot(rig.channel), None)
        rig.sim.faults.add(TYPING, status=503)
        with pytest.raises(PlatformBusy):
            await rig.adapter.show_status(rig.spot(rig.channel), "thinking")
        assert [typing.channel for typing in rig.sim.typings] == [rig.channel]
        assert rig.sim.calls_by_route()[TYPING] == 2


async def test_answers_can_be_finished_after_the_run_has_ended() -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        running = rig.start()
        await sim.until_connected()
        ref = await rig.adapter.post(rig.spot(rig.channel), "one", key="k1")
        running.cancel()
        await asyncio.wait([running])
        await rig.adapter.edit(ref, "one, and done")
        assert sim.message(ref.message).content == "one, and done"
        await rig.adapter.close()
        with pytest.raises(PlatformBusy):
            await rig.adapter.edit(ref, "too late")


async def test_before_it_is_connected_calls_fail_in_time() -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim, timing=Timing(call=0.05))
        with pytest.raises(PlatformBusy):
            await rig.adapter.post(rig.spot(rig.channel), "one", key="k1")
        await rig.adapter.close()


async def test_history_of_a_thread_that_was_there_before() -> None:
    async with connected() as rig:
        other = rig.sim.add_user("ci", "CI", bot=True)
        starter = await rig.say("The build is red.")
        thread = await rig.sim.start_thread(rig.channel, starter, "red build", rig.ada)
        await rig.sim.say(thread, other, "log: exit 1", kind=20)
        await rig.adapter.post(Spot(str(thread.id)), "I have seen it", key="k1")
        await rig.sim.system_message(thread, 6, rig.ada)
        await rig.sim.say(thread, rig.ada, f"{rig.sim.mention} why?")
        event = (await rig.changed(lambda: [e for e in rig.inbox.messages if e.addressed]))[0]
        whole = await rig.adapter.history(event, 50)
        newest = await rig.adapter.history(event, 2)
    assert event.joins
    assert [(line.author.name, line.text, line.from_bot) for line in whole.messages] == [
        ("Ada Lovelace", "(started this thread) The build is red.", False),
        ("CI", "log: exit 1", False),
        ("Bobbin", "I have seen it", True),
    ]
    assert whole.messages[0].ref == MessageRef(str(rig.channel.id), str(starter.id))
    assert not whole.partial
    assert newest.messages == whole.messages[1:]
    assert newest.partial


async def test_long_histories_are_paged() -> None:
    async with connected(DiscordSimulator(scale=50)) as rig:
        thread = await rig.sim.start_thread(rig.channel, None, "long", rig.ada)
        for number in range(230):
            await rig.sim.say(thread, rig.ada, f"line {number}", event=False)
        await rig.sim.say(thread, rig.ada, f"{rig.sim.mention} sum up")
        event = await rig.event()
        newest = await rig.adapter.history(event, 150)
        whole = await rig.adapter.history(event, 500)
    assert [line.text for line in newest.messages] == [f"line {n}" for n in range(80, 230)]
    assert newest.partial
    assert [line.text for line in whole.messages] == [f"line {n}" for n in range(230)]
    assert not whole.partial


async def _answered(rig: Rig) -> tuple[MessageRef, Channel]:
    event = await rig.mentioned()
    ref = await rig.adapter.post(await rig.adapter.open(event, "title"), "one", key="k1")
    return ref, rig.sim.channel(ref.channel)


async def _typed(rig: Rig, text: str) -> Incoming:
    return await rig.mentioned(text)


async def test_a_private_answer_to_a_typed_command_goes_into_a_direct_message() -> None:
    async with connected() as rig:
        event = await _typed(rig, "summary")
        file = File("talk.md", b"# Talk", "text/markdown")
        await rig.adapter.respond(event, CommandReply("the summary", files=(file,)))
        direct = rig.sim.open_dm(rig.ada)
        sent, shown = rig.by_bot(direct), rig.by_bot()
    assert [message.content for message in sent] == ["the summary"]
    assert [item.filename for item in sent[0].attachments] == ["talk.md"]
    assert [message.content for message in shown] == ["I've answered you in a direct message."]


async def test_who_takes_no_direct_messages_is_told_where_to_look() -> None:
    async with connected() as rig:
        event = await _typed(rig, "!summary")
        rig.sim.faults.add(POST, code=50007)
        await rig.adapter.respond(event, CommandReply("the secret summary"))
        (shown,) = rig.by_bot()
    assert "/summary" in shown.content
    assert "secret" not in shown.content
    assert shown.pings == set()


async def test_an_open_answer_to_a_typed_command_is_given_in_place_whole() -> None:
    text = "\n".join(f"line {number} of the summary" for number in range(200))
    async with connected() as rig:
        event = await _typed(rig, "summary share")
        await rig.adapter.respond(event, CommandReply(text, private=False))
        shown = rig.by_bot()
    assert "\n".join(message.content for message in shown) == text
    assert rig.sim.violations == []
