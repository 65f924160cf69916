"""REDIS_URL: one server, a cluster or sentinels, taken apart and checked.

    redis://[user:password@]host[:port][/db]                     one server
    unix://[user:password@]/path/to/socket[?db=n]                one server on this machine
    redis+cluster://[user:password@]host[:port][,host[:port]…]   a cluster; some of its nodes
    redis+sentinel://[user:password@]host[:port][,…][/db]?service=name
                                                                 a primary that sentinels name

`rediss` in place of `redis` means TLS, for sentinels too. Ports left out are 6379, and 26379 for
sentinels; `service` left out is "mymaster". User and password are those of Redis itself;
`sentinel_username` and `sentinel_password` are options for sentinels that want their own. Options
for TLS have redis-py's names: ssl_ca_certs, ssl_certfile, ssl_keyfile, ssl_cert_reqs,
ssl_check_hostname. Special characters are written as in every address, `@` as %40.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

PORT, SENTINEL_PORT = 6379, 26379
SERVICE = "mymaster"
TLS_OPTIONS = (
    "ssl_ca_certs",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_cert_reqs",
    "ssl_check_hostname",
)
SENTINEL_OPTIONS = ("service", "sentinel_username", "sentinel_password")


class Topology(StrEnum):
    """What answers at an address."""

    SINGLE = "single"
    CLUSTER = "cluster"
    SENTINEL = "sentinel"


SCHEMES: Mapping[str, tuple[Topology, bool]] = {
    "redis": (Topology.SINGLE, False),
    "rediss": (Topology.SINGLE, True),
    "unix": (Topology.SINGLE, False),
    "redis+cluster": (Topology.CLUSTER, False),
    "rediss+cluster": (Topology.CLUSTER, True),
    "redis+sentinel": (Topology.SENTINEL, False),
    "rediss+sentinel": (Topology.SENTINEL, True),
}
"""What each scheme stands for, and whether it means TLS."""


class RedisUrlError(ValueError):
    """The address cannot be used.

    Attributes:
        wrong: What is wrong, to follow the variable's name.
        fix: What to write instead.
    """

    def __init__(self, wrong: str, fix: str) -> None:
        super().__init__(f"{wrong} {fix}")
        self.wrong = wrong
        self.fix = fix


@dataclass(frozen=True, slots=True)
class RedisAddress:
    """Where Redis is.

    Attributes:
        topology: What is there.
        hosts: Names and ports: the server, some nodes of the cluster, or the sentinels. Empty for
            a socket.
        socket: Path of a unix socket, else empty.
        db: Number of the database.
        service: What the sentinels call the primary, else empty.
        username: Of Redis; None for the default user.
        password: Of Redis.
        sentinel_username: Of the sentinels.
        sentinel_password: Of the sentinels.
        tls: The options of the TLS connection, by redis-py's names; None without TLS.
    """

    topology: Topology
    hosts: tuple[tuple[str, int], ...] = ()
    socket: str = ""
    db: int = 0
    service: str = ""
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sentinel_username: str | None = None
    sentinel_password: str | None = field(default=None, repr=False)
    tls: Mapping[str, str | bool] | None = None

    def __str__(self) -> str:
        """For people, without credentials."""
        if self.socket:
            return f"the socket {self.socket}"
        hosts = ", ".join(
            f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.hosts
        )
        if self.topology is Topology.CLUSTER:
            return f"the cluster at {hosts}"
        if self.topology is Topology.SENTINEL:
            return f"{self.service} by the sentinels at {hosts}"
        return hosts


def parse_redis_url(url: str) -> RedisAddress:
    """Take an address apart.

    Raises:
        RedisUrlError: It cannot be used; neither text shows a password.
    """
    authority = authority_in(url)
    try:
        parts = urlsplit(url.replace(f"://{authority}", "://", 1))
    except ValueError:
        raise RedisUrlError("is not a valid address.", _example("redis")) from None
    if parts.scheme not in SCHEMES:
        known = [f"{scheme}://" for scheme in SCHEMES]
        raise RedisUrlError(
            "is not an address of the right kind.",
            f"It should start with {', '.join(known[:-1])} or {known[-1]}.",
        )
    topology, tls = SCHEMES[parts.scheme]
    options = _options(parts, topology, tls)
    credentials, _, hosts = authority.rpartition("@")
    username, _, password = credentials.partition(":")
    return RedisAddress(
        topology,
        hosts=() if parts.scheme == "unix" else _hosts(parts, hosts, topology),
        socket=_socket(parts) if parts.scheme == "unix" else "",
        db=_database(parts, options, topology),
        service=options.get("service", SERVICE) if topology is Topology.SENTINEL else "",
        username=unquote(username) or None,
        password=unquote(password) or None,
        sentinel_username=options.get("sentinel_username"),
        sentinel_password=options.get("sentinel_password"),
        tls=_tls(options) if tls else None,
    )


def authority_in(url: str) -> str:
    """What names credentials and hosts in an address; empty for none.

    Some releases of Python refuse it where brackets stand beside other hosts: "a:1,[::1]:2".
    """
    return re.split(r"[/?#]", url.partition("://")[2], maxsplit=1)[0]


def _options(parts: SplitResult, topology: Topology, tls: bool) -> Mapping[str, str]:
    known = (
        *(() if topology is Topology.CLUSTER else ("db",)),
        *(SENTINEL_OPTIONS if topology is Topology.SENTINEL else ()),
        *(TLS_OPTIONS if tls else ()),
    )
    options: dict[str, str] = {}
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if name in TLS_OPTIONS and not tls:
            raise RedisUrlError(f"has {name} without TLS.", f"Write {_with_tls(parts.scheme)}.")
        if name not in known:
            fix = f"Known here: {', '.join(known)}." if known else "Remove it."
            raise RedisUrlError(f"has an option that I don't know ({name}).", fix)
        if not value:
            raise RedisUrlError(f"has {name} without a value.", "Give it one, or remove it.")
        options[name] = value
    return options


def _with_tls(scheme: str) -> str:
    return "rediss:// for TLS" if scheme == "unix" else f"{scheme.replace('redis', 'rediss')}://"


def _hosts(parts: SplitResult, text: str, topology: Topology) -> tuple[tuple[str, int], ...]:
    if topology is Topology.SINGLE and "," in text:
        raise RedisUrlError(
            "names several hosts.", "Start it with redis+cluster:// or redis+sentinel://."
        )
    default = SENTINEL_PORT if topology is Topology.SENTINEL else PORT
    return tuple(_host(each, parts.scheme, default) for each in text.split(","))


def _host(text: str, scheme: str, default: int) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise RedisUrlError("names a port that is none.", _example(scheme)) from None
    if not host or port == 0:
        raise RedisUrlError("names no host.", _example(scheme))
    return unquote(host), port or default


def _socket(parts: SplitResult) -> str:
    if not parts.path:
        raise RedisUrlError("names no socket.", "Write it like unix:///run/redis.sock.")
    return unquote(parts.path)


def _database(parts: SplitResult, options: Mapping[str, str], topology: Topology) -> int:
    in_path = "" if parts.scheme == "unix" else parts.path.strip("/")
    text = options.get("db", in_path)
    if topology is Topology.CLUSTER:
        if text not in ("", "0"):
            raise RedisUrlError("names a database.", "A cluster has only one: leave it out.")
        return 0
    if text and not (text.isascii() and text.isdigit()):
        raise RedisUrlError("names a database that is no number.", _example(parts.scheme))
    return int(text or 0)


def _tls(options: Mapping[str, str]) -> Mapping[str, str | bool]:
    found: dict[str, str | bool] = {name: options[name] for name in TLS_OPTIONS if name in options}
    checked = options.get("ssl_check_hostname")
    if checked is not None:
        if checked.lower() not in ("true", "yes", "1", "false", "no", "0"):
            raise RedisUrlError("has ssl_check_hostname that is neither.", "Write true or false.")
        found["ssl_check_hostname"] = checked.lower() in ("true", "yes", "1")
    if found.get("ssl_cert_reqs", "required") not in ("required", "optional", "none"):
        raise RedisUrlError(
            "has ssl_cert_reqs that I don't know.", "Write required, optional or none."
        )
    return found


def _example(scheme: str) -> str:
    examples = {
        Topology.SINGLE: "://user:password@host:6379/0",
        Topology.CLUSTER: "://user:password@host:6379,host:6379",
        Topology.SENTINEL: "://user:password@host:26379,host:26379/0?service=mymaster",
    }
    return f"Write it like {scheme}{examples[SCHEMES[scheme][0]]}."
