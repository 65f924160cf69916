"""What a fold proposes to remember, kept as one line until it is remembered. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast

from bot.chat import MessageRef
from bot.memories import Kind, Scope
from bot.memory.gates import Admitted
from bot.records import Entry


@dataclass(frozen=True, slots=True)
class Proposals:
    """What may be remembered of a fold, as far as `sift` can tell.

    Attributes:
        key: Names the fold for good.
        scope: For whom; where others read along by now it is for nobody.
        after: Number of the last entry before those that were folded.
        upto: Number of the last one of these.
        items: What it is.
        said: Digests of the words that it rests upon, by number of the entry.
        at: When it was proposed, seconds since the epoch; 0 if that is not known.
        below: The message under which people are told.
    """

    key: str
    scope: Scope
    after: int
    upto: int
    items: tuple[Admitted, ...]
    said: Mapping[int, str]
    at: float
    below: MessageRef

    def still_said(self, entries: Iterable[Entry]) -> frozenset[str]:
        """Ids of the messages of `entries` that it rests upon and that read as they did."""
        return frozenset(
            message
            for entry in entries
            if self.said.get(entry.seq) == _digest(entry)
            for message in entry.message_ids
        )


def propose(
    key: str,
    scope: Scope,
    after: int,
    entries: Sequence[Entry],
    items: Sequence[Admitted],
    at: float,
    below: MessageRef,
) -> Proposals:
    """The proposals of a fold of some entries; fields as in `Proposals`."""
    named = frozenset(message for item in items for message in item.message_ids)
    said = {each.seq: _digest(each) for each in entries if named.intersection(each.message_ids)}
    return Proposals(key, scope, after, entries[-1].seq, tuple(items), said, at, below)


def dump(proposals: Proposals) -> str:
    """One line."""
    items = [
        [
            each.content,
            each.kind,
            each.subject,
            each.tags,
            each.event_at,
            each.author_id,
            each.message_ids,
        ]
        for each in proposals.items
    ]
    whole = [
        proposals.key,
        str(proposals.scope),
        proposals.after,
        proposals.upto,
        items,
        sorted(proposals.said.items()),
        proposals.at,
        (proposals.below.channel, proposals.below.message),
    ]
    return json.dumps(whole, separators=(",", ":"))


def load(line: str) -> Proposals:
    """The reverse. Raises ValueError for anything else."""
    try:
        key, scope, after, upto, items, said, *later = cast("list[Any]", json.loads(line))
        # An earlier version says neither when nor where.
        at, (channel, message) = later or (0.0, ("", ""))
        return Proposals(
            str(key),
            Scope.parse(scope),
            int(after),
            int(upto),
            tuple(_item(*each) for each in items),
            {int(seq): str(digest) for seq, digest in said},
            float(at),
            MessageRef(str(channel), str(message)),
        )
    except (AttributeError, TypeError) as error:
        raise ValueError("not what a fold proposes") from error


def _item(
    content: str,
    kind: str,
    subject: str,
    tags: Sequence[str],
    event_at: float,
    author_id: str,
    message_ids: Sequence[str],
) -> Admitted:
    tags, message_ids = tuple(tags), tuple(message_ids)
    return Admitted(content, Kind(kind), subject, tags, event_at, author_id, message_ids)


def _digest(entry: Entry) -> str:
    return sha256(entry.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
