"""Publishing the Home tab: when it is opened, and after everything that changes what it shows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from adapters.slack import home
from adapters.slack.errands import Errands
from adapters.slack.faults import Refused
from adapters.slack.translate import author_of, id_in
from adapters.slack.values import PLATFORM, Timing, fields
from adapters.slack.workspace import Workspace
from bot.chat import CommandReply
from bot.errors import StoreError
from bot.inbox import Inbox
from bot.tasks import Lines

log = logging.getLogger(__name__)

NEWER = "hash_conflict"


class HomeTab:
    """Shows everybody their own page.

    Args:
        inbox: Tells what is kept of somebody.
        errands: Where the work goes on.
        timing: Time-outs.
    """

    def __init__(self, inbox: Inbox, errands: Errands, timing: Timing) -> None:
        self._inbox = inbox
        self._errands = errands
        self._timing = timing
        self._lines = Lines()

    def opened(self, here: Workspace, body: Mapping[str, Any]) -> None:
        """Somebody opened a tab of the app; only the Home tab has something to show.

        Raises:
            KeyError, ValueError: The payload is malformed.
        """
        event = fields(body["event"])
        if event.get("tab") != "home":
            return
        user = id_in(event, "user")
        shown = fields(event.get("view"))
        # The page that they look at; one that was published since must not be put back.
        mark = str(shown.get("hash") or "")
        self._errands.start(lambda: self.show(here, user, mark=mark), "page")

    async def show(
        self,
        here: Workspace,
        user: str,
        *,
        note: str = "",
        mark: str = "",
        memories: CommandReply | None = None,
        said: CommandReply | None = None,
        channel: CommandReply | None = None,
    ) -> None:
        """Bring somebody's page up to date.

        Args:
            here: Where.
            user: Whose.
            note: Something to say first, in Slack's own markup.
            memories: What is shown of memories; None for the first page of them.
            said: What a search has found in past conversations.
            channel: How a channel is set up that was chosen there.
            mark: Hash of the page that this one is to replace, empty for whatever is there.

        Raises:
            PlatformError: Slack does not take it.
        """
        # One at a time, so that an older page never lands on a newer one.
        async with self._lines.turn(f"{here.own.team} {user}"):
            view = await self._view(here, user, note, memories, said, channel)
            given = {"hash": mark} if mark else {}
            try:
                await here.calls.answer(
                    lambda client: client.views_publish(user_id=user, view=view, **given),
                    patient=True,
                )
            except Refused as refusal:
                if refusal.code != NEWER:
                    raise
                log.debug("A newer page is shown already")

    async def _view(
        self,
        here: Workspace,
        user: str,
        note: str,
        memories: CommandReply | None,
        said: CommandReply | None,
        channel: CommandReply | None,
    ) -> dict[str, Any]:
        person = await here.names.person(user, self._timing.patient_names)
        try:
            overview = await self._inbox.overview(PLATFORM, here.own.team, author_of(person))
        except StoreError as error:
            log.warning("What is kept of somebody cannot be shown: %s", error)
            return home.away(error.user_text)
        # All the texts together take tens of milliseconds.
        return await asyncio.to_thread(home.home, overview, here.own, note, memories, said, channel)
