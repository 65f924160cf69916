"""Rate limits as an account has them: requests and tokens, refilled continuously."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.simulators.openai_sim.answer import HttpError
from tests.simulators.openai_sim.errors import error_body, reset_text, seconds_text


@dataclass(frozen=True, slots=True)
class RateLimit:
    """What an account may do.

    Attributes:
        requests_per_second: Refill of the request bucket; None for no limit.
        tokens_per_minute: Refill of the token bucket, which holds a minute's worth.
        burst: Size of the request bucket; None holds one second's worth, at least 1.
        announce: Send `retry-after` and `retry-after-ms` with a 429; without it a client has only
            the `x-ratelimit-reset-*` headers.
        headers: Send the `x-ratelimit-*` headers.
        punish: Refused requests use up the request bucket too, as at OpenAI, so that hammering
            makes the wait longer (up to twice the bucket's size).
    """

    requests_per_second: float | None = None
    tokens_per_minute: float | None = None
    burst: float | None = None
    announce: bool = True
    headers: bool = True
    punish: bool = True


class _Bucket:
    def __init__(self, size: float, per_second: float, clock: Callable[[], float]) -> None:
        self.size = size
        self.per_second = per_second
        self._clock = clock
        self._level = size
        self._at = clock()

    def level(self) -> float:
        now = self._clock()
        self._level = min(self.size, self._level + (now - self._at) * self.per_second)
        self._at = now
        return self._level

    def take(self, amount: float) -> None:
        self._level = max(self.level() - amount, -self.size)

    def wait(self, amount: float) -> float:
        return max(0.0, (amount - self.level()) / self.per_second)


class Limiter:
    """Counts requests and tokens against a `RateLimit`.

    Args:
        limit: What is allowed.
        scale: Time runs this many times faster: rates grow and waits shrink by it.
        clock: Seconds, monotonic.
    """

    def __init__(self, limit: RateLimit, scale: float, clock: Callable[[], float]) -> None:
        self._limit = limit
        self._whole_seconds = scale == 1.0
        self._requests: _Bucket | None = None
        self._tokens: _Bucket | None = None
        if limit.requests_per_second is not None:
            size = limit.burst if limit.burst is not None else max(1.0, limit.requests_per_second)
            self._requests = _Bucket(size, limit.requests_per_second * scale, clock)
        if limit.tokens_per_minute is not None:
            refill = limit.tokens_per_minute / 60 * scale
            self._tokens = _Bucket(limit.tokens_per_minute, refill, clock)

    def admit(self, tokens: int) -> HttpError | None:
        """Count one request of this many tokens; returns the 429 if it must not pass."""
        if self._tokens is not None and tokens > self._tokens.size:
            return self._too_large(tokens, self._tokens)
        if self._requests is not None and self._requests.level() < 1:
            if self._limit.punish:
                self._requests.take(1)
            return self._refusal("requests", self._requests.wait(1), self._requests.size)
        if self._tokens is not None and self._tokens.level() < tokens:
            wait, size = self._tokens.wait(tokens), self._tokens.size
            return self._refusal("tokens", wait, size)
        if self._requests is not None:
            self._requests.take(1)
        if self._tokens is not None:
            self._tokens.take(tokens)
        return None

    def headers(self) -> dict[str, str]:
        """The `x-ratelimit-*` headers as of now."""
        found: dict[str, str] = {}
        if not self._limit.headers:
            return found
        for kind, bucket in (("requests", self._requests), ("tokens", self._tokens)):
            if bucket is not None:
                found[f"x-ratelimit-limit-{kind}"] = str(int(bucket.size))
                found[f"x-ratelimit-remaining-{kind}"] = str(max(0, int(bucket.level())))
                # A client asks "when may I send again": one request more, or the full bucket.
                amount = 1.0 if kind == "requests" and bucket.level() < 1 else bucket.size
                found[f"x-ratelimit-reset-{kind}"] = reset_text(bucket.wait(amount))
        return found

    def _refusal(self, kind: str, wait: float, size: float) -> HttpError:
        headers = self.headers()
        if self._limit.announce:
            headers["retry-after"] = seconds_text(wait, whole=self._whole_seconds)
            headers["retry-after-ms"] = str(int(wait * 1000) + 1)
        message = f"Rate limit reached on {kind}: Limit {size:g}. Please try again in {wait:.3f}s."
        return HttpError(429, error_body(message, kind=kind, code="rate_limit_exceeded"), headers)

    def _too_large(self, tokens: int, bucket: _Bucket) -> HttpError:
        message = (
            f"Request too large on tokens per min (TPM): Limit {bucket.size:g}, Requested {tokens}."
        )
        body = error_body(message, kind="tokens", code="rate_limit_exceeded")
        return HttpError(429, body, self.headers())
