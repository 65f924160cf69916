"""The thread is archived or locked while an answer grows in it."""

from __future__ import annotations

from tests.flows.weavers import PATCH, weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

BEGINNING = "This is only the beginning of it,"
WHOLE = f"{BEGINNING} and this is the end."


def held() -> Answer:
    """An answer that waits after its beginning."""
    return Answer([BEGINNING, " and this is the end."]).hold(after=1)


async def test_an_answer_in_a_thread_that_is_archived_goes_on(server: Valkey) -> None:
    async with weavers(server) as here:
        answer = held()
        here.openai.script.append(answer)
        thread = await here.thread_of(await here.ask(here.ada, "a story"))
        await here.until_said(thread, BEGINNING)
        [half] = here.posts(thread)
        await here.sim.archive(thread)
        answer.release_all()
        await here.until_said(thread, WHOLE)
        assert here.posts(thread) == [half]
        assert not thread.archived
        await here.settled()
        assert len(here.openai.chats) == 1


async def test_an_answer_in_a_thread_that_is_locked_ends_there(server: Valkey) -> None:
    async with weavers(server) as here:
        await here.sim.deny(here.general, "manage_threads")
        answer = held()
        here.openai.script.append(answer)
        thread = await here.thread_of(await here.ask(here.ada, "a story"))
        await here.until_said(thread, BEGINNING)
        await here.sim.archive(thread, locked=True)
        answer.release_all()
        await here.settled()
        assert here.said(thread) == [BEGINNING]
        tried = [call for call in here.sim.requests if call.route == PATCH and call.status >= 400]
        assert len(tried) <= 2
        await here.conversation("somewhere else", "Gladly.")
        assert len(here.openai.chats) == 2
