"""Slash commands and choices: acknowledged at once, answered when ready."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.slack.access import may_see
from adapters.slack.answers import Answers, Asked
from adapters.slack.calls import Calls
from adapters.slack.commands import Link, read_picker_id, typed
from adapters.slack.endings import ended
from adapters.slack.markup import mentioned, readable
from adapters.slack.names import Directory
from adapters.slack.translate import author_of, id_in, text_in
from adapters.slack.values import PLATFORM, Own, Person, Timing, fields, objects
from bot.chat import CommandCall, CommandReply, CommandSpec, Inbox, ThreadKey
from bot.errors import BobbinError, PlatformError

log = logging.getLogger(__name__)

NOT_A_LINK = (
    "I can't make sense of “{word}”. Give me the link of a message (Copy link in its menu), or "
    "nothing, and choose from a list."
)
NOT_VISIBLE = (
    "I find no conversation there that you can see. Use the link of a message in this workspace, "
    "in a channel that you and I are members of."
)


@dataclass(frozen=True, slots=True)
class Called:
    """A command as it was called.

    Attributes:
        event_id: Differs for each call.
        asked: Command, caller, options; the thread when it was chosen.
        channel: Where it was called.
        url: The response_url.
        link: A message of the thread that is meant.
        unread: A word that means nothing.
        chosen: From a list, which the answer replaces.
    """

    event_id: str
    asked: Asked
    channel: str
    url: str
    link: Link | None = None
    unread: str = ""
    chosen: bool = False


def slash(body: Mapping[str, Any], specs: Sequence[CommandSpec]) -> Called:
    """What a slash command calls.

    Raises:
        KeyError, TypeError, ValueError: The payload is malformed.
    """
    text = text_in(body, "text") if body.get("text") else ""
    found = typed(text_in(body, "command"), text, specs)
    return Called(
        event_id=str(body.get("trigger_id") or body["response_url"]),
        asked=Asked(
            found.name,
            id_in(body, "user_id"),
            options=found.options,
            channel=id_in(body, "channel_id"),
        ),
        channel=id_in(body, "channel_id"),
        url=text_in(body, "response_url"),
        link=found.link,
        unread=found.unread,
    )


def choice(body: Mapping[str, Any]) -> Called | None:
    """What choosing from a list calls, None for an action that is not ours.

    Raises:
        KeyError, TypeError, ValueError: The payload is malformed.
    """
    action = next(iter(objects(body["actions"])), fields(None))
    read = read_picker_id(text_in(action, "action_id"))
    option = fields(action.get("selected_option"))
    if read is None or not option:
        return None
    name, options = read
    thread = ThreadKey.parse(text_in(option, "value"))
    container = fields(body.get("container"))
    channel = fields(body.get("channel"))
    return Called(
        event_id=str(body.get("trigger_id") or body["response_url"]),
        asked=Asked(name, id_in(fields(body["user"]), "id"), thread, options),
        channel=id_in(channel, "id") if channel else id_in(container, "channel_id"),
        url=text_in(body, "response_url"),
        chosen=True,
    )


class Interactions:
    """Runs commands in tasks of their own.

    Args:
        inbox: Runs them.
        calls: Makes the calls.
        names: Tells who somebody is.
        own: Who we are.
        timing: Waits and time-outs.
    """

    def __init__(
        self, inbox: Inbox, calls: Calls, names: Directory, own: Own, timing: Timing
    ) -> None:
        self._inbox = inbox
        self._calls = calls
        self._names = names
        self._own = own
        self._timing = timing
        self._answers = Answers(calls)
        self._running: set[asyncio.Task[None]] = set()

    def start(self, called: Called) -> None:
        """Run a command and show its answer, without keeping the acknowledgement waiting."""
        task = asyncio.create_task(self._guarded(lambda: self._run(called)))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except BobbinError as error:
            log.warning("A command of Slack was not answered: %s (%s)", error, error.hint)
        except Exception as error:
            log.error("A command of Slack failed: %s", type(error).__name__)
            log.debug("Why the command failed", exc_info=error)
            self._inbox.malformed(PLATFORM, "command")

    async def _run(self, called: Called) -> None:
        reply, asked = await self._reply(called)
        try:
            await self._answers.to_url(called.url, asked, reply, replaces=called.chosen)
        except PlatformError as error:
            log.warning("An answer was not shown: %s (%s)", error, error.hint)
            told = CommandReply(error.user_text)
            await self._answers.to_url(called.url, asked, told, replaces=called.chosen)

    async def _reply(self, called: Called) -> tuple[CommandReply, Asked]:
        asked = called.asked
        if called.unread:
            return CommandReply(NOT_A_LINK.format(word=called.unread)), asked
        person = await self._names.person(asked.user, self._timing.patient_names)
        asked = replace(asked, options=await self._read(asked.options))
        try:
            if called.link is not None:
                link = called.link
                asked = replace(
                    asked,
                    thread=ThreadKey(PLATFORM, self._own.team, link.channel, link.root),
                )
            if asked.thread is not None and not await self._is_visible(called, asked, person):
                return CommandReply(NOT_VISIBLE), replace(asked, thread=None)
        except BobbinError as error:
            log.warning("It could not be told who sees a channel: %s", error)
            return CommandReply(error.user_text), replace(asked, thread=None)
        reply = await self._inbox.command(
            CommandCall(
                event_id=called.event_id,
                name=asked.name,
                author=author_of(person),
                platform=PLATFORM,
                space=self._own.team,
                channel=called.channel,
                thread=asked.thread,
                options=asked.options,
                direct=called.channel.startswith("D"),
                # Made sure of above.
                visible=asked.thread is not None,
            )
        )
        return reply, asked

    async def _read(self, options: Mapping[str, str]) -> Mapping[str, str]:
        """Options as they were meant: Slack sends its own markup, and ids for names."""
        people, channels = mentioned(" ".join(options.values()))
        patience = self._timing.patient_names
        names = await self._names.names(people - {self._own.user}, channels, patience)
        return {name: readable(text, names, self._own.user) for name, text in options.items()}

    async def _is_visible(self, called: Called, asked: Asked, person: Person) -> bool:
        """Whether the caller may see the thread, which the link or the list only claims."""
        thread = asked.thread
        if thread is None or (thread.platform, thread.space) != (PLATFORM, self._own.team):
            return False
        if called.link is not None and not self._is_here(called.link.host):
            return False
        if thread.channel == called.channel:
            return True
        return await may_see(self._calls, thread.channel, person)

    def _is_here(self, host: str) -> bool:
        """A link of our workspace, or of the organisation, whose channels have ids of their own."""
        return (
            not self._own.host or host == self._own.host or host.endswith(".enterprise.slack.com")
        )

    async def close(self) -> None:
        """Let commands finish for some seconds."""
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=self._timing.drain)
        await ended(*late)
