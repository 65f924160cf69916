"""A sign that somebody puts on a message, by which it is remembered."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from adapters.slack import history
from adapters.slack.answers import Asked
from adapters.slack.errands import Errands
from adapters.slack.interactions import Called, Interactions
from adapters.slack.panels import message
from adapters.slack.translate import earlier, id_in, looked_up, position_of, text_in
from adapters.slack.values import PLATFORM, Said, Timing, fields
from adapters.slack.workspace import Workspace
from bot.chat import ThreadKey
from bot.errors import PlatformError

log = logging.getLogger(__name__)

REACTED = "reaction_added"
BRAIN = "brain"


class Reactions:
    """Has a message remembered, and tells whoever wanted it what came of that, them alone.

    Args:
        interactions: Runs commands, if they may be.
        errands: Where the work goes on.
        timing: Time-outs.
    """

    def __init__(self, interactions: Interactions, errands: Errands, timing: Timing) -> None:
        self._interactions = interactions
        self._errands = errands
        self._timing = timing

    def added(self, here: Workspace, body: Mapping[str, Any]) -> None:
        """Somebody has put a sign on something; signs that mean nothing are left alone.

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
        who = id_in(event, "user")
        self._errands.start(lambda: self._remember(here, who, channel, ts), "reaction")

    async def _remember(self, here: Workspace, user: str, channel: str, ts: str) -> None:
        pointed = Said(channel, ts, ts, "", "")
        said = await history.again(here.calls, here.own, self._timing, pointed)
        if not said.text and not said.attached:
            log.info("A message that is to be remembered cannot be read")
            return
        people, channels = looked_up(said)
        names = await here.names.names(
            people - {here.own.user}, channels, self._timing.patient_names
        )
        about = earlier(said, here.own, names)
        thread = ThreadKey(PLATFORM, here.own.team, channel, said.root)
        called = Called(
            # The same for every delivery, so that it is remembered once.
            f"{here.own.team}:{channel}:{ts}:{user}:{BRAIN}",
            Asked("remember", user, thread, channel=channel),
            channel,
            "",
            about=about,
            reacted=True,
        )
        reply, _ = await self._interactions.reply(here, called)
        where = {"thread_ts": said.root} if said.in_thread else {}
        try:
            await here.calls.answer(
                lambda client: client.chat_postEphemeral(
                    channel=channel, user=user, **where, **message(reply)
                )
            )
        except PlatformError as error:
            log.info("Nobody is told that a message is remembered: %s", error)
