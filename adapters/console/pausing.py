"""Ctrl-Z at a terminal whose modes are ours, and the shell's `fg` after it."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable


class Pausing:
    """Stops the process when the terminal asks for it, with something done before and after.

    Args:
        leave: Called before it stops.
        resume: Called when it goes on.
    """

    def __init__(self, leave: Callable[[], None], resume: Callable[[], None]) -> None:
        self._leave = leave
        self._resume = resume

    def begin(self) -> None:
        """From now on; the event loop has to be that of the main thread."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTSTP, self._stop)

    def end(self) -> None:
        """The process stops again as any other does."""
        asyncio.get_running_loop().remove_signal_handler(signal.SIGTSTP)

    def _stop(self) -> None:
        self._leave()
        self.end()
        # Not SIGSTOP, which nobody could end where no shell waits. To this very thread, since the
        # process would run on for a moment while another one is told.
        signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)
        self.begin()
        self._resume()
