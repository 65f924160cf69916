"""Slack as a platform: connecting, and showing answers."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from aiohttp import web

from adapters.slack import LOOPBACK, StreamMode, history
from adapters.slack.access import reach_of
from adapters.slack.answers import Asked
from adapters.slack.calls import Calls
from adapters.slack.downloads import Downloads
from adapters.slack.endings import ended, to_the_end
from adapters.slack.files import FILE_BYTES
from adapters.slack.groups import named_groups
from adapters.slack.home import permalink
from adapters.slack.http import SECRET, Endpoint, Signatures
from adapters.slack.identity import own_of
from adapters.slack.install import OAuth, Pages
from adapters.slack.intake import Intake
from adapters.slack.markup import MAX_CHARS
from adapters.slack.missed import Missed
from adapters.slack.removals import Removals
from adapters.slack.render import measure_shown, rendering, takes_long
from adapters.slack.seats import Seats
from adapters.slack.socket import CONNECTIONS, REFUSED, Sockets
from adapters.slack.status import REFRESH_SECONDS
from adapters.slack.surfaces import Surfaces
from adapters.slack.values import PLATFORM, SCARCE, SCARCE_SECONDS, Timing
from adapters.slack.workspace import Common, Workspace, workspace_of
from adapters.slack.workspaces import Many, One, Workspaces
from bot.attached import Attachment
from bot.backoff import Backoff
from bot.capabilities import Capabilities, Limit
from bot.chat import CommandReply, File, History, Incoming, MessageRef, Reach, Spot, ThreadKey
from bot.controls import PLAIN, Action, Presentation
from bot.errors import (
    BadToken,
    NeedsOperator,
    PlatformBusy,
    PlatformError,
    StoreError,
)
from bot.inbox import Inbox

log = logging.getLogger(__name__)

CAPABILITIES = Capabilities(
    max_chars=MAX_CHARS,
    limits=(
        # Slack's own figure is 50; the rest is for clocks that run apart.
        Limit(frozenset({"edit"}), "space", 48, 60.0),
        # One a second, where a short burst is taken.
        Limit(frozenset({"post"}), "channel", 4, 4.0),
        Limit(frozenset({"delete"}), "space", 48, 60.0),
        # Additions to streams, of which Slack takes a hundred.
        Limit(frozenset({"append"}), "space", 96, 60.0),
    ),
    min_edit_seconds=1.2,
    status_seconds=REFRESH_SECONDS,
    slash_in_threads=False,
    file_bytes=FILE_BYTES,
    controls=frozenset(Action),
    directs=lambda space: (space, "D"),
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


def oauth_of(values: Mapping[str, str]) -> OAuth | None:
    """What is needed for many workspaces, None for the one that SLACK_BOT_TOKEN is for.

    Raises:
        NeedsOperator: Both are set.
    """
    if "SLACK_CLIENT_ID" not in values:
        return None
    if values.get("SLACK_BOT_TOKEN"):
        raise NeedsOperator(
            "SLACK_BOT_TOKEN and SLACK_CLIENT_ID are both set",
            hint="Remove SLACK_CLIENT_ID to answer in one workspace. Remove SLACK_BOT_TOKEN to "
            "answer in all that install the app, and install it there once more.",
        )
    return OAuth(
        values["SLACK_CLIENT_ID"],
        values["SLACK_CLIENT_SECRET"],
        tuple(re.split(r"[,\s]+", values["SLACK_INSTALL_KEYS"])),
        int(values.get("SLACK_HTTP_PORT", "0")),
        values.get("SLACK_HTTP_HOST", LOOPBACK),
    )


def create(values: Mapping[str, str]) -> SlackAdapter:
    """The `AdapterFactory` of Slack.

    Raises:
        NeedsOperator: What the mode needs is not set.
    """
    oauth = oauth_of(values)
    # With many workspaces the port is needed for the pages, whichever way events come.
    over = {**values, "SLACK_HTTP_PORT": ""} if oauth and "SLACK_APP_TOKEN" in values else values
    token = values.get("SLACK_BOT_TOKEN", "")
    url, groups = values.get("SLACK_API_URL", ""), named_groups(values)
    streaming = cast("StreamMode", values.get("SLACK_STREAMING", "auto"))
    timing = Timing()
    if values.get("SLACK_HISTORY") == "scarce":
        timing = Timing(reading=SCARCE, between_pages=SCARCE_SECONDS)
    return SlackAdapter(
        token, mode_of(over), url, timing, oauth=oauth, groups=groups, streaming=streaming
    )


class SlackAdapter:
    """The `Adapter` of Slack.

    Args:
        token: Bot token, empty with `oauth`.
        mode: How events come.
        api_url: Base of the Web API, empty for Slack itself.
        timing: Waits and time-outs.
        clock: Seconds, never going back.
        now: Seconds since the epoch.
        oauth: What is needed to answer in all workspaces that install the app.
        groups: User groups that rules about access name.
        streaming: How people see an answer grow.
    """

    name = PLATFORM

    def __init__(
        self,
        token: str,
        mode: SocketMode | HttpMode,
        api_url: str = "",
        timing: Timing | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        oauth: OAuth | None = None,
        groups: frozenset[str] = frozenset(),
        streaming: StreamMode = "auto",
    ) -> None:
        self.capabilities = replace(
            CAPABILITIES,
            edits=streaming != "off",
            streams=streaming in ("auto", "native"),
            streamed=self._streamed,
        )
        self._groups = groups
        self._streaming: StreamMode = streaming
        self._mode = mode
        self._oauth = oauth
        self._now = now
        self._timing = timing or Timing()
        self._clock = clock
        self._calls = Calls(token, api_url, self._timing)
        self._downloads = Downloads(self._at, api_url)
        self._only: Workspace | None = None
        self._workspaces: Workspaces | None = None
        self._surfaces: Surfaces | None = None
        self._known = asyncio.Event()
        self._render = rendering()

    async def run(self, inbox: Inbox) -> None:
        """Connect and deliver events until cancelled. Calls work until `close`.

        Raises:
            NeedsOperator: The app was removed from its only workspace, or its settings are wrong.
        """
        self._calls.refused = inbox.meter.refused
        surfaces = self._surfaces = Surfaces(inbox, self._timing)
        if self._oauth is None:
            one = self._only = self._only or await self._log_in(self._common(inbox))
            await self._listen(inbox, One(one), surfaces, one.own.user, [one.own.team])
            return
        many, spaces = await self._installed(inbox, self._oauth)
        pages = Pages(self._oauth, self._calls, many.vault, inbox.claims, many.drop, self._now)
        removals = Removals(many, inbox, self._calls, self._timing, self._now)
        client = self._oauth.client_id
        await self._listen(inbox, many, surfaces, client, spaces, pages.routes(), removals)

    async def _listen(
        self,
        inbox: Inbox,
        workspaces: Workspaces,
        surfaces: Surfaces,
        app: str,
        spaces: Sequence[str],
        pages: Sequence[web.RouteDef] = (),
        removals: Removals | None = None,
    ) -> None:
        """Listen until cancelled, or until the app was removed from its only workspace."""
        self._workspaces = workspaces
        self._known.set()
        intake = Intake(inbox, self._calls, workspaces, self._timing, surfaces)
        transports = self._transports(inbox, intake, app, pages)
        working = [asyncio.create_task(transport.run()) for transport in transports]
        removed = asyncio.create_task(intake.removed.wait())
        # A page for installing hears nothing.
        missed = Missed(
            inbox, self._reach, intake.take, transports[:1], self._timing, self._now, spaces
        )
        looking = [asyncio.create_task(missed.run(), name="missed messages of Slack")]
        if removals is not None:
            looking.append(asyncio.create_task(removals.run(), name="removals on Slack"))
        ends = {*working, removed} if self._only else {*working}
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await to_the_end(ended(*looking))
            await to_the_end(ended(*working, removed))
            await to_the_end(surfaces.close())
        if self._only and intake.removed.is_set():
            own = self._only.own
            raise NeedsOperator(f"the app was removed from {own.title or own.team}", hint=REMOVED)
        for task in working:
            # The one that ended by itself tells why.
            if not task.cancelled():
                task.result()

    def _transports(
        self, inbox: Inbox, intake: Intake, app: str, pages: Sequence[web.RouteDef]
    ) -> Sequence[Sockets | Endpoint]:
        mode, timing, oauth = self._mode, self._timing, self._oauth
        if isinstance(mode, HttpMode):
            log.info("Waiting for what Slack posts")
            signatures = Signatures(mode.secret, self._now)
            where = (mode.host, mode.port)
            return [Endpoint(where, signatures, intake.take, inbox, timing, pages)]
        log.info("Connecting to Slack over %d sockets", CONNECTIONS)
        seats = Seats(inbox.claims, app, timing)
        sockets = Sockets(self._calls, mode.app_token, intake.take, seats, timing, inbox.meter)
        if oauth is None or not oauth.port:
            return [sockets]
        where = (oauth.host, oauth.port)
        return [sockets, Endpoint(where, None, intake.take, inbox, timing, pages)]

    async def _installed(self, inbox: Inbox, oauth: OAuth) -> tuple[Many, Sequence[str]]:
        many = Many(
            self._calls,
            (oauth.client_id, oauth.client_secret),
            oauth.keys,
            inbox.notes,
            self._now,
            self._common(inbox),
        )
        try:
            spaces = await many.check()
        except StoreError as error:
            raise PlatformBusy(f"it is not known where the app is installed: {error}") from error
        log.info("Slack: the app is installed in %d place(s)", len(spaces))
        return many, spaces

    def _common(self, inbox: Inbox) -> Common:
        return Common(
            self._timing,
            self._clock,
            inbox.claims,
            self._groups,
            self._streaming,
            inbox.meter.fell_back,
            self._stopped,
            self._render,
        )

    def _stopped(self, here: Workspace, channel: str, root: str) -> None:
        if self._surfaces is not None:
            self._surfaces.agent.refused(here, channel, root)

    def _streamed(self, channel: str, message: str) -> bool:
        return self._workspaces is not None and self._workspaces.streamed(channel, message)

    async def _log_in(self, common: Common) -> Workspace:
        wait = Backoff(self._timing.reconnect)
        while True:
            try:
                answer = await self._calls.answer(lambda client: client.auth_test())
                return workspace_of(own_of(answer), self._calls, common)
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

    async def _reach(self, space: str) -> Workspace | None:
        """Where the bot is in a workspace; None when it is not there any more."""
        try:
            here = await self._at(space, "")
        except BadToken:
            return None
        return here if here.own.team == space else None

    async def _at(self, space: str, channel: str) -> Workspace:
        """The workspace that something is in. Raises PlatformError."""
        try:
            await asyncio.wait_for(self._known.wait(), self._timing.call)
        except TimeoutError:
            raise PlatformBusy("not connected to Slack") from None
        if self._workspaces is None:
            raise PlatformBusy("not connected to Slack")
        return await self._workspaces.at(space, channel)

    async def open(self, event: Incoming, title: str) -> Spot:
        """The event's thread. Slack makes it with the first reply.

        Only the session of a direct message has a title, which is given once.
        """
        thread, user = event.thread, event.author.id
        here = await self._at(thread.space, thread.channel)
        begins = event.ref.message == thread.thread
        here.streams.asked(thread.channel, thread.thread, user)
        here.sessions.asked(thread.channel, thread.thread, user, title if begins else "")
        return Spot(thread.channel, thread.thread, thread.space, asked=event.ref.message)

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
        await self._check(text)
        here = await self._at(spot.space, spot.channel)
        return await here.messages.post(spot, text, key=key, again=again, look=look)

    async def edit(self, ref: MessageRef, text: str, *, look: Presentation = PLAIN) -> None:
        """Replace a message's text and its controls."""
        await self._check(text)
        here = await self._at(ref.space, ref.channel)
        await here.messages.edit(ref, text, look=look)

    async def attach(
        self, spot: Spot, file: File, key: str, text: str = "", *, again: bool = False
    ) -> MessageRef:
        """Post a file. A part of `key` in its name tells it from others of the same thread."""
        if len(file.content) > FILE_BYTES:
            raise ValueError(f"a file of {len(file.content)} bytes, {FILE_BYTES} are taken")
        here = await self._at(spot.space, spot.channel)
        return await here.files.hand_over(spot, file, key, text, again=again)

    async def delete(self, ref: MessageRef) -> None:
        """Delete a message of our own."""
        here = await self._at(ref.space, ref.channel)
        await here.messages.delete(ref)

    async def show_status(self, spot: Spot, status: str | None) -> None:
        """Show that the bot works in the thread: by its session, else by `status` under it."""
        here, root = await self._at(spot.space, spot.channel), spot.reply_to
        if root is None or not await here.sessions.show(
            spot.channel, root, working=status is not None
        ):
            await here.status.show(spot, status)

    async def mark_waiting(self, ref: MessageRef, waiting: bool) -> None:
        """Put a reaction on a message that waits, or take it away."""
        here = await self._at(ref.space, ref.channel)
        await here.marks.show(ref, waiting)

    async def settled(self, thread: ThreadKey) -> None:
        """A thread at rest shows no work any more, however its last answer ended."""
        here = await self._at(thread.space, thread.channel)
        here.sessions.leave(thread.channel, thread.thread)
        here.status.leave(thread.channel, thread.thread)

    async def history(self, event: Incoming, limit: int) -> History:
        """What was said in the event's thread before it."""
        here = await self._at(event.thread.space, event.thread.channel)
        return await history.read(here.calls, here.names, here.own, self._timing, event, limit)

    async def download(self, attachment: Attachment, most_bytes: int) -> bytes:
        """Fetch a file from Slack's hosts, with the token of its workspace."""
        return await self._downloads.fetch(attachment, most_bytes)

    async def since(self, first: MessageRef, thread: ThreadKey, limit: int) -> History:
        """The message `first` and what was said after it, in its thread or in the channel."""
        here = await self._at(thread.space, thread.channel)
        return await history.since(
            here.calls, here.names, here.own, self._timing, first, thread.thread, limit
        )

    async def respond(self, event: Incoming, reply: CommandReply) -> None:
        """Answer a typed command: private answers are shown to its caller only."""
        words = event.text.split()
        name = words[0].lstrip("!/").casefold() if words else ""
        here = await self._at(event.thread.space, event.thread.channel)
        await here.answers.to_message(event, Asked(name, event.author.id, event.thread), reply)

    async def link(self, thread: ThreadKey, message: str, *, loose: bool = False) -> str:
        """The message's address; empty while the workspace is not known."""
        if self._workspaces is None:
            return ""
        try:
            here = await self._workspaces.at(thread.space, thread.channel)
        except PlatformError as error:
            log.debug("A message has no link: %s", error)
            return ""
        return permalink(thread, here.own, message)

    async def tell(self, space: str, user: str, text: str, *, key: str) -> bool:
        """Everybody in a workspace can be told something."""
        here = await self._at(space, "")
        return here.own.team == space and await here.answers.to_person(user, text)

    async def reach(
        self, space: str, user: str, places: Collection[tuple[str, str]]
    ) -> Reach | None:
        """What somebody may read in a workspace."""
        here = await self._at(space, "")
        if here.own.team != space:
            return None
        return await reach_of(here.calls, here.own, user, places)

    def measure(self, text: str) -> int:
        """UTF-16 code units of what is sent."""
        return measure_shown(self._render, text)

    async def _check(self, text: str) -> None:
        long = takes_long(text)
        size = await asyncio.to_thread(self.measure, text) if long else self.measure(text)
        if size > MAX_CHARS:
            raise ValueError(f"text of {size} units for a message of {MAX_CHARS}")

    async def close(self) -> None:
        """Release connections."""
        if self._workspaces is not None:
            await self._workspaces.close()
        await self._downloads.close()
        await self._calls.close()
