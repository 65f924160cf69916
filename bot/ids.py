"""Ids for turns, calls and processes."""

from __future__ import annotations

import base64
import secrets


def new_id() -> str:
    """16 characters of [a-z2-7], 80 random bits: never the same twice, in any process."""
    return base64.b32encode(secrets.token_bytes(10)).decode().lower()
