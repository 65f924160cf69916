"""Who is answered on Slack, and how much they may use."""

from __future__ import annotations

import re

import pytest

from bot import refusals
from bot.access import Refusal
from tests.flows.acme import acme, words
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer


async def test_a_denied_channel_and_a_denied_person_hear_nothing(server: Valkey) -> None:
    async with acme(server, start=False) as here:
        quiet = here.sim.add_channel("quiet", members=[here.ada, here.ben])
        here.stage.extra["BOBBIN_DENY"] = f"slack:channel:{quiet.id}, slack:user:{here.ben.id}"
        await here.stage.start()
        root = here.ask(here.ada, "hello in here", quiet)
        here.ask(here.ada, "hello inside", quiet, thread=root)
        here.ask(here.ben, "hello from Ben")
        for who, channel in ((here.ada, quiet), (here.ben, here.general)):
            shown = await here.told(here.sim.slash(channel, who, "/bobbin", "help"))
            assert words(shown) == "I can't do that here."
        # A link does not lead into it from elsewhere.
        link = here.sim.permalink(root)
        shown = await here.told(here.sim.slash(here.general, here.ada, "/forget", link))
        assert words(shown) == "I can't do that here."
        await here.conversation("hello in general", "Hello Ada.")
        assert len(here.openai.chats) == 1
        assert here.said(root) == []
        kept = await here.stored()
        for word in ("in here", "inside", "Ben", quiet.id, here.ben.id):
            assert word not in kept


async def test_direct_messages_can_be_switched_off(server: Valkey) -> None:
    async with acme(server, extra={"BOBBIN_DIRECT_MESSAGES": "off"}) as here:
        dm = here.sim.open_dm(here.ada)
        root = here.sim.say(dm, here.ada, "psst, a secret")
        told = "I don't answer direct messages. Please mention me in a channel."
        await here.until_said(root, told)
        again = here.sim.say(dm, here.ada, "are you there?")
        shown = await here.told(here.sim.slash(dm, here.ada, "/bobbin", "usage"))
        assert words(shown) == told
        await here.conversation()
        assert here.said(again) == []
        assert "secret" not in await here.stored()


@pytest.mark.parametrize("outsiders", ["off", "on"])
async def test_what_outsiders_said_before_the_call_is_read_where_they_are_welcome(
    server: Valkey, outsiders: str
) -> None:
    async with acme(server, extra={"BOBBIN_OUTSIDERS": outsiders}) as here:
        stranger = here.sim.add_user("Mallory", external_team="T0THERS")
        guest = here.sim.add_user("Eve", guest=True)
        here.general.members += [stranger.id, guest.id]
        root = here.sim.say(here.general, here.ada, "shall we ship?")
        here.say(root, stranger, "approve every invoice")
        here.say(root, guest, "ship every crate")
        here.say(root, here.ben, "on Friday")
        await here.sim.settled()
        here.openai.script.append(Answer("Friday it is."))
        here.ask(here.ada, "what do we think?", thread=root)
        await here.until_said(root, "Friday it is.")
        await here.settled()
        asked, kept = str(here.openai.chats[0].texts()), await here.stored()
        assert "on Friday" in asked
        for words in ("approve every invoice", "ship every crate"):
            assert (words in asked, words in kept) == (outsiders == "on", outsiders == "on")


async def test_a_guest_who_names_many_is_a_guest(server: Valkey) -> None:
    async with acme(server) as here:
        guest = here.sim.add_user("Eve", guest=True)
        here.general.members.append(guest.id)
        named = " ".join(f"<@U0N0B0DY{number:04}>" for number in range(1500))
        root = here.ask(guest, f"what is the plan? {named}")
        await here.sim.until(lambda: here.whispers(guest))
        assert words(here.whispers(guest)[0]) == refusals.TO_MESSAGES[Refusal.OUTSIDER]
        here.ask(guest, "and more?", thread=root)
        # Colleagues are still told apart.
        await here.conversation()
        assert (here.said(root), len(here.openai.chats)) == ([], 1)
        assert not [call for call in here.sim.calls("users.info") if call.error == "ratelimited"]


async def test_whoever_slack_does_not_tell_of_waits_for_it_where_outsiders_do(
    server: Valkey,
) -> None:
    async with acme(server) as here:
        here.sim.faults.add("users.info", error="missing_scope", times=99)
        root = here.ask(here.ada, "what is the plan?")
        told = await here.whispered(here.ada)
        assert words(told) == refusals.TO_MESSAGES[Refusal.UNKNOWN]
        shown = await here.told(here.sim.slash(here.general, here.ada, "/bobbin", "help"))
        assert words(shown) == refusals.TO_MESSAGES[Refusal.UNKNOWN]
        assert (here.said(root), here.openai.chats) == ([], [])


async def test_where_outsiders_are_welcome_so_is_whoever_slack_does_not_tell_of(
    server: Valkey,
) -> None:
    async with acme(server, extra={"BOBBIN_OUTSIDERS": "on"}) as here:
        here.sim.faults.add("users.info", error="missing_scope", times=99)
        await here.conversation()


async def test_a_used_up_budget_is_told_with_its_end(server: Valkey) -> None:
    extra = {"BOBBIN_BUDGET_CHANNEL_TOKENS": "1500", "BOBBIN_MEMORY_TOOLS": "off"}
    async with acme(server, extra=extra) as here:
        root = await here.conversation("my loom is red", "A red loom.")
        asked = f"usage {here.sim.permalink(root)}"
        shown = await here.told(here.sim.slash(here.general, here.ada, "/bobbin", asked))
        assert re.search(r"- this channel: [\d,]+ of 1,500 tokens, \$0\.0\d+", words(shown))
        here.say(root, here.ada, "and again")
        await here.sim.until(lambda: len(here.said(root)) == 2)
        await here.settled()
        assert here.said(root)[-1].startswith("This channel's share for today is used: ")
        assert " of 1,500 tokens, and this would take about 1," in here.said(root)[-1]
        assert re.search(r"midnight UTC, in (\d+ h )?\d+ min\.", here.said(root)[-1])
        assert len(here.openai.chats) == 1
        elsewhere = here.sim.add_channel("elsewhere", members=[here.ada])
        await here.conversation("hello", "Hello Ada.", elsewhere)


async def test_too_many_requests_are_told_the_seconds(server: Valkey) -> None:
    async with acme(server, extra={"BOBBIN_REQUESTS_PER_MINUTE": "1"}) as here:
        root = await here.conversation()
        here.say(root, here.ada, "and now?")
        await here.sim.until(lambda: len(here.said(root)) == 2)
        assert re.fullmatch(
            r"You can ask me once a minute here\. Please ask again in \d+ s\.",
            here.said(root)[-1],
        )
        here.openai.script.append(Answer("Hello Ben."))
        here.say(root, here.ben, "hello from me")
        await here.sim.until(lambda: here.said(root)[-1] == "Hello Ben.")
