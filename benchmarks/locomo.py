"""The same on LoCoMo, whose licence forbids shipping it: its file is given by path.

Ten long conversations between two people each. A question counts if some of its evidence can be
found in the conversation; recall is the share of its evidence turns among the best hits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.figures import table
from benchmarks.hits import DEEPEST, Asked, cells, heads
from benchmarks.library import KeptEmbedder, open_library
from benchmarks.local_model import MISSING, by_meaning, open_local
from bot.audience import Audience, Grant, grant
from bot.chat import ThreadKey
from bot.memories import Person
from bot.records import Entry

PLATFORM, SPACE = "discord", "locomo"
CATEGORIES = (1, 2, 3, 4)
"""Of questions; those of the fifth have no answer."""

LOOKED_AT = 5
"""Conversations, the first ones, on which weights were chosen; the others were held out."""

_TURN = re.compile(r"D\d+:\d+")


@dataclass(frozen=True, slots=True)
class Session:
    """One sitting: who said what, by the ids of the file."""

    number: int
    turns: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation with its questions, each with its evidence."""

    name: str
    sessions: Sequence[Session]
    questions: Sequence[tuple[str, frozenset[str]]]

    @property
    def place(self) -> tuple[str, str, str]:
        """Its channel; each sitting is a thread there."""
        return PLATFORM, SPACE, self.name

    @property
    def grant(self) -> Grant:
        """What somebody there may read."""
        return grant(Audience(*self.place), Person(PLATFORM, "@", "reader"))

    def texts(self) -> dict[str, str]:
        """All turns with who said them."""
        return {
            id: f"{who}: {text}" for session in self.sessions for id, who, text in session.turns
        }


def load(file: Path) -> list[Talk]:
    """The conversations of `locomo10.json`. Raises OSError, ValueError or KeyError for others."""
    found: list[Talk] = []
    for sample in json.loads(file.read_text(encoding="utf-8")):
        data: dict[str, Any] = sample["conversation"]
        sessions = [
            Session(
                int(name.removeprefix("session_")),
                [(turn["dia_id"], turn["speaker"], turn["text"]) for turn in turns],
            )
            for name, turns in data.items()
            if re.fullmatch(r"session_\d+", name)
        ]
        ids = {id for session in sessions for id, _, _ in session.turns}
        questions: list[tuple[str, frozenset[str]]] = []
        for each in sample["qa"]:
            evidence = frozenset(_TURN.findall(" ".join(each["evidence"]))) & ids
            if each["category"] in CATEGORIES and evidence:
                questions.append((each["question"], evidence))
        found.append(Talk(str(sample["sample_id"]), sessions, questions))
    return found


async def measure(file: Path) -> dict[str, list[Asked]]:
    """Ask everything in each of the ways; `Asked.group` is the conversation's name."""
    talks = load(file)
    results = {"words (BM25)": await _searched(talks, None)}
    async with open_local() as embedder:
        if embedder is not None:
            results["embeddings (MiniLM)"] = await _by_meaning(talks, embedder)
            results["both"] = await _searched(talks, embedder)
    return results


async def _searched(talks: Sequence[Talk], embedder: KeptEmbedder | None) -> list[Asked]:
    asked: list[Asked] = []
    async with open_library(embedder) as library:
        for talk in talks:
            for session in talk.sessions:
                entries = [
                    Entry("user", text, 60.0 * number, who, who, (id,))
                    for number, (id, who, text) in enumerate(session.turns, start=1)
                ]
                if entries:
                    thread = ThreadKey(*talk.place, f"s{session.number}")
                    names = [id for id, _, _ in session.turns]
                    await library.take_talk(thread, entries, names, confined=False)
            await library.fill([talk.grant])
            for question, evidence in talk.questions:
                found = await library.find(talk.grant, question, DEEPEST)
                asked.append(Asked(talk.name, evidence, found))
    return asked


async def _by_meaning(talks: Sequence[Talk], embedder: KeptEmbedder) -> list[Asked]:
    asked: list[Asked] = []
    for talk in talks:
        texts = talk.texts()
        for question, evidence in talk.questions:
            found = await by_meaning(embedder, question, texts, texts, DEEPEST)
            asked.append(Asked(talk.name, evidence, found))
    return asked


def report(results: dict[str, list[Asked]]) -> str:
    """All conversations, and those that nothing was chosen on by themselves."""
    first = next(iter(results.values()))
    names = list(dict.fromkeys(each.group for each in first))
    held_out = frozenset(names[LOOKED_AT:])
    rows = [
        [way, *cells(asked), *cells([each for each in asked if each.group in held_out])]
        for way, asked in results.items()
    ]
    figures = table(["searched by", *heads(), *(f"{head} held out" for head in heads())], rows)
    told = f"{len(first)} questions of {len(names)} conversations, {len(held_out)} held out."
    lacking = [] if len(results) > 1 else [MISSING]
    return "\n\n".join([figures, told, *lacking])
