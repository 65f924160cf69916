"""Names held by one process at a time, and rates that processes share."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from redis.asyncio import Redis

from bot.services import Claims
from bot.storage.claims import SharedClaims
from bot.storage.connect import Link


def claims(client: Redis, worker: str, name_space: str = "discord") -> Claims:
    numbers = itertools.count(1)
    return SharedClaims(Link(client), name_space, worker, lambda: f"{worker}{next(numbers)}")


async def test_a_name_has_one_holder(client: Redis) -> None:
    one, two = claims(client, "w1"), claims(client, "w2")
    assert await one.claim("shard:0", 600) == 0.0
    assert await one.claim("shard:0", 600) == 0.0
    assert 580 < await two.claim("shard:0", 600) <= 600
    assert await two.claim("shard:1", 600) == 0.0
    assert await claims(client, "w2", "slack").claim("shard:0", 600) == 0.0


async def test_holders_within_one_process_are_told_apart(client: Redis) -> None:
    one = claims(client, "w1")
    assert await one.claim("identify:0", 600, "a") == 0.0
    assert await one.claim("identify:0", 600, "b") > 580


async def test_only_the_holder_gives_it_back(client: Redis) -> None:
    one, two = claims(client, "w1"), claims(client, "w2")
    await one.claim("x", 30)
    await two.release("x")
    assert await two.claim("x", 30) > 0
    await one.release("x")
    assert await two.claim("x", 30) == 0.0


async def test_a_claim_ends_by_itself(client: Redis) -> None:
    one, two = claims(client, "w1"), claims(client, "w2")
    await one.claim("x", 0.02)
    async with asyncio.timeout(50):
        while await two.claim("x", 30):
            pass


@pytest.mark.parametrize("burst", [1, 3])
async def test_a_rate_is_shared(client: Redis, burst: int) -> None:
    one, two = claims(client, "w1"), claims(client, "w2")
    for spender in itertools.islice(itertools.cycle([one, two]), burst):
        assert await spender.spend("logins", burst, 2000) == 0.0
    for spender in (one, two):
        assert 1980 < await spender.spend("logins", burst, 2000) <= 2000


async def test_what_is_spent_comes_back(client: Redis) -> None:
    one = claims(client, "w1")
    assert await one.spend("x", 1, 0.02) == 0.0
    async with asyncio.timeout(50):
        while await one.spend("x", 1, 0.02):
            pass


async def test_a_call_sent_again_spends_once(client: Redis) -> None:
    same = SharedClaims(Link(client), "discord", "w1", lambda: "nonce")
    assert await same.spend("x", 1, 2000) == 0.0
    assert await same.spend("x", 1, 2000) == 0.0
    assert await claims(client, "w2").spend("x", 1, 2000) > 1980
