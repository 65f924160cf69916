"""The Discord adapter with the real SDK against the simulated Discord: listening."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from typing import Any

import pytest

from adapters.discord.notice import USE_MENU
from bot.chat import Author, MessageRef, ThreadKey
from bot.errors import BadToken, PlatformError, StoreUnavailable
from tests.contracts.discord_rig import QUICK, Rig, connected, only, rig_of
from tests.simulators.discord_sim import DiscordSimulator

INTENTS = 37377 | 1 << 10 | 1 << 13
"""Servers, messages there and direct, reactions to both, and the content of messages."""


async def test_a_mention_in_a_channel_is_a_conversation_of_its_own() -> None:
    async with connected() as rig:
        message = await rig.say(f"{rig.sim.mention} what is a bobbin?")
        event = await rig.event()
    assert event.thread == ThreadKey(
        "discord", str(rig.guild.id), str(rig.channel.id), str(message.id)
    )
    assert event.ref == MessageRef(str(rig.channel.id), str(message.id))
    assert event.author == Author(str(rig.ada.id), "Ada Lovelace")
    assert event.text == "what is a bobbin?"
    assert event.position == message.id
    assert (event.addressed, event.direct, event.joins, event.loose) == (True, False, False, True)
    assert rig.sim.identifies[0]["intents"] == INTENTS
    assert rig.sim.violations == []


async def test_names_stand_for_ids_and_the_own_mention_goes() -> None:
    async with connected() as rig:
        grace = rig.sim.add_user("grace", "Grace")
        role = await rig.sim.add_role(rig.guild, "weavers", mentionable=True)
        own_role = rig.sim.bot_role(rig.guild)
        await rig.say(
            f"<@&{own_role.id}>, ask {grace.mention} of <@&{role.id}> in <#{rig.channel.id}> "
            "<:loom:123456789012345678>"
        )
        event = await rig.event()
    assert event.addressed
    assert event.text == "ask @Grace of @weavers in #general :loom:"


async def test_of_channels_it_is_told_what_everybody_there_sees() -> None:
    async with connected() as rig:
        sim, guild = rig.sim, rig.guild
        open_, plans, other, muted = [
            await sim.add_text_channel(guild, name) for name in ("open", "plans", "other", "muted")
        ]
        for channel in (plans, other):
            await sim.hide(channel)
            await sim.allow(channel, "view_channel", user=rig.ada)
        await sim.allow(other, "view_channel", user=sim.add_user("ben"))
        await sim.deny(muted, "view_channel", user=sim.add_user("grace"))
        secret = await sim.start_thread(open_, None, "secret", sim.bot, private=True)
        secret.members.add(rig.ada.id)
        thread = await sim.start_thread(plans, None, "inner", rig.ada)
        told = " ".join(each.mention for each in (open_, plans, other, muted, secret, thread))
        shown: dict[str, str] = {}
        for place in (rig.channel, plans, thread, secret):
            await sim.say(place, rig.ada, f"{sim.mention} {told}")
            events = await rig.events(len(shown) + 1)
            shown[place.name] = events[-1].text
        # Who may still read them by a token is asked anew.
        narrowed = {str(each.id) for each in (plans, other, muted)}
        assert {channel for _, channel in rig.inbox.narrowings} == narrowed
    hidden = "#private-channel"
    assert shown == {
        "general": f"#open {hidden} {hidden} {hidden} {hidden} {hidden}",
        "plans": f"#open #plans {hidden} {hidden} {hidden} #inner",
        "inner": f"#open #plans {hidden} {hidden} {hidden} #inner",
        "secret": f"#open {hidden} {hidden} {hidden} #secret {hidden}",
    }


async def test_a_bare_mention_has_no_text() -> None:
    async with connected() as rig:
        await rig.say(rig.sim.mention)
        event = await rig.event()
    assert event.text == ""
    assert event.addressed


async def test_who_looks_after_the_server_is_an_admin() -> None:
    async with connected() as rig:
        keeper = rig.sim.add_user("keeper")
        role = await rig.sim.add_role(rig.guild, "keepers", "manage_threads")
        rig.sim.give_role(rig.guild, keeper, role)
        owner = rig.sim.world.users[rig.guild.owner_id]
        for number, user in enumerate((rig.ada, keeper, owner)):
            await rig.sim.say(rig.channel, user, f"{rig.sim.mention} hi")
            await rig.events(number + 1)
    found = {event.author.name: event.author.is_admin for event in rig.inbox.messages}
    assert found == {"Ada Lovelace": False, "keeper": True, owner.shown: True}


async def test_what_does_not_concern_the_bot_is_dropped_without_asking_the_store() -> None:
    async with connected() as rig:
        await rig.say("just talking")
        await rig.sim.say(rig.channel, rig.sim.bot, f"{rig.sim.mention} to myself")
        await rig.sim.webhook_message(rig.channel, "hook", f"{rig.sim.mention} hello")
        await rig.sim.system_message(rig.channel, 7, rig.ada)
        await rig.say(f"{rig.sim.mention} the one")
        event = await rig.event()
    assert event.text == "the one"
    assert rig.inbox.asked == []


async def test_other_bots_are_told_apart_and_nobody_has_roles_for_nothing() -> None:
    async with connected() as rig:
        other = rig.sim.add_user("other-bot", bot=True)
        roles = [await rig.sim.add_role(rig.guild, name) for name in ("weavers", "dyers", "none")]
        for role in roles[:2]:
            rig.sim.give_role(rig.guild, rig.ada, role)
        await rig.sim.say(rig.channel, other, f"{rig.sim.mention} beep")
        bot = (await rig.event()).author
        person = (await rig.mentioned()).author
        await (await rig.sim.slash(rig.channel, rig.ada, "export")).answered()
        (call,) = rig.inbox.calls
        direct = rig.sim.open_dm(rig.ada)
        await rig.sim.say(direct, rig.ada, "psst")
        in_private = (await rig.events(3))[2].author
    expected = frozenset(str(role.id) for role in roles[:2])
    assert (bot.id, bot.is_bot, bot.roles) == (str(other.id), True, frozenset())
    assert (person.is_bot, person.roles) == (False, expected)
    assert call.author.roles == expected
    assert in_private.roles == frozenset()


async def test_every_human_message_in_a_thread_is_passed_on() -> None:
    async with connected() as rig:
        thread = await rig.sim.start_thread(rig.channel, None, "talk", rig.ada)
        await rig.sim.say(thread, rig.ada, "plain")
        plain = await rig.event()
        await rig.sim.say(thread, rig.ada, f"{rig.sim.mention} now you")
        mention = (await rig.events(2))[1]
    key = ThreadKey("discord", str(rig.guild.id), str(rig.channel.id), str(thread.id))
    assert (plain.thread, mention.thread) == (key, key)
    assert (plain.addressed, plain.joins, plain.loose) == (False, True, False)
    assert (mention.addressed, mention.joins, mention.text) == (True, True, "now you")


async def test_a_thread_that_the_sdk_does_not_know_is_asked_for_once() -> None:
    async with connected() as rig:
        thread = await rig.sim.start_thread(rig.channel, None, "old", rig.ada)
        await rig.sim.archive(thread)
        await rig.sim.raw_event(
            "THREAD_DELETE",
            {
                "id": str(thread.id),
                "guild_id": str(rig.guild.id),
                "parent_id": str(rig.channel.id),
                "type": 11,
            },
        )
        thread.archived = False
        await rig.sim.say(thread, rig.ada, "one")
        await rig.event()
        await rig.sim.say(thread, rig.ada, "two")
        events = await rig.events(2)
    assert {event.thread.thread for event in events} == {str(thread.id)}
    assert rig.sim.calls_by_route()["GET /channels/{channel_id}"] == 1


async def test_direct_messages_are_always_addressed() -> None:
    async with connected() as rig:
        direct = rig.sim.open_dm(rig.ada)
        await rig.sim.say(direct, rig.ada, "psst")
        event = await rig.event()
        spot = await rig.adapter.open(event, "psst")
    assert event.thread == ThreadKey("discord", "@me", str(direct.id), str(direct.id))
    assert (event.addressed, event.direct, event.text) == (True, True, "psst")
    assert (spot.channel, spot.reply_to) == (str(direct.id), None)


async def test_a_mention_that_replies_brings_the_other_message_along() -> None:
    async with connected() as rig:
        grace = rig.sim.add_user("grace", "Grace")
        asked = await rig.sim.say(rig.channel, grace, "Why is it\nstuck?")
        await rig.say(f"{rig.sim.mention} can you answer her?", reply_to=asked)
        event = await rig.event()
    assert event.text == "> Grace wrote:\n> Why is it\n> stuck?\n\ncan you answer her?"


BOXES = (
    {
        "type": 17,
        "components": [
            {"type": 10, "content": "## New loom"},
            {
                "type": 9,
                "components": [{"type": 10, "content": "It is red."}],
                "accessory": {
                    "type": 11,
                    "media": {"url": "https://example.org/2.png"},
                    "description": "its maker",
                },
            },
            {"type": 12, "items": [{"media": {"url": "https://example.org/1.png"}}]},
        ],
    },
    {"type": 13, "file": {"url": "https://example.org/plan.pdf"}, "name": "plan.pdf", "size": 9},
)
"""What a program shows as components."""


async def test_whatever_a_message_shows_is_told_of_the_one_that_is_answered() -> None:
    async with connected() as rig:
        sim, room = rig.sim, rig.channel
        robot = sim.add_user("robot", "Robot", bot=True)
        embed = {"type": "rich", "title": "Issue 7", "description": "It squeaks", "color": 1}
        sticker = {"id": "1", "name": "Wave", "format_type": 1}
        boxed = await sim.say(room, robot, "", flags=1 << 15)
        boxed.versions[-1] = replace(boxed.versions[-1], components=BOXES)
        plan = await rig.say("the plan")
        answered = {
            await sim.say(room, robot, "", embeds=[embed]): "Shown below it:\n> > Issue 7",
            await sim.forward(room, rig.ada, plan): "Forwarded message:\n> the plan",
            await rig.say("", stickers=[sticker]): "(sticker: Wave)",
            boxed: "## New loom\n> It is red.\n> \n> (picture: its maker)\n> \n"
            "> (picture: without a description)\n> \n> (file: plan.pdf)",
        }
        for count, (message, told) in enumerate(answered.items(), 1):
            await rig.say(f"{sim.mention} and?", reply_to=message)
            event = (await rig.events(count))[-1]
            assert told in event.text
            assert event.text.endswith("\n\nand?")


async def test_a_forwarded_message_is_read() -> None:
    async with connected() as rig:
        direct = rig.sim.open_dm(rig.ada)
        original = await rig.say("the plan")
        await rig.sim.forward(direct, rig.ada, original)
        event = await rig.event()
    assert event.text == "> Forwarded message:\n> the plan"


async def test_attached_files_are_handed_over() -> None:
    async with connected() as rig:
        await rig.say(f"{rig.sim.mention} look", attachments=[("loom.png", b"png")])
        event = await rig.event()
        [attached] = event.attachments
        assert (event.text, attached.name, attached.size) == ("look", "loom.png", 3)
        assert await rig.adapter.download(attached, 3) == b"png"


async def test_who_takes_a_sign_back_is_known_by_his_roles() -> None:
    async with connected() as rig:
        role = await rig.sim.add_role(rig.guild, "weavers")
        rig.sim.give_role(rig.guild, rig.ada, role)
        said = await rig.say("the weft is wool")
        for count, add in enumerate((True, False), 1):
            await rig.sim.react(said, rig.ada, "🧠", add=add)
            await rig.changed(lambda count=count: len(rig.inbox.calls) == count)
        assert [call.author.roles for call in rig.inbox.calls] == [{str(role.id)}] * 2
        # Where it may not read back, it says how else.
        count = len(rig.by_bot())
        await rig.sim.deny(rig.channel, "read_message_history")
        await rig.sim.react(said, rig.ada, "🧠")
        await rig.changed(lambda: len(rig.by_bot()) == count + 1)
        assert rig.by_bot()[-1].content == USE_MENU
        assert len(rig.inbox.calls) == 2


async def test_replies_outside_threads_find_their_conversation() -> None:
    async with connected() as rig:
        first = await rig.say(f"{rig.sim.mention} hi")
        key = (await rig.event()).thread
        spoken = await rig.adapter.post(_in_place(rig, first.id), "hello", key="a0")
        answer = rig.sim.message(spoken.message)
        rig.inbox.loose[spoken] = key
        note = await rig.say("by the way", reply_to=first)
        rig.inbox.loose[MessageRef(str(rig.channel.id), str(note.id))] = key
        await rig.say("and then?", reply_to=answer)
        addressed = (await rig.events(2))[1]
        await rig.say("nothing to do with it", reply_to=await rig.say("else"))
        await rig.say("to the note", reply_to=note)
        unaddressed = (await rig.events(3))[2]
    assert (addressed.thread, addressed.addressed, addressed.loose) == (key, True, True)
    assert addressed.text == "and then?"
    assert (unaddressed.thread, unaddressed.addressed) == (key, False)
    assert unaddressed.text == "to the note"


async def test_a_reply_to_a_starter_is_left_alone_when_its_thread_exists() -> None:
    async with connected() as rig:
        first = await rig.say(f"{rig.sim.mention} hi")
        event = await rig.event()
        await rig.adapter.open(event, "hi")
        rig.inbox.loose[event.ref] = event.thread
        await rig.say("me too", reply_to=first)
        await rig.say(f"{rig.sim.mention} last")
        events = await rig.events(2)
    assert [event.text for event in events] == ["hi", "last"]


async def test_without_the_content_intent_it_listens_to_mentions_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sim = DiscordSimulator(message_content=False)
    async with connected(sim) as rig:
        thread = await rig.sim.start_thread(rig.channel, None, "talk", rig.ada)
        await rig.sim.say(thread, rig.ada, "unheard")
        await rig.sim.say(thread, rig.ada, f"{rig.sim.mention} heard")
        event = await rig.event()
    assert event.text == "heard"
    assert rig.sim.identifies[0]["intents"] == INTENTS & ~(1 << 15)
    assert "Message Content intent is not granted" in caplog.text
    assert rig.sim.violations == []


async def test_an_intent_that_is_withdrawn_while_connecting_is_not_fatal() -> None:
    sim = DiscordSimulator()
    async with sim:
        rig = await rig_of(sim)

        gate = asyncio.Event()
        held = sim.faults.add("PUT /applications/{application_id}/commands", gate=gate)
        running = rig.start()
        await held.arrived.wait()
        sim.message_content = False
        gate.set()
        await sim.until_connected()
        await rig.say(f"{sim.mention} still here?")
        assert (await rig.event()).text == "still here?"
        await rig.stop(running)


async def test_a_refused_token_is_said_at_once() -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim, token="not.the.token")
        with pytest.raises(BadToken):
            await rig.adapter.run(rig.inbox)
        await rig.adapter.close()
        assert sim.identifies == []


@pytest.mark.parametrize(("code", "error"), [(4004, BadToken), (4012, PlatformError)])
async def test_closings_for_good_end_the_run(code: int, error: type[PlatformError]) -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        running = rig.start()
        await sim.until_connected()
        sim.gateway.close(code)
        with pytest.raises(error):
            await running
        await rig.adapter.close()


async def test_a_cut_connection_resumes_and_misses_nothing() -> None:
    async with connected() as rig:
        await rig.say(f"{rig.sim.mention} before")
        await rig.event()
        rig.sim.gateway.drop()
        await rig.say(f"{rig.sim.mention} meanwhile")
        events = await rig.events(2)
    assert events[1].text == "meanwhile"
    assert len(rig.sim.identifies) == 1


async def test_a_gateway_that_refuses_at_first_is_tried_again() -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        sim.gateway.refuse(1)
        running = rig.start()
        await sim.until_connected()
        await rig.say(f"{sim.mention} hello")
        assert (await rig.event()).text == "hello"
        await rig.stop(running)


async def test_an_api_that_is_down_at_first_is_tried_again() -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        sim.faults.add("GET /users/@me", status=503)
        running = rig.start()
        await sim.until_connected()
        await rig.stop(running)
        assert sim.calls_by_route()["GET /users/@me"] == 2


async def test_malformed_events_are_counted_and_survived() -> None:
    async with connected() as rig:
        await rig.sim.raw_event("MESSAGE_CREATE", {"id": "1"})
        await rig.sim.raw_event("GUILD_ROLE_UPDATE", [])
        await rig.sim.raw_event("NOBODY_KNOWS_THIS", {"x": 1})
        await rig.say(f"{rig.sim.mention} fine")
        event = await rig.event()
    assert event.text == "fine"
    assert rig.inbox.malformed_events == ["MESSAGE_CREATE", "GUILD_ROLE_UPDATE"]


async def test_a_store_that_is_away_is_the_inboxs_to_tell() -> None:
    async with connected() as rig:
        rig.inbox.failures.append(StoreUnavailable("away"))
        await rig.say(f"{rig.sim.mention} keep me")
        await rig.changed(lambda: not rig.inbox.failures)
        await rig.say(f"{rig.sim.mention} and me")
        assert (await rig.event()).text == "and me"
    assert rig.sim.messages(rig.channel, by=rig.sim.bot) == []


async def test_a_reply_whose_conversation_cannot_be_looked_up_is_admitted_once() -> None:
    async with connected() as rig:
        rig.inbox.lookups += [StoreUnavailable("away")] * 2 * (len(QUICK.keep) + 1)
        asked = await rig.say("a word")
        first = await rig.say(f"{rig.sim.mention} one", reply_to=asked)
        told = await rig.sim.until(lambda: only(rig.sim.messages(rig.channel, by=rig.sim.bot)))
        await rig.say(f"{rig.sim.mention} two", reply_to=asked)
        await rig.changed(lambda: not rig.inbox.lookups)
        await rig.say(f"{rig.sim.mention} three")
        assert (await rig.event()).text.endswith("three")
    assert told.content == StoreUnavailable.user_text
    assert told.reply_to is first
    assert rig.sim.messages(rig.channel, by=rig.sim.bot) == [told]


async def test_nothing_of_what_people_write_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with connected() as rig:
            await rig.sim.raw_event("MESSAGE_CREATE", {"id": "1", "content": "secret words"})
            await rig.say(f"{rig.sim.mention} secret words")
            event = await rig.event()
            await rig.adapter.post(await rig.adapter.open(event, "t"), "secret words", key="k")
            rig.inbox.failures.append(StoreUnavailable("away"))
            await rig.say(f"{rig.sim.mention} secret words")
            await rig.changed(lambda: not rig.inbox.failures)
    assert "secret words" not in caplog.text
    assert rig.sim.world.token not in caplog.text


def _in_place(rig: Rig, message: int) -> Any:
    return rig.spot(rig.channel, message)


async def test_it_ends_when_it_is_cancelled_as_the_connection_is_lost() -> None:
    async with DiscordSimulator() as sim:
        rig = await rig_of(sim)
        running = rig.start()
        await sim.until_connected()
        await rig.say(f"{sim.mention} hello")
        await rig.event()
    await rig.stop(running)
