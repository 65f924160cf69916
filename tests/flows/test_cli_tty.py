"""`bobbin chat` at a real terminal: what is typed, what is shown, and what stays of it."""

from __future__ import annotations

import os
import re
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.flows.program import ROOT, bot
from tests.flows.seated import Seated
from tests.simulators.openai_sim import Answer, Cut, OpenAISimulator, Request

PLAIN = {"BOBBIN_RECALL_TOKENS": "0", "OPENAI_MODEL": "gpt-6-luna"}
UP, LEFT = b"\x1b[A", b"\x1b[D"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="bobbin-cli-") as directory:
        yield Path(directory)


def _said(request: Request) -> str:
    """The newest message, without its author and the time."""
    return request.last_user_text.partition(": ")[2].partition("\n\n[Now: ")[0]


async def test_lines_are_long_edited_and_come_back_and_ctrl_z_waits_and_ctrl_c_ends(
    folder: Path,
) -> None:
    async with OpenAISimulator() as openai:
        openai.script.extend([Answer("One."), Answer("Two."), Answer("Three."), Answer("Four.")])
        env = openai.environment() | PLAIN
        async with Seated.at(folder, "chat", env=env, signalled=True) as seated:
            await seated.asks()
            long = f"begin {'word ' * 2000}end"
            await seated.write(long.encode() + b"\n")
            await seated.prints("One.\r\n")
            assert _said(openai.chats[0]) == long

            await seated.asks()
            await seated.write(b"the wrp" + LEFT * 2 + b"a\n")
            await seated.prints("Two.\r\n")
            await seated.asks()
            await seated.write(UP + b" and the weft\n")
            await seated.prints("Three.\r\n")
            assert [_said(each) for each in openai.chats[1:]] == [
                "the warp",
                "the warp and the weft",
            ]

            await seated.asks()
            await seated.write(b"\x1b[200~one\n\n    two\x1b[201~\n")
            await seated.prints("Four.\r\n")
            assert _said(openai.chats[3]) == "one\n\n    two"

            await seated.asks()
            await seated.write(b"half a wo")
            await seated.prints("half a wo")
            assert not seated.shows_lines
            await seated.write(b"\x1a")
            await seated.prints("half a wo\x1b[?2004l\r\nstopped\r\n\x1b[?2004h> half a wo")
            await seated.write(b"\x03")
            assert (await seated.ended()).code == 0
            assert seated.shows_lines
        assert openai.violations == []


@pytest.mark.parametrize(
    ("env", "bold"), [({}, "\x1b[1mreed hook\x1b[22m"), ({"NO_COLOR": "1"}, "**reed hook**")]
)
async def test_answers_fit_the_screen_the_log_has_lines_of_its_own_and_ctrl_d_ends(
    folder: Path, env: dict[str, str], bold: str
) -> None:
    async with OpenAISimulator() as openai:
        told = "Thread each end of the warp through the heddles with a **reed hook** first. "
        openai.script.append(Answer([told, "Then tie", Cut()]))
        env = openai.environment() | PLAIN | env
        async with Seated.at(folder, "chat", env=env, columns=40) as seated:
            await seated.asks()
            await seated.write(b"how?\n")
            await seated.prints("interrupted")
            await seated.asks()
            assert bold in seated.out
            assert seated.out.startswith(
                "What is said here is kept in ~/data (BOBBIN_DATA_DIR).\r\n"
            )
            lines = re.sub(r"\x1b\[[0-9;?]*[a-z]", "", seated.out).splitlines()
            at = lines.index("Thread each end of the warp through the")
            assert lines[at + 1].startswith("heddles with a")
            [logged] = [line for line in lines if "WARNING" in line]
            assert re.match(r"\d{4}-\d\d-\d\dT", logged)
            assert not any("was cut" in line for line in lines if line != logged)
            await seated.write(b"\x04")
            ended = await seated.ended()
            assert ended.code == 0 and ended.out.endswith("\r\n")
            assert seated.shows_lines


@pytest.mark.parametrize("piped", [False, True])
async def test_what_is_typed_before_the_first_question_is_read_and_so_is_its_end(
    folder: Path, piped: bool
) -> None:
    async with OpenAISimulator() as openai:
        openai.script.append(Answer("One."))
        env = openai.environment() | PLAIN
        typed = b"the wrp\x7fap\n\x04"
        async with Seated.at(folder, "chat", env=env, piped=piped, typed=typed) as seated:
            ended = await seated.ended()
            assert ended.code == 0 and "One." in (ended.log if piped else ended.out)
            assert [_said(each) for each in openai.chats] == ["the wrap"]
            assert seated.shows_lines


async def test_half_a_line_that_was_typed_before_is_half_a_line(folder: Path) -> None:
    async with OpenAISimulator() as openai:
        openai.script.append(Answer("One."))
        env = openai.environment() | PLAIN
        async with Seated.at(folder, "chat", env=env, typed=b"the w", collects=False) as seated:
            await seated.prints("> the w")
            await seated.write(b"arp\n\x04")
            assert (await seated.ended()).code == 0
            assert [_said(each) for each in openai.chats] == ["the warp"]


async def test_an_interrupt_while_it_loads_ends_it_without_a_word(folder: Path) -> None:
    # A package that it needs waits for what never comes.
    os.mkfifo(folder / "never")
    held = "import os, sys\nsys.stderr.write('loading\\n')\nopen(os.environ['NEVER'])\n"
    (folder / "tiktoken.py").write_text(held)
    env = {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "NEVER": str(folder / "never")}
    async with bot(folder, "chat", env=env, fresh=True) as process:
        await process.prints("loading\n", log=True)
        ended = await process.terminate(signal.SIGINT)
        assert ended.code == -signal.SIGINT
        assert "Traceback" not in ended.log
