"""The app's manifest: what operators paste into Slack, and what each scope in it is for.

`python -m adapters.slack.manifest https://bobbin.example.com` prints the one for HTTP mode.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from adapters.slack import PATH

PURPOSES: Mapping[str, str] = {
    "app_mentions:read": "hear mentions",
    "channels:history": "read on in threads of public channels",
    "channels:read": "tell who may see a public channel, and what it is called",
    "chat:write": "answer",
    "commands": "take /bobbin, /summary and /forget",
    "files:read": "read what people attach",
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


def manifest(url: str = "") -> Mapping[str, Any]:
    """The manifest as it ships, for Socket Mode, or for HTTP mode.

    Args:
        url: Where Slack reaches the bot, such as https://bobbin.example.com/slack/events; empty
            for Socket Mode.
    """
    text = files(__package__ or "adapters.slack").joinpath("manifest.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    if url:
        settings = found["settings"]
        settings["socket_mode_enabled"] = False
        settings["event_subscriptions"]["request_url"] = url
        settings["interactivity"]["request_url"] = url
        for command in found["features"]["slash_commands"]:
            command["url"] = url
    return found


def main(words: Sequence[str]) -> int:
    """Print the manifest; with the public address of HTTP mode as a word, the one for that."""
    address = urlsplit(words[0]) if len(words) == 1 else None
    if words and (address is None or address.scheme != "https" or not address.netloc):
        print("usage: python -m adapters.slack.manifest [https://HOST]", file=sys.stderr)
        return 2
    url = f"https://{address.netloc}{address.path.rstrip('/') or PATH}" if address else ""
    print(json.dumps(manifest(url), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
