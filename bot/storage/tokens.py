"""`StoredCredentials`: the tokens by which other programs use memories."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import cast

from bot.chat import ThreadKey
from bot.credentials import MOST_TOKENS, Credential
from bot.errors import StoreMismatch
from bot.memories import Person, Scope
from bot.storage import keys
from bot.storage.codec import to_bytes, to_text
from bot.storage.connect import Link
from bot.storage.scripts import SCRIPTS

USED_SECONDS = 3_600
"""That a token was used is written at most so often."""

TRIES = 50
"""How often a token is narrowed anew because somebody else has just narrowed it."""


class StoredCredentials:
    """Implements `bot.credentials.Credentials`. What has ended counts as not there.

    Args:
        link: Sends commands.
        clock: Seconds since the epoch.
    """

    def __init__(self, link: Link, clock: Callable[[], float]) -> None:
        self._link = link
        self._clock = clock

    async def add(self, credential: Credential) -> bool:
        """See `bot.credentials.Credentials`."""
        await self._end_those_over(await self._all())
        kept = await self._link.run(
            SCRIPTS["add_token"],
            (keys.TOKENS, keys.TOKEN_IDS, keys.tokens_of(str(credential.person))),
            (credential.digest, credential.id, _dump(credential), MOST_TOKENS, "", ""),
        )
        return bool(kept)

    async def find(self, digest: str) -> Credential | None:
        """See `bot.credentials.Credentials`."""
        raw, used = await self._link.batch(
            [("HGET", keys.TOKENS, digest), ("HGET", keys.TOKENS_USED, digest)]
        )
        found = None if raw is None else _load(digest, raw, used)
        return None if found is None or self._is_over(found) else found

    async def of(self, person: Person) -> Sequence[Credential]:
        """See `bot.credentials.Credentials`."""
        digests = await self._link.call("SMEMBERS", keys.tokens_of(str(person)))
        return self._newest(await self._loaded(map(to_text, digests)))

    async def everyone(self) -> Sequence[Credential]:
        """See `bot.credentials.Credentials`."""
        return self._newest(await self._all())

    async def revoke(self, id: str, person: Person | None = None) -> Credential | None:
        """See `bot.credentials.Credentials`."""
        digest = await self._link.call("HGET", keys.TOKEN_IDS, to_bytes(id))
        if digest is None:
            return None
        for found in await self._loaded([to_text(digest)]):
            if person is None or found.person == person:
                await self._end(found)
                return None if self._is_over(found) else found
        return None

    async def revoke_all(self, person: Person) -> int:
        """See `bot.credentials.Credentials`."""
        digests = await self._link.call("SMEMBERS", keys.tokens_of(str(person)))
        found = await self._loaded(map(to_text, digests))
        for each in found:
            await self._end(each)
        return len(found)

    async def used(self, credential: Credential) -> None:
        """See `bot.credentials.Credentials`."""
        now = self._clock()
        if now - credential.used_at >= USED_SECONDS:
            await self._link.run(
                SCRIPTS["use_token"],
                (keys.TOKENS, keys.TOKENS_USED),
                (credential.digest, str(round(now))),
            )

    async def forget(self, platform: str, space: str, channel: str = "") -> int:
        """End all tokens of people of a space, or that open nothing but what lies there.

        Of others nothing from there is left in them. With `channel` only what lies in this channel
        counts. Safe to repeat.

        Returns:
            How many have ended. Raises StoreUnavailable.
        """
        gone = 0
        for found in await self._all():
            left = without(found, platform, space, channel)
            at_home = (found.person.platform, found.person.space) == (platform, space)
            if (at_home and not channel) or not left.readable:
                gone += await self._end(found)
            elif left != found:
                await self.replace(left)
        return gone

    async def shut_out(self, person: Person, channel: tuple[str, str, str]) -> int:
        """Leave nothing of a channel in somebody's tokens; one that opened nothing else ends.

        Safe to repeat.

        Returns:
            In how many there was something. Raises StoreUnavailable.
        """
        changed = 0
        for found in await self.of(person):
            left = without(found, *channel)
            if left == found:
                continue
            changed += 1
            await self.replace(left)
        return changed

    async def replace(self, credential: Credential) -> None:
        """See `bot.credentials.Credentials`."""
        # Somebody else may narrow it at the same time: what either takes away is gone.
        for _ in range(TRIES):
            raw = await self._link.call("HGET", keys.TOKENS, credential.digest)
            if raw is None:
                return
            left = _both(_load(credential.digest, raw, None), credential)
            if left.readable and await self._narrow(raw, left):
                return
            if not left.readable:
                break
        # Rather none than one that opens too much, as where only parts of it are there.
        await self._end(credential)

    async def sweep(self) -> None:
        """Remove what has ended by itself. Raises StoreUnavailable."""
        await self._end_those_over(await self._all())

    async def _end_those_over(self, found: Iterable[Credential]) -> None:
        for each in found:
            if self._is_over(each):
                await self._end(each)

    async def _narrow(self, before: bytes, to: Credential) -> bool:
        """Put a token in place of what it was; False when that has ended, or is another by now."""
        done = await self._link.run(
            SCRIPTS["narrow_token"],
            (keys.TOKENS, keys.TOKEN_IDS, keys.tokens_of(str(to.person))),
            (to.digest, to.id, _dump(to), MOST_TOKENS, "narrow", before),
        )
        return bool(done)

    async def _end(self, credential: Credential) -> bool:
        names = (keys.TOKENS, keys.TOKEN_IDS, keys.tokens_of(str(credential.person)))
        ended = await self._link.run(
            SCRIPTS["end_token"],
            (*names, keys.TOKENS_USED),
            (credential.digest, credential.id),
        )
        return bool(ended)

    async def _all(self) -> Sequence[Credential]:
        digests = await self._link.call("HGETALL", keys.TOKEN_IDS)
        return await self._loaded(map(to_text, digests.values()))

    async def _loaded(self, digests: Iterable[str]) -> Sequence[Credential]:
        names = list(digests)
        if not names:
            return ()
        kept, used = await self._link.batch(
            [("HMGET", keys.TOKENS, *names), ("HMGET", keys.TOKENS_USED, *names)]
        )
        rows = zip(names, cast("list[bytes | None]", kept), used, strict=True)
        return [_load(digest, raw, use) for digest, raw, use in rows if raw is not None]

    def _newest(self, found: Iterable[Credential]) -> Sequence[Credential]:
        there = [each for each in found if not self._is_over(each)]
        return sorted(there, key=lambda each: each.created_at, reverse=True)

    def _is_over(self, credential: Credential) -> bool:
        return 0 < credential.expires_at <= self._clock()


def without(credential: Credential, platform: str, space: str, channel: str = "") -> Credential:
    """A token that opens nothing of a space, or of one channel of it."""

    def stays(each: tuple[str, str, str]) -> bool:
        return each[:2] != (platform, space) or channel not in ("", each[2])

    def of_scope(scope: Scope) -> bool:
        return stays((scope.platform, scope.space, scope.channel))

    def of_thread(thread: ThreadKey) -> bool:
        return stays((thread.platform, thread.space, thread.channel))

    return replace(
        credential,
        readable=tuple(filter(of_scope, credential.readable)),
        writable=tuple(filter(of_scope, credential.writable)),
        channels=tuple(filter(stays, credential.channels)),
        threads=tuple(filter(of_thread, credential.threads)),
    )


def _both(one: Credential, other: Credential) -> Credential:
    """The first of two states of a token, opening nothing that the other does not."""
    return replace(
        one,
        readable=tuple(each for each in one.readable if each in other.readable),
        writable=tuple(each for each in one.writable if each in other.writable),
        channels=tuple(each for each in one.channels if each in other.channels),
        threads=tuple(each for each in one.threads if each in other.threads),
    )


def _dump(credential: Credential) -> bytes:
    data = {
        "id": credential.id,
        "person": str(credential.person),
        "name": credential.name,
        "readable": [str(scope) for scope in credential.readable],
        "writable": [str(scope) for scope in credential.writable],
        "channels": credential.channels,
        "threads": [str(thread) for thread in credential.threads],
        "created": credential.created_at,
        "expires": credential.expires_at,
    }
    return to_bytes(json.dumps(data, ensure_ascii=False, separators=(",", ":")))


def _load(digest: str, raw: bytes, used: bytes | None) -> Credential:
    """The reverse of `_dump`. Raises StoreMismatch."""
    try:
        data = cast("Mapping[str, list[str]]", json.loads(to_text(raw)))
        times = cast("Mapping[str, float]", data)
        channels = cast("list[tuple[str, str, str]]", data["channels"])
        return Credential(
            str(data["id"]),
            digest,
            Person.parse(str(data["person"])),
            str(data["name"]),
            tuple(map(Scope.parse, data["readable"])),
            tuple(map(Scope.parse, data["writable"])),
            tuple((platform, space, channel) for platform, space, channel in channels),
            tuple(map(ThreadKey.parse, data["threads"])),
            float(times["created"]),
            float(times["expires"]),
            float(used or 0),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise StoreMismatch("a token cannot be read") from error
