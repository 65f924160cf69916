"""What processes tell each other of one model: cooldowns, credit, spacing, what was learned."""

from __future__ import annotations

import asyncio

import pytest
from redis.asyncio import Redis

from bot.limits import News, PushBack
from bot.storage import keys
from bot.storage.connect import Link
from bot.storage.limits import SharedExchange
from bot.storage.scripts import SCRIPTS

ENDPOINT = "https://api.openai.com/v1\ngpt-6-luna\nsk-very-secret"


def exchange(client: Redis, worker: str, endpoint: str = ENDPOINT) -> SharedExchange:
    return SharedExchange(Link(client), endpoint, worker, 20.0)


async def start(
    one: SharedExchange, *, active: int = 1, free: int = 0, spacing: float = 0.0
) -> News:
    news = await one.start(active, free, spacing)
    assert news is not None
    return news


async def test_a_cooldown_holds_for_everybody_at_the_same_endpoint(client: Redis) -> None:
    one, two = exchange(client, "w1"), exchange(client, "w2")
    assert await start(two) == News()
    told = await one.cool(400.0, 0.0)
    assert told is not None and told.cooldown == pytest.approx(400, abs=0.01)
    await one.cool(2.0, 0.0)
    for each in (one, two, exchange(client, "w3")):
        news = await start(each)
        assert 380 < news.wait <= 400
        assert news.cooldown == pytest.approx(news.wait)
    assert await start(exchange(client, "w2", ENDPOINT + "2")) == News()


async def test_an_empty_account_is_known_to_everybody(client: Redis) -> None:
    await exchange(client, "w1").cool(0.0, 1200.0)
    news = await start(exchange(client, "w2"))
    assert (news.cooldown, news.wait) == (0.0, news.exhausted)
    assert 1180 < news.exhausted <= 1200


async def test_starts_of_all_processes_keep_one_distance(client: Redis) -> None:
    one, two = exchange(client, "w1"), exchange(client, "w2")
    assert (await start(one, spacing=600.0)).wait == 0
    assert 580 < (await start(two, spacing=600.0)).wait <= 600
    assert 580 < (await start(one, spacing=600.0)).wait <= 600


async def test_so_many_may_be_under_way_without_a_distance(client: Redis) -> None:
    one, two = exchange(client, "w1"), exchange(client, "w2")
    for active in (1, 2, 3):
        assert (await start(one, active=active, free=5, spacing=600.0)).wait == 0
    for active in (1, 2):
        assert (await start(two, active=active, free=5, spacing=600.0)).wait == 0
    assert (await start(two, active=3, free=5, spacing=600.0)).wait == 0
    assert (await start(two, active=4, free=5, spacing=600.0)).wait > 580
    assert (await start(one, active=1, free=5, spacing=600.0)).wait == 0


async def test_a_report_sent_again_counts_once(client: Redis) -> None:
    one, two = exchange(client, "w1"), exchange(client, "w2")
    await start(two)
    script, key = SCRIPTS["exchange"], keys.model(ENDPOINT)
    for _ in range(2):
        await Link(client).run(script, (key,), (b"w1", 1, 10_000, 0, "5.0,6.0", "hear"))
    assert (await start(two)).taken == 2
    assert (await start(one)).taken == 0


async def test_others_hear_what_was_taken(client: Redis) -> None:
    one, two = exchange(client, "w1"), exchange(client, "w2")
    await start(one)
    await start(two)
    for _ in range(3):
        one.taken(0.0)
    two.taken(0.0)
    await asyncio.gather(one.close(), two.close())
    assert (await start(two)).taken == 3
    assert (await start(two)).taken == 0
    assert (await start(one)).taken == 1


async def test_what_had_begun_before_a_push_back_belongs_to_it(client: Redis) -> None:
    one, two, three = (exchange(client, worker) for worker in ("w1", "w2", "w3"))
    await start(one)
    await start(two)
    await two.push(0.01, 0.6, 2)
    one.taken(100.0)
    await one.close()
    heard = await start(two)
    assert (heard.taken, heard.late) == (0, 1)
    news = await start(three)
    assert news.pushed is not None
    assert (news.pushed.interval, news.pushed.known) == (pytest.approx(0.4), 3)


async def test_a_process_hears_nothing_of_what_was_before_it(client: Redis) -> None:
    one = exchange(client, "w1")
    one.taken(0.0)
    await one.close()
    assert await start(exchange(client, "w2")) == News()


async def test_what_was_made_of_a_push_back_is_heard_once(client: Redis) -> None:
    one, two = exchange(client, "w1"), exchange(client, "w2")
    await start(two)
    await one.push(0.01, 0.25, 4)
    news = await start(two)
    assert news.pushed is not None
    assert news.pushed.interval == 0.25
    assert 0 <= news.pushed.ago < 5
    assert (await start(two)).pushed is None
    assert (await start(one)).pushed is None
    late = await start(exchange(client, "w3"))
    assert isinstance(late.pushed, PushBack)


async def test_requests_under_way_at_a_push_back_say_nothing_new(client: Redis) -> None:
    one, two, three = (exchange(client, worker) for worker in ("w1", "w2", "w3"))
    await start(three)
    await one.push(0.01, 0.25, 4)
    await two.push(100.0, 3.0, 9)
    news = await start(three)
    assert news.pushed is not None and news.pushed.interval == 0.25
    assert (await start(two)).pushed is None


async def test_no_secret_and_nothing_lasting_is_kept(client: Redis) -> None:
    one = exchange(client, "w1")
    await start(one, spacing=1.0)
    await one.cool(60.0, 60.0)
    [key] = [key async for key in client.scan_iter("*")]
    kept = repr((key, await client.hgetall(key)))
    assert "secret" not in kept and "openai" not in kept
    assert 0 < await client.pttl(key) <= 600_000
