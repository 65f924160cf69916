"""kill -9, SIGSTOP and SIGTERM while Slack is answered: somebody finishes it, once, in order."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from adapters.slack.controls import RATING
from tests.flows.process import SlackTown, open_slack_town
from tests.flows.program import PATIENCE
from tests.flows.stage import PATIENT, QUICK, SCALE
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer
from tests.simulators.slack_sim import Message, Request

POST = "chat.postMessage"
EDIT = "chat.update"
LOOK = "conversations.replies"

BEGINNING = "This is only the beginning of it,"
WHOLE = f"{BEGINNING} and this is the end."
OTHER = f"{BEGINNING} and this is another end."

SUCCESSOR = pytest.mark.parametrize("standby", [False, True], ids=["restarted", "other-process"])

HASTY = replace(PATIENT, ack=0.5 * SCALE)
"""A Slack that does not wait long for an acknowledgement."""


def cut_short() -> Answer:
    """An answer that waits after its beginning."""
    return Answer([BEGINNING, " and this", " is the end."]).hold(after=1)


async def succeed(town: SlackTown, standby: bool) -> None:
    """Kill the process that works; another one is there already, or is started afterwards.

    The other one comes when the answer has begun, so that it is sure which of them works on it.
    """
    [working] = town.bots
    if standby:
        await town.bot()
        await town.kill(working)
    else:
        await town.kill(working)
        await town.bot()


def shown(town: SlackTown, root: Message) -> list[Message]:
    """The messages of the bot in a thread."""
    return town.here.sim.replies(root)


def clean(town: SlackTown) -> None:
    """Nothing had to be deleted for the answers to stand once."""
    assert town.here.sim.deleted_messages(town.here.general) == []


@SUCCESSOR
async def test_killed_before_anything_was_posted(
    server: Valkey, tmp_path: Path, standby: bool
) -> None:
    async with open_slack_town(server, tmp_path) as town:
        await town.bot()
        here = town.here
        here.openai.script.extend([Answer("Never read.").hold(), Answer("Here I am.")])
        root = here.ask(here.ada, "are you there?")
        await here.until_asked(1, PATIENCE)
        await here.sim.until(lambda: here.sim.status(root), PATIENCE)
        await here.sim.settled()
        assert here.said(root) == []
        await succeed(town, standby)
        await town.until_said(root, "Here I am.")
        # The line that the killed process left there is gone as well.
        await here.sim.until(lambda: here.sim.status(root) == "", PATIENCE)
        await town.settled(root)
        assert len(here.said(root)) == 2
        assert len(here.openai.chats) == 3
        clean(town)


async def test_killed_before_the_message_was_acknowledged(server: Valkey, tmp_path: Path) -> None:
    """What the killed process has not kept is Slack's: it is delivered again."""
    async with open_slack_town(server, tmp_path, slack={"timing": HASTY}) as town:
        working = await town.bot()
        here = town.here
        gate = asyncio.Event()
        naming = here.sim.faults.add("users.info", gate=gate)
        here.openai.script.append(Answer("Here I am."))
        root = here.ask(here.ada, "are you there?")
        await asyncio.wait_for(naming.arrived.wait(), PATIENCE)
        await town.kill(working)
        assert here.sim.acks == []
        assert here.openai.chats == []
        gate.set()
        await town.bot()
        here.sim.retry_now()
        await town.until_said(root, "Here I am.")
        await here.sim.settled(PATIENCE)
        copies = [e for e in here.sim.envelopes if e.payload["event"].get("ts") == root.ts]
        assert len(copies) == 2
        assert all(copy.ack is not None and copy.ack.attempt > 0 for copy in copies)
        await town.settled(root)
        assert len(here.openai.chats) == 2
        assert len(here.said(root)) == 2


@SUCCESSOR
async def test_killed_after_a_post_whose_answer_was_lost(
    server: Valkey, tmp_path: Path, standby: bool
) -> None:
    """The message is found again by its metadata: nothing in the store names it."""
    async with open_slack_town(server, tmp_path) as town:
        await town.bot()
        here = town.here
        gate = asyncio.Event()
        here.sim.faults.add(POST, after_effect=True)
        looking = here.sim.faults.add(LOOK, gate=gate, drop=True)
        here.openai.script.extend([cut_short(), Answer(OTHER)])
        root = here.ask(here.ada, "tell me")
        await asyncio.wait_for(looking.arrived.wait(), PATIENCE)
        [half] = shown(town, root)
        assert half.text == BEGINNING
        assert half.ts not in await here.stored()
        await succeed(town, standby)
        await town.until_said(root, OTHER)
        gate.set()
        await town.settled(root)
        assert shown(town, root)[0] is half
        assert len(here.said(root)) == 2
        assert len(here.sim.calls(POST)) == 2
        clean(town)


@SUCCESSOR
async def test_killed_while_streaming(server: Valkey, tmp_path: Path, standby: bool) -> None:
    async with open_slack_town(server, tmp_path) as town:
        await town.bot()
        here = town.here
        here.openai.script.extend([cut_short(), Answer(OTHER)])
        root = here.ask(here.ada, "tell me")
        await town.until_said(root, BEGINNING)
        [half] = shown(town, root)
        await succeed(town, standby)
        await town.until_said(root, OTHER)
        await town.settled(root)
        assert shown(town, root)[0] is half
        # In between may stand as much of the other answer as had come.
        first, *steps, last = half.texts
        assert (first, last) == (BEGINNING, OTHER)
        assert all(OTHER.startswith(step) for step in steps)
        assert len(here.said(root)) == 2
        assert here.openai.chats[-1].texts("assistant") == [OTHER]
        assert len(here.openai.chats) == 3
        clean(town)


@SUCCESSOR
async def test_killed_while_messages_wait(server: Valkey, tmp_path: Path, standby: bool) -> None:
    async with open_slack_town(server, tmp_path) as town:
        await town.bot()
        here = town.here
        here.openai.script.extend([cut_short(), Answer(OTHER), Answer("To both of you.")])
        root = here.ask(here.ada, "go ahead")
        await town.until_said(root, BEGINNING)
        here.say(root, here.ada, "and further")
        # Each is acknowledged, which is to say kept, before the next is said and the bot killed.
        await here.sim.settled()
        here.say(root, here.ben, "for me as well")
        await here.sim.settled()
        await succeed(town, standby)
        await town.until_said(root, OTHER, "To both of you.")
        await here.settled()
        assert len(here.openai.chats) == 3
        assert here.openai.chats[1].texts("user")[-1].startswith("Ada: go ahead")
        last = here.openai.chats[2]
        assert last.texts("assistant") == [OTHER]
        people = last.texts("user")
        assert people[:2] == ["Ada: go ahead", "Ada: and further"]
        assert people[2].startswith("Ben: for me as well")
        clean(town)


async def test_what_is_said_while_no_process_runs_is_answered(
    server: Valkey, tmp_path: Path
) -> None:
    async with open_slack_town(server, tmp_path) as town:
        working = await town.bot()
        here = town.here
        here.openai.script.extend([cut_short(), Answer(OTHER), Answer("And this.")])
        root = here.ask(here.ada, "go ahead")
        await town.until_said(root, BEGINNING)
        await here.sim.settled()
        await town.kill(working)
        late = here.say(root, here.ben, "anybody?")
        await town.bot()
        await town.until_said(root, OTHER)
        here.sim.retry_now()
        await town.until_said(root, OTHER, "And this.")
        here.sim.redeliver(root, 1)
        here.sim.redeliver(late, 2)
        await here.sim.settled()
        await town.settled(root)
        assert len(here.said(root)) == 3
        assert len(here.openai.chats) == 4


async def test_killed_after_the_last_edit_and_before_the_commit(
    server: Valkey, tmp_path: Path
) -> None:
    async with open_slack_town(server, tmp_path) as town:
        await town.bot()
        here = town.here
        held = cut_short()
        here.openai.script.extend([held, Answer(WHOLE)])
        root = here.ask(here.ada, "say it all")
        await town.until_said(root, BEGINNING)
        [half] = shown(town, root)
        gate = asyncio.Event()

        def ends(request: Request) -> bool:
            said = str(request.params.get("blocks"))
            return request.api == EDIT and WHOLE in said and RATING in said

        here.sim.faults.add(ends, after_effect=True)
        again = here.sim.faults.add(ends, gate=gate, drop=True)
        held.release_all()
        await asyncio.wait_for(again.arrived.wait(), PATIENCE)
        assert half.text == WHOLE
        await succeed(town, standby=False)
        gate.set()
        await town.settled(root)
        assert shown(town, root)[0] is half
        assert here.said(root)[0] == WHOLE
        assert len(here.said(root)) == 2
        assert here.openai.chats[-1].texts("assistant") == [WHOLE]
        clean(town)


async def test_killed_in_the_second_message_of_a_long_answer(
    server: Valkey, tmp_path: Path
) -> None:
    """All messages of the answer are taken up again, and what is not needed goes."""
    async with open_slack_town(server, tmp_path) as town:
        await town.bot()
        here = town.here
        long = "".join(f"Sentence {n} speaks of shuttles and sheds.\n\n" for n in range(300))
        here.openai.script.extend(
            [Answer([long, "The end."]).hold(after=1), Answer(f"{long}It ends otherwise.")]
        )
        root = here.ask(here.ada, "tell me all")
        await here.sim.until(lambda: len(here.said(root)) == 2, PATIENCE)
        before = shown(town, root)
        await succeed(town, standby=False)
        await here.sim.until(lambda: here.said(root)[-1].endswith("otherwise."), PATIENCE)
        await town.settled(root)
        assert shown(town, root)[:-1] == before
        told = "".join(text for message in before for text in message.text.split())
        assert told == "".join(f"{long}It ends otherwise.".split())
        clean(town)


async def test_a_frozen_process_stays_silent_when_it_thaws(server: Valkey, tmp_path: Path) -> None:
    async with open_slack_town(server, tmp_path) as town:
        frozen = await town.bot()
        here = town.here
        held = cut_short()
        here.openai.script.extend([held, Answer(OTHER)])
        root = here.ask(here.ada, "tell me")
        await town.until_said(root, BEGINNING)
        frozen.freeze()
        await town.bot()
        await town.until_said(root, OTHER)
        await here.sim.until(lambda: RATING in str(shown(town, root)[0].blocks), PATIENCE)
        before = len(here.sim.requests)
        held.release_all()
        frozen.thaw()
        await frozen.prints('"outcome": "lost", "attempt": 1', log=True)
        await town.settled(root)
        answer, _ = shown(town, root)
        assert list(dict.fromkeys(answer.texts)) == [BEGINNING, OTHER]
        late = here.sim.requests[before:]
        assert [r for r in late if r.api == EDIT and r.params["ts"] == answer.ts] == []
        assert (await frozen.terminate()).code == 0
        clean(town)


async def test_sigterm_lets_an_answer_finish(server: Valkey, tmp_path: Path) -> None:
    async with open_slack_town(server, tmp_path) as town:
        leaving = await town.bot()
        here = town.here
        held = cut_short()
        here.openai.script.extend([held, Answer("For the other process.")])
        root = here.ask(here.ada, "tell me")
        await town.until_said(root, BEGINNING)
        here.say(root, here.ada, "one more thing")
        await here.sim.settled()
        await town.bot()
        ending = asyncio.create_task(leaving.terminate())
        await leaving.prints("waiting for 1 running answer(s)", log=True)
        missed = here.ask(here.ben, "who hears this?")
        await town.until_said(missed, "For the other process.")
        held.release_all()
        assert (await ending).code == 0
        await here.sim.until(lambda: len(here.said(root)) == 2, PATIENCE)
        assert here.said(root)[0] == WHOLE
        await here.sim.until(lambda: "one more thing" in here.said(root)[1], PATIENCE)
        await here.settled()
        assert len(here.openai.chats) == 3
        clean(town)


async def test_a_second_sigterm_leaves_the_answer_to_another(
    server: Valkey, tmp_path: Path
) -> None:
    """Who cannot wait for the running answer loses nothing by it."""
    async with open_slack_town(server, tmp_path) as town:
        leaving = await town.bot()
        here = town.here
        here.openai.script.extend([cut_short(), Answer(OTHER)])
        root = here.ask(here.ada, "tell me")
        await town.until_said(root, BEGINNING)
        [half] = shown(town, root)
        ending = asyncio.create_task(leaving.terminate())
        await leaving.prints("waiting for 1 running answer(s)", log=True)
        assert (await leaving.terminate()).code != 0
        await ending
        await town.bot()
        await town.until_said(root, OTHER)
        await town.settled(root)
        assert shown(town, root)[0] is half
        assert len(here.said(root)) == 2


async def test_what_the_grace_is_too_short_for_is_parked(server: Valkey, tmp_path: Path) -> None:
    """The lease of a minute does not have to run out first."""
    async with open_slack_town(server, tmp_path, extra={"BOBBIN_LEASE_SECONDS": "60"}) as town:
        here = town.here
        await town.stage.start(replace(QUICK, grace=0.05))
        here.openai.script.extend([cut_short(), Answer(WHOLE)])
        root = here.ask(here.ada, "tell me")
        await town.until_said(root, BEGINNING)
        [half] = shown(town, root)
        assert await town.stage.stop() == 0
        assert here.said(root) == [BEGINNING]
        await here.sim.until(lambda: not here.sim.connections)
        await town.bot()
        await town.until_said(root, WHOLE)
        await town.settled(root)
        assert shown(town, root)[0] is half
        assert len(here.said(root)) == 2
        assert len(here.openai.chats) == 3
        # The store names the message: nobody had to look for it.
        assert here.sim.calls(LOOK) == []
        clean(town)


async def test_two_processes_share_the_work(server: Valkey, tmp_path: Path) -> None:
    """Each gets a part of the events, perhaps one copy of a mention; no answer is doubled."""
    async with open_slack_town(server, tmp_path) as town:
        # Neither dies, and a machine that stands still for a while kills nobody.
        await town.bot(BOBBIN_LEASE_SECONDS="30")
        await town.bot(BOBBIN_LEASE_SECONDS="30")
        here = town.here
        roots = [here.ask(here.ada, f"question {number}") for number in range(3)]
        first = "Ada said: question {} (I have read 2 messages, 1 from people.)"
        for number, root in enumerate(roots):
            await town.until_said(root, first.format(number))
        await here.settled()
        here.say(roots[0], here.ada, "and now?")
        second = "Ada said: and now? (I have read 4 messages, 2 from people.)"
        await town.until_said(roots[0], first.format(0), second)
        await here.sim.settled()
        assert len({ack.connection for ack in here.sim.acks}) > 2
        for process in town.bots:
            assert (await process.terminate()).code == 0
        assert len(here.openai.chats) == 4
        assert [len(here.said(root)) for root in roots] == [2, 1, 1]
