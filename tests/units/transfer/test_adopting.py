"""What another program had remembered, cut and named so that it comes in the same each time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.audience import Grant
from bot.memories import LONGEST_CONTENT, LONGEST_TAG, MOST_TAGS, Person, Scope
from bot.memory.adopting import adopted, parted, tidy_tags
from bot.memory.formats.items import Broken, Learnt
from bot.memory.formats.lines import memory_line
from bot.memory.formats.native import read_memory
from bot.memory.placing import Placing

ADA = Person("discord", "@", "7001")
OWN = Scope.of_person(ADA)
PLACING = Placing(Grant(ADA, (OWN,), (OWN,)))


@given(st.text(st.sampled_from("ab.! \n。é"), max_size=200), st.integers(5, 40))
def test_parts_are_short_and_lose_nothing(text: str, most: int) -> None:
    parts = list(parted(text, most))
    assert all(0 < len(part) <= most and part == part.strip() for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_parts_end_with_lines_sentences_or_words() -> None:
    assert list(parted("First line\nsecond line", 15)) == ["First line", "second line"]
    assert list(parted("A sentence here. And more", 20)) == ["A sentence here.", "And more"]
    assert list(parted("x" * 25, 10)) == ["x" * 10, "x" * 10, "x" * 5]


@given(
    st.builds(
        Learnt,
        where=st.just("entry 1"),
        link=st.text(min_size=1, max_size=200),
        content=st.text(max_size=2_500),
        tags=st.lists(st.text(max_size=60), max_size=12).map(tuple),
        subject=st.text(max_size=300),
        created_at=st.sampled_from([0.0, 1.7e9, 253402300799.0]),
        updated_at=st.sampled_from([0.0, 1.8e9]),
    )
)
def test_whatever_was_learnt_fits(item: Learnt) -> None:
    memories = list(adopted(item, PLACING, 1.9e9))
    assert [each.id for each in adopted(item, PLACING, 2e9)] == [each.id for each in memories]
    assert len({each.id for each in memories}) == len(memories)
    for memory in memories:
        assert 0 < len(memory.text.content) <= LONGEST_CONTENT
        assert len(memory.text.tags) <= MOST_TAGS
        assert all(0 < len(tag) <= LONGEST_TAG for tag in memory.text.tags)
        read = read_memory(memory_line(memory), "line 2")
        assert not isinstance(read, Broken) and read.memory == memory


def test_tags_are_words() -> None:
    assert tidy_tags(["#Big  Looms", "big looms", "", "#", "é"]) == ("big-looms", "é")
