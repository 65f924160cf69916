"""What budgets count: never over, once for each turn, whatever is repeated."""

from __future__ import annotations

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Awaitable
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis.asyncio import Redis

from bot.budgets import Account, Budgets, Most, Over, Payer, TooSoon, Used
from bot.records import NO_TALLY, Tally
from bot.storage import keys
from bot.storage.connect import Link, open_redis
from bot.storage.spending import Spending
from tests.servers import Valkey
from tests.units.storage.samples import Clock, all_keys

T = TypeVar("T")
ADA = Payer("discord", "g1", "c1", "u1")
ESTIMATE = Tally(prompt=100, completion=20, cost_micros=50)


@pytest.fixture
def spending(client: Redis, clock: Clock) -> Spending:
    return Spending(Link(client), clock)


async def wait_out(client: Redis, payer: Payer, seconds: float) -> None:
    """Let so much time have passed for a person's requests."""
    await client.zincrby(
        keys.asked_lately(payer.platform, payer.space), -seconds * 1000, payer.user
    )


async def test_a_reservation_counts_everywhere_and_the_real_figures_replace_it(
    spending: Spending,
) -> None:
    guest = Payer("discord", "g1", "c1", "u2", is_outside=True)
    budgets = Budgets(space=Most(tokens=10_000))
    assert await spending.reserve(ADA, "t1", ESTIMATE, budgets) is None
    assert await spending.reserve(guest, "t2", ESTIMATE, budgets) is None
    assert await spending.used(guest) == {
        Account.USER: Used(120, 50),
        Account.CHANNEL: Used(240, 100),
        Account.OUTSIDERS: Used(120, 50),
        Account.SPACE: Used(240, 100),
    }
    assert await spending.settle(ADA, "t1", Tally(prompt=90, completion=200, cost_micros=70))
    assert await spending.used(ADA) == {
        Account.USER: Used(290, 70),
        Account.CHANNEL: Used(410, 120),
        Account.SPACE: Used(410, 120),
    }
    assert await spending.used(Payer("discord", "g2", "c1", "u1")) == {
        Account.USER: Used(),
        Account.CHANNEL: Used(),
        Account.SPACE: Used(),
    }


async def test_whoever_takes_a_turn_over_reserves_nothing_more(spending: Spending) -> None:
    budgets = Budgets(user=Most(tokens=130), requests_per_minute=1)
    for _ in range(3):
        assert await spending.reserve(ADA, "t1", ESTIMATE, budgets) is None
    assert (await spending.used(ADA))[Account.USER] == Used(120, 50)
    assert await spending.settle(ADA, "t1", NO_TALLY)
    assert not await spending.settle(ADA, "t1", ESTIMATE)
    assert (await spending.used(ADA))[Account.USER] == Used()


@pytest.mark.parametrize(
    ("budgets", "account", "figure", "limit", "wanted"),
    [
        (Budgets(user=Most(tokens=239)), Account.USER, "tokens", 239, 120),
        (Budgets(user=Most(cost_micros=99)), Account.USER, "cost", 99, 50),
        (Budgets(channel=Most(tokens=200)), Account.CHANNEL, "tokens", 200, 120),
        (Budgets(space=Most(cost_micros=60)), Account.SPACE, "cost", 60, 50),
        (Budgets(outsiders=Most(tokens=120)), Account.OUTSIDERS, "tokens", 120, 120),
    ],
)
async def test_over_a_budget(
    spending: Spending, budgets: Budgets, account: Account, figure: str, limit: int, wanted: int
) -> None:
    guest = Payer("discord", "g1", "c1", "u2", is_outside=True)
    assert await spending.reserve(guest, "t1", ESTIMATE, budgets) is None
    before = await spending.used(guest)
    over = await spending.reserve(guest, "t2", ESTIMATE, budgets)
    assert isinstance(over, Over)
    assert (over.account, over.figure, over.limit, over.wanted) == (account, figure, limit, wanted)
    assert over.used == wanted
    assert await spending.used(guest) == before
    assert not await spending.settle(guest, "t2", ESTIMATE)
    # Others have budgets of their own.
    elsewhere = Payer("discord", "g2", "c1", "u2", is_outside=True)
    assert await spending.reserve(elsewhere, "t3", ESTIMATE, budgets) is None


async def test_admins_may_be_exempt_and_are_counted_all_the_same(spending: Spending) -> None:
    boss = Payer("discord", "g1", "c1", "u9", is_admin=True)
    budgets = Budgets(space=Most(tokens=1), requests_per_minute=1, exempt_admins=True)
    for number in range(3):
        assert await spending.reserve(boss, f"t{number}", ESTIMATE, budgets) is None
    assert (await spending.used(boss))[Account.SPACE].tokens == 360
    assert isinstance(await spending.reserve(ADA, "t9", ESTIMATE, budgets), Over)
    strict = Budgets(space=Most(tokens=1))
    assert isinstance(await spending.reserve(boss, "t9", ESTIMATE, strict), Over)


@pytest.mark.parametrize("often", [1, 7])
async def test_requests_come_back_one_by_one(
    spending: Spending, client: Redis, clock: Clock, often: int
) -> None:
    budgets = Budgets(requests_per_minute=often)
    numbers = itertools.count()
    for _ in range(often):
        assert await spending.reserve(ADA, f"t{next(numbers)}", ESTIMATE, budgets) is None
    soon = await spending.reserve(ADA, f"t{next(numbers)}", ESTIMATE, budgets)
    assert isinstance(soon, TooSoon)
    assert 0 < soon.seconds <= 60 / often
    assert (
        await spending.reserve(Payer("discord", "g1", "c1", "u2"), "b", ESTIMATE, budgets) is None
    )
    await wait_out(client, ADA, soon.seconds)
    assert await spending.reserve(ADA, f"t{next(numbers)}", ESTIMATE, budgets) is None


async def test_the_minute_goes_on_over_midnight(
    spending: Spending, client: Redis, clock: Clock
) -> None:
    budgets = Budgets(requests_per_minute=2)
    for turn in ("t1", "t2"):
        assert await spending.reserve(ADA, turn, ESTIMATE, budgets) is None
    clock.now += 86_400
    soon = await spending.reserve(ADA, "t3", ESTIMATE, budgets)
    assert isinstance(soon, TooSoon)
    await wait_out(client, ADA, soon.seconds)
    assert await spending.reserve(ADA, "t3", ESTIMATE, budgets) is None


async def test_who_has_not_asked_lately_is_not_kept(spending: Spending, client: Redis) -> None:
    budgets = Budgets(requests_per_minute=2)
    ben = Payer("discord", "g1", "c1", "u2")
    for payer in (ADA, ben):
        assert await spending.reserve(payer, payer.user, ESTIMATE, budgets) is None
    await wait_out(client, ADA, 31.0)
    assert await spending.reserve(ben, "again", ESTIMATE, budgets) is None
    asked = keys.asked_lately("discord", "g1")
    assert await client.zrange(asked, 0, -1) == [b"u2"]
    assert 0 < await client.ttl(asked) <= 61


async def test_a_turn_over_midnight_is_settled_on_its_day(spending: Spending, clock: Clock) -> None:
    budgets = Budgets(user=Most(tokens=130))
    assert await spending.reserve(ADA, "t1", ESTIMATE, budgets) is None
    assert isinstance(await spending.reserve(ADA, "t2", ESTIMATE, budgets), Over)
    clock.now += 86_400
    assert await spending.reserve(ADA, "t1", ESTIMATE, budgets) is None
    assert (await spending.used(ADA))[Account.USER] == Used()
    assert await spending.reserve(ADA, "t2", ESTIMATE, budgets) is None
    assert await spending.settle(ADA, "t1", NO_TALLY)
    assert (await spending.used(ADA))[Account.USER] == Used(120, 50)


async def test_a_charge_counts_once_and_is_not_refused(spending: Spending) -> None:
    space = Payer("discord", "g1")
    for nonce in ("n", "n", "m"):
        await spending.charge(space, ESTIMATE, nonce=nonce)
    assert await spending.used(space) == {Account.SPACE: Used(240, 100)}
    over = await spending.reserve(ADA, "t", ESTIMATE, Budgets(space=Most(tokens=300)))
    assert isinstance(over, Over)


async def test_everything_expires_and_can_be_forgotten(
    spending: Spending, client: Redis, clock: Clock
) -> None:
    budgets = Budgets(requests_per_minute=5)
    other = Payer("discord", "g2", "c1", "u1")
    for payer in (ADA, other):
        await spending.reserve(payer, "t1", ESTIMATE, budgets)
        await spending.charge(payer, ESTIMATE, nonce="n")
    clock.now += 86_400
    await spending.reserve(ADA, "t2", ESTIMATE, budgets)
    for key in await all_keys(client):
        assert 0 < await client.ttl(key) <= 2 * 86_400
    await spending.forget("discord", "g1")
    await spending.forget("discord", "g1")
    assert all("{discord:g2}" in key for key in await all_keys(client))
    assert (await spending.used(other))[Account.USER] == Used()


async def test_fifty_at_the_edge_of_a_budget_take_what_is_left_and_no_more(
    url: str, client: Redis, clock: Clock
) -> None:
    """Ten connections, fifty requests at once, room for seven."""
    budgets = Budgets(
        user=Most(tokens=10_000), channel=Most(tokens=7 * 120 + 119), space=Most(tokens=10_000)
    )
    clients = [open_redis(url) for _ in range(10)]
    doors = [Spending(Link(one), clock) for one in clients]
    answers = await asyncio.gather(
        *(
            doors[number % 10].reserve(
                Payer("discord", "g1", "c1", f"u{number}"), f"t{number}", ESTIMATE, budgets
            )
            for number in range(50)
        )
    )
    assert sum(answer is None for answer in answers) == 7
    assert {answer.account for answer in answers if isinstance(answer, Over)} == {Account.CHANNEL}
    # The real figures may be higher than the estimates: by just that much it can be over.
    for number, answer in enumerate(answers):
        if answer is None:
            payer = Payer("discord", "g1", "c1", f"u{number}")
            await doors[0].settle(payer, f"t{number}", Tally(prompt=100, completion=30))
    used = (await doors[0].used(Payer("discord", "g1", "c1", "x")))[Account.CHANNEL]
    assert used.tokens == 7 * 130
    await asyncio.gather(*(one.aclose() for one in clients))


PAYERS = [
    Payer("p", "s", channel, user, outside)
    for channel, user, outside in itertools.product("cd", "uv", (False, True))
]
LIMITS = Budgets(
    user=Most(tokens=60, cost_micros=500),
    channel=Most(tokens=90),
    space=Most(tokens=130, cost_micros=900),
    outsiders=Most(tokens=40),
)
amounts = st.integers(0, 30)


class Paper(RuleBasedStateMachine):
    """The figures as somebody would keep them on paper, in exact arithmetic."""

    url = ""

    @initialize()
    def connect(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.client = open_redis(self.url)
        self.clock = Clock()
        self.spending = Spending(Link(self.client), self.clock)
        self.turns = itertools.count()
        self.used: dict[tuple[int, Account, str, str], int] = defaultdict(int)
        self.held: dict[str, tuple[int, Payer, Tally]] = {}
        self.past: list[tuple[str, Payer]] = []
        self.day = 0
        self.run(self.client.flushall())

    def run(self, work: Awaitable[T]) -> T:
        async def bounded() -> T:
            async with asyncio.timeout(50):
                return await work

        return self.loop.run_until_complete(bounded())

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.run(self.client.aclose())
            self.loop.close()

    def add(self, day: int, payer: Payer, tokens: int, cost: int) -> None:
        for account, identity in payer.accounts():
            self.used[day, account, identity, "tokens"] += tokens
            self.used[day, account, identity, "cost"] += cost

    @rule(payer=st.sampled_from(PAYERS), prompt=amounts, answer=amounts, cost=st.integers(0, 300))
    def reserve(self, payer: Payer, prompt: int, answer: int, cost: int) -> None:
        turn, wanted = f"t{next(self.turns)}", Tally(prompt=prompt, completion=answer)
        wanted = wanted + Tally(cost_micros=cost)
        said = self.run(self.spending.reserve(payer, turn, wanted, LIMITS))
        for account, identity in payer.accounts():
            most = LIMITS.most(account)
            for figure, limit, more in (
                ("tokens", most.tokens, prompt + answer),
                ("cost", most.cost_micros, cost),
            ):
                used = self.used[self.day, account, identity, figure]
                if limit is not None and used + more > limit:
                    assert said == Over(account, figure, used, limit, more)
                    return
        assert said is None
        self.add(self.day, payer, prompt + answer, cost)
        self.held[turn] = (self.day, payer, wanted)

    @precondition(lambda self: self.held)
    @rule(data=st.data(), wanted=amounts)
    def reserve_again(self, data: st.DataObject, wanted: int) -> None:
        turn = data.draw(st.sampled_from(sorted(self.held)))
        _, payer, _ = self.held[turn]
        again = self.spending.reserve(payer, turn, Tally(prompt=wanted), LIMITS)
        assert self.run(again) is None

    @precondition(lambda self: self.held)
    @rule(data=st.data(), tokens=amounts, cost=st.integers(0, 300), twice=st.booleans())
    def settle(self, data: st.DataObject, tokens: int, cost: int, twice: bool) -> None:
        turn = data.draw(st.sampled_from(sorted(self.held)))
        day, payer, wanted = self.held.pop(turn)
        real = Tally(completion=tokens, cost_micros=cost)
        assert self.run(self.spending.settle(payer, turn, real))
        if twice:
            assert not self.run(self.spending.settle(payer, turn, real))
        self.add(day, payer, tokens - wanted.prompt - wanted.completion, cost - wanted.cost_micros)

    @rule(
        payer=st.sampled_from([*PAYERS, Payer("p", "s")]), tokens=amounts, times=st.integers(1, 2)
    )
    def charge(self, payer: Payer, tokens: int, times: int) -> None:
        nonce = f"n{next(self.turns)}"
        for _ in range(times):
            self.run(self.spending.charge(payer, Tally(prompt=tokens), nonce=nonce))
        self.add(self.day, payer, tokens, 0)

    @precondition(lambda self: all(day == self.day for day, _, _ in self.held.values()))
    @rule()
    def next_day(self) -> None:
        self.day += 1
        self.clock.now += 86_400

    @invariant()
    def the_store_says_what_the_paper_says(self) -> None:
        if not hasattr(self, "used"):
            return
        for payer in PAYERS:
            found = self.run(self.spending.used(payer))
            assert found == {
                account: Used(
                    self.used[self.day, account, identity, "tokens"],
                    self.used[self.day, account, identity, "cost"],
                )
                for account, identity in payer.accounts()
            }


def test_no_order_of_calls_miscounts(server: Valkey) -> None:
    class Here(Paper):
        url = server.url

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=15,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
