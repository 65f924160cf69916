"""What an adapter may call: the engine's side of a chat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from bot.chat import (
    Author,
    CommandCall,
    CommandReply,
    Followed,
    Incoming,
    MessageRef,
    Overview,
    Press,
    Removal,
    ThreadKey,
    everywhere,
)
from bot.command_spec import CommandSpec, Completion
from bot.services import Claims, Meter, Notes


class Inbox(Protocol):
    """What an adapter may call."""

    @property
    def commands(self) -> Sequence[CommandSpec]:
        """The commands to offer."""
        ...

    @property
    def notes(self) -> Notes:
        """This adapter's own notes."""
        ...

    @property
    def claims(self) -> Claims:
        """What this adapter shares with itself in other processes."""
        ...

    @property
    def meter(self) -> Meter:
        """Where this adapter counts."""
        ...

    @property
    def outsiders(self) -> bool:
        """Whether outsiders are answered, so that nobody has to wait until they are told apart."""
        ...

    @property
    def since(self) -> float:
        """What is older was seen to before a backup was put back; seconds since the epoch, or 0."""
        ...

    async def message(self, event: Incoming) -> bool:
        """Take a message. It is durable (or known to be none of ours) when this returns.

        Returns:
            False when nothing comes of it: its author is not welcome, or asked not to be heard, or
            it is from before a backup was put back.

        Raises:
            StoreError: It is not stored yet. This process keeps it and hands it in once the store
                is back; let the platform deliver it again if it does that.
        """
        ...

    async def edited(self, event: Incoming) -> bool:
        """Somebody has changed a message: this is how it reads now, and `edited` says since when.

        What is remembered of it follows; a message that the bot has never taken stays unknown,
        unless it is only minutes old and would be taken now.

        Returns:
            It was taken as a new message, and is welcome.

        Raises:
            StoreError: As `message` does.
        """
        ...

    async def deleted(self, removal: Removal) -> None:
        """Something was deleted: forget it, with what was made from it. Safe to repeat.

        Raises StoreError as `message` does.
        """
        ...

    async def remembered(self, thread: ThreadKey) -> Sequence[str]:
        """Ids of the messages that the newest part of a conversation's log holds, oldest first.

        Raises StoreError.
        """
        ...

    async def command(self, call: CommandCall) -> CommandReply:
        """Run a command. Never raises a `BobbinError`: failures come back as a reply."""
        ...

    async def complete(self, call: CommandCall, option: str) -> Sequence[Completion]:
        """What an option may mean of which the call has what is typed so far, for the caller alone.

        Raises StoreError.
        """
        ...

    async def pressed(self, press: Press) -> CommandReply:
        """Do what a control says. The reply is for whoever used it, and harmless.

        Never raises a `BobbinError`.
        """
        ...

    async def overview(self, platform: str, space: str, author: Author) -> Overview:
        """What is kept of this person in this space, for nobody else's eyes. Raises StoreError."""
        ...

    async def thread_of(self, platform: str, space: str, ref: MessageRef) -> ThreadKey | None:
        """The loose conversation that this message belongs to. Raises StoreError."""
        ...

    async def answers_all(self, platform: str, space: str, channel: str) -> bool:
        """Whether those who look after a channel want all of it answered; never raises.

        Ask of messages that do not concern the bot otherwise; known within some seconds.
        """
        ...

    async def taking_part(
        self, platform: str, since: float, ours: Callable[[str], bool] = everywhere
    ) -> Sequence[Followed]:
        """Conversations the bot takes part in, to look for what was missed; at most a hundred.

        Those with a write at or after `since` (seconds since the epoch) in the spaces that are
        `ours`, the latest first. Raises StoreError.
        """
        ...

    async def left(self, platform: str, space: str) -> None:
        """The bot was removed from a server or workspace: erase what is kept from there.

        Raises StoreError; call it again then.
        """
        ...

    async def departed(self, platform: str, space: str, channel: str, user: str) -> None:
        """Somebody reads a channel no longer: nothing of theirs opens it for other programs.

        Raises StoreError; call it again then.
        """
        ...

    def narrowed(self, platform: str, space: str, channel: str) -> None:
        """Fewer people may read a channel than before, since it has become private.

        What other programs may read of it is looked at anew in the background.
        """
        ...

    def malformed(self, platform: str, kind: str) -> None:
        """Count an event that could not be read; the adapter has logged it."""
        ...
