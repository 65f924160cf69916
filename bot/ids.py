"""Ids for turns, calls and processes, and stand-ins for the ids of people and threads."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Sequence


def new_id() -> str:
    """16 characters of [a-z2-7], 80 random bits: never the same twice, in any process."""
    return base64.b32encode(secrets.token_bytes(10)).decode().lower()


def pseudonym(salt: str, text: str) -> str:
    """32 characters that stand for `text` outside this deployment, and don't tell it."""
    return hashlib.sha256(f"{salt}:{text}".encode()).hexdigest()[:32]


def memory_ids(at: float, count: int) -> Sequence[str]:
    """Ids for memories that are made `at` (seconds since the epoch), in their order.

    "mem_" and a ULID each: they sort by time. Never the same twice, in any process.
    """
    first = (max(0, round(at * 1000)) << 80) + secrets.randbits(79)
    return [f"mem_{_crockford(first + place)}" for place in range(count)]


def _crockford(number: int) -> str:
    digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    return "".join(digits[number >> 5 * place & 31] for place in reversed(range(26)))
