"""What the buttons under memories say fits, and says what was searched for."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.commands.memory_buttons import Act, Verb, fitting
from bot.panels import LONGEST_ACT

LONG = "what did we decide in the end about the payment gateway of the northern warehouse #ops"


@given(
    st.sampled_from(Verb),
    st.sampled_from(["", "mem_01HF7YAT0044GA775R34SSCA26"]),
    st.integers(0, 99),
    st.integers(0, 99),
    st.text(max_size=300),
)
def test_every_act_fits_and_is_read_as_it_was_written(
    verb: Verb, id: str, page: int, version: int, query: str
) -> None:
    written = str(Act(verb, id, page, version, query))
    assert len(written) <= LONGEST_ACT
    read = Act.parse(written)
    assert (read.verb, read.id, read.page, read.version) == (verb, id, page, version)
    assert str(read) == written


@given(st.lists(st.from_regex(r"#?[a-z]{1,11}", fullmatch=True)), st.integers(12, 80))
def test_of_a_search_whole_words_are_kept_in_their_order(words: list[str], most: int) -> None:
    kept = iter(words)
    assert all(word in kept for word in fitting(" ".join(words), most).split())


def test_of_a_long_search_tags_and_long_words_are_kept() -> None:
    assert fitting(LONG, 50) == "did decide payment gateway northern warehouse #ops"


def test_a_search_that_fits_is_kept_whole() -> None:
    assert Act.parse(str(Act(Verb.LIST, page=2, query=LONG[:60]))).query == LONG[:60].strip()
