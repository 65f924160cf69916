"""Linked accounts: by a code that is good once, for one person and never for two."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis.asyncio import Redis

from bot.links import CODE_SECONDS, MOST_LINKED, MOST_TRIES, Linked, Linking
from bot.memories import Person
from bot.storage.connect import Link, open_redis
from bot.storage.keys import LINK_NEWS
from bot.storage.links import StoredLinks
from tests.servers import Valkey, lossy_proxy
from tests.units.storage.samples import all_keys

DISCORD = Person("discord", "@", "d 1")
SLACK = Person("slack", "T1", "s1")
SECOND = Person("slack", "T2", "s2")
STRANGER = Person("slack", "T1", "s9")


@pytest.fixture
def links(client: Redis, new_id: Callable[[], str]) -> StoredLinks:
    """The links under test."""
    return StoredLinks(Link(client), new_id)


async def test_a_code_links_both_ways_and_only_once(links: StoredLinks) -> None:
    await links.issue(DISCORD, "Weft-7")
    assert await links.redeem(DISCORD, "weft-7") == Linked(Linking.SELF, DISCORD)
    assert await links.redeem(SLACK, " weft-7 ") == Linked(Linking.LINKED, DISCORD)
    assert await links.of(DISCORD) == [SLACK]
    assert await links.of(SLACK) == [DISCORD]
    assert await links.redeem(SECOND, "weft-7") == Linked(Linking.UNKNOWN)
    assert await links.of(SECOND) == []


async def test_who_links_with_one_links_with_all_of_the_same_person(links: StoredLinks) -> None:
    for code, one, other in (("a", DISCORD, SLACK), ("b", SLACK, SECOND)):
        await links.issue(one, code)
        assert (await links.redeem(other, code)).result is Linking.LINKED
    assert set(await links.of(SECOND)) == {DISCORD, SLACK}
    await links.issue(DISCORD, "c")
    assert await links.redeem(SECOND, "c") == Linked(Linking.ALREADY, DISCORD)
    assert await links.unlink(SLACK)
    assert not await links.unlink(SLACK)
    assert await links.of(DISCORD) == [SECOND]
    assert await links.of(SLACK) == []


async def test_two_accounts_of_one_place_are_two_people(links: StoredLinks) -> None:
    await links.issue(DISCORD, "a")
    await links.redeem(SLACK, "a")
    await links.issue(DISCORD, "b")
    assert await links.redeem(STRANGER, "b") == Linked(Linking.SAME_PLACE, DISCORD)
    assert await links.of(STRANGER) == []
    assert await links.of(DISCORD) == [SLACK]


async def test_a_newer_code_ends_the_older(links: StoredLinks, client: Redis) -> None:
    await links.issue(DISCORD, "old")
    await links.issue(DISCORD, "new")
    assert (await links.redeem(SLACK, "old")).result is Linking.UNKNOWN
    for key in await all_keys(client):
        assert "new" not in key
        if ":code:" in key:
            assert 0 < await client.ttl(key) <= CODE_SECONDS


async def test_a_group_has_an_end(links: StoredLinks) -> None:
    for number in range(MOST_LINKED):
        await links.issue(DISCORD, str(number))
        other = Person("slack", f"W{number}", "s")
        expected = Linking.FULL if number == MOST_LINKED - 1 else Linking.LINKED
        assert (await links.redeem(other, str(number))).result is expected


async def test_nothing_is_left_of_an_account_that_was_unlinked(
    links: StoredLinks, client: Redis
) -> None:
    await links.issue(DISCORD, "a")
    await links.redeem(SLACK, "a")
    await links.issue(SLACK, "b")
    await links.forget("slack", "T1")
    # That the code was used is told all the same; it names nobody but whoever is told.
    assert await all_keys(client) == {LINK_NEWS}
    news = await links.used(DISCORD)
    assert news is not None and news.platform == "slack"
    noted = f"slack {news.id}".encode()
    assert await client.hgetall(LINK_NEWS) == {str(DISCORD).encode(): noted}
    # An earlier version has noted no more than the platform.
    await client.hset(LINK_NEWS, str(DISCORD), "slack")
    old = await links.used(DISCORD)
    assert old is not None and old.platform == "slack"
    assert 0 < len(old.id) <= 25 and old == await links.used(DISCORD)
    await links.forget("discord", "@")
    assert await all_keys(client) == set()
    assert (await links.redeem(SECOND, "b")).result is Linking.UNKNOWN


async def test_a_lost_answer_is_given_again(server: Valkey, new_id: Callable[[], str]) -> None:
    async with lossy_proxy(server) as proxy:
        client = open_redis(proxy.url)
        links = StoredLinks(Link(client), new_id)
        await links.issue(DISCORD, "lost")
        await links.redeem(SECOND, "teaches the server the script")
        proxy.lose_reply_to("EVALSHA")
        assert (await links.redeem(SLACK, "lost")).result is Linking.LINKED
        assert proxy.lost == 1
        await client.aclose()


async def test_who_tries_codes_is_soon_heard_no_more(links: StoredLinks, client: Redis) -> None:
    await links.issue(DISCORD, "a")
    for number in range(MOST_TRIES):
        assert await links.redeem(STRANGER, f"guess {number}") == Linked(Linking.UNKNOWN)
    assert await links.redeem(STRANGER, "a") == Linked(Linking.OFTEN)
    assert await links.unlink(STRANGER) is False
    assert await links.redeem(STRANGER, "a") == Linked(Linking.OFTEN)
    assert await links.of(DISCORD) == []
    # It is counted for a while only, under no name, and keeps nobody else out.
    [tries] = [key for key in await all_keys(client) if ":tries:" in key]
    assert STRANGER.user not in tries
    assert 0 < await client.ttl(tries) <= CODE_SECONDS
    assert (await links.redeem(SLACK, "a")).result is Linking.LINKED


async def test_a_code_whose_time_is_over_is_none(links: StoredLinks, client: Redis) -> None:
    await links.issue(DISCORD, "a")
    [code] = [key for key in await all_keys(client) if ":code:" in key]
    await client.pexpire(code, 1)
    while await client.exists(code):
        pass
    assert await links.redeem(SLACK, "a") == Linked(Linking.UNKNOWN)
    assert await links.of(SLACK) == []
