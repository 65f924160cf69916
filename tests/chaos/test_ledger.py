"""Each check of the ledger fails for the records that it is there for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.engine import texts
from bot.errors import ModelBusy
from tests.chaos.ledger import VIOLATIONS, Records, Said, Standing, Verdict, judge
from tests.chaos.words import answer_text, asked_now, read_page, token
from tests.simulators.openai_sim import Request


def records(*stands: str, messages: int = 3, sure: bool = False, **more: object) -> Records:
    """One Slack thread in which so many messages were said, and these texts stand."""
    said = [Said(number, 1, float(number), sure) for number in range(messages)]
    return Records(said, [Standing(1, "slack", stands)], **more)  # type: ignore[arg-type]


def answer(number: int, *messages: int, length: int = 5) -> str:
    return answer_text(number, [token(each) for each in messages], length)


def kinds(verdict: Verdict) -> list[str]:
    return [each.kind for each in verdict.violations]


GOOD = (answer(1, 0), answer(2, 1, 2, length=130))


def test_good_records_pass() -> None:
    verdict = judge(records(*GOOD, sure=True, asked={1: ("q0000",), 2: ("q0001", "q0002")}))
    assert verdict.violations == ()
    assert verdict.answers == {"slack": 2}


def test_an_answer_in_several_messages_is_one() -> None:
    whole = answer(2, 1, 2, length=130)
    head, _, tail = whole.partition("\n\nw61")
    verdict = judge(records(answer(1, 0), head, f"w61{tail}"))
    assert verdict.violations == ()
    assert verdict.answers == {"slack": 2}


def cut(text: str) -> str:
    return text.rpartition("\n\n")[0]


@pytest.mark.parametrize(
    ("found", "stands"),
    [
        ("doubled", (answer(1, 0), answer(2, 1), answer(3, 1, 2))),
        ("doubled", (answer(1, 0, 1), answer(2, 2), answer(2, 2))),
        ("doubled", (*GOOD, answer(3))),
        ("lost", (answer(1, 0), answer(2, 2))),
        ("stuck", (answer(1, 0), answer(2, 1))),
        ("stuck", ()),
        ("out of order", (answer(1, 0), answer(2, 2, 1))),
        ("half-written", (answer(1, 0), cut(answer(2, 1, 2)))),
        ("half-written", (cut(answer(1, 0)), answer(2, 1, 2))),
        ("half-written", (answer(1, 0), answer(2, 1, 2).replace("w3 ", ""))),
        ("half-written", (answer(1, 0), answer(2, 1, 2).replace("w3 ", "w3 w3 "))),
        ("half-written", (answer(1, 0), f"{cut(answer(2, 1, 2))}\n\n{texts.INTERRUPTED}")),
        ("stray", (*GOOD, "*Waiting for the model …*")),
        ("stray", ("w7 w8 end-A9", *GOOD)),
        ("given up", (*GOOD, texts.GIVEN_UP)),
    ],
)
def test_bad_records_fail(found: str, stands: tuple[str, ...]) -> None:
    assert found in VIOLATIONS
    assert set(kinds(judge(records(*stands)))) == {found}


def test_an_answer_that_comes_late_for_sure_is_out_of_order() -> None:
    stands = (answer(1, 0), answer(2, 2), answer(3, 1))
    assert kinds(judge(records(*stands, sure=True))) == ["out of order"]
    overtaken = judge(records(*stands))
    assert overtaken.violations == ()
    assert overtaken.overtaken == {"slack": 1}


def test_an_answer_to_other_messages_than_the_model_was_asked_about_fails() -> None:
    assert kinds(judge(records(*GOOD, asked={1: ("q0001",)}))) == ["half-written"]


def test_what_the_bot_says_elsewhere_fails() -> None:
    verdict = judge(records(*GOOD, homeless={"slack": ["hello"]}))
    assert kinds(verdict) == ["stray"]
    assert verdict.violations[0].thread == -1


def test_what_the_model_broke_off_is_excused_when_people_are_told() -> None:
    half = f"{cut(answer(2, 1, 2))}\n\n{texts.INTERRUPTED}"
    verdict = judge(records(answer(1, 0), half, broken=frozenset({2})))
    assert verdict.violations == ()
    assert verdict.excused == {"slack": 1}
    assert kinds(judge(records(answer(1, 0), cut(answer(2, 1, 2)), broken=frozenset({2})))) == [
        "half-written"
    ]


def test_who_is_told_to_ask_again_is_not_lost_but_only_when_the_model_refused() -> None:
    stands = (answer(1, 0), ModelBusy.user_text, answer(2, 2))
    verdict = judge(records(*stands, refused=frozenset({"q0001"})))
    assert verdict.violations == ()
    assert verdict.told == {"slack": 1}
    assert sorted(kinds(judge(records(*stands)))) == ["given up", "lost"]


def test_a_notice_of_an_outage_is_no_answer() -> None:
    verdict = judge(records(texts.STORE_AWAY, *GOOD))
    assert verdict.violations == ()
    assert verdict.notices == {"slack": 1}


def test_messages_of_a_thread_that_nobody_looked_at_are_not_passed_over() -> None:
    bad = records(*GOOD)
    with pytest.raises(ValueError, match="nothing is known"):
        judge(replace(bad, said=[*bad.said, Said(9, 2, 0.0)]))


def test_the_model_is_asked_about_what_follows_its_last_answer() -> None:
    def message(role: str, text: str) -> dict[str, str]:
        return {"role": role, "content": text}

    body = {
        "messages": [
            message("system", "You are q0009."),
            message("user", "[Earlier messages of this thread.]\nAda: q0000 please"),
            message("user", "Ada: q0001 please"),
            message("assistant", answer(1, 1)),
            message("user", "Ada: q0002 please"),
            message("user", "Ben: q0003 please\n\n[Now: 2026-11-27]"),
        ]
    }
    request = Request(1, 0.0, "POST", "/v1/chat/completions", {}, {}, body, None)
    assert asked_now(request) == ("q0002", "q0003")


def test_everything_that_stands_is_read_as_something() -> None:
    page = read_page([*GOOD, "nonsense", texts.STORE_AWAY, ModelBusy.user_text])
    assert [each.number for each in page.answers] == [1, 2]
    assert (len(page.strays), len(page.notices), len(page.apologies)) == (1, 1, 1)
