"""Slack as a platform: connecting, and showing answers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

from adapters.slack import LOOPBACK, history
from adapters.slack.answers import Answers, Asked
from adapters.slack.calls import Calls
from adapters.slack.downloads import Downloads
from adapters.slack.endings import ended, to_the_end
from adapters.slack.http import SECRET, Endpoint, Signatures
from adapters.slack.intake import Intake
from adapters.slack.interactions import Interactions
from adapters.slack.markup import MAX_CHARS, measure, safe
from adapters.slack.names import Directory
from adapters.slack.seats import Seats
from adapters.slack.socket import CONNECTIONS, REFUSED, Backoff, Sockets
from adapters.slack.status import REFRESH_SECONDS, StatusLine
from adapters.slack.values import PLATFORM, Own, Timing
from bot.attached import Attachment
from bot.capabilities import Capabilities, Limit
from bot.chat import CommandReply, History, Inbox, Incoming, MessageRef, Spot, ThreadKey
from bot.controls import PLAIN, Presentation
from bot.errors import BadToken, MessageGone, NeedsOperator, PlatformBusy, PlatformError

log = logging.getLogger(__name__)

CAPABILITIES = Capabilities(
    max_chars=MAX_CHARS,
    limits=(
        # Slack's own figure is 50; the rest is for clocks that run apart.
        Limit(frozenset({"edit"}), "space", 48, 60.0),
        # One a second, where a short burst is taken.
        Limit(frozenset({"post"}), "channel", 4, 4.0),
        Limit(frozenset({"delete"}), "space", 48, 60.0),
    ),
    min_edit_seconds=1.2,
    status_seconds=REFRESH_SECONDS,
    slash_in_threads=False,
)


REMOVED = (
    "Install the app anew (page OAuth & Permissions of the Slack app), put the new Bot User OAuth "
    "Token into SLACK_BOT_TOKEN and start the bot again."
)


@dataclass(frozen=True, slots=True)
class SocketMode:
    """Events come over WebSockets that are opened with this app-level token."""

    app_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class HttpMode:
    """Slack posts events to `host`:`port`, signed with this secret."""

    secret: str = field(repr=False)
    host: str
    port: int


def mode_of(values: Mapping[str, str]) -> SocketMode | HttpMode:
    """How events come: by HTTP where there is a port, else over sockets.

    Raises:
        NeedsOperator: What the mode needs is not set.
    """
    port = values.get("SLACK_HTTP_PORT")
    if port:
        if not values.get("SLACK_SIGNING_SECRET"):
            raise NeedsOperator("HTTP mode needs SLACK_SIGNING_SECRET", hint=SECRET)
        return HttpMode(
            values["SLACK_SIGNING_SECRET"], values.get("SLACK_HTTP_HOST", LOOPBACK), int(port)
        )
    if not values.get("SLACK_APP_TOKEN"):
        raise BadToken("Socket Mode needs SLACK_APP_TOKEN", hint=REFUSED)
    return SocketMode(values["SLACK_APP_TOKEN"])


def create(values: Mapping[str, str]) -> SlackAdapter:
    """The `AdapterFactory` of Slack.

    Raises:
        NeedsOperator: What the mode needs is not set.
    """
    return SlackAdapter(values["SLACK_BOT_TOKEN"], mode_of(values), values.get("SLACK_API_URL", ""))


class SlackAdapter:
    """The `Adapter` of Slack.

    Args:
        token: Bot token.
        mode: How events come.
        api_url: Base of the Web API, empty for Slack itself.
        timing: Waits and time-outs.
        clock: Seconds, never going back.
        now: Seconds since the epoch.
    """

    name = PLATFORM
    capabilities = CAPABILITIES

    def __init__(
        self,
        token: str,
        mode: SocketMode | HttpMode,
        api_url: str = "",
        timing: Timing | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._mode = mode
        self._now = now
        self._timing = timing or Timing()
        self._clock = clock
        self._calls = Calls(token, api_url, self._timing)
        self._downloads = Downloads(self._calls, api_url)
        self._status = StatusLine(self._calls, self._timing)
        self._answers = Answers(self._calls)
        self._own: Own | None = None
        self._names: Directory | None = None
        self._known = asyncio.Event()

    async def run(self, inbox: Inbox) -> None:
        """Connect and deliver events until cancelled. Calls work until `close`.

        Raises:
            NeedsOperator: The app was removed from the workspace, or its settings are wrong.
        """
        self._calls.refused = inbox.meter.refused
        own = await self._log_in()
        names = self._directory(own)
        interactions = Interactions(inbox, self._calls, names, own, self._timing)
        intake = Intake(inbox, self._calls, names, own, self._timing, interactions)
        transport = self._transport(inbox, intake, own)
        working = asyncio.create_task(transport.run())
        removed = asyncio.create_task(intake.removed.wait())
        try:
            await asyncio.wait({working, removed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await to_the_end(ended(working, removed))
            await to_the_end(interactions.close())
        if not intake.removed.is_set():
            return working.result()
        raise NeedsOperator(f"the app was removed from {own.title or own.team}", hint=REMOVED)

    def _transport(self, inbox: Inbox, intake: Intake, own: Own) -> Sockets | Endpoint:
        mode, timing = self._mode, self._timing
        where = own.title or own.team
        if isinstance(mode, HttpMode):
            log.info("Waiting for what Slack posts: %s", where)
            signatures = Signatures(mode.secret, self._now)
            return Endpoint((mode.host, mode.port), signatures, intake.take, inbox, timing)
        log.info("Connecting to Slack: %s, over %d sockets", where, CONNECTIONS)
        seats = Seats(inbox.claims, own.user, timing)
        return Sockets(self._calls, mode.app_token, intake.take, seats, timing, inbox.meter)

    async def _log_in(self) -> Own:
        wait = Backoff(self._timing.reconnect)
        while self._own is None:
            try:
                answer = await self._calls.answer(lambda client: client.auth_test())
                self._own = own_of(answer)
            except PlatformBusy as busy:
                seconds = max(wait.next(), busy.retry_after or 0.0)
                log.warning("No log-in at Slack (%s); again in %.1f s", busy, seconds)
                await asyncio.sleep(seconds)
            except BadToken as refusal:
                raise BadToken(
                    f"Slack does not accept SLACK_BOT_TOKEN: {refusal}",
                    hint="Install the app anew (page OAuth & Permissions of the Slack app) and "
                    "put the Bot User OAuth Token into SLACK_BOT_TOKEN.",
                ) from refusal
        self._known.set()
        return self._own

    def _directory(self, own: Own) -> Directory:
        if self._names is None:
            self._names = Directory(self._calls, own, self._clock)
        return self._names

    async def _who(self) -> Own:
        try:
            await asyncio.wait_for(self._known.wait(), self._timing.call)
        except TimeoutError:
            raise PlatformBusy("not connected to Slack") from None
        if self._own is None:
            raise PlatformBusy("not connected to Slack")
        return self._own

    async def open(self, event: Incoming, title: str) -> Spot:
        """The event's thread. Slack makes it with the first reply, and it has no title."""
        return Spot(event.thread.channel, reply_to=event.thread.thread)

    async def post(
        self,
        spot: Spot,
        text: str,
        *,
        key: str,
        again: bool = False,
        look: Presentation = PLAIN,
    ) -> MessageRef:
        """Post a message. `key` goes along as metadata, by which it is found again."""
        self._check(text)
        if again:
            found = await history.posted(self._calls, await self._who(), self._timing, spot, key)
            if found is not None:
                await self.edit(found, text, look=look)
                return found
        payload = {"event_type": history.EVENT_TYPE, "event_payload": {"key": key}}
        answer = await self._calls.answer(
            lambda client: client.chat_postMessage(
                channel=spot.channel,
                thread_ts=spot.reply_to,
                markdown_text=safe(text),
                parse="none",
                unfurl_links=False,
                unfurl_media=False,
                metadata=payload,
            )
        )
        self._status.answered(spot)
        ts: object = answer.get("ts")
        if not isinstance(ts, str):
            raise PlatformError("Slack's answer names no message")
        return MessageRef(spot.channel, ts)

    async def edit(self, ref: MessageRef, text: str, *, look: Presentation = PLAIN) -> None:
        """Replace a message's text."""
        self._check(text)
        # Unlike a post, an edit reads names out of the text unless it is told not to.
        await self._calls.answer(
            lambda client: client.chat_update(
                channel=ref.channel, ts=ref.message, markdown_text=safe(text), parse="none"
            )
        )

    async def delete(self, ref: MessageRef) -> None:
        """Delete a message of our own."""
        try:
            await self._calls.answer(
                lambda client: client.chat_delete(channel=ref.channel, ts=ref.message)
            )
        except MessageGone:
            log.debug("A message was deleted already")

    async def show_status(self, spot: Spot, status: str | None) -> None:
        """Show `status` under the thread, where the workspace's plan has such a line."""
        await self._status.show(spot, status)

    async def settled(self, thread: ThreadKey) -> None:
        """Slack shows nothing for a thread at rest."""

    async def history(self, event: Incoming, limit: int) -> History:
        """What was said in the event's thread before it."""
        own = await self._who()
        return await history.read(
            self._calls, self._directory(own), own, self._timing, event, limit
        )

    async def download(self, attachment: Attachment, most_bytes: int) -> bytes:
        """Fetch a file from Slack's hosts, with the bot's token."""
        return await self._downloads.fetch(attachment, most_bytes)

    async def respond(self, event: Incoming, reply: CommandReply) -> None:
        """Answer a typed command: private answers are shown to its caller only."""
        words = event.text.split()
        name = words[0].lstrip("!/").casefold() if words else ""
        await self._answers.to_message(event, Asked(name, event.author.id, event.thread), reply)

    def measure(self, text: str) -> int:
        """UTF-16 code units of what is sent."""
        return measure(text)

    def _check(self, text: str) -> None:
        if measure(text) > MAX_CHARS:
            raise ValueError(f"text of {measure(text)} units for a message of {MAX_CHARS}")

    async def close(self) -> None:
        """Release connections."""
        if self._names is not None:
            await self._names.close()
        await self._downloads.close()
        await self._calls.close()


def own_of(answer: Mapping[str, Any]) -> Own:
    """Who we are, from the answer of auth.test.

    Raises:
        PlatformError: It does not say.
    """
    team, user = answer.get("team_id"), answer.get("user_id")
    if not (team and user):
        raise PlatformError("Slack does not say who we are")
    return Own(
        team=str(team),
        user=str(user),
        bot=str(answer.get("bot_id") or ""),
        enterprise=str(answer.get("enterprise_id") or ""),
        host=urlsplit(cast("str", answer.get("url") or "")).netloc.casefold(),
        title=str(answer.get("team") or ""),
    )
