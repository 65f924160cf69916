"""What is told of a change, and what goes along with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.records import Entry, Summary
from bot.storage.connect import open_redis
from bot.storage.scripts import SCRIPTS
from bot.storage.threads import Threads
from bot.storage.types import Amended, Turn
from tests.servers import Valkey, lossy_proxy
from tests.units.storage.samples import ADA, BEN, THREAD, Clock, commit, exchange, message, talk
from tests.units.storage.test_changes import begun, edit, rewording, texts


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


def exchanged(turn: Turn, *, by: str) -> list[Entry]:
    """What a turn adds to the log, as the bot writes it: with the turn's id."""
    return [replace(entry, turn=by) for entry in exchange(turn, f"answer of {by}")]


async def test_the_answer_to_nothing_but_what_is_struck_goes_along(threads: Threads) -> None:
    for position in (1, 2):
        turn = await begun(threads, position)
        await commit(threads, turn, exchanged(turn, by=f"t{position}"))
    struck = await threads.strike(THREAD, ["m1"])
    assert struck.entries == 2
    assert await texts(threads) == ["question 2", "answer of t2"]


async def test_an_answer_to_somebody_else_as_well_stays(threads: Threads) -> None:
    turn = await begun(threads, 1)
    for position, author in ((2, ADA), (3, BEN)):
        await threads.begin(message(position, author=author), nonce=f"n{position}")
    both = await commit(threads, turn, exchanged(turn, by="t1"))
    assert isinstance(both, Turn)
    await commit(threads, both, exchanged(both, by="t2"))
    await threads.strike(THREAD, ["m2"])
    assert await texts(threads) == ["question 1", "answer of t1", "question 3", "answer of t2"]
    await threads.strike(THREAD, ["m3"])
    assert await texts(threads) == ["question 1", "answer of t1"]
