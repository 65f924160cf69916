"""One installation of the app, and how installations are kept: encrypted, in the store.

What is written is a token of the scheme Fernet (AES-128-CBC with HMAC-SHA256), which `cryptography`
makes. It names the workspace it is of, so that one workspace's record in the place of another's
is found out. Several keys may be given: the first encrypts, all decrypt, so that a key can be
replaced while the bot runs.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from adapters.slack.values import Own, fields
from bot.errors import NeedsOperator, PlatformError
from bot.services import Notes

log = logging.getLogger(__name__)

NOTE = "installation:"
"""The records' names begin so; the workspace's or organisation's id follows."""

KEYS = (
    "SLACK_INSTALL_KEYS has to hold the key that the installations were encrypted with, also after "
    "newer ones. If that key is lost, the app has to be installed anew in every workspace."
)


@dataclass(frozen=True, slots=True)
class Installation:
    """The app in one workspace, or in an organisation of several.

    Attributes:
        space: Id of the workspace, or of the organisation it is installed in as a whole.
        user: The bot's user id there.
        token: Bot token.
        refresh: What a new token is had for, empty when tokens do not expire.
        expires: When the token does, seconds since the epoch; 0 for never.
        bot: The bot's own id.
        host: Host of the workspace's links.
        title: What the workspace is called.
        enterprise: Id of the organisation, empty for none.
        scopes: What was granted.
        at: When it was installed, seconds since the epoch.
    """

    space: str
    user: str
    token: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    expires: float = 0.0
    bot: str = ""
    host: str = ""
    title: str = ""
    enterprise: str = ""
    scopes: tuple[str, ...] = ()
    at: float = 0.0

    @property
    def own(self) -> Own:
        """Who we are there."""
        return Own(self.space, self.user, self.bot, self.host, self.title, self.enterprise)


@dataclass(frozen=True, slots=True)
class Granted:
    """What oauth.v2.access grants: for a code, or for a refresh token.

    Attributes:
        token: Bot token.
        refresh: See `Installation`.
        seconds: How long the token is good; 0 for ever.
        space: Where; a refreshed token's answer says so, too.
        user: The bot's user id there.
        enterprise: Id of the organisation, empty for none.
        scopes: What was granted.
    """

    token: str = field(repr=False)
    refresh: str = field(default="", repr=False)
    seconds: float = 0.0
    space: str = ""
    user: str = ""
    enterprise: str = ""
    scopes: tuple[str, ...] = ()


def granted(answer: Mapping[str, Any]) -> Granted:
    """Read an answer of oauth.v2.access.

    Raises:
        PlatformError: It grants no bot token.
    """
    token: object = answer.get("access_token")
    if not isinstance(token, str) or answer.get("token_type") != "bot":
        raise PlatformError("Slack's answer grants no bot token")
    enterprise = str(fields(answer.get("enterprise")).get("id") or "")
    as_a_whole = bool(answer.get("is_enterprise_install"))
    space = enterprise if as_a_whole else str(fields(answer.get("team")).get("id") or "")
    user = str(answer.get("bot_user_id") or "")
    if not space or not user:
        raise PlatformError("Slack's answer does not say where the app was installed")
    return Granted(
        token=token,
        refresh=str(answer.get("refresh_token") or ""),
        seconds=float(answer.get("expires_in") or 0),
        space=space,
        user=user,
        enterprise=enterprise,
        scopes=tuple(sorted(str(answer.get("scope") or "").split(","))),
    )


class Vault:
    """Keeps installations.

    Args:
        notes: The store.
        keys: Fernet keys, the newest first; 32 bytes in base64 of either alphabet.

    Raises:
        ValueError: A key is none.
    """

    def __init__(self, notes: Notes, keys: Sequence[str]) -> None:
        self._notes = notes
        self._newest, *_ = made = [Fernet(key.translate(_ALPHABET)) for key in keys]
        self._box = MultiFernet(made)

    async def read(self, space: str) -> Installation | None:
        """The installation in a workspace or an organisation, None when there is none.

        Raises:
            StoreError: It is not known.
            NeedsOperator: It cannot be decrypted.
        """
        sealed = await self._notes.read(NOTE + space)
        return None if sealed is None else self._opened(space, sealed)

    async def write(self, installation: Installation) -> None:
        """Keep an installation in the place of an earlier one. Raises StoreError."""
        await self._notes.write(NOTE + installation.space, self._sealed(installation))

    async def replace(self, old: Installation, new: Installation) -> bool:
        """Keep `new` if `old` is what is kept; whether it is kept now. Safe to repeat.

        Raises:
            StoreError: It is not known.
            NeedsOperator: What is kept cannot be decrypted.
        """
        name, sealed = NOTE + new.space, self._sealed(new)
        while True:
            kept = await self._notes.read(name)
            found = None if kept is None else self._opened(new.space, kept)
            if kept is None or found != old:
                return found == new
            # The same may be encrypted anew just now.
            if await self._notes.replace(name, kept, sealed):
                return True

    async def delete(self, space: str) -> None:
        """Keep it no longer. Raises StoreError."""
        await self._notes.delete(NOTE + space)

    async def spaces(self) -> Sequence[str]:
        """Where the app is installed. Raises StoreError."""
        return [name.removeprefix(NOTE) for name in await self._notes.names(NOTE)]

    async def encrypt_anew(self, space: str) -> bool:
        """Encrypt a record with the newest key, if it is not already.

        Returns:
            Whether it was; not when it has been changed meanwhile. Raises as `read` does.
        """
        sealed = await self._notes.read(NOTE + space)
        if sealed is None:
            return False
        try:
            self._newest.decrypt(sealed.encode())
        except InvalidToken:
            anew = self._sealed(self._opened(space, sealed))
            return await self._notes.replace(NOTE + space, sealed, anew)
        return False

    def _sealed(self, installation: Installation) -> str:
        return self._box.encrypt(json.dumps(asdict(installation)).encode()).decode()

    def _opened(self, space: str, sealed: str) -> Installation:
        try:
            told = dict(fields(json.loads(self._box.decrypt(sealed.encode()))))
            scopes = tuple(told.pop("scopes", ()))
            found = Installation(**told, scopes=scopes)
        except (InvalidToken, TypeError, ValueError) as error:
            raise NeedsOperator(
                f"the installation in {space} cannot be decrypted", hint=KEYS
            ) from error
        if found.space != space:
            raise NeedsOperator(f"another installation stands in the place of {space}", hint=KEYS)
        return found


_ALPHABET = str.maketrans("+/", "-_")
