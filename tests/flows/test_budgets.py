"""What budgets cost, and what they count when a turn is taken over."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from statistics import median_low

from benchmarks.counting import counting_proxy
from bot.budgets import Account, Payer
from bot.storage.connect import Link, open_redis
from bot.storage.scripts import SCRIPTS
from bot.storage.spending import Spending
from tests.flows.meadow import ADA, Meadow, a_meadow
from tests.flows.stage import QUICK
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer, failure

CALM = replace(QUICK, renew=10.0, sweep=10.0)
LIMITED = {"BOBBIN_BUDGET_USER_TOKENS": "100000"}


async def taken(server: Valkey, extra: Mapping[str, str]) -> int:
    """How many scripts one turn takes, when all of them are known to the server.

    Besides, a process looks through all threads, whether or not there is a turn.
    """
    counts: list[int] = []
    async with (
        counting_proxy(server.url.removeprefix("unix://")) as proxy,
        a_meadow(replace(server, url=proxy.url), extra, CALM) as here,
    ):
        for number in range(4):
            before = proxy.trips.copy()
            here.stage.openai.script.append(Answer(f"answer {number}"))
            await here.meadow.say(here.meadow.event(ADA))
            await here.meadow.until_posted(*(f"answer {each}" for each in range(number + 1)))
            await here.stored()
            assert await here.stage.stop() == 0
            since = proxy.trips - before
            counts.append(sum(count for name, count in since.items() if name in SCRIPTS))
            posts = here.meadow.posts
            here.meadow = Meadow(posts=posts, numbers=here.meadow.numbers)
            await here.meadow.begin(here.stage, CALM)
    # One that a busy machine holds up may ask once more.
    return median_low(counts[1:])


OF_A_TURN = 3
OF_A_REQUEST = 2
"""By which processes share the model's patience."""
OF_BUDGETS = 2


async def test_what_a_turn_takes_without_budgets(server: Valkey) -> None:
    assert await taken(server, {}) == OF_A_TURN + OF_A_REQUEST


async def test_with_budgets_it_takes_two_more(server: Valkey) -> None:
    assert await taken(server, LIMITED) == OF_A_TURN + OF_A_REQUEST + OF_BUDGETS


async def test_a_turn_that_is_taken_over_is_counted_once(server: Valkey) -> None:
    async with a_meadow(server, LIMITED, replace(QUICK, grace=0.1)) as here:
        meadow, openai = here.meadow, here.stage.openai
        openai.script.append(Answer(["Once upon a time ", "the end."]).hold(1))
        await meadow.say(meadow.event(ADA, "a story"))
        await meadow.until_posted("Once upon a time")
        client = open_redis(server.url)
        spending = Spending(Link(client), time.time)
        payer = Payer("discord", "1", "11", "1")
        reserved = (await spending.used(payer))[Account.USER]
        assert reserved.tokens > 1000
        # It is interrupted, and parked for whoever comes next.
        assert await here.stage.stop() == 0
        assert (await spending.used(payer))[Account.USER] == reserved
        openai.script.append(Answer("Once upon a time, the end."))
        again = Meadow(posts=meadow.posts, numbers=meadow.numbers)
        await again.begin(here.stage)
        await again.until_posted("Once upon a time, the end.")
        await here.stored()
        assert await here.stage.stop() == 0
        usage = openai.chats[-1].usage
        assert usage is not None
        used = await spending.used(payer)
        both = usage["prompt_tokens"] + usage["completion_tokens"]
        assert {figures.tokens for figures in used.values()} == {both}
        await client.aclose()


async def test_an_answer_that_the_model_did_not_give_costs_nothing(server: Valkey) -> None:
    async with a_meadow(server, LIMITED) as here:
        meadow, openai = here.meadow, here.stage.openai
        openai.script.append(failure(401, kind="invalid_request_error", code="invalid_api_key"))
        event = await meadow.say(meadow.event(ADA, "a story"))
        await meadow.until_posted(
            "I'm not set up correctly to reach my model. Please tell whoever runs this bot."
        )
        await here.stored()
        usage = await meadow.call("usage", event)
        assert "- you: 0 of 100,000 tokens, $0.00" in usage.text
