"""What the command line says and returns: settings, tokens, import and export, doctor."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.program import bot, run_bot
from tests.servers import Valkey, free_port
from tests.simulators.discord_sim import DiscordSimulator
from tests.simulators.openai_sim import OpenAISimulator
from tests.simulators.slack_sim import SlackSimulator


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="bobbin-cli-") as directory:
        yield Path(directory)


async def test_all_problems_are_listed_at_once(folder: Path) -> None:
    ended = await run_bot(
        folder,
        "run",
        env={
            "OPENAI_BASE_URL": "localhost:8000",
            "OPENAI_TEMPERATURE": "warm",
            "REDIS_URL": "http://cache",
            "BOBBIN_CONTEXT_TOKENS": "5",
            "BOBBIN_LEASE_SECONDS": "nan",
            "BOBBIN_LOG_LEVEL": "loud",
            "BOBBIN_SYSTEM_PROMPT_FILE": "missing.txt",
            "SLACK_BOT_TOKEN": "xoxb-1-2-secret",
        },
    )
    assert (ended.code, ended.out) == (2, "")
    lines = ended.log.splitlines()
    assert lines[0] == "Bobbin can't start, the settings are wrong:"
    assert [line.split(":")[0].strip() for line in lines[1:-1]] == [
        "OPENAI_BASE_URL",
        "OPENAI_TEMPERATURE",
        "REDIS_URL",
        "BOBBIN_CONTEXT_TOKENS",
        "BOBBIN_LEASE_SECONDS",
        "BOBBIN_LOG_LEVEL",
        "SLACK_APP_TOKEN",
        "BOBBIN_SYSTEM_PROMPT_FILE",
    ]
    assert "5 is out of range. Write a whole number from 1000 to 1000000." in ended.log
    assert all(line.endswith(".") for line in lines[1:])
    assert "secret" not in ended.log and "Traceback" not in ended.log


async def test_dotenv_is_read_and_the_environment_wins(folder: Path) -> None:
    (folder / ".env").write_text("BOBBIN_LOG_LEVEL=loud\nBOBBIN_CONTEXT_TOKENS=5\n")
    both = await run_bot(folder, "run")
    assert both.code == 2
    assert "'loud' does not look right" in both.log and "5 is out of range" in both.log
    env = {"BOBBIN_LOG_LEVEL": "ERROR", "BOBBIN_CONTEXT_TOKENS": "  "}
    one = await run_bot(folder, "run", env=env)
    assert one.code == 2
    assert "BOBBIN_LOG_LEVEL" not in one.log and "5 is out of range" in one.log
    (folder / ".env").write_text("BOBBIN_LOG_LEVEL=\nBOBBIN_CONTEXT_TOKENS= \nDISCORD_TOKEN=\n")
    good = await run_bot(folder, "chat")
    assert (good.code, good.log) == (0, "")


async def test_dotenv_values_are_taken_as_they_stand(folder: Path) -> None:
    (folder / ".env").write_text("BOBBIN_LOG_LEVEL=a${HOME}b\n")
    ended = await run_bot(folder, "run")
    assert ended.code == 2
    assert "BOBBIN_LOG_LEVEL: 'a${HOME}b' does not look right." in ended.log


async def test_a_dotenv_that_is_no_text_file_gets_a_clear_word(folder: Path) -> None:
    (folder / ".env").write_text("OPENAI_MODEL=x\n", encoding="utf-16")
    for command in ("run", "doctor"):
        ended = await run_bot(folder, command)
        assert ended.code == 2
        assert ".env: is not UTF-8 text." in ended.log
    # Docker makes a folder of what is to be mounted and is not there.
    (folder / ".env").unlink()
    (folder / ".env").mkdir()
    ended = await run_bot(folder, "run")
    assert ended.code == 2
    assert ".env: cannot be read (Is a directory). It has to be a file" in ended.log
    # One that is there and cannot even be looked at is not none.
    (folder / ".env").rmdir()
    (folder / ".env").symlink_to(".env")
    ended = await run_bot(folder, "run")
    assert ended.code == 2 and ".env: cannot be read" in ended.log


async def test_a_line_of_dotenv_that_cannot_be_read_is_named(folder: Path) -> None:
    (folder / ".env").write_text('OPENAI_MODEL=x\nDISCORD_TOKEN="abc\n')
    for command in ("run", "doctor"):
        ended = await run_bot(folder, command)
        assert ended.code == 2
        assert ".env: has a line 2 that can't be read." in ended.log
        assert "abc" not in ended.log


async def test_without_any_platform_a_service_does_not_start(folder: Path) -> None:
    ended = await run_bot(folder, "run", "--no-console")
    assert (ended.code, ended.out) == (2, "")
    assert ended.log == (
        "Bobbin can't start, no platform is configured: "
        "set DISCORD_TOKEN, or SLACK_BOT_TOKEN and SLACK_APP_TOKEN.\n"
    )
    assert not (folder / "data").exists()


async def test_a_misspelt_name_is_pointed_out(folder: Path) -> None:
    ended = await run_bot(folder, "run", env={"DISCORD_TOKN": "x"})
    assert ended.code == 0
    assert "DISCORD_TOKN is not a variable that I know; did you mean DISCORD_TOKEN?" in ended.log


async def test_a_refused_discord_token_ends_it(server: Valkey, folder: Path) -> None:
    async with OpenAISimulator() as openai, DiscordSimulator() as discord:
        env = openai.environment() | discord.environment() | {"REDIS_URL": server.url}
        ended = await run_bot(folder, "run", env=env | {"DISCORD_TOKEN": "not.the.token"})
        assert ended.code == 1
        assert "discord is switched off" in ended.log
        assert "not.the.token" not in ended.log and "Traceback" not in ended.log
        assert len(discord.requests) == 1


async def test_a_refused_slack_token_ends_it(server: Valkey, folder: Path) -> None:
    async with OpenAISimulator() as openai, SlackSimulator() as slack:
        env = openai.environment() | slack.environment() | {"REDIS_URL": server.url}
        ended = await run_bot(folder, "run", env=env | {"SLACK_BOT_TOKEN": "xoxb-1-2-wrong"})
        assert ended.code == 1
        assert "slack is switched off" in ended.log
        assert "xoxb-1-2-wrong" not in ended.log and "Traceback" not in ended.log


async def test_the_other_platform_goes_on(server: Valkey, folder: Path) -> None:
    async with (
        OpenAISimulator() as openai,
        DiscordSimulator() as discord,
        SlackSimulator() as slack,
    ):
        env = openai.environment() | discord.environment() | slack.environment()
        env |= {"REDIS_URL": server.url, "SLACK_BOT_TOKEN": "xoxb-1-2-wrong"}
        env |= {"OPENAI_API": "responses"}
        guild = await discord.add_guild("Weavers")
        general = await discord.add_text_channel(guild, "general")
        ada = discord.add_user("ada", "Ada")
        async with bot(folder, "run", env=env) as process:
            await process.prints("slack is switched off", log=True)
            await discord.until_connected(1, 20)
            asked = await discord.say(general, ada, f"{discord.mention} still there?")
            thread = await discord.until(lambda: discord.thread_of(asked), 20)
            await discord.until(lambda: discord.messages(thread, by=discord.bot), 20)
            ended = await process.terminate()
        assert ended.code == 0
        assert discord.violations == [] and openai.violations == []


async def test_export_and_import_are_inverse(folder: Path) -> None:
    made = await run_bot(folder, "run", typed="Ünïcode “quotes” 🎉\nsecond\n".encode())
    assert made.code == 0
    first = await run_bot(folder, "export")
    empty = {"BOBBIN_DATA_DIR": str(folder / "other")}
    # As with Docker, where the file is on this side.
    done = await run_bot(folder, "import", "-", typed=first.out.encode(), env=empty)
    assert (done.code, done.out) == (0, "1 conversation(s) imported\n")
    again = await run_bot(folder, "export", env=empty)
    assert again.out == first.out
    name = json.loads(first.out)[1]["thread"]
    one = await run_bot(folder, "export", name, "-o", "one.json", env=empty)
    assert (one.code, one.out, one.log) == (0, "", "one.json: 1 conversation(s)\n")
    assert (folder / "one.json").read_text(encoding="utf-8") == first.out
    assert stat.S_IMODE((folder / "one.json").stat().st_mode) == 0o600
    assert sorted(os.listdir(folder)) == ["data", "one.json", "other"]
    nowhere = await run_bot(folder, "export", "-o", "no/where.json", env=empty)
    assert (nowhere.code, nowhere.log) == (1, "no/where.json: No such file or directory\n")
    missing = await run_bot(folder, "export", "console:local:terminal:nowhere", env=empty)
    assert (missing.code, missing.out) == (1, "")
    talk = await run_bot(folder, "run", typed=b"what did I say first?\n", env=empty)
    assert "Ünïcode “quotes” 🎉" in talk.out


async def test_an_import_replaces_nothing_unless_told(folder: Path) -> None:
    assert (await run_bot(folder, "chat", typed=b"the first\n")).code == 0
    assert (await run_bot(folder, "export", "-o", "old.json")).code == 0
    assert (await run_bot(folder, "chat", typed=b"the second\n")).code == 0
    refused = await run_bot(folder, "import", "old.json")
    assert (refused.code, refused.out) == (1, "0 conversation(s) imported\n")
    assert refused.log == (
        "console:local:terminal:main: left alone, it is stored already; "
        "--replace puts the file's in its place\n"
    )
    assert "the second" in (await run_bot(folder, "export")).out
    done = await run_bot(folder, "import", "old.json", "--replace")
    assert (done.code, done.out, done.log) == (0, "1 conversation(s) imported\n", "")
    assert "the second" not in (await run_bot(folder, "export")).out


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b'[\n{"format": "bobbin.threads", "version": 2}\n]', "line 2: version"),
        (
            b'[\n{"format": "bobbin.threads", "version": 1},\n{"kind": "thr',
            "line 3: not valid JSON",
        ),
        (b"[\n\xff\n]", "line 2: this is not UTF-8 text"),
    ],
    ids=["version", "cut", "bytes"],
)
async def test_a_broken_import_is_refused_whole(
    folder: Path, content: bytes, complaint: str
) -> None:
    (folder / "broken.json").write_bytes(content)
    ended = await run_bot(folder, "import", "broken.json")
    assert (ended.code, ended.out) == (1, "")
    assert ended.log.startswith(f"broken.json: {complaint}"), ended.log
    assert "data" not in os.listdir(folder)


async def test_a_missing_import_file(folder: Path) -> None:
    ended = await run_bot(folder, "import", "nowhere.json")
    assert (ended.code, ended.log) == (1, "nowhere.json: No such file or directory\n")


async def test_doctor_good_and_bad(server: Valkey, folder: Path) -> None:
    async with OpenAISimulator() as openai, DiscordSimulator() as discord:
        env = openai.environment() | discord.environment()
        env |= {"REDIS_URL": server.url, "OPENAI_MODEL": "gpt-6-luna"}
        await discord.add_guild("Weavers")
        good = await run_bot(folder, "doctor", env=env)
        assert "BAD" not in good.out, good.out
        assert good.code == 0
        wrong = {"DISCORD_TOKEN": "no.such.token", "OPENAI_API_KEY": "sk-wrong", "REDIS_ULR": "x"}
        bad = await run_bot(folder, "doctor", env=env | wrong)
        assert bad.code == 1
        found = {line[5:].split(":")[0] for line in bad.out.splitlines() if line[:3] == "BAD"}
        assert "REDIS_ULR" in found and len(found) >= 3, bad.out
        for secret in ("no.such.token", "sk-wrong"):
            assert secret not in bad.out + bad.log
        assert "Traceback" not in bad.log


async def test_what_is_away_is_told_once_and_soon(folder: Path) -> None:
    away = f"127.0.0.1:{free_port()}"
    env = {"REDIS_URL": f"redis://{away}/0", "OPENAI_BASE_URL": f"http://{away}/v1"}
    commands = (("export",), ("memory", "list", "--all"), ("doctor",))
    export, memory, doctor = await asyncio.gather(
        *(run_bot(folder, *command, env=env) for command in commands)
    )
    for ended in (export, memory):
        assert (ended.code, ended.out) == (1, "")
        assert ended.log == (
            f"Redis does not answer at {away}\n"
            f"Check that Redis runs at {away}, and REDIS_URL if it is set.\n"
        )
    assert (doctor.code, doctor.log) == (1, "")
    bad = [line for line in doctor.out.splitlines() if line.startswith("BAD")]
    assert bad == [
        f"BAD  store: REDIS_URL: Redis does not answer at {away}. "
        f"Check that Redis runs at {away}, and REDIS_URL if it is set.",
        f"BAD  model: http://{away}/v1 cannot be reached: Connection refused. "
        f"Check that the server at http://{away}/v1 runs and that OPENAI_BASE_URL names it.",
    ]


async def test_doctor_lists_broken_settings(folder: Path) -> None:
    ended = await run_bot(folder, "doctor", env={"BOBBIN_LOG_LEVEL": "loud"})
    assert ended.code == 1
    assert "BAD  BOBBIN_LOG_LEVEL: 'loud' does not look right." in ended.out
