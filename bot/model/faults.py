"""Translates what goes wrong at the model's service into Bobbin's own errors.

Providers agree on the shape of an error object and on little else, so a `Fault` is read from
status, headers, code, type and words together. `classify` is pure; `translate` reads the
exceptions of the SDK and of its transport.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import anyio
import httpx2
import openai

from bot.errors import (
    ContextTooLong,
    ModelBusy,
    ModelError,
    ModelMisconfigured,
    ModelRefused,
    ModelUnreachable,
    QuotaExhausted,
)
from bot.model.overflow import exceeded_window
from bot.model.settings import ModelSettings
from bot.model.wire import mapping, sequence, string

TRANSPORT_FAULTS = (
    httpx2.HTTPError,
    httpx2.StreamError,
    httpx2.InvalidURL,
    ssl.SSLError,
    anyio.EndOfStream,
    OSError,
)
"""What the transport raises while an answer is read; the SDK does not wrap these."""

SDK_FAULTS = (openai.OpenAIError, *TRANSPORT_FAULTS, UnicodeError)
"""What making a request raises. A key with characters no header can hold is a UnicodeError."""

LONGEST_MESSAGE = 300
LONGEST_WAIT = 1e9
"""Seconds; a longer time is none."""
LARGEST_WINDOW = 10**9
"""Tokens."""

_QUOTA = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
        "billing_hard_limit_reached",
        "billing_not_active",
    }
)
_QUOTA_WORDS = re.compile(r"insufficient (?:balance|credits?|funds)|out of credits?", re.IGNORECASE)
_OVERLOAD = frozenset(
    {"slow_down", "server_is_overloaded", "overloaded_error", "overloaded", "engine_overloaded"}
)
_RATE = frozenset({"rate_limit_exceeded", "rate_limit_error", "too_many_requests"})
_FILTERED = frozenset(
    {"content_filter", "content_policy_violation", "invalid_prompt", "moderation_blocked"}
)
_BAD_KEY = frozenset({"invalid_api_key", "invalid_authentication", "authentication_error"})
_NO_MODEL = re.compile(
    r"model_not_found|not a valid model|invalid model|unknown model|"
    r"model\b.{0,80}?\b(?:not found|does not exist|not available|not supported)",
    re.IGNORECASE | re.DOTALL,
)
_KEY_WORDS = re.compile(r"api.?key.{0,20}(?:not valid|invalid|incorrect|expired)", re.IGNORECASE)
_FLAGGED = re.compile(r"moderation|flagged|content policy", re.IGNORECASE)

_WAIT_WORDS = re.compile(
    r"(?:try again|retry) (?:in|after) ((?:\d+(?:\.\d+)?(?:ms|[smh])\s?)+|\d+(?:\.\d+)? seconds?)",
    re.IGNORECASE,
)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|seconds?)", re.IGNORECASE)
_UNIT = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}

_STATUS = re.compile(r"[45][0-9]{2}")

_SECRETS = re.compile(r"\b(?:sk|pk|key)-[\w*.-]{6,}|\bBearer\s+\S+", re.IGNORECASE)
_QUOTED = re.compile(r"(['\"`])[^\n]{60,}\1")


@dataclass(frozen=True, slots=True)
class Fault:
    """An error as the service told it; `message` is shortened and holds no key.

    `status` is the HTTP status, or the number that an error inside a stream names; None if there
    is neither. `retry_after` is in seconds; `window` in tokens, where it has a field of its own.
    """

    status: int | None
    code: str = ""
    kind: str = ""
    param: str = ""
    message: str = ""
    request_id: str = ""
    retry_after: float | None = None
    window: int | None = None

    def __str__(self) -> str:
        parts = (
            ("status", str(self.status or "")),
            ("code", self.code),
            ("type", self.kind),
            ("param", self.param),
            ("request_id", self.request_id),
        )
        facts = " ".join(f"{name}={value}" for name, value in parts if value)
        return (self.message or "no message") + (f" ({facts})" if facts else "")


def redact(text: str, secret: str = "") -> str:
    """Shorten a provider's message and take out keys and long quotations of the request."""
    if secret:
        text = text.replace(secret, "[key]")
    text = _QUOTED.sub(r"\1…\1", _SECRETS.sub("[key]", text))
    text = " ".join(text.encode("utf-8", "replace").decode().split())
    return text if len(text) <= LONGEST_MESSAGE else text[: LONGEST_MESSAGE - 1] + "…"


def read_fault(
    body: object,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    secret: str = "",
    now: float = 0.0,
) -> Fault:
    """Read an error body of any known shape.

    Args:
        body: Decoded JSON or text, the "error" object already taken out where there was one.
        status: HTTP status, None for an error inside a stream.
        headers: The answer's headers, names in lower case.
        secret: The API key, so that it is not repeated.
        now: Seconds since the epoch, for dates in headers.
    """
    if reports := sequence(body):
        body = mapping(reports[0]).get("error") or reports[0]
    error = mapping(body)
    code = error.get("code")
    words = _message(body)
    if status is None and isinstance(code, int | str) and _STATUS.fullmatch(str(code)):
        status = int(code)
    headers = headers or {}
    kind = string(error.get("type")) or string(error.get("status"))
    waits = (retry_after(headers, now), _wait_in(words), _reset(headers, kind))
    return Fault(
        status=status,
        code=redact(str(code), secret) if isinstance(code, int | str) else "",
        kind=redact(kind, secret),
        param=redact(string(error.get("param")), secret),
        message=redact(words, secret),
        request_id=headers.get("x-request-id", ""),
        retry_after=next((wait for wait in waits if wait is not None), None),
        window=_window(error.get("n_ctx")),
    )


def _window(value: object) -> int | None:
    return value if isinstance(value, int) and 1 < value < LARGEST_WINDOW else None


def _message(body: object) -> str:
    """The words of an error; of a validation report only places and reasons, never the input."""
    if isinstance(body, str):
        return re.sub(r"<[^<>]*>", " ", body)
    error = mapping(body)
    message = error.get("message") or error.get("detail") or error.get("msg")
    if isinstance(message, str):
        return message
    reports = [mapping(report) for report in sequence(message)]
    lines = (
        ".".join(str(part) for part in sequence(report.get("loc")))
        + f": {string(report.get('msg'))}"
        for report in reports
    )
    return "; ".join(lines)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that Retry-After asks to wait, in any of its forms; None if it is not there."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if value is not None:
        if (seconds := _number(value)) is not None:
            return seconds
        try:
            date = parsedate_to_datetime(value)
            aware = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
            return max(0.0, (aware - datetime.fromtimestamp(now, UTC)).total_seconds())
        except (ValueError, OverflowError):
            return None
    return None


def _reset(headers: Mapping[str, str], kind: str) -> float | None:
    """When the limit in question is whole again; the longer one if the error names none."""
    names = (kind,) if kind in ("requests", "tokens") else ("requests", "tokens")
    resets = (headers.get(f"x-ratelimit-reset-{name}", "") for name in names)
    return max((span for reset in resets if (span := _span(reset)) > 0), default=None)


def _number(text: str | None) -> float | None:
    """A finite, non-negative number, None for anything else."""
    try:
        value = float(text) if text is not None else -1.0
    except ValueError:
        return None
    return value if 0 <= value < LONGEST_WAIT else None


def _span(text: str) -> float:
    """Seconds in "6m0s", "120ms" or "1.5"; 0 for anything else, as for the -1 some servers send."""
    if (seconds := _number(text)) is not None:
        return seconds
    if text.startswith("-"):
        return 0.0
    pairs = ((match[1], match[2].lower()) for match in _SPAN.finditer(text))
    span = sum(float(number) * _UNIT["s" if "sec" in unit else unit] for number, unit in pairs)
    return span if span < LONGEST_WAIT else 0.0


def _wait_in(words: str) -> float | None:
    match = _WAIT_WORDS.search(words)
    return _span(match[1]) or None if match else None


def classify(fault: Fault) -> ModelError:
    """The error that this fault means for us."""
    text = str(fault)
    names = {fault.code.lower(), fault.kind.lower()} - {""}
    status = fault.status
    if status is None and names & _FILTERED:
        return ModelRefused(text)
    if names & _QUOTA or status == 402 or (_QUOTA_WORDS.search(fault.message) and status != 401):
        return QuotaExhausted(text)
    window = exceeded_window(status, names, fault.message)
    if window is not None:
        return ContextTooLong(text, limit=window.limit or fault.window)
    if status == 429 or names & (_RATE | _OVERLOAD) or status in (None, 408, 409, 425):
        return _busy(fault, names)
    if status >= 500:
        return _busy(fault, names)
    return _rejection(fault, names, text)


def _busy(fault: Fault, names: set[str]) -> ModelBusy:
    """A passing fault; a rate limit that names no time counts as shortage of capacity."""
    nameless = fault.status == 429 or bool(names & _RATE)
    overloaded = (
        bool(names & _OVERLOAD)
        or fault.status in (503, 529)
        or (nameless and fault.retry_after is None)
    )
    return ModelBusy(str(fault), retry_after=fault.retry_after, overloaded=overloaded)


def _rejection(fault: Fault, names: set[str], text: str) -> ModelError:
    """A client error that is neither quota, overflow nor rate limit."""
    if names & _FILTERED or (fault.status == 403 and _FLAGGED.search(fault.message)):
        return ModelRefused(text)
    if fault.status == 401 or names & _BAD_KEY or _KEY_WORDS.search(fault.message):
        return ModelMisconfigured(text, hint="The server refuses the key: check OPENAI_API_KEY.")
    if "model_not_found" in names or _NO_MODEL.search(fault.message):
        return ModelMisconfigured(
            text, hint="The server does not offer this model to this key: check OPENAI_MODEL."
        )
    if fault.status == 403:
        return ModelMisconfigured(
            text, hint="The key may not use this model or this place: check the project's rights."
        )
    if fault.status in (404, 405):
        return ModelMisconfigured(
            text,
            hint="The server does not have that API there: OPENAI_BASE_URL usually ends in /v1. "
            "OPENAI_API says which of the two APIs is used.",
        )
    return ModelRefused(text)


def fault_of(error: BaseException, *, secret: str = "", now: float = 0.0) -> Fault:
    """What an exception of the SDK or its transport tells, connection faults without a status."""
    if isinstance(error, openai.APIStatusError):
        return read_fault(
            error.body,
            status=error.status_code,
            headers={name.lower(): value for name, value in error.response.headers.items()},
            secret=secret,
            now=now,
        )
    return Fault(None, message=redact(_reason(_chain(error)), secret))


def translate(error: BaseException, settings: ModelSettings, now: float = 0.0) -> ModelError:
    """The error of ours for an exception that `SDK_FAULTS` names.

    Args:
        error: The exception.
        settings: The endpoint that was asked.
        now: Seconds since the epoch, for dates in headers.
    """
    fault = fault_of(error, secret=settings.api_key, now=now)
    causes = _chain(error)
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return ModelMisconfigured(
            str(fault),
            hint="The server's certificate is not trusted: install ca-certificates, or name your "
            "own authority with SSL_CERT_FILE.",
        )
    if any(isinstance(cause, httpx2.UnsupportedProtocol | httpx2.InvalidURL) for cause in causes):
        return ModelMisconfigured(str(fault), hint="OPENAI_BASE_URL is not a web address.")
    if any(isinstance(cause, UnicodeError | httpx2.LocalProtocolError) for cause in causes):
        return ModelMisconfigured(
            "the API key holds characters that cannot be sent",
            hint="OPENAI_API_KEY holds characters that no key has; copy it again.",
        )
    if any(isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout) for cause in causes):
        return ModelUnreachable(
            f"{settings.address} cannot be reached: {fault.message}",
            hint=f"Check that the server at {settings.address} runs and that OPENAI_BASE_URL "
            "names it."
            if settings.base_url
            else f"Check that this machine may speak to {settings.host}: network, proxy, firewall.",
        )
    return classify(fault)


def _reason(causes: Sequence[BaseException]) -> str:
    """The innermost cause that has words, in the system's own where the system refused."""
    for cause in reversed(causes):
        if isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError | socket.gaierror):
            # What asyncio says here repeats the address.
            if cause.errno:
                return os.strerror(cause.errno)
        elif isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
        if str(cause):
            return str(cause)
    return type(causes[0]).__name__


def _chain(error: BaseException) -> list[BaseException]:
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain and len(chain) < 8:
        chain.append(current)
        current = current.__cause__ or current.__context__
    return chain
