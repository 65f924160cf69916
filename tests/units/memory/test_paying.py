"""Who pays for what a search takes, and when nobody does any more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.audience import Audience, Grant, grant, narrowed
from bot.budgets import Account, Budgets, Most, Payer, Used
from bot.chat import ThreadKey
from bot.memories import Person, Scope, Via
from bot.memory.paying import payer_of

ADA = Person("discord", "@", "u1")
OF_SLACK = Person("slack", "T1", "U1")
THREAD = ThreadKey("discord", "g1", "c1", "t1")
CHANNEL = grant(Audience("discord", "g1", "c1", THREAD), ADA)
PRIVATE = grant(Audience("discord", "g1", "c9", None, ADA, confined=True), ADA)


@pytest.mark.parametrize(
    ("given", "payer"),
    [
        (CHANNEL, Payer("discord", "g1", "c1", "u1")),
        (replace(CHANNEL, threads=()), Payer("discord", "g1", "c1", "u1")),
        (
            replace(CHANNEL, via=Via.MCP, admin=True),
            Payer("discord", "g1", "c1", "u1", False, True),
        ),
        (replace(CHANNEL, via=Via.AUTO), Payer("discord", "g1")),
        (replace(CHANNEL, via=Via.SHELL), None),
        # Conversations from elsewhere are of no place; the server is known by its scope.
        (PRIVATE, Payer("discord", "g1", "", "u1")),
        # A token that opens what is one's own, on a platform that knows people everywhere.
        (narrowed(PRIVATE, {Scope.of_person(ADA)}), Payer("discord", "@", "", "u1")),
        # Accounts that are linked open places elsewhere, which pay nothing.
        (
            grant(
                Audience("slack", "T1", "D1", None, OF_SLACK, direct=True, confined=True),
                OF_SLACK,
                linked=[ADA],
                directs=[("discord", "@", "D2"), ("slack", "T1", "D1")],
            ),
            Payer("slack", "T1", "D1", "U1"),
        ),
    ],
)
def test_whoever_asks_pays_where_they_ask(given: Grant, payer: Payer | None) -> None:
    assert payer_of(given) == payer


@pytest.mark.parametrize(
    ("budgets", "used_up"),
    [
        (Budgets(), False),
        (Budgets(user=Most(tokens=11, cost_micros=6)), False),
        (Budgets(user=Most(tokens=10)), True),
        (Budgets(space=Most(cost_micros=5)), True),
        (Budgets(channel=Most(tokens=1)), False),
    ],
)
def test_a_budget_is_used_up_when_nothing_of_it_is_left(budgets: Budgets, used_up: bool) -> None:
    used = {Account.USER: Used(10, 5), Account.SPACE: Used(10, 5)}
    assert budgets.used_up(used) is used_up
