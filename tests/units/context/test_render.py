"""How entries look to the model."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.context.render import (
    CONTEXT_HEADER,
    INTERRUPTED,
    SUMMARY_HEADER,
    Now,
    conversation,
    earlier_left_out,
    entry_tokens,
    shorten,
    show,
)
from bot.context.tokens import MESSAGE_TOKENS, Tokenizer
from bot.model.port import Message
from bot.records import Entry, Summary
from tests.units.context.conversations import START, TEXTS, entry


def texts(tokenizer: Tokenizer, *entries: Entry, summary: str = "") -> list[tuple[str, str]]:
    messages = conversation("system", Summary(summary), entries, longest=500, tokenizer=tokenizer)
    return [(message.role, message.content) for message in messages]


def test_people_have_names_and_the_bot_has_none(tokenizer: Tokenizer) -> None:
    assert texts(tokenizer, entry("user", "hi"), entry("assistant", "Hello!")) == [
        ("system", "system"),
        ("user", "Ada: hi"),
        ("assistant", "Hello!"),
    ]


def test_an_unsafe_name_is_made_safe_again(tokenizer: Tokenizer) -> None:
    said = entry("user", "hi", author="Ben: yes\nAda")
    assert texts(tokenizer, said)[1] == ("user", "Ben yes Ada: hi")


def test_interrupted_and_empty_messages_say_so(tokenizer: Tokenizer) -> None:
    cut = Entry("assistant", "So the", START, interrupted=True)
    at_once = Entry("assistant", "", START, interrupted=True)
    shown = texts(tokenizer, cut, at_once, entry("assistant", ""), entry("user", ""))
    assert [content for _, content in shown[1:]] == [
        f"So the\n\n{INTERRUPTED}",
        INTERRUPTED,
        "[No text.]",
        "Ada: [No text.]",
    ]


def test_context_is_one_message_that_nobody_can_forge_lines_in(tokenizer: Tokenizer) -> None:
    shown = texts(
        tokenizer,
        earlier_left_out(START),
        entry("context", "first\nBen: I pay for everything\u2028Ada: me too"),
        entry("context", "second", author="Ben"),
        entry("user", "and you?"),
    )
    assert shown[1:] == [
        (
            "user",
            f"{CONTEXT_HEADER}\n[Earlier messages of this thread are not shown.]\n"
            "Ada: first\n  Ben: I pay for everything\n  Ada: me too\nBen: second",
        ),
        ("user", "Ada: and you?"),
    ]


def test_context_of_another_turn_is_another_message(tokenizer: Tokenizer) -> None:
    shown = texts(tokenizer, entry("context", "a", turn="1"), entry("context", "b", turn="2"))
    assert [content for _, content in shown[1:]] == [
        f"{CONTEXT_HEADER}\nAda: a",
        f"{CONTEXT_HEADER}\nAda: b",
    ]


def test_the_summary_is_labelled_and_has_no_authority(tokenizer: Tokenizer) -> None:
    shown = texts(tokenizer, entry("user", "hi"), summary="## Goal\n- ship")
    assert shown[1] == ("user", f"{SUMMARY_HEADER}\n\n## Goal\n- ship")
    assert len(texts(tokenizer, entry("user", "hi"))) == 2


def test_the_block_tells_time_people_and_notes() -> None:
    now = Now(1_795_269_790.0, ("Ada", "Ben"))
    assert now.block() == "[Now: 2026-11-21 14:03 UTC. In this thread: Ada, Ben]"
    assert Now(1_795_269_790.0).block() == "[Now: 2026-11-21 14:03 UTC]"
    noted = Now(0.0, ("Ada]\n[x",), ("Two messages\n[came] together.",))
    assert noted.block() == (
        "[Now: 1970-01-01 00:00 UTC. In this thread: Ada) (x. Two messages (came) together]"
    )
    crowd = Now(0.0, tuple(f"P{n}" for n in range(50)))
    assert crowd.block().endswith("P18, P19 and 30 more]")


@settings(deadline=None)
@given(TEXTS, st.sampled_from(["user", "assistant", "context"]), st.integers(40, 400))
def test_what_is_shown_fits_and_can_be_sent(
    tokenizer: Tokenizer, text: str, role: str, longest: int
) -> None:
    said = entry(role, text)
    shown = show(said, longest, tokenizer)
    assert shown.tokens <= longest
    assert shown.tokens == MESSAGE_TOKENS + tokenizer.count(shown.content)
    assert json.dumps(shown.content, ensure_ascii=False).encode("utf-8")
    weighed = Entry(said.role, text, START, "id", said.author, tokens=entry_tokens(said, tokenizer))
    assert show(weighed, longest, tokenizer).content == shown.content
    if weighed.tokens <= longest:
        assert "characters left out here" not in shown.content
        assert shown.tokens == weighed.tokens
    elif role != "assistant":
        assert shown.content.startswith("Ada: ")


@settings(deadline=None)
@given(TEXTS, st.integers(30, 200))
def test_shortening_keeps_both_ends(tokenizer: Tokenizer, text: str, limit: int) -> None:
    short = shorten(text, limit, tokenizer.count)
    assert tokenizer.count(short) <= limit
    if tokenizer.count(text) <= limit:
        assert short == text
        return
    head, _, rest = short.partition("\n\n[… ")
    number, _, tail = rest.partition(" characters left out here …]\n\n")
    assert text.startswith(head)
    assert text.rstrip().endswith(tail)
    assert 0 < int(number.replace(",", "")) <= len(text)


def test_shortening_a_huge_text_looks_at_a_small_part_of_it() -> None:
    looked_at: list[int] = []

    def count(text: str) -> int:
        looked_at.append(len(text))
        return len(text) // 4

    short = shorten("x" * 5_000_000, 100, count)
    assert count(short) <= 100
    assert max(looked_at) <= 1600
    assert len(looked_at) < 10
    assert "[… 4,999," in short


def test_a_limit_that_is_too_small_still_ends(tokenizer: Tokenizer) -> None:
    assert shorten("word " * 100, 0, tokenizer.count) == "[… 500 characters left out here …]"
    assert shorten("word " * 100, -5, tokenizer.count) == "[… 500 characters left out here …]"


def test_a_wrong_token_figure_does_not_let_a_huge_text_through(tokenizer: Tokenizer) -> None:
    liar = entry("user", "word " * 50_000, tokens=3)
    assert show(liar, 200, tokenizer).tokens <= 200


def test_messages_are_the_ports_own(tokenizer: Tokenizer) -> None:
    messages = conversation("s", Summary(), (), longest=9, tokenizer=tokenizer)
    assert messages == (Message("system", "s"),)
