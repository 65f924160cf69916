"""`bobbin memory …`: its commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from bot.memories import Kind, Person, Scope, Status
from bot.memory.formats.known import Format

if TYPE_CHECKING:
    # What argparse calls it is its own; at run time there is nothing to import.
    from argparse import _SubParsersAction  # pyright: ignore[reportPrivateUsage]

Parsed = TypeVar("Parsed")

SCOPE_FORM = "kind:platform:space:channel:thread:user, as `scopes` lists them"
DAY = 86_400.0


def add_memory_commands(
    commands: _SubParsersAction[argparse.ArgumentParser], now: Callable[[], float]
) -> None:
    """Add `memory` with its own commands; `now` is for times like "30d"."""
    memory = commands.add_parser(
        "memory",
        help="read and change what is remembered",
        description="Read and change what is remembered. Every command has to be told whose: "
        "by --person, --scope or --all.",
    )
    each = memory.add_subparsers(dest="memory_command", required=True, metavar="command")
    common = _common()

    def command(name: str, help: str) -> argparse.ArgumentParser:
        return each.add_parser(name, help=help, description=help, parents=[common])

    command("scopes", "list the scopes that hold anything, with how much")
    listed = command("list", "list memories, the newest first")
    _filters(listed)
    listed.add_argument("--limit", type=_positive, default=20, help="at most so many (20)")
    listed.add_argument("--after", default="", metavar="id", help="go on after this one")
    search = command("search", "search memories and past conversations")
    search.add_argument("query")
    _filters(search)
    search.add_argument("--limit", type=_positive, default=10, help="at most so many (10)")
    search.add_argument("--no-said", action="store_true", help="memories only, no conversations")
    add = command("add", "remember something")
    add.add_argument("content", help='one or two sentences; "-" reads them from standard input')
    _parts(add, now)
    show = command("show", "show one memory with all its parts")
    show.add_argument("id")
    edit = command("edit", "change or correct a memory; new words can be undone")
    edit.add_argument("id")
    edit.add_argument("--content", help="new words; the old ones are kept as superseded")
    _parts(edit, now)
    edit.add_argument("--no-tags", action="store_true", help="take all tags away")
    switch = argparse.BooleanOptionalAction
    out = "kept out of the way: never recalled"
    edit.add_argument("--archive", action=switch, default=None, help=out)
    agreed = "somebody stands by it; only for what was remembered unasked"
    edit.add_argument("--confirm", action=switch, default=None, help=agreed)
    edit.add_argument("--if-version", type=_positive, metavar="n", help="only if it is still that")
    delete = command("delete", "delete memories for good")
    delete.add_argument("ids", nargs="+", metavar="id")
    _yes(delete)
    undo = command("undo", "take back that something was remembered or corrected")
    undo.add_argument("id")
    share = command("share", "remember something in another scope, too")
    share.add_argument("id")
    share.add_argument("--to", type=_parsed(Scope.parse, SCOPE_FORM), required=True)
    context = command("context", "what a model would be told about something")
    context.add_argument("query", nargs="?", default="")
    context.add_argument("--tag", action="append", default=[])
    context.add_argument("--max-tokens", type=_positive, default=800, help="at most so many (800)")
    command("stats", "how many memories there are, by scope, kind and tag")
    export = command("export", "write memories as JSON lines")
    _filters(export)
    export.add_argument("-o", "--output", type=Path, help="a file instead of standard output")
    restore = command("import", "read memories or conversations from a file, of any known format")
    restore.add_argument(
        "file", type=Path, help='JSON, JSON lines or a zip; "-" for standard input'
    )
    restore.add_argument(
        "--format", type=Format, choices=list(Format), help="who wrote it, if that is not seen"
    )
    restore.add_argument("--dry-run", action="store_true", help="only tell what would happen")
    restore.add_argument("--name", help="how the person is called in imported conversations")
    forget = command("forget", "erase all that is remembered of a person or in a scope")
    _yes(forget)


def _common() -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    whose = common.add_argument_group("whose memory")
    whose.add_argument(
        "--person",
        type=_parsed(
            Person.parse, "platform:space:id, with @ as space where ids are platform-wide"
        ),
        help="platform:space:id",
    )
    whose.add_argument(
        "--scope",
        action="append",
        default=[],
        type=_parsed(Scope.parse, SCOPE_FORM),
        help=SCOPE_FORM,
    )
    whose.add_argument("--all", action="store_true", help="everything there is")
    common.add_argument("--json", action="store_true", help="print JSON")
    return common


def _filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kind", action="append", type=Kind, choices=list(Kind), default=[])
    parser.add_argument(
        "--tag", action="append", default=[], help="has this tag, and each other one that is named"
    )
    parser.add_argument("--status", action="append", type=Status, choices=list(Status), default=[])
    parser.add_argument("--about", default="", help="the subject")
    parser.add_argument("--pinned", action=argparse.BooleanOptionalAction, default=None)


def _parts(parser: argparse.ArgumentParser, now: Callable[[], float]) -> None:
    when = _parsed(lambda text: _time(text, now()), "a date like 2031-01-31, or days like 30d")
    parser.add_argument("--kind", type=Kind, choices=list(Kind))
    parser.add_argument("--tag", action="append", help="once for each tag")
    parser.add_argument("--about", help="the subject")
    parser.add_argument(
        "--pin", action=argparse.BooleanOptionalAction, default=None, help="recalled before others"
    )
    parser.add_argument("--event", type=when, metavar="when", help="when it happens")
    parser.add_argument("--expires", type=when, metavar="when", help="it is deleted then")


def _yes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--yes", action="store_true", help="don't ask")


def _parsed(parse: Callable[[str], Parsed], form: str) -> Callable[[str], Parsed]:
    def convert(text: str) -> Parsed:
        try:
            return parse(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {form}") from None

    return convert


def _positive(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return int(text)


def _time(text: str, now: float) -> float:
    """Seconds since the epoch. Raises ValueError."""
    if text.endswith("d") and text[:-1].isdecimal():
        return now + int(text[:-1]) * DAY
    when = datetime.fromisoformat(text)
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
