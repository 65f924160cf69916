"""Who is answered on Discord, and how much they may use."""

from __future__ import annotations

import re

from tests.flows.weavers import weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer


async def test_a_denied_channel_and_a_denied_person_hear_nothing(server: Valkey) -> None:
    async with weavers(server, start=False) as here:
        quiet = await here.sim.add_text_channel(here.guild, "quiet")
        here.stage.extra["BOBBIN_DENY"] = f"discord:channel:{quiet.id} discord:user:{here.ben.id}"
        await here.stage.start()
        await here.ask(here.ada, "hello in here", quiet)
        await here.ask(here.ben, "hello from Ben")
        # A thread of the channel is covered, too.
        thread = await here.sim.start_thread(quiet, None, "inside", here.ada)
        await here.ask(here.ada, "hello inside", thread)
        for who, channel in ((here.ada, quiet), (here.ada, thread), (here.ben, here.general)):
            call = await here.sim.slash(channel, who, "help")
            assert (await call.answered()).content == "I can't do that here."
            assert call.ephemeral
        await here.conversation("hello in general", "Hello Ada.")
        assert len(here.openai.chats) == 1
        assert here.posts(quiet) == here.posts(thread) == []
        kept = await here.stored()
        for word in ("in here", "inside", "Ben", str(quiet.id), str(here.ben.id)):
            assert word not in kept


async def test_direct_messages_can_be_switched_off(server: Valkey) -> None:
    async with weavers(server, extra={"BOBBIN_DIRECT_MESSAGES": "off"}) as here:
        dm = here.sim.open_dm(here.ada)
        await here.sim.say(dm, here.ada, "psst, a secret")
        told = "I don't answer direct messages. Please mention me in a channel."
        await here.until_said(dm, told)
        await here.sim.say(dm, here.ada, "are you there?")
        call = await here.sim.slash(dm, here.ada, "usage")
        assert (await call.answered()).content == told
        await here.conversation()
        assert here.said(dm) == [told]
        assert "secret" not in await here.stored()


async def test_a_used_up_budget_is_told_with_its_end(server: Valkey) -> None:
    extra = {"BOBBIN_BUDGET_USER_TOKENS": "3000", "BOBBIN_BUDGET_SPACE_COST": "5"}
    async with weavers(server, extra=extra) as here:
        boss = here.sim.add_user("boss", "Boss")
        keepers = await here.sim.add_role(here.guild, "Keepers", "manage_threads")
        here.sim.give_role(here.guild, boss, keepers)
        thread = await here.conversation("my loom is red", "A red loom.")
        taken = here.openai.chats[0].usage
        assert taken is not None
        used = taken["prompt_tokens"] + taken["completion_tokens"]
        call = await here.sim.slash(thread, here.ada, "usage")
        told = (await call.answered()).content
        assert re.search(rf"- you: {used} of 3,000 tokens, \$0\.0\d+\n", told)
        assert "this whole server" not in told
        told = (await (await here.sim.slash(thread, boss, "usage")).answered()).content
        assert re.search(r"whole server or workspace: [\d,]+ tokens, \$[\d.]+ of \$5", told)

        # An answer is expected to have a thousand tokens; here is less left than two of them.
        here.openai.script.append(Answer("word " * 700))
        await here.sim.say(thread, here.ada, "write something long")
        await here.sim.until(lambda: len(here.said(thread)) >= 2 and len(here.openai.chats) == 2)
        await here.settled()
        before = len(here.posts(thread))
        await here.sim.say(thread, here.ada, "and again")
        await here.sim.until(lambda: len(here.posts(thread)) == before + 1)
        refusal = here.said(thread)[-1]
        await here.settled()
        assert re.fullmatch(
            r"You have used your share for today: [\d,]+ of 3,000 tokens, and this would take "
            r"about [\d,]+ tokens\. It begins anew at midnight UTC, in (\d+ h )?\d+ min\. "
            r"`!usage` shows where you stand\.",
            refusal,
        )
        assert len(here.openai.chats) == 2
        # The refused question left no trace, and others are answered.
        here.openai.script.append(Answer("It is red, Ben."))
        await here.sim.say(thread, here.ben, "what colour?")
        await here.sim.until(lambda: here.said(thread)[-1] == "It is red, Ben.")
        assert "and again" not in here.openai.chats[-1].text


async def test_a_summary_that_is_asked_for_needs_a_budget_too(server: Valkey) -> None:
    async with weavers(server, extra={"BOBBIN_REQUESTS_PER_MINUTE": "1"}) as here:
        thread = await here.conversation()
        call = await here.sim.slash(thread, here.ada, "summary")
        told = (await call.answered()).content
        assert re.fullmatch(
            r"You can ask me once a minute here\. Please ask again in \d+ s\.", told
        )
        assert len(here.openai.chats) == 1
