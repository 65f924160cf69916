"""Commands that show what is remembered."""

from __future__ import annotations

import argparse
import sys

from bot.audience import Grant
from bot.memories import Filter, Status
from bot.memory.checks import tags_of
from bot.memory.port import ALL_STATUSES
from bot.shell import showing
from bot.shell.grants import operator_grant
from bot.shell.opened import Opened


def filter_of(arguments: argparse.Namespace, usual: frozenset[Status]) -> Filter:
    """What the options leave of it; `usual` are the statuses where none is named."""
    return Filter(
        kinds=frozenset(arguments.kind),
        tags=frozenset(tags_of(arguments.tag)),
        statuses=frozenset(arguments.status) or usual,
        subject=arguments.about,
        pinned=arguments.pinned,
    )


def say(opened_json: object, text: str, arguments: argparse.Namespace) -> None:
    """Print one or the other, as `--json` wants it."""
    print(showing.as_json(opened_json) if arguments.json else text)


async def scopes(opened: Opened, arguments: argparse.Namespace) -> int:
    """The scopes with how many active memories they hold."""
    counts: dict[str, int] = {}
    async for scope in opened.scopes():
        grant = await operator_grant(None, [scope], opened.scopes)
        count = (await opened.memories.stats(grant)).total
        # One may hold nothing but traces of what came from it.
        if count or (await opened.memories.page(grant, ALL_STATUSES, limit=1)).memories:
            counts[str(scope)] = count
    lines = [f"{count:6}  {scope}" for scope, count in sorted(counts.items())]
    say(counts, "\n".join(lines) or "nothing is remembered yet", arguments)
    return 0


async def listed(opened: Opened, grant: Grant, arguments: argparse.Namespace) -> int:
    """A page of memories."""
    page = await opened.memories.page(
        grant,
        filter_of(arguments, frozenset({Status.ACTIVE})),
        after=arguments.after,
        limit=arguments.limit,
    )
    lines = [showing.memory_text(each) for each in page.memories]
    if page.after:
        lines.append(f"more: --after {page.after}")
    say(
        {"memories": [showing.memory_json(each) for each in page.memories], "after": page.after},
        "\n".join(lines) or "nothing is remembered there",
        arguments,
    )
    return 0


async def search(opened: Opened, grant: Grant, arguments: argparse.Namespace) -> int:
    """The best hits; 1 where there are none, as of other programs that search."""
    found = await opened.memories.search(
        grant,
        arguments.query,
        filter_of(arguments, frozenset({Status.ACTIVE})),
        limit=arguments.limit,
        said=not arguments.no_said,
    )
    lines = [showing.found_text(each) for each in found]
    say(
        [showing.found_json(each) for each in found],
        "\n".join(lines) or "nothing found",
        arguments,
    )
    return 0 if found else 1


async def show(opened: Opened, grant: Grant, arguments: argparse.Namespace) -> int:
    """One memory."""
    memory = await opened.memories.get(grant, arguments.id)
    if memory is None:
        print(f"there is no {arguments.id} there", file=sys.stderr)
        return 1
    say(showing.memory_json(memory), showing.memory_page(memory), arguments)
    return 0


async def context(opened: Opened, grant: Grant, arguments: argparse.Namespace) -> int:
    """What a model would be told."""
    found = await opened.memories.context(
        grant, arguments.query, arguments.tag, max_tokens=arguments.max_tokens
    )
    say(
        showing.context_json(found),
        f"{found.text or 'nothing'}\n({found.tokens} tokens, {found.left_out} left out)",
        arguments,
    )
    return 0


async def stats(opened: Opened, grant: Grant, arguments: argparse.Namespace) -> int:
    """Figures."""
    found = await opened.memories.stats(grant)
    say(showing.stats_json(found), showing.stats_text(found), arguments)
    return 0
