"""Answers that are given again: what belongs to them, and how the halves are joined."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bot.controls import Action
from bot.engine import texts
from bot.engine.again import (
    AFTER,
    AFTER_CUT,
    Anew,
    Continuation,
    actions_after,
    askers_of,
    question_of,
    with_note,
)
from bot.records import Entry, Summary
from bot.storage.types import Again, Lease, Turn
from tests.units.storage.samples import BEN, THREAD, message


def said(role: str, text: str, turn: str = "t1", seq: int = 0, author: str = "") -> Entry:
    return Entry(role, text, 0.0, author_id=author, turn=turn, seq=seq)  # type: ignore[arg-type]


def turn_of(again: Again, answer: Entry, *window: Entry) -> Turn:
    return Turn(
        Lease(THREAD, "t9", 1), (message(9, author=BEN, text=""),), window,
        again=again, answer=answer,
    )  # fmt: skip


def test_the_question_is_what_one_turn_stored_of_people() -> None:
    before = said("user", "unanswered", "t0", 1, "u3")
    asked = (said("context", "seen", "t1", 2, "u9"), said("user", "why?", "t1", 3, "u1"))
    more = said("user", "and how?", "t1", 4, "u2")
    assert question_of((before, *asked, more)) == (*asked, more)
    assert askers_of(question_of((before, *asked, more))) == {"u1", "u2"}
    assert question_of((said("assistant", "hi"),)) == ()
    assert question_of(()) == ()


def test_a_new_answer_is_asked_for_as_the_old_one_was() -> None:
    first, reply = said("user", "hi", "t0", 1), said("assistant", "hello", "t0", 2)
    question, old = said("user", "why?", "t1", 3), said("assistant", "because", "t2", 4)
    window = (first, reply, question)
    anew = Anew.of(turn_of(Again.REGENERATE, old, *window), {})
    assert anew is not None
    assert (anew.log(window), anew.new) == ((first, reply), (question,))
    assert (anew.begun, anew.shown) == (Continuation(), "")
    assert Anew.of(Turn(Lease(THREAD, "t", 1), (message(1),)), {}) is None


def test_going_on_shows_the_model_where_it_stopped() -> None:
    question, old = said("user", "why?", "t1", 1), said("assistant", "because of tha", "t1", 2)
    anew = Anew.of(turn_of(Again.CONTINUE, old, question), {"u2": "Ben"})
    assert anew is not None
    assert [entry.text for entry in anew.new] == ["why?", "because of ", texts.GO_ON]
    assert (anew.new[-1].role, anew.new[-1].author) == ("user", "Ben")
    assert anew.begun.joined("that.") == "because of that."


def test_code_is_opened_only_once() -> None:
    begun = Continuation.of("Look:\n```py\none = 1\ntwo = ")
    assert begun == Continuation("Look:\n```py\none = 1\n", in_code=True)
    whole = "Look:\n```py\none = 1\ntwo = 2\n```\nDone."
    assert begun.joined("two = 2\n```\nDone.") == whole
    more = "```py\ntwo = 2\n```\nDone."
    assert begun.joined(more) == whole
    # No half of the second opening ever shows.
    for end in range(6):
        assert begun.joined(more[:end]) == begun.head
    assert Continuation("prose ").joined("```py\nx\n```") == "prose ```py\nx\n```"


def test_a_closing_fence_is_kept() -> None:
    begun = Continuation.of("```py\none = 1\n")
    assert begun.joined("```\nDone.") == "```py\none = 1\n```\nDone."


@given(st.text(), st.text())
def test_joined_texts_hold_all_of_both_but_a_cut_word(old: str, new: str) -> None:
    begun = Continuation.of(old)
    assert old.startswith(begun.head)
    if not begun.in_code:
        assert begun.joined(new) == begun.head + new
    assert begun.joined("") == begun.head


@given(st.text(), st.lists(st.sampled_from(["*(a)*", ""]), max_size=3))
def test_notes_stand_after_the_text(text: str, notes: list[str]) -> None:
    noted = with_note(text, *notes)
    assert noted.startswith(text.rstrip())
    for note in notes:
        assert noted.endswith(note) or note in noted


def test_what_can_be_done_afterwards() -> None:
    assert actions_after(False, "") == AFTER
    assert actions_after(True, texts.TOO_LONG) == AFTER_CUT
    assert actions_after(True, texts.FILTERED) == AFTER
    assert AFTER_CUT[0] is Action.CONTINUE


def test_an_answer_whose_question_was_deleted_cannot_be_given_anew() -> None:
    before, reply = said("user", "hi", "t0", 1), said("assistant", "hello", "t0", 2)
    old = said("assistant", "because", "t1", 4)
    for window in ((before, reply), (before,), ()):
        anew = Anew.of(turn_of(Again.REGENERATE, old, *window), {})
        assert anew is not None and anew.orphaned and anew.new == ()
    # A question that is only summed up is not gone.
    turn = replace(turn_of(Again.REGENERATE, old), summary=Summary("Why?", upto=3))
    anew = Anew.of(turn, {})
    assert anew is not None and not anew.orphaned
