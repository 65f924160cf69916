"""Conversations from elsewhere: stored for one person, found by nobody else, gone with them."""

from __future__ import annotations

import io
import json
import secrets
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.api.faults import Fault
from bot.api.verifier import Verifier
from bot.audience import Audience, Grant, grant, imports_of
from bot.chat import ThreadKey
from bot.credentials import issue
from bot.errors import ImportRefused
from bot.memories import EVERY_SPACE, Person, Scope
from bot.memory.conversations import write_conversations
from bot.memory.files import read_file
from bot.memory.imported import ImportReport
from bot.memory.placing import Placing
from bot.memory.stage import Stage
from bot.records import Entry
from bot.storage.departures import forget_everywhere
from bot.storage.threads import Threads
from tests.payloads.exports import chatgpt, claude

ADA = Person("discord", EVERY_SPACE, "7001")
BOB = Person("slack", "T0WEAVERS1", "U0BOB")
NAME = "67f0c0de-1111-8001-9a9a-000000000001"
THREAD = ThreadKey("discord", "@", "@import-7001", f"chatgpt-{NAME}")


def zipped(files: Mapping[str, Any], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive with these files; values that are no bytes as JSON."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, value in files.items():
            archive.writestr(name, value if isinstance(value, bytes) else json.dumps(value))
    return made.getvalue()


async def imported(
    threads: Threads, data: bytes, person: Person = ADA, *, dry_run: bool = False
) -> ImportReport:
    """What an import of a file did."""
    with Stage(Placing(Grant(person, (), ())), 1_800_000_000.0) as stage:
        read_file(io.BytesIO(data), stage)
        return await write_conversations(threads, person, stage, name="Ada", dry_run=dry_run)


async def log_of(threads: Threads, thread: ThreadKey) -> list[Entry]:
    """What is stored."""
    return [entry async for entry in threads.entries(thread)]


async def test_a_conversation_is_stored_as_it_was_led(threads: Threads) -> None:
    report = await imported(threads, zipped({"conversations.json": [chatgpt()], "chat.html": b"x"}))
    assert (report.new, report.conversations) == (1, True)
    log = await log_of(threads, THREAD)
    assert [(each.role, each.author, each.author_id, each.text) for each in log] == [
        ("context", "ChatGPT", "", "Floor looms"),
        ("user", "Ada", "7001", "How many shafts has a floor loom?"),
        ("assistant", "ChatGPT", "", "Four or eight, mostly."),
        ("user", "Ada", "7001", "[picture]\n\nAnd this one? 🧶"),
        ("assistant", "ChatGPT", "", "That is a rigid heddle."),
    ]
    assert log[2].model == "gpt-5-thinking" and log[2].at == 1743800004.25
    assert await threads.searchable(imports_of(ADA)) == {THREAD}
    assert await threads.taking_part("discord", 0.0) == []
    assert await threads.latest_of("discord", "@", "7001") == []


async def test_a_dry_run_changes_nothing_and_a_second_import_finds_all_there(
    threads: Threads, client: Redis
) -> None:
    data = zipped({"export/conversations.json": [chatgpt(), chatgpt("second")]})
    before = sorted(await client.keys())
    dry = await imported(threads, data, dry_run=True)
    assert sorted(await client.keys()) == before
    assert (dry.new, dry.same, dry.dry_run) == (2, 0, True)
    assert (await imported(threads, data)).new == 2
    log = await log_of(threads, THREAD)
    again = await imported(threads, data)
    assert (again.new, again.same, again.renewed) == (0, 2, 0)
    assert (await imported(threads, data, dry_run=True)).same == 2
    assert await log_of(threads, THREAD) == log


async def test_one_that_has_gone_on_is_renewed(threads: Threads) -> None:
    short = {**chatgpt(), "current_node": "a1"}
    assert (await imported(threads, json.dumps([short]).encode())).new == 1
    assert len(await log_of(threads, THREAD)) == 3
    longer = await imported(threads, json.dumps([chatgpt()]).encode())
    assert (longer.renewed, longer.new) == (1, 0)
    assert len(await log_of(threads, THREAD)) == 5


async def test_numbered_files_of_one_archive_are_one_export(threads: Threads) -> None:
    files = {f"conversations-{n:03}.json": [chatgpt(f"c{n}")] for n in range(3)}
    assert (await imported(threads, zipped(files))).new == 3


async def test_only_their_owner_alone_is_granted_them(threads: Threads) -> None:
    await imported(threads, json.dumps([claude()]).encode(), BOB)
    place = imports_of(BOB)
    [thread] = await threads.searchable(place)
    assert thread.thread == "claude-0b7f3f0a-2222-4c4c-8d8d-000000000002"
    alone = Audience("slack", "T0WEAVERS1", "D1", alone=BOB, direct=True)
    assert place in grant(alone, BOB).channels
    assert place in grant(Audience("discord", "@me", "D2", alone=ADA), ADA, linked=[BOB]).channels
    assert place not in grant(Audience("slack", "T0WEAVERS1", "C1"), BOB).channels
    other = Person("slack", "T0WEAVERS1", "U0EVE")
    assert place not in grant(Audience("slack", "T0WEAVERS1", "D9", alone=other), other).channels


async def test_they_go_whole_when_their_owner_is_forgotten(threads: Threads, client: Redis) -> None:
    await imported(threads, json.dumps([chatgpt()]).encode())
    await imported(threads, json.dumps([claude()]).encode(), BOB)
    found = await forget_everywhere(threads, "discord", "*", "7001")
    assert sum(struck.entries for struck in found) == 5
    assert await log_of(threads, THREAD) == []
    assert await threads.searchable(imports_of(ADA)) == frozenset()
    assert len(await threads.searchable(imports_of(BOB))) == 1
    await threads.forget_person("slack", "T0WEAVERS1", "U0BOB")
    left = [await client.dump(key) for key in await client.keys()]
    assert not [raw for raw in left if b"madder" in (raw or b"") or b"shafts" in (raw or b"")]


async def test_a_broken_conversation_stops_the_whole_import(
    threads: Threads, client: Redis
) -> None:
    data = zipped({"conversations.json": [chatgpt(), {"id": "x", "mapping": [1]}, {"mapping": {}}]})
    before = sorted(await client.keys())
    with pytest.raises(ImportRefused) as caught:
        await imported(threads, data)
    assert str(caught.value) == (
        "conversation 2: it has no mapping of messages\nconversation 3: it has no id"
    )
    dry = await imported(threads, data, dry_run=True)
    assert (dry.new, dry.broken) == (1, 2)
    assert sorted(await client.keys()) == before


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (zipped({"chat.html": b"x"}), "no conversations.json"),
        (zipped({"conversations.json": b"\0" * 3_000_000}), "blow up"),
        (zipped({"../conversations.json": [chatgpt()]}), "points elsewhere"),
        (zipped({"conversations.json": [chatgpt()], "a\\..\\b": b"x"}), "points elsewhere"),
        (zipped({"/etc/conversations.json": [chatgpt()]}), "points elsewhere"),
        (zipped({"conversations.json": [chatgpt()]})[:-40], "damaged"),
        (b"PK\x03\x04 and no more", "damaged"),
    ],
    ids=["other", "bomb", "up", "backslash", "root", "cut", "none"],
)
def test_an_archive_that_is_none_is_refused(data: bytes, why: str) -> None:
    with Stage(Placing(Grant(ADA, (), ())), 0.0) as stage, pytest.raises(ImportRefused, match=why):
        read_file(io.BytesIO(data), stage)


def test_bytes_that_are_damaged_inside_are_refused() -> None:
    data = bytearray(zipped({"conversations.json": [chatgpt()]}, zipfile.ZIP_STORED))
    data[data.index(b"Floor looms")] ^= 1
    with Stage(Placing(Grant(ADA, (), ())), 0.0) as stage, pytest.raises(ImportRefused) as caught:
        read_file(io.BytesIO(bytes(data)), stage)
    assert "damaged" in str(caught.value)


def test_what_a_file_may_hold_has_an_end() -> None:
    data = json.dumps([chatgpt(str(n)) for n in range(20)]).encode()
    placing = Placing(Grant(ADA, (), ()))
    with Stage(placing, 0.0) as stage, pytest.raises(ImportRefused, match="larger than it may be"):
        read_file(io.BytesIO(data), stage, largest=10_000)
    with Stage(placing, 0.0, 5_000) as stage, pytest.raises(ImportRefused, match="more in it"):
        read_file(io.BytesIO(data), stage)


async def test_none_is_stored_any_more_once_the_token_has_ended(threads: Threads) -> None:
    issued = issue(
        Grant(ADA, (Scope.of_person(ADA),), ()),
        "laptop",
        now=0.0,
        random=secrets.token_bytes,
        days=0,
    )
    await threads.tokens.add(issued.credential)
    verifier = Verifier(threads.tokens, threads.links, threads.claims("api"), 100)

    async def still() -> None:
        if await threads.searchable(imports_of(ADA)):
            # Somebody forgets all about themselves once the first is stored.
            await threads.tokens.revoke_all(ADA)
            await threads.forget_channel(imports_of(ADA))
        await verifier.still(issued.token)

    second = json.loads(json.dumps(chatgpt()).replace(NAME, f"{NAME[:-1]}2"))
    data = zipped({"conversations.json": [chatgpt(), second]})
    with Stage(Placing(Grant(ADA, (), ())), 1_800_000_000.0) as stage:
        read_file(io.BytesIO(data), stage)
        assert stage.talks == 2
        with pytest.raises(Fault, match="in force"):
            await write_conversations(threads, ADA, stage, name="Ada", still=still)
    assert await threads.searchable(imports_of(ADA)) == set()
