"""Sample values for tests of the store."""

from __future__ import annotations

from collections.abc import Sequence

from redis.asyncio import Redis

from bot.chat import Author, Incoming, MessageRef, ThreadKey
from bot.records import Entry, Tally
from bot.storage.keys import ThreadKeys
from bot.storage.threads import Threads
from bot.storage.types import Done, Turn

THREAD = ThreadKey("discord", "g1", "c1", "t1")
OTHER = ThreadKey("discord", "g1", "c1", "t2")
ADA = Author("u1", "Ada")
BEN = Author("u2", "Ben")


class Clock:
    """Seconds since the epoch, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def message(
    position: int,
    *,
    thread: ThreadKey = THREAD,
    author: Author = ADA,
    text: str = "",
    addressed: bool = True,
    loose: bool = False,
) -> Incoming:
    """The message with this position; its ids are made from it."""
    return Incoming(
        event_id=f"e{position}",
        thread=thread,
        ref=MessageRef(thread.channel, f"m{position}"),
        author=author,
        text=text or f"question {position}",
        at=1_700_000_000.0 + position,
        position=position,
        addressed=addressed,
        loose=loose,
    )


def exchange(turn: Turn, answer: str = "answer") -> list[Entry]:
    """What a turn adds to the log: its mail, then the answer."""
    said = [
        Entry(
            "user", event.text, event.at, event.author.id, event.author.name, (event.ref.message,)
        )
        for event in turn.mail
    ]
    return [*said, Entry("assistant", answer, 0.0, message_ids=(f"a-{turn.lease.turn}",))]


async def talk(threads: Threads, *positions: int, thread: ThreadKey = THREAD) -> None:
    """Messages and their answers, one turn each."""
    for position in positions:
        turn = await threads.begin(message(position, thread=thread))
        assert isinstance(turn, Turn)
        names = {event.author.id: event.author.name for event in turn.mail}
        assert await commit(threads, turn, names=names) is Done.IDLE


async def commit(
    threads: Threads,
    turn: Turn,
    entries: Sequence[Entry] | None = None,
    *,
    tally: Tally | None = None,
    names: dict[str, str] | None = None,
) -> Turn | Done:
    """Commit `turn` with the entries of `exchange`."""
    said = exchange(turn) if entries is None else entries
    return await threads.commit(turn.lease, said, tally or Tally(turns=1), names or {})


async def end_lease(client: Redis, thread: ThreadKey = THREAD) -> None:
    """Let a thread's lease have ended, as if its holder had been silent for long."""
    keys = ThreadKeys(thread)
    await client.hset(keys.meta, "until", "1")
    await client.zadd(keys.bucket.leases, {str(thread): 1}, xx=True)


async def all_keys(client: Redis) -> set[str]:
    """Names of all keys in the database."""
    return {key.decode() async for key in client.scan_iter(count=1000)}
