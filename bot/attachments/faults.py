"""What decoders raise when they are given rubbish; none of it is worth a traceback."""

from __future__ import annotations

import struct
import zlib

DECODER_FAULTS: tuple[type[Exception], ...] = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    AttributeError,
    AssertionError,
    SyntaxError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
)
"""Libraries that take formats apart trip over broken files in any of these ways."""
