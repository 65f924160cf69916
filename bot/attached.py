"""What people attach to a message, as an adapter tells it and before anybody has looked inside."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AttachedAs(StrEnum):
    """What the platform says that an attachment is to people."""

    FILE = "file"
    VOICE = "voice"
    """Spoken into the client in place of a text."""
    PASTE = "paste"
    """Text that was too long to be typed, and that the client made a file of."""
    ELSEWHERE = "elsewhere"
    """Only a link: the platform does not have the bytes."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of a message.

    Attributes:
        name: File name as people see it.
        media_type: As declared, such as "image/png"; empty when unknown. Nothing relies on it.
        size: Bytes as declared; 0 when unknown.
        url: Where it can be fetched for a while. It is a secret, and is gone when the message has
            been answered; empty where only the id leads to it.
        id: The platform's id, by which it is found again when the address has expired.
        space: Server or workspace that it belongs to, for adapters with credentials for each.
        channel: Channel or platform thread of the message that has it.
        message: That message's id.
        kind: See `AttachedAs`.
        origin: Whose it is when it came with an answered or forwarded message, in words such as
            "the message that this one answers"; empty when the author attached it.
    """

    name: str
    media_type: str = ""
    size: int = 0
    url: str = ""
    id: str = ""
    space: str = ""
    channel: str = ""
    message: str = ""
    kind: AttachedAs = AttachedAs.FILE
    origin: str = ""
