"""Spans: which part of a turn took how long, for those who trace. Ids only, never a text."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

Attribute = str | int | float
Note = Callable[[str, Attribute], None]
"""Adds an attribute to a span that is open."""

NOTHING: Mapping[str, Attribute] = {}


class Tracer(Protocol):
    """Where spans go; never raises, never waits."""

    def span(
        self, name: str, attributes: Mapping[str, Attribute] = NOTHING, *, parent: bool = False
    ) -> AbstractContextManager[Note]:
        """A span for as long as the block lasts, within the one that is the parent here.

        Args:
            name: A kind of work, one of few.
            attributes: What is known of it.
            parent: Spans that are begun in the block, and in tasks made there, lie within this
                one. Not for generators: their block is left and entered again in between.
        """
        ...


class Untraced:
    """`Tracer` for those who do not."""

    @contextmanager
    def span(
        self, name: str, attributes: Mapping[str, Attribute] = NOTHING, *, parent: bool = False
    ) -> Generator[Note]:
        """See `Tracer`."""
        yield _forget


def _forget(name: str, value: Attribute) -> None:
    """Nobody wants to know."""
