"""`bobbin forget`: one conversation, or what somebody said in one place or in all of them."""

from __future__ import annotations

from typing import Any

import pytest

from bot.chat import ThreadKey
from bot.cli import command_line
from bot.plugins import find_adapters
from bot.settings import Settings, read_settings
from bot.shell.forgetting import forget
from bot.storage.connect import open_redis
from bot.storage.threads import Threads
from bot.storage.types import Turn
from tests.flows.look import stored
from tests.servers import Valkey
from tests.units.storage.samples import ADA, BEN, Clock, commit, message

FIRST = ThreadKey("discord", "g1", "c1", "t1")
SECOND = ThreadKey("discord", "g2", "c1", "t1")
THIRD = ThreadKey("slack", "T1", "C1", "1.2")


async def filled(server: Valkey) -> Settings:
    """Three conversations of Ada, one of them with Ben."""
    client: Any = open_redis(server.url)
    ids = iter(f"id{number}" for number in range(100))
    threads = Threads(client, worker="w", clock=Clock(), new_id=lambda: next(ids))
    for thread in (FIRST, SECOND, THIRD):
        for author in (ADA, BEN) if thread is FIRST else (ADA,):
            text = f"SECRET of {author.name} in {thread.space}"
            event = message(1 + (author is BEN), thread=thread, author=author, text=text)
            turn = await threads.begin(event)
            assert isinstance(turn, Turn)
            await commit(threads, turn)
    await client.aclose()
    return read_settings({"REDIS_URL": server.url, "BOBBIN_DEMO": "1"}, find_adapters())


async def test_a_conversation(server: Valkey, capsys: pytest.CaptureFixture[str]) -> None:
    settings = await filled(server)
    assert await forget(settings, str(FIRST), None) == 0
    assert capsys.readouterr().out == "4 message(s) erased\n"
    assert "in g1" not in await stored(server)
    assert await forget(settings, str(FIRST), None) == 1
    assert await forget(settings, "discord", None) == 2


async def test_a_person(server: Valkey, capsys: pytest.CaptureFixture[str]) -> None:
    settings = await filled(server)
    assert await forget(settings, None, "discord:g1:u1") == 0
    assert capsys.readouterr().out.endswith(" from 1 conversation(s)\n")
    left = await stored(server)
    assert "Ada in g1" not in left and "Ben in g1" in left and "Ada in g2" in left
    assert await forget(settings, None, "discord:*:u1") == 0
    left = await stored(server)
    assert "Ada in g2" not in left and "Ada in T1" in left
    assert await forget(settings, None, "discord:*:u1") == 1
    assert await forget(settings, None, "u1") == 2
    assert "write platform:space:id" in capsys.readouterr().err


def test_one_of_both_has_to_be_named() -> None:
    parser = command_line(find_adapters())
    assert parser.parse_args(["forget", "--user", "a:b:c"]).user == "a:b:c"
    for words in (["forget"], ["forget", "a:b:c:d", "--user", "a:b:c"]):
        with pytest.raises(SystemExit):
            parser.parse_args(words)
