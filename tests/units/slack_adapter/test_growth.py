"""What a stream was sent stays the beginning of what it is sent later, or the stream would end."""

from __future__ import annotations

import pytest

from adapters.slack.growth import addition, remainder
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
    ],
)
def test_an_answer_goes_on_streaming(text: str) -> None:
    render, splitter = on_slack()
    sent = ""
    for shown in beginnings(text, splitter):
        assert remainder(sent, shown, render) is not None
        sent += addition(sent, shown, render)
    assert sent
