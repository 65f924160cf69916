"""The console itself: carries out lines and shows what happens."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress

from tests.simulators.console.grammar import HELP, Say, Unclear, Word, parse
from tests.simulators.console.town import Shown, Town

_DAY = 86_400.0


async def typed_lines(descriptor: int) -> AsyncIterator[str]:
    """Lines from a terminal, a pipe or a file, until it ends.

    A thread reads the descriptor itself: event loops cannot watch files, and a thread that sits in
    `sys.stdin` would hold its lock while the interpreter ends.
    """
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[bytes | None] = asyncio.Queue()

    def read() -> None:
        block: bytes | None = b""
        while block is not None:
            try:
                block = os.read(descriptor, 65_536) or None
            except OSError:
                block = None
            try:
                loop.call_soon_threadsafe(queue.put_nowait, block)
            except RuntimeError:
                # The loop has ended while this thread was waiting for input.
                return

    threading.Thread(target=read, name="console input", daemon=True).start()
    rest = b""
    while (block := await queue.get()) is not None:
        *lines, rest = (rest + block).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")
    if rest:
        yield rest.decode("utf-8", "replace")


class Session:
    """Carries out what is typed.

    Args:
        towns: The platforms there are.
        write: Takes each line to print.
        extra: More for `show`: what the model was asked.
    """

    def __init__(
        self, towns: Mapping[str, Town], write: Callable[[str], None], extra: Callable[[], str]
    ) -> None:
        self._towns = towns
        self._write = write
        self._extra = extra
        self._watches: list[Watch] = []
        self._watching: list[asyncio.Task[None]] = []

    async def run(self, lines: AsyncIterator[str]) -> bool:
        """Carry out the lines; True when the last one was `quit`, False at their end."""
        async for line in lines:
            try:
                command = parse(line)
                if command == Word("quit"):
                    return True
                await self._do(command)
            except Unclear as problem:
                self._write(f"? {problem}")
        return False

    async def _do(self, command: Word | Say | None) -> None:
        if isinstance(command, Say):
            town = self._towns.get(command.town)
            if town is None:
                here = ", ".join(self._towns) or "the model"
                raise Unclear(f"{command.town} does not run here, only {here}")
            await town.act(command)
        elif command == Word("help"):
            self._write(HELP)
        elif command == Word("show"):
            self._show()
        elif command == Word("watch"):
            self.watch()
        elif command == Word("unwatch"):
            await self.unwatch()

    def _show(self) -> None:
        for town in self._towns.values():
            self._write(f"--- {town.name}\n{town.transcript()}")
        extra = self._extra()
        if extra:
            self._write(f"--- model\n{extra}")

    def watch(self) -> None:
        """Print every message and edit from now on."""
        if not self._watches:
            self._watches = [Watch(town, self._write) for town in self._towns.values()]
            self._watching = [asyncio.create_task(watch.run()) for watch in self._watches]

    async def unwatch(self) -> None:
        """Print what landed up to now, and no more."""
        watching, self._watching = self._watching, []
        for task in watching:
            task.cancel()
        await asyncio.gather(*watching, return_exceptions=True)
        watches, self._watches = self._watches, []
        for watch in watches:
            watch.print_news()


class Watch:
    """Prints what changes in a town, from its creation on."""

    def __init__(self, town: Town, write: Callable[[str], None]) -> None:
        self._town = town
        self._write = write
        self._seen = {item.key: item.version for item in town.shown()}

    def _news(self) -> list[Shown]:
        return [item for item in self._town.shown() if self._seen.get(item.key) != item.version]

    def print_news(self) -> None:
        """Print what is not printed yet."""
        for item in self._news():
            self._write(line(self._town.name, item, edited=item.key in self._seen))
            self._seen[item.key] = item.version

    async def run(self) -> None:
        """Print until cancelled."""
        while True:
            with suppress(TimeoutError):
                await self._town.until(self._news, _DAY)
            self.print_news()


def line(town: str, item: Shown, *, edited: bool) -> str:
    """One message for people to read: `+` new, `~` edited, `-` deleted."""
    sign = "-" if item.deleted else "~" if edited else "+"
    only = f" (only {item.private_to} sees this)" if item.private_to else ""
    return f"{sign} {town} {item.place} {item.author}{only}: {item.text}"
