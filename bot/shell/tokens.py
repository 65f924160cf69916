"""`bobbin tokens`: making, listing and revoking what other programs use memories by."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.audience import Grant, imports_of
from bot.credentials import DAYS, MOST_TOKENS, Credential, Credentials, issue
from bot.memories import Person, Scope, ScopeKind
from bot.shell.naming import misnamed, misplaced, unplaced
from bot.spec import AdapterSpec

Out = Callable[[str], None]

MOST_DAYS = 36_500

_WORDS = {
    ScopeKind.USER: "their own",
    ScopeKind.DM: "direct messages in {space}",
    ScopeKind.THREAD: "thread {thread} in {space}",
    ScopeKind.CHANNEL: "channel {channel} in {space}",
    ScopeKind.WORKSPACE: "everything shared in {space}",
}


def add_tokens_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:  # pyright: ignore[reportPrivateUsage]
    """The command's options."""
    what = "make and revoke tokens for other programs"
    more = "A token lets another program use what one person may see; docs/memory-api.md tells how."
    tokens = commands.add_parser("tokens", help=what, description=more)
    acts = tokens.add_subparsers(dest="act", required=True, metavar="what")
    create = acts.add_parser("create", help="make a token and print it, once")
    create.add_argument(
        "person", metavar="platform:space:user", help="whose it is; on Discord the space is @"
    )
    create.add_argument("--name", default="", help="what it is for")
    create.add_argument(
        "--days", type=_days, default=DAYS, help=f"until it ends; 0: never; {DAYS} if not said"
    )
    create.add_argument("--read-only", action="store_true", help="it may not write")
    named: dict[str, Any] = {"action": "append", "default": []}
    channel, space = "space:channel", "space"
    more = "open this, too"
    create.add_argument("--channel", type=_channel, metavar=channel, help=more, **named)
    create.add_argument("--workspace", type=_space, metavar=space, help=more, **named)
    more = "and direct messages there; on Discord the space of these is @me"
    create.add_argument("--direct", type=_space, metavar=space, help=more, **named)
    listed = acts.add_parser(
        "list", help="show who has one and what it opens; the tokens are not kept"
    )
    listed.add_argument("person", nargs="?", metavar="platform:space:user")
    revoke = acts.add_parser("revoke", help="end tokens at once")
    which = revoke.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", metavar="tok_…")
    which.add_argument("--person", metavar="platform:space:user", help="all of this person's")


async def run_tokens(
    arguments: argparse.Namespace,
    credentials: Credentials,
    specs: Sequence[AdapterSpec],
    out: Out,
    hint: Out,
) -> int:
    """Do what the command line says; the exit code is as for `bot.cli.main`.

    Args:
        arguments: Of `add_tokens_parser`.
        credentials: Where tokens are kept.
        specs: The installed adapters, which say what people are called there.
        out: Takes what was asked for.
        hint: Takes what is said beside.
    """
    try:
        person = Person.parse(arguments.person) if arguments.person else None
    except ValueError:
        hint(f"{arguments.person} is not platform:space:user, such as slack:T1:U7 or discord:@:7")
        return 2
    if person is not None and (wrong := _wrong(arguments, person, specs)):
        hint(wrong)
        return 2
    match arguments.act:
        case "create":
            assert person is not None
            return await _create(arguments, person, credentials, out, hint)
        case "list":
            found = await (credentials.of(person) if person else credentials.everyone())
            for each in found:
                out(_line(each))
            if not found:
                hint("there are no tokens: make one with `bobbin tokens create`")
            return 0
        case _:
            return await _revoke(arguments.id, person, credentials, hint)


async def _create(
    arguments: argparse.Namespace, person: Person, credentials: Credentials, out: Out, hint: Out
) -> int:
    scopes = _scopes(arguments, person)
    channels = [
        (each.platform, each.space, each.channel)
        for each in scopes
        if each.kind is ScopeKind.CHANNEL
    ]
    grant = Grant(person, scopes, scopes, channels=(imports_of(person), *channels))
    issued = issue(
        grant,
        arguments.name,
        now=time.time(),
        random=secrets.token_bytes,
        days=arguments.days,
        writes=not arguments.read_only,
    )
    if not await credentials.add(issued.credential):
        hint(f"{person} has {MOST_TOKENS} tokens already; revoke one first")
        return 1
    hint(f"{_line(issued.credential)}\nIt is shown only once:")
    out(issued.token)
    return 0


async def _revoke(
    id: str | None, person: Person | None, credentials: Credentials, hint: Out
) -> int:
    if person is not None:
        ended = await credentials.revoke_all(person)
        hint(f"{ended} token(s) revoked")
        return 0 if ended else 1
    gone = await credentials.revoke(id or "")
    hint(f"{_line(gone)}: revoked" if gone else f"there is no token {id}")
    return 0 if gone else 1


def _wrong(arguments: argparse.Namespace, person: Person, specs: Sequence[AdapterSpec]) -> str:
    """Why a token would open nothing, or a part of it; empty where it may open all."""
    found = [misnamed(person, specs)]
    if arguments.act == "create":
        found += [misplaced(person.platform, space, specs) for space in arguments.direct]
        found += [unplaced(person.platform, specs, *place) for place in arguments.channel]
        found += [unplaced(person.platform, specs, space) for space in arguments.workspace]
    return next(filter(None, found), "")


def _scopes(arguments: argparse.Namespace, person: Person) -> tuple[Scope, ...]:
    found = [Scope.of_person(person)]
    found += [Scope.of_direct(person.platform, space, person.user) for space in arguments.direct]
    found += [Scope.of_channel(person.platform, *place) for place in arguments.channel]
    found += [Scope.of_workspace(person.platform, space) for space in arguments.workspace]
    return tuple(dict.fromkeys(found))


def _days(text: str) -> int:
    days = int(text) if text.isdecimal() else -1
    if not 0 <= days <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {MOST_DAYS}")
    return days


def _channel(text: str) -> tuple[str, str]:
    space, _, channel = text.partition(":")
    if not (space and channel) or ":" in channel:
        raise argparse.ArgumentTypeError(f"{text!r} is not space:channel, such as T1:C2")
    return space, channel


def _space(text: str) -> str:
    if not text or ":" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not a server or workspace, such as T1")
    return text


def _line(credential: Credential) -> str:
    """A token in one line."""
    reads = told_scopes(credential.readable)
    may = "reads and writes" if credential.writable else "reads"
    ends = f"until {_day(credential.expires_at)}" if credential.expires_at else "for ever"
    used = f"last used {_day(credential.used_at)}" if credential.used_at else "never used"
    name = f" {credential.name!r}" if credential.name else ""
    return f"{credential.id}{name} of {credential.person} {may} {reads}, {ends}, {used}"


def told_scopes(scopes: Sequence[Scope]) -> str:
    """What is opened, in plain words."""
    words = [
        _WORDS[each.kind].format(space=each.space, channel=each.channel, thread=each.thread)
        for each in scopes
    ]
    return ", ".join(dict.fromkeys(words)) or "nothing"


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def to_stderr(text: str) -> None:
    """Say something beside what was asked for."""
    print(text, file=sys.stderr)
