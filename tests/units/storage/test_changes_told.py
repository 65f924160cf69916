"""What is told of a change, and what goes along with it."""

from __future__ import annotations

from collections.abc import Callable

from bot.records import Summary
from bot.storage.connect import open_redis
from bot.storage.scripts import SCRIPTS
from bot.storage.threads import Threads
from bot.storage.types import Amended
from tests.servers import Valkey, lossy_proxy
from tests.units.storage.samples import THREAD, Clock, talk
from tests.units.storage.test_changes import edit, rewording, texts


async def test_an_edit_whose_answer_is_lost_is_told_as_it_was_made(
    server: Valkey, clock: Clock, new_id: Callable[[], str]
) -> None:
    async with lossy_proxy(server) as proxy:
        client = open_redis(proxy.url)
        await client.flushall()
        await client.script_load(SCRIPTS["amend"].text)
        threads = Threads(client, worker="w", clock=clock, new_id=new_id)
        await talk(threads, 1, 2)
        await threads.fold(THREAD, Summary(), Summary("so far", 2, 1, "model"))
        proxy.lose_reply_to(SCRIPTS["amend"].sha)
        before: list[str] = []

        async def note() -> None:
            before.extend(await texts(threads))

        amended = await threads.amend(edit(1, "what I meant", 5.0), rewording, note)
        assert proxy.lost == 1
        assert amended is Amended.UNSUMMARISED
        assert before[0] == "question 1"
        assert (await texts(threads))[0] == "what I meant"
        await client.aclose()
