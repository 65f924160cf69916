"""The app's manifest: what operators paste into Slack, and what each scope in it is for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

PURPOSES: Mapping[str, str] = {
    "app_mentions:read": "hear mentions",
    "channels:history": "read on in threads of public channels",
    "channels:read": "tell who may see a public channel, and what it is called",
    "chat:write": "answer",
    "commands": "take /bobbin, /summary and /forget",
    "files:write": "hand over exports",
    "groups:history": "read on in threads of private channels",
    "groups:read": "tell who may see a private channel, and what it is called",
    "im:history": "read direct messages",
    "im:read": "tell whose direct message it is",
    "im:write": "hand over exports in a direct message",
    "mpim:history": "read group direct messages",
    "mpim:read": "tell who is in a group direct message",
    "users:read": "call people by their names",
}
"""What does not work without a scope."""


def manifest() -> Mapping[str, Any]:
    """The manifest as it ships."""
    text = files(__package__ or "adapters.slack").joinpath("manifest.json").read_text("utf-8")
    return json.loads(text)
