"""Which lines open and close a fence."""

from __future__ import annotations

import pytest

from bot.reply.fences import Kind, open_fence, scan


def kinds(text: str) -> list[tuple[str, str]]:
    return [(region.kind.value, text[region.start : region.end]) for region in scan(text)]


def test_regions_cover_the_text() -> None:
    text = "before\n```py\ncode\n```\nafter\n~~~\nmore"
    assert kinds(text) == [
        ("prose", "before\n"),
        ("opening", "```py\n"),
        ("code", "code\n"),
        ("closing", "```\n"),
        ("prose", "after\n"),
        ("opening", "~~~\n"),
        ("code", "more"),
    ]


@pytest.mark.parametrize(
    "line",
    ["``", "~~", "```` `x`", "text ```", "``` a`b", "    " * 7 + "```", "`" * 30],
)
def test_lines_that_open_nothing(line: str) -> None:
    assert open_fence(scan(f"{line}\ncode")) is None


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("```", ""),
        ("```python", "python"),
        ("``` c++ title=x", "c++"),
        ("~~~ a`b", ""),
        ("- ```js", "js"),
        ("  10. ```js", "js"),
        ("> - ~~~~ f#", "f#"),
        ("```{.python}", ""),
        ("```" + "l" * 40, ""),
    ],
)
def test_lines_that_open_a_fence(line: str, language: str) -> None:
    fence = open_fence(scan(f"{line}\n"))
    assert fence is not None
    assert fence.language == language


@pytest.mark.parametrize("line", ["```", "   ```", "`````", "``` \t"])
def test_lines_that_close_it(line: str) -> None:
    assert open_fence(scan(f"```\ncode\n{line}\n")) is None


@pytest.mark.parametrize("line", ["``", "~~~", "```py", "        ```", "> ```", "- ```", "x```"])
def test_lines_that_do_not(line: str) -> None:
    assert open_fence(scan(f"```\ncode\n{line}\n")) is not None
    assert open_fence(scan(f"````\ncode\n```\n{line}\n")) is not None


def test_a_fence_in_a_quote_ends_with_the_quote() -> None:
    assert kinds("> ```\n> code\nprose\n")[-1] == (Kind.PROSE.value, "prose\n")
    assert open_fence(scan("> ```\n> code\n")) is not None
    assert open_fence(scan("> ```\n> code\n> ```\n")) is None


@pytest.mark.timeout(10)
@pytest.mark.parametrize("line", ["> ```\n", "> ```py\n\n"])
def test_many_fences_in_quotes_are_found_quickly(line: str) -> None:
    assert len(scan(line * 20_000)) >= 20_000
