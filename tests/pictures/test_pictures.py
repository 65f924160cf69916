"""The pictures in the documentation are those of today's bot, and how they are drawn."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pictures.__main__ import DOCS
from tests.pictures.drawing import Box, Picture, Words
from tests.pictures.inlines import DISCORD, MARKDOWN, MRKDWN, Dialect, runs
from tests.pictures.layout import picture
from tests.pictures.marks import blocks
from tests.pictures.play import pictures
from tests.pictures.shown import (
    Button,
    Code,
    Heading,
    Item,
    Message,
    Paragraph,
    Quote,
    Reaction,
    Rule,
    Run,
    Table,
    Thread,
)
from tests.pictures.svg import escaped, svg
from tests.pictures.theme import DISCORD as DISCORD_THEME
from tests.pictures.theme import SLACK as SLACK_THEME
from tests.pictures.theme import WIDTH
from tests.pictures.wrap import run_width, width, wrapped

STALE = "{} is not what people see now. To draw the pictures again: make pictures"
SVG = "{http://www.w3.org/2000/svg}"


def called(sign: str, id_: str) -> str:
    """Names for mentions."""
    return {"1": "Ada", "7": "builds"}.get(id_, "unknown")


async def test_the_pictures_in_the_documentation_are_of_this_bot() -> None:
    drawn = await pictures()
    assert sorted(path.name for path in DOCS.iterdir()) == sorted(drawn)
    for name, text in drawn.items():
        assert (DOCS / name).read_text(encoding="utf-8") == text, STALE.format(name)


@pytest.mark.parametrize("path", sorted(DOCS.glob("*.svg")), ids=lambda path: path.stem)
def test_a_picture_is_whole_and_small_and_needs_nothing_else(path: object) -> None:
    text = DOCS.joinpath(str(path)).read_text(encoding="utf-8")
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg"
    assert root.find(f"{SVG}title") is not None
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        *("svg", "title", "desc", "rect", "circle", "text")
    }
    assert text.count("http") == 1
    assert len(text) < 40_000
    for shape in root.iter(f"{SVG}text"):
        part = 0.5 if shape.get("text-anchor") else 1.0
        assert float(shape.get("x", 0)) + part * float(shape.get("textLength", 0)) <= WIDTH


# Wrapping


def test_lines_break_at_blanks_and_keep_styles() -> None:
    most = width("aaaa bbbb", 10) + 1
    lines = wrapped([Run("aaaa bb"), Run("bb cccc ", bold=True), Run("\ndd")], 10, most)
    assert lines == (
        (Run("aaaa bb"), Run("bb", bold=True)),
        (Run("cccc", bold=True),),
        (Run("dd"),),
    )


def test_a_word_that_fits_into_no_line_is_cut() -> None:
    [first, *rest] = wrapped([Run("x" * 40)], 10, 100)
    assert rest
    assert "".join(run.text for line in (first, *rest) for run in line) == "x" * 40
    assert run_width(first[0], 10) <= 100


def test_the_blanks_that_code_begins_with_stay() -> None:
    assert wrapped([Run("  two")], 10, 100) == ((Run("  two"),),)


@given(st.lists(st.text("ab W\n.é語😀", max_size=30), max_size=5), st.floats(20, 200))
def test_wrapping_loses_no_word_and_no_line_is_too_long(texts: list[str], most: float) -> None:
    given_runs = [Run(text, bold=bool(at % 2)) for at, text in enumerate(texts)]
    lines = wrapped(given_runs, 10, most)
    words = "".join("".join(texts).split())
    assert "".join(run.text for line in lines for run in line).replace(" ", "") == words
    for line in lines:
        assert sum(run_width(run, 10) for run in line) <= most + 0.01


def test_widths_follow_the_glyphs() -> None:
    assert width("iii", 10) < width("nnn", 10) < width("WWW", 10)
    assert width("iii", 10, mono=True) == width("WWW", 10, mono=True)
    assert width("語", 10) == 10
    assert width("e\u0301\u200b", 10) == width("e", 10)


# Escaping


def test_text_is_escaped() -> None:
    assert escaped("<a href='x'>&\"") == "&lt;a href=&#x27;x&#x27;&gt;&amp;&quot;"
    assert escaped("a\tb\nc\x00\x1b\ufffe\ud800") == "a b c"


@given(st.text(max_size=30))
def test_any_text_gives_xml_that_says_it(text: str) -> None:
    words = Words(1, 2, text, 10, "#000000")
    root = ET.fromstring(svg(Picture(10, 10, text, text, (words,))))
    found = root.find(f"{SVG}text")
    assert found is not None
    assert (found.text or "") == "".join(ET.fromstring(f"<a>{escaped(text)}</a>").itertext())


# Reading


@pytest.mark.parametrize(
    ("text", "dialect", "expected"),
    [
        ("a **b *c*** d", DISCORD, [("a ", ""), ("b ", "b"), ("c", "bi"), (" d", "")]),
        ("`**x**` ~~y~~", MARKDOWN, [("**x**", "c"), (" ", ""), ("y", "s")]),
        ("*b* _i_ ~s~ 2*3*4", MRKDWN, [*zip("b i s", "b i s", strict=True), (" 2*3*4", "")]),
        ("snake_case_name", MARKDOWN, [("snake_case_name", "")]),
        ("a &lt; b &amp;", MRKDWN, [("a < b &", "")]),
        (r"\*no\*", DISCORD, [("*no*", "")]),
        ("**open", DISCORD, [("**open", "")]),
    ],
)
def test_marks_within_lines(text: str, dialect: Dialect, expected: list[tuple[str, str]]) -> None:
    def style(run: Run) -> str:
        flags = (run.bold, run.italic, run.struck, run.code)
        return "".join(sign for sign, on in zip("bisc", flags, strict=True) if on)

    found = [(run.text, style(run)) for run in runs(text, dialect, called)]
    assert found == [(words, "" if sign == " " else sign) for words, sign in expected]


@pytest.mark.parametrize(
    ("text", "dialect", "expected"),
    [
        ("<@1>", DISCORD, Run("@Ada", hue="mention")),
        ("<#7>", DISCORD, Run("#builds", hue="mention")),
        ("<@1|somebody>", MRKDWN, Run("@somebody", hue="mention")),
        ("<https://example.org|here>", MRKDWN, Run("here", hue="link")),
        ("[here](https://example.org/a)", MARKDOWN, Run("here", hue="link")),
        ("https://example.org/a", DISCORD, Run("https://example.org/a", hue="link")),
        (":tada:", MRKDWN, Run("🎉")),
        (":unheard_of:", MRKDWN, Run(":unheard_of:")),
    ],
)
def test_mentions_links_and_emoji(text: str, dialect: Dialect, expected: Run) -> None:
    assert runs(text, dialect, called) == (expected,)


def test_blocks() -> None:
    text = (
        "# One\ntwo\nthree\n\n- a\n  goes on\n  1. b\n> q\n> r\n---\n"
        "| x | y |\n|:-:|--:|\n| 1 |\n```py\nif 1:\n```\n```\nopen"
    )
    assert blocks(text, MARKDOWN, called) == (
        Heading(1, (Run("One"),)),
        Paragraph((Run("two\nthree"),)),
        Item("•", 0, (Run("a\ngoes on"),)),
        Item("1.", 1, (Run("b"),)),
        Quote((Run("q\nr"),)),
        Rule(),
        Table(((Run("x"),), (Run("y"),)), (((Run("1"),), ()),), ("center", "right")),
        Code("py", (Run("if 1:", code=True),)),
        Code("", (Run("open", code=True),)),
    )


def test_discord_reads_no_tables_and_colours_code() -> None:
    table, small, code = blocks("| x |\n|--|\n-# small\n```py\nif 1:\n```", DISCORD, called)
    assert table == Paragraph((Run("| x |\n|--|"),))
    assert small == Paragraph((Run("small"),), small=True)
    keyword, number = Run("if", code=True, hue="keyword"), Run("1", code=True, hue="number")
    blank, colon = Run(" ", code=True), Run(":", code=True)
    assert code == Code("py", (keyword, blank, number, colon))


# Drawing

ASKED = Message("Ada", False, "10:00", (Paragraph((Run("hello"),)),))
PLAIN = Thread("Acme", "Thread", ASKED, ())


def said(thread: Thread) -> list[str]:
    """The words in a drawing."""
    shapes = picture(thread, SLACK_THEME, "Slack").shapes
    return [shape.text for shape in shapes if isinstance(shape, Words)]


def test_everything_around_a_text_is_drawn() -> None:
    answer = Message(
        "Bobbin",
        True,
        "10:01",
        (Paragraph((Run("yes"),)),),
        edited=True,
        private="Ada",
        files=("plan.txt",),
        reactions=(Reaction("🎉", 3),),
        controls=(
            (Button("Stop", "danger"), Button("Go", "primary")),
            (Button("👍", framed=False),),
        ),
    )
    thread = replace(PLAIN, replies=(answer,), status="Bobbin is thinking…")
    words = said(thread)
    for text in (
        *("Acme", "Thread", "A", "Ada", "10:00", "hello", "1 reply", "B", "Bobbin", "APP"),
        *("10:01", "Only Ada can see this", "yes", "(edited)", "plan.txt", "🎉", "3"),
        *("Stop", "Go", "👍", "Bobbin is thinking…"),
    ):
        assert text in words, text
    assert "1 reply" not in [
        shape.text
        for shape in picture(thread, DISCORD_THEME, "Discord").shapes
        if isinstance(shape, Words)
    ]


def test_messages_stand_below_each_other_and_inside_the_card() -> None:
    text = "# T\n" + "words and more words " * 30 + "\n- item\n\n| a | b |\n|--|--|\n"
    text += f"| {'wide ' * 60} | {'x' * 200} |\n```\n{'y' * 300}\n```"
    answer = replace(ASKED, blocks=blocks(text, MARKDOWN, called))
    drawn = picture(replace(PLAIN, replies=(answer, ASKED)), SLACK_THEME, "Slack")
    card, *rest = drawn.shapes
    assert isinstance(card, Box)
    for shape in rest:
        if isinstance(shape, Words) and not shape.centred:
            assert 0 < shape.x
            assert shape.x + shape.width <= WIDTH
            assert 0 < shape.y <= drawn.height
        if isinstance(shape, Box):
            assert shape.x + shape.width <= WIDTH
            assert shape.y + shape.height <= drawn.height
    hellos = [s.y for s in rest if isinstance(s, Words) and s.text == "hello"]
    assert hellos == sorted(hellos)
    assert len(hellos) == 2


def test_a_long_title_ends_in_dots() -> None:
    assert said(replace(PLAIN, title="word " * 60))[1].endswith(" …")


def test_what_is_drawn_says_what_it_shows() -> None:
    drawn = picture(PLAIN, SLACK_THEME, "Slack")
    assert (drawn.title, drawn.description) == ("A thread on Slack: Thread", "Ada: hello")
