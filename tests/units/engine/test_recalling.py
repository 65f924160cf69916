"""A question that goes without what is remembered, rather than late or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from bot.audience import Audience, Grant, readable
from bot.chat import ThreadKey
from bot.engine.recalling import Recalling
from bot.errors import StoreUnavailable
from bot.memories import Context, Person
from bot.memory.granting import Granting
from bot.memory.port import Memories

THREAD = ThreadKey("slack", "T", "C", "1.1")
ADA, OTHER = Person("slack", "T", "u1"), Person("discord", "@", "7")
HERE = Audience("slack", "T", "C", THREAD)
ALONE = Audience("slack", "T", "D", THREAD, ADA, direct=True)


@dataclass
class Slow:
    """The part of `Memories` that recalling calls; `gate` holds it, `fails` makes it fail."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)
    fails: bool = False
    asked: list[tuple[Grant, str, int]] = field(default_factory=list[tuple[Grant, str, int]])

    async def context(
        self,
        grant: Grant,
        query: str = "",
        tags: Sequence[str] = (),
        *,
        max_tokens: int,
        said: bool = True,
        besides: Sequence[tuple[ThreadKey, int]] = (),
    ) -> Context:
        self.asked.append((grant, query, max_tokens))
        if self.fails:
            raise StoreUnavailable("away")
        await self.gate.wait()
        return Context("<memories/>", (), 3, 0)


def recalling(slow: Slow, outcomes: list[str], seconds: float = 10.0) -> Recalling:
    async def linked(person: Person) -> Sequence[Person]:
        return (OTHER,)

    memories = cast("Memories", slow)
    return Recalling(memories, 500, seconds, Granting(linked), outcomes.append)


async def test_what_takes_too_long_is_left_out() -> None:
    slow, outcomes = Slow(), list[str]()
    found = await recalling(slow, outcomes, 0.01).recall(HERE, ADA, "loom?", most=500)
    assert (found, outcomes) == ("", ["slow"])


async def test_a_store_that_is_away_is_not_waited_for() -> None:
    slow, outcomes = Slow(fails=True), list[str]()
    found = await recalling(slow, outcomes).recall(HERE, ADA, "loom?", most=500)
    assert (found, outcomes) == ("", ["error"])


@pytest.mark.parametrize(("query", "most"), [("  \n", 500), ("loom?", 0)])
async def test_nothing_is_looked_for_without_a_question_or_room(query: str, most: int) -> None:
    slow = Slow()
    assert await recalling(slow, []).recall(HERE, ADA, query, most=most) == ""
    assert slow.asked == []


async def test_other_accounts_count_where_nobody_else_reads_along() -> None:
    slow = Slow()
    slow.gate.set()
    for audience, linked in ((HERE, ()), (ALONE, (OTHER,))):
        assert await recalling(slow, []).recall(audience, ADA, "loom?" * 1000, most=9)
        given, query, most = slow.asked[-1]
        assert given.readable == readable(audience, linked)
        assert len(query) == 2000 and most == 9


def test_a_small_prompt_leaves_little_room() -> None:
    assert [recalling(Slow(), []).room(tokens) for tokens in (1000, 8000)] == [125, 500]
