"""The connection to Redis: how it is opened, how commands are sent, how often they are tried.

Above `Link` nobody knows whether there is one server, a cluster or a primary with replicas.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from redis.asyncio import RedisCluster
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ClusterCrossSlotError, NoScriptError, ReadOnlyError
from redis.exceptions import TimeoutError as TimedOut

from bot.errors import StoreUnavailable
from bot.redis_url import RedisUrlError, parse_redis_url
from bot.storage.faults import kinds, may_pass, refused, store_errors
from bot.storage.scripts import EACH, Script
from bot.storage.topology import (
    CONNECTIONS,
    WAITS,
    Client,
    Waits,
    address_of,
    make_client,
    topology_of,
)

T = TypeVar("T")
logger = logging.getLogger(__name__)

Argument = bytes | str | int
Command = tuple[Argument, ...]

BACKOFF = ExponentialWithJitterBackoff(base=0.05, cap=1.0)

LONG_WAIT_SECONDS = 10.0
"""Whoever waits longer than that for the store is told; before, the error at the end will do."""

Observe = Callable[[str, float, str], None]
"""Told of every operation: a script's name, "command" or "batch"; how many seconds it took, all
tries together; the class of the client's error, empty when it succeeded. Never raises, never
waits."""


def open_redis(url: str, waits: Waits = WAITS) -> Client:
    """A client for `url` (see bot/redis_url.py) to give to `Link`; nothing is sent yet.

    Raises:
        StoreUnavailable: The address cannot be read.
    """
    try:
        return make_client(parse_redis_url(url), waits)
    except RedisUrlError as error:
        raise StoreUnavailable(
            "the address of Redis cannot be read", hint=f"REDIS_URL {error.wrong} {error.fix}"
        ) from error


async def wait_until_ready(
    client: Client, seconds: float, pause: float = 0.1, waits: Waits = WAITS
) -> None:
    """Return once Redis answers, each node of a cluster, within `seconds`.

    `pause` lies between two tries.

    Raises:
        StoreUnavailable: User or password are refused, or it does not answer in time.
    """
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    told = False
    while True:
        left = max(pause, min(waits.operation, ends - loop.time()))
        try:
            await Link(client, replace(waits, alone=0, failover=0, operation=left)).everywhere(
                "PING"
            )
            return
        except StoreUnavailable as error:
            final = error.__cause__ is not None and refused(error.__cause__)
            if final or loop.time() + pause >= ends:
                raise
            if not told and seconds > LONG_WAIT_SECONDS:
                logger.warning("waiting up to %.0f s for the store: %s", seconds, error)
            told = True
        await asyncio.sleep(pause)


def unobserved(what: str, seconds: float, error: str) -> None:
    """Nobody wants to know."""


class Link:
    """Sends commands and scripts; every error that leaves it is a StoreUnavailable.

    What fails for a passing reason is sent again, which is only right because every write we make
    is idempotent: scripts carry a nonce. A server that stands alone is tried for two seconds or so;
    where a replica may take over, for nine. Nothing takes longer than ten, all tries together.

    Args:
        client: From `open_redis`; stays the caller's to close.
        waits: How long to be patient.
        observe: See `Observe`.
    """

    def __init__(self, client: Client, waits: Waits = WAITS, observe: Observe = unobserved) -> None:
        self._client = client
        self._waits = waits
        self._observe = observe
        self.topology = topology_of(client)
        self._room = asyncio.Semaphore(CONNECTIONS)
        self._renewed = 0.0
        self._together = not isinstance(client, RedisCluster)
        self.address = address_of(client)

    async def call(self, *command: Argument) -> Any:
        """The reply to one command, which names a key. Raises StoreUnavailable."""
        return await self._carry_out("command", lambda: self._send(*command))

    async def batch(self, commands: Sequence[Command]) -> list[Any]:
        """The replies to many commands in one round trip, not atomic; each names a key.

        On a cluster it is one round trip to each node, at once. Raises StoreUnavailable.
        """
        if not commands:
            return []
        return await self._carry_out("batch", lambda: self._send_all(commands))

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """A script's reply; the server is taught the script when it does not know it.

        Raises:
            StoreUnavailable: As for every command.
        """

        return await self._carry_out(
            script.name, lambda: self._send_script(script, keys, arguments)
        )

    async def each(self, keys: Sequence[str], name: str, *arguments: Argument) -> list[Any]:
        """The reply to one command about each of many keys, as from `batch`; not atomic.

        A hundred commands take two milliseconds of this process, and one script a tenth of that.
        Where no script may have keys of several slots they are sent one by one.

        Args:
            keys: Its first argument, in turn.
            name: The command.
            arguments: What follows the key.

        Raises:
            StoreUnavailable: As for every command.
        """

        async def send() -> list[Any]:
            if self._together:
                try:
                    return await self._send_script(EACH, keys, (name, *arguments))
                except ClusterCrossSlotError:
                    # A cluster whose only node is spoken to as a server.
                    self._together = False
            return await self._send_all([(name, key, *arguments) for key in keys])

        return await self._carry_out(EACH.name, send) if keys else []

    async def server_ms(self) -> int:
        """The time of a server, of any node of a cluster, in ms. Raises StoreUnavailable."""

        async def send() -> Any:
            client = self._client
            if isinstance(client, RedisCluster):
                await client.initialize()
                node = client.get_random_primary_node()
                return await self._send("TIME", target_nodes=node)
            return await self._send("TIME")

        seconds, micros = await self._carry_out("command", send)
        return int(seconds) * 1000 + int(micros) // 1000

    async def everywhere(self, *command: Argument) -> Mapping[str, Any]:
        """The reply of the server, or of every primary of a cluster, by address.

        Raises StoreUnavailable.
        """

        async def send() -> Mapping[str, Any]:
            client = self._client
            if not isinstance(client, RedisCluster):
                return {self.address: await self._send(*command)}
            await client.initialize()
            return {
                node.name: await self._send(*command, target_nodes=node)
                for node in client.get_primaries()
            }

        return await self._carry_out("command", send)

    async def try_to_write(self, keys: Sequence[str]) -> None:
        """Return if each server, or each primary, on which one of `keys` lies would take a write.

        None of the keys may exist. Nothing is written then; but a server that is full, a replica,
        or one whose disk is full refuses the command as it does every write.

        Raises:
            StoreUnavailable: One of them does not answer, or refuses.
        """

        async def send() -> None:
            client = self._client
            chosen = list(keys[:1])
            if isinstance(client, RedisCluster):
                await client.initialize()
                places = ((client.get_node_from_key(key), key) for key in keys)
                chosen = list({node.name: key for node, key in places if node}.values())
            await self._send_all([("SET", key, "", "XX") for key in chosen])

        await self._carry_out("command", send)

    async def _carry_out(self, what: str, send: Callable[[], Awaitable[T]]) -> T:
        loop = asyncio.get_running_loop()
        began, wrong = loop.time(), "cancelled"
        try:
            answer = await self._persist(send)
            wrong = ""
            return answer
        except StoreUnavailable as error:
            wrong = type(error.__cause__).__name__
            raise
        finally:
            self._observe(what, loop.time() - began, wrong)

    async def _persist(self, send: Callable[[], Awaitable[T]]) -> T:
        """Try until it succeeds, it is of no use any more, or the time is over."""
        last: Exception | None = None
        wishes = _wishes_to_end()
        with store_errors(self.address, self.topology):
            try:
                async with asyncio.timeout(self._waits.operation):
                    began = asyncio.get_running_loop().time()
                    failures = 0
                    while True:
                        tried = asyncio.get_running_loop().time()
                        try:
                            async with self._room:
                                answer = await send()
                            _heed(wishes)
                            return answer
                        except kinds(self.topology) as error:
                            failures += 1
                            if not self._worth_another(error, failures, tried - began):
                                raise
                            last = error
                        _heed(wishes)
                        await asyncio.sleep(BACKOFF.compute(failures))
                        await self._look_again(last, tried)
            except TimeoutError as error:
                if last is None:
                    raise TimedOut("no reply in time") from error
                raise last from last.__cause__

    def _worth_another(self, error: Exception, failures: int, seconds: float) -> bool:
        if not may_pass(error, self.topology):
            return False
        # At least once: what failed may have been a connection that was broken long ago.
        return failures == 1 or seconds < self._waits.trying(self.topology)

    async def _look_again(self, error: Exception, tried: float) -> None:
        """Before another try: forget who was the primary."""
        client = self._client
        if isinstance(client, RedisCluster):
            # Its pipelines do not ask for the new map. Many may fail at once; one asks for all.
            if tried >= self._renewed:
                self._renewed = asyncio.get_running_loop().time()
                # The nodes may all have new addresses by now; those in REDIS_URL stay.
                for node in client.startup_nodes:
                    client.nodes_manager.startup_nodes.setdefault(node.name, node)
                try:
                    await client.nodes_manager.initialize()
                except kinds(self.topology) as unknown:
                    logger.debug("the cluster's slots are not known: %s", unknown)
        elif isinstance(error, ReadOnlyError):
            # Connections to a server that has become a replica would stay there.
            await client.connection_pool.disconnect(inuse_connections=False)

    async def _send_all(self, commands: Sequence[Command]) -> list[Any]:
        if isinstance(self._client, RedisCluster):
            await self._client.initialize()
        async with self._client.pipeline(transaction=False) as pipe:
            for command in commands:
                # Queued, not awaited: awaiting would send it at once on a cluster.
                pipe.execute_command(*command)  # pyright: ignore[reportUnknownMemberType, reportUnusedCoroutine]
            # Errors are raised here, since redis-py would quote the command in them.
            replies = await pipe.execute(raise_on_error=False)
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply
        return replies

    async def _send_script(
        self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]
    ) -> Any:
        try:
            return await self._send("EVALSHA", script.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return await self._send("EVAL", script.text, len(keys), *keys, *arguments)

    async def _send(self, *command: Argument, **options: Any) -> Any:
        client = self._client
        if isinstance(client, RedisCluster):
            # Commands at once would otherwise each learn the slots, and trip over each other.
            await client.initialize()
        return cast(Any, await client.execute_command(*command, **options))  # pyright: ignore[reportUnknownMemberType]


def _wishes_to_end() -> int:
    """How often this task was cancelled so far."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def _heed(before: int) -> None:
    """End when the task was cancelled since.

    redis-py writes by `asyncio.wait_for`, which in Python 3.11 swallows a cancellation that comes
    when the write is done; most of them, under load.
    """
    if _wishes_to_end() > before:
        raise asyncio.CancelledError
