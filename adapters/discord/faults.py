"""What goes wrong at Discord, in the words of `bot.errors`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any, cast

import aiohttp
import discord

from bot.errors import (
    BadToken,
    MessageGone,
    NotAllowed,
    NotTaken,
    PlatformBusy,
    PlatformError,
    PlatformUnreachable,
)
from bot.unreached import unreached

UNKNOWN_CHANNEL = 10003
UNKNOWN_SERVER = 10004
UNKNOWN_MEMBER = 10007
UNKNOWN_MESSAGE = 10008
UNKNOWN_INTERACTION = 10062
NO_ACCESS = 50001
NOT_TO_THIS_USER = 50007
TOKEN_OVER = 50027
"""An interaction can be answered for 15 minutes. The status is 401, and our own token is fine."""
NO_STARTER_YET = 40058
ALREADY_ACKNOWLEDGED = 40060
FULL_OF_SIGNS = 30010
TOO_OLD_TO_EDIT = 30046
ARCHIVED = 50083
NO_REPLY = 160002
HAS_THREAD = 160004
LOCKED = 160005
BLOCKED_SIGN = 90001
"""The author of the message has blocked us."""

_GONE = frozenset({UNKNOWN_INTERACTION, 10015, TOKEN_OVER})
_PASSING = frozenset({NO_STARTER_YET})
"""Client errors that go away by themselves: a forum post whose first message is on its way."""
_REFUSED = {
    40333: "Discord's front servers refuse us: an unusual User-Agent or too many bad requests.",
    NO_ACCESS: "The bot does not see this channel: give it View Channel.",
    50007: "This person takes no direct messages from the bot.",
    50013: "A permission is missing: compare the bot's role with the invite link of `doctor`.",
    NO_REPLY: "A permission is missing: give the bot Read Message History.",
    ARCHIVED: "The thread is archived and could not be opened again.",
    LOCKED: "The thread is locked.",
}

NETWORK = (aiohttp.ClientError, OSError, TimeoutError, asyncio.TimeoutError)
"""What a call raises when no answer came."""


class Refused(NotTaken):
    """Discord answered with a client error that none of the other classes stand for.

    Attributes:
        code: Discord's error code, 0 when there was none.
    """

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


class Archived(NotAllowed):
    """The thread is archived; opening it again may help."""


class Denied(NotAllowed):
    """A 403: asking again is counted against us, and changes nothing until permissions do."""


class NoAccess(Denied):
    """We do not see the place: not in that server, or not in that channel."""


class NoReply(NotAllowed):
    """We may write there, but not reply, since we may not read what was said before."""


class NoSign(NotAllowed):
    """A message that takes no sign of ours, whatever others in its channel do."""


class UnknownChannel(MessageGone):
    """There is no such channel or thread any more; one that we may not see is another error."""


class UnknownMessage(MessageGone):
    """There is no such message in a channel."""


class UnknownServer(MessageGone):
    """There is no such server, as far as we are concerned."""


class UnknownMember(MessageGone):
    """Somebody is not in a server, or not in a thread."""


class HasThread(Refused):
    """The message has its thread already."""


_BY_CODE: Mapping[int, type[NotAllowed] | type[MessageGone]] = {
    UNKNOWN_CHANNEL: UnknownChannel,
    UNKNOWN_MESSAGE: UnknownMessage,
    UNKNOWN_SERVER: UnknownServer,
    UNKNOWN_MEMBER: UnknownMember,
    NO_REPLY: NoReply,
    FULL_OF_SIGNS: NoSign,
    BLOCKED_SIGN: NoSign,
    NO_ACCESS: NoAccess,
    ARCHIVED: Archived,
    # It may be unlocked at any moment, so nobody is to remember it, whatever the status.
    LOCKED: NotAllowed,
}


def why_lost(error: BaseException | None) -> str:
    """Why a connection was lost: words where there are any, else the error's class."""
    if isinstance(error, NETWORK):
        return unreached(error, "Discord").reason
    return "unknown" if error is None else type(error).__name__


def of_answer(status: int, code: int, text: str) -> PlatformError:
    """The error that an answer of `status` (400 and above, but not 429) stands for.

    Args:
        status: HTTP status.
        code: Discord's error code, 0 when the body holds none.
        text: What Discord says, without any content of ours.
    """
    # The words of a code are Discord's own; words without one may be a proxy's, and repeat ours.
    said = f"{status} {code}: {text}" if code else str(status)
    fault: PlatformError
    if status == 401 and code != TOKEN_OVER:
        fault = BadToken(f"Discord does not accept the token ({said})")
    elif status >= 500 or status == 408 or code in _PASSING:
        fault = PlatformBusy(said)
    elif code == HAS_THREAD:
        fault = HasThread(said, code)
    elif code in _BY_CODE:
        fault = _BY_CODE[code](said, hint=_REFUSED.get(code))
    elif code in _GONE:
        fault = MessageGone(said)
    elif status == 403:
        fault = Denied(said, hint=_REFUSED.get(code))
    elif code in _REFUSED:
        fault = NotAllowed(said, hint=_REFUSED[code])
    elif status == 404:
        fault = MessageGone(said)
    else:
        fault = Refused(said, code)
    return fault


def of_body(status: int, body: bytes) -> PlatformError:
    """As `of_answer`, from the raw body."""
    code, text = read_error(body)
    return of_answer(status, code, text)


def read_error(body: bytes) -> tuple[int, str]:
    """Code and message of an error's body; (0, "") where it holds none."""
    try:
        data: object = json.loads(body)
    except ValueError:
        return 0, ""
    if not isinstance(data, dict):
        return 0, ""
    fields = cast("dict[str, Any]", data)
    code, text = fields.get("code"), fields.get("message")
    return code if isinstance(code, int) else 0, text if isinstance(text, str) else ""


def of_exception(error: BaseException) -> PlatformError | None:
    """The error that an exception of the SDK or of aiohttp stands for; None for a bug of ours."""
    if isinstance(error, PlatformError):
        return error
    if isinstance(error, discord.LoginFailure):
        return BadToken("Discord does not accept the token")
    if isinstance(error, discord.RateLimited):
        return PlatformBusy(str(error), retry_after=error.retry_after)
    if isinstance(error, discord.HTTPException):
        if error.status == 429:
            return PlatformBusy("429 without a way out: blocked by Discord's front servers")
        return of_answer(error.status, error.code, error.text.partition("\n")[0])
    if isinstance(error, NETWORK):
        why = unreached(error, "Discord")
        return PlatformUnreachable(f"no answer from Discord: {why.reason}", hint=why.fix)
    if isinstance(error, discord.DiscordException):
        return PlatformError(str(error))
    if isinstance(error, RuntimeError) and "closed" in str(error).casefold():
        return PlatformBusy("the connection to Discord is closed")
    return None
