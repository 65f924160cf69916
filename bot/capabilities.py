"""What a platform can show and how often, as an adapter declares it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bot.controls import Action

Call = Literal["open", "post", "edit", "append", "delete", "status"]
"""A kind of platform call that a `Limit` can count.

"append" is an edit of a message that is streamed; see `Capabilities.streamed`.
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate limit of the platform, as data: `count` calls per `seconds`.

    `calls` says which calls it counts together; `per` what shares one count: one physical channel,
    one space (server or workspace), or everything that goes over this adapter.
    """

    calls: frozenset[Call]
    per: Literal["channel", "space", "adapter"]
    count: int
    seconds: float


def everything(channel: str, message: str) -> bool:
    """Every message in every channel."""
    return True


def nowhere(space: str) -> None:
    """No direct messages."""
    return


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a platform can show.

    Attributes:
        max_chars: Longest text of one message, in the adapter's own `measure`.
        edits: A posted message can be changed; without it a reply is posted when it is complete.
        limits: The platform's rate limits that pacing has to share out.
        min_edit_seconds: Never edit one message more often than this; more is flicker.
        status_seconds: Renew the "is working" sign this often; None where there is none.
        status_lapses: The sign goes away by itself and cannot be cleared.
        slash_in_threads: Native commands work inside threads.
        file_bytes: The largest file that can be attached; 0 where none can.
        controls: What people can do with an answer by a control under it; empty where there are
            none, and then no call is ever made for their sake.
        buttons: What an answer brings to press, such as Undo, can be shown also without controls.
        streams: A message that is still being written is shown in another way than a finished
            one, so that its end has to be told.
        streamed: Which messages that is so for, where it `streams`, by channel and id; an empty id
            stands for a message of an answer that is about to be posted there.
        people_per_space: A user id belongs to one server or workspace, and so do direct messages;
            else it is the same in all of the platform's.
        alone: There are no channels: everybody is alone with the bot.
        directs: Where direct messages with people of a space lie: the space, and what the ids of
            these channels, and of no other ones there, begin with; None where that can't be told.
    """

    max_chars: int
    edits: bool = True
    limits: tuple[Limit, ...] = ()
    min_edit_seconds: float = 1.0
    status_seconds: float | None = None
    status_lapses: bool = False
    slash_in_threads: bool = True
    file_bytes: int = 0
    controls: frozenset[Action] = frozenset()
    buttons: bool = False
    streams: bool = False
    streamed: Callable[[str, str], bool] = everything
    people_per_space: bool = True
    alone: bool = False
    directs: Callable[[str], tuple[str, str] | None] = nowhere

    def edits_count_as(self, channel: str, message: str = "") -> Call:
        """What an edit of a message is counted as now."""
        return "append" if self.streams and self.streamed(channel, message) else "edit"
