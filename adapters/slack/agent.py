"""Slack's agent surface: what people find in the Messages tab, and Slack's own Stop button."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, cast

from adapters.slack.errands import Errands
from adapters.slack.faults import NOT_HERE, Denied, Refused
from adapters.slack.manifest import manifest
from adapters.slack.recent import Recent
from adapters.slack.translate import author_of, id_in, position_of, text_in
from adapters.slack.values import PLATFORM, Timing, fields, objects
from adapters.slack.workspace import Workspace
from bot.chat import CommandCall, MessageRef, ThreadKey
from bot.errors import PlatformError
from bot.inbox import Inbox

log = logging.getLogger(__name__)

STOPPED = "agent_session_stopped"
LOOKED = "app_context_changed"

MOST_PROMPTS = 4
MESSAGES = "messages"
STOP = "stop"


def prompts() -> Sequence[dict[str, str]]:
    """What is offered to whoever opens the Messages tab: the same as the manifest says."""
    view = fields(fields(manifest()["features"]).get("agent_view"))
    return [
        {"title": str(prompt["title"]), "message": str(prompt["message"])}
        for prompt in objects(view.get("suggested_prompts"))[:MOST_PROMPTS]
    ]


class Agent:
    """Answers the events of the agent surface.

    Args:
        inbox: Runs the stop.
        errands: Where work goes on.
        timing: Time-outs.
    """

    def __init__(self, inbox: Inbox, errands: Errands, timing: Timing) -> None:
        self._inbox = inbox
        self._errands = errands
        self._timing = timing
        self._prompts = prompts()
        self._without: Recent[str, bool] = Recent()

    def opened(self, here: Workspace, body: Mapping[str, Any]) -> None:
        """Somebody opened a tab of the app; suggestions are for the Messages tab.

        Raises:
            KeyError, ValueError: The payload is malformed.
        """
        event = fields(body["event"])
        if event.get("tab") == MESSAGES:
            channel = id_in(event, "channel")
            self._errands.start(lambda: self._offer(here, channel), "tab")

    async def _offer(self, here: Workspace, channel: str) -> None:
        """Suggest what to ask, above the conversation; no thread has to be named for that."""
        space = here.own.team
        if self._without.get(space) or not self._prompts:
            return
        try:
            await here.calls.answer(
                lambda client: client.assistant_threads_setSuggestedPrompts(
                    channel_id=channel, prompts=list(self._prompts)
                ),
                patient=True,
            )
        except (Denied, Refused) as refusal:
            if refusal.code in NOT_HERE:
                self._without.put(space, True)
            log.info("Slack shows no suggestions: %s (%s)", refusal, refusal.hint)
        except PlatformError as error:
            log.info("No suggestions were shown: %s", error)

    async def stop(self, here: Workspace, body: Mapping[str, Any]) -> None:
        """Stop the answer in a thread, before Slack is told that the event was taken.

        Raises:
            KeyError, TypeError, ValueError: The payload is malformed.
        """
        event = fields(body["event"])
        channel = id_in(event, "channel")
        if not event.get("thread_ts"):
            log.debug("Somebody stopped a session that is about no thread")
            return
        root = text_in(event, "thread_ts")
        position_of(root)
        told: object = event.get("streaming_message_ts")
        for ts in cast("list[object]", told) if isinstance(told, list) else ():
            here.streams.over(MessageRef(channel, str(ts)))
        event_id = str(body.get("event_id") or event.get("event_ts"))
        await self._ask(here, channel, root, id_in(event, "user"), event_id)
        here.sessions.stopped(channel, root)

    def refused(self, here: Workspace, channel: str, root: str) -> None:
        """A call was refused because somebody pressed Stop, perhaps before the event is here."""
        user = here.streams.recipient(channel, root)
        if user is not None:
            event_id = f"{channel}:{root}:stopped"
            self._errands.start(lambda: self._ask(here, channel, root, user, event_id), "stop")

    async def _ask(
        self, here: Workspace, channel: str, root: str, user: str, event_id: str
    ) -> None:
        space = here.own.team
        person = await here.names.person(user, self._timing.names)
        reply = await self._inbox.command(
            CommandCall(
                event_id=event_id,
                name=STOP,
                author=author_of(person),
                platform=PLATFORM,
                space=space,
                channel=channel,
                thread=ThreadKey(PLATFORM, space, channel, root),
                direct=channel.startswith("D"),
            )
        )
        log.debug("Slack's Stop button: %s", reply.text)
