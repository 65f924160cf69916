"""Commands that change what is remembered."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bot.audience import Grant
from bot.memories import MOST_AT_ONCE, Kind, MemoryText, Source, Written, Wrote
from bot.memory.checks import tags_of
from bot.memory.port import Change, NewMemory
from bot.shell import showing
from bot.shell.asking import sure, typed
from bot.shell.opened import Opened
from bot.shell.reading import say

GOOD = (Wrote.CREATED, Wrote.TOUCHED, Wrote.UPDATED, Wrote.DELETED, Wrote.UNCHANGED)
NOT_ASKED = "say --yes; there is no terminal to ask at"


async def add(opened: Opened, grant: Grant, arguments: argparse.Namespace) -> int:
    """Remember something, in the scope that is named first."""
    content = typed() if arguments.content == "-" else arguments.content
    text = MemoryText(
        content.strip(),
        arguments.kind or Kind.NOTE,
        tags_of(arguments.tag or ()),
        arguments.about or "",
        bool(arguments.pin),
        arguments.event or 0.0,
        arguments.expires or 0.0,
    )
    new = NewMemory(text, Source(grant.via, author=grant.person), grant.writable[0])
    return _told([await opened.memories.add(grant, new)], arguments)


async def edit(opened: Opened, grant: Grant, arguments: argparse.Namespace) -> int:
    """Change one memory."""
    tags = None if arguments.tag is None else tags_of(arguments.tag)
    change = Change(
        content=arguments.content,
        kind=arguments.kind,
        tags=() if arguments.no_tags else tags,
        subject=arguments.about,
        pinned=arguments.pin,
        event_at=arguments.event,
        expires_at=arguments.expires,
        archived=arguments.archive,
        confirmed=arguments.confirm,
    )
    if change == Change():
        print("nothing to change was named; see --help", file=sys.stderr)
        return 2
    done = await opened.memories.update(grant, arguments.id, change, version=arguments.if_version)
    return _told([done], arguments)


async def delete(opened: Opened, grant: Grant, arguments: argparse.Namespace) -> int:
    """Delete memories for good, once somebody is sure."""
    match sure(f"Delete {showing.so_many(len(arguments.ids))} for good?", yes=arguments.yes):
        case None:
            print(NOT_ASKED, file=sys.stderr)
            return 2
        case False:
            return 1
        case True:
            pass
    done: list[Written] = []
    for first in range(0, len(arguments.ids), MOST_AT_ONCE):
        done += await opened.memories.delete(grant, arguments.ids[first : first + MOST_AT_ONCE])
    return _told(done, arguments, arguments.ids)


async def undo(opened: Opened, grant: Grant, arguments: argparse.Namespace) -> int:
    """Take back the latest of one memory."""
    done = await opened.memories.undo(grant, arguments.id)
    say(showing.written_json(done), showing.undone_text(done, arguments.id), arguments)
    return 0 if done.result in GOOD else 1


async def share(opened: Opened, grant: Grant, arguments: argparse.Namespace) -> int:
    """Put one memory into another scope, too."""
    wider = Grant(
        grant.person,
        grant.readable,
        (*grant.writable, arguments.to),
        grant.admin,
        grant.via,
        grant.channels,
        grant.threads,
    )
    return _told([await opened.memories.share(wider, arguments.id, arguments.to)], arguments)


def _told(done: Sequence[Written], arguments: argparse.Namespace, ids: Sequence[str] = ()) -> int:
    one = done[0] if len(done) == 1 else None
    say(
        [showing.written_json(each) for each in done] if one is None else showing.written_json(one),
        "\n".join(map(showing.written_text, done, ids or [""] * len(done))),
        arguments,
    )
    return 0 if all(each.result in GOOD for each in done) else 1
