"""SIGTERM while ten answers are being written on two platforms at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.flows.acme import place
from tests.flows.process import SlackTown, open_town
from tests.flows.program import PATIENCE
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer, Request

BEGINNING = "This is only the beginning of it,"
WHOLE = f"{BEGINNING} and this is the end."
OTHER = f"{BEGINNING} and this is another end."

EACH = 5
IN_TIME = 2
"""Of the answers on each platform, so many finish within the grace."""

GRACE = "1"
LEASE = {"BOBBIN_LEASE_SECONDS": "60"}
"""What is parked does not wait for the lease to run out."""


def begun(question: str) -> Answer:
    """An answer that waits after its beginning."""
    return Answer([BEGINNING, f" and this is the end of {question}."]).hold(after=1)


async def test_sigterm_with_ten_answers_running(server: Valkey, tmp_path: Path) -> None:
    async with open_town(server, tmp_path, "slack", extra=LEASE) as town:
        openai = town.stage.openai
        here = place(town.stage)
        office = SlackTown(stage=town.stage, folder=tmp_path, here=here)
        leaving = await town.bot(BOBBIN_GRACE_SECONDS=GRACE, **LEASE)

        held: dict[str, Answer] = {}
        for where in ("discord", "slack"):
            for number in range(EACH):
                name = f"{where} {number}"
                held[name] = begun(name)

                def asks(request: Request, name: str = name) -> bool:
                    return f"question {name}" in request.last_user_text

                openai.script.on(asks, held[name])
        asked = [await town.ask(f"question discord {number}") for number in range(EACH)]
        threads = [await town.thread(each) for each in asked]
        roots = [here.ask(here.ada, f"question slack {number}") for number in range(EACH)]
        for thread in threads:
            await town.until_said(thread, BEGINNING)
        for root in roots:
            await office.until_said(root, BEGINNING)
        drafts = [town.sim.messages(thread, by=town.sim.bot)[0] for thread in threads]
        halves = [here.sim.replies(root)[0] for root in roots]

        ending = asyncio.create_task(leaving.terminate())
        await leaving.prints(f"waiting for {2 * EACH} running answer(s)", log=True)
        # The intake has stopped: what is said now is another process's to hear.
        late = await town.ask("who hears this?")
        later = here.ask(here.ben, "and who hears that?")
        for name, answer in held.items():
            if int(name[-1]) < IN_TIME:
                answer.release_all()
        ended = await ending
        assert ended.code == 0
        said = [town.said(thread) for thread in threads] + [here.said(root) for root in roots]
        names = list(held)
        for name, texts in zip(names, said, strict=True):
            whole = f"{BEGINNING} and this is the end of {name}."
            assert texts == [whole if int(name[-1]) < IN_TIME else BEGINNING]
        assert len(openai.chats) == 2 * EACH

        openai.script.on(
            lambda request: "question" in request.last_user_text, Answer(OTHER), times=None
        )
        await town.bot(**LEASE)
        for number in range(EACH):
            last = [OTHER, OTHER]
            if number < IN_TIME:
                last = [
                    f"{BEGINNING} and this is the end of {names[number + n]}." for n in (0, EACH)
                ]
            await town.until_said(threads[number], last[0])
            await office.until_said(roots[number], last[1])
        thread = await town.thread(late)
        await town.sim.until(lambda: town.said(thread), PATIENCE)
        here.sim.retry_now()
        await here.sim.until(lambda: here.said(later), PATIENCE)
        await here.settled()
        await office.until_silent()

        # The same messages carry the answers, and nothing was asked or said twice.
        assert [town.sim.messages(thread, by=town.sim.bot) for thread in threads] == [
            [draft] for draft in drafts
        ]
        assert [here.sim.replies(root) for root in roots] == [[half] for half in halves]
        assert town.said(thread) == [
            "Ada said: who hears this? (I have read 2 messages, 1 from people.)"
        ]
        assert here.said(later)[0].startswith("Ben said: and who hears that?")
        assert len(openai.chats) == 2 * EACH + 2 * (EACH - IN_TIME) + 2
        here.check()
