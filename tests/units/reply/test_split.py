"""Splitting: nothing lost, nothing broken, and what is written stays."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from bot.reply.boundaries import atoms
from bot.reply.fences import scan
from bot.reply.split import LEAST_LIMIT, Part, Splitter, split
from tests.examples import examples
from tests.units.reply.markdown import MARKDOWN, open_mark, visible


def utf16(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def escaped(text: str) -> int:
    """A platform that counts what it escapes."""
    return len(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


MEASURES = st.sampled_from([len, utf16, escaped])


def body(part: Part) -> str:
    return part.text[len(part.head) : len(part.text) - len(part.tail)]


def assert_well_formed(parts: tuple[Part, ...], limit: int, measure: object) -> None:
    for part in parts:
        assert callable(measure)
        assert measure(part.text) <= limit
        assert part.text.strip()
        assert open_mark(part.text) == ""
        assert part.text.startswith(part.head)
        assert part.text.endswith(part.tail)
    assert [part.start for part in parts[1:]] == [part.end for part in parts[:-1]]


def assert_nothing_lost(text: str, parts: tuple[Part, ...]) -> None:
    """Every visible character is shown, in order, and nothing else.

    Where one part closes a fence and the next does not open it again, the fence's own closing
    line may be missing: the synthetic one stands for it. A fence that nothing is in may be
    missing at the end.
    """
    wanted, at, closed = visible(text), 0, False
    for part in parts:
        shown = visible(body(part))
        if not wanted.startswith(shown, at):
            closing = re.compile(r">*(`{3,}|~{3,})").match(wanted, at)
            assert closing
            assert closed
            assert not part.head
            ends = range(closing.start(1) + 3, closing.end() + 1)
            at = next((end for end in ends if wanted.startswith(shown, end)), at)
        assert wanted.startswith(shown, at)
        at += len(shown)
        closed = part.tail != ""
    assert re.fullmatch(r"(?:[>\-*+.)\d]*(`{3,}|~{3,})[^`~]*)?", wanted[at:])


@given(MARKDOWN, st.integers(LEAST_LIMIT, 900), MEASURES)
@examples(75)
def test_a_whole_answer(text: str, limit: int, measure: object) -> None:
    assert callable(measure)
    parts = Splitter(limit, measure).parts(text, final=True)
    assert_well_formed(parts, limit, measure)
    assert_nothing_lost(text, parts)


@given(MARKDOWN, st.integers(LEAST_LIMIT, 700), MEASURES, st.data())
@examples(50)
def test_a_growing_answer(text: str, limit: int, measure: object, data: st.DataObject) -> None:
    assert callable(measure)
    splitter = Splitter(limit, measure)
    frozen: tuple[Part, ...] = ()
    end = 0
    while end < len(text):
        end = min(len(text), end + data.draw(st.integers(1, 120)))
        parts = splitter.parts(text[:end])
        assert_well_formed(parts, limit, measure)
        assert parts[: len(frozen)] == frozen
        frozen = parts[:-1] if len(parts) > len(frozen) else frozen
    parts = splitter.parts(text, final=True)
    assert parts[: len(frozen)] == frozen
    assert_well_formed(parts, limit, measure)
    assert_nothing_lost(text, parts)


@given(MARKDOWN)
@examples(15)
def test_every_character_of_a_stream(text: str) -> None:
    text = text[:900]
    splitter = Splitter(LEAST_LIMIT, len)
    before: tuple[Part, ...] = ()
    for end in range(1, len(text) + 1):
        parts = splitter.parts(text[:end])
        assert_well_formed(parts, LEAST_LIMIT, len)
        assert parts[: len(before[:-1])] == before[:-1]
        before = parts


@given(MARKDOWN, st.integers(LEAST_LIMIT, 600))
@examples(60)
def test_code_keeps_its_white_space(text: str, limit: int) -> None:
    """Lines of code come out as they went in, but for one that is too long for a message."""
    code = [
        line.rstrip()
        for region in scan(text)
        if region.kind == "code"
        for line in text[region.start : region.end].split("\n")
        if len(line) < 100
    ]
    parts = Splitter(limit, len).parts(text, final=True)
    lines = {line.rstrip() for part in parts for line in part.text.split("\n")}
    assert [line for line in code if line.strip(">") and line not in lines] == []


@given(MARKDOWN, st.integers(LEAST_LIMIT, 600))
@examples(60)
def test_cuts_are_between_graphemes_and_outside_links(text: str, limit: int) -> None:
    parts = Splitter(limit, len).parts(text, final=True)
    boundaries = {0} | {each.end() for each in regex.finditer(r"\X", text)}
    short_links = [
        each.span()
        for each in re.finditer(r"!?\[[^\[\]\n]*\]\(<?https://[^\n]*?\)\)?|<[@#:!at][^>\s]*>", text)
    ]
    code = [region for region in scan(text) if region.kind != "prose"]
    for part in parts[:-1]:
        assert part.end in boundaries
        assert not [
            span
            for span in short_links
            if span[0] < part.end < span[1]
            and not any(region.start < span[1] and span[0] < region.end for region in code)
        ]


def test_prefers_paragraphs_then_lines_then_sentences_then_words() -> None:
    sentence = "Nine words are in this one sentence right here. "
    paragraphs = (sentence * 3).strip() + "\n\n" + (sentence * 4).strip()
    assert split(paragraphs, 256, len) == paragraphs.split("\n\n")
    lines = "\n".join([(sentence * 2).strip()] * 5)
    assert all(part.endswith("here.") for part in split(lines, 256, len))
    assert all(part.endswith("here.") for part in split(sentence * 12, 256, len))
    words = "seventeen letters " * 40
    assert all(part.endswith("letters") for part in split(words.strip(), 256, len))


def test_code_is_closed_and_opened_again_with_its_language() -> None:
    code = "\n".join(f"    line_{number} = {number}" for number in range(70))
    parts = Splitter(256, len).parts(f"```python\n{code}\n```\nDone.", final=True)
    assert len(parts) > 3
    assert all(part.text.startswith("```python\n    line_") for part in parts[:-1])
    assert all(part.text.endswith("\n```") for part in parts[:-1])
    assert_nothing_lost(f"```python\n{code}\n```\nDone.", parts)


def test_a_long_info_string_becomes_a_bare_fence() -> None:
    code = "\n".join("some code on a line" for _ in range(30))
    parts = split(f"```{'i' * 60}\n{code}\n```", 256, len)
    assert parts[0].startswith("```iii")
    assert all(part.startswith("```\nsome") for part in parts[1:])


def test_a_fence_in_a_list_is_opened_again_at_the_margin() -> None:
    code = "\n".join("     value = 1" for _ in range(40))
    parts = split(f"1. First:\n\n     ```py\n{code}\n     ```\n2. Second", 256, len)
    assert parts[0].endswith("\n     ```")
    assert all(part.startswith("```py\n     value") for part in parts[1:])
    assert parts[-1].endswith("\n```\n2. Second")


def test_a_fence_in_a_quote_stays_in_the_quote() -> None:
    code = "\n".join("> value = 1" for _ in range(40))
    parts = split(f"> ```py\n{code}\n> ```\nAfter.", 256, len)
    assert all(line.startswith(">") for part in parts[:-1] for line in part.split("\n"))
    assert parts[1].startswith("> ```py\n> value")


def test_no_empty_fence_before_or_after_a_cut() -> None:
    """A fence that would hold nothing in one of the two messages is not there."""
    for length in range(180, 270):
        prose = ("word " * 60)[:length].strip()
        for part in split(f"{prose}\n```py\ncode\n```\nand on", 256, len):
            assert not re.search(r"```(py)?\n+```", part)
        code = ("word\n" * 60)[: length - 8].strip()
        for part in split(f"```py\n{code}\n```\n{prose}", 256, len):
            assert not re.search(r"```(py)?\n+```", part)


def test_a_closing_line_that_comes_after_the_cut_is_not_shown_twice() -> None:
    splitter = Splitter(256, len)
    code = "\n".join("twenty letters on it" for _ in range(11))
    text = f"```\n{code}\nlast line of the code\n"
    first = splitter.parts(text + "x" * 30)
    assert len(first) == 2
    text = text[: first[0].end]
    parts = splitter.parts(f"{text}```\nProse.", final=True)
    assert parts[0] == first[0]
    assert [part.text for part in parts[1:]] == ["Prose."]


def test_half_open_markup_is_held_back_while_the_answer_grows() -> None:
    held = {
        "See [the do": "See",
        "See [the docs](https://exam": "See",
        "Ask <@12": "Ask",
        "Look: https://exampl": "Look:",
        "Code:\n``": "Code:",
        "Code:\n```py": "Code:",
        "Code:\n```py\n": "Code:",
        "```py\nx = 1\n``": "```py\nx = 1\n```",
    }
    for text, shown in held.items():
        assert [part.text for part in Splitter(256, len).parts(text)] == [shown]
    assert Splitter(256, len).parts("```py\n") == ()
    assert split("See [the do", 256, len) == ["See [the do"]


def test_what_is_longer_than_a_message_still_comes_through() -> None:
    for text in (
        "https://example.com/" + "p" * 3000,
        f"[label](https://example.com/{'q' * 3000})",
        "<@" + "1" * 1500 + ">",
        "`" + "c" * 900 + "`",
        "e" + "\u0301" * 2000,
        "👩" + "\u200d👩" * 900,
        "\ud83d\ude00" * 700,
        "```" + "i" * 1000 + "\ncode\n```",
        "```\n" + "z" * 1000 + "\n```",
    ):
        parts = Splitter(256, len).parts(text, final=True)
        assert len(parts) > 1
        assert all(len(part.text) <= 256 for part in parts)
        assert_nothing_lost(text, parts)


def test_a_link_that_leaves_most_of_a_message_empty_still_stays_whole() -> None:
    for link in (
        f"[x](https://example.com/{'p' * 230})",
        "https://example.com/" + "p" * 234,
        f"<https://example.com/{'p' * 232}>",
    ):
        for end in range(1, len(link) + 60):
            text = f"See {link} and then some more words that follow after it, and more."
            splitter = Splitter(256, len)
            splitter.parts(text[: 4 + end])
            first, second, *_ = splitter.parts(text, final=True)
            assert first.text == "See"
            assert second.text.startswith(link)


def test_a_fence_that_its_quote_ends_at_once_does_not_hide_the_links_after_it() -> None:
    link = "[a link](https://example.com/path?q=1)"
    text = f"> ```{'l' * 80}\n\n{'x' * 140} {link}{link} and more words"
    assert sum(part.count(link) for part in split(text, 256, len)) == 2


def test_surrogate_pairs_stay_together() -> None:
    for part in split("\ud83d\ude00" * 700, 257, len):
        assert len(part) % 2 == 0


def test_blank_text_gives_no_message() -> None:
    assert split("", 256, len) == []
    assert split(" \n\n\t\n" * 300, 256, len) == []
    assert split("\n" * 3000 + "word", 256, len) == ["word"]


def test_an_answer_begun_again_keeps_what_still_holds() -> None:
    splitter = Splitter(256, len)
    text = "\n\n".join(f"Paragraph {number} " + "with words " * 15 for number in range(6))
    first = splitter.parts(text)
    assert len(first) == 6
    other = text.replace("Paragraph 3", "Section 3")
    again = splitter.parts(other, final=True)
    assert again[:3] == first[:3]
    assert again == Splitter(256, len).parts(other, final=True)


def test_a_snapshot_costs_what_is_new() -> None:
    """Work is counted in characters measured, of an answer a hundred messages long."""
    measured = 0

    def counting(text: str) -> int:
        nonlocal measured
        measured += len(text)
        return len(text)

    splitter = Splitter(1000, counting)
    text = "Some words of an answer. " * 4000
    snapshots = 0
    for end in range(0, len(text), 250):
        splitter.parts(text[:end])
        snapshots += 1
    assert len(splitter.parts(text, final=True)) > 90
    assert measured < snapshots * 5 * 1000


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "text",
    [
        "[" * 20000,
        "[a](" * 6000,
        "[a][" * 6000,
        "<@" * 9000,
        "``` `` " * 3000,
        "`a``b```c````" * 1500,
        "> " * 9000,
        "- " * 9000,
        "http://" * 3000,
        "](" * 9000,
        "```\n" * 3000,
        "> ```\n\n" * 3000,
        "**" * 9000,
        "\u0301" * 9000,
        "🇳" * 6000,
    ],
    ids=lambda text: repr(text[:8]),
)
def test_hostile_text_is_quick(text: str) -> None:
    """No pattern goes back over the text again and again."""
    parts = Splitter(2000, len).parts(text, final=True)
    assert_nothing_lost(text, parts)
    assert all(len(part.text) <= 2000 for part in parts)
    growing = Splitter(2000, len)
    for end in range(0, len(text), 3000):
        assert all(len(part.text) <= 2000 for part in growing.parts(text[:end]))


def test_limits_that_hold_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 256"):
        Splitter(100, len)


def test_atoms_do_not_overlap() -> None:
    text = "a [l](https://x.org) `c [d](e)` 👩\u200d👧\n```py\n\r\n\r\nx\n```\nhttps://e.org/[a](b)"
    spans = atoms(text, scan(text))
    assert spans == sorted(spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@pytest.mark.parametrize("ticks", [3, 4, 24])
@pytest.mark.parametrize("after", ["py\nx", "```\n- more", "``` b\nc"])
def test_code_within_a_line_never_opens_a_fence_in_the_next_message(ticks: int, after: str) -> None:
    for long in range(200, 262):
        text = "a " + "`" * ticks + "x" * long + after
        splitter = Splitter(256, len)
        for end in range(240, len(text)):
            assert_well_formed(splitter.parts(text[:end]), 256, len)
        parts = splitter.parts(text, final=True)
        assert_well_formed(parts, 256, len)
        assert_nothing_lost(text, parts)
