"""What people see of a bot that works: at once, refreshed, and gone with every end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from tests.flows.acme import Acme, acme
from tests.flows.meadow import ADA, a_meadow
from tests.flows.stage import QUICK
from tests.flows.weavers import MAKE_THREAD, weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer
from tests.simulators.slack_sim import Message

AT_ONCE = replace(QUICK, mark_after=0.0)
EYES = "👀"
BEGINNING = "Once upon a time there was a loom. "


def held() -> Answer:
    return Answer([BEGINNING, "The end."]).hold(1)


async def test_on_discord_typing_does_not_wait_for_the_thread(server: Valkey) -> None:
    async with weavers(server) as here:
        here.sim.faults.add(MAKE_THREAD, delay=20.0)
        here.openai.script.append(Answer("Hello."))
        asked = await here.ask(here.ada, "hi")
        await here.sim.until(lambda: here.sim.typings)
        # The thread was not there yet.
        assert here.sim.typings[0].channel is here.general
        assert here.sim.thread_of(asked) is None
        thread = await here.thread_of(asked)
        await here.until_said(thread, "Hello.")


async def test_on_slack_the_status_comes_before_the_model_is_heard(server: Valkey) -> None:
    async with acme(server) as here:
        answer = Answer("Hello.").hold()
        here.openai.script.append(answer)
        root = here.ask(here.ada, "hi")
        await here.sim.until(lambda: here.sim.status(root) == "is thinking…")
        assert here.said(root) == []
        answer.release_all()
        await here.until_said(root, "Hello.")
        await here.settled()
        assert here.sim.status(root) == ""


async def _errs(here: Acme, root: Message, gate: asyncio.Event) -> None:
    gate.set()
    await here.sim.until(lambda: here.said(root))


async def _stopped(here: Acme, root: Message, gate: asyncio.Event) -> None:
    here.ask(here.ada, "!stop", thread=root)


async def _forgotten(here: Acme, root: Message, gate: asyncio.Event) -> None:
    here.ask(here.ada, "!forget", thread=root)


async def _left(here: Acme, root: Message, gate: asyncio.Event) -> None:
    here.ask(here.ada, "!leave", thread=root)


async def _drained(here: Acme, root: Message, gate: asyncio.Event) -> None:
    await asyncio.wait_for(here.stage.stop(), 50)


@pytest.mark.parametrize("how", [_errs, _stopped, _forgotten, _left, _drained])
async def test_on_slack_the_status_goes_with_every_end(
    server: Valkey, how: Callable[[Acme, Message, asyncio.Event], Awaitable[None]]
) -> None:
    async with acme(server, timing=replace(QUICK, grace=0.1)) as here:
        # The model is not heard before there is a status.
        gate = asyncio.Event()
        if how is _errs:
            here.openai.faults.add(status=400, body={"error": {"message": "no"}}, gate=gate)
        here.openai.script.append(held().hold())
        root = here.ask(here.ada, "tell me a story")
        await here.sim.until(lambda: here.sim.statuses)
        await how(here, root, gate)
        await here.sim.until(lambda: here.sim.status(root) == "")
        assert all(status.ended_by in ("app", "reply") for status in here.sim.statuses)


async def test_on_discord_a_waiting_message_is_marked_until_its_turn(server: Valkey) -> None:
    async with weavers(server, timing=AT_ONCE) as here:
        answer, second = held(), Answer("Yes.").hold()
        here.openai.script.extend([answer, second])
        thread = await here.thread_of(await here.ask(here.ada, "tell me"))
        await here.until_said(thread, BEGINNING.strip())
        waiting = await here.sim.say(thread, here.ben, "and then?")
        await here.sim.until(lambda: EYES in waiting.reactions)
        answer.release_all()
        await here.until_asked(2)
        await here.sim.until(lambda: not waiting.reactions.get(EYES))
        second.release_all()
        await here.until_said(thread, f"{BEGINNING}The end.", "Yes.")
        assert "and then?" in here.openai.chats[1].last_user_text


async def test_on_slack_as_well(server: Valkey) -> None:
    async with acme(server, timing=AT_ONCE) as here:
        answer, second = held(), Answer("Yes.").hold()
        here.openai.script.extend([answer, second])
        root = here.ask(here.ada, "tell me")
        await here.until_said(root, BEGINNING.strip())
        waiting = here.say(root, here.ben, "and then?")
        await here.sim.until(lambda: "eyes" in waiting.reactions)
        answer.release_all()
        await here.until_asked(2)
        await here.sim.until(lambda: "eyes" not in waiting.reactions)
        second.release_all()
        await here.until_said(root, f"{BEGINNING}The end.", "Yes.")


async def test_where_reactions_are_refused_nothing_more_is_tried(server: Valkey) -> None:
    async with weavers(server, timing=AT_ONCE) as here:
        here.sim.faults.add(
            "PUT /channels/{channel_id}/messages/{message_id}/reactions/{emoji}/@me",
            times=9,
            code=50013,
        )
        answer = held()
        here.openai.script.extend([answer, Answer("Yes.")])
        thread = await here.thread_of(await here.ask(here.ada, "tell me"))
        await here.until_said(thread, BEGINNING.strip())
        for text in ("and then?", "and?"):
            await here.sim.say(thread, here.ben, text)
            await here.sim.until(lambda: here.sim.invalid_requests >= 1)
        answer.release_all()
        await here.until_said(thread, f"{BEGINNING}The end.", "Yes.")
        assert here.sim.invalid_requests <= 2


async def test_few_are_marked_and_all_signs_are_taken_away(server: Valkey) -> None:
    async with a_meadow(server, timing=AT_ONCE) as here:
        answer = held()
        here.stage.openai.script.extend([answer, Answer("Yes.")])
        await here.meadow.say(here.meadow.event(ADA, "tell me"))
        await here.meadow.until_posted(BEGINNING.strip())
        for number in range(6):
            await here.meadow.say(here.meadow.event(ADA, f"{number}?", addressed=False))
        await here.meadow.until(lambda: len(here.meadow.marks) == 3)
        answer.release_all()
        await here.meadow.until_posted(f"{BEGINNING}The end.", "Yes.")
        await here.meadow.until(lambda: len(here.meadow.marks) == 6)
        put = [ref for ref, waiting in here.meadow.marks if waiting]
        taken = [ref for ref, waiting in here.meadow.marks if not waiting]
        assert sorted(put) == sorted(taken) and len(set(put)) == 3


async def test_what_is_answered_soon_gets_no_sign(server: Valkey) -> None:
    async with a_meadow(server, timing=replace(QUICK, mark_after=30.0)) as here:
        answer = held()
        here.stage.openai.script.extend([answer, Answer("Yes.")])
        await here.meadow.say(here.meadow.event(ADA, "tell me"))
        await here.meadow.until_posted(BEGINNING.strip())
        await here.meadow.say(here.meadow.event(ADA, "and?", addressed=False))
        answer.release_all()
        await here.meadow.until_posted(f"{BEGINNING}The end.", "Yes.")
        assert here.meadow.marks == []
