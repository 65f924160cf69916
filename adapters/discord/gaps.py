"""Where messages may have been missed: which places are read, and from where on. Mostly pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import discord

from adapters.discord.client import Listening
from adapters.discord.places import cached_channel
from adapters.discord.shards import Shard
from adapters.discord.values import DIRECT_SPACE
from bot.chat import Followed, ThreadKey

NOTE = "heard"
"""Name of the note that says until when the bot has listened, in seconds since the epoch.

It is shard 0's; other shards have notes of their own, and go by this one as long as they have none.
"""

LONGEST_SECONDS = 23 * 3600.0
"""Older messages are let be; the engine knows for a day which ones it has taken."""

OVERLAP_SECONDS = 120.0
"""A dead connection is noticed a minute late, and clocks differ."""

MOST_CHANNELS = 25
MOST_POSTS = 25
"""New posts of one forum."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A channel or thread to be read from after a message id on; `thread` if it is one."""

    channel: str
    space: str
    after: int
    thread: ThreadKey | None = None


def gaps(followed: Sequence[Followed], heard: float | None, now: float) -> list[Gap]:
    """Where messages may have been missed, the liveliest conversations first.

    Each conversation is read from the newest message that was taken in it, or from when the bot
    last listened if that is earlier: a process that has died before it had read everything may
    have taken new messages before older ones. New conversations begin in the channels around
    them, which are read from when the bot last listened.

    Args:
        followed: Conversations that the bot takes part in.
        heard: Until when it has listened, seconds since the epoch; None when it never did.
        now: The same clock.
    """
    oldest = snowflake(now - LONGEST_SECONDS)
    since = None if heard is None else snowflake(heard - OVERLAP_SECONDS)
    found: list[Gap] = []
    channels: set[str] = set()
    for each in followed:
        key = each.thread
        newest = each.newest if since is None else min(each.newest, since)
        found.append(Gap(key.thread, key.space, max(newest, oldest), key))
        new = key.channel not in channels and key.channel != key.thread
        if since is not None and new and len(channels) < MOST_CHANNELS:
            channels.add(key.channel)
            found.append(Gap(key.channel, key.space, max(since, oldest)))
    return found


def posts(client: Listening, gap: Gap) -> list[Gap]:
    """The posts that were made in a gap of a forum, the newest of them; none for other places.

    A forum itself holds no messages. Which posts there are comes with each new session.
    """
    known = None if gap.space == DIRECT_SPACE else cached_channel(client, gap.channel, gap.space)
    if gap.thread is not None or not isinstance(known, discord.ForumChannel):
        return []
    made = sorted(post.id for post in known.threads if post.id > gap.after)
    return [Gap(str(post), gap.space, post - 1) for post in made[-MOST_POSTS:]]


def note_of(shard: Shard) -> str:
    """The note of a shard."""
    return f"{NOTE}:{shard}" if shard.id else NOTE


def snowflake(at: float) -> int:
    """The lowest id of a message written at `at`, seconds since the epoch."""
    return max(0, discord.utils.time_snowflake(datetime.fromtimestamp(at, UTC)))
