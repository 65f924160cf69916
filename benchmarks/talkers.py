"""Conversations with the store alone, in a process of their own: `python -m benchmarks.talkers`.

Says that it is ready, waits for a line, talks for so many seconds, and prints what each turn took.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from dataclasses import dataclass, field

from bot.chat import Author, Incoming, MessageRef, Spot, ThreadKey
from bot.ids import new_id
from bot.records import Entry, Summary, Tally
from bot.storage.connect import open_redis, wait_until_ready
from bot.storage.patience import patiently
from bot.storage.threads import Threads
from bot.storage.types import Done, Draft, Turn

ADA = Author("u1", "Ada")
WINDOW = 30
"""Messages that are not summarised: what a window of 8,000 tokens holds, about."""

PATIENCE = 30.0
ANSWER = "It goes over and under. " * 20


@dataclass(slots=True)
class Spoken:
    """What turns took, in seconds; `cpu` is this process's time on a core for all of them."""

    begin: list[float] = field(default_factory=list[float])
    note: list[float] = field(default_factory=list[float])
    commit: list[float] = field(default_factory=list[float])
    cpu: list[float] = field(default_factory=list[float])

    def turns(self) -> list[float]:
        """What whole turns took."""
        return [sum(each) for each in zip(self.begin, self.note, self.commit, strict=True)]


async def converse(threads: Threads, thread: ThreadKey, spoken: Spoken) -> None:
    """Turn upon turn, for ever; what fails is tried again as the bot does."""
    for number in itertools.count(1):
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
        start, first, second = time.perf_counter(), new_id(), new_id()
        turn = await patiently(lambda e=event, n=first: threads.begin(e, nonce=n), PATIENCE)
        begun = time.perf_counter()
        if not isinstance(turn, Turn):
            raise RuntimeError(f"no turn but {turn}")
        lease, ref = turn.lease, MessageRef(thread.thread, f"a{number}")
        draft = Draft(Spot(thread.thread), (ref,))
        await patiently(lambda le=lease, d=draft: threads.renew(le, d), PATIENCE)
        noted = time.perf_counter()
        said = Entry("user", event.text, event.at, ADA.id, ADA.name, (event.ref.message,), tokens=8)
        entries = (said, Entry("assistant", ANSWER, event.at, tokens=120))
        done = await patiently(
            lambda le=lease, e=entries, n=second: threads.commit(
                le, e, Tally(turns=1), {}, nonce=n
            ),
            PATIENCE,
        )
        end = time.perf_counter()
        if done is not Done.IDLE:
            raise RuntimeError(f"the turn ended with {done}")
        spoken.begin.append(begun - start)
        spoken.note.append(noted - begun)
        spoken.commit.append(end - noted)
        if number % WINDOW == 0:
            await _fold(threads, thread)


async def _fold(threads: Threads, thread: ThreadKey) -> None:
    now = await threads.take_window(thread)
    upto = now.window[-WINDOW].seq
    summary = Summary("They talked about weaving.", upto, now.summary.version + 1, "model")
    await threads.fold(thread, now.summary, summary)


async def talk(url: str, name: str, conversations: int, seconds: float) -> Spoken:
    """So many conversations at once, each in a channel of its own."""
    client = open_redis(url)
    spoken = Spoken()
    try:
        await wait_until_ready(client, 30)
        threads = Threads(client, worker=name, clock=time.time, new_id=new_id)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        before = time.process_time()
        talking = [
            asyncio.create_task(
                converse(threads, ThreadKey("bench", name, f"c{number}", "t"), spoken)
            )
            for number in range(conversations)
        ]
        done, _ = await asyncio.wait(talking, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
        spoken.cpu.append(time.process_time() - before)
        for each in talking:
            each.cancel()
        await asyncio.gather(
            *(each for each in talking if each not in done), return_exceptions=True
        )
        for each in done:
            each.result()
        return spoken
    finally:
        await client.aclose()


def main() -> None:
    """Arguments: address, name, conversations, seconds."""
    url, name, conversations, seconds = sys.argv[1:]
    spoken = asyncio.run(talk(url, name, int(conversations), float(seconds)))
    print(
        json.dumps(
            {
                "begin": spoken.begin,
                "note": spoken.note,
                "commit": spoken.commit,
                "cpu": spoken.cpu,
            }
        )
    )


if __name__ == "__main__":
    main()
