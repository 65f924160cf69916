"""Every error that Bobbin raises on purpose.

SDK exceptions are translated into these at the edge and never travel further:

    BobbinError
    ├── SettingsError            the environment is wrong; carries every problem at once
    ├── ModelError
    │   ├── ModelBusy            429, 5xx, connection, time-out: worth another try
    │   │   └── ModelUnreachable nobody answers at its address
    │   ├── QuotaExhausted       the account is out of credit: trying again is useless
    │   ├── ContextTooLong       the prompt is over the model's window
    │   ├── ModelRefused         the model's service will not answer this request
    │   │   └── NoSight          the model takes no pictures
    │   └── ModelMisconfigured   key, model name or address is wrong
    ├── PlatformError
    │   ├── NotTaken             it refuses what we say, and may take something else
    │   ├── PlatformBusy         rate limit, 5xx, connection: worth another try
    │   │   └── PlatformUnreachable  nobody answers at its address
    │   ├── MessageGone          the message, thread or channel no longer exists
    │   ├── NotAllowed           the platform refuses: permission, scope, locked, archived
    │   ├── TooLarge             an attachment has more bytes than are read
    │   └── NeedsOperator        the platform will not have us until somebody changes something
    │       └── BadToken         it does not accept our credentials
    ├── StoreError
    │   ├── StoreUnavailable     Redis cannot be reached or refuses writes
    │   ├── StoreMismatch        the data was written by an incompatible layout
    │   └── LeaseLost            another process owns this thread now
    ├── WriterFailed             a reply's writer ended with a fault of our own
    ├── Unreadable               an attachment is broken, or nothing that can be read
    ├── BudgetExceeded           what may be used is used up, or it was asked too soon
    ├── BadRequest               what was asked for makes no sense; nothing was changed
    └── ImportRefused            a file offered for import is broken; nothing was changed

`user_text` is a sentence for the chat, `hint` one for the operator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class BobbinError(Exception):
    """Base of all errors raised on purpose.

    Attributes:
        user_text: What a person in the chat is told.
        hint: What the operator is told: the likely cause and the fix.
    """

    user_text = "Something went wrong on my side. Please try again."
    hint = "Unexpected; the traceback is in the log."

    def __init__(
        self, message: str = "", *, user_text: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message or hint or self.hint)
        if user_text is not None:
            self.user_text = user_text
        if hint is not None:
            self.hint = hint


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the settings."""

    variable: str
    wrong: str
    fix: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.wrong} {self.fix}"


class SettingsError(BobbinError):
    """The environment cannot be used; `problems` lists everything that is wrong."""

    hint = "Mend the variables listed and start again."

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class ModelError(BobbinError):
    """The model did not answer."""

    user_text = "The model could not answer. Please try again in a moment."
    hint = "See the log line for the status and request id."


class ModelBusy(ModelError):
    """A passing fault of the model's service.

    Attributes:
        retry_after: Seconds the service asked us to wait, None if it did not say.
        overloaded: The service itself is short of capacity, not just our share of it.
    """

    user_text = "The model is too busy to answer right now. Please ask again in a minute."
    hint = "Rate limit, overload or network fault at the model's service; the retries ran out."

    def __init__(
        self, message: str = "", *, retry_after: float | None = None, overloaded: bool = False
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.overloaded = overloaded


class ModelUnreachable(ModelBusy):
    """Nobody answers at the model's address: refused, no such host, no way there."""

    user_text = (
        "I can't reach my model right now. Please ask again in a minute; if it stays like this, "
        "tell whoever runs this bot."
    )

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class QuotaExhausted(ModelError):
    """The account behind the key has no credit or has reached its spending limit."""

    user_text = (
        "My account with the model's provider has run out of credit, so I can't answer. "
        "Whoever runs this bot has to top it up."
    )
    hint = "Add credit or raise the spending limit at the model's provider."


class ContextTooLong(ModelError):
    """The prompt does not fit into the model's window.

    Attributes:
        limit: The window in tokens when the service named it, else None.
    """

    user_text = (
        "That is more than the model can read at once. Please send it in smaller parts; if even a "
        "short message is too much, `!forget` makes me start afresh in this conversation."
    )
    hint = "Lower BOBBIN_CONTEXT_TOKENS below the window of OPENAI_MODEL."

    def __init__(self, message: str = "", *, limit: int | None = None) -> None:
        super().__init__(message)
        self.limit = limit


class ModelRefused(ModelError):
    """The service rejects this request and would reject it again."""

    user_text = "The model's provider refused this request. Try to put it another way."
    hint = "The service answered with a client error; its message is in the log."


class NoSight(ModelRefused):
    """The model takes no pictures; without them it may well answer."""

    user_text = "My model can't look at pictures."
    hint = "Choose an OPENAI_MODEL that takes images as input."


class ModelMisconfigured(ModelError):
    """Key, model name or address is wrong."""

    user_text = "I'm not set up correctly to reach my model. Please tell whoever runs this bot."
    hint = "Check OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL; `bobbin doctor` tests them."


class PlatformError(BobbinError):
    """Discord, Slack or another platform did not do what was asked."""

    user_text = "The chat platform did not accept my message. Please try again."
    hint = "See the log line for the platform's error code."


class NotTaken(PlatformError):
    """The platform refuses this call, and may take one with another text."""

    user_text = "My answer was refused here. Please ask again, perhaps in other words."


class PlatformBusy(PlatformError):
    """A passing fault of the platform.

    Attributes:
        retry_after: Seconds the platform asked us to wait, None if it did not say.
    """

    hint = "Rate limit, overload or network fault at the platform."

    def __init__(self, message: str = "", *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PlatformUnreachable(PlatformBusy):
    """Nobody answers at the platform's address: no way there, no such host, no answer in time."""

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class MessageGone(PlatformError):
    """The message, thread or channel was deleted."""

    hint = "Somebody deleted it; nothing to mend."


class NotAllowed(PlatformError):
    """The platform refuses the call: permission, scope, locked or archived."""

    user_text = "I'm not allowed to do that here."
    hint = "Give the bot the permission or scope named in the log."


class TooLarge(PlatformError):
    """An attachment has more bytes than are read."""

    user_text = "That file is too large for me."
    hint = "BOBBIN_ATTACHMENT_MB sets the limit."


class NeedsOperator(PlatformError):
    """The platform will not have us until the operator changes something; never tried again."""

    hint = "See the log line for what the platform refuses."


class BadToken(NeedsOperator):
    """The platform does not accept our credentials; trying again is useless."""

    hint = "Create a new token at the platform and put it into the environment."


class StoreError(BobbinError):
    """The store did not do what was asked."""

    user_text = (
        "I can't reach my memory right now, and I won't answer without it. Please try again soon."
    )
    hint = "Check Redis."


class StoreUnavailable(StoreError):
    """Redis cannot be reached, is failing over, or refuses writes."""

    hint = "Check that Redis runs and has memory left, and that REDIS_URL, if it is set, is right."


class StoreMismatch(StoreError):
    """The data in Redis was written with another layout."""

    hint = "Use the version of Bobbin that wrote this data, or another database."


class LeaseLost(StoreError):
    """Another process runs this thread's turn now, or the thread was forgotten."""

    hint = "Normal after a long pause of this process; the other one answers."


class WriterFailed(BobbinError):
    """A reply's writer ended with a fault of our own; what it was about to show is not shown."""


class Unreadable(BobbinError):
    """An attachment is broken, or nothing that can be read; `user_text` says why, as a clause."""

    user_text = "I can't read it"
    hint = "Normal; people attach all sorts of things."

    def __init__(self, why: str) -> None:
        super().__init__(why, user_text=why)


class BudgetExceeded(BobbinError):
    """A budget does not allow this request; `user_text` says which one, and until when."""

    user_text = "What may be used here is used up for now. Please ask again later."
    hint = "Normal; the BOBBIN_BUDGET_ variables and BOBBIN_REQUESTS_PER_MINUTE set the limits."


class BadRequest(BobbinError):
    """What was asked for makes no sense as it was put; `user_text` says why. Nothing was changed.

    Attributes:
        field: The part of the request that is wrong, as the caller named it; empty for none.
    """

    hint = "Normal; callers make mistakes."

    def __init__(self, why: str, *, field: str = "") -> None:
        super().__init__(why, user_text=why)
        self.field = field


class ImportRefused(BobbinError):
    """A file offered for import is broken; nothing was changed.

    Attributes:
        line: 1-based line of the first fault, None where lines mean nothing.
    """

    hint = "Mend the file or export it again."

    def __init__(self, message: str, *, line: int | None = None, hint: str | None = None) -> None:
        where = f"line {line}: " if line is not None else ""
        super().__init__(where + message, hint=hint)
        self.line = line
