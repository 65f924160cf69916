"""The store when replies are lost, calls come late, and the server restarts."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.chat import MessageRef, Spot
from bot.engine.running import Control
from bot.engine.watch import Watch
from bot.errors import StoreUnavailable
from bot.records import Tally
from bot.storage.scripts import SCRIPTS
from bot.storage.threads import Threads
from bot.storage.types import Begun, Done, Draft, Signal, Turn
from tests.clusters import valkey_cluster
from tests.contracts.scenes import SCENES, contents
from tests.contracts.whole_store import opened, store
from tests.servers import LossyProxy, Valkey, lossy_proxy, valkey_server
from tests.units.storage.samples import (
    THREAD,
    Clock,
    commit,
    end_lease,
    exchange,
    message,
    talk,
)

FREEING = ("release",)
"""Scripts that need no memory at all, so that a full server carries them out."""

ERASING = (
    *("end_token", "erase_scope", "forget", "gone", "index", "keep_off", "narrow_token", "strike"),
    *("unlink_account", "unmemorise"),
)
"""Scripts that take away, or by which others can, which they do on a full server as well."""

DISPENSABLE = ("exchange", "reserve")
"""Scripts without which a process goes by its own count."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bobbin-test-") as path:
        yield Path(path)


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-test-") as path,
        valkey_server(Path(path)) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def lone_cluster() -> Iterator[Valkey]:
    """A cluster of one node, which can announce that it is found behind a proxy."""
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-test-") as path,
        valkey_cluster(Path(path), primaries=1) as running,
    ):
        yield running.nodes[0].server


async def test_a_cluster_of_one_node_may_be_spoken_to_as_a_server(lone_cluster: Valkey) -> None:
    """No script may have keys of several slots there."""
    async with opened(lone_cluster.url) as client:
        await client.flushall()
        threads = Threads(client, worker="w1", clock=Clock(), new_id=lambda: "id1")
        await threads.check_schema()
        assert isinstance(await threads.begin(message(1)), Turn)
        assert 0 < await threads.next_end() <= 15
        assert [thread async for thread in threads.all_threads()] == [THREAD]


class Lossy:
    """A store behind a proxy that loses replies, and a straight connection to look behind it."""

    def __init__(self, threads: Threads, proxy: LossyProxy, direct: Redis) -> None:
        self.threads = threads
        self.direct = direct
        self._proxy = proxy

    def lose(self, sign: str) -> None:
        """Lose the reply to the next command that contains `sign`."""
        self._proxy.lose_reply_to(sign)

    @property
    def lost(self) -> int:
        """How many replies were lost."""
        return self._proxy.lost


@asynccontextmanager
async def emptied(server: Valkey, scheme: str = "redis") -> AsyncIterator[Lossy]:
    """An empty store that knows its scripts."""
    async with opened(server.url) as direct, lossy_proxy(server) as proxy:
        assert isinstance(direct, Redis)
        if "cluster" in scheme:
            await direct.config_set("cluster-announce-ip", "127.0.0.1")
            await direct.config_set("cluster-announce-client-port", proxy.port)
        await direct.flushall()
        for script in SCRIPTS.values():
            await direct.script_load(script.text)
        async with opened(f"{scheme}://127.0.0.1:{proxy.port}") as client:
            yield Lossy(store(client), proxy, direct)


@pytest.fixture
async def lossy(server: Valkey) -> AsyncIterator[Lossy]:
    async with emptied(server) as found:
        yield found


@pytest.mark.parametrize("script", sorted(SCRIPTS))
async def test_no_lost_reply_changes_anything(server: Valkey, script: str) -> None:
    """With the replies lost, answers and data are what they are without."""
    assert script in SCENES, f"write a scene for {script}.lua in tests/contracts/scenes.py"
    await losing_changes_nothing(server, "redis", script)


@pytest.mark.parametrize(
    "script",
    [
        *("begin", "commit", "forget", "spend", "vectorise"),
        *("add_token", "link_accounts", "memorise", "unlink_account"),
    ],
)
async def test_nor_does_it_on_a_cluster(lone_cluster: Valkey, script: str) -> None:
    await losing_changes_nothing(lone_cluster, "redis+cluster", script)


async def losing_changes_nothing(server: Valkey, scheme: str, script: str) -> None:
    seen: list[tuple[object, object]] = []
    for losing in (False, True):
        lost = 0

        async with emptied(server, scheme) as found:

            async def lose(found: Lossy = found, losing: bool = losing) -> None:
                nonlocal lost
                lost += losing
                if losing:
                    found.lose(SCRIPTS[script].sha)

            answers = await SCENES[script](found.threads, lose)
            seen.append((answers, await contents(found.direct)))
            assert found.lost == lost
    without, lossy = seen
    assert lost
    assert lossy == without


@pytest.mark.parametrize("script", sorted(SCRIPTS))
async def test_out_of_memory_nothing_is_half_done(server: Valkey, script: str) -> None:
    """From whichever call of the script on there is no memory left."""
    async with opened(server.url) as client:
        assert isinstance(client, Redis)
        first = 1
        while (before := await full_from(client, script, first)) is not None:
            left = await contents(client)
            if script in FREEING:
                assert left == {}
            elif script in ERASING:
                assert left != before
                await client.flushall()
                await SCENES[script](store(client), no_trouble)
                assert left == await contents(client)
            elif script in DISPENSABLE:
                # They begin by giving back what has expired, after which Redis lets them write on.
                await client.flushall()
                await SCENES[script](store(client), no_trouble)
            else:
                assert left == before
            first += 1
        assert first > 1


async def full_from(client: Redis, script: str, first: int) -> Mapping[str, object] | None:
    """Play a scene on a server that is full from this call of the script on, and free it again.

    Returns:
        What the store held before that call; None when there are fewer calls.
    """
    await client.flushall()
    before: list[Mapping[str, object]] = []

    async def fill() -> None:
        before.append(await contents(client))
        if len(before) == first:
            await client.config_set("maxmemory", "1")

    try:
        await SCENES[script](store(client), fill)
    except StoreUnavailable as error:
        assert "out of memory" in error.hint
    except AssertionError:
        # Their answer is that there is none.
        assert script in DISPENSABLE
    finally:
        await client.config_set("maxmemory", "0")
    return before[first - 1] if len(before) >= first else None


async def no_trouble() -> None:
    """For a scene in which nothing goes wrong."""


def test_every_scene_is_of_a_script() -> None:
    assert set(SCENES) == set(SCRIPTS)


async def test_a_claim_on_an_event_whose_reply_is_lost(lossy: Lossy) -> None:
    lossy.lose("SET")
    assert await lossy.threads.claim("event", THREAD)
    assert not await lossy.threads.claim("event", THREAD)
    assert lossy.lost == 1


async def test_a_draft_that_is_sent_again_does_not_come_after_a_newer_one(lossy: Lossy) -> None:
    turn = await lossy.threads.begin(message(1))
    assert isinstance(turn, Turn)
    older = Draft(Spot("C"), (MessageRef("C", "a1"),))
    newer = Draft(Spot("C"), (MessageRef("C", "a1"),), posting=True)
    hour = 3600.0
    watching = Watch(lossy.threads, turn.lease, Control(), every=hour, lasts=hour, patience=hour)
    async with watching as watch:
        lossy.lose(SCRIPTS["renew"].sha)
        sent = asyncio.create_task(watch.save(older))
        async with asyncio.timeout(50):
            while not lossy.lost:
                await asyncio.wait({sent}, timeout=0.001)
        await asyncio.gather(sent, watch.announce(newer))
    await lossy.threads.park(turn.lease)
    heir = await lossy.threads.reclaim(THREAD)
    assert heir is not None and heir.draft == newer


async def test_a_plain_push_would_be_doubled(lossy: Lossy) -> None:
    """Why all of this is needed: the client sends a broken command again by itself."""
    lossy.lose("RPUSH")
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
