"""The turns that run in this process, and how each of them can be ended early."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from enum import StrEnum

from bot.chat import ThreadKey
from bot.reply.progressive import ProgressiveReply
from bot.storage.types import Asked
from bot.tasks import end


class Ending(StrEnum):
    """Why a turn ends before the model does."""

    STOPPED = "stopped"
    """Somebody asked; the text so far is kept."""
    WITHDRAWN = "withdrawn"
    """A message that the answer is made from was deleted; it begins anew without it."""
    FORGOTTEN = "forgotten"
    """The thread was erased; nothing is kept."""
    LOST = "lost"
    """Another process runs this thread now; it owns the reply."""
    SHUTDOWN = "shutdown"
    """This process is going; another one takes the turn over."""


class Control:
    """The switch that ends one turn; the first reason counts.

    Attributes:
        turn: Its id.
        askers: Ids of those who asked.
    """

    def __init__(self, turn: str = "", askers: frozenset[str] = frozenset()) -> None:
        self.turn = turn
        self.askers = askers
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    def end(self, why: Ending) -> None:
        """End the turn, unless it is ending already."""
        if not self._ending.done():
            self._ending.set_result(why)

    @property
    def ending(self) -> Ending | None:
        """The reason, None while the turn may go on."""
        return self._ending.result() if self._ending.done() else None

    async def ended(self) -> Ending:
        """Wait for the turn to be ended."""
        return await asyncio.shield(self._ending)


class Running:
    """All turns of this process, by thread."""

    def __init__(self) -> None:
        self._controls: dict[ThreadKey, Control] = {}

    @contextmanager
    def control(
        self, thread: ThreadKey, turn: str = "", askers: frozenset[str] = frozenset()
    ) -> Generator[Control]:
        """The switch of a turn, listed while the turn runs."""
        control = Control(turn, askers)
        self._controls[thread] = control
        try:
            yield control
        finally:
            if self._controls.get(thread) is control:
                del self._controls[thread]

    def runs(self, thread: ThreadKey) -> bool:
        """Whether a turn of this thread runs here."""
        return thread in self._controls

    def threads(self) -> tuple[ThreadKey, ...]:
        """Those of which a turn runs here."""
        return tuple(self._controls)

    def asked(self, thread: ThreadKey) -> Asked:
        """The turn of this thread that runs here, and who asked for it."""
        control = self._controls.get(thread)
        return Asked() if control is None else Asked(control.turn, control.askers)

    def end(self, thread: ThreadKey, why: Ending, turn: str = "") -> bool:
        """End this thread's turn at once if it runs here. Elsewhere the lease carries the word.

        With `turn` only the turn of that id.
        """
        control = self._controls.get(thread)
        if control is None or (turn and control.turn != turn):
            return False
        control.end(why)
        return True

    def end_all(self, why: Ending) -> None:
        """End every turn."""
        for control in self._controls.values():
            control.end(why)


async def unless_ended(
    work: Coroutine[None, None, None], control: Control, reply: ProgressiveReply
) -> Ending | None:
    """Do something until it is done or the turn is ended early (then: why).

    Raises:
        BobbinError: The reply cannot be written any more, as `ProgressiveReply.gone` says.
        BaseException: What `work` raised.
    """
    working = asyncio.create_task(work, name=f"work {control.turn}")
    ended = asyncio.create_task(control.ended())
    gone = asyncio.create_task(reply.wait_gone())
    try:
        await asyncio.wait({working, ended, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(working, ended, gone)
        results = await asyncio.gather(working, return_exceptions=True)
    if control.ending is not None:
        return control.ending
    if reply.gone is not None:
        raise reply.gone
    if isinstance(results[0], BaseException):
        raise results[0]
    return None
