"""`bobbin run` and `bobbin chat`: the bot itself."""

from __future__ import annotations

import os
import sys

from bot.app import App
from bot.folders import shown
from bot.footprint import settle
from bot.ops.alive import alive_folder, answering
from bot.settings import Settings
from bot.shell.command import Typed
from bot.shell.configured import configured
from bot.signals import stop_at_signal


async def run(typed: Typed) -> int:
    """Run on every platform that is configured; on none, as a chat in the terminal."""
    settings = configured(typed)
    if all(not spec.needs for spec in settings.adapters):
        tokens = ", or ".join(
            " and ".join((*s.needs, *s.either[:1])) for s in typed.specs if s.needs
        )
        if typed.arguments.no_console:
            print(f"Bobbin can't start, no platform is configured: set {tokens}.", file=sys.stderr)
            return 2
        if not (sys.stdin and sys.stdin.isatty()):
            print(
                f"No token is set ({tokens}), so this is a chat in the terminal.", file=sys.stderr
            )
        else:
            _tell_where(settings)
    app = App(settings, settle=settle)
    # Before anything is waited for: asyncio's own way sleeps through a signal that comes just then.
    stop_at_signal(app.stop)
    async with answering(alive_folder(), os.getpid(), app.faults):
        return await app.run()


async def chat(typed: Typed) -> int:
    """Talk in the terminal, whatever tokens are set."""
    settings = configured(typed)
    _tell_where(settings)
    app = App(settings)
    stop_at_signal(app.stop)
    return await app.run()


def _tell_where(settings: Settings) -> None:
    """Say at a terminal where its conversation is kept: it is the same for all clones."""
    if settings.text("REDIS_URL") is None and sys.stdin and sys.stdin.isatty():
        kept = shown(settings.data_dir)
        print(f"What is said here is kept in {kept} (BOBBIN_DATA_DIR).", flush=True)
