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
    "begin",
    "commit",
    "fold",
    "forget",
    "leave",
    "park",
    "read",
    "reclaim",
    "renew",
    "restore",
    "rollback",
    "stop",
)


@dataclass(frozen=True, slots=True)
class Script:
    """A script's whole text, prelude included, and the SHA-1 Redis knows it by."""

    name: str
    text: str
    sha: str


def load_scripts() -> dict[str, Script]:
    """All scripts by name. Reads files: call it where blocking is fine."""
    prelude = _read("prelude")
    return {name: _script(name, f"{prelude}\n{_read(name)}") for name in NAMES}


def _script(name: str, text: str) -> Script:
    sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return Script(name, text, sha)


def _read(name: str) -> str:
    return files("bot.storage").joinpath(f"{name}.lua").read_text(encoding="utf-8")


SCRIPTS = load_scripts()
