"""What listens while an `async with` lasts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Listening(ABC):
    """Started on the way in, stopped on the way out."""

    @abstractmethod
    async def start(self) -> None:
        """Listen on 127.0.0.1."""

    @abstractmethod
    async def stop(self) -> None:
        """End whatever is under way and stop listening."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
