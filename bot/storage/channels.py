"""What is set for channels, and which of them are answered throughout."""

from __future__ import annotations

from typing import cast
from urllib.parse import unquote

from bot.channel import ChannelSettings, Mention, from_fields, to_fields
from bot.storage.base import Base
from bot.storage.codec import to_bytes, to_text
from bot.storage.keys import (
    BUCKETS,
    BucketKeys,
    Place,
    of_place,
    open_channels,
    place_name,
)
from bot.storage.scripts import SCRIPTS


class Channels(Base):
    """The part of `Threads` that keeps settings of channels."""

    async def channel_settings(self, place: Place) -> ChannelSettings:
        """What is set for a channel. Raises StoreUnavailable."""
        found = await self._link.call("HGETALL", of_place(place).rules(place))
        return from_fields({to_text(name): to_text(value) for name, value in found.items()})

    async def set_channel(self, place: Place, settings: ChannelSettings) -> None:
        """Replace what is set for a channel; safe to repeat. Raises StoreUnavailable.

        Turns that begin from now on go by it; which channels are answered throughout is known to
        other processes within seconds.
        """
        bucket, name = of_place(place), place_name(place)
        pairs = [to_bytes(part) for pair in to_fields(settings).items() for part in pair]
        await self._link.run(
            SCRIPTS["rules"],
            (bucket.rules(place), bucket.ruled),
            (name, self._now_ms(), *pairs),
        )
        everything = open_channels(place[0])
        if settings.mention is Mention.ALWAYS:
            await self._link.call("ZADD", everything, self._now_ms(), name)
        else:
            await self._link.call("ZREM", everything, name)

    async def open_channels(self, platform: str) -> frozenset[Place]:
        """The channels that are answered throughout. Raises StoreUnavailable."""
        names = await self._link.call("ZRANGE", open_channels(platform), 0, -1)
        return frozenset(_place(to_text(name)) for name in names)

    async def forget_rules(self, place: Place) -> None:
        """Remove what is set for a channel; safe to repeat. Raises StoreUnavailable."""
        bucket, name = of_place(place), place_name(place)
        await self._link.call("ZREM", open_channels(place[0]), name)
        await self._link.call("UNLINK", bucket.rules(place))
        await self._link.call("ZREM", bucket.ruled, name)

    async def forget_channels(self, platform: str, space: str) -> None:
        """Remove what is set for all channels of a server or workspace; safe to repeat.

        Raises StoreUnavailable.
        """
        for bucket in map(BucketKeys, range(BUCKETS)):
            cursor = 0
            while True:
                cursor, page = await self._link.call("ZSCAN", bucket.ruled, cursor, "COUNT", 500)
                for name, _ in cast("list[tuple[bytes, float]]", page):
                    place = _place(to_text(name))
                    if place[:2] == (platform, space):
                        await self.forget_rules(place)
                if not int(cursor):
                    break


def _place(name: str) -> Place:
    platform, space, channel = (unquote(part, errors="surrogatepass") for part in name.split(":"))
    return platform, space, channel
