"""A platform on which messages of any kind are put in by hand, and the whole bot behind it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace

from bot.attached import Attachment
from bot.capabilities import Capabilities
from bot.chat import (
    Author,
    CommandCall,
    CommandReply,
    File,
    History,
    Incoming,
    MessageRef,
    Press,
    Reach,
    Spot,
    ThreadKey,
)
from bot.controls import PLAIN, Action, Presentation
from bot.errors import MessageGone, PlatformBusy, TooLarge
from bot.inbox import Inbox
from bot.timing import Timing
from tests.flows.look import settled, stored
from tests.flows.stage import QUICK, Stage, open_stage
from tests.servers import Valkey

ADA = Author("1", "Ada")


async def nothing_more(text: str, look: Presentation) -> None:
    """Nothing happens."""


@dataclass(slots=True)
class Meadow:
    """Implements `bot.adapter.Adapter` under the name of another platform, whose ids can be listed.

    Attributes:
        name: The platform's.
        posts: Texts of the bot's messages by id, in order.
        looks: What they carry beside that.
        told: What was answered to whom beside the conversation.
        marks: Signs that were put on messages (True) and taken away.
        past: What was said in a thread before the bot was called.
        downloads: What can be downloaded, by address.
        files: What was attached, by key.
        after_edit: What happens once a text stands there, before the bot hears of it.
        unasked: What people were to be told in a direct message: space, user, text, key.
        reachable: They take such messages.
        busy: How many of the next ones are turned away for now.
    """

    name: str = "discord"
    capabilities: Capabilities = field(
        default_factory=lambda: Capabilities(
            2000, min_edit_seconds=0.01, controls=frozenset(Action)
        )
    )
    posts: dict[str, str] = field(default_factory=dict[str, str])
    looks: dict[str, Presentation] = field(default_factory=dict[str, Presentation])
    told: list[tuple[str, CommandReply]] = field(default_factory=list[tuple[str, CommandReply]])
    marks: list[tuple[str, bool]] = field(default_factory=list[tuple[str, bool]])
    past: History = field(default_factory=History)
    downloads: dict[str, bytes] = field(default_factory=dict[str, bytes])
    files: dict[str, File] = field(default_factory=dict[str, File])
    after_edit: Callable[[str, Presentation], Awaitable[None]] = nothing_more
    unasked: list[tuple[str, str, str, str]] = field(
        default_factory=list[tuple[str, str, str, str]]
    )
    reachable: bool = False
    busy: int = 0
    numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    _inbox: asyncio.Future[Inbox] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    _changed: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def run(self, inbox: Inbox) -> None:
        self._inbox.set_result(inbox)
        await asyncio.Event().wait()

    async def inbox(self) -> Inbox:
        """Where messages go, once the bot runs."""
        return await self._inbox

    async def begin(self, stage: Stage, timing: Timing = QUICK) -> Inbox:
        """Run a bot that has this platform alone."""
        await stage.start(timing, {self.name: self})
        return await self._inbox

    def event(
        self,
        author: Author = ADA,
        text: str = "hi",
        *,
        thread: str = "t",
        channel: str = "11",
        space: str = "1",
        addressed: bool = True,
        direct: bool = False,
        joins: bool = False,
        attachments: tuple[Attachment, ...] = (),
    ) -> Incoming:
        """A new message."""
        number = next(self.numbers)
        return Incoming(
            f"e{number}",
            ThreadKey(self.name, space, channel, thread),
            MessageRef(channel, f"m{number}"),
            author,
            text,
            1_700_000_000.0 + number,
            number,
            addressed=addressed,
            mentioned=addressed,
            direct=direct,
            joins=joins,
            attachments=attachments,
        )

    async def say(self, event: Incoming) -> Incoming:
        """Deliver a message."""
        await (await self.inbox()).message(event)
        return event

    async def call(self, name: str, event: Incoming, **changes: object) -> CommandReply:
        """Call a command where `event` is, for its author."""
        thread = event.thread
        call = CommandCall(
            f"c{next(self.numbers)}",
            name,
            event.author,
            thread.platform,
            thread.space,
            thread.channel,
            thread,
            direct=event.direct,
        )
        return await (await self.inbox()).command(replace(call, **changes))  # type: ignore[arg-type]

    async def press(
        self, action: Action, event: Incoming, author: Author = ADA, turn: str = ""
    ) -> str:
        """Use a control of the newest message, in the thread of `event`; what is whispered."""
        newest = list(self.posts)[-1]
        press = Press(
            f"p{next(self.numbers)}",
            action,
            turn or self.looks[newest].turn,
            author,
            event.thread,
            MessageRef(event.thread.thread, newest),
            next(self.numbers),
            event.at,
        )
        reply = await (await self.inbox()).pressed(press)
        assert reply.private and reply.harmless
        return reply.text

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something is true of what was posted or told."""
        async with asyncio.timeout(50), self._changed:
            await self._changed.wait_for(holds)

    async def until_posted(self, *texts: str) -> None:
        """Wait until the bot's messages are these."""
        await self.until(lambda: list(self.posts.values()) == list(texts))

    async def until_told(self, count: int) -> list[str]:
        """Wait until so many sentences were said beside the conversation, and return them."""
        await self.until(lambda: len(self.told) >= count)
        return [reply.text for _, reply in self.told]

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def open(self, event: Incoming, title: str) -> Spot:
        return Spot(event.thread.thread)

    async def post(
        self,
        spot: Spot,
        text: str,
        *,
        key: str,
        again: bool = False,
        look: Presentation = PLAIN,
    ) -> MessageRef:
        self.posts[key], self.looks[key] = text, look
        await self._notify()
        return MessageRef(spot.channel, key)

    async def edit(self, ref: MessageRef, text: str, *, look: Presentation = PLAIN) -> None:
        self.posts[ref.message], self.looks[ref.message] = text, look
        await self._notify()
        await self.after_edit(text, look)

    async def attach(
        self, spot: Spot, file: File, key: str, text: str = "", *, again: bool = False
    ) -> MessageRef:
        self.files[key] = file
        await self._notify()
        return MessageRef(spot.channel, key)

    async def delete(self, ref: MessageRef) -> None:
        self.posts.pop(ref.message, None)
        self.files.pop(ref.message, None)
        await self._notify()

    async def show_status(self, spot: Spot, status: str | None) -> None: ...

    async def mark_waiting(self, ref: MessageRef, waiting: bool) -> None:
        self.marks.append((ref.message, waiting))
        await self._notify()

    async def settled(self, thread: ThreadKey) -> None: ...

    async def history(self, event: Incoming, limit: int) -> History:
        return self.past

    async def download(self, attachment: Attachment, most_bytes: int) -> bytes:
        data = self.downloads.get(attachment.url)
        if data is None:
            raise MessageGone("no such file")
        if len(data) > most_bytes:
            raise TooLarge("more bytes than asked for")
        return data

    async def since(self, first: MessageRef, thread: ThreadKey, limit: int) -> History:
        return self.past

    async def respond(self, event: Incoming, reply: CommandReply) -> None:
        self.told.append((event.author.id, reply))
        await self._notify()

    async def link(self, thread: ThreadKey, message: str, *, loose: bool = False) -> str:
        return f"https://example.org/{thread.thread}/{message}"

    async def tell(self, space: str, user: str, text: str, *, key: str) -> bool:
        self.unasked.append((space, user, text, key))
        await self._notify()
        if self.busy:
            self.busy -= 1
            raise PlatformBusy("too many calls")
        return self.reachable

    async def reach(
        self, space: str, user: str, places: Collection[tuple[str, str]]
    ) -> Reach | None:
        return None

    def measure(self, text: str) -> int:
        return len(text)

    async def close(self) -> None: ...


@dataclass(slots=True)
class Field:
    """The platform, the bot, and what is stored."""

    meadow: Meadow
    stage: Stage

    async def stored(self) -> str:
        """Everything in Redis, once nothing is under way."""
        await settled(self.stage.server)
        return await stored(self.stage.server)


@asynccontextmanager
async def a_meadow(
    server: Valkey, extra: Mapping[str, str] | None = None, timing: Timing = QUICK
) -> AsyncIterator[Field]:
    """The bot on a meadow, with a simulated model."""
    async with open_stage(server, extra=extra, start=False) as stage:
        meadow = Meadow()
        await meadow.begin(stage, timing)
        yield Field(meadow, stage)
