"""HTTP mode: Slack posts events, commands and choices to an address of ours.

Nothing of a request is read into a structure before its signature and its age are checked. It is
answered with 200 when what it says is in the store, with 503 when it cannot be kept now, so that
Slack sends it again, to this process or to another one behind the same address.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast
from urllib.parse import parse_qsl

from aiohttp import web
from slack_sdk.signature import Clock, SignatureVerifier

from adapters.slack import PATH
from adapters.slack.endings import to_the_end
from adapters.slack.socket import Take, retries
from adapters.slack.values import PLATFORM, Timing, fields
from bot.errors import NeedsOperator, PlatformBusy
from bot.inbox import Inbox
from bot.listening import bounded, listen

log = logging.getLogger(__name__)

LARGEST_BODY = 1024 * 1024
"""Bytes; the largest event that Slack sends is some hundred kilobytes."""

SECRET = (
    "Copy the Signing Secret (Basic Information of the Slack app) into SLACK_SIGNING_SECRET; "
    "without it anybody could speak in Slack's name."
)

UNREADABLE = "request"
FORM = "application/x-www-form-urlencoded"
_SSL_CHECK = re.compile(rb"(?:^|&)ssl_check=1(?:&|$)")


class Signatures:
    """Tells Slack's requests from others', with the SDK's verifier.

    Args:
        secret: The app's signing secret.
        now: Seconds since the epoch.
    """

    def __init__(self, secret: str, now: Callable[[], float]) -> None:
        self._verifier = SignatureVerifier(secret, _Wall(now))

    def fit(self, headers: Any, body: bytes) -> bool:
        """Whether Slack signed this body within the last five minutes."""
        try:
            return self._verifier.is_valid(
                body,
                headers.get("X-Slack-Request-Timestamp"),
                headers.get("X-Slack-Signature"),
            )
        except (TypeError, ValueError):
            # A time that is no number, a body that is not UTF-8, a signature that is not ASCII.
            return False


class _Wall(Clock):
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def now(self) -> float:
        return self._now()


class Endpoint:
    """Listens for Slack.

    Args:
        address: Host and port to listen on.
        signatures: Checks requests; None when Slack posts none here, and only pages are served.
        take: Gets what they say.
        inbox: Where to count.
        timing: Waits and time-outs.
        pages: For people's browsers.

    Attributes:
        listening: Requests are taken at present.
        breaks: How often that has ended.
    """

    def __init__(
        self,
        address: tuple[str, int],
        signatures: Signatures | None,
        take: Take,
        inbox: Inbox,
        timing: Timing,
        pages: Sequence[web.RouteDef] = (),
    ) -> None:
        self._address = address
        self._signatures = signatures
        self._take = take
        self._inbox = inbox
        self._timing = timing
        self._pages = pages
        self._part = "http" if signatures is not None else "install"
        self.listening = False
        self.breaks = 0

    async def run(self) -> None:
        """Listen until cancelled; then accept nothing more and finish what is being taken.

        Raises:
            NeedsOperator: The address cannot be listened on.
            PlatformBusy: Somebody else listens there now.
        """
        app = web.Application(client_max_size=LARGEST_BODY)
        app.on_response_prepare.append(_close_refused)
        if self._signatures is not None:
            app.router.add_post(PATH, self._receive)
        app.router.add_routes(self._pages)
        connections = bounded(app, self._timing.port, "SLACK_HTTP_PORT")
        runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            keepalive_timeout=connections.bounds.idle,
            shutdown_timeout=self._timing.drain,
        )
        host, port = self._address
        try:
            await runner.setup()
            listener = await listen(runner, connections, host, port)
            try:
                self._inbox.meter.connected(True, self._part)
                self.listening = self._signatures is not None
                log.info("Slack is served on http://%s:%d/slack/", host, port)
                await asyncio.Event().wait()
            finally:
                listener.close()
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                # Perhaps the process that this one replaces.
                raise PlatformBusy(f"port {port} (SLACK_HTTP_PORT) is in use") from error
            raise NeedsOperator(
                f"{host}:{port} cannot be listened on ({error.strerror or 'no such address'})",
                hint="SLACK_HTTP_HOST has to be an address of this machine, and SLACK_HTTP_PORT a "
                "port that the bot may use.",
            ) from error
        finally:
            self._inbox.meter.connected(False, self._part)
            self.breaks += self.listening
            self.listening = False
            await to_the_end(runner.cleanup())

    async def _receive(self, request: web.Request) -> web.Response:
        loop = asyncio.get_running_loop()
        arrived = loop.time()
        try:
            async with asyncio.timeout(self._timing.body):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408)
        if self._signatures is None or not self._signatures.fit(request.headers, body):
            # Slack looks at certificates with requests that carry nothing, a signature neither.
            checks = request.content_type == FORM and _SSL_CHECK.search(body)
            return web.Response(status=200 if checks else 401)
        try:
            kind, payload = read(body, request.content_type)
        except (ValueError, RecursionError):
            log.error("A request of Slack could not be read and was left out")
            self._inbox.malformed(PLATFORM, UNREADABLE)
            return web.Response()
        if payload.get("type") == "url_verification":
            return web.Response(text=str(payload.get("challenge") or ""))
        before = retries(request.headers.get("X-Slack-Retry-Num"))
        taken = await self._take(kind, payload, before)
        if not taken:
            return web.Response(status=503)
        self._inbox.meter.acknowledged(loop.time() - arrived)
        return web.json_response(taken) if isinstance(taken, Mapping) else web.Response()


async def _close_refused(request: web.Request, response: web.StreamResponse) -> None:
    """Whoever is refused for what they sent, or for its pace, has to connect anew."""
    if response.status in (401, 408, 413):
        response.headers["Connection"] = "close"
        response.force_close()


def read(body: bytes, content_type: str) -> tuple[str, dict[str, Any]]:
    """The kind of a request, as Socket Mode calls it, and its payload.

    Bolt's own reader takes any form in which the word "payload" occurs for a choice, also a
    command that somebody typed.

    Raises:
        ValueError, RecursionError: It is not what Slack sends.
    """
    if content_type == "application/json":
        return "events_api", _object(body.decode())
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    if "payload" in form:
        return "interactive", _object(form["payload"])
    return "slash_commands", cast("dict[str, Any]", form)


def _object(text: str) -> dict[str, Any]:
    payload: object = json.loads(text)
    if not isinstance(payload, dict):
        raise ValueError("not an object")
    return dict(fields(cast("object", payload)))
