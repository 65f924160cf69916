"""HTTP mode: signed requests to the app's Request URL, and what its answers mean."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from urllib.parse import urlencode

import aiohttp

from tests.simulators.slack_sim.model import JSON, App
from tests.simulators.slack_sim.state import State

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Posted:
    """How one request went: ``reason`` is empty when the app took it."""

    reason: str = ""
    payload: JSON | None = None
    no_retry: bool = False


def signature(secret: str, timestamp: int | str, body: bytes) -> str:
    """The ``X-Slack-Signature`` of a body."""
    base = b"v0:" + str(timestamp).encode() + b":" + body
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def signed(secret: str, body: bytes, content_type: str, *, at: float | None = None) -> JSON:
    """The headers Slack sends with a body at a time, now by default."""
    timestamp = int(time.time() if at is None else at)
    return {
        "Content-Type": content_type,
        "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)",
        "X-Slack-Request-Timestamp": str(timestamp),
        "X-Slack-Signature": signature(secret, timestamp, body),
    }


def body_of(type_: str, payload: JSON) -> tuple[bytes, str]:
    """How Slack writes an envelope's payload into a request: the body and its content type."""
    if type_ == "events_api":
        return json.dumps(payload).encode(), "application/json"
    if type_ == "interactive":
        return urlencode({"payload": json.dumps(payload)}).encode(), FORM
    return urlencode(payload).encode(), FORM


class Posts:
    """Sends requests to the addresses behind an app's Request URL, as a balancer would."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._session: aiohttp.ClientSession | None = None

    def choose(self, app: App) -> str | None:
        """The address that the balancer gives the next request to."""
        return self._state.random.choice(app.request_urls) if app.request_urls else None

    async def send(
        self, app: App, url: str, type_: str, payload: JSON, retry: int, reason: str
    ) -> Posted:
        """Send one request; ``retry`` counts from 0 for a first delivery."""
        body, content_type = body_of(type_, payload)
        headers = signed(app.secret, body, content_type)
        if retry and type_ == "events_api":
            headers |= {"X-Slack-Retry-Num": str(retry), "X-Slack-Retry-Reason": reason}
        try:
            async with self._post(url, body, headers) as response:
                answer = await response.read()
        except TimeoutError:
            return Posted("http_timeout")
        except aiohttp.ClientConnectorError:
            # This request is lost; the balancer gives the next ones to others.
            if url in app.request_urls:
                app.request_urls.remove(url)
            return Posted("connection_failed")
        except (aiohttp.ClientError, OSError):
            return Posted("connection_failed")
        no_retry = response.headers.get("X-Slack-No-Retry") == "1"
        if not 200 <= response.status < 300:
            return Posted("http_error", no_retry=no_retry)
        return Posted(payload=self._read(type_, response.content_type, answer))

    def _read(self, type_: str, content_type: str, answer: bytes) -> JSON | None:
        if not answer:
            return None
        if type_ == "events_api":
            self._state.violate("http: an event was answered with a body")
            return None
        if content_type != "application/json":
            return {"text": answer.decode()}
        return dict(json.loads(answer))

    async def verify(self, app: App, url: str, patience: float) -> None:
        """Send the challenge that an address has to answer before Slack uses it.

        Repeats it until somebody listens, as a person would press the button again.

        Raises:
            ValueError: The answer is not the challenge.
            TimeoutError: Nobody listened.
        """
        challenge = self._state.token("challenge")
        body = json.dumps({"token": "t", "challenge": challenge, "type": "url_verification"})
        async with asyncio.timeout(patience):
            while True:
                headers = signed(app.secret, body.encode(), "application/json")
                try:
                    async with self._post(url, body.encode(), headers) as response:
                        answer = await response.text()
                    break
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.01)
        if response.status != 200 or answer != challenge:
            raise ValueError(f"{url} answered the challenge with {response.status} {answer!r}")
        app.request_urls.append(url)

    def _post(self, url: str, body: bytes, headers: JSON) -> aiohttp.client._RequestContextManager:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(total=self._state.real(self._state.timing.ack))
        return self._session.post(
            url, data=body, headers=headers, timeout=timeout, allow_redirects=False
        )

    async def stop(self) -> None:
        """Close the connections."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
