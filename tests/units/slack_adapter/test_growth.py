"""What a stream may hold: the beginning of what it is sent later, and nothing with a preview."""

from __future__ import annotations

import pytest

from adapters.slack.growth import addition, has_link, remainder
from tests.units.reply.streams import beginnings, on_slack


@pytest.mark.parametrize(
    "text",
    [
        "これは本当です。そして*強調*も、続きます。さらに続きます。",
        "So $x^2 + y^2$ is it, and more.",
        "It is $5-$10 for $x$ and $y^2$, and more.",
        "Look:\n\n$$\nx = y\n$$\n\nAnd more.",
        "Text <b>bold words</b> end, and more.",
        "H<sub>2</sub>O is water.",
        "> a **b\n> c** d\n\nand more",
        "See <https://example.com/a|label words> and more.",
        "|a|b|\n|-|-|\n|1|2|\n\nSo:\n\n|c|d|\n|-|-|\n|3|4|\n|long|5|\n\nand more.",
        "|a|b|\n|-|-|\n|1|x<br>y|\n|<b>2</b>|$x^2$|\n\nand more.",
        "|a|b|\n|-|-|\n" + "".join(f"|{row}|x|\n" for row in range(105)) + "\nand more.",
        "Run `make`\nand\n\n- then `make test`\n- and **that**\n\n> is `all`\n\nfor *now*",
    ],
)
def test_an_answer_goes_on_streaming(text: str) -> None:
    render, splitter = on_slack()
    sent = ""
    for shown in beginnings(text, splitter):
        assert remainder(sent, shown, render) is not None
        sent += addition(sent, shown, render)
    assert sent


@pytest.mark.parametrize("mark", ["**", "*", "_", "~~", "`", "***"])
def test_what_was_streamed_ends_in_no_open_mark(mark: str) -> None:
    render, splitter = on_slack()
    text, sent = f"Some {mark}words here{mark}, {mark}or these{mark}\n\n- {mark}and{mark} more.", ""
    for shown in beginnings(text, splitter):
        sent += addition(sent, shown, render)
        assert sent.count(mark) % 2 == 0
    assert sent == text


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/?q=secret",
        "see [this](//evil.example)",
        "https:\\/\\/evil.example\\/?q=secret",
        "https&#58;//evil.example/?q=secret",
        "https&colon;&sol;&#x2f;evil.example",
        "https&amp;#58;//evil.example",
        "ht**tps**://evil.example",
        "https<b></b>://evil.example",
        "https<!-- a -->://evil.example",
        "https\u2060://evil.example",
        "ww&#119;.evil.example",
    ],
)
def test_however_an_address_is_written_it_is_one(text: str) -> None:
    assert has_link(text)


@pytest.mark.parametrize(
    "text", ["a: b // c", "Use **bold** &amp; `x`.", "if a<b: c > d", "1 &lt; 2 <br> **a**: //b"]
)
def test_what_is_no_address_is_streamed(text: str) -> None:
    assert not has_link(text)
