"""The status line under a thread: "Bobbin is thinking…"."""

from __future__ import annotations

import logging

from adapters.slack.calls import Calls
from adapters.slack.faults import NOT_HERE, Denied, Refused
from adapters.slack.values import Timing
from bot.chat import Spot
from bot.errors import MessageGone

log = logging.getLogger(__name__)

REFRESH_SECONDS = 90.0
"""Slack takes the line away after two minutes."""

WORKING = "is thinking…"
"""Shown behind the bot's name; what is being done goes along as the loading message."""

MOST_CHANNELS = 1000


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
        self._shown: set[tuple[str, str]] = set()

    async def show(self, spot: Spot, status: str | None) -> None:
        """Show `status` in the thread of `spot`, or clear what is shown.

        Raises:
            PlatformError: A fault that passes, or a refused token.
        """
        root = spot.reply_to
        if root is None or self._refused or spot.channel in self._without:
            return
        where = (spot.channel, root)
        if status is None and where not in self._shown:
            return
        try:
            await self._calls.answer(
                lambda client: client.assistant_threads_setStatus(
                    channel_id=spot.channel,
                    thread_ts=root,
                    status=WORKING if status else "",
                    loading_messages=[status] if status else None,
                ),
                seconds=self._timing.status,
            )
        except (Denied, Refused) as refusal:
            self._latch(spot.channel, refusal)
            status = None
        except MessageGone as gone:
            log.debug("No status line in a thread that is gone: %s", gone)
            status = None
        if status is None:
            self._shown.discard(where)
        else:
            self._shown.add(where)

    def answered(self, spot: Spot) -> None:
        """A message of ours appeared in the thread, by which Slack clears the line itself."""
        if spot.reply_to is not None:
            self._shown.discard((spot.channel, spot.reply_to))

    def _latch(self, channel: str, refusal: Denied | Refused) -> None:
        if refusal.code in NOT_HERE:
            self._refused = True
            log.info("Slack shows no status line here: %s", refusal)
            return
        if len(self._without) >= MOST_CHANNELS:
            self._without.clear()
        self._without.add(channel)
        log.info("Slack shows no status line in channel %s: %s", channel, refusal)
