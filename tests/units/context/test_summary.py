"""What is asked of the model, what of its answer is accepted, and what is done without one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.context.prompt import CONVENTIONS, PERSONA, system_prompt
from bot.context.render import conversation
from bot.context.sections import SECTIONS, parse
from bot.context.summary import (
    accept_summary,
    extract_summary,
    fold_instruction,
    fold_messages,
    summary_cap,
    summary_prompt,
)
from bot.context.tokens import Tokenizer, estimate
from bot.records import Entry, Summary
from tests.units.context.conversations import TEXTS, entry

MONDAY = 1_795_449_600.0  # 2026-11-23 16:00 UTC
DAY = 86_400.0

TALK = (
    Entry("user", "We need a launch plan. It is for v2.", MONDAY, "1", "Ada"),
    Entry("assistant", "Gladly. Which date?", MONDAY + 5),
    Entry("user", "We decided on 2026-12-04, see https://x.example/plan", MONDAY + DAY, "1", "Ada"),
    Entry("user", "I prefer short notes.\nWho tells the press?", MONDAY + DAY, "2", "Ben"),
    Entry("assistant", "Noted: ticket OPS-77.", MONDAY + DAY + 5),
)

OLD = Summary(
    "## Goal\n- Launch v2\n\n"
    "## Decisions\n- Ada chose Postgres 17 for storage (2026-11-20)\n"
    "- Ben will keep release notes short\n\n"
    "## Facts and preferences\n- Ada: lives in Oslo\n\n"
    "## Open questions\n- Ben: which colour for the banner?\n\n"
    "## Identifiers\n- OPS-12\n- https://x.example/board",
    4,
    1,
    "model",
)

GOOD = (
    "## Goal\n- Launch v2 on 2026-12-04\n\n"
    "## Decisions\n- Ada chose Postgres 17 as storage (2026-11-20)\n"
    "- Ben keeps the release notes short\n"
    "- Ada set the launch for 2026-12-04 (2026-11-24)\n\n"
    "## Open questions\n- Ben: which colour should the banner have?\n\n"
    "## Identifiers\n- OPS-12, OPS-77\n- https://x.example/board"
)


def accept(text: str, previous: Summary = OLD, cap: int = 300) -> str | None:
    return accept_summary(text, previous, TALK, cap, estimate)


def test_a_good_summary_is_taken_as_it_is() -> None:
    assert accept(GOOD) == GOOD


def test_the_dress_is_normalised() -> None:
    text = "Sure, here it is:\n```\n" + GOOD.replace("## ", "**").replace("\n-", "**\n *", 1)
    text = text.replace("**Decisions", "**Decisions:**").replace(
        "**Open questions", "Open questions:"
    )
    text = text.replace("**Identifiers", "### Identifiers") + "\n```"
    assert accept(text) == GOOD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  \n ",
        "NONE",
        "None.",
        "## Goal\n- none\n\n## Decisions\nNone",
        "I'm sorry, but I can't help with that.",
        "I’m sorry.\n## Goal\n- refuse",
        "As an AI, I cannot summarise this.",
        "They talked about the launch and some other things.",
        "## Goal\n- ok",
        "## Goal\n- " + "launch " * 600,
    ],
)
def test_what_is_no_summary_is_refused(text: str) -> None:
    assert accept(text) is None


def test_lost_decisions_questions_and_identifiers_are_put_back() -> None:
    text = accept("## Goal\n- Launch v2 on 2026-12-04 after all")
    assert text is not None
    sections = parse(text)
    old = parse(OLD.text)
    assert sections["Goal"] == ["Launch v2 on 2026-12-04 after all"]
    for section in ("Decisions", "Open questions", "Identifiers"):
        assert sections[section] == old[section]
    assert "Facts and preferences" not in sections


def test_a_lost_goal_is_put_back() -> None:
    text = accept(GOOD.partition("\n\n")[2])
    assert text is not None
    assert parse(text)["Goal"] == ["Launch v2"]


def test_a_changed_number_counts_as_lost() -> None:
    text = accept(GOOD.replace("Postgres 17", "Postgres 16"))
    assert text is not None
    assert parse(text)["Decisions"][0] == "Ada chose Postgres 17 for storage (2026-11-20)"


def test_a_number_inside_another_one_does_not_count() -> None:
    text = accept(GOOD.replace("OPS-12,", "OPS-123,"))
    assert text is not None
    assert parse(text)["Identifiers"][0] == "OPS-12"


def test_a_resolved_line_need_not_stay() -> None:
    resolved = GOOD.replace(
        "- Ada chose Postgres 17 as storage (2026-11-20)",
        "- Ada's choice of Postgres as storage was replaced: SQLite (resolved)",
    ).replace("which colour should the banner have?", "banner colour (resolved): red")
    assert accept(resolved) == resolved


def test_what_is_put_back_is_bounded_too() -> None:
    lines = [f"- Decision {n}: use machine {n}00 for the job" for n in range(400)]
    old = Summary("## Decisions\n" + "\n".join(lines), 4, 1, "model")
    text = accept(GOOD, old, cap=300)
    assert text is not None
    assert estimate(text) <= 600
    assert "older lines left out)" in text
    assert "machine 39900" in text
    assert "launch for 2026-12-04" in text


@settings(deadline=None)
@given(st.text(st.characters(), max_size=300))
def test_any_answer_is_handled(text: str) -> None:
    accepted = accept("## Goal\n" + text)
    if accepted is not None:
        assert set(parse(OLD.text)["Identifiers"]) <= set(parse(accepted)["Identifiers"])


def test_the_extract_has_what_stands_out() -> None:
    text = extract_summary(Summary(), TALK, 400, estimate)
    assert parse(text) == {
        "Goal": ["Ada (2026-11-23): We need a launch plan."],
        "Decisions": [
            "Ada (2026-11-24): We decided on 2026-12-04, see https://x.example/plan",
        ],
        "Facts and preferences": ["Ben (2026-11-24): I prefer short notes."],
        "Open questions": ["Ben (2026-11-24): Who tells the press?"],
        "Identifiers": ["2026-12-04", "https://x.example/plan", "OPS-77"],
    }


def test_the_extract_keeps_the_previous_summary() -> None:
    sections = parse(extract_summary(OLD, TALK, 600, estimate))
    for section, lines in parse(OLD.text).items():
        assert sections[section][: len(lines)] == lines
    imported = Summary("They talked about boats.", 2, 1, "model")
    text = extract_summary(imported, TALK, 600, estimate)
    assert "- They talked about boats." in text


def test_a_paste_does_not_push_everything_out() -> None:
    paste = "\n".join(f"we decided value {n}0000 must be 1{n}000" for n in range(5000))
    text = extract_summary(OLD, [*TALK, entry("user", paste)], 500, estimate)
    assert estimate(text) <= 500
    assert "Postgres 17" in text
    assert "OPS-12" in text
    assert "2026-12-04" in text
    assert "OPS-77" in text


def test_the_extract_is_never_empty() -> None:
    assert extract_summary(Summary(), [entry("user", "")], 200, estimate) == (
        "## Facts and preferences\n- Messages without anything to note: 1"
    )


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["user", "assistant", "context"]), TEXTS), max_size=12))
def test_the_extract_handles_anything_and_is_bounded(said: list[tuple[str, str]]) -> None:
    entries = [entry(role, text) for role, text in said]
    text = extract_summary(OLD, entries, 400, estimate)
    assert estimate(text) <= 400
    assert set(parse(text)) <= set(SECTIONS)
    assert text.encode("utf-8")
    assert extract_summary(OLD, entries, 400, estimate) == text


def test_the_request_goes_on_from_the_conversation(tokenizer: Tokenizer) -> None:
    messages = conversation("system", OLD, TALK, longest=500, tokenizer=tokenizer)
    request = fold_messages(messages, fold_instruction(TALK, 300))
    assert request[:-1] == messages
    assert request[-1].role == "user"
    instruction = request[-1].content
    assert instruction.startswith("[From Bobbin's own memory")
    positions = [instruction.index(f"## {section}\n") for section in SECTIONS]
    assert positions == sorted(positions)
    assert "At most 180 words" in instruction
    assert '- 2026-11-23, from "Ada: We need a launch plan. It is for v2."' in instruction
    assert '- 2026-11-24, from "Ada: We decided on 2026-12-04' in instruction


def test_the_request_by_transcript_has_names_and_dates() -> None:
    long = Entry("user", "word " * 20_000, MONDAY, "3", "Eve: [x]", interrupted=True)
    system, user = summary_prompt(OLD, [*TALK, long], 300)
    assert system.role == "system"
    assert "material" in system.content
    assert user.role == "user"
    assert OLD.text in user.content
    assert "<Ada> [2026-11-23 16:00]: We need a launch plan." in user.content
    assert "<Bobbin> [2026-11-23 16:00]: Gladly." in user.content
    assert "<Eve (x)> [2026-11-23 16:00]: word" in user.content
    assert "characters left out here" in user.content
    assert len(user.content) < 12_000


def test_the_cap_follows_the_budget() -> None:
    assert [summary_cap(budget) for budget in (1000, 4800, 8000, 100_000)] == [150, 300, 500, 500]


def test_the_system_prompt_always_tells_how_to_read() -> None:
    assert system_prompt() == f"{PERSONA}\n\n{CONVENTIONS}" == system_prompt("  ")
    assert system_prompt(" You are Tess. ") == f"You are Tess.\n\n{CONVENTIONS}"
    assert "Bobbin" in PERSONA


def test_the_system_prompt_is_short(tokenizer: Tokenizer) -> None:
    assert tokenizer.count(system_prompt()) < 400
