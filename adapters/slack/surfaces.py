"""What people do beside writing: commands, lists, shortcuts, forms, the Home tab. Sorted here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from adapters.slack.agent import LOOKED, STOPPED, Agent
from adapters.slack.commands import COMMANDS, PICKER
from adapters.slack.controls import CONTROL, used
from adapters.slack.errands import Errands
from adapters.slack.home_tab import HomeTab
from adapters.slack.interactions import Interactions, choice, slash
from adapters.slack.modals import FORMS, HOME, SHORTCUTS
from adapters.slack.panels import OPENS, PANEL, WINDOW
from adapters.slack.pressing import Pressing
from adapters.slack.reactions import REACTED, Reactions
from adapters.slack.shortcuts import Shortcuts
from adapters.slack.values import Timing
from adapters.slack.workspace import Workspace
from bot.inbox import Inbox

HERE = "bobbin_workspace"
"""Where Bolt's context holds the `Workspace`."""

OPENED = "app_home_opened"
EVENTS = (OPENED, STOPPED, LOOKED, *REACTED)
"""Events that are listened to here, as Bolt names them."""


class Surfaces:
    """Registers listeners that acknowledge at once and leave the work to errands.

    Args:
        inbox: Runs commands, and tells what is kept of somebody.
        timing: Waits and time-outs.

    Attributes:
        agent: Answers the events of the agent surface.
    """

    def __init__(self, inbox: Inbox, timing: Timing) -> None:
        self._inbox = inbox
        self._timing = timing
        self._errands = Errands(inbox)
        self._interactions = Interactions(inbox, self._errands, timing)
        self.agent = Agent(inbox, self._errands, timing)
        self._home = HomeTab(inbox, self._errands, timing)
        self._pressing = Pressing(self._interactions, self._home, self._errands)
        self._reactions = Reactions(inbox.claims, self._interactions, self._errands, timing)
        self._shortcuts = Shortcuts(inbox, self._interactions, self._home, self._errands, timing)

    def listen(self, app: Any) -> None:
        """Register everything with Bolt."""
        for name in COMMANDS:
            app.command(name)(self._command)
        for name in SHORTCUTS:
            app.shortcut(name)(self._shortcut)
        for name in FORMS:
            app.view(name)(self._form)
        app.action(re.compile(f"^{PICKER}:"))(self._choice)
        app.action(re.compile(f"^{CONTROL}:"))(self._control)
        app.action(re.compile(f"^({PANEL}|{OPENS}):"))(self._button)
        app.view(WINDOW)(self._window)
        app.action(re.compile(f"^{HOME}:"))(self._on_page)
        app.event(OPENED)(self._opened)
        app.event(STOPPED)(self._stopped)
        for name in REACTED:
            app.event(name)(self._reacted)
        app.event(LOOKED)(self._looked)

    async def _command(self, ack: Any, body: dict[str, Any], context: Mapping[str, Any]) -> None:
        self._interactions.start(_here(context), slash(body, self._inbox.commands))
        await ack()

    async def _choice(self, ack: Any, body: dict[str, Any], context: Mapping[str, Any]) -> None:
        called = choice(body)
        if called is not None:
            self._interactions.start(_here(context), called)
        await ack()

    async def _control(self, ack: Any, body: dict[str, Any], context: Mapping[str, Any]) -> None:
        here = _here(context)
        control = used(body, here.own)
        if control is not None:
            self._interactions.use(here, control)
        await ack()

    async def _shortcut(self, ack: Any, body: dict[str, Any], context: Mapping[str, Any]) -> None:
        self._shortcuts.used(_here(context), body)
        await ack()

    async def _form(self, ack: Any, body: dict[str, Any], context: Mapping[str, Any]) -> None:
        answer = self._shortcuts.sent(_here(context), body)
        await (ack(**answer) if answer else ack())

    async def _button(self, ack: Any, body: dict[str, Any], context: Mapping[str, Any]) -> None:
        self._pressing.pressed(_here(context), body)
        await ack()

    async def _window(self, ack: Any, body: dict[str, Any], context: Mapping[str, Any]) -> None:
        self._pressing.sent(_here(context), body)
        await ack()

    async def _on_page(self, ack: Any, body: dict[str, Any], context: Mapping[str, Any]) -> None:
        self._shortcuts.pressed(_here(context), body)
        await ack()

    async def _opened(self, body: dict[str, Any], context: Mapping[str, Any]) -> None:
        here = _here(context)
        self._home.opened(here, body)
        self.agent.opened(here, body)

    async def _stopped(self, body: dict[str, Any], context: Mapping[str, Any]) -> None:
        await self.agent.stop(_here(context), body)

    async def _reacted(self, body: dict[str, Any], context: Mapping[str, Any]) -> None:
        self._reactions.told(_here(context), body)

    async def _looked(self) -> None:
        """What somebody looks at comes with their next message, and is a hint there."""

    async def close(self) -> None:
        """Let what runs finish for some seconds."""
        await self._errands.close(self._timing.drain)


def _here(context: Mapping[str, Any]) -> Workspace:
    return cast("Workspace", context[HERE])
