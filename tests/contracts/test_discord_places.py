"""The Discord adapter with the real SDK against the simulated Discord: where, and what it may."""

from __future__ import annotations

import pytest

from adapters.discord.faults import Denied
from adapters.discord.notice import MENTION_ME, PING_ME
from bot.chat import Spot
from bot.errors import NotAllowed, PlatformBusy
from tests.contracts.discord_rig import Rig, connected
from tests.simulators.discord_sim import Channel, DiscordSimulator
from tests.simulators.discord_sim.payloads import member_payload, message_payload

POST = "POST /channels/{channel_id}/messages"
EDIT = "PATCH /channels/{channel_id}/messages/{message_id}"
THREADS = "POST /channels/{channel_id}/messages/{message_id}/threads"
CHANNEL = "PATCH /channels/{channel_id}"


async def _post_in_forum(rig: Rig, text: str, unready: int = 0, *, media: bool = False) -> Channel:
    forum = await rig.sim.add_forum_channel(rig.guild, "questions", media=media)
    return await rig.sim.start_thread(
        forum, None, "The loom jams", rig.ada, text=text, unready=unready
    )


@pytest.mark.parametrize("media", [False, True], ids=["forum", "media"])
async def test_a_post_is_answered_inside_with_its_title_as_context(media: bool) -> None:
    async with connected() as rig:
        post = await _post_in_forum(rig, f"{rig.sim.mention} see above", media=media)
        event = await rig.event()
        spot = await rig.adapter.open(event, "title")
        await rig.sim.say(post, rig.ada, f"{rig.sim.mention} and now?")
        later = (await rig.events(2))[1]
        history = await rig.adapter.history(later, 10)
    assert event.text == "**The loom jams**\n\nsee above"
    assert (event.thread.channel, event.thread.thread) == (str(post.parent.id), str(post.id))  # type: ignore[union-attr]
    assert spot == Spot(str(post.id))
    assert later.text == "and now?"
    assert [line.text for line in history.messages] == ["**The loom jams**\n\nsee above"]


async def test_a_forum_post_whose_first_message_is_on_its_way_is_waited_for() -> None:
    async with connected() as rig:
        post = await _post_in_forum(rig, f"{rig.sim.mention} help", unready=2)
        event = await rig.event()
        spot = await rig.adapter.open(event, "title")
        await rig.adapter.post(spot, "Here I am.", key="k1")
        assert [message.content for message in rig.by_bot(post)] == ["Here I am."]
        assert post.unready == 0
        post.unready = 100
        with pytest.raises(PlatformBusy):
            await rig.adapter.post(spot, "Never.", key="k2")
        post.unready = 0


async def test_private_threads_and_threads_of_announcements_are_conversations() -> None:
    async with connected() as rig:
        news = await rig.sim.add_announcement_channel(rig.guild)
        for number, (parent, private) in enumerate(((rig.channel, True), (news, False))):
            thread = await rig.sim.start_thread(parent, None, "t", rig.ada, private=private)
            thread.members.add(rig.sim.bot.id)
            await rig.sim.say(thread, rig.ada, f"{rig.sim.mention} hi")
            event = (await rig.events(number + 1))[-1]
            assert event.thread.thread == str(thread.id)
            assert await rig.adapter.open(event, "t") == Spot(str(thread.id))


async def test_what_a_channel_forbids_is_not_asked_for_again_until_permissions_change() -> None:
    async with connected() as rig:
        await rig.sim.deny(rig.channel, "send_messages")
        spot = rig.spot(rig.channel)
        for _ in range(3):
            with pytest.raises(NotAllowed):
                await rig.adapter.post(spot, "hello", key="k1")
            with pytest.raises(NotAllowed):
                await rig.adapter.show_status(spot, "thinking")
        assert rig.sim.invalid_requests == 1
        assert rig.inbox.meter.invalid_statuses == [403]
        await rig.sim.allow(rig.channel, "send_messages")
        await rig.mentioned()
        await rig.adapter.post(spot, "hello", key="k1")
        assert [message.content for message in rig.by_bot()] == ["hello"]


async def test_a_refusal_of_one_thing_in_one_channel_is_none_of_another() -> None:
    async with connected() as rig:
        other = await rig.sim.add_text_channel(rig.guild, "other")
        ref = await rig.adapter.post(rig.spot(rig.channel), "one", key="k1")
        await rig.sim.deny(rig.channel, "send_messages")
        with pytest.raises(Denied):
            await rig.adapter.post(rig.spot(rig.channel), "two", key="k2")
        await rig.adapter.post(rig.spot(other), "three", key="k3")
        await rig.adapter.edit(ref, "one, still")
        assert rig.sim.message(ref.message).content == "one, still"


async def test_an_old_message_that_cannot_be_edited_now_says_when_it_can() -> None:
    async with connected(DiscordSimulator(scale=20)) as rig:
        ref = await rig.adapter.post(rig.spot(rig.channel), "one", key="k1")
        rig.sim.world.pass_time(3700)
        rig.sim.limits.old_edits = 0
        with pytest.raises(PlatformBusy) as told:
            await rig.adapter.edit(ref, "two")
        rig.sim.limits.old_edits = 1
        rig.sim.faults.add(EDIT, status=429, body={"code": 30046, "message": "older than 1 hour"})
        with pytest.raises(PlatformBusy) as untold:
            await rig.adapter.edit(ref, "two")
    assert told.value.retry_after == pytest.approx(1.0, abs=0.2)
    assert untold.value.retry_after == 60.0


async def test_calls_that_count_against_us_are_counted() -> None:
    async with connected() as rig:
        for scope, counts in (("user", True), ("shared", False), ("global", True)):
            before = len(rig.inbox.meter.invalid_statuses)
            rig.sim.faults.rate_limit(POST, 0.01, scope=scope)
            with pytest.raises(PlatformBusy):
                await rig.adapter.post(rig.spot(rig.channel), "x", key="k")
            assert len(rig.inbox.meter.invalid_statuses) - before == counts
        assert [kind.split()[2:] for kind in rig.inbox.meter.refusals] == [
            [],
            ["shared"],
            ["global"],
        ]


async def test_a_message_of_a_server_that_is_not_known_yet_is_heard() -> None:
    async with connected() as rig:
        await rig.mentioned("first")
        said = await rig.say(f"{rig.sim.mention} hello", event=False)
        payload = message_payload(said, rig.sim.world.link, rig.sim.bot.id, lambda _: True)
        payload["member"] = member_payload(rig.guild, rig.ada, with_user=False)
        payload["guild_id"] = str(rig.guild.id + 1)
        await rig.sim.raw_event("MESSAGE_CREATE", payload)
        event = (await rig.events(2))[1]
        assert rig.inbox.malformed_events == []
    assert (event.text, event.thread.space) == ("hello", str(rig.guild.id + 1))
    assert (event.author.id, event.author.is_admin) == (str(rig.ada.id), False)


async def test_how_long_it_answers_in_place_is_told(caplog: pytest.LogCaptureFixture) -> None:
    async with connected() as rig:
        caplog.set_level("INFO", "adapters.discord")
        event = await rig.mentioned()
        rig.sim.faults.rate_limit(THREADS, 219.0, scope="shared")
        spot = await rig.adapter.open(event, "t")
    assert spot == Spot(event.ref.channel, reply_to=event.ref.message)
    assert "answering in place for 219 s" in caplog.text


async def test_a_thread_is_named_once_and_never_again() -> None:
    async with connected() as rig:
        event = await rig.mentioned("what is a bobbin?")
        await rig.adapter.open(event, "What is a bobbin?")
        await rig.adapter.open(event, "Another name")
        await rig.adapter.settled(event.thread)
        thread = rig.sim.channel(event.thread.thread)
        assert thread.name == "What is a bobbin?"
        assert rig.sim.calls_by_route()[CHANNEL] == 0


async def test_mention_only_is_said_once_in_a_thread() -> None:
    async with connected(DiscordSimulator(message_content=False)) as rig:
        event = await rig.mentioned("what is a bobbin?")
        spot = await rig.adapter.open(event, "t")
        await rig.adapter.post(spot, "It holds thread.", key="k1")
        await rig.adapter.settled(event.thread)
        await rig.adapter.open(event, "t")
        await rig.adapter.settled(event.thread)
        thread = rig.sim.channel(spot.channel)
        notice = rig.by_bot(thread)[-1]
        said = [message.content for message in rig.by_bot(thread)]
        direct = rig.sim.open_dm(rig.ada)
        await rig.sim.say(direct, rig.ada, "psst")
        private = (await rig.events(2))[1]
        await rig.adapter.open(private, "t")
        await rig.adapter.settled(private.thread)
        assert rig.by_bot(direct) == []
    assert said == ["It holds thread.", MENTION_ME]
    assert notice.flags & (1 << 12)


async def test_with_the_intent_nothing_of_it_is_said() -> None:
    async with connected() as rig:
        event = await rig.mentioned()
        await rig.adapter.open(event, "t")
        await rig.adapter.settled(event.thread)
        assert rig.by_bot(rig.sim.channel(event.thread.thread)) == []


async def test_mention_only_hears_replies_that_ping_and_asks_for_the_ping() -> None:
    async with connected(DiscordSimulator(message_content=False)) as rig:
        ref = await rig.adapter.post(rig.spot(rig.channel), "It holds thread.", key="k1")
        ours = rig.sim.message(ref.message)
        await rig.say("tell me more", reply_to=ours)
        event = await rig.event()
        for _ in range(2):
            await rig.say("and more", reply_to=ours, ping=False)
        await rig.changed(lambda: [m for m in rig.by_bot() if m.content == PING_ME])
        await rig.say("something else")
        await rig.mentioned("the end")
        asked = [message.content for message in rig.by_bot()]
    assert event.text.endswith("tell me more") and event.addressed
    assert asked == ["It holds thread.", PING_ME]
    assert len(rig.inbox.messages) == 2


async def test_the_gateways_latency_is_told() -> None:
    async with connected() as rig:
        await rig.changed(lambda: "heard" in rig.inbox.notes.texts)
        await rig.changed(lambda: rig.inbox.meter.latencies)
    assert all(0 <= seconds < 5 for seconds in rig.inbox.meter.latencies)
