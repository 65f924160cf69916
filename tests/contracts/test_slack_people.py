"""Who speaks: members, guests, people of other companies, other programs; and being sent away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.slack.manifest import manifest
from adapters.slack.names import RANK_SECONDS
from bot.chat import Author
from bot.errors import NeedsOperator
from tests.contracts.slack_rig import ADDRESS, HASTY, QUICK, Rig, connected, rig_of, simulator
from tests.contracts.slack_scene import scene
from tests.simulators.slack_sim import User

TRANSPORTS = pytest.mark.parametrize("url", ["", ADDRESS], ids=["socket", "http"])


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with connected() as made:
        yield made
        assert made.sim.violations == []


async def heard(rig: Rig, who: User) -> Author:
    """How the author of a mention is told."""
    before = len(rig.inbox.messages)
    rig.sim.say(rig.room, who, f"{rig.sim.mention} hello")
    return (await rig.events(before + 2))[-1].author


@pytest.mark.parametrize(
    ("traits", "is_admin", "is_outside"),
    [
        ({}, False, False),
        ({"admin": True}, True, False),
        ({"guest": True}, False, True),
        ({"external_team": "T0THERS"}, False, True),
        ({"external_team": "T0THERS", "admin": True}, False, True),
    ],
    ids=str,
)
async def test_people_are_told_apart(
    rig: Rig, traits: dict[str, Any], is_admin: bool, is_outside: bool
) -> None:
    who = rig.sim.add_user("Grace", **traits)
    expected = Author(who.id, "Grace", is_admin=is_admin, is_outside=is_outside)
    assert await heard(rig, who) == expected
    await (call := rig.sim.slash(rig.room, who, "/bobbin", "help")).acked()
    await call.responded()
    assert rig.inbox.calls[-1].author == expected


async def test_who_is_no_admin_any_more_has_no_say_at_once(rig: Rig) -> None:
    who = rig.sim.add_user("Grace", admin=True)
    assert (await heard(rig, who)).is_admin
    rig.sim.change_profile(who)
    assert (await heard(rig, who)).is_admin
    # Nothing that matters has changed.
    assert len(rig.sim.calls("users.info")) == 1
    who.admin, who.guest = False, True
    rig.sim.change_profile(who)
    author = await heard(rig, who)
    assert author.is_outside and not author.is_admin


async def test_a_change_of_rank_that_another_process_has_heard_counts_within_an_hour() -> None:
    async with scene() as here:
        here.ada.admin = True
        ben = here.sim.add_user("Ben")

        async def is_admin() -> bool:
            before = len(here.inbox.messages)
            here.sim.say(here.dm, here.ada, f"hello <@{ben.id}>")
            await here.sim.until(lambda: len(here.inbox.messages) > before)
            return here.inbox.messages[-1].author.is_admin

        assert await is_admin()
        here.ada.admin = False
        here.clock.at = RANK_SECONDS - 1
        assert await is_admin()
        here.clock.at = RANK_SECONDS
        assert not await is_admin()
        # What somebody is called who writes nothing is known for a day.
        assert len(here.sim.calls("users.info")) == 3


async def test_who_changes_while_they_are_looked_up_is_looked_up_again(rig: Rig) -> None:
    who = rig.sim.add_user("Grace", guest=True)
    gate = asyncio.Event()
    slow = rig.sim.faults.add("users.info", gate=gate)
    rig.sim.say(rig.room, who, f"{rig.sim.mention} hello")
    await asyncio.wait_for(slow.arrived.wait(), 10)
    who.guest = False
    told = rig.sim.change_profile(who)
    await rig.until(lambda: told is not None and told.state == "acked")
    gate.set()
    authors = {event.author for event in await rig.events(2)}
    assert authors == {Author(who.id, "Grace")}
    assert len(rig.sim.calls("users.info")) == 2


async def test_a_passing_fault_turns_no_colleague_away(rig: Rig) -> None:
    who = rig.sim.add_user("Grace", admin=True)
    rig.sim.faults.add("users.info", status=500, body="no", times=2)
    assert await heard(rig, who) == Author(who.id, "Grace", is_admin=True)


@pytest.mark.parametrize(
    "fault",
    [{"status": 500, "body": "no"}, {"error": "missing_scope"}, {"error": "user_not_found"}],
    ids=str,
)
async def test_whoever_slack_does_not_tell_of_is_an_outsider(
    rig: Rig, fault: dict[str, Any]
) -> None:
    # Nobody has to wait for it.
    rig.inbox.outsiders = True
    who = rig.sim.add_user("Grace", admin=True)
    rig.sim.faults.add("users.info", times=99, **fault)
    unknown = Author(who.id, who.id, is_outside=True, is_unknown=True)
    assert await heard(rig, who) == unknown
    await (call := rig.sim.slash(rig.room, who, "/bobbin", "help")).acked()
    await call.responded()
    assert rig.inbox.calls[-1].author == unknown


async def test_where_outsiders_are_held_apart_slack_sends_again_what_a_stranger_says() -> None:
    timing = replace(QUICK, writer=0.05)
    async with connected(simulator(manifest=manifest(), timing=HASTY), timing) as rig:
        gate = asyncio.Event()
        slow = rig.sim.faults.add("users.info", gate=gate)
        rig.mention()
        await asyncio.wait_for(slow.arrived.wait(), 10)
        await rig.until(lambda: any(each.attempts > 1 for each in rig.sim.envelopes))
        gate.set()
        events = await rig.events(2)
        assert {event.author for event in events} == {Author(rig.ada.id, "Ada Lovelace")}


async def test_what_somebody_says_is_sent_again_until_it_is_known_in_which_groups_they_are() -> (
    None
):
    sim = simulator(manifest=manifest(), timing=HASTY)
    ben = sim.add_user("Ben")
    group = sim.add_group(ben)
    timing = replace(QUICK, writer=0.05)
    async with connected(sim, timing, frozenset({group.id})) as rig:
        # Outsiders are answered: that is not what is waited for.
        rig.inbox.outsiders = True
        gate = asyncio.Event()
        rig.sim.faults.add("usergroups.users.list", gate=gate)
        rig.room.members.append(ben.id)
        rig.sim.say(rig.room, ben, f"{rig.sim.mention} hello")
        await rig.until(lambda: any(each.attempts > 1 for each in rig.sim.envelopes))
        gate.set()
        events = await rig.events(2)
        assert {event.author.roles for event in events} == {frozenset({group.id})}


async def test_all_that_is_looked_up_for_a_message_has_one_bound() -> None:
    timing = replace(QUICK, writer=0.1, names=60.0, call=60.0)
    async with connected(timing=timing) as rig:
        rig.inbox.outsiders = True
        gate = asyncio.Event()
        rig.sim.faults.add("users.info", gate=gate, times=99)
        root = rig.mention(f"hello <@{rig.sim.add_user('Ben').id}>")
        await rig.events(2)
        # Who has written the next one is asked although nobody has heard yet who wrote this one.
        room, gated = rig.room, rig.inbox
        gated.gate = asyncio.Event()
        for name in ("Grace", "Hedy"):
            rig.sim.say(room, rig.sim.add_user(name), "so?", thread=root)
        await rig.until(lambda: len(rig.sim.calls("users.info")) == 4)
        gated.gate.set()
        gate.set()
        await rig.events(4)


@TRANSPORTS
async def test_only_so_often_and_then_the_stranger_is_an_outsider(url: str) -> None:
    async with connected(simulator(manifest=manifest(url), timing=HASTY)) as rig:
        rig.sim.faults.add("users.info", status=500, body="no", times=99)
        rig.mention()
        event, _ = await rig.events(2)
        assert event.author == Author(rig.ada.id, rig.ada.id, is_outside=True, is_unknown=True)
        assert [each.attempts for each in rig.sim.envelopes] == [4, 4]


async def test_that_slack_refuses_to_tell_is_an_error_once(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    rig.sim.faults.add("users.info", error="missing_scope", times=99)
    for name in ("Grace", "Hedy"):
        await heard(rig, rig.sim.add_user(name))
    [line] = [each for each in caplog.records if each.levelname == "ERROR"]
    assert "people in Acme" in line.getMessage() and "Reinstall the app" in line.getMessage()


async def test_whoever_names_many_is_looked_up_first_and_they_only_in_part(rig: Rig) -> None:
    named = " ".join(f"<@U0N0B0DY{number:04}> <#C0N0WH3RE{number:04}>" for number in range(1500))
    guest = rig.sim.add_user("Eve", guest=True)
    rig.sim.say(rig.room, guest, f"{rig.sim.mention} hello {named}")
    event, _ = await rig.events(2)
    assert event.author == Author(guest.id, "Eve", is_outside=True)
    people = [call.params["user"] for call in rig.sim.calls("users.info")]
    assert people[0] == guest.id
    assert sorted(set(people[1:])) == [f"U0N0B0DY{number:04}" for number in range(20)]
    assert len({call.params["channel"] for call in rig.sim.calls("conversations.info")}) == 20
    # Whom nobody was asked about goes by the id.
    assert event.text.count("@U0N0B0DY") == 1500


async def test_user_groups_have_names_which_slack_is_asked_for_once(rig: Rig) -> None:
    weavers = rig.sim.add_group(rig.ada, handle="weavers")
    dyers = rig.sim.add_group(handle="dyers")
    said = f"ask <!subteam^{weavers.id}>, <!subteam^{dyers.id}> or <!subteam^S0NOWHERE>"
    assert (await rig.mentioned(said)).text == "ask @weavers, @dyers or @group"
    assert (await rig.mentioned(f"so <!subteam^{dyers.id}>?")).text == "so @dyers?"
    assert len(rig.sim.calls("usergroups.list")) == 1


async def test_other_programs_are_heard_and_marked(rig: Rig) -> None:
    robot = rig.sim.add_user("alarm", bot=True)
    assert await heard(rig, robot) == Author(robot.id, "alarm", is_bot=True)
    # The name stands in the message.
    assert rig.sim.calls("users.info") == []
    event = rig.inbox.messages[-1]
    spot = await rig.adapter.open(event, "")
    await rig.adapter.post(spot, f"our own {rig.sim.mention}", key="k")
    await rig.sim.settled()
    assert len(rig.inbox.messages) == 2


@TRANSPORTS
async def test_an_app_that_is_removed_erases_and_ends(url: str) -> None:
    async with simulator(manifest=manifest(url)) as sim:
        rig = rig_of(sim)
        running = rig.start()
        await rig.ready()
        sim.uninstall()
        with pytest.raises(NeedsOperator, match="removed from Acme") as caught:
            await asyncio.wait_for(running, 5)
        await rig.adapter.close()
        assert "SLACK_BOT_TOKEN" in caught.value.hint
        assert set(rig.inbox.spaces_left) == {("slack", sim.workspace.id)}
        assert rig.inbox.malformed_events == []
        # It was acknowledged before the end.
        assert any(envelope.state == "acked" for envelope in sim.envelopes)
        assert not sim.connections
        assert sim.violations == []


@TRANSPORTS
async def test_what_cannot_be_erased_yet_is_told_again(url: str) -> None:
    async with simulator(manifest=manifest(url), timing=HASTY) as sim:
        rig = rig_of(sim)
        rig.inbox.away = 2
        running = rig.start()
        await rig.ready()
        gone = sim.raw_event({"type": "app_uninstalled"})
        with pytest.raises(NeedsOperator):
            await asyncio.wait_for(running, 10)
        await rig.adapter.close()
        assert gone is not None and gone.attempts == 3
        assert rig.inbox.spaces_left == [("slack", sim.workspace.id)]


async def test_tokens_of_others_are_none_of_ours(rig: Rig) -> None:
    tokens = {"oauth": [rig.ada.id], "bot": ["U0THER"]}
    rig.sim.raw_event({"type": "tokens_revoked", "tokens": tokens})
    other = rig.sim.add_workspace("Other")
    rig.sim.raw_event({"type": "app_uninstalled"}, workspace=other)
    await rig.sim.settled()
    await rig.mentioned("still here?")
    assert rig.inbox.spaces_left == []


async def test_events_that_slack_holds_back_are_counted(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"type": "app_rate_limited", "team_id": rig.sim.workspace.id, "token": "t"}
    envelope = rig.sim.raw_envelope({**body, "minute_rate_limited": 1, "api_app_id": "A1"})
    await rig.sim.settled()
    assert envelope.state == "acked"
    assert rig.inbox.meter.refusals == ["events"]
    assert "holds events back" in caplog.text


async def test_every_event_without_a_listener_is_acknowledged(rig: Rig) -> None:
    for name in ("team_join", "reaction_added", "app_home_opened", "function_executed"):
        rig.sim.raw_event({"type": name, "user": rig.ada.id, "event_ts": "1.0"})
    await rig.sim.settled()
    assert all(envelope.state == "acked" for envelope in rig.sim.envelopes)
    assert rig.inbox.malformed_events == []


async def test_who_leaves_a_channel_is_told_of_until_it_is_kept_and_the_bot_itself_is_not() -> None:
    async with connected(simulator(manifest=manifest(), timing=HASTY)) as rig:
        sim = rig.sim
        room = sim.add_channel("looms", members=[rig.ada], private=True)
        bot = sim.workspace.bot.id
        sim.raw_event({"type": "member_left_channel", "user": bot, "channel": room.id})
        rig.inbox.away = 1
        sim.leave(room, rig.ada)
        await rig.until(lambda: bool(rig.inbox.departures))
        assert rig.inbox.departures == [("slack", sim.workspace.id, room.id, rig.ada.id)]


async def test_a_channel_that_becomes_private_is_told_of_and_one_that_opens_is_not(
    rig: Rig,
) -> None:
    room = rig.sim.add_channel("looms", members=[rig.ada])
    named = [(await rig.mentioned(f"see <#{room.id}>")).text]
    rig.sim.convert(room, rig.ada, private=True)
    await rig.sim.settled()
    # Those who are not in it are not told its name by the model, as it was a moment ago.
    named.append((await rig.mentioned(f"see <#{room.id}>")).text)
    rig.sim.convert(room, rig.ada, private=False)
    await rig.sim.settled()
    assert named == ["see #looms", "see #private-channel"]
    assert rig.inbox.narrowings == [("slack", rig.sim.workspace.id, room.id)]
    assert len(rig.inbox.messages) == 4 and rig.inbox.malformed_events == []
