"""Searching memories: what is found, what is not, and by whom."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace

import pytest

from bot.audience import Audience, grant
from bot.memories import Filter, Kind, Person, Scope, Status
from bot.storage.connect import open_redis
from bot.storage.topology import Waits
from tests.servers import Valkey, lossy_proxy
from tests.units.searching.desk import ADA, CHANNEL, OTHER, THREAD, Desk, here, scores

DATABASE = "Our database is PostgreSQL 16"
NODE = "The web frontend runs on node.js 20"
CPP = "The engine is written in C++"


@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ("what's my database?", DATABASE),
        ("what database do I use", DATABASE),
        ("node.js", NODE),
        ("nodejs?", NODE),
        ("C++", CPP),
        ("who has written the ENGINE", CPP),
        ('"engine" AND (NOT "*")', CPP),
    ],
)
async def test_questions_as_people_write_them_find_it(desk: Desk, query: str, finds: str) -> None:
    for content in (DATABASE, NODE, CPP, "C is older", "Lunch is at noon"):
        await desk.remember(content)
    assert (await desk.find(query))[0] == finds


async def test_what_has_no_word_in_common_is_not_found_however_pinned_and_new(desk: Desk) -> None:
    await desk.remember("Lunch is at noon", pinned=True)
    await desk.remember(DATABASE)
    assert await desk.find("database") == [DATABASE]
    assert await desk.find("") == await desk.find("zebra") == await desk.find("?!") == []


async def test_only_what_is_to_hold_is_found(desk: Desk) -> None:
    corrected = await desk.remember("The port is 5432")
    archived = await desk.remember("The port was 1111")
    await desk.remember("The port tomorrow", expires_at=desk.clock() + 60)
    assert len(await desk.find("port")) == 3
    await desk.change(corrected, status=Status.SUPERSEDED, superseded_by="mem_x")
    await desk.change(archived, status=Status.ARCHIVED)
    assert await desk.find("port") == ["The port tomorrow"]
    desk.clock.now += 60
    assert await desk.find("port") == []
    every = Filter(statuses=frozenset(Status))
    assert await desk.find("port", filter=every) == []


async def test_among_equals_pinned_and_new_come_first_and_unconfirmed_last(desk: Desk) -> None:
    await desk.remember("build green alpha", confirmed=False)
    await desk.remember("build green beta")
    desk.clock.now += 86_400
    await desk.remember("build green gamma")
    await desk.remember("build green delta", pinned=True)
    assert await desk.find("green build") == [
        "build green delta",
        "build green gamma",
        "build green beta",
        "build green alpha",
    ]
    await desk.remember("green trees", pinned=True)
    assert (await desk.find("green build"))[-1] == "green trees"


async def test_of_very_many_equals_the_newest_are_found(desk: Desk) -> None:
    for number in range(150):
        desk.clock.now += 1
        await desk.remember(f"build green x{number}")
    assert await desk.find("green build", limit=3) == [f"build green x{n}" for n in (149, 148, 147)]


async def test_scores_fall_from_one_to_nought(desk: Desk) -> None:
    for number in range(30):
        await desk.remember(f"release {number} of the parser " + "padding " * number)
    found = await desk.searching.search(here(), "parser release 7", limit=30)
    assert len(found) == 30 and found[0].memory is not None
    assert found[0].memory.text.content.startswith("release 7 ")
    assert scores(found) == sorted(scores(found), reverse=True)
    assert all(0 < score <= 1 for score in scores(found))
    assert len(await desk.find("parser", limit=3)) == 3
    assert await desk.find("parser", limit=0) == []


async def test_a_filter_narrows(desk: Desk) -> None:
    await desk.remember("use tabs", kind=Kind.DECISION, tags=("style", "go"), subject="Code")
    await desk.remember("use spaces", kind=Kind.PREFERENCE, tags=("style",), pinned=True)
    await desk.remember("use of words", Scope.of_person(ADA))
    every = here(alone=ADA)
    for filter, finds in (
        (Filter(kinds=frozenset({Kind.DECISION})), {"use tabs"}),
        (Filter(tags=frozenset({"style"})), {"use tabs", "use spaces"}),
        (Filter(tags=frozenset({"style", "go"})), {"use tabs"}),
        (Filter(subject="code"), {"use tabs"}),
        (Filter(pinned=True), {"use spaces"}),
        (Filter(scope_kinds=frozenset({CHANNEL.kind})), {"use tabs", "use spaces"}),
        (Filter(), {"use tabs", "use spaces", "use of words"}),
    ):
        assert set(await desk.find("use", every, filter=filter)) == finds


async def test_tags_and_subject_are_found_by(desk: Desk) -> None:
    await desk.remember("ships on Friday", tags=("zeppelin",), subject="Project Nimbus")
    assert await desk.find("zeppelin") == await desk.find("nimbus") == ["ships on Friday"]


async def test_only_what_a_grant_names_is_read_and_weighed(desk: Desk) -> None:
    ben = Person("discord", "@", "u2")
    scopes = {
        "here": CHANNEL,
        "elsewhere": Scope.of_channel("discord", "g1", "c2"),
        "other server": Scope.of_channel("discord", "g2", "c1"),
        "server": Scope.of_workspace("discord", "g1"),
        "this thread": Scope.of_thread(THREAD),
        "that thread": Scope.of_thread(OTHER),
        "own": Scope.of_person(ADA),
        "his": Scope.of_person(ben),
        "direct": Scope.of_direct("discord", "g1", "u1"),
    }
    for content, scope in scopes.items():
        await desk.remember(f"secret {content}", scope)
    seen = set(await desk.find("secret", here()))
    assert seen == {"secret here", "secret server", "secret this thread"}
    alone = set(await desk.find("secret", here(alone=ADA)))
    assert alone == seen | {"secret own"}
    direct = set(await desk.find("secret", here(alone=ADA, direct=True, members=False)))
    assert direct == {"secret own", "secret direct", "secret this thread"}
    guests = grant(Audience("discord", "g1", "c1", THREAD, members=False), ADA)
    assert set(await desk.find("secret", guests)) == {"secret here", "secret this thread"}
    before = scores(await desk.searching.search(here(), "secret here"))
    for number in range(50):
        await desk.remember(f"secret here {number}", scopes["elsewhere"])
    assert scores(await desk.searching.search(here(), "secret here")) == before
    nobody = replace(here(), readable=(), channels=(), threads=())
    assert await desk.find("secret", nobody) == []


async def test_another_process_sees_each_write_at_once(desk: Desk) -> None:
    async with desk.another() as other:
        assert await other.find("database") == []
        memory = await desk.remember(DATABASE)
        assert await other.find("database") == [DATABASE] == await desk.find("database")
        newer = replace(memory.text, content="Our database is SQLite")
        memory = await other.change(memory, text=newer)
        assert await desk.find("database") == ["Our database is SQLite"]
        assert await desk.find("postgresql") == [] == await other.find("postgresql")
        await desk.delete(memory)
        assert await other.find("database") == [] == await desk.find("database")


async def test_a_store_that_was_emptied_is_noticed(desk: Desk) -> None:
    await desk.remember(DATABASE)
    assert await desk.find("database") == [DATABASE]
    await desk.client.flushall()
    assert await desk.find("database") == []
    await desk.remember("A database of birds")
    assert await desk.find("database") == ["A database of birds"]


async def test_many_changes_at_once_are_taken_in(desk: Desk) -> None:
    kept = [await desk.remember(f"item number{number}") for number in range(60)]
    assert len(await desk.find("item", limit=100)) == 60
    for memory in kept[:55]:
        await desk.change(memory, text=replace(memory.text, content="thing"))
    await desk.delete(kept[59])
    assert len(await desk.find("item", limit=100)) == 4
    assert len(await desk.find("thing", limit=100)) == 55


async def test_a_process_holds_no_more_than_it_may(desk: Desk) -> None:
    async with desk.another(most_bytes=60_000) as small:
        for channel in range(20):
            scope = Scope.of_channel("discord", "g1", f"c{channel}")
            for number in range(10):
                await desk.remember(f"word{channel} {number}", scope)
        for _ in range(2):
            for channel in range(20):
                where = replace(THREAD, channel=f"c{channel}")
                assert len(await small.find(f"word{channel}", here(where))) == 10
                assert small.searching.bytes < 60_000
        assert small.searching.bytes > 0
        small.searching.forget_all()
        assert small.searching.bytes == 0


async def test_a_process_lets_go_of_what_is_gone_without_being_asked_for_it(desk: Desk) -> None:
    memory = await desk.remember(DATABASE)
    await desk.say("hi", "hello")
    await desk.find("database hello")
    assert desk.searching.bytes > 0
    await desk.searching.let_go()
    assert desk.searching.bytes > 0, "all of it is there still"
    await desk.delete(memory)
    await desk.threads.forget(THREAD)
    await desk.searching.let_go()
    assert desk.searching.bytes == 0


async def test_a_process_that_cannot_ask_what_is_gone_holds_nothing(
    desk: Desk, server: Valkey
) -> None:
    await desk.remember(DATABASE)
    async with lossy_proxy(server) as proxy, aclosing(open_redis(proxy.url)) as client:
        soon = Waits(alone=0.1)
        async with Desk(client, desk.clock, lambda: "id", waits=soon) as cut_off:
            await cut_off.find("database")
            assert cut_off.searching.bytes > 0
            proxy.break_off()
            await cut_off.searching.let_go()
            assert cut_off.searching.bytes == 0
