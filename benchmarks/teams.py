"""The invented teams in `benchmarks/threads`, and who may read what of theirs.

The rules of reading are written down here once more, by the names in the files and apart from the
bot's own, so that a leak is one by both.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.audience import Audience, Grant, grant, person_of
from bot.chat import ThreadKey
from bot.memories import Kind, Memory, MemoryText, Person, Scope, Source, Status, Via
from bot.memory.placing import derived_id
from bot.records import Entry

FOLDER = Path(__file__).resolve().parent / "threads"
BOT = "bobbin"
SECONDS_BETWEEN = 60.0
"""From one message of a conversation to the next."""

LEAK = "leak"
CATEGORIES = (
    "decision", "owner", "version", "correction", "time", "identifier", "preference", "multi", LEAK,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Conversation:
    """What was said in one place; its turns are named by its id and their number, from 1 on.

    Attributes:
        id: As in "L12".
        place: A channel's name, or "@" and a person for direct messages.
        confined: Fewer people read it than its channel.
        at: Of the first message, seconds since the epoch.
        turns: Who said what.
    """

    id: str
    place: str
    confined: bool
    at: float
    turns: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Remembered:
    """A memory; `scope` as in the files: "workspace", "channel:…", "thread:…", "user:…", "dm:…"."""

    id: str
    scope: str
    author: str
    at: float
    kind: Kind
    content: str
    subject: str
    tags: tuple[str, ...]
    superseded_by: str


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks in a place.

    Attributes:
        id: As in "Lq3".
        place: As in `Conversation`.
        by: Who asks.
        category: One of `CATEGORIES`.
        text: The question.
        evidence: Ids of the turns and memories that answer it; none for a trap.
        forbidden: Of a trap: ids of what would answer it and must not be found there.
    """

    id: str
    place: str
    by: str
    category: str
    text: str
    evidence: frozenset[str]
    forbidden: frozenset[str]


@dataclass(frozen=True, slots=True)
class Team:
    """One file."""

    name: str
    platform: str
    space: str
    people: Mapping[str, str]
    channels: Mapping[str, str]
    conversations: Sequence[Conversation]
    memories: Sequence[Remembered]
    questions: Sequence[Question]

    def readable(self, place: str) -> frozenset[str]:
        """Ids of everything that may be found in a place."""
        found: set[str] = set()
        for talk in self.conversations:
            if talk.place == place and not talk.confined:
                found |= {f"{talk.id}.{number}" for number in range(1, len(talk.turns) + 1)}
        scopes = {"workspace"}
        scopes |= (
            {f"user:{place[1:]}", f"dm:{place[1:]}"} if place[0] == "@" else {f"channel:{place}"}
        )
        return frozenset(
            found
            | {each.id for each in self.memories if each.scope in scopes and not each.superseded_by}
        )

    def texts(self) -> Iterator[tuple[str, str]]:
        """Everything that can be found with its text, by id."""
        for talk in self.conversations:
            for number, (who, text) in enumerate(talk.turns, start=1):
                yield f"{talk.id}.{number}", text if who == BOT else f"{self.people[who]}: {text}"
        for each in self.memories:
            yield each.id, "\n".join(filter(None, (each.content, each.subject, *each.tags)))

    def person(self, name: str) -> Person:
        """Somebody, as memories know them."""
        return person_of(self.platform, self.space, name, per_space=self.platform == "slack")

    def thread(self, talk: Conversation) -> ThreadKey:
        """A conversation's name in the store."""
        return ThreadKey(self.platform, self.space, _channel(talk.place), talk.id)

    def entries(self, talk: Conversation) -> list[Entry]:
        """A conversation as the store keeps it."""
        return [
            Entry(
                role="assistant" if who == BOT else "user",
                text=text,
                at=talk.at + number * SECONDS_BETWEEN,
                author_id="" if who == BOT else who,
                author="" if who == BOT else self.people[who],
                message_ids=(f"{talk.id}-{number}",),
            )
            for number, (who, text) in enumerate(talk.turns, start=1)
        ]

    def memory(self, each: Remembered) -> Memory:
        """A memory as the store keeps it."""
        author = self.person(each.author)
        return Memory(
            id=self.memory_id(each.id),
            text=MemoryText(each.content, each.kind, each.tags, each.subject),
            scope=self._scope(each.scope),
            source=Source(Via.COMMAND, author),
            status=Status.SUPERSEDED if each.superseded_by else Status.ACTIVE,
            superseded_by=self.memory_id(each.superseded_by) if each.superseded_by else "",
            created_at=each.at,
            updated_at=each.at,
        )

    def memory_id(self, id: str) -> str:
        """The id in the store for one in the files."""
        (at,) = (each.at for each in self.memories if each.id == id)
        return derived_id(at, self.name, id)

    def grant(self, question: Question) -> Grant:
        """What who asks may read where they ask, in a conversation of its own."""
        where = (self.platform, self.space, _channel(question.place))
        thread = ThreadKey(*where, f"asked-{question.id}")
        person = self.person(question.by)
        direct = question.place[0] == "@"
        audience = Audience(*where, thread, alone=person if direct else None, direct=direct)
        return grant(audience, person)

    def _scope(self, text: str) -> Scope:
        kind, _, name = text.partition(":")
        if kind == "channel":
            return Scope.of_channel(self.platform, self.space, _channel(name))
        if kind == "thread":
            (talk,) = (talk for talk in self.conversations if talk.id == name)
            return Scope.of_thread(self.thread(talk))
        if kind == "user":
            return Scope.of_person(self.person(name))
        if kind == "dm":
            return Scope.of_direct(self.platform, self.space, name)
        return Scope.of_workspace(self.platform, self.space)


def load(folder: Path = FOLDER) -> list[Team]:
    """All teams, by name."""
    return [_team(file) for file in sorted(folder.glob("*.json"))]


def _team(file: Path) -> Team:
    data: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    channels: dict[str, str] = data["channels"]
    return Team(
        name=file.stem,
        platform=data["platform"],
        space=data["space"],
        people=data["people"],
        channels=channels,
        conversations=[
            Conversation(
                id=each["id"],
                place=each["in"],
                confined=each.get("private", False) and channels.get(each["in"]) == "public",
                at=_time(each["at"]),
                turns=[(who, text) for who, text in each["turns"]],
            )
            for each in data["conversations"]
        ],
        memories=[
            Remembered(
                id=each["id"],
                scope=each["scope"],
                author=each["author"],
                at=_time(each["at"]),
                kind=Kind(each["kind"]),
                content=each["content"],
                subject=each.get("subject", ""),
                tags=tuple(each.get("tags", ())),
                superseded_by=each.get("superseded_by", ""),
            )
            for each in data["memories"]
        ],
        questions=[
            Question(
                id=each["id"],
                place=each["in"],
                by=each["by"],
                category=each["category"],
                text=each["text"],
                evidence=frozenset(each["evidence"]),
                forbidden=frozenset(each.get("forbidden", ())),
            )
            for each in data["questions"]
        ],
    )


def _channel(place: str) -> str:
    return f"direct-{place[1:]}" if place[0] == "@" else place


def _time(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
