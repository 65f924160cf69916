"""Error answers as the REST API gives them."""

from __future__ import annotations

from typing import Any

MESSAGES: dict[int, tuple[int, str]] = {
    10002: (404, "Unknown Application"),
    10003: (404, "Unknown Channel"),
    10004: (404, "Unknown Guild"),
    10007: (404, "Unknown Member"),
    10008: (404, "Unknown Message"),
    10011: (404, "Unknown Role"),
    10013: (404, "Unknown User"),
    10014: (404, "Unknown Emoji"),
    10015: (404, "Unknown Webhook"),
    10062: (404, "Unknown interaction"),
    10063: (404, "Unknown application command"),
    40058: (400, "Cannot message this thread until the post author has sent an initial message."),
    40094: (400, "This interaction has reached the maximum number of follow up messages."),
    40005: (413, "Request entity too large"),
    40060: (400, "Interaction has already been acknowledged."),
    50001: (403, "Missing Access"),
    50005: (403, "Cannot edit a message authored by another user"),
    50006: (400, "Cannot send an empty message"),
    50007: (403, "Cannot send messages to this user"),
    50008: (400, "Cannot send messages in a non-text channel"),
    50013: (403, "Missing Permissions"),
    50021: (403, "Cannot execute action on a system message"),
    50024: (400, "Cannot execute action on this channel type"),
    50027: (401, "Invalid Webhook Token"),
    50033: (400, "Invalid Recipient(s)"),
    50083: (400, "Thread is archived"),
    50109: (400, "The request body contains invalid JSON."),
    160002: (403, "Cannot reply without permission to read message history"),
    160004: (400, "A thread has already been created for this message"),
    160005: (400, "Thread is locked"),
}

# A correct client can run into every other code; these show that it built a wrong request.
CLIENT_FAULTS = frozenset({0, 10063, 40005, 40060, 40094, 50006, 50008, 50035, 50109})


class ApiError(Exception):
    """An error answer.

    Attributes:
        status: HTTP status.
        code: Discord's JSON error code; 0 for general HTTP errors.
    """

    def __init__(
        self,
        code: int,
        *,
        status: int | None = None,
        message: str | None = None,
        errors: dict[str, Any] | None = None,
    ) -> None:
        known_status, known_message = MESSAGES.get(code, (400, ""))
        self.status = status or known_status
        self.code = code
        self.message = message or known_message
        self.errors = errors
        super().__init__(f"{self.status} ({code}): {self.message}")

    def body(self) -> dict[str, Any]:
        """Return the JSON body."""
        body: dict[str, Any] = {"message": self.message, "code": self.code}
        if self.errors:
            body["errors"] = self.errors
        return body


def problem(code: str, message: str) -> dict[str, Any]:
    """Return a leaf of an error tree."""
    return {"_errors": [{"code": code, "message": message}]}


def invalid_form(errors: dict[str, Any]) -> ApiError:
    """Return "Invalid Form Body" with its tree of errors by field."""
    return ApiError(50035, status=400, message="Invalid Form Body", errors=errors)


def invalid_field(field: str, code: str, message: str) -> ApiError:
    """Return "Invalid Form Body" for one field."""
    return invalid_form({field: problem(code, message)})
