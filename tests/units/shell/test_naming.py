"""Whom commands take for a person: nobody whom a platform could not call so."""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from bot.memories import Person
from bot.plugins import find_adapters
from bot.shell.memory import run_memory
from bot.shell.naming import misnamed, misplaced
from bot.shell.opened import Opened
from bot.shell.options import add_memory_commands
from bot.shell.tokens import add_tokens_parser, run_tokens
from bot.storage.connect import open_redis
from bot.storage.threads import Threads

SPECS = find_adapters()
NOBODYS = {
    "discord:123:7": "on Discord people are the same in every server: write discord:@:7",
    "slack:@:U7": "on Slack people belong to one workspace: write its id instead of @",
    "slack:acme:U7": "acme is no workspace of Slack; write T and more, as in its address",
    "discord:@:ada": "ada is no user of Discord; write a number "
    "(Copy ID, with the developer mode on)",
}


@pytest.mark.parametrize("name", ["discord:@:7", "slack:T1:U7", "console:local:ada", "irc:@:ada"])
def test_somebody_can_be_called_so(name: str) -> None:
    assert misnamed(Person.parse(name), SPECS) == ""


@pytest.mark.parametrize(("platform", "space"), [("discord", "@me"), ("slack", "T1"), ("irc", "a")])
def test_direct_messages_can_lie_there(platform: str, space: str) -> None:
    assert misplaced(platform, space, SPECS) == ""


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        *((("create", person), said) for person, said in NOBODYS.items()),
        (("list", "discord:123:7"), NOBODYS["discord:123:7"]),
        (("revoke", "--person", "discord:123:7"), NOBODYS["discord:123:7"]),
        (
            ("create", "discord:@:7", "--direct", "123"),
            "on Discord direct messages belong to no server: write --direct @me",
        ),
        (
            ("create", "slack:T1:U7", "--channel", "T1:general"),
            "general is no channel of Slack; write C and more (at the end of its page)",
        ),
        (
            ("create", "slack:T1:U7", "--workspace", "acme"),
            "acme is no workspace of Slack; write T and more, as in its address",
        ),
    ],
)
async def test_no_token_is_made_that_would_open_nothing(typed: tuple[str, ...], said: str) -> None:
    parser = argparse.ArgumentParser()
    add_tokens_parser(parser.add_subparsers())
    # Nothing listens there: it is told before the store is asked.
    client = open_redis("redis://127.0.0.1:1")
    numbers = itertools.count()
    tokens = Threads(client, worker="w", clock=time.time, new_id=lambda: str(next(numbers))).tokens
    out, hints = list[str](), list[str]()
    arguments = parser.parse_args(["tokens", *typed])
    assert await run_tokens(arguments, tokens, SPECS, out.append, hints.append) == 2
    assert (out, hints) == ([], [said])


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("list", "--person", "discord:123:7"), NOBODYS["discord:123:7"]),
        (("list", "--scope", "workspace:slack:acme:::"), "acme is no workspace of Slack"),
        (
            ("share", "mem_1", "--all", "--to", "channel:slack:T1:general::"),
            "general is no channel of Slack",
        ),
    ],
)
async def test_nothing_is_looked_for_of_whom_or_what_nobody_can_be(
    capsys: pytest.CaptureFixture[str], typed: tuple[str, ...], said: str
) -> None:
    @asynccontextmanager
    async def opener(counted: bool) -> AsyncGenerator[Opened]:
        raise AssertionError("the store is not needed")
        yield

    parser = argparse.ArgumentParser()
    add_memory_commands(parser.add_subparsers(), time.time)
    arguments = parser.parse_args(["memory", *typed])
    assert await run_memory(arguments, opener, SPECS, time.time()) == 2
    assert said in capsys.readouterr().err
