"""The store on everything that REDIS_URL can name: a cluster, sentinels, TLS, a user of its own."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from redis import Redis as Blocking
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import NoPermissionError, ResponseError

from bot.errors import StoreUnavailable
from bot.storage.condition import Condition
from bot.storage.connect import Link, open_redis, wait_until_ready
from bot.storage.scripts import SCRIPTS
from bot.storage.topology import Waits
from bot.storage.types import Turn
from tests.clusters import Cluster, valkey_cluster, valkey_sentinels
from tests.contracts.whole_store import (
    ACL,
    BOBBIN,
    LOOKER,
    everything,
    opened,
    shipped_users,
    store,
)
from tests.servers import BUS, Valkey, free_port, valkey_server
from tests.tls import make_authority, tls_proxy
from tests.units.storage.samples import THREAD, message

PATIENT = Waits(connect=50.0, reply=50.0, operation=50.0)
ONE_TRY = {"seconds": 0.0, "pause": 50.0}
"""For `wait_until_ready`: the only try has time, so that what it meets is what is told."""


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="bobbin-test-") as path:
        yield Path(path)


@pytest.fixture(scope="module")
def users() -> Iterator[Path]:
    """The shipped ACL file with a password, and somebody who may look on."""
    with tempfile.TemporaryDirectory(prefix="bobbin-test-") as path:
        yield shipped_users(Path(path))


@pytest.fixture(scope="module")
def guarded_server(users: Path) -> Iterator[Valkey]:
    """One server on which the deployed user is the only one."""
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-test-") as path,
        valkey_server(Path(path), "--aclfile", str(users)) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def guarded_cluster(users: Path) -> Iterator[Cluster]:
    """The same with three primaries."""
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-test-") as path,
        valkey_cluster(Path(path), "--aclfile", str(users), user=LOOKER) as running,
    ):
        yield running


def address(running: Valkey | Cluster, credentials: str) -> str:
    """Where it is, for a user."""
    if isinstance(running, Cluster):
        return running.url_for(credentials)
    return running.url.replace("unix://", f"unix://{credentials}")


@pytest.fixture(params=["guarded_server", "guarded_cluster"])
def running(request: pytest.FixtureRequest) -> Valkey | Cluster:
    return request.getfixturevalue(request.param)


def granted() -> set[str]:
    """What the shipped rules allow."""
    return set(re.findall(r" \+(\S+)", ACL.read_text(encoding="utf-8")))


ON_A_CLUSTER = {"command", "cluster|slots", "asking"}
"""Asked only there; asking only while a slot is moved."""

SELDOM = {"select"}
"""Asked for with another database than the first."""


async def test_the_deployed_user_can_do_what_the_bot_does_and_no_more(
    running: Valkey | Cluster,
) -> None:
    """Every command that is granted is used, and every one that is used is granted."""
    async with opened(address(running, "looker:look@")) as looker:
        await Link(looker).everywhere("CONFIG", "RESETSTAT")
        async with opened(address(running, BOBBIN)) as client:
            await everything(store(client))
        counts = await Link(looker).everywhere("INFO", "commandstats")
    used = {
        name.removeprefix("cmdstat_")
        for stats in counts.values()
        for name, figures in stats.items()
        if figures["calls"] > figures["rejected_calls"]
    }
    rare = SELDOM | {"asking"} if isinstance(running, Cluster) else SELDOM | ON_A_CLUSTER
    assert granted() - used <= rare
    assert used - granted() <= {"auth", "config|resetstat", "info", "acl|list"}


def test_the_deployed_user_may_call_what_scripts_call() -> None:
    called = {
        name.lower()
        for script in SCRIPTS.values()
        for name in re.findall(r'redis\.p?call\("([A-Z]+)"', script.text)
    }
    assert called <= granted(), "deploy/redis-users.acl lacks a command"


@pytest.mark.parametrize(
    "command",
    [
        "GET other:key",
        "SET {bobbin:}x 1",
        "EVAL redis.call('SET','other:key','1') 0",
        "EVAL return{redis.call('GET',KEYS[1])} 1 other:key",
        "KEYS *",
        "SCAN 0",
        "RANDOMKEY",
        "FLUSHALL",
        "FLUSHDB",
        "SWAPDB 0 1",
        "CONFIG GET dir",
        "CONFIG SET dir /tmp",
        "ACL LIST",
        "CLIENT KILL TYPE normal",
        "CLIENT PAUSE 1000",
        "CLUSTER RESET",
        "CLUSTER FORGET x",
        "DEBUG SLEEP 0",
        "FUNCTION LIST",
        "SCRIPT FLUSH",
        "SHUTDOWN NOSAVE",
        "MONITOR",
        "REPLICAOF NO ONE",
        "FAILOVER",
        "MIGRATE h 1 bobbin:x 0 1",
        "DUMP bobbin:x",
        "SORT bobbin:x",
        "PUBLISH bobbin:x y",
        "SUBSCRIBE bobbin:x",
        "BGREWRITEAOF",
        "SAVE",
        "WAIT 0 0",
    ],
)
def test_the_deployed_user_is_denied(guarded_server: Valkey, command: str) -> None:
    path = guarded_server.url.removeprefix("unix://")
    with Blocking(
        unix_socket_path=path, username="bobbin", password="sesame", protocol=2
    ) as client:
        with pytest.raises(
            (NoPermissionError, ResponseError), match=r"(?i)permission|NOPERM|not allowed"
        ):
            client.execute_command(*command.split(" "))


async def test_wrong_users_are_told_at_once(running: Valkey | Cluster) -> None:
    for credentials, word in (("bobbin:wrong@", "password"), ("", "REDIS_URL")):
        client = open_redis(address(running, credentials))
        with pytest.raises(StoreUnavailable) as caught:
            await wait_until_ready(client, 50)
        await client.aclose()
        assert word in caught.value.hint
        assert "wrong" not in caught.value.hint


async def test_everything_works_through_tls(folder: Path) -> None:
    authority = make_authority(folder, mutual=True)
    with valkey_server(folder) as running:
        path = running.url.removeprefix("unix://")
        async with tls_proxy(authority, path) as port:
            base = f"rediss://127.0.0.1:{port}/0"
            own = f"ssl_certfile={quote(str(authority.client))}"
            own += f"&ssl_keyfile={quote(str(authority.client))}"
            trusting = f"{base}?ssl_ca_certs={quote(str(authority.file))}"
            async with opened(f"{trusting}&{own}") as client:
                await everything(store(client))
            for url in (f"{base}?{own}", base):
                client = open_redis(url, PATIENT)
                with pytest.raises(StoreUnavailable) as caught:
                    await wait_until_ready(client, **ONE_TRY, waits=PATIENT)
                await client.aclose()
                assert "ssl_ca_certs" in caught.value.hint


async def test_a_cluster_behind_tls(folder: Path) -> None:
    """Its nodes announce the ports at which TLS is spoken."""
    authority = make_authority(folder)
    port, inner = free_port(), free_port()
    flags = ("--cluster-enabled", "yes", "--cluster-port", str(inner + BUS))
    flags += ("--cluster-announce-ip", "127.0.0.1", "--cluster-announce-port", str(port))
    with valkey_server(folder, *flags, port=inner) as running:
        path = running.url.removeprefix("unix://")
        with Blocking(unix_socket_path=path, protocol=2) as admin:
            admin.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
        async with tls_proxy(authority, path, port):
            trusting = f"ssl_ca_certs={quote(str(authority.file))}"
            async with opened(f"rediss+cluster://127.0.0.1:{port}?{trusting}") as client:
                threads = store(client)
                assert isinstance(await threads.begin(message(1)), Turn)
                assert await threads.ask_stop(THREAD)


async def test_everything_works_by_sentinels(folder: Path) -> None:
    with valkey_sentinels(folder, password="guards") as running:
        secret = running.url + "&sentinel_password=guards"
        async with opened(secret) as client:
            await everything(store(client))
            assert isinstance(client, Redis)
            assert Link(client).address.startswith("weavers by the sentinels at 127.0.0.1:")
        for url, sign in (
            (running.url, "sentinel_password"),
            (secret.replace("weavers", "spinners"), "No sentinel names a working primary"),
        ):
            client = open_redis(url, PATIENT)
            with pytest.raises(StoreUnavailable) as caught:
                await wait_until_ready(client, **ONE_TRY, waits=PATIENT)
            await client.aclose()
            assert sign in caught.value.hint
            assert "guards" not in caught.value.hint


async def test_a_server_that_is_no_cluster_is_told_at_once(guarded_server: Valkey) -> None:
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="bobbin-test-") as path:
        with valkey_server(Path(path), port=port):
            client = open_redis(f"redis+cluster://127.0.0.1:{port}")
            with pytest.raises(StoreUnavailable, match="no cluster") as caught:
                await wait_until_ready(client, 50)
            await client.aclose()
    assert "redis://" in caught.value.hint


async def test_a_node_of_a_cluster_is_not_taken_for_a_server(guarded_cluster: Cluster) -> None:
    async with opened(address(guarded_cluster.nodes[0].server, BOBBIN)) as client:
        with pytest.raises(StoreUnavailable, match="part of a cluster") as caught:
            await store(client).check_schema()
    assert "redis+cluster://" in caught.value.hint


async def test_keys_lie_on_all_primaries(guarded_cluster: Cluster) -> None:
    async with opened(guarded_cluster.url_for(BOBBIN)) as client:
        assert isinstance(client, RedisCluster)
        link = Link(client)
        slots = [f"bobbin:{{b{bucket:03d}}}:x" for bucket in range(128)]
        assert await link.batch([("SET", key, key, "EX", 60) for key in slots]) == [True] * 128
        assert await link.batch([("GET", key) for key in slots]) == [key.encode() for key in slots]
        nodes = {client.get_node_from_key(key).name for key in slots}
        assert len(nodes) == 3
        await link.batch([("DEL", key) for key in slots])


async def test_doctor_sees_what_would_lose_data(folder: Path) -> None:
    with valkey_server(folder, persist=True) as running:
        async with opened(running.url) as client:
            assert isinstance(client, Redis)
            threads = store(client)
            good = await threads.condition()
            assert good.summary.startswith("one server, Valkey 9.")
            assert (*good.dangers, *good.doubts) == ()
            await client.config_set("maxmemory-policy", "allkeys-lru")
            await client.config_set("appendonly", "no")
            bad = await threads.condition()
            assert [fix for _, fix in bad.dangers] == ["Set maxmemory-policy to noeviction."]
            assert [fix for _, fix in bad.doubts] == ["Set appendonly to yes."]
            await client.acl_setuser("blind", enabled=True, passwords=["+x"], commands=["+ping"])
        async with opened(address(running, "blind:x@")) as client:
            assert await store(client).condition() == Condition()


async def test_doctor_sees_every_primary(guarded_cluster: Cluster) -> None:
    async with opened(guarded_cluster.url_for(BOBBIN)) as client:
        seen = await store(client).condition()
    assert seen.summary.startswith("a cluster of 3 primaries, Valkey 9.")
    assert len(seen.doubts) == 1
