"""What Discord shows of the model's Markdown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from adapters.discord.markup import MAX_CHARS
from adapters.discord.render import measure_shown, rendering
from bot.reply.split import LEAST_LIMIT, Splitter
from tests.payloads import ANSWERS
from tests.units.discord_adapter.discord_reader import read
from tests.units.reply.markdown import MARKDOWN, SCRAPS


def shown(text: str) -> str:
    return rendering()(text)


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("Plain words, and more.", "Plain words, and more."),
        ("**b** _i_ *i* ~~s~~ `c` ***bi***", "**b** _i_ *i* ~~s~~ `c` ***bi***"),
        ("__bold__", "**bold**"),
        ("snake_case and 2 * 3 * 4, 5*6", "snake_case and 2 * 3 * 4, 5\\*6"),
        ("not **bold", "not \\*\\*bold"),
        ("dunder__name__here", "dunder\\_\\_name\\_\\_here"),
        ("a || b and ||secret||", "a \\|\\| b and ||secret||"),
        ("x\n-# not small", "x\n\\-# not small"),
        ("¯\\\\\\_(ツ)\\_/¯", "¯\\\\\\_(ツ)\\_/¯"),
        ("C:\\dir and C:\\\\", "C:\\dir and C:\\\\"),
        ("# One\n## Two\n### Three", "# One\n## Two\n### Three"),
        ("#### Four **b**\n###### Six", "**Four b**\n**Six**"),
        ("Title\n===\nText", "# Title\nText"),
        ("* a\n* b\n\n+ c", "- a\n- b\n\n- c"),
        ("1) a\n2) b", "1. a\n2. b"),
        ("- a\n  - b\n    1. c", "- a\n  - b\n    1. c"),
        ("- [ ] a\n- [x] b", "- ☐ a\n- ☑ b"),
        ("> a\n>> b\n\nc", "> a\n> b\n\nc"),
        ("a\n\n---\n\nb", "a\n\n───────────────\n\nb"),
        ("![pic](https://x.org/a.png)", "[pic](https://x.org/a.png)"),
        ("![](https://x.org/a.png)", "[image](https://x.org/a.png)"),
        ("![pic](data:x)", "!\\[pic](data:x)"),
        ("[![b](https://b.org)](https://x.org)", "[b](https://x.org)"),
        ("[a](https://x.org/(b)) [c](<https://x.org/(>)", "[a](https://x.org/(b)) [c](https://x.org/%28)"),
        ("[docs](/docs) [here](#here)", "docs (`/docs`) here"),
        ("[m](mailto:a@x.org)", "m (`mailto:a@x.org`)"),
        ("[https://a.org](https://b.org)", "https://a.org (<https://b.org>)"),
        ("<https://x.org/a_b_> and https://x.org/_c_", "https://x.org/a_b_ and https://x.org/_c_"),
        ("H<sub>2</sub>O<br>x<sup>2</sup> <b>b</b>", "H₂O\nx² **b**"),
        ("<u>u</u> <kbd>k</kbd> <div>", "__u__ `k` <div>"),
        ("&amp; &copy; &lt;", "& © <"),
        ("Let \\(x_1^2\\) be $a_1 * b$ for $5 or $6.", "Let `x_1^2` be `a_1 * b` for $5 or $6."),
        ("\\[\n\\frac{a}{b}\n\\]", "```tex\n\\frac{a}{b}\n```"),
        ("A note[^1].\n\n[^1]: Here.", "A note[1].\n\n[1]: Here."),
        ("```python title=x\na\n```", "```python\na\n```"),
        (f"```{'l' * 40}\na\n```", "```\na\n```"),
        ("~~~\na\n~~~", "```\na\n```"),
        ("````\n```py\n````", "```\n`\u200b``py\n```"),
        ("- a\n  ```py\n  if x:\n      y\n  ```\n  b", "- a\n```py\nif x:\n    y\n```\n  b"),
        ("      - of a list\n\n        begun before", "- of a list\n\n  begun before"),
        ("     goes on", "goes on"),
        ("**「重要」**です", "**「重要」**です"),
        ("[ref]: https://x.org", "[ref]: https://x.org"),
        ("", ""),
    ],
)  # fmt: skip
def test_discords_own_markdown(text: str, content: str) -> None:
    assert shown(text) == content


def test_a_table_is_aligned() -> None:
    rows = (
        "| Name | Age | City |",
        "|:--|--:|:-:|",
        "| **Ada** | 36 | London |",
        "| 日本 | 5 | 👩\u200d👧 |",
    )
    columns = (
        "Name  Age   City",
        "────  ───  ──────",
        "Ada    36  London",
        "日本    5    👩\u200d👧",
    )
    table, code = "\n".join(rows), "\n".join(columns)
    assert shown(f"Look:\n\n{table}\n\nSo.") == f"Look:\n\n```\n{code}\n```\n\nSo."


def test_a_wide_table_is_a_list_for_each_row_and_keeps_its_links() -> None:
    table = (
        "| Loom | For whom | Where |\n|--|--|--|\n"
        f"| **Rigid** | {'beginners ' * 6}| [shop](https://x.org) |\n| Floor | | |"
    )
    assert shown(table) == (
        f"**Rigid**\n- For whom: {('beginners ' * 6).strip()}\n- Where: [shop](https://x.org)\n\n"
        "**Floor**"
    )


def test_a_language_is_kept_and_code_is_never_touched() -> None:
    code = "x = a*b*c  # **not** [bold](https://x.org) \\n __init__ ||"
    assert read(shown(f"```python\n{code}\n```")).code == [("python", code)]


LOST = re.compile(r"[*`~]|\||(?<!\w)_|_(?!\w)|\]\(|!\[|\[[^\]\[x ]*$")


@pytest.mark.parametrize("path", ANSWERS, ids=lambda path: path.stem)
def test_every_prefix_of_a_real_answer_is_well_formed(path: Path) -> None:
    """Outside code no mark is seen that should have set something off."""
    text = path.read_text(encoding="utf-8")
    render = rendering()
    splitter = Splitter(MAX_CHARS, lambda part: measure_shown(render, part))
    for end in range(1, len(text) + 1, 3):
        for part in splitter.parts(text[:end]):
            content = render(part.text)
            prose = read(content).prose
            assert not re.search(r"[*`~]|\||(?<!\w)_|_(?!\w)|\]\(|!\[|\[[^\]\[x ]*$", prose), (
                end,
                content,
            )
            assert content.count("```") % 2 == 0


def letters(text: str) -> str:
    """Without digits, which may number a list."""
    return "".join(char for char in text if char.isalpha())


def words(text: str) -> str:
    """What a Markdown text says, by the parser alone."""
    found: list[str] = []
    parser = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")
    parser.disable("reference")
    for token in parser.parse(text):
        if token.type in ("fence", "code_block"):
            found.append(token.content)
        for child in token.children or ():
            if child.type in ("text", "code_inline", "image"):
                found.append(child.content)
    return "".join(found)


@given(MARKDOWN)
@settings(max_examples=60, deadline=None)
def test_what_is_rendered_is_read_back(text: str) -> None:
    text = text.replace("[x]", "[y]")  # a box that is ticked is no letter
    assert letters(read(shown(text)).text) == letters(words(text))


@given(SCRAPS, st.integers(LEAST_LIMIT, 700))
@settings(max_examples=120, deadline=None)
def test_any_text_is_rendered_within_the_limit(text: str, limit: int) -> None:
    render = rendering()

    def measure(part: str) -> int:
        return len(render(part).encode("utf-16-le", "surrogatepass")) // 2

    for part in Splitter(limit, measure).parts(text, final=True):
        assert measure(part.text) <= limit
        assert render(part.text) == rendering()(part.text)
