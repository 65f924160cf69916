"""The store against servers as they are run: lost replies, a cluster's slots, an ACL user."""

from __future__ import annotations

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.chat import MessageRef, ThreadKey
from bot.errors import StoreUnavailable
from bot.limits import News, Scope
from bot.records import Entry, Summary, Tally
from bot.storage.connect import open_redis, wait_until_ready
from bot.storage.scripts import SCRIPTS
from bot.storage.threads import Threads
from bot.storage.types import Begun, Done, Draft, Erased, Restored, Signal, Turn
from tests.servers import LossyProxy, Valkey, free_port, lossy_proxy, valkey_server
from tests.units.storage.samples import THREAD, Clock, commit, end_lease, exchange, message, talk

ACL = Path(__file__).parents[2] / "deploy" / "redis-users.acl"


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bobbin-test-") as path:
        yield Path(path)


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Redis]:
    client = open_redis(url)
    try:
        await wait_until_ready(client, 20)
        yield client
    finally:
        await client.aclose()


def store(client: Redis, worker: str = "w1") -> Threads:
    numbers = itertools.count(1)
    return Threads(client, worker=worker, clock=Clock(), new_id=lambda: f"{worker}{next(numbers)}")


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-test-") as path,
        valkey_server(Path(path)) as running,
    ):
        yield running


class Lossy:
    """A store behind a proxy that loses replies, and a straight connection to look behind it."""

    def __init__(self, threads: Threads, proxy: LossyProxy, direct: Redis) -> None:
        self.threads = threads
        self.direct = direct
        self._proxy = proxy

    def lose(self, script: str) -> None:
        """Lose the reply to the next call of a script."""
        self._proxy.lose_reply_to(SCRIPTS[script].sha)

    @property
    def lost(self) -> int:
        """How many replies were lost."""
        return self._proxy.lost


@pytest.fixture
async def lossy(server: Valkey) -> AsyncIterator[Lossy]:
    async with (
        opened(server.url) as direct,
        lossy_proxy(server) as proxy,
        opened(proxy.url) as client,
    ):
        await direct.flushall()
        for script in SCRIPTS.values():
            await direct.script_load(script.text)
        yield Lossy(store(client), proxy, direct)


async def test_begin_whose_reply_is_lost(lossy: Lossy) -> None:
    threads = lossy.threads
    lossy.lose("begin")
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    assert (turn.mail, turn.lease.fence) == ((message(1),), 1)
    lossy.lose("begin")
    assert await threads.begin(message(2)) is Begun.QUEUED
    lossy.lose("begin")
    assert await threads.begin(message(2)) is Begun.DUPLICATE
    after = await commit(threads, turn)
    assert isinstance(after, Turn)
    assert after.mail == (message(2),)
    assert lossy.lost == 3


async def test_commit_whose_reply_is_lost(lossy: Lossy) -> None:
    threads = lossy.threads
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    await threads.begin(message(2))
    tally = Tally(1, 10, 0, 5, 7, 0, 0)
    lossy.lose("commit")
    after = await commit(threads, turn, tally=tally)
    assert isinstance(after, Turn)
    assert (after.mail, after.lease.fence, after.tally) == ((message(2),), 2, tally)
    lossy.lose("commit")
    assert await commit(threads, after, tally=tally) is Done.IDLE
    texts = [entry.text async for entry in threads.entries(THREAD)]
    assert texts == ["question 1", "answer", "question 2", "answer"]
    day = datetime.fromtimestamp(Clock()(), UTC).date()
    assert await threads.usage(day) == {("discord", "g1", "u1"): Tally(2, 20, 0, 10, 14, 0, 0)}
    assert lossy.lost == 2


async def test_rollback_whose_reply_is_lost(lossy: Lossy) -> None:
    threads = lossy.threads
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    await threads.begin(message(2))
    lossy.lose("rollback")
    after = await threads.rollback(turn.lease)
    assert isinstance(after, Turn)
    assert after.mail == (message(2),)
    lossy.lose("rollback")
    assert await threads.rollback(after.lease) is Done.IDLE
    assert lossy.lost == 2


async def test_renew_park_reclaim_and_stop_whose_replies_are_lost(lossy: Lossy) -> None:
    threads = lossy.threads
    turn = await threads.begin(message(1))
    assert isinstance(turn, Turn)
    for script in ("renew", "stop", "park"):
        lossy.lose(script)
    assert await threads.renew(turn.lease, Draft(note="half")) is Signal.GO
    assert await threads.ask_stop(THREAD)
    await threads.park(turn.lease)
    lossy.lose("reclaim")
    heir = await threads.reclaim(THREAD)
    assert heir is not None
    assert (heir.attempt, heir.draft, heir.lease.fence) == (2, Draft(note="half"), 3)
    await end_lease(lossy.direct)
    lossy.lose("reclaim")
    again = await threads.reclaim(THREAD)
    assert again is not None
    assert again.attempt == 3
    assert await threads.renew(again.lease) is Signal.STOP
    assert lossy.lost == 5


async def test_fold_forget_restore_and_claim_whose_replies_are_lost(lossy: Lossy) -> None:
    threads = lossy.threads
    await talk(threads, 1)
    for script in ("fold", "forget", "restore"):
        lossy.lose(script)
    assert await threads.fold(THREAD, Summary(), Summary("so far", 2, 1, "model"))
    assert await threads.forget(THREAD) == Erased(2, True, True, False, 1)
    entries = [Entry("user", "hello", 0.0, "u1", "Ada")]
    assert await threads.restore(THREAD, entries, Summary(), Tally(), {}) is Restored.DONE
    assert await threads.count(THREAD) == 1
    lossy._proxy.lose_reply_to("SET")
    assert await threads.claim("event", THREAD)
    assert not await threads.claim("event", THREAD)
    assert lossy.lost == 4


async def test_a_plain_push_would_be_doubled(lossy: Lossy) -> None:
    """Why all of this is needed: the client sends a broken command again by itself."""
    lossy._proxy.lose_reply_to("RPUSH")
    await lossy.threads._link.call("RPUSH", "plain", "x")
    assert await lossy.direct.llen("plain") == 2


async def test_a_late_repetition_still_gets_its_own_answer(server: Valkey) -> None:
    async with opened(server.url) as client:
        await client.flushall()
        one, two = store(client, "a"), store(client, "b")
        turn = await one.begin(message(1), nonce="n1")
        assert isinstance(turn, Turn)
        assert await one.begin(message(1), nonce="n1") == turn
        await end_lease(client)
        assert isinstance(await two.reclaim(THREAD), Turn)
        assert await one.begin(message(1), nonce="n1") is Begun.QUEUED
        await client.flushall()
        turn = await one.begin(message(1))
        assert isinstance(turn, Turn)

        async def end() -> Turn | Done:
            return await one.commit(turn.lease, exchange(turn), Tally(1), {}, nonce="n2")

        assert await end() is Done.IDLE
        for position in (2, 3):
            following = await two.begin(message(position))
            assert isinstance(following, Turn)
            assert await end() is Done.IDLE
            assert await commit(two, following) is Done.IDLE
            assert await end() is Done.IDLE
        assert await one.count(THREAD) == 6


async def test_a_repetition_after_the_next_turn_was_taken_over(server: Valkey) -> None:
    async with opened(server.url) as client:
        await client.flushall()
        one, two = store(client, "a"), store(client, "b")
        turn = await one.begin(message(1))
        assert isinstance(turn, Turn)
        await one.begin(message(2))

        async def end() -> Turn | Done:
            return await one.commit(turn.lease, exchange(turn), Tally(1), {}, nonce="n")

        following = await end()
        assert isinstance(following, Turn)
        assert await end() == following
        await end_lease(client)
        heir = await two.reclaim(THREAD)
        assert heir is not None
        # The commit stands, but the next turn is no longer the caller's.
        assert await end() is Done.IDLE
        assert await two.renew(heir.lease) is Signal.GO


async def everything(threads: Threads, client: Redis) -> None:
    """Every operation of the store once, on two channels."""
    await threads.check_schema()
    other = ThreadKey("slack", "T", "C", "1.2")
    for thread in (THREAD, other):
        turn = await threads.begin(message(1, thread=thread, loose=True))
        assert isinstance(turn, Turn)
        assert await threads.renew(turn.lease, Draft(refs=(MessageRef("C", "a1"),))) is Signal.GO
        assert await threads.begin(message(2, thread=thread)) is Begun.QUEUED
        await threads.park(turn.lease)
        assert await threads.stranded() == [thread]
        heir = await threads.reclaim(thread)
        assert heir is not None
        after = await commit(threads, heir, names={"u1": "Ada"})
        assert isinstance(after, Turn)
        assert await threads.ask_stop(thread)
        assert await threads.rollback(after.lease) is Done.IDLE
        assert await threads.fold(thread, Summary(), Summary("so far", 1, 1, "model"))
        assert len((await threads.take_window(thread)).window) == 1
        assert len([entry async for entry in threads.entries(thread)]) == 2
        assert await threads.count(thread) == 2
        assert await threads.takes_part(thread)
        assert await threads.authors(thread) == {"u1"}
        place = (thread.platform, thread.space, thread.channel)
        assert [choice.thread for choice in await threads.recent(*place, "u1")] == [thread]
        ref = MessageRef(thread.channel, "m1")
        assert await threads.thread_of(thread.platform, thread.space, ref) == thread
        assert await threads.claim("call", thread)
    assert {thread async for thread in threads.all_threads()} == {THREAD, other}
    assert len(await threads.usage(date(2023, 11, 14))) == 2
    await threads.notes("discord").write("hash", "1")
    assert await threads.notes("discord").read("hash") == "1"
    book = threads.ledger("slack")
    scopes = (Scope("post/4/T/C", 4, 4.0, 0.0, 1), Scope("edit/60/T", 48, 60.0, 0.2, 1))
    booking = await book.reserve("T", scopes, 3, 1.0)
    assert booking is not None and booking.granted
    book.settle(booking, 0.1)
    await book.pause("T", "edit/60/T", 5.0)
    paused = await book.reserve("T", scopes, 0, 1.0)
    assert paused is not None and not paused.granted
    exchange = threads.exchange("https://api.openai.com/v1")
    assert await exchange.start(1, 16, 0.1) == News()
    exchange.taken(0.1)
    assert await exchange.cool(20.0, 60.0) is not None
    await exchange.push(0.1, 0.1, 3)
    await exchange.close()
    assert await threads.leave(other)
    assert await threads.forget(other) == Erased(2, True, False, False, 1)
    entries = [Entry("user", "hello", 0.0, "u1", "Ada")]
    done = await threads.restore(other, entries, Summary(), Tally(), {"u1": "Ada"})
    assert done is Restored.DONE
    assert await threads.sweep() == 0


async def slots_served(client: Redis) -> None:
    """Wait until a new cluster takes commands."""
    async with asyncio.timeout(20):
        while (await client.execute_command("CLUSTER INFO"))["cluster_state"] != "ok":  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_everything_works_within_a_clusters_slots(folder: Path) -> None:
    port = free_port()
    flags = ("--cluster-enabled", "yes", "--cluster-port", str(port + 10_000))
    with valkey_server(folder, *flags, port=port) as running:
        async with opened(running.url) as client:
            await client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            await slots_served(client)
            await everything(store(client), client)


async def test_everything_works_for_the_deployed_acl_user(folder: Path) -> None:
    rules = folder / "users.acl"
    rules.write_text(ACL.read_text(encoding="utf-8").replace("PASSWORD", "sesame"))
    with valkey_server(folder, "--aclfile", str(rules)) as running:
        path = running.url.removeprefix("unix://")
        async with opened(f"unix://bobbin:sesame@{path}") as client:
            await everything(store(client), client)
        wrong = open_redis(f"unix://bobbin:wrong@{path}")
        with pytest.raises(StoreUnavailable) as caught:
            await wait_until_ready(wrong, 20)
        await wrong.aclose()
        assert "password" in caught.value.hint
        nobody = open_redis(running.url)
        with pytest.raises(StoreUnavailable) as caught:
            await wait_until_ready(nobody, 20)
        await nobody.aclose()
        assert "REDIS_URL" in caught.value.hint


async def test_commands_survive_a_server_that_restarts(folder: Path) -> None:
    with valkey_server(folder, persist=True) as first:
        async with opened(first.url) as client:
            threads = store(client)
            await talk(threads, 1)
            first.kill()
            with pytest.raises(StoreUnavailable):
                await threads.count(THREAD)
            with valkey_server(folder, persist=True):
                assert await threads.count(THREAD) == 2
                await talk(threads, 2)
