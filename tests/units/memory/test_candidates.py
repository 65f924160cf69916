"""Asking for what to remember beside a summary, and reading whatever comes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.context.summary import accept_summary
from bot.memories import Kind
from bot.memory.candidates import HEADING, Candidate, split, wanted
from bot.records import NO_SUMMARY, Entry

SUMMARY = "## Goal\n- A red blanket\n\n## Decisions\n- Ada (2026-11-21): the warp is cotton\n"
OBJECT = {
    "content": "The warp is cotton.",
    "kind": "decision",
    "about": "warp",
    "tags": ["loom"],
    "messages": [1, 3],
}
CANDIDATE = Candidate("The warp is cotton.", Kind.DECISION, "warp", ("loom",), (1, 3))
JSON = json.dumps([OBJECT])
ENTRIES = (
    Entry("user", "Ada here:\nthe warp is cotton", 1.0, "1", "Ada", ("m1",), seq=1),
    Entry("assistant", "Noted.", 2.0, seq=2),
    Entry("context", "elsewhere", 2.0, "2", "Ben", seq=3),
)


def accepted(text: str) -> str | None:
    """What becomes of a summary."""
    return accept_summary(text, NO_SUMMARY, ENTRIES, 300, len)


def test_only_what_people_said_is_numbered() -> None:
    asked = wanted(ENTRIES)
    assert asked.endswith("by number:\n- 1, Ada: Ada here: the warp is cotton")
    assert HEADING in asked and '{"content": "Ada owns' in asked
    assert wanted(ENTRIES[1:]) == ""


@pytest.mark.parametrize(
    "answer",
    [
        f"{SUMMARY}\n{HEADING}\n```json\n{JSON}\n```",
        f"{SUMMARY}\n{HEADING}\n{JSON}\n",
        f"{SUMMARY}\n**Memories**\n\n```\n{JSON}\n```\nThat is all.",
        f"{SUMMARY}\n```json\n{JSON}\n```",
        f"{SUMMARY}\n### memories (1)\n{json.dumps(OBJECT)}\n",
        f"{SUMMARY}\n{HEADING}\n- {json.dumps(OBJECT)}\n- none else",
        f'{SUMMARY}\n{HEADING}\n```json\n[{json.dumps(OBJECT)}, {{"content": "The wa',
        f"{HEADING}\n{JSON}\n{SUMMARY}",
        f"{SUMMARY}\n{HEADING}\n" + json.dumps({"memories": [OBJECT]})[len('{"memories": ') :],
    ],
)
def test_candidates_are_read_in_whatever_dress(answer: str) -> None:
    summary, candidates = split(answer)
    assert candidates == (CANDIDATE,)
    assert accepted(summary) == accepted(SUMMARY)


@pytest.mark.parametrize(
    "answer",
    [
        SUMMARY,
        f"{SUMMARY}\n{HEADING}\n```json\n[]\n```",
        f"{SUMMARY}\n{HEADING}\nnone",
        f"{SUMMARY}\n{HEADING}\n```json\n[{{content: 'x'}}, 7, null, {{\"content\": 3}}]\n```",
        f"{SUMMARY}\n{HEADING}\n" + '{"a":' * 5000,
        f"{SUMMARY}\n{HEADING}\n" + "[" * 50_000,
    ],
)
def test_a_summary_does_not_suffer_from_bad_candidates(answer: str) -> None:
    summary, candidates = split(answer)
    assert candidates == ()
    assert accepted(summary) == accepted(SUMMARY)


def test_what_is_missing_or_of_another_kind_is_left_out() -> None:
    odd = [
        {"content": " The  warp\nis cotton. ", "kind": "rumour", "tags": "loom", "messages": "1"},
        {"content": "The weft is wool.", "subject": "weft", "evidence": [2, "4", True, 1.5, "x"]},
        {"content": ""},
    ]
    _, candidates = split(f"{SUMMARY}\n{HEADING}\n{json.dumps(odd)}")
    assert candidates == (
        Candidate("The warp is cotton.", Kind.FACT, "", ("loom",), (1,)),
        Candidate("The weft is wool.", Kind.FACT, "weft", (), (2, 4)),
    )


def test_a_flood_of_candidates_is_cut() -> None:
    _, candidates = split(f"{SUMMARY}\n{HEADING}\n{json.dumps([OBJECT] * 500)}")
    assert len(candidates) == 10


@given(st.text(), st.text())
def test_any_answer_can_be_read(before: str, after: str) -> None:
    for answer in (before, f"{before}\n{HEADING}\n{after}", f"{before}\n```json\n{after}\n```"):
        split(answer)
