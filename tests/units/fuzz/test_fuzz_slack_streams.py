"""What is sent of a growing answer, piece by piece, is in the end the answer."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.growth import addition, has_link, remainder, steady
from adapters.slack.markup import measure, safe
from bot.reply.split import Splitter

PIECES = st.sampled_from(
    [
        "word ",
        "**bold** ",
        "\n",
        "\n\n",
        "```",
        "```python\n",
        "~~~\n",
        "> ",
        "- ",
        "`",
        "<",
        "<!",
        "<!chan",
        "nel>",
        "<@",
        "U012AB",
        ">",
        "|",
        "<!here|here> ",
        "🧵",
        "é",
        "x" * 60,
        "[a](b) ",
        "https://example.org/x ",
    ]
)
ANSWERS = st.lists(PIECES, max_size=60).map("".join)


def cuts(text: str) -> st.SearchStrategy[list[int]]:
    """Where a reply looks at an answer while it grows."""
    return st.lists(st.integers(0, len(text)), max_size=12).map(sorted)


@given(st.data(), ANSWERS)
def test_every_message_of_an_answer_is_the_sum_of_what_was_sent(
    data: st.DataObject, answer: str
) -> None:
    """Through the splitter, which closes fences for the time being and holds back half markup."""
    splitter = Splitter(256, measure)
    sent: list[str] = []
    for cut in data.draw(cuts(answer)):
        for index, part in enumerate(splitter.parts(answer[:cut])):
            if index == len(sent):
                sent.append("")
            sent[index] += addition(sent[index], part.text)
    whole = [part.text for part in splitter.parts(answer, final=True)]
    for before, text in zip(sent, whole, strict=False):
        rest = remainder(before, text)
        if rest is None:
            # What went another way is edited as a whole.
            assert not safe(text).startswith(before)
        else:
            assert before + rest == safe(text)


@given(ANSWERS, ANSWERS)
def test_what_is_steady_stays(text: str, more: str) -> None:
    """Whatever follows, what was sent is a beginning of it."""
    ready = steady(text)
    assert text.startswith(ready)
    assert safe(text + more).startswith(safe(ready))
    assert remainder(addition("", text), text + more) is not None


@given(ANSWERS, ANSWERS)
def test_an_addition_goes_on_where_the_last_one_ended(text: str, more: str) -> None:
    first = addition("", text)
    second = addition(first, text + more)
    assert safe(text + more).startswith(first + second)


@given(ANSWERS)
def test_what_has_no_link_gets_none_by_being_sent(text: str) -> None:
    if not has_link(text):
        assert not has_link(addition("", text))
        assert "://" not in text
