"""What `bobbin memory …` does: which command, for whom, and what it returns."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bot.shell.changing import add, delete, edit, share, undo
from bot.shell.grants import NotNamed, operator_grant
from bot.shell.moving import bring_in, erase, take_out
from bot.shell.naming import misnamed
from bot.shell.opened import Opener
from bot.shell.reading import context, listed, scopes, search, show, stats
from bot.spec import AdapterSpec


async def run_memory(
    arguments: argparse.Namespace, opener: Opener, specs: Sequence[AdapterSpec], now: float
) -> int:
    """Carry out one command and return the exit code: 0 good, 1 failed, 2 wrong usage.

    Args:
        arguments: See `options.add_memory_commands`.
        opener: Opens the store, once it is clear that it is needed.
        specs: The installed adapters, which say what people are called there.
        now: Seconds since the epoch.

    Raises BobbinError.
    """
    if arguments.person is not None and (wrong := misnamed(arguments.person, specs)):
        print(wrong, file=sys.stderr)
        return 2
    if arguments.memory_command == "import":
        return await bring_in(arguments, opener, now)
    async with opener(arguments.memory_command == "context") as opened:
        if arguments.memory_command == "scopes":
            return await scopes(opened, arguments)
        try:
            grant = await operator_grant(
                arguments.person, arguments.scope, opened.scopes, everything=arguments.all
            )
        except NotNamed as error:
            print(error, file=sys.stderr)
            return 2
        command = {
            "list": listed,
            "search": search,
            "show": show,
            "context": context,
            "stats": stats,
            "add": add,
            "edit": edit,
            "delete": delete,
            "undo": undo,
            "share": share,
            "export": take_out,
            "forget": erase,
        }[arguments.memory_command]
        return await command(opened, grant, arguments)
