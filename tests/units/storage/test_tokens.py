"""Tokens in the store: found by their digest, ended at once, never more than one may have."""

from __future__ import annotations

from dataclasses import replace

import pytest
from redis.asyncio import Redis

from bot.chat import ThreadKey
from bot.credentials import MOST_TOKENS, Credential
from bot.memories import Person, Scope
from bot.storage import keys
from bot.storage.connect import Link
from bot.storage.tokens import StoredCredentials, without
from tests.units.storage.samples import Clock, all_keys

ADA = Person("discord", "@", "u1")
BEN = Person("slack", "T", "u2")
OWN, CHANNEL = Scope.of_person(ADA), Scope.of_channel("slack", "T", "C")
FIRST = 1_700_000_000.0


def token(number: int, person: Person = ADA, **parts: object) -> Credential:
    """The token with this number."""
    made = Credential(
        f"tok_{number}",
        f"digest{number}",
        person,
        f"laptop {number}",
        (OWN, CHANNEL),
        (OWN,),
        (("slack", "T", "C"),),
        (ThreadKey("slack", "T", "D", "1"),),
        created_at=FIRST + number,
    )
    return replace(made, **parts)  # pyright: ignore[reportArgumentType]


@pytest.fixture
def tokens(client: Redis, clock: Clock) -> StoredCredentials:
    """The tokens under test."""
    return StoredCredentials(Link(client), clock)


async def test_a_token_is_found_by_its_digest_as_it_was_made(tokens: StoredCredentials) -> None:
    assert await tokens.add(token(1))
    assert await tokens.find("digest1") == token(1)
    assert await tokens.find("digest2") is None
    assert await tokens.add(token(2))
    assert await tokens.of(ADA) == [token(2), token(1)]
    assert await tokens.of(BEN) == []
    assert await tokens.everyone() == [token(2), token(1)]


async def test_a_revoked_token_opens_nothing_and_leaves_nothing(
    tokens: StoredCredentials, client: Redis
) -> None:
    await tokens.add(token(1))
    await tokens.used(token(1))
    assert await tokens.revoke("tok_1", BEN) is None
    assert await tokens.find("digest1") is not None
    revoked = await tokens.revoke("tok_1", ADA)
    assert revoked is not None and revoked.id == "tok_1"
    assert await tokens.revoke("tok_1", ADA) is None
    await tokens.used(token(1))
    assert await tokens.find("digest1") is None
    assert await all_keys(client) == set()


async def test_a_token_ends_by_itself(
    tokens: StoredCredentials, clock: Clock, client: Redis
) -> None:
    await tokens.add(token(1, expires_at=FIRST + 10))
    assert await tokens.find("digest1") is not None
    clock.now = FIRST + 10
    assert await tokens.find("digest1") is None
    assert await tokens.of(ADA) == []
    await tokens.sweep()
    assert await all_keys(client) == set()


async def test_one_person_has_so_many_at_most(tokens: StoredCredentials, clock: Clock) -> None:
    for number in range(MOST_TOKENS):
        assert await tokens.add(token(number, expires_at=FIRST + 10))
    assert not await tokens.add(token(MOST_TOKENS))
    assert await tokens.add(token(0, expires_at=FIRST + 10)), "the same one again"
    assert await tokens.add(token(MOST_TOKENS, BEN))
    clock.now = FIRST + 10
    assert await tokens.add(token(MOST_TOKENS)), "those that ended make room"


async def test_use_is_noted_once_an_hour(tokens: StoredCredentials, clock: Clock) -> None:
    await tokens.add(token(1))
    await tokens.used(token(1))
    found = await tokens.find("digest1")
    assert found is not None and found.used_at == FIRST
    clock.now = FIRST + 60
    await tokens.used(found)
    again = await tokens.find("digest1")
    assert again is not None and again.used_at == FIRST


async def test_all_of_somebody_end_at_once(tokens: StoredCredentials) -> None:
    for number in range(3):
        await tokens.add(token(number))
    await tokens.add(token(3, BEN))
    assert await tokens.revoke_all(ADA) == 3
    assert await tokens.everyone() == [token(3, BEN)]


async def test_a_place_that_is_gone_is_in_no_token(tokens: StoredCredentials) -> None:
    only = token(1, readable=(CHANNEL,), writable=())
    for each in (only, token(2), token(3, BEN)):
        await tokens.add(each)
    assert await tokens.forget("slack", "T", "C") == 1
    narrowed = {"readable": (OWN,), "channels": ()}
    assert await tokens.everyone() == [token(3, BEN, **narrowed), token(2, **narrowed)]
    assert await tokens.forget("slack", "T") == 1
    assert await tokens.everyone() == [token(2, **narrowed, threads=())]


async def test_who_leaves_a_channel_reaches_it_by_no_token_and_keeps_the_rest(
    tokens: StoredCredentials,
) -> None:
    thread = Scope.of_thread(ThreadKey("slack", "T", "C", "1"))
    await tokens.add(token(1, BEN))
    await tokens.add(token(2, BEN, readable=(CHANNEL, thread), writable=(CHANNEL,)))
    await tokens.add(token(3, ADA))
    assert await tokens.shut_out(BEN, ("slack", "T", "C")) == 2
    assert await tokens.of(BEN) == [token(1, BEN, readable=(OWN,), channels=())]
    assert await tokens.find("digest2") is None
    assert await tokens.of(ADA) == [token(3)]
    assert await tokens.shut_out(BEN, ("slack", "T", "C")) == 0


async def test_a_token_that_cannot_be_narrowed_ends(
    tokens: StoredCredentials, client: Redis
) -> None:
    await tokens.add(token(1, BEN, readable=(OWN, CHANNEL)))
    [seen] = await tokens.of(BEN)
    # As after a restore of parts.
    await Link(client).call("SREM", keys.tokens_of(str(BEN)), "digest1")
    await tokens.replace(without(seen, "slack", "T", "C"))
    assert await tokens.find("digest1") is None


async def test_what_two_take_out_of_a_token_at_once_is_out_of_it(
    tokens: StoredCredentials,
) -> None:
    wide = (OWN, CHANNEL, Scope.of_channel("slack", "T", "D"))
    await tokens.add(token(1, BEN, readable=wide))
    [seen] = await tokens.of(BEN)
    assert await tokens.shut_out(BEN, ("slack", "T", "C")) == 1
    # Whoever has looked before takes out something else.
    await tokens.replace(without(seen, "slack", "T", "D"))
    found = await tokens.find("digest1")
    assert found is not None
    assert (found.readable, found.channels, found.threads) == ((OWN,), (), ())
    await tokens.replace(seen)
    assert await tokens.find("digest1") == found
