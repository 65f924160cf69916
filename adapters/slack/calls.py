"""One call to the Web API: its time-out, its retries, and its errors in our words.

The SDK's own retry handlers are switched off. By default they repeat a call after a lost
connection, which posts a message twice when only the answer was lost; repeating is decided here,
and a post never is.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar, cast

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from adapters.slack import faults
from adapters.slack.values import Timing
from bot.errors import BadToken, PlatformBusy

API_URL = "https://slack.com/api/"
RESPONSE_URL = "response_url"
"""What answers to a response_url are counted as."""

T = TypeVar("T")

Make = Callable[[Any], Awaitable[object]]
"""Makes one call with the SDK's client, whose methods take untyped extras."""


def quiet_log() -> logging.Logger:
    """The SDK's logger: below ERROR it writes down message texts, and warns of nothing."""
    log = logging.getLogger(f"{__name__}.sdk")
    log.setLevel(logging.ERROR)
    return log


class Calls:
    """Makes calls over one session.

    Args:
        token: Bot token.
        api_url: Base of the Web API, empty for Slack itself.
        timing: Waits and time-outs.
        root: Whose session is used, and who is told of refusals; None for one of its own.

    Attributes:
        refused: Told the method of each call that Slack answers with 429.
        renew: Asked for a newer token when Slack does not accept one; says whether it has made
            the calls use one.
    """

    def __init__(self, token: str, api_url: str, timing: Timing, root: Calls | None = None) -> None:
        self._token = token
        self._api_url = api_url or API_URL
        self._timing = timing
        self._root = root
        self.refused: Callable[[str], None] | None = None
        self.renew: Callable[[str], Awaitable[bool]] | None = None
        self._session: aiohttp.ClientSession | None = None
        self._client: AsyncWebClient | None = None

    def beside(self, token: str) -> Calls:
        """Calls with another token, over the same session."""
        return Calls(token, self._api_url, self._timing, self)

    @property
    def token(self) -> str:
        """What the calls are made with."""
        return self._token

    def use(self, token: str) -> None:
        """Make the calls from now on with a newer token."""
        self._token = token
        if self._client is not None:
            self._client.token = token

    @property
    def base(self) -> str:
        """Where Slack is: the address of the Web API without its path."""
        return self._api_url.removesuffix("/").removesuffix("/api")

    @property
    def session(self) -> aiohttp.ClientSession:
        """The one session; made at the first use, because it needs a running loop."""
        if self._root is not None:
            return self._root.session
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._timing.call)
            self._session = aiohttp.ClientSession(timeout=timeout)
        return self._session

    @property
    def client(self) -> AsyncWebClient:
        """The SDK's client."""
        if self._client is None:
            self._client = AsyncWebClient(
                token=self._token,
                base_url=self._api_url,
                session=self.session,
                retry_handlers=[],
                logger=quiet_log(),
            )
        return self._client

    async def answer(
        self, make: Make, *, seconds: float | None = None, patient: bool = False
    ) -> Mapping[str, Any]:
        """Make a call.

        Args:
            make: Makes it; called anew for each try.
            seconds: For everything together; the usual time-out by default.
            patient: Repeat it after a passing fault. Only for calls that change nothing, or that
                change the same thing when repeated.

        Returns:
            The answer's body.

        Raises:
            PlatformError: It failed.
        """
        return (await self.response(make, seconds=seconds, patient=patient))[0]

    async def response(
        self, make: Make, *, seconds: float | None = None, patient: bool = False
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """As `answer`, with the headers."""
        loop = asyncio.get_running_loop()
        until = loop.time() + (self._timing.call if seconds is None else seconds)
        pauses = self._timing.pauses if patient else ()
        return await _again(lambda: self._accepted(make, until), until, pauses)

    async def _accepted(
        self, make: Make, until: float
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        """Make a call, once more with a newer token when the token was refused and there is one."""
        loop, token = asyncio.get_running_loop(), self._token
        try:
            return await self._once(make, until - loop.time())
        except BadToken:
            if self.renew is None or not await self.renew(token):
                raise
        return await self._once(make, until - loop.time())

    async def _once(
        self, make: Make, seconds: float
    ) -> tuple[Mapping[str, Any], Mapping[str, str]]:
        try:
            async with asyncio.timeout(seconds):
                response: Any = await make(self.client)
        except (SlackClientError, RuntimeError, *faults.NETWORK) as error:
            known = faults.of_exception(error)
            if known is None:
                raise
            self._count(faults.limited(error))
            raise known from error
        except AttributeError as error:
            # The SDK looks for an error word in any body, also in the plain text that proxies send.
            raise PlatformBusy("Slack's answer is not a JSON object") from error
        if not isinstance(response.data, dict):
            raise PlatformBusy("Slack's answer is not a JSON object")
        return cast("Mapping[str, Any]", response.data), response.headers

    async def respond(self, url: str, body: Mapping[str, Any]) -> None:
        """Send an answer to a response_url, which Slack takes five times within 30 minutes.

        It is sent once more after a passing fault: one person may read it twice, which is better
        than not at all.

        Raises:
            PlatformError: It was not taken.
        """
        until = asyncio.get_running_loop().time() + self._timing.call
        pauses = self._timing.pauses[-1:]
        await _again(lambda: self._responded(url, body, until), until, pauses)

    async def _responded(self, url: str, body: Mapping[str, Any], until: float) -> None:
        client = AsyncWebhookClient(
            url, session=self.session, retry_handlers=[], logger=quiet_log()
        )
        try:
            async with asyncio.timeout(until - asyncio.get_running_loop().time()):
                response = await client.send_dict(dict(body))
        except (RuntimeError, *faults.NETWORK) as error:
            known = faults.of_exception(error)
            if known is None:
                raise
            raise known from error
        if response.status_code == 429:
            self._count(RESPONSE_URL)
        if response.status_code != 200:
            raise faults.of_answer(
                response.status_code,
                {"error": response.body[:40]},
                faults.seconds(response.headers.get("Retry-After")),
            )

    def _count(self, route: str | None) -> None:
        told = (self._root or self).refused
        if route is not None and told is not None:
            told(route)

    async def close(self) -> None:
        """Release the session."""
        session, self._session, self._client = self._session, None, None
        if session is not None:
            await session.close()


async def _again(work: Callable[[], Awaitable[T]], until: float, pauses: Sequence[float]) -> T:
    """What some work gives, done again after passing faults as long as there is time for it."""
    loop = asyncio.get_running_loop()
    for pause in (*pauses, None):
        try:
            return await work()
        except PlatformBusy as busy:
            wait = pause if busy.retry_after is None else busy.retry_after
            if pause is None or wait is None or loop.time() + wait >= until:
                raise
        await asyncio.sleep(wait)
    raise AssertionError("the last try returns or raises")
