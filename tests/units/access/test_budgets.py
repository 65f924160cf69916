"""What is said about budgets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.budgets import (
    Account,
    Budgets,
    Figure,
    Most,
    Over,
    Payer,
    TooSoon,
    Used,
    day_of,
    read_budgets,
    refusal_text,
    seconds_left,
    span_text,
    standing_text,
    told_budgets,
)
from bot.chat import Author, ThreadKey
from bot.plugins import find_adapters
from bot.settings import read_settings

EVENING = 1_700_000_000.0 - 1_700_000_000 % 86_400 + 86_400 - 5 * 3600 - 12 * 60
"""12 minutes and 5 hours before midnight."""


@pytest.mark.parametrize(
    ("why", "text"),
    [
        (
            Over(Account.USER, "tokens", 9_800, 10_000, 1_200),
            "You have used your share for today: 9,800 of 10,000 tokens, and this would "
            "take about 1,200 tokens. It begins anew at midnight UTC, in 5 h 12 min. `!usage` "
            "shows where you stand.",
        ),
        (
            Over(Account.CHANNEL, "cost", 995_000, 1_000_000, 6_000),
            "This channel's share for today is used: $0.9950 of $1.00, and this would take about "
            "$0.0060. It begins anew at midnight UTC, in 5 h 12 min. `!usage` shows where you "
            "stand.",
        ),
        (
            Over(Account.USER, "tokens", 7, 1_000, 1_200),
            "This would take about 1,200 tokens, and 1,000 tokens a day is all that you may use. A "
            "shorter question may do, or `!forget`, after which less of this conversation has to "
            "be read.",
        ),
        (TooSoon(8.2), "You can ask me 5 times a minute here. Please ask again in 9 s."),
        (TooSoon(0.001), "You can ask me 5 times a minute here. Please ask again in 1 s."),
    ],
)
def test_a_refusal_says_what_is_used_up_and_until_when(why: Over | TooSoon, text: str) -> None:
    assert refusal_text(why, 5, EVENING) == text


@settings(deadline=None)
@given(
    st.sampled_from(Account),
    st.sampled_from(["tokens", "cost"]),
    *[st.integers(0, 10**12)] * 3,
    st.floats(0, 4e9),
)
def test_any_refusal_can_be_said(
    account: Account, figure: Figure, used: int, limit: int, wanted: int, now: float
) -> None:
    assert refusal_text(Over(account, figure, used, limit, wanted), None, now)
    assert 0 < seconds_left(now) <= 86_400
    assert day_of(now) < day_of(now + seconds_left(now))
    assert span_text(seconds_left(now)) != "0 min"


def test_the_limits_come_from_the_settings() -> None:
    environ = {
        "BOBBIN_BUDGET_USER_TOKENS": "1000",
        "BOBBIN_BUDGET_SPACE_COST": "2.5",
        "BOBBIN_BUDGET_OUTSIDERS_TOKENS": "7",
        "BOBBIN_REQUESTS_PER_MINUTE": "3",
        "BOBBIN_BUDGET_EXEMPT_ADMINS": "on",
    }
    budgets = read_settings(environ, find_adapters()).budgets
    assert budgets == Budgets(
        user=Most(tokens=1000),
        space=Most(cost_micros=2_500_000),
        outsiders=Most(tokens=7),
        requests_per_minute=3,
        exempt_admins=True,
    )
    assert budgets.on
    assert told_budgets(budgets) == (
        "user 1,000 tokens a day; space $2.50 a day; outsiders 7 tokens a day; 3 requests a minute "
        "for each person; admins are exempt"
    )
    assert not read_budgets({}).on
    assert told_budgets(read_budgets({})) == "no limits"


def test_others_than_admins_see_their_own_and_their_channels_use() -> None:
    used = {account: Used(1_000, 2_000_000) for account in Account}
    budgets = Budgets(user=Most(tokens=5_000), channel=Most(cost_micros=3_000_000))
    lines = standing_text(used, budgets, is_admin=True, now=EVENING).splitlines()
    assert lines == [
        "Used today (UTC, begins anew in 5 h 12 min):",
        "- you: 1,000 of 5,000 tokens, $2.00",
        "- this channel: 1,000 tokens, $2.00 of $3.00",
        "- all guests here: 1,000 tokens, $2.00",
        "- this whole server or workspace: 1,000 tokens, $2.00",
    ]
    own = standing_text(
        {each: used[each] for each in Account if each != "outsiders"},
        budgets,
        is_admin=False,
        now=EVENING,
    ).splitlines()
    assert own == lines[:3]


def test_who_pays() -> None:
    thread = ThreadKey("slack", "T1", "C1", "1.2")
    guest = Payer.of(thread, Author("U1", "Eve", is_outside=True))
    assert list(guest.accounts()) == [
        (Account.USER, "U1"),
        (Account.CHANNEL, "C1"),
        (Account.OUTSIDERS, ""),
        (Account.SPACE, ""),
    ]
    assert list(Payer.of(thread).accounts()) == [(Account.SPACE, "")]
