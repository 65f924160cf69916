"""`bobbin run` in a terminal or a pipe, with the demo model and the bundled store."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.process import assert_healthy
from tests.flows.program import BotProcess, bot, environment, run_bot
from tests.servers import free_port
from tests.simulators.openai_sim import Answer, OpenAISimulator

NO_TOKEN = (
    "No token is set (DISCORD_TOKEN, or SLACK_BOT_TOKEN and SLACK_APP_TOKEN), "
    "so this is a chat in the terminal.\n"
)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="bobbin-cli-") as directory:
        yield Path(directory)


async def test_a_pipe_is_answered_line_by_line_and_remembered(folder: Path) -> None:
    first = await run_bot(
        folder, "run", typed=b"hello\nMy favourite colour is teal.\n\n/summary\n/Usage\n!help\n"
    )
    assert first.code == 0, first.log
    lines = first.out.splitlines()
    assert lines[0].startswith("Hello ")
    order = [
        next(at for at, line in enumerate(lines) if sign in line)
        for sign in ("Hello", "teal", "## ", "4 messages stored, 2 answers", "`/forget`")
    ]
    assert order == sorted(order)
    assert first.log == NO_TOKEN

    second = await run_bot(folder, "chat", typed=b"What is my favourite colour?")
    assert second.code == 0
    assert "My favourite colour is teal." in second.out
    assert second.out.endswith("\n")
    assert second.log == ""


async def test_a_line_that_nothing_comes_of_holds_nothing_up(folder: Path) -> None:
    ended = await run_bot(folder, "run", typed=b"!ignore this\nhello\n")
    assert ended.code == 0, ended.log
    assert ended.out.startswith("Hello ")

    turned_away = await run_bot(
        folder, "run", typed=b"hello\nhello?\n", env={"BOBBIN_DIRECT_MESSAGES": "off"}
    )
    assert turned_away.code == 0, turned_away.log
    assert turned_away.out.count("\n") == 1


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
async def test_hostile_input_is_answered(folder: Path, locale: str) -> None:
    typed = b"caf\xff\xfe\n\x00nul\x00\n   \n\t\n/nonsense\n/\n//\n" + b"long " * 100_000 + b"\n"
    ended = await run_bot(
        folder, "run", typed=typed, env={"LANG": locale, "PYTHONUTF8": "0"}, fresh=True
    )
    assert ended.code == 0
    assert ended.out.count("I don't know that command. /help lists what I can do.\n") == 3
    assert "I can see 3 messages" in ended.out
    assert ended.log == NO_TOKEN


@pytest.mark.parametrize("typed", [b"", b"\n  \n\t\n\n"], ids=["nothing", "blanks"])
async def test_no_words_no_answer(folder: Path, typed: bytes) -> None:
    ended = await run_bot(folder, "run", typed=typed)
    assert (ended.code, ended.out, ended.log) == (0, "", NO_TOKEN)


async def test_forget_begins_anew(folder: Path) -> None:
    ended = await run_bot(
        folder, "run", typed=b"I decided on Friday.\n/forget sure\n/usage\nwhat did I say first?\n"
    )
    assert ended.code == 0
    assert "Forgotten: 2 messages" in ended.out
    assert "I keep nothing about this thread." in ended.out
    assert "I can see nothing earlier" in ended.out
    files = [path for path in (folder / "data").rglob("*") if path.is_file()]
    assert any(b"what did I say first?" in path.read_bytes() for path in files)
    assert not any(b"decided on Friday" in path.read_bytes() for path in files)


async def test_a_word_after_a_command_that_means_nothing_is_told_and_nothing_done(
    folder: Path,
) -> None:
    ended = await run_bot(
        folder,
        "run",
        typed=b"I decided on Friday.\n/forget evrything\n/1\n"
        b"/remember for=workspace Friday it is\n/remember for=her Friday it is\n",
    )
    assert ended.out.count("There are only the two of us here: say `for=me`, or nothing.") == 2
    assert ended.code == 0
    assert "I don't know “evrything” after /forget." in ended.out
    assert "Forget this conversation?" not in ended.out


async def test_memories_are_pressed_by_their_numbers(folder: Path) -> None:
    typed = (
        b"/remember My loom is crimson #loom\n/memories\n/1\n/1 My loom is teal\n"
        b"/memories loom\nremember that my shuttle is brass\n/1\n"
        b"/forget everything\n/1\n/memories\n"
    )
    ended = await run_bot(folder, "run", typed=typed)
    assert ended.code == 0
    assert "Remembered, for the two of us:\n> My loom is crimson #loom" in ended.out
    assert "  /1 Edit  /2 Pin  /3 Delete\n" in ended.out
    assert "My loom is crimson\nWrite /1 and the new words behind it." in ended.out
    assert "Corrected." in ended.out and "> My loom is teal #loom" in ended.out
    # What the model has remembered can be taken back like what a command has.
    told = "Noted.\n\n🧠 Remembered for the two of us: my shuttle is brass\n  /1 Undo\n"
    assert f"{told}Taken back: that is not remembered any more.\n" in ended.out
    assert "- 2 memories of your own" in ended.out
    assert "/1 Forget it all  /2 Keep it" in ended.out
    assert ended.out.rstrip().endswith("`/remember` begins it.")
    files = [path for path in (folder / "data").rglob("*") if path.is_file()]
    assert not any(b"loom is" in path.read_bytes() for path in files)


async def test_each_way_of_forgetting_asks_first(folder: Path) -> None:
    typed = (
        b"my loom is ultramarine\n/remember The warp is ultramarine\n"
        b"/remember The weft is ultramarine\n/forget memory=warp\n/1\n/1\n/forget memory=warp\n"
        b"/forget\n/2\n/forget\n/1\n/1\n/forget\n"
    )
    ended = await run_bot(folder, "run", typed=typed)
    assert ended.code == 0
    at = 0
    for step in (
        "Which one do you mean?\n> The warp is ultramarine",
        "Delete this for good?",
        "Deleted for good.",
        "I find nothing about",
        # What was remembered here goes with the conversation that it came from.
        "**Forget this conversation?** That erases 2 messages",
        "1 memory made from it",
        "/1 Forget it  /2 Keep it",
        "Nothing was erased.",
        "/1 Forget it  /2 Keep it",
        "Forgotten: 2 messages",
        # What was offered is over; the next one finds nothing to forget.
        "There is nothing under /1 now: numbers belong to what was shown last.",
        "I keep nothing about this thread.",
    ):
        assert step in ended.out[at:], (step, ended.out[at:])
        at = ended.out.index(step, at) + len(step)
    files = [path for path in (folder / "data").rglob("*") if path.is_file()]
    assert not any(b"ultramarine" in path.read_bytes() for path in files)


async def test_export_writes_files_and_says_where(folder: Path) -> None:
    ended = await run_bot(folder, "run", typed=b"hello\n/export\n/settings\n/connect\n/1\n")
    assert ended.code == 0
    # There is nothing here but the two of them.
    assert "for: all that I remember here" in ended.out
    assert not any(word in ended.out for word in ("channel", "server", "mention"))
    files = sorted(name for name in os.listdir(folder) if name.startswith("bobbin-"))
    assert [name.rpartition(".")[2] for name in files] == ["json", "md"]
    assert ended.out.count("Written to ") == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_it_in_order(folder: Path, number: signal.Signals) -> None:
    async with bot(folder, "run", stdin=asyncio.subprocess.PIPE) as process:
        await process.write(b"hello\n")
        await process.prints("Sum it up")
        ended = await process.terminate(number)
    assert (ended.code, ended.log) == (0, NO_TOKEN)


async def test_a_signal_at_the_start_ends_it_too(folder: Path) -> None:
    """It comes while the first line is waited for, and a thread is reading."""
    env = {"BOBBIN_LOG_LEVEL": "INFO"}
    async with bot(folder, "run", env=env, stdin=asyncio.subprocess.PIPE) as process:
        await process.prints("answers on console", log=True)
        ended = await process.terminate()
    assert ended.code == 0
    assert_healthy([ended.log])
    assert "Fatal" not in ended.log
    assert "socket" not in os.listdir(folder / "data")


async def test_nobody_reads_the_answers(folder: Path) -> None:
    read, write = os.pipe()
    process = await asyncio.create_subprocess_exec(
        *BotProcess.command("run"),
        cwd=folder,
        env=environment(folder),
        stdin=asyncio.subprocess.PIPE,
        stdout=write,
        stderr=asyncio.subprocess.PIPE,
    )
    os.close(write)
    os.close(read)
    _, log = await asyncio.wait_for(process.communicate(b"hello\nhello again\n"), 20)
    assert process.returncode == 1
    assert_healthy([log.decode()])
    assert b"Whatever read the output has ended." in log
    assert log.count(b"cannot be printed") == 1


async def test_closed_streams_do_no_harm(folder: Path) -> None:
    for closed in ("<&-", ">&-", "<&- >&- 2>&-"):
        process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            f'exec "$@" {closed}',
            "sh",
            *BotProcess.command("run"),
            cwd=folder,
            env=environment(folder),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, log = await asyncio.wait_for(process.communicate(), 20)
        assert (process.returncode, out) == (0, b"")
        assert log == (b"" if "2>" in closed else NO_TOKEN.encode())


async def test_a_second_terminal_has_a_conversation_of_its_own(folder: Path) -> None:
    async with OpenAISimulator() as openai:
        env = openai.environment() | {"OPENAI_MODEL": "gpt-6-luna"}
        # What one says elsewhere is recalled; here it is told apart by what is sent as history.
        env["BOBBIN_RECALL_TOKENS"] = "0"
        # A chat beside a bot that runs with the same settings leaves the port to it.
        env["BOBBIN_HTTP_PORT"] = str(free_port())
        held = Answer("The first answer, at last.").hold()
        openai.script.extend([held, Answer("The second answer, here.")])
        async with bot(folder, "chat", env=env, stdin=asyncio.subprocess.PIPE) as first:
            await first.write(b"question one\n")
            await openai.until(lambda: len(openai.chats) == 1)
            second = await run_bot(folder, "chat", env=env, typed=b"question two\n")
            assert (second.code, second.log) == (0, "")
            assert second.out == "The second answer, here.\n"
            assert "question one" not in "".join(openai.chats[1].texts())
            held.release_all()
            await first.prints("The first answer, at last.")
            await first.write(b"", end=True)
            assert (await first.ended()).code == 0
        openai.script.append(Answer("The third answer, there."))
        third = await run_bot(folder, "chat", env=env, typed=b"question three\n")
        assert third.out == "The third answer, there.\n"
        texts = "".join(openai.chats[2].texts())
        assert "question one" in texts and "question two" not in texts
        assert openai.violations == []
