"""Finding threads, who is in them, and the small records beside them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date
from typing import cast
from urllib.parse import unquote

from bot.budgets import Account, Payer, Used, day_of
from bot.chat import Followed, MessageRef, ThreadChoice, ThreadKey, everywhere
from bot.errors import StoreMismatch
from bot.records import Tally
from bot.services import Claims, Notes
from bot.storage.base import DAY_SECONDS
from bot.storage.claims import SharedClaims
from bot.storage.codec import TALLY_FIELDS, to_bytes, to_text
from bot.storage.condition import Condition, condition_of
from bot.storage.connect import Command, Link
from bot.storage.keys import (
    BUCKETS,
    SCHEMA,
    BucketKeys,
    Place,
    ThreadKeys,
    notes,
    of_place,
    place_fields,
    place_of,
    usage_field,
)
from bot.storage.limits import SharedExchange, SharedLedger
from bot.storage.log import Log
from bot.storage.scripts import SCRIPTS
from bot.storage.spending import Spending

VERSION = 1
"""Of the layout described in keys.py and prelude.lua; raised when old code could not read it."""

EVENT_SECONDS = 86_400
RECENT_LOOKED_AT = 100
RECENT_MOST = 25
FOLLOWED_MOST = 100
USED_FIGURES = tuple(
    TALLY_FIELDS.index(name) + 1 for name in ("prompt", "completion", "cost_micros")
)

User = tuple[str, str, str]
"""Platform, space, user id."""


class Directory(Log):
    """The part of `Threads` that knows which threads there are."""

    async def takes_part(self, thread: ThreadKey) -> bool:
        """Whether messages here count without addressing the bot. Raises StoreUnavailable."""
        part, turn, leaving = await self._link.call(
            "HMGET", ThreadKeys(thread).meta, "part", "turn", "leaving"
        )
        return part is not None or (turn is not None and turn != leaving)

    async def leave(self, thread: ThreadKey, *, nonce: str | None = None) -> bool:
        """Stop taking part until addressed again; a running turn still ends as usual.

        Returns:
            Whether the bot took part. Raises StoreUnavailable; call again with the same `nonce`.
        """
        token = nonce or self._new_id()
        keys = (ThreadKeys(thread).bucket.answer(token),)
        return bool(await self._run("leave", thread, nonce=token, keys=keys))

    async def authors(self, thread: ThreadKey) -> frozenset[str]:
        """Ids of everybody whose message was taken in this thread. Raises StoreUnavailable."""
        members = await self._link.call("SMEMBERS", ThreadKeys(thread).authors)
        return frozenset(map(to_text, cast(set[bytes], members)))

    async def thread_of(self, platform: str, space: str, ref: MessageRef) -> ThreadKey | None:
        """The loose conversation that a message belongs to. Raises StoreUnavailable."""
        place = (platform, space, ref.channel)
        name = await self._link.call("HGET", of_place(place).found(place), to_bytes(ref.message))
        return None if name is None else ThreadKey.parse(to_text(name))

    async def recent(
        self, platform: str, space: str, channel: str, user: str
    ) -> Sequence[ThreadChoice]:
        """Threads of a channel in which `user` has written, the latest first, at most 25.

        Only the channel's hundred latest threads are looked at. Raises StoreUnavailable.
        """
        place = (platform, space, channel)
        names = await self._link.call(
            "ZREVRANGE", of_place(place).channel(place), 0, RECENT_LOOKED_AT - 1
        )
        threads = await self._keys_in(of_place(place).channel(place), names)
        commands: list[Command] = []
        for thread in threads:
            keys = ThreadKeys(thread)
            commands.append(("HMGET", keys.meta, "label", "last"))
            commands.append(("SISMEMBER", keys.authors, to_bytes(user)))
        replies = await self._link.batch(commands)
        choices = [
            ThreadChoice(thread, to_text(label or b""), int(last) / 1000)
            for thread, (label, last), wrote in zip(
                threads, replies[::2], replies[1::2], strict=True
            )
            if wrote and last is not None
        ]
        return choices[:RECENT_MOST]

    async def taking_part(
        self, platform: str, since: float, ours: Callable[[str], bool] = everywhere
    ) -> Sequence[Followed]:
        """Threads of a platform that the bot takes part in or answers in, the latest first.

        Those with a write at or after `since` (seconds since the epoch) in the spaces that are
        `ours`, at most a hundred; the hundred latest of every bucket are looked at. Left out are
        threads in which no message was taken. Raises StoreUnavailable.
        """
        found = await self._link.each(
            [BucketKeys(bucket).threads for bucket in range(BUCKETS)],
            *("ZREVRANGEBYSCORE", "+inf", round(since * 1000), "LIMIT", 0, FOLLOWED_MOST),
        )
        named = [ThreadKey.parse(to_text(name)) for names in found for name in names]
        threads = [each for each in named if each.platform == platform and ours(each.space)]
        fields = ("last", "newest", "part", "turn", "leaving")
        replies = await self._link.batch(
            [("HMGET", ThreadKeys(thread).meta, *fields) for thread in threads]
        )
        followed = [
            (int(last), Followed(thread, int(newest)))
            for thread, (last, newest, part, turn, leaving) in zip(threads, replies, strict=True)
            if newest and (part is not None or (turn is not None and turn != leaving))
        ]
        followed.sort(key=lambda each: each[0], reverse=True)
        return [each for _, each in followed[:FOLLOWED_MOST]]

    async def all_threads(self) -> AsyncIterator[ThreadKey]:
        """Every thread, in no order; some may have an empty log (a first turn that failed).

        Goes by the index of each bucket, with ZSCAN: threads that are there all the time are met
        once, those that come or go meanwhile may be. Raises StoreUnavailable.
        """
        indexes = [key for bucket in range(BUCKETS) for key in BucketKeys(bucket).all_threads]
        sizes = await self._link.each(indexes, "ZCARD")
        for index in (index for index, size in zip(indexes, sizes, strict=True) if size):
            async for thread in self._listed(index):
                yield thread

    async def _listed(self, index: str) -> AsyncIterator[ThreadKey]:
        """The threads in a sorted set, some hundred for each round trip, each once."""
        met: set[ThreadKey] = set()
        cursor = 0
        while True:
            cursor, page = await self._link.call("ZSCAN", index, cursor, "COUNT", 500)
            names = [name for name, _ in cast(list[tuple[bytes, float]], page)]
            for thread in await self._keys_in(index, names):
                if thread not in met:
                    met.add(thread)
                    yield thread
            if not cursor:
                break

    async def claim(
        self, event_id: str, where: ThreadKey | Place, *, nonce: str | None = None
    ) -> bool:
        """Take an event that is not a message to answer, such as a command typed as text.

        Shares its memory of a day with `begin`.

        Args:
            event_id: As in `Incoming`.
            where: Its thread, or (platform, space, channel).
            nonce: Repeat it when trying again after StoreUnavailable.

        Returns:
            True for the first delivery only. Raises StoreUnavailable.
        """
        place = place_of(where) if isinstance(where, ThreadKey) else where
        key = of_place(place).event(event_id)
        token = to_bytes(nonce or self._new_id())
        if await self._link.call("SET", key, token, "NX", "EX", EVENT_SECONDS):
            return True
        return await self._link.call("GET", key) == token

    async def usage(self, day: date) -> Mapping[User, Tally]:
        """The figures of one day (UTC) for every user. Raises StoreUnavailable."""
        key = day.strftime("%Y%m%d")
        replies = await self._link.batch(
            [("HGETALL", BucketKeys(bucket).usage(key)) for bucket in range(BUCKETS)]
        )
        sums: dict[User, list[int]] = {}
        for reply in cast(list[dict[bytes, bytes]], replies):
            for field, amount in reply.items():
                name, figure = to_text(field).rsplit("|", 1)
                parts = [unquote(part, errors="surrogatepass") for part in name.split(":")]
                if len(parts) != 3:
                    continue
                platform, space, user = parts
                figures = sums.setdefault((platform, space, user), [0] * len(TALLY_FIELDS))
                figures[int(figure) - 1] += int(amount)
        return {user: Tally(*figures) for user, figures in sums.items()}

    async def used_today(self, payer: Payer) -> Mapping[Account, Used]:
        """What a person, the channel and the space have used today, by what was committed.

        Raises StoreUnavailable.
        """
        thread = ThreadKey(payer.platform, payer.space, payer.channel, "-")
        channel, space = place_fields(thread)
        names = {
            Account.USER: usage_field(thread, payer.user),
            Account.CHANNEL: channel,
            Account.SPACE: space,
        }
        day = day_of(self._clock())
        fields = [f"{name}|{figure}" for name in names.values() for figure in USED_FIGURES]
        replies = await self._link.each(
            [BucketKeys(bucket).usage(day) for bucket in range(BUCKETS)], "HMGET", *fields
        )
        sums = [sum(int(value or 0) for value in column) for column in zip(*replies, strict=True)]
        return {
            account: Used(prompt + completion, cost)
            for account, prompt, completion, cost in zip(
                names, sums[::3], sums[1::3], sums[2::3], strict=True
            )
        }

    @property
    def retention_days(self) -> int:
        """A thread that people talk in is deleted so long after its last write."""
        return self._retention_seconds // DAY_SECONDS

    @property
    def spending(self) -> Spending:
        """What budgets count."""
        return Spending(self._link, self._clock)

    def notes(self, name_space: str) -> Notes:
        """Small durable texts, kept apart by `name_space` (an adapter's name)."""
        return StoredNotes(self._link, notes(name_space))

    def claims(self, name_space: str) -> Claims:
        """What processes agree on, kept apart by `name_space` (an adapter's name)."""
        return SharedClaims(self._link, name_space, self._worker, self._new_id)

    async def condition(self) -> Condition:
        """How Redis is set up, as far as its user may see that. Raises StoreUnavailable."""
        return await condition_of(self._link)

    def ledger(self, name_space: str) -> SharedLedger:
        """The common count of an adapter's calls; `name_space` is the adapter's name."""
        return SharedLedger(self._link, name_space, self._worker, self._new_id)

    def exchange(self, endpoint: str) -> SharedExchange:
        """What processes tell each other of a model; `endpoint` is all that tells it from others.

        Only a digest of it reaches the store.
        """
        return SharedExchange(self._link, endpoint, self._worker)

    async def check_schema(self) -> None:
        """Write the layout's version into an empty database, or compare it.

        Raises:
            StoreMismatch: The data has another layout or another number of buckets.
            StoreUnavailable: Redis does not answer, or serves only some of the buckets.
        """
        # One node of a cluster would take the messages of some channels and refuse the others.
        await self._link.each([BucketKeys(bucket).leases for bucket in range(BUCKETS)], "EXISTS")
        ours = {"version": VERSION, "buckets": BUCKETS}
        await self._link.batch([("HSETNX", SCHEMA, name, value) for name, value in ours.items()])
        theirs = await self._link.call("HMGET", SCHEMA, *ours)
        if [int(value) for value in theirs] != list(ours.values()):
            raise StoreMismatch(
                f"the data has layout {theirs[0].decode()} with {theirs[1].decode()} buckets, "
                f"this program has layout {VERSION} with {BUCKETS}"
            )


class StoredNotes:
    """`bot.services.Notes` in one hash."""

    def __init__(self, link: Link, key: str) -> None:
        self._link = link
        self._key = key

    async def read(self, name: str) -> str | None:
        """The note, or None. Raises StoreUnavailable."""
        raw = await self._link.call("HGET", self._key, to_bytes(name))
        return None if raw is None else to_text(raw)

    async def write(self, name: str, text: str) -> None:
        """Keep the note until it is written again. Raises StoreUnavailable."""
        await self._link.call("HSET", self._key, to_bytes(name), to_bytes(text))

    async def replace(self, name: str, old: str, new: str) -> bool:
        """Replace `old` by `new`; whether that stands there now. Raises StoreUnavailable."""
        texts = to_bytes(name), to_bytes(old), to_bytes(new)
        return bool(await self._link.run(SCRIPTS["rewrite"], (self._key,), texts))

    async def delete(self, name: str) -> None:
        """Keep the note no longer. Raises StoreUnavailable."""
        await self._link.call("HDEL", self._key, to_bytes(name))

    async def names(self, prefix: str) -> Sequence[str]:
        """The names of all notes that begin so. Raises StoreUnavailable."""
        found: set[str] = set()
        cursor = 0
        while True:
            cursor, page = await self._link.call("HSCAN", self._key, cursor, "COUNT", 500)
            found.update(map(to_text, page))
            if not int(cursor):
                return [name for name in found if name.startswith(prefix)]
