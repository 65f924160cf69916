"""Agent sessions: what Slack shows of a direct message while the bot works in it, and its title.

While a session is `processing`, Slack shows that the bot is at work, and a Stop button of its own.
It stays so until it is told otherwise, so every way in which an answer can end leads to `leave`.

The status line of `assistant.threads.setStatus` has the same place in the client, and the last
writer has it: where sessions work, that line is not used.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any, Literal, cast

from adapters.slack.calls import Calls
from adapters.slack.faults import NOT_HERE, Denied, Refused
from adapters.slack.later import Later
from adapters.slack.recent import Recent
from adapters.slack.slots import SESSION, Slots
from adapters.slack.values import Timing, fields
from bot.errors import MessageGone, PlatformBusy

log = logging.getLogger(__name__)

LONGEST_TITLE = 200

NO_STOP = "missing_agent_session_stopped_event_subscription"
"""Slack's warning that it shows no Stop button, because the app does not hear of it."""

LEAVINGS = 12
"""How often it is tried to leave: nothing else takes a session out of `processing`."""

Where = tuple[str, str]
"""Channel and root of a thread."""

State = Literal["processing", "active"]


class Sessions:
    """The sessions of direct messages. Where Slack refuses them, they are not tried again.

    Args:
        calls: Makes the calls.
        slots: Of calls that begin to show work; without one there is a status line instead.
        timing: Time-outs.
    """

    def __init__(self, calls: Calls, slots: Slots, timing: Timing) -> None:
        self._calls = calls
        self._slots = slots
        self._timing = timing
        self._refused = False
        self._without: Recent[str, bool] = Recent()
        self._titles: Recent[Where, str] = Recent()
        self._users: Recent[Where, str] = Recent()
        self._processing: set[Where] = set()
        self._writing: set[Where] = set()
        self._lines: Recent[Where, asyncio.Lock] = Recent()
        self._leaving: Later[Where] = Later(
            "A session was not taken out of processing", timing.status, LEAVINGS
        )
        self._warned = False

    def asked(self, channel: str, root: str, user: str, title: str = "") -> None:
        """Somebody has asked in a thread; `title` is for one that begins with it."""
        self._users.put((channel, root), user)
        if title:
            self._titles.put((channel, root), title[:LONGEST_TITLE])

    def works(self, channel: str) -> bool:
        """Whether a channel has sessions, as far as is known."""
        return channel.startswith("D") and not self.refused(channel)

    def refused(self, channel: str) -> bool:
        """Whether Slack has said that there are none."""
        return self._refused or self._without.get(channel) is True

    async def show(self, channel: str, root: str, *, working: bool) -> bool:
        """Show that the bot works in a thread, or no longer; False where that cannot be shown.

        While a message is being written that has to be told to end, the session stays as it is.

        Raises:
            PlatformError: A fault that passes, or a refused token.
        """
        where = (channel, root)
        if not self.works(channel):
            return False
        try:
            return await self._show(where, working)
        except asyncio.CancelledError:
            # Nobody comes by later to take it out of `processing`.
            self.leave(channel, root)
            raise
        except PlatformBusy:
            if not working:
                self.leave(channel, root)
            raise

    async def _show(self, where: Where, working: bool) -> bool:
        if not working:
            if where not in self._processing:
                return False
            return where in self._writing or await self._set(where, "active")
        await self._leaving.stopped(where)
        begins = where not in self._processing
        if begins and await self._slots.take(SESSION):
            return False
        # Also when no answer comes: it may be so all the same.
        self._processing.add(where)
        try:
            return await self._set(where, "processing")
        except PlatformBusy as busy:
            told = begins and busy.retry_after is not None
            if told and where not in self._writing and not self._leaving.works_on(where):
                # Whoever was told to wait has begun nothing, and needs no call to end it; but for a
                # Stop that was pressed meanwhile, which shows that somebody has.
                self._processing.discard(where)
            raise

    def begun(self, channel: str, root: str) -> None:
        """A message is being written in the thread, and `leave` will be called after it."""
        if self.works(channel):
            self._leaving.stop((channel, root))
            self._writing.add((channel, root))

    def streamed(self, channel: str, root: str) -> None:
        """A stream has begun, which by itself makes its session `processing`."""
        if self.works(channel):
            self._processing.add((channel, root))

    def left(self, channel: str, root: str) -> None:
        """The end of a stream has taken the session out of `processing`."""
        self._writing.discard((channel, root))
        self._processing.discard((channel, root))

    def leave(self, channel: str, root: str) -> None:
        """The answer stands: take the session out of `processing`, without waiting for it."""
        where = (channel, root)
        self._writing.discard(where)
        if where in self._processing:
            self._leaving.start(where, lambda: self._leave(where))

    def stopped(self, channel: str, root: str) -> None:
        """Somebody pressed Slack's Stop: whatever comes of it, the session leaves `processing`.

        The process that writes the answer may be another one.
        """
        self._processing.add((channel, root))
        self.leave(channel, root)

    async def close(self) -> None:
        """Let sessions leave that are about to, for some seconds."""
        for where in tuple(self._processing - self._writing):
            self.leave(*where)
        await self._leaving.close(self._timing.status)

    async def _leave(self, where: Where) -> None:
        if self.works(where[0]):
            await self._set(where, "active")

    async def _set(self, where: Where, state: State) -> bool:
        channel, root = where
        line = self._lines.get(where) or asyncio.Lock()
        self._lines.put(where, line)
        try:
            async with line:
                if state == "active" and where not in self._processing:
                    return True
                answer = await self._calls.answer(
                    lambda client: client.agents_sessions_setStatus(
                        channel_id=channel,
                        thread_ts=root,
                        status=state,
                        title=self._titles.get(where),
                        initiator_user_id=self._users.get(where),
                    ),
                    seconds=self._timing.status,
                    # Nobody comes by later to take it out of `processing`.
                    patient=state == "active",
                )
                self._note(where, state)
        except (Denied, Refused) as refusal:
            self._processing.discard(where)
            self._latch(channel, refusal)
            return False
        except MessageGone as gone:
            self._processing.discard(where)
            log.debug("No session in a thread that is gone: %s", gone)
            return True
        self._heed(answer)
        return True

    def _note(self, where: Where, state: State) -> None:
        self._titles.pop(where)
        if state == "active":
            self._processing.discard(where)

    def _heed(self, answer: Mapping[str, Any]) -> None:
        """Say once what Slack warns of."""
        if warns_of_no_stop(answer) and not self._warned:
            self._warned = True
            log.warning(
                "Slack shows no Stop button: the app does not subscribe to agent_session_stopped. "
                "Paste adapters/slack/manifest.json into its settings (page App Manifest)."
            )

    def _latch(self, channel: str, refusal: Denied | Refused) -> None:
        if refusal.code in NOT_HERE:
            self._refused = True
            log.info("This workspace has no agent sessions: %s", refusal)
        else:
            self._without.put(channel, True)
            log.info("No agent session in channel %s: %s", channel, refusal)


def warns_of_no_stop(answer: Mapping[str, Any]) -> bool:
    """Whether Slack's answer to `processing` says that there will be no Stop button."""
    told = fields(answer.get("response_metadata")).get("warnings")
    warnings = cast("list[object]", told) if isinstance(told, list) else []
    return NO_STOP in (answer.get("warning"), *warnings)
