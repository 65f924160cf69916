"""`bobbin restored`: told once after a backup was put back, before the bot is started."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime

from bot.restored import mark_restored
from bot.services import Notes


def add_restored_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:  # pyright: ignore[reportPrivateUsage]
    """The command's options."""
    what = "after restoring a backup: leave alone what was said before now"
    more = "Run it once after a backup was put back, before the bot is started."
    restored = commands.add_parser("restored", help=what, description=more)
    restored.add_argument(
        "--since",
        type=_time,
        metavar="time",
        help="leave alone only what was said before, like 2026-07-30T14:05, UTC if not said",
    )


async def run_restored(
    arguments: argparse.Namespace, notes: Notes, now: float, out: Callable[[str], None]
) -> int:
    """Do what the command line says; the exit code is as for `bot.cli.main`.

    Args:
        arguments: Of `add_restored_parser`.
        notes: Those of the whole deployment.
        now: Seconds since the epoch.
        out: Takes what is said.
    """
    since = now if arguments.since is None else min(now, arguments.since)
    await mark_restored(notes, since)
    # As --since takes it.
    when = f"{datetime.fromtimestamp(since, UTC):%Y-%m-%dT%H:%M:%SZ}"
    out(f"What was said before {when} will not be answered. You can start the bot now.")
    return 0


def _time(text: str) -> float:
    """Seconds since the epoch."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 2026-07-30T14:05") from None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
