"""Which answers come as a file, too."""

from __future__ import annotations

import pytest

from bot.reply.enclosures import Enclosures

CODE = "\n".join(f"value_{number} = {number}" for number in range(300))
MEGABYTE = 2**20


def enclosed(answer: str, parts: int = 2, most_parts: int = 3) -> tuple[str, str] | None:
    found = Enclosures(most_parts).of(answer, parts, 1950, MEGABYTE)
    return (found.file.name, found.file.content.decode()) if found else None


def test_an_answer_of_many_messages() -> None:
    text = "Some words. " * 800
    assert enclosed(text, 3) is None
    assert enclosed(text, 4) == ("answer.md", text)
    assert enclosed(text, 4, most_parts=0) is None
    assert Enclosures().of(text, 4, 1950, 0) is None
    assert Enclosures().of(text, 4, 1950, 100) is None


@pytest.mark.parametrize(
    ("info", "name"),
    [
        ("python", "code.py"),
        ("Rust", "code.rs"),
        ("{.python .numbered}", "code.py"),
        ("c++", "code.cpp"),
        ("", "code.txt"),
        ("brainfuck", "code.txt"),
        ("dockerfile", "Dockerfile"),
        ('python title="loom.py"', "loom.py"),
        ("js filename=src/index.js", "code.js"),
        ("../../etc/passwd", "code.txt"),
    ],
)
def test_one_long_block_of_code(info: str, name: str) -> None:
    assert enclosed(f"Here:\n\n```{info}\n{CODE}\n```\n\nDone.") == (name, CODE + "\n")


def test_code_in_a_list_or_a_quotation_comes_as_it_was() -> None:
    listed = CODE.replace("\n", "\n   ")
    assert enclosed(f"1. Do:\n\n   ```sh\n   {listed}\n   ```") == ("code.sh", CODE + "\n")
    quoted = CODE.replace("\n", "\n> ")
    assert enclosed(f"> ```sh\n> {quoted}\n> ```\n\nSo.") == ("code.sh", CODE + "\n")


def test_more_than_one_long_block_or_little_of_it() -> None:
    block = f"```py\n{CODE}\n```"
    assert enclosed(f"{block}\n\nand\n\n{block}") is None
    assert enclosed(f"{block}\n\n{'Words. ' * 2000}") is None
    assert enclosed(f"{block}\n\n{'Words. ' * 2000}", 9) is not None
    assert enclosed("```py\nx = 1\n```") is None
