"""What a request is refused with, in the envelope that OpenAI's clients read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.errors import BadRequest, BobbinError, BudgetExceeded, ImportRefused, StoreError

INVALID = "invalid_request_error"


class Fault(BobbinError):
    """A request that is refused; nothing was changed.

    Attributes:
        status: HTTP status.
        code: One word for programs.
        field: The part of the request that is wrong; empty for none.
        headers: To be sent along.
    """

    def __init__(
        self,
        status: int,
        code: str,
        why: str,
        *,
        field: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(why, user_text=why, hint="docs/memory-api.md tells more.")
        self.status = status
        self.code = code
        self.field = field
        self.headers = dict(headers or {})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that tells what is wrong: status, body and headers."""

    status: int
    body: Mapping[str, Mapping[str, str | None]]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def unauthorized(described_at: str = "") -> Fault:
    """There is no token, or it opens nothing; why is not told.

    `described_at` is the address where clients learn more about tokens.
    """
    where = f' resource_metadata="{described_at}"' if described_at else ""
    return Fault(
        401,
        "invalid_api_key",
        "This needs a token that is in force. Make one with /connect or `bobbin tokens create`.",
        headers={"WWW-Authenticate": f"Bearer{where}"},
    )


def too_often(seconds: float) -> Fault:
    """The token has asked too often; it may again after so many seconds."""
    return Fault(
        429,
        "rate_limit_exceeded",
        f"Too many requests with this token. Try again in {math.ceil(seconds)} s.",
        headers={"Retry-After": str(math.ceil(seconds))},
    )


def missing(what: str = "memory") -> Fault:
    """Nothing with that id can be seen by this token; whether it exists elsewhere is not told."""
    return Fault(404, "not_found", f"There is no such {what}.")


def fault_of(error: BobbinError) -> Fault:
    """How an error of ours is told to callers."""
    match error:
        case Fault():
            return error
        case BadRequest():
            return Fault(400, "invalid_value", error.user_text, field=error.field)
        case ImportRefused():
            return Fault(400, "import_refused", str(error))
        case BudgetExceeded():
            return Fault(429, "rate_limit_exceeded", error.user_text)
        case StoreError():
            return Fault(503, "unavailable", "The store cannot be reached right now. Try again.")
        case _:
            return Fault(500, "internal_error", error.user_text)


def refusal_of(fault: Fault) -> Refusal:
    """The answer to a request that is refused."""
    kind = INVALID if fault.status < 500 and fault.status != 429 else "server_error"
    error = {
        "message": fault.user_text,
        "type": "rate_limit_error" if fault.status == 429 else kind,
        "param": fault.field or None,
        "code": fault.code,
    }
    headers = dict(fault.headers)
    if fault.status in (409, 412):
        # OpenAI's clients would send it again, to be refused again.
        headers["x-should-retry"] = "false"
    return Refusal(fault.status, {"error": error}, headers)
