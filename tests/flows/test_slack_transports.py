"""The guarantees of delivery, over sockets and by HTTP: answered once, whatever Slack repeats."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.manifest import manifest
from tests.contracts.slack_rig import ADDRESS
from tests.flows.acme import Acme, acme, words
from tests.flows.process import open_slack_town
from tests.flows.program import PATIENCE
from tests.flows.stage import PATIENT, SCALE
from tests.flows.test_outage_redis import AWAY, Store, store
from tests.flows.weavers import asked_last
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer
from tests.simulators.slack_sim import Message

__all__ = ["store"]

HTTP = manifest(ADDRESS)
BEGINNING = "This is only the beginning of it,"
WHOLE = f"{BEGINNING} and this is the end."

FAST = 1000.0
"""Simulated seconds per real one, where minutes have to pass."""

TRANSPORTS = pytest.mark.parametrize("url", ["", ADDRESS], ids=["socket", "http"])


def minutes(*delays: float) -> Mapping[str, Any]:
    """A Slack that waits long for an acknowledgement, and then repeats after these seconds.

    What the bot takes does not pass faster: a status would lapse while it answers.
    """
    longer = FAST / SCALE
    timing = replace(
        PATIENT,
        ack=30.0 * FAST,
        redelivery=delays,
        trigger=PATIENT.trigger * longer,
        ticket=PATIENT.ticket * longer,
        status=PATIENT.status * longer,
    )
    return {"scale": FAST, "timing": timing, "limits": False}


@asynccontextmanager
async def over(
    server: Valkey, url: str, settings: Mapping[str, Any] | None = None, **details: Any
) -> AsyncIterator[Acme]:
    """The place, with one transport or the other."""
    slack = {"manifest": manifest(url), **(settings or {})}
    async with acme(server, slack=slack, **details) as here:
        yield here


def deliveries(here: Acme, message: Message) -> list[int]:
    """How often each event about a message was delivered."""
    return [e.attempts for e in here.sim.envelopes if e.payload["event"].get("ts") == message.ts]


async def test_a_conversation_and_a_command_by_http(server: Valkey) -> None:
    async with over(server, ADDRESS) as here:
        root = await here.conversation("hello", "Hello Ada.")
        here.openai.script.append(Answer("Next."))
        here.say(root, here.ada, "and?")
        await here.until_said(root, "Hello Ada.", "Next.")
        await here.settled()
        forgotten = here.sim.slash(
            here.general, here.ada, "/forget", f"{here.sim.permalink(root)} sure"
        )
        assert words(await here.told(forgotten)).startswith("Forgotten")
        assert "Hello Ada" not in await here.stored()
        assert here.sim.sockets.accepted == 0
        await here.restart()
        await here.conversation("again?", "Again.")


@TRANSPORTS
@pytest.mark.parametrize("order", ["mention_first", "message_first"])
async def test_what_is_repeated_after_a_second_a_minute_and_five_is_answered_once(
    server: Valkey, url: str, order: str
) -> None:
    """Slack does not get to know that each of the first three deliveries was taken."""
    settings = {**minutes(1.0, 60.0, 300.0), "mention_order": order}
    async with over(server, url, settings) as here:
        here.openai.script.append(Answer("Once."))
        root = here.ask(here.ada, "hello")
        here.sim.lose_acks(root, 3)
        await here.until_said(root, "Once.")
        await here.sim.settled()
        assert deliveries(here, root) == [4, 4]

        here.openai.script.append(Answer("Next."))
        follow = here.say(root, here.ada, "and?")
        here.sim.lose_acks(follow, 3)
        await here.until_said(root, "Once.", "Next.")
        await here.sim.settled()
        assert deliveries(here, follow) == [4]
        await here.settled()
        assert len(here.openai.chats) == 2
        assert here.said(root) == ["Once.", "Next."]


@TRANSPORTS
async def test_what_comes_out_of_order_is_considered_once(server: Valkey, url: str) -> None:
    async with over(server, url) as here:
        root = await here.conversation("hello", "Hello.")
        held = Answer([BEGINNING, " and this is the end."]).hold(1)
        here.openai.script.extend([held, Answer("To all of you.")])
        late = here.sim.say(here.general, here.ada, "first", thread=root, deliver=False)
        here.say(root, here.ben, "second")
        await here.sim.until(lambda: here.said(root)[-1] == BEGINNING)
        fourth = here.sim.say(here.general, here.ben, "fourth", thread=root, deliver=False)
        fifth = here.sim.say(here.general, here.ada, "fifth", thread=root, deliver=False)
        for message in (fifth, late, fourth, fifth, late):
            here.sim.redeliver(message, 1)
        await here.sim.settled()
        held.release_all()
        await here.until_said(root, "Hello.", WHOLE, "To all of you.")
        await here.settled()
        asked = here.openai.chats[-1].texts("user")
        said = [text.partition("\n")[0] for text in asked]
        for text in ("Ada: first", "Ben: second", "Ben: fourth", "Ada: fifth"):
            assert sum(line.startswith(text) for line in said) == 1, said
        # What is answered together stands in the order in which it was said.
        together = [line for line in said if line.startswith(("Ada: first", "Ben: f", "Ada: f"))]
        assert together[-2:] == ["Ben: fourth", "Ada: fifth"]
        assert len(here.openai.chats) == 3


async def test_by_http_an_outage_of_the_store_is_told_and_made_up_for(store: Store) -> None:
    server = store.start()
    timing = replace(PATIENT, redelivery=(0.0, 2.0, *[4.0] * 20))
    async with over(server, ADDRESS, {"timing": timing}) as here:
        root = await here.conversation("are you there?", "Yes.")
        store.crash(server)
        asked = here.ask(here.ada, "and now?", thread=root)
        await here.sim.until(lambda: here.said(root)[1:] == [AWAY])
        sent = [e for e in here.sim.envelopes if e.payload["event"]["ts"] == asked.ts]
        await here.sim.until(lambda: all(e.reason == "http_error" for e in sent))
        store.start()
        here.openai.script.append(Answer("Here again."))
        await here.sim.until(lambda: "Here again." in here.said(root), 15)
        await here.sim.settled()
        await here.settled()
        assert here.said(root) == ["Yes.", AWAY, "Here again."]
        assert asked_last(here.openai.chats[1]) == "Ada: and now?"
        assert len(here.openai.chats) == 2


async def test_by_http_processes_take_over_from_each_other(server: Valkey, tmp_path: Path) -> None:
    """One is killed, the next is asked to end: nobody waits in vain, nothing is said twice."""
    settings = {"manifest": HTTP, "timing": replace(PATIENT, ack=40.0 * SCALE)}
    async with open_slack_town(server, tmp_path, slack=settings) as town:
        here = town.here
        first = await town.bot()
        held = Answer([BEGINNING, " and this is the end."]).hold(1)
        here.openai.script.extend(
            [Answer([BEGINNING, " and never more."]).hold(1), Answer(WHOLE), Answer("I do."), held]
        )
        root = here.ask(here.ada, "tell me")
        await town.until_said(root, BEGINNING)
        await here.sim.settled(PATIENCE)
        second = await town.bot()

        # What the first has not kept when it is killed is delivered to the second.
        naming = here.sim.faults.add("users.info", gate=asyncio.Event(), times=2)
        url = here.sim.workspace.app.request_urls[1]
        here.sim.unplug(url)
        late = here.ask(here.ben, "who hears this?")
        await asyncio.wait_for(naming.arrived.wait(), PATIENCE)
        here.sim.faults.clear()
        await town.kill(first)
        here.sim.workspace.app.request_urls.append(url)
        await town.until_said(root, WHOLE)
        await here.sim.until(lambda: here.said(late) or here.sim.retry_now(), PATIENCE)
        await here.sim.settled(PATIENCE)
        assert here.said(late) == ["I do."]

        # At SIGTERM nothing new is let in, and the answer is finished.
        again = here.ask(here.ada, "tell me more")
        await town.until_said(again, BEGINNING)
        await here.sim.settled(PATIENCE)
        await town.bot()
        here.openai.script.append(Answer("For the other process."))
        ending = asyncio.create_task(second.terminate())
        await second.prints("waiting for 1 running answer(s)", log=True)
        missed = here.ask(here.ben, "and who hears this?")
        await town.until_said(missed, "For the other process.")
        held.release_all()
        assert (await ending).code == 0
        await town.until_said(again, WHOLE)
        await here.sim.settled(PATIENCE)
        await here.settled()
        assert here.said(root) == [WHOLE]
        assert len(here.openai.chats) == 5


async def test_a_removed_app_ends_the_bot_and_leaves_nothing(server: Valkey) -> None:
    async with acme(server, ends=None) as here:
        await here.conversation("a secret", "Kept.")
        # What shows that it is at work may be on its way still.
        here.shut_out = True
        here.sim.uninstall()
        assert await here.stage.ended() == 1
        # The end may come before the second of the two events.
        assert any(envelope.ack for envelope in here.sim.envelopes[-2:])
        here.sim.retry_now()
        here.sim.sockets.envelopes[:] = here.sim.envelopes[:-2]
