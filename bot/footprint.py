"""What a process takes of its machine once it has started."""

from __future__ import annotations

import ctypes
import gc
import sys


def settle() -> None:
    """Let what is there by now stay, and give back what is free. Takes milliseconds.

    For once everything is loaded: what holds itself by then and is let go later is never freed.
    What a start loads stays until the end. The garbage collector would look through all of it time
    and again, for a tenth of a second in which nothing else happens; and the C library would keep
    what the start has let go.
    """
    gc.freeze()
    if sys.platform == "linux":
        # glibc alone has it.
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
