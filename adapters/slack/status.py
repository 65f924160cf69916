"""The status line under a thread: "Bobbin is thinking…"."""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import Counter

from adapters.slack.calls import Calls
from adapters.slack.faults import NOT_HERE, Denied, Refused
from adapters.slack.later import Later
from adapters.slack.values import Timing
from bot.chat import Spot
from bot.errors import MessageGone, PlatformBusy

log = logging.getLogger(__name__)

REFRESH_SECONDS = 90.0
"""Slack takes the line away after two minutes."""

WORKING = "is thinking…"
"""Shown behind the bot's name; what is being done goes along as the loading message."""

MOST_CHANNELS = 1000

CLEARINGS = 6
"""How often it is tried to clear what is left over: Slack takes it away before long."""

Where = tuple[str, str]
"""Channel and root of a thread."""


class StatusLine:
    """Shows and clears the line. Where Slack refuses it, it is not tried again.

    Args:
        calls: Makes the calls.
        timing: Time-outs.
    """

    def __init__(self, calls: Calls, timing: Timing) -> None:
        self._calls = calls
        self._timing = timing
        self._refused = False
        self._without: set[str] = set()
        self._shown: dict[Where, int] = {}
        self._times = itertools.count()
        self._on_its_way: Counter[Where] = Counter()
        self._clearing: Later[Where] = Later(
            "A status line was not cleared", timing.status, CLEARINGS
        )

    async def show(self, spot: Spot, status: str | None) -> None:
        """Show `status` in the thread of `spot`, or clear what is shown.

        Raises:
            PlatformError: A fault that passes, or a refused token.
        """
        root = spot.reply_to
        if root is None or self._refused or spot.channel in self._without:
            return
        where = (spot.channel, root)
        stood = where in self._shown
        if status is not None:
            # Also when no answer comes: it may stand there all the same.
            self._shown[where] = next(self._times)
            self._on_its_way[where] += 1
        try:
            # It must not take away what is about to be shown.
            await self._clearing.stopped(where)
            await self._set(where, status)
        except asyncio.CancelledError:
            # Nobody comes by later to clear it.
            self.leave(*where)
            raise
        except PlatformBusy as busy:
            if status is None:
                self.leave(*where, busy.retry_after)
            elif busy.retry_after is not None and not stood:
                # Whoever was told to wait has shown nothing.
                self._shown.pop(where, None)
            raise
        finally:
            if status is not None:
                self._arrived(where)

    def leave(self, channel: str, root: str, after: float | None = None) -> None:
        """Clear what is left over, without waiting for it; `after` so many seconds, if given."""
        where = (channel, root)
        if where in self._shown:
            self._clearing.start(where, lambda: self._set(where, None), after)

    def standing(self, spot: Spot) -> int | None:
        """Which line stands in the thread of `spot`, for `answered`; None for none."""
        return self._shown.get((spot.channel, spot.reply_to or ""))

    def answered(self, spot: Spot, stood: int | None) -> None:
        """A message of ours appeared in the thread, by which Slack clears the line itself.

        One that was on its way at any time since then may have come after the message, and stay.

        Args:
            spot: Where the message is.
            stood: What stood there before it was posted.
        """
        if spot.reply_to is None:
            return
        where = (spot.channel, spot.reply_to)
        if where not in self._on_its_way and self._shown.get(where) == stood:
            self._shown.pop(where, None)

    async def close(self) -> None:
        """Let lines that are being cleared go, for some seconds."""
        await self._clearing.close(self._timing.status)

    async def _set(self, where: Where, status: str | None) -> None:
        channel, root = where
        if status is None and where not in self._shown:
            return
        try:
            await self._calls.answer(
                lambda client: client.assistant_threads_setStatus(
                    channel_id=channel,
                    thread_ts=root,
                    status=WORKING if status else "",
                    loading_messages=[status] if status else None,
                ),
                seconds=self._timing.status,
            )
        except (Denied, Refused) as refusal:
            self._latch(channel, refusal)
            status = None
        except MessageGone as gone:
            log.debug("No status line in a thread that is gone: %s", gone)
            status = None
        if status is None:
            self._shown.pop(where, None)

    def _arrived(self, where: Where) -> None:
        if where in self._shown:
            self._shown[where] = next(self._times)
        self._on_its_way[where] -= 1
        if not self._on_its_way[where]:
            del self._on_its_way[where]

    def _latch(self, channel: str, refusal: Denied | Refused) -> None:
        if refusal.code in NOT_HERE:
            self._refused = True
            log.info("Slack shows no status line here: %s", refusal)
            return
        if len(self._without) >= MOST_CHANNELS:
            self._without.clear()
        self._without.add(channel)
        log.info("Slack shows no status line in channel %s: %s", channel, refusal)
