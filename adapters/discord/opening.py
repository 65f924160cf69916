"""Where an answer goes: a thread, made when it is missing, or the place of the question."""

from __future__ import annotations

import logging
import re

import discord

from adapters.discord.calls import Calls, Timing
from adapters.discord.faults import HasThread, Refused
from adapters.discord.gateways import Gateways
from adapters.discord.places import Places, cached_channel, may_open_thread
from adapters.discord.values import Kind
from bot.chat import Incoming, Spot, ThreadKey
from bot.errors import NotAllowed, PlatformBusy, PlatformError

log = logging.getLogger(__name__)

LONGEST_TITLE = 100
_HIDDEN = re.compile(r"\(spoiler: .*")
"""To the end: where it ends, and how much of it was cut, cannot be told for sure."""

ARCHIVE_MINUTES = 1440
"""Of silence, after which a thread leaves the list where its channel says nothing else."""


class Opening:
    """Opens threads. A thread gets its name here, once and for all.

    Args:
        gateways: The clients.
        places: Knows what channels are and what they have refused.
        calls: Makes the calls.
        timing: Waits and time-outs.
    """

    def __init__(self, gateways: Gateways, places: Places, calls: Calls, timing: Timing) -> None:
        self._gateways = gateways
        self._places = places
        self._calls = calls
        self._timing = timing

    async def spot(self, event: Incoming, title: str) -> Spot:
        """The event's thread, made when it is missing; in place where there can be none."""
        key, ref = event.thread, event.ref
        if event.direct or ref.channel == key.thread:
            return Spot(ref.channel)
        if ref.message == key.thread and await self._open_thread(key, title):
            return Spot(key.thread)
        return Spot(ref.channel, reply_to=ref.message)

    async def _open_thread(self, key: ThreadKey, title: str) -> bool:
        if not self._places.refusals.has_threads(key.channel):
            return False
        client = await self._gateways.client()
        knowing = await self._gateways.knowing(key.space)
        place = await self._places.find(client, key.channel, key.space, knowing)
        cached = cached_channel(knowing, key.channel, key.space)
        if place.kind is not Kind.TEXT or not may_open_thread(cached, client.me):
            return False
        # What somebody has hidden is not to stand above the thread for everybody to see.
        name = _HIDDEN.sub("(spoiler)", title).strip()[:LONGEST_TITLE] or "Chat"
        # What is set for a channel counts for people's threads; a bot has to follow it by itself.
        set_there = isinstance(cached, discord.TextChannel)
        minutes = cached.default_auto_archive_duration if set_there else ARCHIVE_MINUTES
        try:
            await self._calls.answer(
                lambda: client.http.start_thread_with_message(
                    int(key.channel),
                    int(key.thread),
                    name=name,
                    auto_archive_duration=minutes,
                ),
                seconds=self._timing.thread,
                patient=True,
            )
        except HasThread:
            return True
        except (NotAllowed, Refused) as refusal:
            self._go_without(key.channel, refusal, self._timing.refused)
            return False
        except PlatformBusy as busy:
            self._go_without(key.channel, busy, busy.retry_after or 0.0)
            return False
        return True

    def _go_without(self, channel: str, why: PlatformError, seconds: float) -> None:
        """Answer in place in a channel, and ask it for no thread for some seconds."""
        seconds = min(seconds, self._timing.refused)
        log.info(
            "No thread in channel %s, answering in place for %.0f s: %s", channel, seconds, why
        )
        self._places.refusals.without_threads(channel, seconds)
