"""The app's manifest: what operators paste into Slack, and what each scope in it is for.

`python -m adapters.slack.manifest https://bobbin.example.com` prints the one for HTTP mode; with
`--many` in front of the address the app can be installed in many workspaces, and with `--socket`
beside it events come over Socket Mode all the same.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

from adapters.slack import PATH, REDIRECT_PATH

PURPOSES: Mapping[str, str] = {
    "app_mentions:read": "hear mentions",
    "assistant:write": "show that it is at work, take Slack's Stop button, suggest what to ask",
    "channels:history": "read on in threads of public channels",
    "channels:read": "tell who may see a public channel, and what it is called",
    "chat:write": "answer",
    "commands": "take /bobbin and the commands that have a name of their own, such as /remember",
    "files:read": "read what people attach",
    "files:write": "hand over exports, and long answers and code as files",
    "groups:history": "read on in threads of private channels",
    "groups:read": "tell who may see a private channel, and what it is called",
    "im:history": "read direct messages",
    "im:read": "tell whose direct message it is",
    "im:write": "hand over exports in a direct message, and tell of the use of link codes",
    "mpim:history": "read group direct messages",
    "mpim:read": "tell who is in a group direct message",
    "reactions:read": "remember what somebody marks with a 🧠",
    "reactions:write": "mark messages that wait for their turn",
    "usergroups:read": "call user groups by their names, and tell who is in one that BOBBIN_ALLOW, "
    "_DENY or _ADMINS names",
    "users:read": "call people by their names",
}
"""What does not work without a scope."""


def manifest(url: str = "", *, redirect: str = "") -> Mapping[str, Any]:
    """The manifest as it ships, for Socket Mode, or for HTTP mode.

    Args:
        url: Where Slack reaches the bot, such as https://bobbin.example.com/slack/events; empty
            for Socket Mode.
        redirect: For many workspaces: where Slack sends people back after they have installed the
            app, such as https://bobbin.example.com/slack/oauth_redirect. Tokens expire then.
    """
    text = files(__package__ or "adapters.slack").joinpath("manifest.json").read_text("utf-8")
    found: dict[str, Any] = json.loads(text)
    settings = found["settings"]
    if url:
        settings["socket_mode_enabled"] = False
        settings["event_subscriptions"]["request_url"] = url
        settings["interactivity"]["request_url"] = url
        for command in found["features"]["slash_commands"]:
            command["url"] = url
    if redirect:
        found["oauth_config"]["redirect_urls"] = [redirect]
        settings["token_rotation_enabled"] = True
    return found


def main(words: Sequence[str]) -> int:
    """Print the manifest; with the public address of HTTP mode as a word, the one for that."""
    options = {word for word in words if word.startswith("--")}
    addresses = [urlsplit(word) for word in words if not word.startswith("--")]
    right = all(address.scheme == "https" and address.netloc for address in addresses)
    known = options <= ({"--many", "--socket"} if addresses else set[str]())
    if len(addresses) > 1 or not right or not known:
        usage = "usage: python -m adapters.slack.manifest [[--many [--socket]] https://HOST]"
        print(usage, file=sys.stderr)
        return 2
    url = redirect = ""
    for address in addresses:
        url = f"https://{address.netloc}{address.path.rstrip('/') or PATH}"
        redirect = f"https://{address.netloc}{REDIRECT_PATH}" if "--many" in options else ""
    print(json.dumps(manifest("" if "--socket" in options else url, redirect=redirect), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
