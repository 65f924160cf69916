"""Opening windows, and filling those that stand.

Slack opens a window only within three seconds of what somebody did. So a window comes first, and
whatever takes time comes after it, into the window that stands already.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from adapters.slack.faults import Refused
from adapters.slack.translate import text_in
from adapters.slack.values import fields
from adapters.slack.workspace import Workspace
from bot.errors import PlatformBusy, PlatformError

log = logging.getLogger(__name__)

LATE = frozenset({"expired_trigger_id", "exchanged_trigger_id", "invalid_trigger_id"})
"""How Slack refuses to open a window; the second also when it was opened already."""

GONE = "not_found"
"""A window that was closed, or that Slack has not put up yet."""

CHANGED = "hash_conflict"
"""A window that shows something else by now."""

UNTIL_UP = (0.1, 0.3, 0.6, 1.0, 2.0)
"""Waits, in seconds, for a window that an acknowledgement asks for."""

TOO_LATE = "Slack gave me too little time to open a window. Please try again."


@dataclass(frozen=True, slots=True)
class Window:
    """A window that stands or is about to: its id, or a mark that it will carry.

    With a `hash` it is only filled while it shows what it showed first.
    """

    id: str = ""
    mark: str = ""
    hash: str = ""

    def address(self) -> dict[str, str]:
        """As views.update takes it."""
        given = {"external_id": self.mark, "view_id": self.id, "hash": self.hash}
        return {name: value for name, value in given.items() if value}


async def opened(
    here: Workspace, trigger: str, view: Mapping[str, Any], *, once: bool = False
) -> Window | None:
    """Open a window; None when it is too late for that.

    `once`: what is filled in later must not replace what somebody's answer has put there.

    Raises:
        PlatformError: Slack does not take it.
    """
    try:
        answer = await here.calls.answer(
            lambda client: client.views_open(trigger_id=trigger, view=view)
        )
        made = fields(answer.get("view"))
        return Window(text_in(made, "id"), hash=str(made.get("hash") or "") if once else "")
    except Refused as refusal:
        if refusal.code not in LATE:
            raise
        log.info("A window was not opened: %s", refusal)
    except PlatformBusy as busy:
        # There is no time to try again.
        log.warning("A window was not opened: %s", busy)
    except (KeyError, ValueError):
        raise PlatformError("Slack's answer names no window") from None
    return None


async def filled(here: Workspace, window: Window, view: Mapping[str, Any]) -> bool:
    """Fill a window; False when somebody has closed it, or Slack does not take it now."""
    for pause in (*(UNTIL_UP if window.mark else ()), None):
        try:
            await here.calls.answer(
                lambda client: client.views_update(view=view, **window.address()),
                patient=True,
            )
        except Refused as refusal:
            if refusal.code == CHANGED:
                return True
            if refusal.code != GONE:
                raise
        except PlatformBusy as busy:
            log.warning("A window was not filled: %s", busy)
            return False
        else:
            return True
        if pause is not None:
            await asyncio.sleep(pause)
    return False
