"""What people wrote is kept out of what a provider says about it."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.model.quoting import GAP, without_quotes

SAID = ["Ada: my sister was in hospital\n\n[Now: Friday]", "Ben: canaryword"]


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ("Invalid content 'my sister was in hospital' (status=400)", None),
        ("Flagged: my sister was in hospital", f"Flagged: {GAP}"),
        ("Flagged: MY SISTER WAS in, it seems", f"Flagged: {GAP} it seems"),
        ("Flagged: canaryword.", f"Flagged: {GAP}."),
        ("the model `gpt-7` does not exist (status=404 code=model_not_found)", ""),
        ("Rate limit reached in organization org-1: try again in 2 s", ""),
    ],
)
def test_quotations_are_left_out(told: str, left: str | None) -> None:
    found = without_quotes(told, SAID)
    assert "sister was" not in found.casefold() and "canaryword" not in found
    assert left is None or found == (left or told)


SICK = "我被诊断出患有癌症，请不要告诉任何人"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (SICK, f"Input rejected near: {SICK[:14]}"),
        (SICK, f"Input rejected near: {SICK[5:11]}"),
        ("Kündige Bob morgen früh um acht", r"near 'K\u00fcndige Bob morgen fr\u00fch um ac'"),
        ("Bob geht\nmorgen früh", r"bad value \"Bob geht\nmorgen fr\u00fch\""),
        ("fire 😀 Bob on Monday", r"near \ud83d\ude00 Bob on Monday"),
    ],
)
def test_other_scripts_and_escaped_words_are_left_out_too(said: str, told: str) -> None:
    found = without_quotes(told, [f"Ada: {said}"])
    assert GAP in found and "\\u" not in found
    for rest in ("诊断", "患有", "Bob", "morgen"):
        assert rest not in found


@given(
    st.lists(st.from_regex(r"[a-z]{3,9}", fullmatch=True), min_size=3, max_size=12, unique=True),
    st.text(max_size=30),
    st.text(max_size=30),
)
def test_no_run_of_words_survives(words: list[str], before: str, after: str) -> None:
    text = " ".join(words)
    assume(text not in before and text not in after)
    found = without_quotes(f"{before} '{text}' {after}", [f"Ada: {text}"])
    for start in range(len(words) - 2):
        assert " ".join(words[start : start + 3]) not in found


@given(st.text(max_size=100), st.lists(st.text(max_size=50), max_size=3))
def test_nothing_is_added(told: str, said: list[str]) -> None:
    found = without_quotes(told, said)
    assert set(found.replace(GAP, "").split()) <= set(told.split()) or GAP in found
