"""`bobbin memory …` as people type it: to remember, find, correct, move and erase."""

from __future__ import annotations

import json
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.memories import Scope
from bot.storage.connect import open_redis
from bot.storage.keys import ScopeKeys
from tests.flows.program import Ended, bot, run_bot
from tests.payloads.exports import BARE_ENTITY, ENTITY, MEM0_FULL, RELATION, chatgpt, claude
from tests.servers import Valkey

ADA = ("--person", "discord:@:7001")
EVE = ("--person", "discord:@:6666")
CHANNEL = "channel:slack:T0WEAVERS1:C0GENERAL1::"
ELSEWHERE = "channel:slack:T1:C404::"
OWN = "user:discord:@:::7001"
DAY = 86_400
YEAR = 365 * DAY


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where the commands run."""
    with tempfile.TemporaryDirectory(prefix="bobbin-cli-") as directory:
        yield Path(directory)


@pytest.fixture
def env(server: Valkey) -> Mapping[str, str]:
    """The store."""
    return {"REDIS_URL": server.url}


class Shell:
    """Types commands."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._env = env

    async def run(self, *arguments: str, typed: bytes = b"") -> Ended:
        """`bobbin memory` with these."""
        return await run_bot(self._folder, "memory", *arguments, env=self._env, typed=typed)

    async def good(self, *arguments: str, typed: bytes = b"") -> str:
        """What it prints, when all goes well."""
        ended = await self.run(*arguments, typed=typed)
        assert (ended.code, ended.log) == (0, ""), ended
        return ended.out

    async def json(self, *arguments: str) -> Any:
        """The same for programs."""
        return json.loads(await self.good(*arguments, "--json"))


@pytest.fixture
def shell(folder: Path, env: Mapping[str, str]) -> Shell:
    """Commands on an empty store."""
    return Shell(folder, env)


async def test_a_memory_from_its_first_word_to_its_last(shell: Shell) -> None:
    made = await shell.json("add", "The blue loom has 8 shafts", *ADA, "--tag", "#Looms", "--pin")
    assert made["result"] == "created"
    first = made["memory"]["id"]
    assert made["memory"]["tags"] == ["looms"] and made["memory"]["scope"] == OWN
    await shell.good("add", "-", *ADA, "--kind", "preference", typed=b"Prefers linen warp\n")
    listed = await shell.json("list", *ADA, "--limit", "1")
    assert [each["content"] for each in listed["memories"]] == ["Prefers linen warp"]
    assert first in await shell.good("list", *ADA, "--after", listed["after"])
    [hit] = await shell.json("search", "how many shafts?", *ADA, "--limit", "1")
    assert hit["memory"]["id"] == first
    told = await shell.json("context", "shafts", *ADA, "--max-tokens", "300")
    assert "8 shafts" in told["text"] and 0 < told["tokens"] <= 300
    new = await shell.json("edit", first, *ADA, "--content", "The blue loom has 4 shafts")
    second = new["memory"]["id"]
    assert new["memory"]["supersedes"] == [first]
    assert "superseded" in await shell.good("show", first, *ADA)
    stale = await shell.run("edit", second, *ADA, "--kind", "fact", "--if-version", "9")
    assert stale.code == 1 and stale.out.startswith("conflict")
    assert "it is at version 1 now" in stale.out
    lost = await shell.run("list", *ADA, "--after", "nothing")
    assert (lost.code, lost.log) == (2, "That is not a place to go on from.\n")
    undone = await shell.good("undo", second, *ADA)
    assert undone.startswith(f"taken back  {second}  it is not remembered any more\n")
    nowhere = await shell.run("undo", "mem_nowhere", *ADA)
    assert (nowhere.code, nowhere.out) == (1, "there is no mem_nowhere there\n")
    assert f"holds again: {first}  The blue loom has 8 shafts" in undone
    assert (await shell.json("show", first, *ADA))["status"] == "active"
    await shell.good("share", first, *ADA, "--to", CHANNEL)
    assert (await shell.json("stats", "--scope", CHANNEL))["total"] == 1
    assert CHANNEL in await shell.good("scopes")
    misspelt = await shell.run("list", "--scope", f"{CHANNEL.removesuffix('::')}0::")
    assert f"0::; there is {CHANNEL}" in misspelt.log
    await shell.good("add", "Not for long", "--scope", ELSEWHERE)
    [gone] = (await shell.json("list", "--scope", ELSEWHERE))["memories"]
    await shell.good("delete", gone["id"], "--scope", ELSEWHERE, "--yes")
    assert not {ELSEWHERE, "user:shell:@:::operator"} & (await shell.json("scopes")).keys()
    refused = await shell.run("delete", first, *ADA)
    assert refused.code == 2 and "--yes" in refused.log
    partly = await shell.run("delete", first, second, *ADA, "--yes")
    assert (partly.code, partly.out) == (1, f"deleted  {first}\nmissing  {second}\n")
    gone = await shell.run("show", first, *ADA)
    assert (gone.code, gone.out) == (1, "") and first in gone.log


async def test_nothing_is_seen_that_was_not_named(shell: Shell) -> None:
    made = await shell.json("add", "Ada keeps silkworms", *ADA)
    for command in (("list",), ("search", "silkworms"), ("export",), ("stats",)):
        nobody = await shell.run(*command)
        assert nobody.code == 2 and "--person" in nobody.log, command
        other = await shell.run(*command, *EVE)
        assert "silkworms" not in other.out
    assert (await shell.run("show", made["memory"]["id"], *EVE)).code == 1
    ended = await shell.run("delete", made["memory"]["id"], *EVE, "--yes")
    assert ended.code == 1 and "missing" in ended.out
    for wrong in (("list", "--person", "ada"), ("list", "--scope", "channel"), ("edit", "x", *ADA)):
        ended = await shell.run(*wrong)
        assert ended.code == 2 and "Traceback" not in ended.log, wrong


async def test_an_export_comes_back_to_the_byte_after_everything_is_gone(
    shell: Shell, folder: Path
) -> None:
    first = (await shell.json("add", "Ünïcode “quotes” 🧵\u200d and a\nline", *ADA))["memory"]["id"]
    await shell.good("edit", first, *ADA, "--content", "Second words 🎉", "--tag", "é")
    await shell.good("add", "Oil on Mondays", "--scope", CHANNEL, "--event", "2031-01-31")
    await shell.good("add", "Shy", "--scope", "dm:discord:@me:::7001", "--expires", "30d")
    await shell.good("search", "second words", *ADA)
    ended = await shell.run("export", "--all", "-o", "all.jsonl")
    assert (ended.code, ended.out, ended.log) == (0, "", "all.jsonl: 4 memories\n")
    assert stat.S_IMODE((folder / "all.jsonl").stat().st_mode) == 0o600
    before = (folder / "all.jsonl").read_text(encoding="ascii")
    assert len(before.splitlines()) == 5 and '"superseded"' in before
    # As if they had been recalled now and then.
    before = before.replace('"used_at": 0.0, "uses": 0', '"used_at": 1764547200.125, "uses": 3')
    (folder / "all.jsonl").write_text(before, encoding="ascii")
    assert "4 memories" in (await shell.run("forget", "--all")).log
    await shell.good("forget", "--all", "--yes")
    nothing = await shell.run("forget", "--all")
    assert (nothing.code, nothing.log) == (1, "nothing is remembered there\n")
    assert len((await shell.good("export", "--all")).splitlines()) == 1
    dry = await shell.good("import", "all.jsonl", "--all", "--dry-run")
    assert dry == "would import memories: 4 new, 0 there already\n"
    assert len((await shell.good("export", "--all")).splitlines()) == 1
    assert "4 new" in await shell.good("import", "all.jsonl", "--all")
    assert await shell.good("export", "--all") == before
    assert "0 new, 4 there already" in await shell.good(
        "import", "-", "--all", typed=before.encode()
    )
    assert await shell.good("export", "--all") == before


async def test_what_belongs_to_others_comes_in_as_ones_own(shell: Shell) -> None:
    await shell.good("add", "Ada keeps silkworms", *ADA)
    lines = (await shell.good("export", *ADA)).encode()
    assert "1 new" in await shell.good("import", "-", *EVE, typed=lines)
    assert "1 there already" in await shell.good("import", "-", *EVE, typed=lines)
    [mine] = (await shell.json("list", *EVE))["memories"]
    assert (mine["scope"], mine["content"]) == ("user:discord:@:::6666", "Ada keeps silkworms")


async def test_a_bad_line_is_named_and_nothing_is_kept(shell: Shell, folder: Path) -> None:
    await shell.good("add", "Good", *ADA)
    lines = (await shell.good("export", *ADA)).splitlines()
    broken = [lines[0], lines[1], "{", lines[1].replace('"uses": 0', '"uses": -1')]
    (folder / "broken.jsonl").write_text("\n".join(broken))
    await shell.good("forget", *ADA, "--yes")
    refused = await shell.run("import", "broken.jsonl", *ADA)
    assert (refused.code, refused.out) == (1, "")
    assert "broken.jsonl: line 3: not valid JSON" in refused.log
    assert "line 4: uses:" in refused.log
    dry = await shell.run("import", "broken.jsonl", *ADA, "--dry-run")
    assert dry.code == 1 and "1 new, 0 there already, 2 unreadable" in dry.out
    assert (await shell.json("list", *ADA))["memories"] == []
    missing = await shell.run("import", "nowhere.zip", *ADA)
    assert (missing.code, missing.log) == (1, "nowhere.zip: No such file or directory\n")


async def test_an_import_that_was_killed_is_completed_by_another(
    shell: Shell, folder: Path, env: Mapping[str, str], server: Valkey
) -> None:
    items = [{"id": str(n), "memory": f"Fact number {n} of the loom"} for n in range(4_000)]
    (folder / "mem0.json").write_text(json.dumps(items))
    client: Any = open_redis(server.url)
    key = ScopeKeys(Scope.parse(OWN)).order
    async with bot(folder, "memory", "import", "mem0.json", *ADA, env=env) as process:
        while not await client.zcard(key):
            assert process.running
        await process.kill()
    half = await client.zcard(key)
    await client.aclose()
    assert 0 < half < 4_000
    sum_ = await shell.good("import", "mem0.json", *ADA)
    assert sum_ == f"memories: {4_000 - half} new, {half} there already\n"


async def test_secrets_are_left_out_one_by_one(shell: Shell, folder: Path) -> None:
    items = [{"id": "1", "memory": "Likes madder"}, {"id": "2", "memory": "password: hunter2!x"}]
    (folder / "mem0.json").write_text(json.dumps({"results": items}))
    for extra in (("--dry-run",), ()):
        ended = await shell.run("import", "mem0.json", *ADA, *extra)
        assert ended.code == 1 and "1 new, 0 there already, 1 refused" in ended.out
        assert "entry 2: " in ended.out and "hunter2" not in ended.out + ended.log
    [kept] = (await shell.json("list", *ADA))["memories"]
    assert kept["content"] == "Likes madder"


async def test_memories_of_other_programs(shell: Shell, folder: Path) -> None:
    long = {"id": "long", "memory": "One sentence about weaving. " * 60}
    mem0 = {**MEM0_FULL, "results": [*MEM0_FULL["results"], long]}
    (folder / "mem0.json").write_text(json.dumps(mem0))
    graph = "\n".join(map(json.dumps, (ENTITY, BARE_ENTITY, RELATION)))
    (folder / "memory.jsonl").write_text(graph)
    assert "4 new" in await shell.good("import", "mem0.json", *ADA)
    assert "4 new" in await shell.good("import", "memory.jsonl", *ADA)
    assert "0 new, 4 there already" in await shell.good("import", "memory.jsonl", *ADA)
    assert "0 new, 4 there already" in await shell.good("import", "mem0.json", *ADA)
    [hit, *_] = await shell.json("search", "which warp?", *ADA)
    memory = hit["memory"]
    assert memory["content"] == "Prefers linen warp over cotton"
    assert memory["kind"] == "preference" and memory["tags"][0] == "hobbies"
    assert memory["source"]["via"] == "import" and memory["source"]["author"] == "discord:@:7001"
    assert memory["source"]["link"] == "mem0:8d0c1f0e-6e3b-4c55-9f0e-6e2f0a6d2c11"
    assert "4 new" in await shell.good("import", "memory.jsonl", *ADA, "--scope", CHANNEL)
    assert (await shell.json("stats", "--scope", CHANNEL))["total"] == 4


async def test_imported_conversations_end_when_it_is_set(
    folder: Path, env: Mapping[str, str]
) -> None:
    (folder / "claude.json").write_text(json.dumps([claude()]))
    shell = Shell(folder, {**env, "BOBBIN_IMPORT_RETENTION_DAYS": "2"})
    await shell.good("import", "claude.json", *ADA)
    client = open_redis(env["REDIS_URL"])
    lasting = [await client.ttl(key) async for key in client.scan_iter("*@import-7001:*:log")]
    await client.aclose()
    assert len(lasting) == 1 and 0 < lasting[0] <= 2 * DAY


async def test_conversations_of_other_programs_are_searched_like_ones_own(
    shell: Shell, folder: Path, env: Mapping[str, str]
) -> None:
    with zipfile.ZipFile(folder / "chatgpt.zip", "w") as archive:
        archive.writestr("conversations.json", json.dumps([chatgpt()]))
    (folder / "claude.json").write_text(json.dumps([claude()]))
    whose = await shell.run("import", "chatgpt.zip", "--scope", CHANNEL)
    assert whose.code == 2 and "--person" in whose.log
    sum_ = await shell.good("import", "chatgpt.zip", *ADA, "--name", "Ada")
    assert sum_ == "conversations: 1 new, 0 there already\n"
    await shell.good("import", "claude.json", *ADA)
    assert "0 new, 1 there already" in await shell.good("import", "chatgpt.zip", *ADA)
    hits = await shell.json("search", "what does madder need as a mordant", *ADA)
    assert any("chalk" in (hit["said"] or {}).get("text", "") for hit in hits)
    hits = await shell.json("search", "shafts of a floor loom", *ADA)
    assert hits[0]["said"]["thread"].startswith("discord:@:@import-7001:chatgpt-")
    nothing = await shell.run("search", "shafts of a floor loom", *EVE)
    assert (nothing.code, nothing.out) == (1, "nothing found\n")
    client = open_redis(env["REDIS_URL"])
    lasting = [await client.ttl(key) async for key in client.scan_iter("*@import-7001:*:log")]
    await client.aclose()
    assert len(lasting) == 2 and min(lasting) > 50 * YEAR
    told = await shell.run("forget", *ADA)
    assert "and what they had remembered in shared places" in told.log
    assert told.code == 2 and "2 imported conversations" in told.log
    assert "2 imported" in await shell.good("forget", *ADA, "--yes")
    assert (await shell.run("search", "madder", *ADA)).code == 1
