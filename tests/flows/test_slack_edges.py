"""What people do to a conversation while it goes on."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tests.flows.acme import acme
from tests.flows.stage import QUICK
from tests.flows.weavers import asked_last
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

BEGINNING = "This is only the beginning of it,"


@pytest.mark.parametrize("told", [True, False])
async def test_a_question_that_is_deleted_at_once_is_not_answered(
    server: Valkey, told: bool
) -> None:
    async with acme(server) as here:
        held = Answer("You wanted to know.").hold()
        here.openai.script.append(held)
        root = here.ask(here.ada, "never mind")
        await here.until_asked(1)
        if told:
            here.sim.delete(root)
            await here.sim.settled()
        else:
            root.deleted = True
            here.sim.faults.add("chat.postMessage", error="thread_not_found")
        held.release_all()
        await here.settled()
        assert here.said(root) == []
        await here.conversation("and now?", "Still here.")
        assert len(here.sim.calls("chat.postMessage")) == (1 if told else 2)


async def test_a_thread_broadcast_is_part_of_the_conversation(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("hello", "Hello.")
        here.openai.script.append(Answer("Heard."))
        here.sim.say(here.general, here.ben, "for everybody", thread=root, broadcast=True)
        await here.until_said(root, "Hello.", "Heard.")
        assert asked_last(here.openai.chats[1]) == "Ben: for everybody"


async def test_somebody_of_another_company_is_answered_but_no_admin(server: Valkey) -> None:
    async with acme(server, extra={"BOBBIN_OUTSIDERS": "on"}) as here:
        guest = here.sim.add_user("Gus", external_team="T0THEIRS", admin=True)
        shared = here.sim.add_channel("shared", shared=True, members=[here.ada, guest])
        root = await here.conversation("our secret is red", "Red it is.", shared)
        here.openai.script.append(Answer("Hello Gus."))
        other = here.ask(guest, "hello", shared)
        await here.until_said(other, "Hello Gus.")
        await here.settled()
        here.ask(guest, "forget", shared, thread=root)
        note = await here.whispered(guest, shared)
        assert note.text.startswith("Only people who took part")


async def test_a_quiet_end_waits_for_the_answer(server: Valkey) -> None:
    async with acme(server) as here:
        held = Answer([BEGINNING, " and the end."]).hold(1)
        here.openai.script.append(held)
        root = here.ask(here.ada, "a story")
        await here.until_said(root, BEGINNING)
        held.release_all()
        assert await here.stage.stop() == 0
        assert here.said(root) == [f"{BEGINNING} and the end."]


async def test_an_answer_that_is_cut_off_by_the_end_is_finished_by_the_next(server: Valkey) -> None:
    async with acme(server, timing=replace(QUICK, grace=0.05)) as here:
        here.openai.script.append(Answer([BEGINNING, " and the end."]).hold(1))
        root = here.ask(here.ada, "a story")
        await here.until_said(root, BEGINNING)
        [before] = here.sim.replies(root)
        here.openai.script.append(Answer("Another story, all of it."))
        assert await here.stage.stop() == 0
        await here.stage.start()
        await here.until_said(root, "Another story, all of it.")
        assert [m.ts for m in here.sim.replies(root)] == [before.ts]


async def test_a_name_that_comes_late_is_used_from_then_on(server: Valkey) -> None:
    async with acme(server, extra={"BOBBIN_OUTSIDERS": "on"}) as here:
        late = asyncio.Event()
        here.sim.faults.add("users.info", gate=late)
        root = await here.conversation("my loom is red", "A red loom.")
        late.set()
        here.openai.script.append(Answer("Yes, Ada."))
        await here.sim.until(lambda: here.sim.calls("users.info")[0].status)
        here.say(root, here.ada, "do you know me?")
        await here.until_said(root, "A red loom.", "Yes, Ada.")
        assert asked_last(here.openai.chats[1]) == "Ada: do you know me?"


async def test_without_the_right_to_read_mentions_are_answered(server: Valkey) -> None:
    scopes = {"app_mentions:read", "chat:write", "users:read", "commands"}
    async with acme(server, slack={"scopes": scopes}) as here:
        root = await here.conversation("can you read?", "Only when mentioned.")
        here.say(root, here.ada, "and this?")
        here.openai.script.append(Answer("This, yes."))
        here.ask(here.ada, "and now?", thread=root)
        await here.until_said(root, "Only when mentioned.", "This, yes.")
        assert asked_last(here.openai.chats[1]) == "Ada: and now?"
        assert len(here.openai.chats) == 2


async def test_two_processes_share_the_events(server: Valkey) -> None:
    async with acme(server) as here:
        other = await here.replica()
        root = await here.conversation("0", "0")
        for number in range(1, 4):
            here.openai.script.append(Answer(str(number)))
            here.say(root, here.ada, str(number))
            await here.sim.until(lambda number=number: len(here.said(root)) == number + 1)
        await here.sim.settled()
        await here.settled()
        assert len({ack.connection for ack in here.sim.acks}) > 2
        assert here.openai.chats[-1].texts("assistant") == ["0", "1", "2"]
        assert len(here.openai.chats) == 4

        # A stop reaches the answer wherever it is being written.
        for _ in range(3):
            here.openai.script.append(Answer([BEGINNING, " and the end."]).hold(1))
            here.say(root, here.ada, "a story")
            await here.sim.until(lambda: here.said(root)[-1] == BEGINNING)
            here.say(root, here.ada, "!stop")
            await here.sim.until(lambda: here.said(root)[-1].endswith("*(stopped)*"))
            await here.settled()
        assert await other.stop() == 0
