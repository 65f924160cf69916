"""What a turn costs the store, however long the conversation has been going on."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.counting import CountingProxy, counting_proxy
from benchmarks.figures import Spread, both, table
from benchmarks.scene import Pace
from benchmarks.stage import open_stage
from bot.chat import Author, Incoming, MessageRef, Spot, ThreadKey
from bot.ids import new_id
from bot.records import Entry, Summary, Tally
from bot.storage.connect import open_redis
from bot.storage.scripts import EACH
from bot.storage.threads import Threads
from bot.storage.types import Done, Draft, Restored, Turn
from tests.servers import Valkey, valkey_server

SIZES = (10, 1_000, 100_000)
WINDOW = 30
"""Messages after the summary: about what a window of 8,000 tokens holds."""
WARM_UP = 5
BOTS_OWN = ("TIME", EACH.name, "PING", "HELLO", "CLIENT", "INFO", "AUTH", "SELECT")
"""What a process asks now and then whether or not there is a turn."""

ADA = Author("u1", "Ada")


@dataclass(frozen=True, slots=True)
class Cost:
    """What turns in a thread of `stored` messages take.

    Attributes:
        stored: Messages in the log before the first of them.
        begin: Seconds to take the message and get all that the turn needs.
        note: Seconds to note where the answer is being written.
        commit: Seconds to end the turn.
        turn: The three together.
        trips: Round trips of whole turns of a running bot, by name, and how many turns that were.
    """

    stored: int
    begin: Spread
    note: Spread
    commit: Spread
    turn: Spread
    trips: Counter[str]
    turns: int


async def measure(sizes: Sequence[int] = SIZES, turns: int = 200, real: int = 4) -> list[Cost]:
    """Measure `turns` turns of the store alone, and `real` ones of a running bot, for each size."""
    costs: list[Cost] = []
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-bench-") as folder,
        valkey_server(Path(folder), persist=True) as server,
    ):
        for stored in sizes:
            times = await _alone(server, stored, turns)
            trips = await _running(server, stored, real) if real else Counter[str]()
            begin, note, commit = (Spread.of(values) for values in zip(*times, strict=True))
            whole = Spread.of([sum(each) for each in times])
            costs.append(Cost(stored, begin, note, commit, whole, trips, real))
    return costs


async def _alone(server: Valkey, stored: int, turns: int) -> list[tuple[float, float, float]]:
    """Seconds of begin, note and commit for each turn."""
    client = open_redis(server.url)
    threads = Threads(client, worker="bench", clock=time.time, new_id=new_id)
    thread = ThreadKey("bench", "space", "channel", f"t{stored}")
    try:
        await fill(threads, thread, stored)
        times: list[tuple[float, float, float]] = []
        for number in range(turns + WARM_UP):
            times.append(await _turn(threads, thread, number))
            if number % WINDOW == WINDOW - 1:
                await _fold(threads, thread)
        return times[WARM_UP:]
    finally:
        await client.aclose()


async def _turn(threads: Threads, thread: ThreadKey, number: int) -> tuple[float, float, float]:
    event = Incoming(
        event_id=f"{thread}-{number}",
        thread=thread,
        ref=MessageRef(thread.thread, f"{number}"),
        author=ADA,
        text=f"and what about {number}?",
        at=time.time(),
        position=number,
        addressed=True,
    )
    start = time.perf_counter()
    turn = await threads.begin(event)
    begun = time.perf_counter()
    if not isinstance(turn, Turn):
        raise RuntimeError(f"no turn but {turn}")
    ref = MessageRef(thread.thread, f"a{number}")
    await threads.renew(turn.lease, Draft(Spot(thread.thread), (ref,)))
    noted = time.perf_counter()
    said = Entry("user", event.text, event.at, ADA.id, ADA.name, (event.ref.message,), tokens=8)
    answer = Entry("assistant", "It goes over and under. " * 20, event.at, tokens=120)
    done = await threads.commit(turn.lease, (said, answer), Tally(turns=1), {})
    end = time.perf_counter()
    if done is not Done.IDLE:
        raise RuntimeError(f"the turn ended with {done}")
    return begun - start, noted - begun, end - noted


async def fill(threads: Threads, thread: ThreadKey, stored: int) -> None:
    """A conversation of so many messages, all but the last of them summarised."""
    entries = [
        Entry("assistant", "Over and under. " * 10, 1.7e9 + number, tokens=45, seq=number)
        if number % 2 == 0
        else Entry(
            "user", f"question {number}", 1.7e9 + number, ADA.id, ADA.name, tokens=8, seq=number
        )
        for number in range(1, stored + 1)
    ]
    upto = max(0, stored - WINDOW)
    summary = Summary("They talked about weaving.", upto, 1, "model") if upto else Summary()
    tally = Tally(turns=stored // 2)
    done = await threads.restore(thread, entries, summary, tally, {}, replacing=True)
    if done is not Restored.DONE:
        raise RuntimeError(f"the thread could not be filled: {done}")


async def _fold(threads: Threads, thread: ThreadKey) -> None:
    """Fold the older part, as the bot does past its high mark."""
    now = await threads.take_window(thread)
    upto = now.window[-WINDOW].seq
    summary = Summary("They talked about weaving.", upto, now.summary.version + 1, "model")
    await threads.fold(thread, now.summary, summary)


async def _running(server: Valkey, stored: int, turns: int) -> Counter[str]:
    """Round trips of whole turns, from a message without a mention to the committed answer."""
    path = server.url.removeprefix("unix://")
    pace = Pace(first_token=0.05, rate=0, tokens=60)
    async with (
        counting_proxy(path) as proxy,
        open_stage("discord", pace, {"REDIS_URL": proxy.url}) as stage,
    ):
        asked = await stage.platform.order(
            "ask", first=0, count=1, tokens=pace.tokens, patience=30.0
        )
        space, channel, message = asked["threads"][0]
        thread = ThreadKey("discord", space, channel, message)
        client = open_redis(server.url)
        try:
            threads = Threads(client, worker="bench", clock=time.time, new_id=new_id)
            await _until_committed(threads, thread)
            await fill(threads, thread, stored)
            before = proxy.trips.copy()
            for number in range(1, turns + 1):
                await stage.platform.order(
                    "follow", thread=message, number=number, tokens=pace.tokens, patience=30.0
                )
                await _until_committed(threads, thread)
        finally:
            await client.aclose()
        return _of_turns(proxy, before)


async def _until_committed(threads: Threads, thread: ThreadKey) -> None:
    """The answer is seen a moment before the turn ends, which only the store tells."""
    for _ in range(200):
        if not (await threads.take_window(thread)).running:
            return
        await asyncio.sleep(0.05)
    raise RuntimeError("the turn does not end")


def _of_turns(proxy: CountingProxy, before: Counter[str]) -> Counter[str]:
    return Counter(
        {name: count for name, count in (proxy.trips - before).items() if name not in BOTS_OWN}
    )


def report(costs: Sequence[Cost]) -> str:
    """The figures as Markdown."""
    rows = [
        (
            f"{cost.stored:,}",
            f"{cost.trips.total() / cost.turns:.1f}" if cost.turns else "–",
            ", ".join(f"{name} {count / cost.turns:.1f}" for name, count in cost.trips.items()),
            both(cost.begin),
            both(cost.note),
            both(cost.commit),
            both(cost.turn),
        )
        for cost in costs
    ]
    header = ("stored messages", "round trips", "which", "begin", "note", "commit", "all three")
    return table(header, rows)
