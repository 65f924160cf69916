"""What the engine may call: a platform's side of a chat."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from bot.attached import Attachment
from bot.capabilities import Capabilities
from bot.chat import CommandReply, File, History, Incoming, MessageRef, Reach, Spot, ThreadKey
from bot.controls import PLAIN, Presentation
from bot.inbox import Inbox


class Adapter(Protocol):
    """What the engine may call.

    Every method but `run` and `measure` may raise the `PlatformError` family, nothing else, and
    returns or raises within its own time-out (15 s unless the platform needs more).
    """

    @property
    def name(self) -> str:
        """The platform's name, as in `ThreadKey.platform`."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the platform can show; read once, before `run`."""
        ...

    async def run(self, inbox: Inbox) -> None:
        """Connect and deliver events until cancelled, or until there is no more input.

        Raises:
            BadToken: The credentials are refused; said within seconds, never retried.
            PlatformError: The connection is lost for good.
        """
        ...

    async def open(self, event: Incoming, title: str) -> Spot:
        """The place to answer `event` in, made when it is missing. Safe to repeat."""
        ...

    async def post(
        self,
        spot: Spot,
        text: str,
        *,
        key: str,
        again: bool = False,
        look: Presentation = PLAIN,
    ) -> MessageRef:
        """Post Markdown and return where it is.

        `key` names this post for good (at most 25 characters of [a-z0-9]); `again` says that an
        earlier process may have made it already, in which case that message is found (and given
        this text) rather than posted twice. `look` is shown as far as the platform can. Raises
        ValueError for text over `max_chars`.
        """
        ...

    async def edit(self, ref: MessageRef, text: str, *, look: Presentation = PLAIN) -> None:
        """Replace a message's text and look. Raises MessageGone when it was deleted."""
        ...

    async def attach(
        self, spot: Spot, file: File, key: str, text: str = "", *, again: bool = False
    ) -> MessageRef:
        """Post a file, under `text` if there is any, and return where it is.

        `key` and `again` as for `post`; a file that is found is left as it is. Raises ValueError
        for one over `Capabilities.file_bytes`.
        """
        ...

    async def delete(self, ref: MessageRef) -> None:
        """Delete a message of our own; one that is gone already is fine."""
        ...

    async def show_status(self, spot: Spot, status: str | None) -> None:
        """Show "is working" (typing, or `status` where the platform can); None clears it."""
        ...

    async def mark_waiting(self, ref: MessageRef, waiting: bool) -> None:
        """Show by a small sign that a message will be answered later, or take the sign away.

        Does nothing where there is none.
        """
        ...

    async def settled(self, thread: ThreadKey) -> None:
        """Everything said in this thread so far has been answered; nothing is running."""
        ...

    async def history(self, event: Incoming, limit: int) -> History:
        """Up to `limit` messages before `event` in its platform thread, the newest kept."""
        ...

    async def download(self, attachment: Attachment, most_bytes: int) -> bytes:
        """Fetch an attachment, from the platform's own hosts only.

        Raises TooLarge as soon as there are more than `most_bytes`, whatever was announced,
        MessageGone when it is there no more, NotAllowed when it lies elsewhere or may not be read.
        """
        ...

    async def since(self, first: MessageRef, thread: ThreadKey, limit: int) -> History:
        """The message `first` and those after it, `limit` at most, the oldest kept.

        Those of its thread when it lies in `thread` below another one, else those of the channel
        or platform thread that holds it.
        """
        ...

    async def respond(self, event: Incoming, reply: CommandReply) -> None:
        """Answer a command that was typed as a message, privately where `reply` says so."""
        ...

    async def link(self, thread: ThreadKey, message: str, *, loose: bool = False) -> str:
        """Address of a message of a conversation, for people; empty where there is none.

        `loose` as in `Incoming`. Never raises.
        """
        ...

    async def tell(self, space: str, user: str, text: str, *, key: str) -> bool:
        """Tell somebody something unasked, in a direct message; whether that was possible.

        `space` is where they are known, as in `bot.memories.Person`; `text` a few lines of
        Markdown. `key` names this message for good, as for `post`: where the platform knows it
        again, what is told a second time within some minutes is shown once. False where the
        platform has no such message, or they take none from us.
        """
        ...

    async def reach(
        self, space: str, user: str, places: Collection[tuple[str, str]]
    ) -> Reach | None:
        """What somebody may read in a server or workspace now, asked anew each time.

        `places` are those that matter, as in `Reach.shut`. None where it can't be told. Whatever
        is not known of a place leaves it open: only what is certain is told.
        """
        ...

    def measure(self, text: str) -> int:
        """Length of Markdown once it is rendered for this platform, in its own unit.

        Called in threads as well, for texts that take long.
        """
        ...

    async def close(self) -> None:
        """Release connections. `run` has ended before this is called."""
        ...
