"""The connection to Redis: how it is opened, how its errors are told, how commands are sent."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Generator,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar, cast

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    MaxConnectionsError,
    NoPermissionError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
)
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import TimeoutError as TimedOut

from bot.errors import StoreUnavailable
from bot.storage.scripts import Script

T = TypeVar("T")
logger = logging.getLogger(__name__)

Argument = bytes | str | int
Command = tuple[Argument, ...]

REPLY_SECONDS = 5.0
CONNECT_SECONDS = 3.0
OPERATION_SECONDS = 10.0
RETRIES = 5
BACKOFF_FIRST, BACKOFF_MOST = 0.05, 1.0
CONNECTIONS = 64

Observe = Callable[[str, float, str], None]
"""Told of every operation: a script's name, "command" or "batch"; how many seconds it took; the
class of the client's error, empty when it succeeded. Never raises, never waits."""

REFUSALS = (AuthenticationError, AuthorizationError, NoPermissionError)


class PatientRetry(Retry):
    """Tries again what may pass, not what never will.

    redis-py counts a refused password among the broken connections. Its health check would then
    connect, be refused and try again within each of its own tries, for many minutes.
    """

    async def call_with_retry(
        self,
        do: Callable[[], Awaitable[T]],
        fail: Callable[[Exception], Any] | Callable[[Exception, int], Any],
        is_retryable: Callable[[Exception], bool] | None = None,
        with_failure_count: bool = False,
    ) -> T:
        """As redis-py's, but a refused login is told at once."""

        def may_pass(error: Exception) -> bool:
            refused = any(isinstance(cause, REFUSALS) for cause in _causes(error))
            return not refused and (is_retryable is None or is_retryable(error))

        return await super().call_with_retry(do, fail, may_pass, with_failure_count)


def open_redis(url: str) -> Redis:
    """A client for `url` (redis://, rediss:// or unix://); nothing is sent yet.

    A command whose connection breaks is sent again, five times within about two seconds. That is
    only right because every write we make is idempotent: scripts carry a nonce.

    Raises:
        StoreUnavailable: The address cannot be read.
    """
    try:
        pool = BlockingConnectionPool.from_url(  # pyright: ignore[reportUnknownMemberType]
            url,
            max_connections=CONNECTIONS,
            timeout=REPLY_SECONDS,
            socket_timeout=REPLY_SECONDS,
            socket_connect_timeout=CONNECT_SECONDS,
            health_check_interval=30,
            protocol=2,
            retry=PatientRetry(
                ExponentialWithJitterBackoff(base=BACKOFF_FIRST, cap=BACKOFF_MOST), RETRIES
            ),
        )
    except (ValueError, TypeError) as error:
        raise StoreUnavailable(
            "the address of Redis cannot be read",
            hint="Write REDIS_URL like redis://user:password@host:6379/0.",
        ) from error
    return Redis.from_pool(pool)


async def wait_until_ready(client: Redis, seconds: float, pause: float = 0.1) -> None:
    """Return once Redis answers, within `seconds`; `pause` lies between two tries.

    Raises:
        StoreUnavailable: The password is refused, or it does not answer in time.
    """
    link = Link(client)
    loop = asyncio.get_running_loop()
    ends = loop.time() + seconds
    told = False
    while True:
        try:
            async with asyncio.timeout_at(ends):
                await link.call("PING")
            return
        except StoreUnavailable as error:
            refused = any(isinstance(cause, REFUSALS) for cause in _causes(error))
            if refused or loop.time() + pause >= ends:
                raise
            if not told:
                logger.warning("waiting up to %.0f s for the store: %s", seconds, error.hint)
            told = True
        except TimeoutError as error:
            raise unreachable(address_of(client)) from error
        await asyncio.sleep(pause)


def _unobserved(what: str, seconds: float, error: str) -> None:
    """Nobody wants to know."""


class Link:
    """Sends commands and scripts; every error that leaves it is a StoreUnavailable.

    Nothing takes longer than ten seconds, all tries together.
    """

    def __init__(self, client: Redis, observe: Observe = _unobserved) -> None:
        self._client = client
        self._observe = observe
        self._address = address_of(client)

    async def call(self, *command: Argument) -> Any:
        """One command's reply. Raises StoreUnavailable."""
        async with self._bounded("command"):
            return await self._send(*command)

    async def batch(self, commands: Sequence[Command]) -> list[Any]:
        """The replies of many commands in one round trip, not atomic. Raises StoreUnavailable."""
        if not commands:
            return []
        async with self._bounded("batch"), self._client.pipeline(transaction=False) as pipe:
            for command in commands:
                # Queued, not awaited: awaiting would send it at once on a cluster.
                pipe.execute_command(*command)  # pyright: ignore[reportUnknownMemberType, reportUnusedCoroutine]
            return await pipe.execute()

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument]) -> Any:
        """A script's reply; the server is taught the script when it does not know it.

        Raises:
            StoreUnavailable: As for every command.
        """
        async with self._bounded(script.name):
            try:
                return await self._send("EVALSHA", script.sha, len(keys), *keys, *arguments)
            except NoScriptError:
                return await self._send("EVAL", script.text, len(keys), *keys, *arguments)

    @asynccontextmanager
    async def _bounded(self, what: str) -> AsyncGenerator[None]:
        loop = asyncio.get_running_loop()
        began, wrong = loop.time(), "cancelled"
        try:
            with store_errors(self._address):
                async with asyncio.timeout(OPERATION_SECONDS):
                    yield
            wrong = ""
        except StoreUnavailable as error:
            wrong = type(error.__cause__).__name__
            raise
        finally:
            self._observe(what, loop.time() - began, wrong)

    async def _send(self, *command: Argument) -> Any:
        return cast(Any, await self._client.execute_command(*command))  # pyright: ignore[reportUnknownMemberType]


@contextmanager
def store_errors(address: str) -> Generator[None]:
    """Turn redis-py's errors into StoreUnavailable with a hint that names the cause.

    Args:
        address: Where the server is, without credentials.
    """
    try:
        yield
    except (RedisError, RedisClusterException, OSError) as error:
        raise _told(error, address) from error


def unreachable(address: str) -> StoreUnavailable:
    """Nobody answers there."""
    return StoreUnavailable(
        f"Redis does not answer at {address}",
        hint=f"Redis is not reachable at {address}: check that it runs, and REDIS_URL.",
    )


def address_of(client: Redis) -> str:
    """Where a client connects to, without credentials."""
    settings = cast(Mapping[str, object], client.connection_pool.connection_kwargs)
    if "path" in settings:
        return f"the socket {settings['path']}"
    return f"{settings.get('host', 'localhost')}:{settings.get('port', 6379)}"


_CAUSES: tuple[tuple[type[Exception] | str, str, str], ...] = (
    (
        AuthenticationError,
        "Redis refused the password",
        "Redis at {address} refused the user or password: check both in REDIS_URL.",
    ),
    ("WRONGPASS", "Redis refused the password", "Check user and password in REDIS_URL."),
    ("NOAUTH", "Redis wants a password", "Put user and password into REDIS_URL."),
    (
        NoPermissionError,
        "Redis forbids a command",
        "The Redis user lacks a permission; give it the rights of deploy/redis-users.acl.",
    ),
    (
        OutOfMemoryError,
        "Redis is out of memory",
        "Redis at {address} is out of memory: raise maxmemory, or lower BOBBIN_RETENTION_DAYS.",
    ),
    (
        ReadOnlyError,
        "Redis is a read-only replica",
        "Redis at {address} is a replica (a failover may be under way): point REDIS_URL at the "
        "primary.",
    ),
    (
        BusyLoadingError,
        "Redis is loading its data",
        "Redis at {address} is still loading its data: wait a moment.",
    ),
    (
        "MISCONF",
        "Redis cannot write to its disk",
        "Redis at {address} cannot save to disk: look for a full disk and into its own log.",
    ),
    (
        "NOREPLICAS",
        "Redis lacks replicas",
        "Redis at {address} wants more replicas than are there (min-replicas-to-write).",
    ),
    (
        "max number of clients",
        "Redis has too many clients",
        "Redis at {address} has reached maxclients.",
    ),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "the certificate of Redis is not trusted",
        "Name the authority in REDIS_URL, as in rediss://host:6379?ssl_ca_certs=/path/ca.pem.",
    ),
    (
        MaxConnectionsError,
        "all connections to Redis are taken",
        "Redis at {address} answers too slowly for this load; look at its latency.",
    ),
    (
        TimedOut,
        "Redis did not answer in time",
        "Redis is not reachable at {address}, or too slow: check that it runs and REDIS_URL.",
    ),
)


def _told(error: Exception, address: str) -> StoreUnavailable:
    causes = list(_causes(error))
    for sign, what, hint in _CAUSES:
        if any(_shows(sign, cause) for cause in causes):
            return StoreUnavailable(what, hint=hint.format(address=address))
    if isinstance(error, (NotConnected, OSError)):
        return unreachable(address)
    return StoreUnavailable(
        f"Redis refused a command ({type(error).__name__})",
        hint=f"Redis at {address} refused a command: {error}",
    )


def _shows(sign: type[Exception] | str, error: BaseException) -> bool:
    return sign in str(error) if isinstance(sign, str) else isinstance(error, sign)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it was made from."""
    while error is not None:
        yield error
        error = error.__cause__
