"""The terminal as a platform: the smallest complete adapter."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from adapters.console.seat import Seat
from adapters.console.terminal import Terminal, kept, user_name
from bot import chat
from bot.attached import Attachment
from bot.capabilities import Capabilities
from bot.chat import CommandReply, Incoming, MessageRef, Spot, ThreadKey
from bot.controls import PLAIN, Presentation
from bot.errors import NotAllowed, StoreError
from bot.inbox import Inbox
from bot.options import read_options
from bot.panels import Button

THREAD = ThreadKey("console", "local", "terminal", "main")
GREETING = "Bobbin, in your terminal. /help lists the commands; Ctrl-D ends.\n"
_CLOSING = re.compile(r"(?:\n[ \t>]*)?[*_~`]+[ \t]*\Z")
UNREAD = "I don't know “{word}” after /{name}. /help lists what there is."
NO_CHOICE = "There is nothing under /{number} now: numbers belong to what was shown last."
APART = "Another terminal is open, so this one has a conversation of its own.\n"


def create(values: Mapping[str, str]) -> ConsoleAdapter:
    """The `AdapterFactory` of the terminal."""
    return ConsoleAdapter(Seat(values.get("BOBBIN_DATA_DIR")))


class ConsoleAdapter:
    """Reads lines from standard input and prints answers as they grow."""

    name = "console"
    capabilities = Capabilities(
        max_chars=1_000_000, min_edit_seconds=0.05, alone=True, buttons=True
    )

    def __init__(self, seat: Seat, terminal: Terminal | None = None) -> None:
        user = user_name()
        self._seat = seat
        self._thread = THREAD
        self._author = chat.Author(user, user.title(), is_admin=True)
        self._terminal = terminal or Terminal()
        self._shown: dict[str, str] = {}
        self._rest = ""
        self._buttons: Sequence[Button] = ()
        self._settled = asyncio.Event()
        self._unheard = False
        self._offered: dict[str, Button] = {}

    async def run(self, inbox: Inbox) -> None:
        """Answer line after line until the input ends, or nobody reads the answers."""
        self._thread = replace(THREAD, thread=await asyncio.to_thread(self._seat.take, "main"))
        inbox.meter.connected(True)
        with contextlib.suppress(NotAllowed), self._terminal.in_use():
            if self._terminal.interactive:
                self._print(GREETING + APART * (self._thread != THREAD))
            while (line := await self._terminal.line()) is not None:
                if line.strip().startswith("/"):
                    await self._command(inbox, line.strip())
                elif line.strip():
                    await self._ask(inbox, line.strip())
                if self._unheard:
                    return

    async def _ask(self, inbox: Inbox, text: str) -> None:
        self._settled.clear()
        event = Incoming(
            event_id=_new_id(),
            thread=self._thread,
            ref=MessageRef(THREAD.channel, _new_id()),
            author=self._author,
            text=text,
            at=time.time(),
            position=time.time_ns(),
            addressed=True,
            direct=True,
        )
        # The inbox keeps a message for which the store is away, and says so.
        with contextlib.suppress(StoreError):
            if await inbox.message(event):
                await self._settled.wait()

    def _call(self, inbox: Inbox, line: str) -> chat.CommandCall:
        word, *rest = line[1:].split(maxsplit=1) or [""]
        name = word.casefold()
        spec = next((spec for spec in inbox.commands if spec.name == name), None)
        options = read_options(spec, "".join(rest))[0] if spec is not None else {}
        return self._called(name, options)

    def _called(
        self, name: str, options: Mapping[str, str], act: str = "", thread: str = ""
    ) -> chat.CommandCall:
        return chat.CommandCall(
            _new_id(),
            name,
            self._author,
            self.name,
            THREAD.space,
            THREAD.channel,
            ThreadKey.parse(thread) if thread else self._thread,
            options,
            direct=True,
            act=act,
        )

    async def _command(self, inbox: Inbox, line: str) -> None:
        """Run a command; "/2" presses what has been offered under that number."""
        number, _, words = line[1:].partition(" ")
        button = self._offered.get(number)
        if button is None and number.isdecimal():
            self._show(chat.CommandReply(NO_CHOICE.format(number=number)), offers=False)
            return
        if button is None:
            word, _, rest = line[1:].partition(" ")
            name = word.casefold()
            spec = next((each for each in inbox.commands if each.name == name), None)
            unread = read_options(spec, rest)[1] if spec is not None else ""
            if unread:
                self._show(chat.CommandReply(UNREAD.format(name=name, word=unread)))
                return
            self._show(await inbox.command(self._call(inbox, line)))
            return
        reply = await inbox.command(self._called(button.command, {}, button.act, button.thread))
        window = reply.window
        if window is not None and words.strip():
            first, *others = window.fields
            wrote = {first.name: words.strip(), **{each.name: each.text for each in others}}
            reply = await inbox.command(self._called(window.command, wrote, window.act))
        elif window is not None:
            now = window.fields[0].text
            reply = replace(reply, text=f"{now}\nWrite /{number} and the new words behind it.")
            self._show(reply, offers=False)
            return
        self._show(reply)

    async def open(self, event: Incoming, title: str) -> Spot:
        """There is only one place."""
        return Spot(THREAD.channel)

    async def post(
        self,
        spot: Spot,
        text: str,
        *,
        key: str,
        again: bool = False,
        look: Presentation = PLAIN,
    ) -> MessageRef:
        """Print the beginning of an answer, below the one before."""
        if len(text) > self.capabilities.max_chars:
            raise ValueError("longer than a message may be")
        await self.edit(ref := MessageRef(spot.channel, key), text, look=look)
        return ref

    async def edit(self, ref: MessageRef, text: str, *, look: Presentation = PLAIN) -> None:
        """Print what has been added; if the text is another one, print it whole on a new line."""
        # Marks at the end may only stand there until more comes, and what is printed stays.
        body = _CLOSING.sub("", text)
        shown = self._shown.get(ref.message)
        below = f"{self._rest}\n" if self._shown else ""
        if shown is not None and text.startswith(shown):
            added = body[len(shown) :]
        else:
            added = below + body
        self._shown = {ref.message: shown if shown and not added else body}
        self._rest = text[len(self._shown[ref.message]) :]
        self._buttons = look.buttons
        self._print(added)

    async def attach(
        self, spot: Spot, file: chat.File, key: str, text: str = "", *, again: bool = False
    ) -> MessageRef:
        """Nobody needs a file of what is printed: the capabilities say that there are none."""
        raise ValueError("a terminal takes no files")

    async def delete(self, ref: MessageRef) -> None:
        """What is printed stays printed."""

    async def show_status(self, spot: Spot, status: str | None) -> None:
        """A terminal shows that it waits by itself."""

    async def mark_waiting(self, ref: MessageRef, waiting: bool) -> None:
        """Nothing can be typed while an answer is printed."""

    async def settled(self, thread: ThreadKey) -> None:
        """End the answer's line and let the next one be read."""
        self._settled.set()
        if self._unheard:
            # That was told when the answer could not be printed.
            return
        if self._shown:
            rest, self._shown, self._rest = self._rest, {}, ""
            self._print(f"{rest}\n")
        if self._buttons:
            buttons, self._buttons = self._buttons, ()
            self._offered.clear()
            self._print(f"{self._numbered(buttons)}\n")

    async def history(self, event: Incoming, limit: int) -> chat.History:
        """Nothing was said before the bot was there."""
        return chat.History()

    async def download(self, attachment: Attachment, most_bytes: int) -> bytes:
        """Nothing can be attached in a terminal."""
        raise NotAllowed("a terminal has no attachments")

    async def since(self, first: MessageRef, thread: ThreadKey, limit: int) -> chat.History:
        """A terminal keeps nothing."""
        return chat.History()

    async def respond(self, event: Incoming, reply: CommandReply) -> None:
        """Print the answer of a command that was typed as a message."""
        self._settled.set()
        self._show(reply)

    async def link(self, thread: ThreadKey, message: str, *, loose: bool = False) -> str:
        """What is printed has no address."""
        return ""

    async def tell(self, space: str, user: str, text: str, *, key: str) -> bool:
        """Nothing is printed between somebody's own lines."""
        return False

    async def reach(
        self, space: str, user: str, places: Collection[tuple[str, str]]
    ) -> chat.Reach | None:
        """Nobody leaves a terminal."""
        return None

    def measure(self, text: str) -> int:
        """Characters."""
        return len(text)

    async def close(self) -> None:
        """Let another terminal take this one's place."""
        self._terminal.close()
        self._seat.leave()

    def _show(self, reply: CommandReply, *, offers: bool = True) -> None:
        if offers:
            self._offered.clear()
        lines = [reply.text]
        for entry in reply.entries:
            lines += [entry.text, self._numbered(entry.buttons)]
        lines.append(self._numbered(reply.buttons))
        self._print("\n".join(line for line in lines if line) + "\n")
        for file in reply.files:
            self._print(kept(file.name, file.content) + "\n")

    def _numbered(self, buttons: Sequence[Button]) -> str:
        """Buttons as they are typed, each under the next number."""
        told: list[str] = []
        for button in buttons:
            number = str(len(self._offered) + 1)
            self._offered[number] = button
            told.append(f"/{number} {button.label}")
        return "  " + "  ".join(told) if told else ""

    def _print(self, text: str) -> None:
        try:
            self._terminal.write(text)
        except OSError as error:
            self._unheard = True
            self._settled.set()
            hint = "Whatever read the output has ended."
            raise NotAllowed("the answer cannot be printed", hint=hint) from error


def _new_id() -> str:
    return f"console-{time.time_ns()}"
