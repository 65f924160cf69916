"""The window: prefixes stay, the budget is kept, only the oldest goes, folds fall between turns."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.context.render import CONTEXT_HEADER, Now, conversation
from bot.context.tokens import REPLY_TOKENS, Tokenizer
from bot.context.window import (
    HIGH,
    build_window,
    fold_cut,
    low_mark,
    needs_fold,
)
from bot.model.port import Message
from bot.records import Entry, Summary
from tests.units.context.conversations import (
    START,
    SYSTEM,
    Thread,
    Turn,
    conversations,
    entry,
    settled,
)

NOW = Now(START, ("Ada",))


def recount(messages: tuple[Message, ...], tokenizer: Tokenizer) -> int:
    return REPLY_TOKENS + sum(tokenizer.count_message(m.role, m.content) for m in messages)


def is_prefix(short: tuple[Message, ...], long: tuple[Message, ...]) -> bool:
    return long[: len(short)] == short


@settings(deadline=None)
@given(conversations(), st.integers(300, 3000), st.booleans())
def test_every_prompt_goes_on_from_the_one_before(
    tokenizer: Tokenizer, story: list[Turn], budget: int, folding: bool
) -> None:
    thread = Thread(tokenizer, budget, folding=folding)
    before: tuple[Message, ...] | None = None
    cut = 0
    for turn in story:
        window = thread.window(turn.asked)
        if before is not None and window.left_out == cut:
            assert is_prefix(before, settled(window))
        before, cut = settled(window), window.left_out
        if thread.commit(turn, window):
            before = None


@settings(deadline=None)
@given(conversations(), st.integers(300, 3000), st.booleans(), st.booleans())
def test_the_budget_is_kept_and_only_the_oldest_goes(
    tokenizer: Tokenizer, story: list[Turn], budget: int, folding: bool, weighing: bool
) -> None:
    thread = Thread(tokenizer, budget, folding=folding, weighing=weighing)
    for turn in story:
        window = thread.window(turn.asked, ("A note about this turn.",))
        assert recount(window.messages, tokenizer) <= budget
        assert abs(recount(window.messages, tokenizer) - window.tokens) <= 2
        assert window.messages[0] == Message("system", SYSTEM)
        entries = (*thread.tail, *turn.asked)
        assert 0 <= window.left_out < len(entries)
        expected = conversation(
            SYSTEM,
            thread.summary,
            entries[window.left_out :],
            longest=budget // 2,
            tokenizer=tokenizer,
        )
        shown = settled(window)
        opening = 2 if thread.summary.text else 1
        assert shown[:opening] == expected[:opening]
        if window.left_out:
            gap = shown[opening].content
            assert gap.startswith(f"[{window.left_out} earlier message")
            shown = (*shown[:opening], *shown[opening + 1 :])
        if len(shown) - opening > 1 or not window.left_out:
            assert shown == expected
        else:
            assert shown[-1].content.startswith(f"{turn.asked[-1].author}: ")
        thread.commit(turn, window)


@settings(deadline=None)
@given(conversations(), st.integers(200, 2000), st.integers(0, 400))
def test_a_cut_keeps_turns_whole_and_leaves_little(
    tokenizer: Tokenizer, story: list[Turn], budget: int, low: int
) -> None:
    thread = Thread(tokenizer, budget, folding=False)
    for turn in story:
        thread.commit(turn, thread.window(turn.asked))
    upto = fold_cut(thread.log, low)
    folded, kept = thread.log[:upto], thread.log[upto:]
    assert kept
    newest = thread.log[-1].turn
    if upto == 0:
        # Nothing has to go, or there is but one turn with its context.
        asked = [e.turn for e in thread.log if e.role == "user"]
        assert sum(e.tokens for e in kept) <= low or (len(set(asked)) == 1)
        return
    assert kept[0].role == "user"
    assert kept[0].turn != folded[-1].turn or folded[-1].role == "context"
    size = sum(e.tokens for e in kept)
    assert size <= low or all(e.turn == newest for e in kept)
    # One turn fewer would not have been enough.
    longer = [e for e in thread.log if e.turn == folded[-1].turn] + list(kept)
    assert sum(e.tokens for e in longer) > low or folded[-1].role == "context"


@settings(deadline=None)
@given(conversations(), st.integers(1, 600), st.integers(0, 200))
def test_folding_in_pieces_gets_there(
    tokenizer: Tokenizer, story: list[Turn], most: int, low: int
) -> None:
    thread = Thread(tokenizer, 2000, folding=False)
    for turn in story:
        thread.commit(turn, thread.window(turn.asked))
    goal = fold_cut(thread.log, low)
    upto = 0
    while step := fold_cut(thread.log[upto:], low, most=most):
        piece = thread.log[upto:step]
        assert step > upto
        assert sum(e.tokens for e in piece) <= most or len({e.turn for e in piece}) == 1
        upto = step
    assert upto == goal


@settings(deadline=None)
@given(conversations(20))
def test_folding_in_time_leaves_nothing_out(tokenizer: Tokenizer, story: list[Turn]) -> None:
    thread = Thread(tokenizer, 24_000)
    for turn in story:
        window = thread.window(turn.asked)
        # One turn of this strategy is smaller than the reserve above the high mark.
        assert window.left_out == 0
        thread.commit(turn, window)


def test_a_cut_that_is_not_summarised_moves_in_steps(tokenizer: Tokenizer) -> None:
    random_ = random.Random(7)
    thread = Thread(tokenizer, 2000, folding=False)
    moves, before = 0, 0
    for _ in range(200):
        asked = (entry("user", "word " * random_.randint(5, 40)),)
        window = thread.window(asked, ("note " * random_.randint(0, 20),))
        assert window.left_out >= before
        moves += window.left_out != before
        before = window.left_out
        thread.commit(Turn(asked, entry("assistant", "word " * random_.randint(5, 60))), window)
    assert before > 300
    # 200 turns of about 65 tokens, a step is 500: one move in about eight turns.
    assert 15 <= moves <= 35


def test_what_is_left_out_does_not_leave_an_answer_without_its_question(
    tokenizer: Tokenizer,
) -> None:
    log = [
        entry("user" if n % 2 == 0 else "assistant", "word " * 60, tokens=65, seq=n + 1)
        for n in range(40)
    ]
    for budget in range(400, 2400, 100):
        window = build_window(
            system=SYSTEM,
            summary=Summary(),
            log=log,
            new=[entry("user", "and now?")],
            now=NOW,
            budget=budget,
            tokenizer=tokenizer,
        )
        assert window.left_out % 2 == 0


def test_the_newest_message_is_shortened_when_nothing_else_is_left(tokenizer: Tokenizer) -> None:
    window = build_window(
        system="s " * 150,
        summary=Summary("## Goal\n- ship", 1, 1),
        log=[entry("user", "old"), entry("assistant", "older")],
        new=[entry("user", "start " + "word " * 5000 + "finish")],
        now=NOW,
        budget=500,
        tokenizer=tokenizer,
    )
    assert window.left_out == 2
    assert window.messages[0].content == "s " * 150
    assert "## Goal" in window.messages[1].content
    newest = settled(window)[-1].content
    assert newest.startswith("Ada: start word")
    assert "characters left out here" in newest
    assert newest.endswith("finish")
    assert recount(window.messages, tokenizer) <= 500


def test_the_system_prompt_is_whole_even_when_it_is_over_the_budget(tokenizer: Tokenizer) -> None:
    system = "rule " * 3000
    window = build_window(
        system=system,
        summary=Summary(),
        log=[entry("user", "old")],
        new=[entry("user", "what " * 200)],
        now=NOW,
        budget=1000,
        tokenizer=tokenizer,
    )
    assert window.messages[0].content == system
    newest = settled(window)[-1].content
    assert newest.startswith("Ada: what")
    assert tokenizer.count(newest) <= 60
    assert window.tokens > 1000


def test_a_shortened_message_is_sent_the_same_way_again(tokenizer: Tokenizer) -> None:
    thread = Thread(tokenizer, 2000, folding=False)
    big = Turn((entry("user", "paste " * 9000),), entry("assistant", "Got it."))
    first = thread.window(big.asked)
    assert "characters left out here" in first.messages[-1].content
    thread.commit(big, first)
    second = thread.window((entry("user", "so?"),))
    assert second.left_out == 0
    assert is_prefix(settled(first), settled(second))


def test_a_changing_budget_leaves_the_prefix_alone(tokenizer: Tokenizer) -> None:
    log = [entry("user", "paste " * 3000, seq=1), entry("assistant", "ok", seq=2)]
    windows = [
        build_window(
            system=SYSTEM,
            summary=Summary(),
            log=log,
            new=[entry("user", "so?")],
            now=NOW,
            budget=budget,
            tokenizer=tokenizer,
            longest=1000,
        )
        for budget in (3000, 2900, 4100)
    ]
    assert windows[0].messages == windows[1].messages == windows[2].messages


def test_context_comes_before_the_question_in_one_message(tokenizer: Tokenizer) -> None:
    context = [entry("context", f"line {n}", turn="1") for n in range(3)]
    window = build_window(
        system=SYSTEM,
        summary=Summary(),
        log=[],
        new=[*context, entry("user", "what did I miss?", turn="1")],
        now=NOW,
        budget=1000,
        tokenizer=tokenizer,
    )
    assert [m.content.partition("\n")[0] for m in settled(window)] == [
        SYSTEM,
        CONTEXT_HEADER,
        "Ada: what did I miss?",
    ]


def test_headers_of_context_are_within_the_budget(tokenizer: Tokenizer) -> None:
    log = [entry("context", "x", turn=f"t{n // 2}") for n in range(60)]
    for budget in range(400, 1050, 50):
        window = build_window(
            system=SYSTEM,
            summary=Summary(),
            log=log,
            new=[entry("user", "and now?")],
            now=NOW,
            budget=budget,
            tokenizer=tokenizer,
        )
        assert budget - 250 - budget // 4 < recount(window.messages, tokenizer) <= budget


@pytest.mark.parametrize("new", [[], [entry("user", "q"), entry("assistant", "a")]])
def test_there_must_be_something_to_answer(tokenizer: Tokenizer, new: list[Entry]) -> None:
    with pytest.raises(ValueError, match="newest message"):
        build_window(
            system=SYSTEM,
            summary=Summary(),
            log=[],
            new=new,
            now=NOW,
            budget=1000,
            tokenizer=tokenizer,
        )


def test_folding_starts_at_the_high_mark_and_has_room_even_in_small_budgets() -> None:
    assert HIGH == 0.75
    assert not needs_fold(6000, 8000)
    assert needs_fold(6001, 8000)
    # System prompt and summary of 700 in a budget of 1000 leave 300 for messages.
    assert not needs_fold(900, 1000, fixed=700)
    assert needs_fold(930, 1000, fixed=700)
    assert low_mark(8000) == 3200
    assert low_mark(1000, fixed=700) == 120
    assert low_mark(1000, fixed=1700) == 0


def test_a_cut_is_not_made_without_need_or_inside_the_newest_turn() -> None:
    log = [
        entry("user", "q", tokens=50, seq=1),
        entry("assistant", "a", tokens=50, seq=2),
        entry("user", "q", tokens=50, seq=3),
        entry("user", "q", tokens=50, seq=4),
        entry("assistant", "a", tokens=900, seq=5),
    ]
    assert fold_cut(log, 1100) == 0
    assert fold_cut(log, 1099) == 2
    assert fold_cut(log, 0) == 2
    assert fold_cut(log[2:], 0) == 0
    assert fold_cut([], 0) == 0
    assert fold_cut([entry("user", "word " * 500, seq=9), entry("assistant", "a", seq=10)], 5) == 0
