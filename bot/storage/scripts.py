"""The Lua scripts, read from beside this file when the package is imported.

Every script is sent by the hash of its text, so that processes of different versions can share a
server, each with its own scripts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

NAMES = (
    "account",
    "again",
    "amend",
    "asked",
    "begin",
    "commit",
    "fold",
    "forget",
    "index",
    "leave",
    "park",
    "rate",
    "read",
    "reclaim",
    "renew",
    "restore",
    "rollback",
    "stop",
    "strike",
    "take_up",
    "vectorise",
)
"""Those about a thread: prelude.lua is put in front of them."""

ABOUT_A_SCOPE = (
    "erase_scope",
    "memorise",
    "read_changes",
    "trail",
    "use_memories",
    "vectors",
)
"""Those about a scope of long-term memory: scope.lua is put in front of them."""

ALONE = (
    "add_token",
    "end_token",
    "issue_code",
    "link_accounts",
    "unlink_account",
    "use_token",
    "afford",
    "charge",
    "claim",
    "count",
    "exchange",
    "pause",
    "release",
    "reserve",
    "rewrite",
    "rules",
    "settle",
    "spend",
)
"""Those that need no thread."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script's whole text and the SHA-1 that Redis knows it by."""

    name: str
    text: str
    sha: str


def load_scripts() -> dict[str, Script]:
    """All scripts by name. Reads files: call it where blocking is fine."""
    before = {"": ALONE, "prelude": NAMES, "scope": ABOUT_A_SCOPE}
    return {
        name: _script(name, f"{_read(first)}\n{_read(name)}" if first else _read(name))
        for first, names in before.items()
        for name in names
    }


def _script(name: str, text: str) -> Script:
    sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return Script(name, text, sha)


def _read(name: str) -> str:
    return files("bot.storage").joinpath(f"{name}.lua").read_text(encoding="utf-8")


SCRIPTS = load_scripts()
