"""Random Markdown, and a reader of fences that shares nothing with the one under test."""

from __future__ import annotations

import re

from hypothesis import strategies as st

WORDS = st.sampled_from(
    [
        "word", "a", "Bobbin", "thread,", "end.", "(well)", "*stress*", "**bold**", "1", "–",
        "naïve", "e\u0301t\u0301", "日本語の文章です。", "漢字", "한국어", "ไทย", "नमस्ते",
        "👩\u200d👩\u200d👧\u200d👦", "🇳🇱🇧🇪",
        "👍🏽", "🏳️\u200d🌈", "`code`", "``a ` b``", "[x]", "a_b", "<3", "x<y>", "!", "[not a link",
    ]
)  # fmt: skip
ATOMS = st.sampled_from(
    [
        "[a link](https://example.com/path?q=1)",
        "[wiki](https://en.wikipedia.org/wiki/Rust_(language))",
        "[text with [inner] brackets](https://example.com)",
        '[titled](https://example.com "a title, with words")',
        "![picture](https://example.com/a.png)",
        "[angle](<https://example.com/with space>)",
        "https://example.com/a/very/long/path/that/goes/on?and=on&on=1#fragment",
        "www.example.com/path",
        "<https://example.com/auto>",
        "<@1234567890>",
        "<@U02ABCDEF>",
        "<#998877>",
        "<@&42>",
        "<:party_blob:1234567890>",
        "<a:dance:987654321>",
        "<t:1700000000:R>",
        "<!subteam^S012345>",
        ":+1:",
    ]
)
LONG = st.one_of(
    st.integers(30, 700).map(lambda n: "x" * n),
    st.integers(30, 500).map(lambda n: "漢" * n),
    st.integers(30, 700).map(lambda n: "https://example.com/" + "p" * n),
    st.integers(5, 60).map(lambda n: "👩\u200d👩\u200d👧" * n),
)
INLINE = st.lists(st.one_of(WORDS, WORDS, WORDS, ATOMS), min_size=1, max_size=40).map(" ".join)
PARAGRAPH = st.one_of(INLINE, INLINE, INLINE, LONG, INLINE.map(lambda line: f"- {line}"))
CODE_LINE = st.sampled_from(
    ["x = 1", "    return x", "", "\tif a:", "# done  ", "  " * 20 + "deep", "// " + "y" * 90,
     "`t`",
     "https://example.com/in/code", "漢字 = '👩\u200d👧'", "**not bold**", "z" * 400]
)  # fmt: skip


@st.composite
def fenced(draw: st.DrawFn) -> str:
    """A fence with whatever mark, indentation and info string models come up with."""
    mark = draw(st.sampled_from(["```", "```", "```", "~~~", "````", "~~~~~"]))
    info = draw(
        st.sampled_from(
            ["", "python", "c++", " js", "text title=a b", "l" * 80, "{.python .numbered}"]
        )
    )
    prefix, indent = draw(
        st.sampled_from(
            [("", ""), ("", ""), ("- ", "  "), ("  ", "  "), ("1. ", "   "), ("> ", "> ")]
        )
    )
    lines = draw(st.lists(CODE_LINE, min_size=0, max_size=30))
    body = [f"{indent}{line}" for line in lines]
    closing = draw(
        st.sampled_from([[f"{indent}{mark}"], [f"{indent}{mark}"], [f"{indent}{mark}  "], []])
    )
    return "\n".join([f"{prefix}{mark}{info}", *body, *closing])


BLOCK = st.one_of(PARAGRAPH, PARAGRAPH, fenced())
MARKDOWN = st.lists(BLOCK, min_size=1, max_size=12).flatmap(
    lambda blocks: st.lists(
        st.sampled_from(["\n\n", "\n\n", "\n", "\n \n\n"]),
        min_size=len(blocks),
        max_size=len(blocks),
    ).map(lambda gaps: "".join(a + b for a, b in zip(blocks, gaps, strict=True)))
)

SCRAPS = st.lists(
    st.sampled_from(
        [
            "**", "*", "_", "__", "~~", "`", "```", "\n", "\n\n", "> ", ">>> ", "- ", "1. ",
            "#### ", "-# ", "|", "||", "| a | b |\n|--|--|\n", "[", "](", "https://x.org", ")",
            "<br>", "<b>", "</b>", "\\", "$", "\\(", "\\)", "$$\n", "[^1]", "![", "<@1>",
            "@everyone", "word", " ", "漢字", "」", "👩\u200d👧", "&amp;", "\x00", "\t", "    ",
            "\r\n", "\u2028", "\ud83d", "x" * 200, "*" * 30, "~~~", "[x] ",
        ]
    ),
    max_size=50,
).map("".join)  # fmt: skip
"""What no model writes, but what a broken stream may consist of."""

_OPENING = re.compile(r"(?:\s*>|\s*(?:[-*+]|\d+[.)])(?=\s))*[ \t]*(```+(?=[^`]*$)|~~~+)")
_CLOSING = re.compile(r"[ \t>]*(```+|~~~+)\s*$")


def open_mark(text: str) -> str:
    """The mark of the fence that is open at the end of `text`, empty for none."""
    mark, quoted, indent = "", False, 0
    for line in text.split("\n"):
        if mark and quoted and not line.lstrip().startswith(">"):
            mark = ""
        if mark:
            closing = _CLOSING.match(line)
            if (
                closing
                and closing[1][0] == mark[0]
                and len(closing[1]) >= len(mark)
                and (quoted or ">" not in line)
                and len(line[: closing.start(1)].expandtabs(4)) <= indent + 3
            ):
                mark = ""
        elif opening := _OPENING.match(line):
            mark = opening[1]
            quoted = ">" in line[: opening.start(1)]
            indent = len(line[: opening.start(1)].expandtabs(4))
    return mark


def visible(text: str) -> str:
    """Everything but white space."""
    return "".join(text.split())
