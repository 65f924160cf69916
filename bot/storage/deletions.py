"""What is known for a while of deleted messages, for whatever is made of them meanwhile."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.chat import ThreadKey
from bot.storage.keys import ThreadKeys, place_of

DELETED_SECONDS = 600
"""For how long it is known of a message that it was deleted; what was under way ends before."""


def marks(thread: ThreadKey, messages: Iterable[str]) -> Sequence[str]:
    """The key for each message of a conversation, which is there if it was deleted lately."""
    place, bucket = place_of(thread), ThreadKeys(thread).bucket
    return [bucket.deleted(place, message) for message in messages]
