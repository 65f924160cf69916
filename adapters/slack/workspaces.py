"""Which workspace something belongs to, and the bot in each: one, or all that installed the app."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from adapters.slack.calls import Calls
from adapters.slack.installation import Granted, Installation, Vault, granted
from adapters.slack.rotation import (
    AFTER_FAILURE_SECONDS,
    CLAIM_SECONDS,
    LOOK_SECONDS,
    Rotation,
    claim_of,
)
from adapters.slack.translate import workspace
from adapters.slack.values import fields
from adapters.slack.workspace import Common, Workspace, workspace_of
from bot.errors import BadToken, BobbinError, NeedsOperator, PlatformBusy, StoreError
from bot.services import Notes
from bot.tasks import Lines

log = logging.getLogger(__name__)

READ_AGAIN_SECONDS = 300.0
"""What is kept of an installation is read again so often, since other processes may change it."""

MOST = 1_000
MOST_CHANNELS = 10_000

INSTALL = "Install the app there by the page /slack/install."


class Workspaces(Protocol):
    """Finds the bot in a workspace."""

    async def heard(self, body: Mapping[str, Any]) -> Workspace | None:
        """The workspace that a payload was sent for, None for one in which we are not.

        Raises:
            StoreError: It is not known.
        """
        ...

    async def at(self, space: str, channel: str = "") -> Workspace:
        """The workspace to act in.

        Args:
            space: Its id, empty when that is not known.
            channel: Where something is to be done.

        Raises:
            PlatformError: We are not there, or it cannot be told now.
        """
        ...

    def streamed(self, channel: str, message: str) -> bool:
        """See `Capabilities.streamed`; as far as this process has the workspace in mind."""
        ...

    async def is_back(self, here: Workspace, at: float) -> bool:
        """Whether the app, removed at a time in seconds since the epoch, was installed anew since.

        Raises:
            StoreError, PlatformBusy: It cannot be told now.
        """
        ...

    async def forget(self, space: str, token: str = "") -> None:
        """Keep an installation no longer; with `token` only if that is still its token.

        Raises:
            StoreError: It may still be kept.
        """
        ...

    async def close(self) -> None:
        """Ask no more."""
        ...


class One:
    """The one workspace that a token in the settings is for."""

    def __init__(self, only: Workspace) -> None:
        self._only = only

    async def heard(self, body: Mapping[str, Any]) -> Workspace | None:
        """See `Workspaces`."""
        own = self._only.own
        return self._only if workspace(body) in ("", own.team, own.enterprise) else None

    async def at(self, space: str, channel: str = "") -> Workspace:
        """See `Workspaces`."""
        return self._only

    def streamed(self, channel: str, message: str) -> bool:
        """See `Workspaces`."""
        return self._only.streams.streamed(channel, message)

    async def is_back(self, here: Workspace, at: float) -> bool:
        """See `Workspaces`."""
        return False

    async def forget(self, space: str, token: str = "") -> None:
        """See `Workspaces`."""

    async def close(self) -> None:
        """See `Workspaces`."""
        await self._only.close()


@dataclass(slots=True, eq=False)
class _Entry:
    installation: Installation
    workspace: Workspace
    until: float
    refused: str = ""


class Many:
    """All workspaces that have installed the app.

    Args:
        calls: Whose session is used.
        client: The app's client id and secret.
        keys: What installations are encrypted with, the newest first.
        notes: Where they are kept.
        now: Seconds since the epoch.
        common: What the workspaces have in common.
        most: Workspaces that are kept in mind; others are read when something is heard of them.
    """

    def __init__(
        self,
        calls: Calls,
        client: tuple[str, str],
        keys: tuple[str, ...],
        notes: Notes,
        now: Callable[[], float],
        common: Common,
        most: int = MOST,
    ) -> None:
        self._calls = calls
        self._common = common
        self._client = client
        self.vault = Vault(notes, keys)
        self._claims = common.claims
        self._rotation = Rotation(self.vault, common.claims, self._refresh, now)
        self._timing = common.timing
        self._clock = common.clock
        self._most = most
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self._closing: set[asyncio.Task[None]] = set()
        self._spaces: OrderedDict[str, str] = OrderedDict()
        self._lines = Lines()

    async def check(self) -> Sequence[str]:
        """Look at what is kept, and encrypt with the newest key what an older one did.

        Returns:
            Where the app is installed.

        Raises:
            StoreError: It is not known.
            NeedsOperator: None of them can be decrypted.
        """
        spaces, unread = await self.vault.spaces(), list[NeedsOperator]()
        for space in spaces:
            try:
                # A token that is being replaced must not be put back by this.
                if not await self._claims.claim(claim_of(space), CLAIM_SECONDS, "check"):
                    try:
                        await self.vault.encrypt_anew(space)
                    finally:
                        await self._claims.release(claim_of(space), "check")
            except NeedsOperator as error:
                log.error("%s (%s)", error, error.hint)
                unread.append(error)
        if unread and len(unread) == len(spaces):
            raise unread[0]
        return spaces

    async def heard(self, body: Mapping[str, Any]) -> Workspace | None:
        """See `Workspaces`."""
        space = workspace(body)
        try:
            found = await self._find(space) if space else None
        except NeedsOperator as error:
            log.error("Nothing can be answered in %s: %s (%s)", space, error, error.hint)
            return None
        channel = _channel(body)
        if found is not None and channel:
            self._in_mind(channel, space)
        return found

    def _in_mind(self, channel: str, space: str) -> None:
        self._spaces[channel] = space
        self._spaces.move_to_end(channel)
        while len(self._spaces) > MOST_CHANNELS:
            self._spaces.popitem(last=False)

    async def at(self, space: str, channel: str = "") -> Workspace:
        """See `Workspaces`."""
        # What was written down without a space is where something was heard last.
        space = space or self._spaces.get(channel, "")
        try:
            found = await self._find(space) if space else None
        except StoreError as error:
            raise PlatformBusy(f"the installation in {space} cannot be read now") from error
        if found is None:
            where = space or f"the workspace of channel {channel}"
            raise BadToken(f"the app is not installed in {where}", hint=INSTALL)
        if channel:
            self._in_mind(channel, space)
        return found

    def streamed(self, channel: str, message: str) -> bool:
        """See `Workspaces`."""
        if message:
            # A channel that workspaces share would name only the one that was heard last.
            entries = self._entries.values()
            return any(each.workspace.streams.streamed(channel, message) for each in entries)
        entry = self._entries.get(self._spaces.get(channel, ""))
        return entry is not None and entry.workspace.streams.streamed(channel, "")

    async def is_back(self, here: Workspace, at: float) -> bool:
        """See `Workspaces`."""
        try:
            kept = await self.vault.read(here.own.team)
        except NeedsOperator:
            return False
        if kept is None or kept.at < at:
            return False
        # Clocks differ; and what Slack repeats may be about an earlier installation.
        calls = self._calls.beside(kept.token)
        try:
            await calls.answer(lambda client: client.auth_test(), patient=True)
        except BadToken:
            return False
        return True

    async def forget(self, space: str, token: str = "") -> None:
        """See `Workspaces`."""
        # Or a token that is being replaced now would be kept after all.
        while True:
            if not await self._claims.claim(claim_of(space), CLAIM_SECONDS, "removal"):
                break
            await asyncio.sleep(LOOK_SECONDS)
        try:
            kept = await self.vault.read(space) if token else None
            if kept is None or kept.token == token:
                await self.vault.delete(space)
        finally:
            await self._claims.release(claim_of(space), "removal")
        self.drop(space)

    async def fresh(self, space: str) -> Installation | None:
        """See `Rotation.fresh`."""
        async with self._lines.turn(space):
            return await self._rotation.fresh(space)

    def drop(self, space: str) -> None:
        """Read an installation anew when it is needed next."""
        entry = self._entries.pop(space, None)
        if entry is not None:
            self._leave(entry.workspace)

    def _leave(self, here: Workspace) -> None:
        """Let what ends there end, for which nobody who is heard meanwhile has to wait."""
        task = asyncio.create_task(here.close(), name="leaving a workspace of Slack")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _find(self, space: str) -> Workspace | None:
        entry = self._entries.get(space)
        if entry is not None and self._is_current(entry):
            self._entries.move_to_end(space)
            return entry.workspace
        # One of this process at a time, since the claim on a record tells processes apart only.
        async with self._lines.turn(space):
            return await self._found(space)

    def _is_current(self, entry: _Entry) -> bool:
        rests = bool(entry.refused) or not self._rotation.is_due(entry.installation)
        return self._clock() < entry.until and rests

    async def _found(self, space: str) -> Workspace | None:
        entry = self._entries.get(space)
        if entry is not None and self._is_current(entry):
            return entry.workspace
        try:
            kept = await self._rotation.fresh(space, entry.refused if entry else "")
        except BadToken as error:
            if entry is None:
                raise
            # Everything there fails for a while, and says so; then it is tried again.
            log.error("No token for %s: %s (%s)", space, error, error.hint)
            entry.until = self._clock() + AFTER_FAILURE_SECONDS
            return entry.workspace
        if kept is None:
            self.drop(space)
            return None
        if entry is not None and entry.installation.own == kept.own:
            entry.workspace.calls.use(kept.token)
            entry.installation, entry.until = kept, self._clock() + READ_AGAIN_SECONDS
            entry.refused = ""
            return entry.workspace
        self.drop(space)
        return self._enter(kept)

    def _enter(self, kept: Installation) -> Workspace:
        calls = self._calls.beside(kept.token)
        made = workspace_of(kept.own, calls, self._common)
        entry = _Entry(kept, made, self._clock() + READ_AGAIN_SECONDS)

        async def renew(refused: str) -> bool:
            # Another process may have a newer token by now; or this one is to get it.
            if entry.until and calls.token == refused and entry.refused != refused:
                entry.refused, entry.until = refused, 0.0
            try:
                async with asyncio.timeout(self._timing.call):
                    await self._find(kept.space)
            except (BobbinError, TimeoutError) as error:
                log.warning("No newer token for %s: %s", kept.space, error)
            return calls.token != refused

        calls.renew = renew
        self._entries[kept.space] = entry
        while len(self._entries) > self._most:
            self.drop(next(iter(self._entries)))
        return made

    async def _refresh(self, token: str) -> Granted:
        id_, secret = self._client
        answer = await self._calls.answer(
            lambda client: client.oauth_v2_access(
                client_id=id_,
                client_secret=secret,
                grant_type="refresh_token",
                refresh_token=token,
            )
        )
        return granted(answer)

    async def close(self) -> None:
        """See `Workspaces`."""
        # All at once: each may take seconds, and all together have what is left of the grace time.
        for space in tuple(self._entries):
            self.drop(space)
        await asyncio.gather(*self._closing)


def _channel(body: Mapping[str, Any]) -> str:
    """The channel that a payload is about, empty for none."""
    event = fields(body.get("event"))
    named: object = event.get("channel") or body.get("channel_id")
    if not named:
        named = fields(body.get("channel")).get("id")
    return named if isinstance(named, str) else ""
