"""Who is answered on Slack, and how much they may use."""

from __future__ import annotations

import re

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
