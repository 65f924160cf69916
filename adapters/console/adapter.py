"""The terminal as a platform: the smallest complete adapter."""

from __future__ import annotations

import asyncio
import getpass
import itertools
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from bot.chat import (
    Author,
    Capabilities,
    CommandCall,
    CommandReply,
    History,
    Inbox,
    Incoming,
    MessageRef,
    Spot,
    ThreadKey,
)

THREAD = ThreadKey("console", "local", "terminal", "main")
GREETING = "Bobbin, in your terminal. /help lists the commands; Ctrl-D ends.\n"


def create(values: Mapping[str, str]) -> ConsoleAdapter:
    """The `AdapterFactory` of the terminal; it needs no settings."""
    return ConsoleAdapter()


class ConsoleAdapter:
    """Reads lines from standard input and prints answers as they grow."""

    name = "console"
    capabilities = Capabilities(max_chars=1_000_000, min_edit_seconds=0.05)

    def __init__(self) -> None:
        self._author = Author(getpass.getuser(), getpass.getuser().title(), is_admin=True)
        self._shown: dict[str, str] = {}
        self._settled = asyncio.Event()
        self._numbers = itertools.count(1)

    async def run(self, inbox: Inbox) -> None:
        """Answer line after line until the input ends."""
        interactive = sys.stdin.isatty()
        if interactive:
            self._print(GREETING)
        while (line := await _read_line("> " if interactive else "")) is not None:
            text = line.strip()
            if text.startswith("/"):
                await self._command(inbox, text)
            elif text:
                self._settled.clear()
                await inbox.message(self._incoming(text))
                await self._settled.wait()

    def _incoming(self, text: str) -> Incoming:
        number = time.time_ns()
        return Incoming(
            event_id=f"console-{number}-{next(self._numbers)}",
            thread=THREAD,
            ref=MessageRef(THREAD.channel, str(number)),
            author=self._author,
            text=text,
            at=time.time(),
            position=number,
            addressed=True,
            direct=True,
        )

    async def _command(self, inbox: Inbox, line: str) -> None:
        name, *words = line[1:].split() or [""]
        known = {spec.name: spec for spec in inbox.commands}
        options = known[name].options if name in known else ()
        call = CommandCall(
            event_id=f"console-{time.time_ns()}-{next(self._numbers)}",
            name=name,
            author=self._author,
            platform=self.name,
            space=THREAD.space,
            channel=THREAD.channel,
            thread=THREAD,
            options={option.name: "true" for option in options if option.name in words},
        )
        self._show_reply(await inbox.command(call))

    def _show_reply(self, reply: CommandReply) -> None:
        self._print(reply.text + "\n")
        for file in reply.files:
            Path(file.name).write_bytes(file.content)
            self._print(f"Written to {Path(file.name).absolute()}\n")

    async def open(self, event: Incoming, title: str) -> Spot:
        """There is only one place."""
        return Spot(THREAD.channel)

    async def post(self, spot: Spot, text: str, *, key: str, again: bool = False) -> MessageRef:
        """Print the beginning of an answer."""
        self._shown = {key: text}
        self._print(text)
        return MessageRef(spot.channel, key)

    async def edit(self, ref: MessageRef, text: str) -> None:
        """Print what has been added; if the text is another one, print it whole on a new line."""
        shown = self._shown.get(ref.message)
        self._shown = {ref.message: text}
        grown = shown is not None and text.startswith(shown)
        self._print(text[len(shown) :] if shown is not None and grown else f"\n{text}")

    async def delete(self, ref: MessageRef) -> None:
        """What is printed stays printed."""

    async def show_status(self, spot: Spot, status: str | None) -> None:
        """A terminal shows that it waits by itself."""

    async def settled(self, thread: ThreadKey) -> None:
        """End the answer's line and let the next one be read."""
        if self._shown:
            self._print("\n")
            self._shown = {}
        self._settled.set()

    async def history(self, event: Incoming, limit: int) -> History:
        """Nothing was said before the bot was there."""
        return History()

    async def respond(self, event: Incoming, reply: CommandReply) -> None:
        """Print the answer of a command that was typed as a message."""
        self._show_reply(reply)
        self._settled.set()

    def measure(self, text: str) -> int:
        """Characters."""
        return len(text)

    async def close(self) -> None:
        """Nothing to release."""

    def _print(self, text: str) -> None:
        print(text, end="", flush=True)


async def _read_line(prompt: str) -> str | None:
    """The next line of input, None at its end.

    The read happens in a daemon thread, because neither a file nor every terminal can be watched
    by the event loop, and a thread of the default executor would keep the process from ending.
    """
    loop = asyncio.get_running_loop()
    line: asyncio.Future[str | None] = loop.create_future()

    def deliver(text: str | None) -> None:
        if not line.done():
            line.set_result(text)

    def read() -> None:
        try:
            text = input(prompt)
        except EOFError:
            text = None
        if not loop.is_closed():
            loop.call_soon_threadsafe(deliver, text)

    threading.Thread(target=read, name="console input", daemon=True).start()
    return await line
