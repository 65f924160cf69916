"""Shortcuts, the windows they open, and what is pressed on the Home tab."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from adapters.slack import history, home, modals
from adapters.slack.answers import Asked
from adapters.slack.errands import Errands
from adapters.slack.home_tab import HomeTab
from adapters.slack.interactions import Called, Interactions
from adapters.slack.modals import (
    ASK,
    FORGET,
    HELP,
    REMEMBER,
    SUMMARY,
    THREADS,
    USAGE,
    Subject,
)
from adapters.slack.modals import FORGET_ALL as ALL
from adapters.slack.mrkdwn import mrkdwn
from adapters.slack.translate import author_of, earlier, id_in, looked_up, past, text_in
from adapters.slack.values import PLATFORM, Said, Timing, fields, objects
from adapters.slack.windows import TOO_LATE, Window, filled, opened
from adapters.slack.workspace import Workspace
from bot.chat import EVERYTHING, SURE, CommandReply, EarlierMessage, ThreadKey
from bot.errors import BobbinError
from bot.inbox import Inbox

log = logging.getLogger(__name__)

SETTINGS, SHOW = "settings", "show"
MEMORIES, RECALL = "memories", "recall"
NOWHERE = "-"
"""Stands for the conversation where a channel alone is meant."""

UNSEEN = "Slack did not open a window in time, so nothing was done. Please try again."


class Shortcuts:
    """Opens windows and fills them.

    Args:
        inbox: Tells what is kept of somebody.
        interactions: Runs commands, if they may be.
        home_tab: Shows what has changed.
        errands: Where the work goes on.
        timing: Waits and time-outs.
    """

    def __init__(
        self,
        inbox: Inbox,
        interactions: Interactions,
        home_tab: HomeTab,
        errands: Errands,
        timing: Timing,
    ) -> None:
        self._inbox = inbox
        self._interactions = interactions
        self._home = home_tab
        self._errands = errands
        self._timing = timing

    # What people do; each returns at once.

    def used(self, here: Workspace, body: Mapping[str, Any]) -> None:
        """A shortcut was used.

        Raises:
            KeyError, TypeError, ValueError: The payload is malformed.
        """
        name, user = text_in(body, "callback_id"), id_in(fields(body["user"]), "id")
        trigger = text_in(body, "trigger_id")
        if name == THREADS:
            self._errands.start(lambda: self._threads(here, user, trigger), "shortcut")
            return
        channel = id_in(fields(body["channel"]), "id")
        message = {**fields(body["message"]), "ts": text_in(body, "message_ts")}
        said = past(message, channel, here.own)
        root = said.root if said is not None else str(message.get("thread_ts") or message["ts"])
        thread = ThreadKey(PLATFORM, here.own.team, channel, root)
        subject = Subject(str(thread), said, url=str(body.get("response_url") or ""))
        doing = {
            ASK: self._ask,
            REMEMBER: self._remember,
            SUMMARY: self._summary,
            FORGET: self._forget,
        }[name]
        self._errands.start(lambda: doing(here, user, trigger, subject), "shortcut")

    def pressed(self, here: Workspace, body: Mapping[str, Any]) -> None:
        """Something on the Home tab was pressed.

        Raises:
            KeyError, TypeError, ValueError: The payload is malformed.
        """
        user, trigger = id_in(fields(body["user"]), "id"), text_in(body, "trigger_id")
        action = next(iter(objects(body["actions"])), fields(None))
        match text_in(action, "action_id"):
            case home.REFRESH:
                self._errands.start(lambda: self._home.show(here, user), "page")
            case home.CHANNEL:
                channel, at = home.channel_chosen(action), text_in(action, "action_ts")
                self._errands.start(lambda: self._channel(here, user, at, channel), "page")
            case home.SEARCH:
                query, at = str(action.get("value") or ""), text_in(action, "action_ts")
                self._errands.start(lambda: self._search(here, user, at, query), "page")
            case home.HELP:
                self._errands.start(lambda: self._help(here, user, trigger), "page")
            case home.FORGET_ALL:
                self._errands.start(lambda: self._forget_all(here, user, trigger), "page")
            case home.MENU:
                name, thread = home.chosen(action)
                subject = Subject(str(thread), home=True)
                doing = self._forget if name == "forget" else self._summary
                if name == "usage":
                    doing = self._usage
                self._errands.start(lambda: doing(here, user, trigger, subject), "page")
            case other:
                raise ValueError(f"nothing on the page is called {other}")

    def sent(self, here: Workspace, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """A window was sent off.

        Returns:
            What to acknowledge it with: the window that comes in its place.

        Raises:
            KeyError, TypeError, ValueError: The payload is malformed.
        """
        view, user = fields(body["view"]), id_in(fields(body["user"]), "id")
        name, subject = text_in(view, "callback_id"), modals.subject_of(view)
        mark = f"{text_in(view, 'id')}:{view.get('hash')}"[:255]
        window, called = Window(mark=mark), f"{PLATFORM}:{mark}"
        if name == THREADS:
            key, deed = modals.chosen_in(view)
            subject = Subject(key)
            if deed == "forget":
                self._errands.start(
                    lambda: self._asked(here, user, called, window, subject), "window"
                )
                return _in_place({**modals.forget(subject), "external_id": mark})
            name = USAGE if deed == "usage" else SUMMARY
            command = Asked(deed, user, ThreadKey.parse(key))
        elif name == ASK:
            options = {"question": modals.question_in(view)}
            command = Asked("ask", user, ThreadKey.parse(subject.thread), options)
        elif name == FORGET:
            options = {SURE: "true"}
            command = Asked("forget", user, ThreadKey.parse(subject.thread), options)
        else:
            command = Asked("forget", user, options={EVERYTHING: "true", SURE: "true"})
        self._errands.start(
            lambda: self._fill(here, name, window, called, command, subject), "window"
        )
        return _in_place(modals.told(name, modals.WORKING, mark))

    # What is done then.

    async def _ask(self, here: Workspace, user: str, trigger: str, subject: Subject) -> None:
        if subject.said is None:
            await self._open(here, user, trigger, modals.told(ASK, modals.NOTHING), subject)
            return
        # Names that are known already: Slack does not wait for others.
        about = await self._earlier(here, subject.said, 0.0)
        # Reading a long text takes tens of milliseconds.
        quoted = f"{about.author.name}:\n{about.text}"
        view = await asyncio.to_thread(modals.ask, subject, quoted)
        await self._open(here, user, trigger, view, subject)

    async def _remember(self, here: Workspace, user: str, trigger: str, subject: Subject) -> None:
        """What the message says is kept; that takes no window."""
        asked = Asked("remember", user, ThreadKey.parse(subject.thread))
        if subject.said is None:
            await here.answers.to_url(subject.url, asked, CommandReply(modals.NOTHING))
            return
        called = replace(_called(trigger, asked, subject), about=await self._about(here, subject))
        reply, _ = await self._interactions.reply(here, called)
        await here.answers.to_url(subject.url, asked, reply)

    async def _summary(
        self, here: Workspace, user: str, trigger: str, subject: Subject, name: str = "summary"
    ) -> None:
        shown = USAGE if name == "usage" else SUMMARY
        view = modals.told(shown, modals.WORKING)
        window = await self._open(here, user, trigger, view, subject)
        if window is None and subject.home:
            return
        command = Asked(name, user, ThreadKey.parse(subject.thread))
        await self._fill(here, shown, window, trigger, command, subject)

    async def _usage(self, here: Workspace, user: str, trigger: str, subject: Subject) -> None:
        await self._summary(here, user, trigger, subject, "usage")

    async def _forget(self, here: Workspace, user: str, trigger: str, subject: Subject) -> None:
        # What was said is not needed to erase it.
        subject = replace(subject, said=None)
        window = await self._open(here, user, trigger, modals.forget(subject), subject, once=True)
        if window is None:
            return
        await self._asked(here, user, trigger, window, subject)

    async def _asked(
        self, here: Workspace, user: str, trigger: str, window: Window, subject: Subject
    ) -> None:
        """Show what would go, of a conversation or of everything; or why nothing can."""
        thread = ThreadKey.parse(subject.thread) if subject.thread else None
        options = {} if thread is not None else {EVERYTHING: "true"}
        asked = Asked("forget", user, thread, options)
        reply, _ = await self._interactions.reply(here, _called(trigger, asked, subject))
        name, ask = (FORGET, modals.forget) if thread is not None else (ALL, modals.forget_all)
        view = ask(subject, reply.text) if reply.buttons else modals.told(name, reply.text)
        # Unless it was sent off meanwhile: then something else stands there.
        await filled(here, window, view)

    async def _forget_all(self, here: Workspace, user: str, trigger: str) -> None:
        subject = Subject(home=True)
        view = modals.forget_all(subject)
        window = await self._open(here, user, trigger, view, subject, once=True)
        if window is not None:
            await self._asked(here, user, trigger, window, subject)

    async def _channel(self, here: Workspace, user: str, at: str, channel: str) -> None:
        """Show how a channel is set up, with what whoever looks after it may change."""
        if not channel:
            await self._home.show(here, user)
            return
        place = ThreadKey(PLATFORM, here.own.team, channel, NOWHERE)
        called = Called(
            f"{here.own.team}:{user}:{at}",
            Asked(SETTINGS, user, place),
            "",
            "",
            act=SHOW,
            home=True,
        )
        reply, _ = await self._interactions.reply(here, called)
        await self._home.show(here, user, channel=reply)

    async def _search(self, here: Workspace, user: str, at: str, query: str) -> None:
        """Look for words among memories and past conversations; for none show the first page."""
        if not query.strip():
            await self._home.show(here, user)
            return
        event = f"{here.own.team}:{user}:{at}"
        found: list[CommandReply] = []
        for name in (MEMORIES, RECALL):
            asked = Asked(name, user, options={"query": query})
            reply, _ = await self._interactions.reply(
                here, Called(f"{event}:{name}", asked, "", "", home=True)
            )
            found.append(reply)
        memories, said = found
        await self._home.show(here, user, memories=memories, said=said)

    async def _help(self, here: Workspace, user: str, trigger: str) -> None:
        subject = Subject(home=True)
        view = modals.told(HELP, modals.WORKING)
        window = await self._open(here, user, trigger, view, subject)
        if window is not None:
            await self._fill(here, HELP, window, trigger, Asked("help", user), subject)

    async def _threads(self, here: Workspace, user: str, trigger: str) -> None:
        view = modals.told(THREADS, modals.WORKING)
        window = await self._open(here, user, trigger, view, Subject())
        if window is None:
            return
        person = await here.names.person(user, self._timing.patient_names)
        try:
            kept = await self._inbox.overview(PLATFORM, here.own.team, author_of(person))
            view = modals.threads(kept.threads)
        except BobbinError as error:
            view = modals.told(THREADS, error.user_text)
        await filled(here, window, view)

    async def _fill(
        self,
        here: Workspace,
        name: str,
        window: Window | None,
        event_id: str,
        asked: Asked,
        subject: Subject,
    ) -> None:
        """Run a command and show what it says: in the window, or beside it when that is closed."""
        called = _called(event_id, asked, subject)
        if subject.said is not None:
            called = replace(called, about=await self._about(here, subject))
        reply, _ = await self._interactions.reply(here, called)
        reply = await here.answers.beside(asked, reply)
        view = await asyncio.to_thread(modals.told, name, reply.text)
        shown = window is not None and await filled(here, window, view)
        if not shown and subject.url:
            await here.answers.to_url(subject.url, asked, CommandReply(reply.text))
        if subject.home:
            note = mrkdwn(reply.text) if asked.name == "forget" and not shown else ""
            await self._home.show(here, asked.user, note=note[:2900])

    async def _open(
        self,
        here: Workspace,
        user: str,
        trigger: str,
        view: Mapping[str, Any],
        subject: Subject,
        *,
        once: bool = False,
    ) -> Window | None:
        """Open a window; when it is too late for that say so, if there is a place for it."""
        window = await opened(here, trigger, view, once=once)
        if window is not None:
            return window
        if subject.home:
            await self._home.show(here, user, note=UNSEEN)
        elif subject.url and view.get("callback_id") != SUMMARY:
            # A summary needs no window: it is shown in the channel, to its caller only.
            await here.answers.to_url(subject.url, Asked("ask", user), CommandReply(TOO_LATE))
        return None

    async def _about(self, here: Workspace, subject: Subject) -> EarlierMessage | None:
        """The message that was meant, all of it if Slack lets us read it again."""
        said = subject.said
        if said is None:
            return None
        if not subject.whole:
            said = await history.again(here.calls, here.own, self._timing, said)
        return await self._earlier(here, said, self._timing.patient_names)

    async def _earlier(self, here: Workspace, said: Said, seconds: float) -> EarlierMessage:
        names = await here.names.names(looked_up(said), seconds, seconds)
        return earlier(said, here.own, names)


def _in_place(view: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"response_action": "update", "view": view}


def _called(event_id: str, asked: Asked, subject: Subject) -> Called:
    """A command about what a window is about. On the Home tab it was called in no channel."""
    channel = "" if subject.home or asked.thread is None else asked.thread.channel
    # Whoever uses a message's menu sees the message; what is chosen from a list is looked into.
    sees = subject.said is not None or subject.url
    return Called(event_id, asked, channel if sees else "", subject.url)
