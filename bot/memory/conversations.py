"""Conversations with other assistants, stored for the one who brings them and for nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from bot.audience import imports_of
from bot.chat import ThreadKey
from bot.memories import Person
from bot.memory.formats.items import Talk
from bot.memory.imported import ImportReport
from bot.memory.stage import Stage
from bot.memory.transfer import Progress, Still, always, unwatched
from bot.records import NO_SUMMARY, NO_TALLY, Entry
from bot.storage.threads import Threads
from bot.storage.types import Restored

_TRIES = 3
"""How often one is stored that others change meanwhile."""


def thread_of(person: Person, talk: Talk) -> ThreadKey:
    """Where an imported conversation of somebody lies, always the same."""
    platform, space, channel = imports_of(person)
    return ThreadKey(platform, space, channel, f"{talk.program.casefold()}-{talk.id}")


def entries_of(person: Person, name: str, talk: Talk) -> list[Entry]:
    """A conversation as a log: its title, then what was said, each question with its answers.

    `name` is how the person is shown.
    """
    entries: list[Entry] = []
    if talk.title:
        # What it is called is often the only place where its subject is named.
        entries.append(Entry("context", talk.title, talk.at, author=talk.program))
    asked = 0
    for turn in talk.turns:
        asked += turn.role == "user"
        own = turn.role == "user"
        entries.append(
            Entry(
                turn.role,
                turn.text,
                turn.at,
                author_id=person.user if own else "",
                author=name if own else talk.program,
                turn=str(asked) if asked else "",
                model=turn.model,
            )
        )
    return entries


async def write_conversations(
    threads: Threads,
    person: Person,
    stage: Stage,
    *,
    name: str,
    dry_run: bool = False,
    progress: Progress = unwatched,
    still: Still = always,
) -> ImportReport:
    """Store the conversations of a stage, or with `dry_run` find out what would become of them.

    One that is there and has gone on elsewhere is replaced; empty ones are passed over. `still` is
    asked before each.

    Raises:
        ImportRefused: Something on the stage is broken; nothing was changed.
        StoreError: Some may be stored; the same call completes it.
    """
    found = stage.found
    if not dry_run:
        found.check()
    talks, done = stage.kept_talks(), 0
    while talk := await asyncio.to_thread(next, talks, None):
        entries = entries_of(person, name, talk)
        await still()
        if talk.turns:
            match await _write(threads, thread_of(person, talk), entries, dry_run=dry_run):
                case "new":
                    found.new += 1
                case "same":
                    found.same += 1
                case "renewed":
                    found.renewed += 1
                case why:
                    found.refuse(talk.where, why)
        done += 1
        progress(done)
    return found.report(conversations=True, dry_run=dry_run)


async def _write(
    threads: Threads, thread: ThreadKey, entries: Sequence[Entry], *, dry_run: bool
) -> str:
    """Store one; "new", "same" or "renewed", else why it could not be."""
    for _ in range(_TRIES):
        kept = [_plain(entry) async for entry in threads.entries(thread)]
        if kept == [_plain(entry) for entry in entries]:
            return "same"
        if dry_run:
            return "renewed" if kept else "new"
        done = await threads.restore(
            thread, entries, NO_SUMMARY, NO_TALLY, {}, replacing=bool(kept)
        )
        if done is Restored.DONE:
            return "renewed" if kept else "new"
    return "the store took too long; import it again"


def _plain(entry: Entry) -> Entry:
    """What the other program knows of it: not its number, nor how people are called here."""
    return replace(entry, seq=0, author="")
