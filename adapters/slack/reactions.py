"""A sign that somebody puts on a message to have it remembered, and takes away to undo that."""

from __future__ import annotations

import hashlib
import itertools
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.slack import history
from adapters.slack.answers import Asked
from adapters.slack.errands import Errands
from adapters.slack.interactions import Called, Interactions
from adapters.slack.panels import message
from adapters.slack.translate import earlier, id_in, looked_up, position_of, text_in
from adapters.slack.values import PLATFORM, Said, Timing, fields
from adapters.slack.workspace import Workspace
from bot.chat import TAKE_BACK, ThreadKey
from bot.errors import PlatformError
from bot.services import Claims
from bot.tasks import Lines

log = logging.getLogger(__name__)

REACTED = ("reaction_added", "reaction_removed")
BRAIN = "brain"

WORK_SECONDS = 60.0
"""How long a sign is somebody's to see to; Slack delivers again after a minute, and after five."""

KNOWN_SECONDS = 86_400.0
"""How long it is known that a sign was seen to."""


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign that was put on a message, or taken away.

    Attributes:
        user: Who did that.
        channel: Where the message is.
        ts: The message.
        id: The same however often Slack tells of it.
        added: It was not taken away.
    """

    user: str
    channel: str
    ts: str
    id: str
    added: bool


class Reactions:
    """Has a message remembered, and tells whoever wanted it what came of that, them alone.

    What Slack tells twice is done once: a sign that comes again after its memory was taken back
    would be taken for a new one.

    Args:
        claims: Keeps what is told twice from being done twice.
        interactions: Runs commands, if they may be.
        errands: Where the work goes on.
        timing: Time-outs.
    """

    def __init__(
        self, claims: Claims, interactions: Interactions, errands: Errands, timing: Timing
    ) -> None:
        self._claims = claims
        # What somebody does to one message happens in that order.
        self._lines = Lines()
        self._numbers = itertools.count()
        self._interactions = interactions
        self._errands = errands
        self._timing = timing

    def told(self, here: Workspace, body: Mapping[str, Any]) -> None:
        """Somebody has put a sign on something or taken it away; others mean nothing.

        Raises:
            KeyError, TypeError, ValueError: The payload is malformed.
        """
        event = fields(body["event"])
        item = fields(event.get("item"))
        user: object = event.get("user")
        if event.get("reaction") != BRAIN or item.get("type") != "message":
            return
        if user == here.own.user:
            return
        channel, ts = id_in(item, "channel"), text_in(item, "ts")
        position_of(ts)
        at = text_in(event, "event_ts")
        sign = Sign(id_in(event, "user"), channel, ts, at, event.get("type") == REACTED[0])
        self._errands.start(lambda: self._once(here, sign), "reaction")

    async def _once(self, here: Workspace, sign: Sign) -> None:
        where = f"{here.own.team}:{sign.channel}:{sign.ts}:{sign.user}"
        # A digest names nobody: it stays for a day, whoever leaves meanwhile.
        digest = hashlib.sha256(f"{where}:{sign.id}".encode()).hexdigest()
        name, this = f"sign:{digest[:32]}", str(next(self._numbers))
        async with self._lines.turn(where):
            if await self._claims.claim(name, WORK_SECONDS, this):
                log.info("A sign on a message was told of twice")
                return
            await self._see_to(here, sign)
            await self._claims.claim(name, KNOWN_SECONDS, this)

    async def _see_to(self, here: Workspace, sign: Sign) -> None:
        user, channel, ts = sign.user, sign.channel, sign.ts
        pointed = Said(channel, ts, ts, "", "")
        said = await history.again(here.calls, here.own, self._timing, pointed)
        if not said.text and not said.attached:
            log.info("A message that is to be remembered cannot be read")
            return
        patience = self._timing.patient_names
        names = await here.names.names(looked_up(said), patience, patience)
        about = earlier(said, here.own, names)
        thread = ThreadKey(PLATFORM, here.own.team, channel, said.root)
        called = Called(
            # The same each time, so that it is remembered once, and found to be undone.
            f"{here.own.team}:{channel}:{ts}:{user}:{BRAIN}",
            Asked("remember", user, thread, channel=channel),
            channel,
            "",
            about=about,
            act="" if sign.added else TAKE_BACK,
            reacted=True,
        )
        reply, _ = await self._interactions.reply(here, called)
        if not sign.added and not reply.replaces:
            return
        where = {"thread_ts": said.root} if said.in_thread else {}
        try:
            await here.calls.answer(
                lambda client: client.chat_postEphemeral(
                    channel=channel, user=user, **where, **message(reply)
                )
            )
        except PlatformError as error:
            log.info("Nobody is told that a message is remembered: %s", error)
