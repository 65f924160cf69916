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
    "unmemorise",
    "use_memories",
    "vectors",
)
"""Those about a scope of long-term memory: scope.lua is put in front of them."""

ALONE = (
    "add_token",
    "end_token",
    "gone",
    "issue_code",
    "keep_off",
    "link_accounts",
    "narrow_token",
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

SAME_TEXT = {"narrow_token": "add_token", "unmemorise": "memorise"}
"""Those that are another one, but may run when that one may not."""

ON_A_FULL_SERVER = frozenset(
    {"forget", "gone", "index", "keep_off", "narrow_token", "strike", "unmemorise"}
)
"""Those that take away, and note a little on the way: they run when Redis is out of memory, too."""

ALLOWED = "#!lua flags=allow-oom"


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
    if name in ON_A_FULL_SERVER:
        text = f"{ALLOWED}\n{text}"
    sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return Script(name, text, sha)


def _read(name: str) -> str:
    name = SAME_TEXT.get(name, name)
    return files("bot.storage").joinpath(f"{name}.lua").read_text(encoding="utf-8")


SCRIPTS = load_scripts()

EACH = _script("each", _read("each"))
"""Asks about many keys at once, on a server that has all of them; see `Link.each`."""
