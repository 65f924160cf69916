"""One bot in many workspaces: installing, keeping apart, newer tokens, removing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

import pytest

from adapters.slack.adapter import SlackAdapter, mode_of, oauth_of
from adapters.slack.values import Timing
from tests.flows.guild import KEY, OTHER, Guild, Town, guild
from tests.flows.look import settled
from tests.flows.test_slack_native import NATIVE
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer
from tests.simulators.slack_sim import Message


@pytest.mark.parametrize("http", [True, False])
async def test_two_workspaces_install_it_and_never_see_each_other(
    server: Valkey, http: bool
) -> None:
    async with guild(server, http=http) as here:
        sim = here.sim
        assert "I am in Acme now" in await here.install(here.acme)
        assert "I am in Birch now" in await here.install(here.birch)
        first = await here.asked(here.acme, "our colour is red", "Red it is.")
        second = await here.asked(here.birch, "which colour?", "You have not told me.")
        assert "red" not in str(here.stage.openai.chats[-1].body["input"])

        # Each is spoken to with its own token.
        tokens = {call.params["channel"]: call.token for call in sim.calls("chat.postMessage")}
        assert tokens == {
            here.acme.room.id: here.acme.space.token,
            here.birch.room.id: here.birch.space.token,
        }
        # Neither a link nor a list of one leads into the other.
        call = sim.slash(here.birch.room, here.birch.person, "/forget", sim.permalink(first))
        [shown] = await call.responded()
        assert shown.text.startswith("I find no conversation there")
        call = sim.slash(here.acme.room, here.acme.person, "/summary", "")
        [shown] = await call.responded()
        [menu] = [block for block in shown.blocks if block["type"] == "actions"]
        [option] = menu["elements"][0]["options"]
        assert option["value"].split(":")[1] == here.acme.space.id
        assert second.ts not in option["value"]

        # Tokens are nowhere to be read.
        text = await here.stored()
        assert "installation:" in text
        for space in (here.acme.space, here.birch.space):
            assert space.token not in text
            assert space.refresh not in text


async def test_what_was_installed_is_there_after_a_restart_and_with_a_newer_key(
    server: Valkey,
) -> None:
    async with guild(server) as here:
        await here.install(here.acme)
        await here.restart(SLACK_INSTALL_KEYS=f"{OTHER},{KEY}")
        await here.asked(here.acme, "still there?", "Yes.")
        # All was encrypted anew, so that the older key is not needed any more.
        await here.restart(SLACK_INSTALL_KEYS=OTHER)
        await here.asked(here.acme, "and now?", "Yes, too.")


async def test_without_its_key_the_bot_says_so_and_does_not_start(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    async with guild(server) as here:
        await here.install(here.acme)
        assert await here.stage.stop() == 0
        here.stage.extra["SLACK_INSTALL_KEYS"] = OTHER
        with pytest.raises(AssertionError, match="the bot ended: 1"):
            await here.stage.start()
        assert "SLACK_INSTALL_KEYS has to hold the key" in caplog.text
        assert await here.stage.ended() == 1


@pytest.mark.parametrize("how", ["other browser", "forged", "cancelled", "bad code"])
async def test_what_was_not_begun_or_not_agreed_to_installs_nothing(
    server: Valkey, how: str
) -> None:
    async with guild(server) as here:
        page = await here.browser.get("/slack/install")
        assert page.headers["Cache-Control"] == "no-store"
        cancel = how == "cancelled"
        back = here.sim.approve(page.headers["Location"], here.acme.space, cancel=cancel)
        if how == "other browser":
            here.browser.cookies.clear()
        elif how == "forged":
            here.browser.cookies = {"slack-app-oauth-state": "a.b.c"}
            back = "/slack/oauth_redirect?state=a.b.c&code=x"
        elif how == "bad code":
            back = back.replace("code.", "wrong.")
        page = await here.browser.get(back)
        assert "Not installed" in page.text
        assert page.status == (200 if cancel else 400)
        assert "installation:" not in await here.stored()


async def test_a_token_that_ran_out_is_replaced_and_the_answer_comes(server: Valkey) -> None:
    async with guild(server) as here:
        await here.install(here.acme)
        await here.asked(here.acme, "hello", "Hello.")
        # Long before it was due, as if the bot's machine had slept meanwhile.
        old = here.acme.space.token
        here.sim.expire(here.acme.space)
        await here.asked(here.acme, "are you there?", "I am.")
        assert here.acme.space.token != old
        refreshed = [c for c in here.sim.calls("oauth.v2.access") if "refresh_token" in c.params]
        assert [call.error for call in refreshed] == [None]


async def test_files_are_fetched_with_the_token_of_their_workspace(server: Valkey) -> None:
    async with guild(server) as here:
        for town in (here.acme, here.birch):
            await here.install(town)
            plan = here.sim.add_file(town.person, "plan.txt", f"of {town.space.id}".encode())
            here.stage.openai.script.append(Answer("Well."))
            words = f"{town.space.mention} look"
            root = here.sim.say(town.room, town.person, words, files=[plan])
            await here.sim.until(lambda root=root: bool(here.sim.replies(root)))
            await settled(here.stage.server)
            assert [message.text for message in here.sim.replies(root)] == ["Well."]
            assert f"of {town.space.id}" in here.stage.openai.chats[-1].last_user_text


async def test_a_removed_workspace_is_forgotten_and_the_other_goes_on(server: Valkey) -> None:
    async with guild(server) as here:
        await here.install(here.acme)
        await here.install(here.birch)
        await here.asked(here.acme, "a secret of Acme", "Safe with me.")
        await here.asked(here.birch, "a secret of Birch", "With me, too.")
        here.sim.uninstall(here.acme.space)
        await here.sim.settled()
        text = await here.stored()
        assert "secret of Acme" not in text
        assert f"installation:{here.acme.space.id}" not in text
        assert f"installation:{here.birch.space.id}" in text
        await here.asked(here.birch, "still here?", "Still here.")

        # It may come back, and an old event about its removal does no harm.
        removal = [e for e in here.sim.envelopes if "app_uninstalled" in str(e.payload)][-1]
        assert "I am in Acme now" in await here.install(here.acme)
        # What is said from now on is said later than it was removed, by the bot's clock, too.
        here.sim.state.catch_up(time.time() + 60)
        await here.asked(here.acme, "back again", "Welcome back.")
        here.sim.repeat(removal)
        await here.sim.settled()
        await here.asked(here.acme, "heard me?", "I did.")


def hasty(values: Mapping[str, str]) -> SlackAdapter:
    """Slack's adapter, which makes sure of a removal at once."""
    return SlackAdapter(
        "",
        mode_of({**values, "SLACK_HTTP_PORT": ""}),
        values["SLACK_API_URL"],
        Timing(between_checks=0.0, confirm=0.0),
        oauth=oauth_of(values),
    )


async def test_a_workspace_that_left_while_the_bot_was_away_is_forgotten(server: Valkey) -> None:
    async with guild(server, http=False) as here:
        await here.install(here.acme)
        await here.install(here.birch)
        await here.asked(here.acme, "a secret of Acme", "Safe with me.")
        await here.asked(here.birch, "a secret of Birch", "With me, too.")
        assert await here.stage.stop() == 0
        here.sim.uninstall(here.acme.space, told=False)
        adapter = hasty(here.stage.environment())
        await here.stage.start(adapters={"slack": adapter})
        # The store does not report changes; each look takes a round trip.
        async with asyncio.timeout(50):
            while f"installation:{here.acme.space.id}" in (text := await here.stored()):
                pass
        assert "secret of Acme" not in text
        assert "secret of Birch" in text
        await here.asked(here.birch, "still here?", "Still here.")


async def test_a_dead_token_of_one_workspace_does_not_stop_the_others(server: Valkey) -> None:
    async with guild(server) as here:
        await here.install(here.acme)
        await here.install(here.birch)
        await here.asked(here.acme, "do you know me?", "I do.")
        # There is no newer one to be had either.
        here.sim.expire(here.acme.space)
        here.acme.space.refresh = "used up"
        here.stage.openai.script.append(Answer("Nobody reads this."))
        here.ask(here.acme, "hello?")
        await here.sim.until(lambda: any(call.error for call in here.sim.calls("chat.postMessage")))
        await here.asked(here.birch, "and you?", "Here I am.")


async def test_an_organisation_installs_it_for_all_its_workspaces(server: Valkey) -> None:
    async with guild(server) as here:
        for town in (here.acme, here.birch):
            town.space.enterprise_id = "E0ORGANISATION"
        await here.install(here.acme, whole=True)
        for town in (here.acme, here.birch):
            if here.acme.space.bot.id not in town.room.members:
                town.room.members.append(here.acme.space.bot.id)
        await here.asked(here.acme, "hello from Acme", "Hello Acme.")
        await here.asked(here.birch, "hello from Birch", "Hello Birch.")
        text = await here.stored()
        assert "installation:E0ORGANISATION" in text
        assert "slack:E0ORGANISATION:" in text


async def test_a_user_group_is_known_where_an_organisation_has_installed_it(
    server: Valkey,
) -> None:
    async with guild(server) as here:
        for town in (here.acme, here.birch):
            town.space.enterprise_id = "E0ORGANISATION"
        await here.install(here.acme, whole=True)
        for town in (here.acme, here.birch):
            if here.acme.space.bot.id not in town.room.members:
                town.room.members.append(here.acme.space.bot.id)
        # It is in the workspace that Slack names last.
        group = here.sim.add_group(here.birch.person, workspace=here.birch.space)
        await here.restart(BOBBIN_ALLOW=f"slack:role:{group.id}")
        await here.asked(here.birch, "hello from Birch", "Hello Birch.")
        await here.asked(here.birch, "and again", "Hello again.")
        assert len(here.sim.calls("usergroups.users.list")) == 2
        refused = here.ask(here.acme, "hello from Acme")
        await here.sim.settled()
        assert here.sim.replies(refused) == []
        assert len(here.stage.openai.chats) == 2
        group.handle = "weavers"
        await here.asked(here.birch, f"who is <!subteam^{group.id}>?", "You are.")
        assert "who is @weavers?\n" in here.stage.openai.chats[-1].text


BEGINNING = "This is only the beginning of it,"
WHOLE = f"{BEGINNING} and this is the end."


def cut_short() -> Answer:
    """An answer that waits after its beginning."""
    return Answer([BEGINNING, " and this is the end."]).hold(after=1)


async def told(here: Guild, town: Town) -> Message:
    """Somebody asks in a direct message, and sees the beginning of the answer."""
    root = here.sim.say(here.sim.open_dm(town.person), town.person, "tell me")
    await until_said(here, root, BEGINNING)
    return root


async def until_said(here: Guild, root: Message, text: str) -> None:
    """Wait until the answer in a thread is this."""
    await here.sim.until(lambda: [m.text for m in here.sim.replies(root)] == [text])


async def test_answers_stream_in_every_workspace_with_its_own_token(server: Valkey) -> None:
    async with guild(server, slack=NATIVE) as here:
        sim = here.sim
        for town in (here.acme, here.birch):
            await here.install(town)
            answer = cut_short()
            here.stage.openai.script.append(answer)
            root = await told(here, town)
            assert sim.shows_stop(root)
            answer.release_all()
            await until_said(here, root, WHOLE)
            await sim.until(lambda root=root: not sim.shows_stop(root))
            for method in ("chat.startStream", "chat.stopStream"):
                call = sim.calls(method)[-1]
                assert (call.token, call.error) == (town.space.token, None)
            assert sim.calls("chat.startStream")[-1].params["recipient_team_id"] == town.space.id
        assert sim.calls("chat.postMessage") == []


async def test_slacks_stop_ends_the_answer_of_the_workspace_it_is_pressed_in(
    server: Valkey,
) -> None:
    async with guild(server, slack=NATIVE) as here:
        sim, answers = here.sim, [cut_short(), cut_short()]
        here.stage.openai.script.extend(answers)
        roots: list[Message] = []
        for town in (here.acme, here.birch):
            await here.install(town)
            roots.append(await told(here, town))
        sim.stop_session(sim.replies(roots[0])[0], here.acme.person)
        await sim.until(lambda: not sim.shows_stop(roots[0]))
        await sim.until(lambda: "stopped" in sim.replies(roots[0])[0].text)
        assert sim.shows_stop(roots[1])
        answers[1].release_all()
        await until_said(here, roots[1], WHOLE)


async def test_a_direct_message_streams_where_an_organisation_has_installed_it(
    server: Valkey,
) -> None:
    """Who it is for is not said: an organisation is no workspace that somebody belongs to."""
    async with guild(server, slack=NATIVE) as here:
        for town in (here.acme, here.birch):
            town.space.enterprise_id = "E0ORGANISATION"
        await here.install(here.acme, whole=True)
        answer = cut_short()
        here.stage.openai.script.append(answer)
        root = await told(here, here.acme)
        answer.release_all()
        await until_said(here, root, WHOLE)
        await here.sim.until(lambda: not here.sim.shows_stop(root))
        assert here.sim.calls("chat.postMessage") == []
