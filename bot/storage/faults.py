"""Errors of redis-py: which of them may pass, and what they are told as."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager

from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ClusterDownError,
    ClusterError,
    MaxConnectionsError,
    MovedError,
    NoPermissionError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
)
from redis.exceptions import ConnectionError as NotConnected
from redis.exceptions import TimeoutError as TimedOut

from bot.errors import StoreUnavailable
from bot.redis_url import Topology

STUMBLES = (AttributeError, IndexError, KeyError)
"""What redis-py's cluster client also fails with while it learns a new map of the slots."""

PASSING = (
    NotConnected,
    TimedOut,
    OSError,
    ReadOnlyError,
    ClusterDownError,
    ClusterError,
    RedisClusterException,
)
"""Kinds of errors that may be over soon."""

REFUSALS = (AuthenticationError, AuthorizationError, NoPermissionError)
NO_CLUSTER = "Cluster mode is not enabled"
SLOTS_MIXED = "must map to the same key slot"
FINAL: tuple[str, ...] = (NO_CLUSTER, SLOTS_MIXED, "AuthenticationError", "AuthorizationError")
"""Signs of a wrong setting, or of a fault of ours, in errors that only quote their cause."""


def kinds(topology: Topology) -> tuple[type[Exception], ...]:
    """All errors that can come out of a client."""
    stumbles = STUMBLES if topology is Topology.CLUSTER else ()
    return (RedisError, RedisClusterException, OSError, *stumbles)


def may_pass(error: Exception, topology: Topology) -> bool:
    """Whether the same command may succeed a moment later."""
    passing = PASSING + (STUMBLES if topology is Topology.CLUSTER else ())
    return isinstance(error, passing) and not refused(error)


def refused(error: BaseException) -> bool:
    """Whether it is of no use to try again: user, password, rights, or the wrong kind of server."""
    return any(
        isinstance(cause, REFUSALS) or any(sign in str(cause) for sign in FINAL)
        for cause in _causes(error)
    )


@contextmanager
def store_errors(address: str, topology: Topology = Topology.SINGLE) -> Generator[None]:
    """Turn redis-py's errors into StoreUnavailable with a hint that names the cause.

    Args:
        address: Where Redis is, without credentials.
        topology: What is there.
    """
    try:
        yield
    except kinds(topology) as error:
        raise _told(error, address, topology) from error


def unreachable(address: str, topology: Topology = Topology.SINGLE) -> StoreUnavailable:
    """Nobody answers there."""
    what, hint = _NOBODY[topology]
    return StoreUnavailable(what.format(address=address), hint=hint.format(address=address))


_NOBODY = {
    Topology.SINGLE: (
        "Redis does not answer at {address}",
        "Check that Redis runs at {address}, and REDIS_URL if it is set.",
    ),
    Topology.CLUSTER: (
        "Redis does not answer: {address}",
        "Check that all primaries of {address} run, that the addresses they announce (CLUSTER "
        "SLOTS) can be reached from here, and REDIS_URL.",
    ),
    Topology.SENTINEL: (
        "Redis does not answer: {address}",
        "Check that the primary {address} runs, that the address the sentinels name can be "
        "reached from here, and REDIS_URL.",
    ),
}

Sign = type[Exception] | str

_CAUSES: tuple[tuple[Sign, str, str], ...] = (
    (
        AuthenticationError,
        "Redis refused the password",
        "Check user and password for {address} in REDIS_URL.",
    ),
    ("WRONGPASS", "Redis refused the password", "Check user and password in REDIS_URL."),
    ("NOAUTH", "Redis wants a password", "Put user and password into REDIS_URL."),
    (
        NoPermissionError,
        "Redis forbids a command",
        "The Redis user lacks a permission; give it the rights of deploy/redis-users.acl.",
    ),
    (
        "AuthenticationError",
        "the sentinels refuse the password",
        "The sentinels refuse the password: sentinel_password (and sentinel_username) in "
        "REDIS_URL are theirs, the password before the @ is that of Redis.",
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
        "Name the authority in REDIS_URL, as in rediss://host:6379?ssl_ca_certs=/path/ca.pem; the "
        "certificate has to name the host that is connected to.",
    ),
    (
        NO_CLUSTER,
        "Redis is no cluster",
        "Nobody at {address} is part of a cluster, or the Redis user may not ask CLUSTER SLOTS: "
        "for one server write redis:// in REDIS_URL, for rights see deploy/redis-users.acl.",
    ),
    (
        SLOTS_MIXED,
        "a command names keys of several slots",
        "A fault of Bobbin's: the keys of one script lie in several slots of {address}.",
    ),
    (
        "No master found",
        "no primary is known to the sentinels",
        "No sentinel names a working primary for {address}: a failover may be under way; else "
        "check the service's name in REDIS_URL and that the sentinels can be reached.",
    ),
    (
        "CLUSTERDOWN",
        "the Redis cluster is down",
        "{address} says CLUSTERDOWN: a primary is gone and no replica has taken over yet; see "
        "CLUSTER INFO and CLUSTER NODES.",
    ),
    (
        ClusterDownError,
        "the Redis cluster is down",
        "{address} is down: a primary is gone and no replica has taken over yet; see CLUSTER INFO "
        "and CLUSTER NODES.",
    ),
    (
        "slots are not covered",
        "the Redis cluster lacks slots",
        "{address} does not serve all slots: a primary and its replicas are gone, or it was not "
        "set up to the end; see CLUSTER INFO and CLUSTER NODES.",
    ),
    (
        "not covered by the cluster",
        "the Redis cluster lacks slots",
        "{address} does not serve all slots: see CLUSTER INFO and CLUSTER NODES.",
    ),
    (
        "TTL exhausted",
        "the Redis cluster sends commands in a circle",
        "{address} keeps redirecting (MOVED, ASK or TRYAGAIN): its nodes disagree on who has a "
        "slot, or a slot is being moved; see CLUSTER NODES.",
    ),
    (
        MovedError,
        "Redis is part of a cluster",
        "Redis at {address} is a node of a cluster: start REDIS_URL with redis+cluster://.",
    ),
    (
        MaxConnectionsError,
        "all connections to Redis are taken",
        "Redis at {address} answers too slowly for this load; look at its latency.",
    ),
    (
        TimedOut,
        "Redis did not answer in time",
        "Check that Redis at {address} runs and has little to do, and REDIS_URL if it is set: with "
        "rediss:// it has to speak TLS.",
    ),
)


def _told(error: Exception, address: str, topology: Topology) -> StoreUnavailable:
    causes = list(_causes(error))
    for sign, what, hint in _CAUSES:
        if any(_shows(sign, cause) for cause in causes):
            return StoreUnavailable(what, hint=hint.format(address=address))
    if isinstance(error, (NotConnected, OSError, RedisClusterException)):
        return unreachable(address, topology)
    return StoreUnavailable(
        f"Redis refused a command ({type(error).__name__})",
        hint=f"Redis at {address} refused a command: {error}",
    )


def _shows(sign: Sign, error: BaseException) -> bool:
    return sign in str(error) if isinstance(sign, str) else isinstance(error, sign)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what it was made from."""
    while error is not None:
        yield error
        # The cluster client raises its own errors while it handles the real ones.
        hidden = error.__context__ if isinstance(error, RedisClusterException) else None
        error = error.__cause__ or hidden
