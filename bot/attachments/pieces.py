"""A stored message in parts: what its author wrote, and what came from each attachment. Pure.

The parts of attachments stand at the end of the text, one after the other with a blank line between
them. So their lengths tell where they are, whatever the author writes above.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from bot.attachments.wording import joined
from bot.records import Entry, Piece

BETWEEN = "\n\n"

Part = tuple[str, str]
"""The id of an attachment, and what stands for it."""


def assembled(text: str, parts: Sequence[Part]) -> tuple[str, tuple[Piece, ...]]:
    """A message with what came with it, and where that is."""
    pieces = tuple(Piece(attachment, len(part)) for attachment, part in parts)
    return joined(text, [part for _, part in parts]), pieces


def parts_of(entry: Entry) -> Sequence[Part]:
    """What stands in an entry for each attachment; nothing where that is not known."""
    if not entry.pieces:
        return ()
    whole = sum(piece.length for piece in entry.pieces) + len(BETWEEN) * (len(entry.pieces) - 1)
    at = len(entry.text) - whole
    if at < 0:
        return ()
    parts: list[Part] = []
    for piece in entry.pieces:
        parts.append((piece.id, entry.text[at : at + piece.length]))
        at += piece.length + len(BETWEEN)
    return parts


def put_instead(entry: Entry, instead: Mapping[str, str]) -> Entry:
    """The entry with other words for some parts; to be counted anew when it has changed."""
    parts = parts_of(entry)
    if not any(part in instead for _, part in parts):
        return entry
    # What is above them stays as it is, with the line that parts it from what was pasted.
    end = len(entry.text) - len(BETWEEN.join(part for _, part in parts))
    parts = [(attachment, instead.get(part, part)) for attachment, part in parts]
    text = entry.text[:end] + BETWEEN.join(part for _, part in parts)
    pieces = tuple(Piece(attachment, len(part)) for attachment, part in parts)
    return replace(entry, text=text, pieces=pieces, tokens=0)


def kept(entry: Entry, there: Collection[str]) -> Sequence[Part]:
    """The parts of the attachments that are still there, given their ids.

    A part whose attachment has no id is known to be gone only when nothing is there.
    """
    return [part for part in parts_of(entry) if part[0] in there or (there and not part[0])]
