"""No control reaches another thread than the one it was used in, and each says no politely."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from bot.chat import Author, MessageRef, Press, ThreadKey
from bot.commands import texts
from bot.commands.presses import Presses, Wanted, wanted_by
from bot.controls import Action
from bot.engine.running import Running
from bot.records import Entry
from bot.storage.connect import open_redis
from bot.storage.threads import Threads
from bot.storage.types import Again, Conversation, Turn
from tests.servers import Valkey, valkey_server
from tests.units.commands.test_reach import KEYS
from tests.units.storage.samples import ADA, BEN, THREAD, Clock, commit, exchange, message

ADMIN = Author("u9", "Boss", is_admin=True)


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-test-") as path,
        valkey_server(Path(path)) as it,
    ):
        yield it


@pytest.fixture
async def threads(server: Valkey) -> AsyncIterator[Threads]:
    client: Redis = open_redis(server.url)
    await client.flushall()
    numbers = itertools.count(1)
    yield Threads(client, worker="w", clock=Clock(), new_id=lambda: f"id{next(numbers)}")
    await client.aclose()


def pressing(action: Action, thread: ThreadKey, turn: str, author: Author = ADA) -> Press:
    ref = MessageRef(thread.channel, "a1")
    return Press(f"{author.id} {action}", action, turn, author, thread, ref, 99, 1.0)


async def test_a_control_reaches_its_own_thread_alone(threads: Threads) -> None:
    """Every control of every thread, used in every other one."""
    turns: dict[ThreadKey, str] = {}
    for number, key in enumerate(KEYS):
        turn = await threads.begin(message(number + 1, thread=key))
        assert isinstance(turn, Turn)
        turns[key] = turn.lease.turn
        entries = [replace(entry, turn=turn.lease.turn) for entry in exchange(turn)]
        await commit(threads, turn, entries)
    begun: list[Turn] = []
    engine = cast(Any, type("Engine", (), {"start": staticmethod(begun.append)}))
    numbers = itertools.count(1)
    presses = Presses(threads, Running(), engine, lambda: f"n{next(numbers)}")
    for here, there in itertools.permutations(KEYS, 2):
        for action in Action:
            told = await presses.pressed(pressing(action, here, turns[there], ADMIN))
            assert told.private and told.harmless
            assert told.text in (texts.FINISHED, texts.NOT_LAST, texts.TOO_OLD)
    assert begun == []
    for key in KEYS:
        assert [rated async for rated in threads.ratings(key)] == []
        assert (await threads.take_window(key)).newest == 2
    await presses.pressed(pressing(Action.REGENERATE, KEYS[3], turns[KEYS[3]]))
    assert [turn.lease.thread for turn in begun] == [KEYS[3]]
    assert [(await threads.asked(key)).turn != "" for key in KEYS].count(True) == 1


def entry(role: str, turn: str, seq: int, author: str = "", *, cut: bool = False) -> Entry:
    return Entry(
        cast(Any, role), "text", 0.0, author_id=author, turn=turn, seq=seq, interrupted=cut,
        message_ids=(f"m{seq}",),
    )  # fmt: skip


ASKED = (entry("user", "t1", 1, "u1"), entry("user", "t1", 2, "u2"))
SEEN = Conversation((*ASKED, entry("assistant", "t1", 3)), newest=3)
CUT = Conversation((*ASKED, entry("assistant", "t1", 3, cut=True)), newest=3)
FAILED = Conversation(failed="t1", mail=(message(1),))


@pytest.mark.parametrize(
    ("seen", "action", "author", "outcome"),
    [
        (SEEN, Action.REGENERATE, ADA, Again.REGENERATE),
        (SEEN, Action.REGENERATE, BEN, Again.REGENERATE),
        (SEEN, Action.REGENERATE, ADMIN, Again.REGENERATE),
        (SEEN, Action.REGENERATE, Author("u3", "Eve"), texts.NOT_ASKED),
        (SEEN, Action.CONTINUE, ADA, texts.WHOLE),
        (CUT, Action.CONTINUE, Author("u3", "Eve"), Again.CONTINUE),
        (FAILED, Action.REGENERATE, ADA, Again.RETRY),
        (FAILED, Action.REGENERATE, BEN, texts.NOT_ASKED),
        (FAILED, Action.CONTINUE, ADA, texts.NOTHING_STORED),
        (replace(SEEN, running=True), Action.REGENERATE, ADA, texts.BUSY),
        (replace(SEEN, window=()), Action.REGENERATE, ADA, texts.SUMMED_UP),
        (replace(SEEN, window=SEEN.window[2:]), Action.REGENERATE, ADA, texts.SUMMED_UP),
        (replace(SEEN, window=ASKED), Action.REGENERATE, ADA, texts.NOT_LAST),
        (Conversation(), Action.REGENERATE, ADA, texts.NOTHING_STORED),
    ],
)
def test_what_a_control_asks_for(
    seen: Conversation, action: Action, author: Author, outcome: Again | str
) -> None:
    wanted = wanted_by(pressing(action, THREAD, "t1", author), seen)
    assert (wanted.again if isinstance(wanted, Wanted) else wanted) == outcome


@given(st.text(max_size=8), st.sampled_from([Action.REGENERATE, Action.CONTINUE]))
def test_a_control_of_another_answer_gets_nothing(turn: str, action: Action) -> None:
    if turn != "t1":
        assert wanted_by(pressing(action, THREAD, turn), CUT) == texts.NOT_LAST
        assert isinstance(wanted_by(pressing(action, THREAD, turn), FAILED), str)
