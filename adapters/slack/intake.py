"""What Slack sends on its way to the engine, sorted by Bolt; the same for sockets and for HTTP.

Bolt acknowledges an event before its listener has run, which loses the event if the process dies
meanwhile. With `process_before_response` the listener runs first, and its failure decides whether
there is an acknowledgement at all: none when the store did not take a message, so that Slack
delivers it again; one in any other case, because a payload that cannot be read now will not be
readable later.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Any, cast

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from adapters.slack.calls import Calls, quiet_log
from adapters.slack.commands import COMMANDS, PICKER
from adapters.slack.interactions import Interactions, choice, slash
from adapters.slack.names import Directory
from adapters.slack.surface import EVENTS as SURFACE
from adapters.slack.surface import Surface
from adapters.slack.translate import concerns_us, incoming, looked_up, said, workspace
from adapters.slack.values import PLATFORM, Own, Timing, fields
from bot.chat import Inbox
from bot.errors import StoreError
from bot.tasks import Lines

log = logging.getLogger(__name__)

SAID = ("app_mention", "message")
LEFT = ("app_uninstalled", "tokens_revoked")
EVENTS = (*SAID, *LEFT, *SURFACE)
"""Events with a listener of their own, as Bolt names them; any other is only acknowledged."""

RATE_LIMITED = "app_rate_limited"
"""Sent in the place of events that are lost, at most once a minute."""

KEPT = 200
NOT_KEPT = 503


class Intake:
    """Takes what Slack sends for an inbox.

    Args:
        inbox: Where messages and commands go.
        calls: Whose client Bolt uses.
        names: Tells what ids are called.
        own: Who we are.
        timing: Waits and time-outs.
        interactions: Runs commands.
        surface: Answers the events of the agent surface.

    Attributes:
        removed: Set when the app was removed from the workspace, and all that was kept erased.
    """

    def __init__(
        self,
        inbox: Inbox,
        calls: Calls,
        names: Directory,
        own: Own,
        timing: Timing,
        interactions: Interactions,
        surface: Surface,
    ) -> None:
        self._inbox = inbox
        self._names = names
        self._own = own
        self._timing = timing
        self._interactions = interactions
        self._surface = surface
        self.removed = asyncio.Event()
        self._lines = Lines()
        self._app = self._bolt(calls)

    async def take(self, kind: str, payload: object) -> bool:
        """Handle what Slack sent; True when it is to be acknowledged.

        Args:
            kind: As an envelope calls it: "events_api", "slash_commands", "interactive".
            payload: The same over a socket and by HTTP. Whether it is a retry does not matter.
        """
        try:
            if not isinstance(payload, dict):
                raise TypeError("no payload")
            body = cast("dict[str, Any]", payload)
            if workspace(body) not in ("", self._own.team):
                log.debug("Left out what belongs to another workspace")
                return True
            if body.get("type") == RATE_LIMITED:
                log.warning("Slack holds events back: over 30,000 an hour from one workspace")
                self._inbox.meter.refused("events")
                return True
            # Its other mode reads and verifies a request, which is done where requests come in.
            request = AsyncBoltRequest(body=body, mode="socket_mode")
            response = await self._app.async_dispatch(request)
        except Exception as error:
            self._left_out(kind, error)
            return True
        if response.status not in (KEPT, NOT_KEPT):
            log.info("Nothing here handles what Slack sent (%s); acknowledged", kind)
        return response.status != NOT_KEPT

    def _bolt(self, calls: Calls) -> Any:
        own = self._own

        async def authorize() -> AuthorizeResult:
            return AuthorizeResult(
                enterprise_id=None,
                team_id=own.team,
                bot_user_id=own.user,
                bot_id=own.bot,
                bot_token=calls.client.token,
            )

        async def command(ack: Any, body: dict[str, Any]) -> None:
            called = slash(body, self._inbox.commands)
            self._interactions.start(called)
            await ack()

        async def action(ack: Any, body: dict[str, Any]) -> None:
            called = choice(body)
            if called is not None:
                self._interactions.start(called)
            await ack()

        async def failed(error: Exception, body: dict[str, Any]) -> BoltResponse:
            if isinstance(error, StoreError):
                log.warning("An event could not be kept, Slack will repeat it: %s", error)
                return BoltResponse(status=NOT_KEPT)
            self._left_out(_kind(body), error)
            return BoltResponse(status=KEPT)

        app = cast("Any", AsyncApp)(
            name="bobbin",
            client=calls.client,
            authorize=authorize,
            logger=quiet_log(),
            process_before_response=True,
            request_verification_enabled=False,
            attaching_conversation_kwargs_enabled=False,
        )
        app.error(failed)
        for name in SAID:
            app.event(name)(self._message)
        for name in LEFT:
            app.event(name)(self._left)
        for name in SURFACE:
            app.event(name)(self._open)
        for name in COMMANDS:
            app.command(name)(command)
        app.action(re.compile(f"^{PICKER}:"))(action)
        return app

    async def _message(self, body: Mapping[str, Any]) -> None:
        found = said(body, self._own)
        if found is None:
            return
        people, channels = looked_up(found)
        # A name that has to be looked up must not let the next message overtake this one.
        async with self._lines.turn(f"{found.channel} {found.root}"):
            wanted = people - {self._own.user}
            names = await self._names.names(wanted, channels, self._timing.names)
            await self._inbox.message(incoming(found, self._own, names))

    async def _open(self, body: Mapping[str, Any]) -> None:
        await self._surface.take(body)

    async def _left(self, body: Mapping[str, Any]) -> None:
        """Erase what is kept, however often Slack says so, before it is acknowledged."""
        if not concerns_us(body, self._own):
            return
        log.warning("The app was removed from the workspace; what was kept of it is erased")
        await self._inbox.left(PLATFORM, self._own.team)
        self.removed.set()

    def _left_out(self, kind: str, error: Exception) -> None:
        log.error("A payload of Slack (%s) was left out: %s", kind, type(error).__name__)
        log.debug("Why the payload was left out", exc_info=error)
        self._inbox.malformed(PLATFORM, kind)


def _kind(body: Mapping[str, Any]) -> str:
    inner = fields(body.get("event"))
    return str(inner.get("type") or body.get("type") or body.get("command") or "unknown")
