"""The failures a Slack Web API method can answer with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """A method's refusal; answered as HTTP 200 with ``{"ok": false, "error": code}``.

    Args:
        code: Slack's error word, such as ``channel_not_found``.
        detail: extra keys of the answer (``needed``, ``provided`` ...).
        messages: human sentences for ``response_metadata.messages``.
        violation: what a correct client should never have done, or ``None`` when the refusal is
            part of normal life (a message deleted meanwhile, a user who left).
    """

    def __init__(
        self,
        code: str,
        *,
        detail: Mapping[str, Any] | None = None,
        messages: tuple[str, ...] = (),
        violation: str | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.detail = dict(detail or {})
        self.messages = messages
        self.violation = violation

    def body(self) -> dict[str, Any]:
        """Return the JSON answer."""
        answer: dict[str, Any] = {"ok": False, "error": self.code, **self.detail}
        if self.messages:
            answer["response_metadata"] = {"messages": list(self.messages)}
        return answer


class RateLimited(Exception):
    """The method's allowance is used up; answered as HTTP 429.

    Args:
        retry_after: whole seconds of real time until the next call can succeed.
    """

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"retry after {retry_after} s")
        self.retry_after = retry_after
