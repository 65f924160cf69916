"""What the console needs to know of a platform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from tests.simulators.console.grammar import Say

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as it is now.

    Attributes:
        key: The same for all states of a message.
        place: Where it stands, e.g. "#general" or "thread 1".
        version: Counts the states, deletion included.
    """

    key: str
    place: str
    author: str
    text: str
    version: int
    deleted: bool = False
    private_to: str | None = None


class Town(Protocol):
    """A simulated platform with a few people in it."""

    @property
    def name(self) -> str:
        """What lines for it begin with."""
        ...

    async def act(self, say: Say) -> None:
        """Do what a line says.

        Raises:
            Unclear: It cannot be done; the text says why.
        """
        ...

    def shown(self) -> list[Shown]:
        """Every message there ever was, in its present state."""
        ...

    def transcript(self) -> str:
        """All channels as people see them, and violations."""
        ...

    async def until(self, predicate: Callable[[], T], timeout: float) -> T:
        """The simulator's `until`."""
        ...
