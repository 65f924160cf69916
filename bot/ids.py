"""Ids for turns, calls and processes, and stand-ins for the ids of people and threads."""

from __future__ import annotations

import base64
import hashlib
import secrets


def new_id() -> str:
    """16 characters of [a-z2-7], 80 random bits: never the same twice, in any process."""
    return base64.b32encode(secrets.token_bytes(10)).decode().lower()


def pseudonym(salt: str, text: str) -> str:
    """32 characters that stand for `text` outside this deployment, and don't tell it."""
    return hashlib.sha256(f"{salt}:{text}".encode()).hexdigest()[:32]
