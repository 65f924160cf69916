"""What people press under replies, and the windows that this opens."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from adapters.slack import modals, panels
from adapters.slack.answers import Asked
from adapters.slack.errands import Errands
from adapters.slack.home_tab import HomeTab
from adapters.slack.interactions import Called, Interactions
from adapters.slack.panels import Origin, Used
from adapters.slack.shortcuts import RECALL, SETTINGS
from adapters.slack.translate import id_in, text_in
from adapters.slack.values import PLATFORM, fields
from adapters.slack.windows import TOO_LATE, filled, opened
from adapters.slack.workspace import Workspace
from bot.chat import CommandReply, ThreadKey
from bot.panels import Pressed

log = logging.getLogger(__name__)


class Pressing:
    """Calls the commands that buttons and windows name, and shows what they say.

    Args:
        interactions: Runs commands, if they may be.
        home_tab: Shows what was pressed on the Home tab.
        errands: Where the work goes on.
    """

    def __init__(self, interactions: Interactions, home_tab: HomeTab, errands: Errands) -> None:
        self._interactions = interactions
        self._home = home_tab
        self._errands = errands

    def pressed(self, here: Workspace, body: Mapping[str, Any]) -> None:
        """A button was pressed.

        Raises:
            KeyError, TypeError, ValueError: The payload is malformed.
        """
        found = panels.used(body, here.own)
        doing = self._open if found.opens else self._press
        self._errands.start(lambda: doing(here, found), "button")

    def sent(self, here: Workspace, body: Mapping[str, Any]) -> None:
        """A window was sent off.

        Raises:
            KeyError, TypeError, ValueError: The payload is malformed.
        """
        view = fields(body["view"])
        pressed, origin, wrote = panels.sent(view)
        if origin.user != id_in(fields(body["user"]), "id"):
            raise ValueError("a window was sent off by somebody else")
        event = f"{PLATFORM}:{text_in(view, 'id')}:{view.get('hash')}"
        self._errands.start(lambda: self._send(here, pressed, origin, wrote, event), "window")

    async def _press(self, here: Workspace, found: Used) -> None:
        await self._send(here, found.pressed, found.origin, {}, _event(here, found))

    async def _send(
        self,
        here: Workspace,
        pressed: Pressed,
        origin: Origin,
        wrote: Mapping[str, str],
        event: str,
    ) -> None:
        reply = await self._reply(here, pressed, origin, wrote, event)
        await self._show(here, origin, reply, pressed.command)

    async def _open(self, here: Workspace, found: Used) -> None:
        view = modals.told(modals.PANEL, modals.WORKING)
        window = await opened(here, found.trigger, view)
        if window is None:
            await self._show(here, found.origin, CommandReply(TOO_LATE, harmless=True))
            return
        reply = await self._reply(here, found.pressed, found.origin, {}, _event(here, found))
        if reply.window is not None:
            view = panels.view_of(reply.window, found.origin)
        else:
            view = modals.told(modals.PANEL, reply.text)
        await filled(here, window, view)

    async def _reply(
        self,
        here: Workspace,
        pressed: Pressed,
        origin: Origin,
        wrote: Mapping[str, str],
        event: str,
    ) -> CommandReply:
        thread = ThreadKey.parse(pressed.thread) if pressed.thread else None
        if thread is None and origin.root:
            thread = ThreadKey(PLATFORM, here.own.team, origin.channel, origin.root)
        asked = Asked(pressed.command, origin.user, thread, wrote, origin.channel)
        called = Called(
            event,
            asked,
            origin.channel,
            origin.url,
            act=pressed.act,
            elsewhere=origin.elsewhere,
            home=origin.home,
        )
        reply, _ = await self._interactions.reply(here, called)
        return reply

    async def _show(
        self, here: Workspace, origin: Origin, reply: CommandReply, command: str = ""
    ) -> None:
        if origin.home and command == SETTINGS:
            await self._home.show(here, origin.user, channel=reply)
        elif origin.home and command == RECALL:
            await self._home.show(here, origin.user, said=reply)
        elif origin.home:
            await self._home.show(here, origin.user, memories=reply)
        else:
            await here.calls.respond(origin.url, panels.answer(origin, reply))


def _event(here: Workspace, found: Used) -> str:
    return f"{here.own.team}:{found.origin.user}:{found.at}"
