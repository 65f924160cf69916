"""What somebody may read by now, as the platforms tell it; and how they are told something."""

from __future__ import annotations

from bot.chat import Reach
from tests.contracts import discord_rig, slack_rig
from tests.simulators.slack_sim import Channel, User


class TestDiscord:
    async def test_who_has_left_a_server_reaches_nothing_there(self) -> None:
        async with discord_rig.connected() as rig:
            space, room, ada = str(rig.guild.id), str(rig.channel.id), str(rig.ada.id)
            places = {(room, ""), (room, "77")}
            assert await rig.adapter.reach(space, ada, places) == Reach()
            del rig.guild.members[rig.ada.id]
            found = await rig.adapter.reach(space, ada, places)
            assert found == Reach(belongs=False, member=False, shut=frozenset(places))

    async def test_a_channel_that_is_closed_to_somebody_is_shut(self) -> None:
        async with discord_rig.connected() as rig:
            space, room, ada = str(rig.guild.id), str(rig.channel.id), str(rig.ada.id)
            other = await rig.sim.add_text_channel(rig.guild, "other")
            await rig.sim.deny(rig.channel, "view_channel", user=rig.ada)
            # Told by the gateway; whatever comes after it comes later.
            await rig.sim.say(other, rig.sim.add_user("ben"), f"{rig.sim.mention} hello")
            await rig.event()
            found = await rig.adapter.reach(space, ada, {(room, ""), (str(other.id), "")})
            assert found == Reach(shut=frozenset({(room, "")}))

    async def test_a_private_thread_is_read_by_those_in_it(self) -> None:
        async with discord_rig.connected() as rig:
            space, room = str(rig.guild.id), str(rig.channel.id)
            ben = rig.sim.add_user("ben")
            thread = await rig.sim.start_thread(rig.channel, None, "hidden", rig.ada, private=True)
            thread.members.add(rig.sim.bot.id)
            places = {(room, ""), (room, str(thread.id))}
            assert await rig.adapter.reach(space, str(rig.ada.id), places) == Reach()
            found = await rig.adapter.reach(space, str(ben.id), places)
            assert found == Reach(shut=frozenset({(room, str(thread.id))}))

    async def test_what_nobody_can_tell_stays_open(self) -> None:
        async with discord_rig.connected() as rig:
            ada, space = str(rig.ada.id), str(rig.guild.id)
            assert await rig.adapter.reach("@me", ada, {("5", "5")}) is None
            assert await rig.adapter.reach("999", ada, {("5", "5")}) is None
            assert await rig.adapter.reach(space, "no-number", ()) is None
            assert await rig.adapter.reach(space, ada, {("999", "")}) == Reach()

    async def test_somebody_is_told_something_unasked_where_they_take_it(self) -> None:
        async with discord_rig.connected() as rig:
            ada, private = str(rig.ada.id), rig.sim.open_dm(rig.ada)
            for _ in range(2):
                assert await rig.adapter.tell("@", ada, "**News** for you.", key="use1")
            assert [each.content for each in rig.sim.messages(private)] == ["**News** for you."]
            await rig.sim.deny(private, "send_messages")
            assert not await rig.adapter.tell("@", ada, "More of it.", key="use2")
            assert not await rig.adapter.tell("@", "999", "Nobody.", key="use3")


class TestSlack:
    async def test_members_guests_and_closed_accounts(self) -> None:
        async with slack_rig.connected() as rig:
            room, hidden = rig.room, rig.sim.add_channel("hidden", private=True)
            places = {(room.id, ""), (hidden.id, ""), (hidden.id, "1.000001"), ("D0123", "1.1")}

            async def reach(user: User) -> Reach | None:
                return await rig.adapter.reach(rig.sim.workspace.id, user.id, places)

            def of(channel: Channel) -> set[tuple[str, str]]:
                return {place for place in places if place[0] == channel.id}

            member = rig.sim.add_user("Grace")
            assert await reach(member) == Reach(shut=frozenset(of(hidden)))
            rig.sim.join(hidden, member)
            assert await reach(member) == Reach()
            guest = rig.sim.add_user("Guy", guest=True)
            shut = frozenset(of(hidden) | of(room))
            assert await reach(guest) == Reach(member=False, shut=shut)
            member.deleted = True
            assert await reach(member) == Reach(False, False, frozenset(places))

    async def test_what_nobody_can_tell_stays_open(self) -> None:
        async with slack_rig.connected() as rig:
            somebody, space = rig.sim.add_user("Grace"), rig.sim.workspace.id
            unseen = rig.sim.add_channel("unseen", private=True, bot_member=False)
            assert await rig.adapter.reach(space, "U0NOBODY", {(rig.room.id, "")}) is None
            assert await rig.adapter.reach("T0OTHER", somebody.id, ()) is None
            assert not await rig.adapter.tell("T0OTHER", somebody.id, "News.", key="use1")
            assert not await rig.adapter.tell(space, "U0NOBODY", "News.", key="use1")
            found = await rig.adapter.reach(space, somebody.id, {(unseen.id, "")})
            assert found == Reach()
