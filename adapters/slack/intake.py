"""What Slack sends on its way to the engine, sorted by Bolt; the same for sockets and for HTTP.

Bolt acknowledges an event before its listener has run, which loses the event if the process dies
meanwhile. With `process_before_response` the listener runs first, and its failure decides whether
there is an acknowledgement at all: none when the store did not take a message, so that Slack
delivers it again; one in any other case, because a payload that cannot be read now will not be
readable later.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from adapters.slack import changes
from adapters.slack.calls import Calls, quiet_log
from adapters.slack.surfaces import EVENTS as BESIDE
from adapters.slack.surfaces import HERE, Surfaces
from adapters.slack.translate import concerns_us, incoming, looked_up, said
from adapters.slack.values import PLATFORM, Names, Said, Timing, fields
from adapters.slack.workspace import Workspace
from adapters.slack.workspaces import Workspaces
from bot.errors import PlatformBusy, StoreError
from bot.inbox import Inbox
from bot.tasks import Lines

log = logging.getLogger(__name__)

SAID = ("app_mention", "message")
LEFT = ("app_uninstalled", "tokens_revoked")
EVENTS = (*SAID, *LEFT, *changes.EVENTS, changes.DEPARTED, *BESIDE)
"""Events with a listener of their own, as Bolt names them; any other is only acknowledged."""

RATE_LIMITED = "app_rate_limited"
"""Sent in the place of events that are lost, at most once a minute."""

LAST_RETRY = 3
"""Slack sends nothing again after this one, which comes six minutes after the first try."""
RETRY = "bobbin_retry"
"""Where Bolt's context holds how often an event was sent before."""

KEPT = 200
NOT_KEPT = 503


class Intake:
    """Takes what Slack sends for an inbox.

    Args:
        inbox: Where messages and commands go.
        calls: Whose client Bolt uses.
        workspaces: Where we are.
        timing: Waits and time-outs.
        surfaces: What people do beside writing.

    Attributes:
        removed: Set when the app was removed from a workspace, and all that was kept erased.
    """

    def __init__(
        self,
        inbox: Inbox,
        calls: Calls,
        workspaces: Workspaces,
        timing: Timing,
        surfaces: Surfaces,
    ) -> None:
        self._inbox = inbox
        self._workspaces = workspaces
        self._timing = timing
        self._surfaces = surfaces
        self.removed = asyncio.Event()
        self._lines = Lines()
        self._app = self._bolt(calls)

    async def take(
        self, kind: str, payload: object, retry: int = LAST_RETRY
    ) -> bool | Mapping[str, Any]:
        """Handle what Slack sent; True, or an answer, when it is to be acknowledged.

        Args:
            kind: As an envelope calls it: "events_api", "slash_commands", "interactive".
            payload: The same over a socket and by HTTP.
            retry: How often it was sent before. A retry is taken like anything else; only what may
                be better understood the next time is left to one.
        """
        try:
            if not isinstance(payload, dict):
                raise TypeError("no payload")
            body = cast("dict[str, Any]", payload)
            if body.get("type") == RATE_LIMITED:
                log.warning("Slack holds events back: over 30,000 an hour from one workspace")
                self._inbox.meter.refused("events")
                return True
            here = await self._workspaces.heard(body)
            if here is None:
                log.debug("Left out what belongs to another workspace")
                return True
            # Its other mode reads and verifies a request, which is done where requests come in.
            context = {HERE: here, RETRY: retry}
            request = AsyncBoltRequest(body=body, context=context, mode="socket_mode")
            response = await self._app.async_dispatch(request)
        except (StoreError, PlatformBusy) as error:
            log.warning("It cannot be told whose this is, Slack will repeat it: %s", error)
            return False
        except Exception as error:
            self._left_out(kind, error)
            return True
        if response.status not in (KEPT, NOT_KEPT):
            log.info("Nothing here handles what Slack sent (%s); acknowledged", kind)
        return response.status != NOT_KEPT and (_answer(response) or True)

    def _bolt(self, calls: Calls) -> Any:
        async def authorize(context: Mapping[str, Any]) -> AuthorizeResult:
            own = _here(context).own
            return AuthorizeResult(
                enterprise_id=own.enterprise or None,
                team_id=own.team,
                bot_user_id=own.user,
                bot_id=own.bot,
                bot_token=_here(context).calls.client.token,
            )

        async def failed(error: Exception, body: dict[str, Any]) -> BoltResponse:
            if isinstance(error, (StoreError, PlatformBusy)):
                log.warning("An event could not be taken, Slack will repeat it: %s", error)
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
            # It would keep the deletion of our answers from us, too.
            ignoring_self_events_enabled=False,
        )
        app.error(failed)
        for name in SAID:
            app.event(name)(self._message)
        for name in LEFT:
            app.event(name)(self._left)
        for name in changes.EVENTS:
            app.event(name)(self._changed)
        app.event(changes.DEPARTED)(self._departed)
        self._surfaces.listen(app)
        return app

    async def _message(self, body: Mapping[str, Any], context: Mapping[str, Any]) -> None:
        here = _here(context)
        own = here.own
        found = said(body, own, everything=True)
        if found is None:
            await self._changed(body, context)
            return
        until = self._until()
        here.messages.heard(found.channel, found.root, found.ts)
        if not found.opens:
            here.names.expect(looked_up(found).writers)
        # What has to be looked up must not let what comes next overtake this message.
        async with self._lines.turn(f"{own.team} {found.channel} {found.root}"):
            if found.opens and not await self._inbox.answers_all(PLATFORM, own.team, found.channel):
                return
            names = await self._names(here, found, until)
            awaited = found.user in names.awaited and not self._inbox.outsiders
            if (awaited or not names.ranked) and context[RETRY] < LAST_RETRY:
                raise PlatformBusy("it is not known yet who has written a message")
            await self._inbox.message(incoming(found, own, names))

    def _until(self) -> float:
        """When what is looked up for an event that arrives now has to be known."""
        return asyncio.get_running_loop().time() + self._timing.writer

    async def _names(self, here: Workspace, found: Said, until: float) -> Names:
        left = max(until - asyncio.get_running_loop().time(), 0.0)
        return await here.names.names(looked_up(found), self._timing.names, left, within=left)

    async def _changed(self, body: Mapping[str, Any], context: Mapping[str, Any]) -> None:
        """Hand over what was edited or deleted, after what was said in that thread before."""
        here = _here(context)
        own = here.own
        if (channel := changes.narrowed(body)) is not None:
            here.names.narrowed(channel)
            self._inbox.narrowed(PLATFORM, own.team, channel)
            return
        if (user := changes.account(body)) is not None:
            here.names.changed(user)
        removal = changes.removal(body, own)
        if removal is not None:
            where = removal.thread
            line = f"{where.channel} {where.thread}" if where else removal.channel
            async with self._lines.turn(f"{own.team} {line}"):
                await self._inbox.deleted(removal)
            return
        edit = changes.edit(body, own)
        if edit is None:
            return
        found, until = edit.said, self._until()
        async with self._lines.turn(f"{own.team} {found.channel} {found.root}"):
            names = await self._names(here, found, until)
            event = replace(incoming(found, own, names), edited=edit.at)
            await self._inbox.edited(event)

    async def _departed(self, body: Mapping[str, Any], context: Mapping[str, Any]) -> None:
        own = _here(context).own
        found = changes.departure(body, own)
        if found is not None:
            await self._inbox.departed(PLATFORM, own.team, *found)

    async def _left(self, body: Mapping[str, Any], context: Mapping[str, Any]) -> None:
        """Erase what is kept, however often Slack says so, before it is acknowledged."""
        here = _here(context)
        if not concerns_us(body, here.own):
            return
        at: object = body.get("event_time")
        if await self._workspaces.is_back(here, float(at) if isinstance(at, int) else 0.0):
            log.info("%s has installed the app anew since it was removed", here.own.title)
            return
        log.warning("The app was removed from %s; what was kept is erased", here.own.title)
        await self._inbox.left(PLATFORM, here.own.team)
        await self._workspaces.forget(here.own.team)
        self.removed.set()

    def _left_out(self, kind: str, error: Exception) -> None:
        log.error("A payload of Slack (%s) was left out: %s", kind, type(error).__name__)
        log.debug("Why the payload was left out", exc_info=error)
        self._inbox.malformed(PLATFORM, kind)


def _here(context: Mapping[str, Any]) -> Workspace:
    return cast("Workspace", context[HERE])


def _answer(response: BoltResponse) -> Mapping[str, Any]:
    """What a form asks to be acknowledged with; empty for nothing."""
    body = fields(json.loads(response.body) if response.body.startswith("{") else None)
    return body if "response_action" in body else fields(None)


def _kind(body: Mapping[str, Any]) -> str:
    inner = fields(body.get("event"))
    return str(inner.get("type") or body.get("type") or body.get("command") or "unknown")
