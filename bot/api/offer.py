"""What is served to other programs, as values; nothing heavy is imported for them."""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from bot.connections import Bounds
from bot.credentials import Credentials
from bot.links import Links
from bot.memories import Person
from bot.memory.imported import ImportReport
from bot.memory.port import Memories
from bot.memory.stage import Stage
from bot.memory.transfer import Still
from bot.services import Claims

BOUNDS = Bounds(most=500, head=10.0, idle=75.0)
"""Reverse proxies let a connection rest for a minute; theirs has to be the shorter time."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What is served, and how.

    Attributes:
        host: Where to listen.
        port: 0 for any free one.
        url: Where callers reach it, without a path; empty for where it listens.
        per_minute: Most requests with one token.
        version: Of this program.
        bounds: What the port puts up with.
    """

    host: str
    port: int
    url: str
    per_minute: int
    version: str
    bounds: Bounds = BOUNDS


@dataclass(frozen=True, slots=True)
class Served:
    """The server: host and port, and the task that has to run as long as it is to answer."""

    address: tuple[str, int]
    task: asyncio.Task[None]


class WriteConversations(Protocol):
    """Stores the conversations of a stage; see `bot.memory.conversations`."""

    async def __call__(
        self, person: Person, stage: Stage, *, name: str, dry_run: bool, still: Still
    ) -> ImportReport: ...


@dataclass(frozen=True, slots=True)
class Behind:
    """What answers: memories, what knows callers, and what stores conversations."""

    memories: Memories
    credentials: Credentials
    links: Links
    claims: Claims
    conversations: WriteConversations


class Serve(Protocol):
    """Answers requests while the block lasts. Raises SettingsError: nobody can listen there."""

    def __call__(self, offer: Offer, behind: Behind) -> AbstractAsyncContextManager[Served]: ...


class ServeStdio(Protocol):
    """Serves MCP until the input ends. Raises BobbinError: the token opens nothing."""

    async def __call__(
        self, behind: Behind, *, token: str, per_minute: int, version: str
    ) -> None: ...
