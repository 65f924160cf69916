"""One REST call: its time-out, its retries, and its answer as soon as it arrives.

discord.py has two habits that do not suit a streaming bot. It sleeps *after* a call that used up
a rate limit, up to five seconds before the caller learns that the message stands; and it sleeps
out every 429 inside the call, minutes when a new thread is refused, where cancelling during a
global one leaves its lock shut for good. Both are avoided with a tracing hook of aiohttp, which
discord.py takes as an option: the hook reads the answer first, hands it over, and turns a 429
into `PlatformBusy`. Only calls made here are touched; the SDK's own calls go on as ever.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, Protocol, TypeVar, cast

import aiohttp

from adapters.discord import faults
from bot.errors import PlatformBusy, PlatformError

log = logging.getLogger(__name__)

T = TypeVar("T")

OLD_EDIT_SECONDS = 60.0
"""How long a message over an hour old cannot be edited when Discord does not say it."""

RETRIED_BY_SDK = frozenset({500, 502, 504, 524})


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things may take, in seconds.

    Attributes:
        call: One call with all its retries.
        attempt: One try; longer than a rate limit window, which the SDK may wait out first.
        thread: Making a thread; past it the answer is given in place.
        pauses: Between tries after a passing fault.
        refused: How long a channel that refuses threads is not asked again.
        denied: How long a channel that forbids something is not asked for it again.
        keep: Between tries to hand a message to the store.
        reconnect: First and longest wait between connections.
        drain: How long the end waits for what is being handed over.
        look: How long new messages wait while it is found out where a session begins.
        look_again: Between tries to find that out while the store is away, and to see to a sign.
        signs: How long it is tried to see to a sign on a message.
        complete: How long it is looked for what somebody may be typing.
        catch_up: How long a new message waits for what was missed in its place.
        between_pages: Between reads of what was missed.
        note: Between notes that the bot listens.
        identify: Between two log-ins of one key; Discord's five and some for the way there.
        hold: How long a log-in waits for its key once the connection is there.
        unknown: How long a log-in waits for a store that cannot say whether others log in.
        handover: How long a shard that was given up is still listened to, while another process
            connects.
        poll: Between looks for free shards, and for a turn to log in.
        silent: How long a shard may be without a connection before it is left to a process that
            has none such.
    """

    call: float = 15.0
    attempt: float = 7.0
    thread: float = 5.0
    pauses: tuple[float, ...] = (0.3, 1.0, 2.0)
    refused: float = 300.0
    denied: float = 60.0
    keep: tuple[float, ...] = (0.3, 1.0, 2.0)
    reconnect: tuple[float, float] = (1.0, 60.0)
    drain: float = 5.0
    look: float = 2.0
    look_again: float = 5.0
    signs: float = 900.0
    complete: float = 2.0
    catch_up: float = 5.0
    between_pages: float = 0.2
    note: float = 60.0
    identify: float = 6.0
    hold: float = 15.0
    unknown: float = 10.0
    handover: float = 10.0
    poll: float = 1.0
    silent: float = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer."""

    status: int
    body: bytes

    def fields(self) -> dict[str, Any]:
        """The JSON object in the body.

        Raises:
            PlatformError: There is none.
        """
        try:
            data: object = json.loads(self.body)
        except ValueError as error:
            raise PlatformError("Discord's answer is not JSON") from error
        if not isinstance(data, dict):
            raise PlatformError("Discord's answer is not an object")
        return cast("dict[str, Any]", data)


class _Exchange:
    """Where the hook leaves the outcome of the call that it belongs to."""

    def __init__(self, early: bool) -> None:
        self.early = early
        self.outcome: asyncio.Future[Answer | PlatformError]
        self.outcome = asyncio.get_running_loop().create_future()

    def settle(self, outcome: Answer | PlatformError) -> None:
        if not self.outcome.done():
            self.outcome.set_result(outcome)


_EXCHANGE: contextvars.ContextVar[_Exchange | None] = contextvars.ContextVar(
    "discord_exchange", default=None
)


class Witness(Protocol):
    """Who is told of calls that Discord refuses, the SDK's own too; see `bot.services.Meter`."""

    def refused(self, route: str) -> None:
        """It asked to wait."""
        ...

    def invalid(self, status: int) -> None:
        """It counts this call against us."""
        ...


def trace(witness: Witness) -> aiohttp.TraceConfig:
    """The hook, for the option `http_trace` of the SDK's client."""

    async def ended(
        session: aiohttp.ClientSession,
        context: SimpleNamespace,
        params: aiohttp.TraceRequestEndParams,
    ) -> None:
        _tell(witness, params)
        await _request_ended(params)

    config = aiohttp.TraceConfig()
    config.on_request_end.append(ended)
    return config


def _tell(witness: Witness, params: aiohttp.TraceRequestEndParams) -> None:
    status, scope = params.response.status, params.response.headers.get("X-RateLimit-Scope")
    if status == 429:
        kind = kind_of_call(params.method, params.url.path)
        witness.refused(f"{kind} {scope}" if scope in ("global", "shared") else kind)
    # What others have used up is not held against us.
    if status in (401, 403) or (status == 429 and scope != "shared"):
        witness.invalid(status)


_WORDS = frozenset(
    "users @me applications oauth2 gateway bot guilds members channels messages threads typing "
    "commands interactions callback webhooks @original".split()
)


def kind_of_call(method: str, path: str) -> str:
    """Method and route of a call without ids, tokens and whatever else names somebody."""
    words = [word for word in path.split("/") if word in _WORDS]
    return f"{method} {'/'.join(words)}"


async def _request_ended(params: aiohttp.TraceRequestEndParams) -> None:
    exchange = _EXCHANGE.get()
    response = params.response
    if exchange is None or response.status in RETRIED_BY_SDK:
        return
    body = await response.read()
    if response.status == 429:
        busy = _rate_limited(response, body)
        exchange.settle(busy)
        raise busy
    if response.status >= 400:
        exchange.settle(faults.of_body(response.status, body))
    elif exchange.early:
        exchange.settle(Answer(response.status, body))


class RateLimited(PlatformBusy):
    """A 429. `everywhere` when it is the token's global limit, `retry_after` is always set."""

    def __init__(self, message: str, retry_after: float, everywhere: bool) -> None:
        super().__init__(message, retry_after=retry_after)
        self.seconds = retry_after
        self.everywhere = everywhere


def _rate_limited(response: aiohttp.ClientResponse, body: bytes) -> RateLimited:
    headers = response.headers
    try:
        data: object = json.loads(body)
    except ValueError:
        data = None
    told = cast("dict[str, object]", data) if isinstance(data, dict) else {}
    usual = OLD_EDIT_SECONDS if told.get("code") == faults.TOO_OLD_TO_EDIT else 1.0
    wait = told.get("retry_after", headers.get("Retry-After", usual))
    try:
        seconds = float(cast("Any", wait))
    except (TypeError, ValueError):
        seconds = 1.0
    scope = headers.get("X-RateLimit-Scope", "unknown")
    everywhere = told.get("global") is True or scope == "global"
    return RateLimited(f"429, scope {scope}, {seconds:.2f} s", seconds, everywhere)


class Calls:
    """Makes calls through the SDK; one for each rate limit that is global to its calls."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._paused_until = 0.0
        self._settling: set[asyncio.Task[Any]] = set()

    async def answer(
        self,
        make: Callable[[], Coroutine[Any, Any, object]],
        *,
        seconds: float | None = None,
        patient: bool = False,
        repeat: bool = True,
    ) -> Answer:
        """Make a call of one request and return its answer the moment it is there.

        Args:
            make: Starts the SDK's call; called anew for each try.
            seconds: Time-out over all tries, `Timing.call` when None.
            patient: Wait out a 429 that ends within the time-out instead of raising it.
            repeat: The call is safe to repeat; if not, a call that may have had its effect is
                not tried again.

        Raises:
            PlatformError: As `bot.errors` tells them apart; nothing else but bugs.
        """
        pauses = self._timing.pauses if repeat else ()
        outcome, _ = await self._tries(make, seconds, patient, pauses, early=True)
        if outcome is None:
            raise PlatformError("Discord gave no answer")
        return outcome

    async def result(
        self,
        make: Callable[[], Coroutine[Any, Any, T]],
        *,
        seconds: float | None = None,
        patient: bool = True,
    ) -> T:
        """Make a call and return what the SDK makes of the answer. As `answer` otherwise."""
        _, task = await self._tries(make, seconds, patient, self._timing.pauses, early=False)
        return task.result()

    async def _tries(
        self,
        make: Callable[[], Coroutine[Any, Any, T]],
        seconds: float | None,
        patient: bool,
        pauses: tuple[float, ...],
        early: bool,
    ) -> tuple[Answer | None, asyncio.Task[T]]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + (self._timing.call if seconds is None else seconds)
        waits = iter(pauses)
        while True:
            left = deadline - loop.time()
            try:
                if self._paused_until > loop.time():
                    rest = self._paused_until - loop.time()
                    raise RateLimited("global rate limit", rest, everywhere=True)
                return await self._once(make, min(left, self._timing.attempt), early)
            except RateLimited as busy:
                if busy.everywhere:
                    self._paused_until = max(self._paused_until, loop.time() + busy.seconds)
                pause = busy.seconds if patient else None
                fault = busy
            except PlatformBusy as busy:
                pause = next(waits, None) if busy.retry_after is None else None
                fault = busy
            if pause is None or loop.time() + pause >= deadline:
                raise fault
            await asyncio.sleep(pause)

    async def _once(
        self, make: Callable[[], Coroutine[Any, Any, T]], seconds: float, early: bool
    ) -> tuple[Answer | None, asyncio.Task[T]]:
        exchange = _Exchange(early)
        context = contextvars.copy_context()
        context.run(_EXCHANGE.set, exchange)
        task = asyncio.get_running_loop().create_task(make(), context=context)
        try:
            await asyncio.wait(
                (task, exchange.outcome), timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        except asyncio.CancelledError:
            task.cancel()
            self._let_settle(task)
            raise
        if exchange.outcome.done():
            self._let_settle(task)
            outcome = exchange.outcome.result()
            if isinstance(outcome, PlatformError):
                raise outcome
            return outcome, task
        if not task.done():
            task.cancel()
            self._let_settle(task)
            raise PlatformBusy("no answer from Discord in time")
        if task.cancelled():
            raise PlatformBusy("the connection to Discord is closing")
        error = task.exception()
        if error is None:
            return None, task
        known = faults.of_exception(error)
        if known is None:
            raise error
        raise known from error

    def _let_settle(self, task: asyncio.Task[Any]) -> None:
        """Leave the SDK alone with its books; what it raises now is known already."""
        self._settling.add(task)
        task.add_done_callback(self._settled)

    def _settled(self, task: asyncio.Task[Any]) -> None:
        self._settling.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.debug("After its answer a call raised %s", type(error).__name__)

    async def close(self) -> None:
        """End what the SDK still does after answers that came."""
        tasks = tuple(self._settling)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
