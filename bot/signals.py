"""Ending in order when the system or the terminal asks for it."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager

logger = logging.getLogger(__name__)


def raise_interrupts() -> None:
    """Let Ctrl-C be a KeyboardInterrupt where it would end the process; `asyncio.run` needs it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def interruptible() -> Generator[None]:
    """Let Ctrl-C end what waits for a person, in the midst of a loop that it would only cancel."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def stop_at_signal(stop: Callable[[], None]) -> None:
    """Call `stop` at SIGTERM or SIGINT; a second signal ends the process at once.

    Raises:
        KeyboardInterrupt: Out of `asyncio.run`, at a second SIGINT.
    """
    loop = asyncio.get_running_loop()

    def begin_to_stop() -> None:
        logger.info("stopping")
        stop()
        loop.remove_signal_handler(signal.SIGTERM)
        loop.add_signal_handler(signal.SIGINT, end_at_once)

    def end_at_once() -> None:
        # Between two steps of tasks: what Python raises by itself comes in the midst of one, which
        # would take it for a fault of its own.
        loop.remove_signal_handler(signal.SIGINT)
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, begin_to_stop)
