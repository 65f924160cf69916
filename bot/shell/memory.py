"""What `bobbin memory …` does: which command, for whom, and what it returns."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import cast

from bot.audience import Grant
from bot.memories import Person, Scope
from bot.plugins import resolve
from bot.shell.grants import NotNamed, operator_grant
from bot.shell.naming import misnamed, misnamed_scope
from bot.shell.opened import Opened, Opener
from bot.spec import AdapterSpec

IMPORT = "bot.shell.moving:bring_in"
SCOPES = "bot.shell.reading:scopes"
COMMANDS: Mapping[str, str] = {
    "list": "bot.shell.reading:listed",
    "search": "bot.shell.reading:search",
    "show": "bot.shell.reading:show",
    "context": "bot.shell.reading:context",
    "stats": "bot.shell.reading:stats",
    "add": "bot.shell.changing:add",
    "edit": "bot.shell.changing:edit",
    "delete": "bot.shell.changing:delete",
    "undo": "bot.shell.changing:undo",
    "share": "bot.shell.changing:share",
    "export": "bot.shell.moving:take_out",
    "forget": "bot.shell.moving:erase",
}
"""What carries out each command, found by name: those that read need not load what imports do."""

Command = Callable[[Opened, Grant, argparse.Namespace], Awaitable[int]]
Listed = Callable[[Opened, argparse.Namespace], Awaitable[int]]
BringIn = Callable[[argparse.Namespace, Opener, float], Awaitable[int]]

MOST_NAMED = 5
"""Scopes that are named where one was named in which nothing is."""


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
    if wrong := _wrong(arguments, specs):
        print(wrong, file=sys.stderr)
        return 2
    if arguments.memory_command == "import":
        bring_in = cast("BringIn", resolve(IMPORT))
        return await bring_in(arguments, opener, now)
    async with opener(arguments.memory_command == "context") as opened:
        if arguments.memory_command == "scopes":
            scopes = cast("Listed", resolve(SCOPES))
            return await scopes(opened, arguments)
        try:
            grant = await operator_grant(
                arguments.person, arguments.scope, opened.scopes, everything=arguments.all
            )
        except NotNamed as error:
            print(error, file=sys.stderr)
            return 2
        if arguments.memory_command != "add":
            await _tell_unknown(arguments.scope, opened)
        command = cast("Command", resolve(COMMANDS[arguments.memory_command]))
        return await command(opened, grant, arguments)


def _wrong(arguments: argparse.Namespace, specs: Sequence[AdapterSpec]) -> str:
    """Why nobody or nothing can be what was named; empty where it may be."""
    person: Person | None = arguments.person
    named: list[Scope] = [*arguments.scope]
    if arguments.memory_command == "share":
        named.append(arguments.to)
    found = ["" if person is None else misnamed(person, specs)]
    found += [misnamed_scope(scope, specs) for scope in named]
    return next(filter(None, found), "")


async def _tell_unknown(named: Sequence[Scope], opened: Opened) -> None:
    """Say of which of the scopes that were named nothing is remembered, and what there is."""
    if not named:
        return
    there = sorted([str(scope) async for scope in opened.scopes()])
    for scope in named:
        if str(scope) not in there:
            near = get_close_matches(str(scope), there, MOST_NAMED, 0.0)
            some = f"; there is {', '.join(near)}" if near else ""
            print(f"nothing is remembered in {scope}{some}", file=sys.stderr)
