"""Slash commands and choices: acknowledged at once, answered when ready."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapters.slack.access import is_shared, may_see
from adapters.slack.answers import Asked
from adapters.slack.commands import Link, read_picker_id, typed
from adapters.slack.controls import Used, answer_to, press_of
from adapters.slack.errands import Errands
from adapters.slack.markup import mentioned, readable
from adapters.slack.translate import author_of, id_in, text_in
from adapters.slack.values import PLATFORM, Own, Person, Timing, fields, objects
from adapters.slack.workspace import Workspace
from bot.chat import CommandCall, CommandReply, EarlierMessage, ThreadKey
from bot.command_spec import CommandSpec
from bot.controls import Action
from bot.errors import BobbinError, PlatformError
from bot.inbox import Inbox

log = logging.getLogger(__name__)

NOT_A_LINK = (
    "I can't make sense of “{word}”. Give me the link of a message (Copy link in its menu), or "
    "nothing, and choose from a list."
)
NO_COMMAND = (
    "“{word:.40}” is no command of mine. To ask me something, begin with `/bobbin ask`: only you "
    "see the answer."
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
        unknown: As in `Typed`.
        chosen: From a list, which the answer replaces.
        about: The message that it was called on.
        act: As in `CommandCall`.
        elsewhere: The caller belongs to another workspace.
        home: Called on the bot's own page, which is seen by one person alone.
        reacted: As in `CommandCall`.
    """

    event_id: str
    asked: Asked
    channel: str
    url: str
    link: Link | None = None
    unread: str = ""
    unknown: str = ""
    chosen: bool = False
    about: EarlierMessage | None = None
    act: str = ""
    elsewhere: bool = False
    home: bool = False
    reacted: bool = False


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
        unknown=found.unknown,
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
    """Runs commands in errands of their own.

    Args:
        inbox: Runs them.
        errands: Where that goes on.
        timing: Waits and time-outs.
    """

    def __init__(self, inbox: Inbox, errands: Errands, timing: Timing) -> None:
        self._inbox = inbox
        self._errands = errands
        self._timing = timing

    def start(self, here: Workspace, called: Called) -> None:
        """Run a command and show its answer, without keeping the acknowledgement waiting."""
        self._errands.start(lambda: self._run(here, called), "command")

    def use(self, here: Workspace, control: Used) -> None:
        """Do what a control says and tell what came of it, likewise."""
        self._errands.start(lambda: self._use(here, control), "control")

    async def _use(self, here: Workspace, control: Used) -> None:
        person = await here.names.person(control.user, self._timing.patient_names)
        author = author_of(person)
        author = replace(author, is_outside=author.is_outside or control.elsewhere)
        # Only an answer that is given again is read by others.
        answers = control.action in (Action.REGENERATE, Action.CONTINUE)
        shared = answers and await is_shared(here.calls, control.channel)
        press = press_of(control, author, here.own, shared=shared)
        reply = await self._inbox.pressed(press)
        await here.calls.respond(control.url, answer_to(control, reply.text))

    async def _run(self, here: Workspace, called: Called) -> None:
        # What is typed into a window comes without markup, and is not read as if it had some.
        options = await self._read(here, called.asked.options)
        called = replace(called, asked=replace(called.asked, options=options))
        reply, asked = await self.reply(here, called)
        if called.unknown:
            told = NO_COMMAND.format(word=called.unknown)
            reply = replace(reply, text=f"{told}\n\n{reply.text}")
        try:
            await here.answers.to_url(called.url, asked, reply, replaces=called.chosen)
        except PlatformError as error:
            log.warning("An answer was not shown: %s (%s)", error, error.hint)
            told = CommandReply(error.user_text)
            await here.answers.to_url(called.url, asked, told, replaces=called.chosen)

    async def reply(self, here: Workspace, called: Called) -> tuple[CommandReply, Asked]:
        """What a command says, however it was called; and what was asked, as far as it is allowed.

        Everything that names a thread comes through here, so that everywhere the same is asked:
        is it in this workspace, and may the caller see its channel?
        """
        asked = called.asked
        if called.unread:
            return CommandReply(NOT_A_LINK.format(word=called.unread)), asked
        person = await here.names.person(asked.user, self._timing.patient_names)
        try:
            if called.link is not None:
                link = called.link
                asked = replace(
                    asked,
                    thread=ThreadKey(PLATFORM, here.own.team, link.channel, link.root),
                )
            if asked.thread is not None and not await _is_visible(here, called, asked, person):
                return CommandReply(NOT_VISIBLE), replace(asked, thread=None)
        except BobbinError as error:
            log.warning("It could not be told who sees a channel: %s", error)
            return CommandReply(error.user_text), replace(asked, thread=None)
        # The bot's own page is no place; what it is about is one.
        channel = called.channel or (asked.thread.channel if asked.thread else "")
        author = author_of(person)
        reply = await self._inbox.command(
            CommandCall(
                event_id=called.event_id,
                name=asked.name,
                author=replace(author, is_outside=author.is_outside or called.elsewhere),
                platform=PLATFORM,
                space=here.own.team,
                channel=channel,
                thread=asked.thread,
                options=asked.options,
                # The page is read by one alone; a channel that is named there is not.
                direct=(called.home and asked.thread is None) or channel.startswith("D"),
                # Made sure of above.
                visible=asked.thread is not None,
                about=called.about,
                # Slack tells nothing of it with a command.
                shared=True,
                act=called.act,
                reacted=called.reacted,
            )
        )
        return reply, asked

    async def _read(self, here: Workspace, options: Mapping[str, str]) -> Mapping[str, str]:
        """Options as they were meant: Slack sends its own markup, and ids for names."""
        patience, own = self._timing.patient_names, here.own.user
        names = await here.names.names(mentioned(" ".join(options.values())), patience, patience)
        return {name: readable(text, names, own) for name, text in options.items()}


async def _is_visible(here: Workspace, called: Called, asked: Asked, person: Person) -> bool:
    """Whether the caller may see the thread, which the link or the list only claims."""
    thread = asked.thread
    if thread is None or (thread.platform, thread.space) != (PLATFORM, here.own.team):
        return False
    if called.link is not None and not _is_here(called.link.host, here.own):
        return False
    if thread.channel == called.channel:
        return True
    return await may_see(here.calls, thread.channel, person)


def _is_here(host: str, own: Own) -> bool:
    """A link of our workspace, or of the organisation, whose channels have ids of their own."""
    return not own.host or host == own.host or host.endswith(".enterprise.slack.com")
