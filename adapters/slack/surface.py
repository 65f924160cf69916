"""Slack's agent surface: what people find in the Messages tab, and Slack's own Stop button."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, cast

from adapters.slack.calls import Calls
from adapters.slack.endings import ended
from adapters.slack.faults import NOT_HERE, Denied, Refused
from adapters.slack.manifest import manifest
from adapters.slack.names import Directory
from adapters.slack.sessions import Sessions
from adapters.slack.streams import Streams
from adapters.slack.translate import author_of, id_in, position_of, text_in
from adapters.slack.values import PLATFORM, Own, Timing, fields, objects
from bot.chat import CommandCall, Inbox, MessageRef, ThreadKey
from bot.errors import MessageGone, PlatformError

log = logging.getLogger(__name__)

EVENTS = ("agent_session_stopped", "app_context_changed", "app_home_opened")
"""As Bolt names them."""

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


class Surface:
    """Answers the events of the agent surface.

    Args:
        inbox: Runs the stop.
        calls: Makes the calls.
        names: Tells who somebody is.
        own: Who we are.
        timing: Waits and time-outs.
        sessions: Leave `processing` when somebody stops an answer.
        streams: Hear which of them Slack has ended.
    """

    def __init__(
        self,
        inbox: Inbox,
        calls: Calls,
        names: Directory,
        own: Own,
        timing: Timing,
        sessions: Sessions,
        streams: Streams,
    ) -> None:
        self._inbox = inbox
        self._calls = calls
        self._names = names
        self._own = own
        self._timing = timing
        self._sessions = sessions
        self._streams = streams
        self._prompts = prompts()
        self._refused = False
        self._running: set[asyncio.Task[None]] = set()
        streams.stopped = self._stream_stopped

    async def take(self, body: Mapping[str, Any]) -> None:
        """Handle an event.

        Raises:
            KeyError, ValueError: It is malformed.
        """
        event = fields(body["event"])
        match event["type"]:
            case "app_home_opened":
                if event.get("tab") == MESSAGES:
                    self._spawn(self._offer(id_in(event, "channel")))
            case "agent_session_stopped":
                await self._stop(event, str(body.get("event_id") or event.get("event_ts")))
            case _:
                # What somebody looks at comes with their next message, and is a hint there.
                log.debug("Somebody looks at something else")

    async def _offer(self, channel: str) -> None:
        """Suggest what to ask, above the conversation; no thread has to be named for that."""
        if self._refused or not self._prompts:
            return
        try:
            await self._calls.answer(
                lambda client: client.assistant_threads_setSuggestedPrompts(
                    channel_id=channel, prompts=list(self._prompts)
                ),
                patient=True,
            )
        except (Denied, Refused) as refusal:
            self._refused = refusal.code in NOT_HERE
            log.info("Slack shows no suggestions: %s (%s)", refusal, refusal.hint)
        except PlatformError as error:
            log.info("No suggestions were shown: %s", error)

    async def _stop(self, event: Mapping[str, Any], event_id: str) -> None:
        """Stop the answer in a thread, before Slack is told that the event was taken."""
        channel = id_in(event, "channel")
        if not event.get("thread_ts"):
            log.debug("Somebody stopped a session that is about no thread")
            return
        root = text_in(event, "thread_ts")
        position_of(root)
        told: object = event.get("streaming_message_ts")
        for ts in cast("list[object]", told) if isinstance(told, list) else ():
            self._streams.over(MessageRef(channel, str(ts)))
        await self._ask_stop(channel, root, id_in(event, "user"), event_id)
        self._spawn(self._sessions.stopped(channel, root))

    async def _ask_stop(self, channel: str, root: str, user: str, event_id: str) -> None:
        person = await self._names.person(user, self._timing.names)
        reply = await self._inbox.command(
            CommandCall(
                event_id=event_id,
                name=STOP,
                author=author_of(person),
                platform=PLATFORM,
                space=self._own.team,
                channel=channel,
                thread=ThreadKey(PLATFORM, self._own.team, channel, root),
                direct=channel.startswith("D"),
            )
        )
        log.debug("Slack's Stop button: %s", reply.text)

    def _stream_stopped(self, channel: str, root: str) -> None:
        """A call was refused because somebody pressed Stop, perhaps before the event is here."""
        user = self._streams.recipient(channel, root)
        if user is not None:
            self._spawn(self._ask_stop(channel, root, user, f"{channel}:{root}:stopped"))

    def _spawn(self, work: Any) -> None:
        task: asyncio.Task[None] = asyncio.create_task(_guarded(work))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Let what is under way finish, for some seconds."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=self._timing.drain)
        await ended(*late)


async def _guarded(work: Any) -> None:
    try:
        await work
    except (MessageGone, PlatformError) as error:
        log.info("Nothing came of an event of Slack: %s", error)
    except Exception as error:
        log.error("An event of Slack failed: %s", type(error).__name__)
        log.debug("Why the event failed", exc_info=error)
