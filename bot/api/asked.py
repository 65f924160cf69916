"""What requests look like on the wire; unknown fields and wrong types are refused."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from bot.memories import (
    LONGEST_CONTENT,
    LONGEST_TAG,
    MOST_AT_ONCE,
    MOST_TAGS,
    Filter,
    Kind,
    Status,
)
from bot.memory.checks import tags_of
from bot.memory.formats.known import Format

LONGEST_QUERY = 1_000
LONGEST_NAME = 2_000
"""Characters of a scope, a thread or an id as callers write them."""

MOST_LISTED = 100
MOST_HITS = 50
MOST_TOKENS = 32_000

Content = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_CONTENT,
        description="One or two sentences that can be understood by themselves.",
    ),
]
Tags = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=LONGEST_TAG)]],
    Field(max_length=MOST_TAGS, description="Without #; kept in lower case."),
]
Subject = Annotated[str, Field(max_length=200, description="Whom or what it is about, as a name.")]
ScopeName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_NAME,
        description="A kind of scope (user, dm, thread, channel, workspace) or one scope as "
        "`/v1/memory/stats` names it. It can only narrow what the token opens.",
    ),
]
Time = Annotated[
    float,
    Field(ge=0, lt=253_402_300_800, allow_inf_nan=False, description="Seconds since the epoch."),
]
Version = Annotated[int, Field(ge=1, le=2**48)]
Id = Annotated[str, Field(min_length=1, max_length=100)]


def _whole(value: object) -> object:
    """A number as addresses hold it: digits, nothing else."""
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value) else value


def _truth(value: object) -> object:
    """A truth value as addresses hold it."""
    return {"true": True, "false": False}.get(value, "neither") if isinstance(value, str) else value


class Shape(BaseModel):
    """One JSON object, strictly."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NewShape(Shape):
    """Something to remember."""

    content: Content
    kind: Kind = Kind.NOTE
    tags: Tags = []
    subject: Subject = ""
    pinned: bool = False
    event_at: Time | None = None
    expires_at: Time | None = None
    scope: ScopeName | None = None


class ChangeShape(Shape):
    """What is to be different. New `content` makes a new memory that supersedes the old one."""

    content: Content = ""
    kind: Kind = Kind.NOTE
    tags: Tags = []
    subject: Subject = ""
    pinned: bool = False
    event_at: Time | None = None
    expires_at: Time | None = None
    archived: bool = False
    confirmed: bool = True
    version: Version | None = Field(
        default=None, description="Change it only if it is still at this version."
    )


class FilterShape(Shape):
    """Which memories are meant; what is left out means any."""

    kinds: list[Kind] = Field(default=[], max_length=10)
    tags: Annotated[list[str], Field(max_length=20)] = Field(
        default=[], description="It has all of these."
    )
    scopes: Annotated[list[ScopeName], Field(max_length=20)] = []
    statuses: list[Status] = Field(default=[Status.ACTIVE], max_length=5)
    subject: Subject = ""
    pinned: bool | None = None


class SearchShape(FilterShape):
    """A search, by words and by meaning where there are embeddings."""

    query: Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY)]
    limit: Annotated[int, Field(ge=1, le=MOST_HITS)] = 10
    said: bool = Field(default=True, description="Look into past conversations, too.")


class ContextShape(Shape):
    """What a model should know for a question."""

    query: Annotated[str, Field(max_length=LONGEST_QUERY)] = ""
    tags: Annotated[list[str], Field(max_length=20)] = []
    scopes: Annotated[list[ScopeName], Field(max_length=20)] = []
    max_tokens: Annotated[int, Field(ge=1, le=MOST_TOKENS)] = 1_000
    said: bool = True


class ListQuery(BaseModel):
    """What a list is asked for by, in its address; names may end with [] where they can repeat."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: Annotated[int, BeforeValidator(_whole), Field(strict=True, ge=1, le=MOST_LISTED)] = 20
    after: Annotated[str, Field(max_length=100, description="The last id of the page before.")] = ""
    kinds: Annotated[list[Kind], Field(max_length=10)] = []
    tags: Annotated[list[str], Field(max_length=20)] = []
    scopes: Annotated[list[ScopeName], Field(max_length=20)] = []
    statuses: Annotated[list[Status], Field(max_length=5)] = [Status.ACTIVE]
    subject: Subject = ""
    pinned: Annotated[bool, BeforeValidator(_truth)] | None = None

    @property
    def filter(self) -> FilterShape:
        """Which memories are meant."""
        return FilterShape(
            kinds=self.kinds,
            tags=self.tags,
            scopes=self.scopes,
            statuses=self.statuses,
            subject=self.subject,
            pinned=self.pinned,
        )


class ConversationQuery(BaseModel):
    """Which part of a conversation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: Annotated[int, BeforeValidator(_whole), Field(strict=True, ge=0, le=2**48)] = 0
    limit: Annotated[int, BeforeValidator(_whole), Field(strict=True, ge=1, le=MOST_LISTED)] = 50


class ImportQuery(BaseModel):
    """How to bring in what the body holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dry_run: Annotated[
        bool, BeforeValidator(_truth), Field(description="Only tell what would happen.")
    ] = False
    scope: ScopeName | None = None
    format: Annotated[
        Format | None,
        Field(description="Which program wrote the file; found out where it is not said."),
    ] = None
    name: Annotated[
        str, Field(max_length=80, description="What you are called in conversations.")
    ] = ""


class ExportQuery(BaseModel):
    """What an export is asked for by; without anything it holds all that the token opens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kinds: Annotated[list[Kind], Field(max_length=10)] = []
    tags: Annotated[list[str], Field(max_length=20)] = []
    scopes: Annotated[list[ScopeName], Field(max_length=20)] = []
    statuses: Annotated[list[Status], Field(max_length=5)] = list(Status)

    @property
    def filter(self) -> FilterShape:
        """Which memories are meant."""
        return FilterShape(
            kinds=self.kinds, tags=self.tags, scopes=self.scopes, statuses=self.statuses
        )


class CreateItem(NewShape):
    """One memory to add. What is too long, too much or out of range is refused by itself."""

    op: Literal["create"]
    content: str
    tags: list[str] = []
    subject: str = ""
    event_at: float | None = None
    expires_at: float | None = None
    scope: str | None = None


class UpdateItem(ChangeShape):
    """One memory to change; as of what is added."""

    op: Literal["update"]
    id: str
    content: str = ""
    tags: list[str] = []
    subject: str = ""
    event_at: float | None = None
    expires_at: float | None = None
    version: int | None = None


class DeleteItem(Shape):
    """One memory to delete."""

    op: Literal["delete"]
    id: str


Item = Annotated[CreateItem | UpdateItem | DeleteItem, Field(discriminator="op")]


class BatchShape(Shape):
    """Many changes, carried out in their order; each has a result of its own.

    Only a batch that cannot be read is refused as a whole.
    """

    operations: Annotated[list[Item], Field(min_length=1, max_length=MOST_AT_ONCE)]


def filter_of(asked: FilterShape) -> Filter:
    """Which memories are meant, for the core."""
    return Filter(
        kinds=frozenset(asked.kinds),
        tags=frozenset(tags_of(asked.tags)),
        statuses=frozenset(asked.statuses),
        subject=asked.subject,
        pinned=asked.pinned,
    )
