"""Commands that take memories out, bring them in, and erase them."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

from bot.audience import Grant, imports_of
from bot.errors import ImportRefused
from bot.memories import MOST_AT_ONCE, Person, Scope, Wrote
from bot.memory.conversations import write_conversations
from bot.memory.files import read_file
from bot.memory.imported import ImportReport
from bot.memory.placing import Placing
from bot.memory.port import ALL_STATUSES
from bot.memory.stage import Stage
from bot.memory.transfer import export_lines, write_memories
from bot.shell import showing
from bot.shell.asking import Bar, sure
from bot.shell.changing import NOT_ASKED
from bot.shell.files import read_again, write_lines
from bot.shell.grants import NotNamed, is_with, named_grant
from bot.shell.opened import Opened, Opener
from bot.shell.reading import filter_of, say

SHARED = ", and what they had remembered in shared places"


async def take_out(opened: Opened, grant: Grant, arguments: argparse.Namespace) -> int:
    """Write an export."""
    output: Path | None = arguments.output
    chosen = filter_of(arguments, ALL_STATUSES.statuses)
    # The first line is none: it says what the file is.
    written = -1

    async def counted() -> AsyncIterator[str]:
        nonlocal written
        async for line in export_lines(opened.memories, grant, chosen):
            yield line
            written += 1

    if not await write_lines(output, counted()):
        return 1
    if output is not None:
        print(f"{output}: {showing.so_many(written)}", file=sys.stderr)
    return 0


async def bring_in(arguments: argparse.Namespace, opener: Opener, now: float) -> int:
    """Read a file to its end, then store what is in it."""
    person: Person | None = arguments.person
    scopes: Sequence[Scope] = arguments.scope
    try:
        if len(scopes) > 1:
            raise NotNamed("an import goes into one scope; name one --scope")
        grant = named_grant(person, scopes, everything=arguments.all)
    except NotNamed as error:
        print(error, file=sys.stderr)
        return 2

    def also(scope: Scope) -> bool:
        return arguments.all or (person is not None and is_with(scope, person))

    placing = Placing(grant, scopes[0] if scopes else None, also)
    with await asyncio.to_thread(Stage, placing, now) as stage:
        try:
            await asyncio.to_thread(_read, arguments, stage)
            if not arguments.dry_run:
                stage.found.check()
        except OSError as error:
            print(f"{arguments.file}: {error.strerror}", file=sys.stderr)
            return 1
        except ImportRefused as error:
            print(f"{arguments.file}: {error}\n{error.hint}", file=sys.stderr)
            return 1
        if stage.talks and person is None:
            print("say whose conversations these are: --person platform:space:id", file=sys.stderr)
            return 2
        more = tuple(scope for scope in stage.scopes if also(scope))
        grant = replace(grant, readable=(*grant.readable, *more), writable=(*grant.writable, *more))
        async with opener(False) as opened:
            report = await _store(opened, stage, grant, arguments)
    say(showing.report_json(report), showing.report_text(report), arguments)
    return 1 if report.refused or report.broken else 0


def _read(arguments: argparse.Namespace, stage: Stage) -> None:
    bar = Bar(sys.stderr, "reading")
    try:
        with read_again(arguments.file) as file:
            read_file(file, stage, format=arguments.format, watch=bar.show)
    finally:
        bar.close()


async def _store(
    opened: Opened, stage: Stage, grant: Grant, arguments: argparse.Namespace
) -> ImportReport:
    bar = Bar(sys.stderr, "looking" if arguments.dry_run else "importing")
    try:
        if stage.talks:
            return await write_conversations(
                opened.threads,
                grant.person,
                stage,
                name=arguments.name or grant.person.user,
                dry_run=arguments.dry_run,
                progress=bar.of(stage.talks),
            )
        return await write_memories(
            opened.memories,
            grant,
            stage,
            dry_run=arguments.dry_run,
            progress=bar.of(stage.memories),
        )
    finally:
        bar.close()


async def erase(opened: Opened, grant: Grant, arguments: argparse.Namespace) -> int:
    """Erase a person's memories and imports, or all in the scopes that are named."""
    person: Person | None = arguments.person
    ids = [memory.id async for memory in opened.memories.everything(grant, ALL_STATUSES)]
    imported = 0
    if person is not None:
        imported = len(await opened.threads.searchable(imports_of(person)))
    elif not ids:
        print("nothing is remembered there", file=sys.stderr)
        return 1
    what = showing.so_many(len(ids))
    what += f" and {_conversations(imported)}" if imported else ""
    what += SHARED if person is not None else ""
    match sure(f"Erase {what} for good?", yes=arguments.yes):
        case None:
            print(f"this would erase {what}; {NOT_ASKED}", file=sys.stderr)
            return 2
        case False:
            return 1
        case True:
            pass
    gone = 0
    for first in range(0, len(ids), MOST_AT_ONCE):
        done = await opened.memories.delete(grant, ids[first : first + MOST_AT_ONCE])
        gone += sum(each.result is Wrote.DELETED for each in done)
    if person is not None:
        # What they had remembered in shared places, too, and the conversations.
        gone += await opened.memories.forget_person(person)
    counts = {"memories": gone, "conversations": imported}
    text = f"{showing.so_many(gone)} erased" + (f", {_conversations(imported)}" * bool(imported))
    say(counts, text, arguments)
    return 0 if gone or imported else 1


def _conversations(imported: int) -> str:
    return f"{imported} imported conversation{'s' * (imported != 1)}"
