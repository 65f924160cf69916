"""No link, choice or id of one platform or workspace reaches another's thread."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from adapters.discord import commands as discord_commands
from adapters.discord.values import Kind, Writer
from adapters.discord.values import Place as DiscordPlace
from adapters.slack import commands as slack_commands
from adapters.slack import home as slack_home
from adapters.slack.interactions import choice
from bot.budgets import Budgets
from bot.chat import EVERYTHING, SURE, Author, CommandCall, EarlierMessage, MessageRef, ThreadKey
from bot.commands import forget_texts, texts
from bot.commands.forgetting import Forgetting
from bot.commands.memory_places import Grants
from bot.commands.runner import Commands, within_reach
from bot.commands.specs import COMMANDS
from bot.engine.allowance import Allowance
from bot.ids import memory_ids, new_id
from bot.memory.searching import Searching
from bot.memory.service import MemoryService
from bot.storage.connect import open_redis
from bot.storage.keys import ThreadKeys, bucket_of, place_of, spent
from bot.storage.threads import Threads
from bot.storage.types import Turn
from tests.flows.meadow import Meadow
from tests.servers import Valkey, valkey_server
from tests.units.storage.samples import Clock, commit, message

hostile = st.one_of(
    st.sampled_from(["a", "b", ":", "{", "}", "%", "%3A", "a:b", "@me", "\ud800", "é", "{b001}"]),
    st.text(min_size=1, max_size=6),
    st.builds(lambda text: text * 3000, st.sampled_from(["x", ":", "{}"])),
)
thread_keys = st.builds(ThreadKey, hostile, hostile, hostile, hostile)


@settings(deadline=None)
@given(thread_keys)
def test_a_key_has_one_name_and_is_read_back(thread: ThreadKey) -> None:
    assert ThreadKey.parse(str(thread)) == thread
    assert str(thread).isascii()
    assert str(thread).count(":") == 3


@settings(deadline=None)
@given(st.text("ab:%3A41ée{}@", max_size=30))
def test_nothing_else_is_read(text: str) -> None:
    with suppress(ValueError):
        assert str(ThreadKey.parse(text)) == text


@settings(deadline=None)
@given(thread_keys, thread_keys)
def test_threads_share_no_key_and_each_has_one_slot(one: ThreadKey, other: ThreadKey) -> None:
    names = ThreadKeys(one).all()
    tag = f"{{b{bucket_of(place_of(one)):03d}}}"
    # A cluster goes by what stands between the first { and the next }.
    assert all(name.partition("{")[2].partition("}")[0] == tag[1:-1] for name in names)
    if one != other:
        assert not set(names[:7]) & set(ThreadKeys(other).all()[:7])
    if place_of(one)[:2] != place_of(other)[:2]:
        # The indexes of a channel, and what budgets count, are of one space.
        assert not set(names[9:]) & set(ThreadKeys(other).all()[9:])
        assert spent(one.platform, one.space, "d") != spent(other.platform, other.space, "d")


calls = st.builds(
    CommandCall,
    st.just("e"),
    st.sampled_from([spec.name for spec in COMMANDS]),
    st.builds(Author, st.just("u"), st.just("U"), is_admin=st.booleans()),
    hostile,
    hostile,
    hostile,
    visible=st.booleans(),
    direct=st.booleans(),
)


@settings(deadline=None)
@given(calls, thread_keys)
def test_only_threads_of_the_callers_own_space_are_within_reach(
    call: CommandCall, thread: ThreadKey
) -> None:
    if within_reach(call, thread):
        assert (thread.platform, thread.space) == (call.platform, call.space)
        assert call.visible or call.channel in (thread.channel, thread.thread)


KEYS = [
    ThreadKey(platform, space, channel, thread)
    for platform, space, channel, thread in itertools.product(
        ("slack", "discord"), ("T1", "T2"), ("C1", "C2"), ("100.000001", "7")
    )
]
"""The same ids in every place, so that only the place tells them apart."""


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-test-") as path,
        valkey_server(Path(path)) as it,
    ):
        yield it


@pytest.fixture
async def threads(server: Valkey) -> AsyncIterator[Threads]:
    """A store in which Ada has said something everywhere."""
    client: Redis = open_redis(server.url)
    await client.flushall()
    numbers = itertools.count(1)
    store = Threads(client, worker="w", clock=Clock(), new_id=lambda: f"id{next(numbers)}")
    for number, key in enumerate(KEYS):
        turn = await store.begin(message(number + 1, thread=key))
        assert isinstance(turn, Turn)
        await commit(store, turn, names={"u1": "Ada"})
    yield store
    await client.aclose()


def runner(threads: Threads) -> Commands:
    """Commands that need no model."""
    nothing = cast(Any, None)
    allowance = Allowance(Budgets(), threads, Clock(), "gpt-6-luna")

    class NobodyRuns:
        def end(self, thread: ThreadKey, why: object) -> bool:
            return False

    running = cast(Any, NobodyRuns())
    store = threads.memories()
    memories = MemoryService(
        store,
        threads,
        Searching(store, threads, count=len, clock=Clock()),
        threads.links,
        threads.tokens,
        Clock(),
        memory_ids,
    )
    adapters = {name: Meadow(name) for name in ("slack", "discord")}
    return Commands(
        threads,
        nothing,
        nothing,
        nothing,
        nothing,
        Forgetting(threads, memories, Grants(threads, adapters), running, nothing, new_id),
        running,
        nothing,
        allowance,
        adapters,
        Clock(),
        new_id,
    )


@pytest.mark.parametrize("is_admin", [False, True])
async def test_whatever_is_chosen_only_the_callers_place_is_touched(
    threads: Threads, is_admin: bool
) -> None:
    """Every caller against every thread, by /forget, which would show in the store."""
    commands = runner(threads)
    ada = Author("u1", "Ada", is_admin=is_admin)
    for platform, space, channel in itertools.product(("slack", "discord"), ("T1", "T2"), ("C1",)):
        for key in KEYS:
            mine = (platform, space, channel) == place_of(key)
            if mine:
                continue
            call = CommandCall("e", "forget", ada, platform, space, channel, key)
            assert (await commands.run(call)).text == texts.OUT_OF_REACH
            assert await threads.count(key) == 2
            # Nor by a message of another channel, which a forged menu might name.
            about = EarlierMessage(MessageRef(key.channel, key.thread), ada, "hi", 0.0)
            if key.channel != channel:
                menu = replace(call, thread=None, about=about)
                assert (await commands.run(menu)).text == texts.OUT_OF_REACH
                menu = replace(menu, name="summary")
                assert (await commands.run(menu)).text == texts.OUT_OF_REACH
    sure = {SURE: "true"}
    own = CommandCall("e", "forget", ada, "slack", "T1", "C1", KEYS[0], sure)
    assert (await commands.run(own)).text.startswith("Forgotten: 2 messages")
    assert [await threads.count(key) for key in KEYS] == [0] + [2] * (len(KEYS) - 1)
    # The lists that are offered hold the caller's own threads of that very channel.
    for key in KEYS[1:]:
        place = CommandCall("e", "forget", ada, key.platform, key.space, key.channel)
        offered = (await commands.run(place)).choices
        assert {place_of(each.thread) for each in offered} == {place_of(key)}


@pytest.mark.parametrize("is_admin", [False, True])
async def test_an_overview_is_of_one_person_in_one_space(threads: Threads, is_admin: bool) -> None:
    commands = runner(threads)
    ada, ben = (Author(id_, id_, is_admin=is_admin) for id_ in ("u1", "u2"))
    for platform, space in itertools.product(("slack", "discord"), ("T1", "T2")):
        here = {key for key in KEYS if (key.platform, key.space) == (platform, space)}
        shown = await commands.overview(platform, space, ada)
        assert {choice.thread for choice in shown.threads} == here
        assert "- you: 0 tokens" in shown.used
        assert "channel" not in shown.used
        assert shown.settings.startswith("- model: gpt-6-luna")
        # Not even an admin is shown what others have said.
        assert (await commands.overview(platform, space, ben)).threads == ()
    assert (await commands.overview("slack", "T", ada)).threads == ()


@pytest.mark.parametrize("is_admin", [False, True])
async def test_everything_of_somebody_is_forgotten_in_one_space_only(
    threads: Threads, is_admin: bool
) -> None:
    commands = runner(threads)

    def call(user: str) -> CommandCall:
        author = Author(user, user, is_admin=is_admin)
        return CommandCall(
            "e", "forget", author, "slack", "T2", "", options={EVERYTHING: "true", SURE: "true"}
        )

    assert (await commands.run(call("u2"))).text == forget_texts.NOTHING_OF_YOURS
    assert all([await threads.count(key) == 2 for key in KEYS])
    assert (await commands.run(call("u1"))).text.startswith("Forgotten: 4 conversations")
    left = {key for key in KEYS if await threads.count(key)}
    assert left == {key for key in KEYS if (key.platform, key.space) != ("slack", "T2")}
    assert (await commands.overview("slack", "T2", Author("u1", "Ada"))).threads == ()


@settings(deadline=None)
@given(st.one_of(st.sampled_from(KEYS).map(str), thread_keys.map(str), st.text(max_size=40)))
def test_a_row_of_the_home_tab_is_read_or_refused(value: str) -> None:
    try:
        name, thread = slack_home.chosen({"selected_option": {"value": f"forget {value}"}})
    except ValueError:
        return
    assert (name, str(thread)) == ("forget", value)
    # It was called in no channel, so that only what the adapter has looked at is within reach.
    call = CommandCall("e", "forget", Author("U1", "Ada"), "slack", "T1", "")
    assert not within_reach(call, thread)


@settings(deadline=None)
@given(st.one_of(st.sampled_from(KEYS).map(str), thread_keys.map(str), st.text(max_size=40)))
def test_a_choice_of_discord_is_of_the_place_it_was_made_in(value: str) -> None:
    place = DiscordPlace("C1", Kind.TEXT, "T1")
    try:
        thread = ThreadKey.parse(value)
    except ValueError:
        return
    called = discord_commands.Called("i", "forget", Writer("u", "U"), place, {}, thread)
    call = discord_commands.call_of(called)
    assert not call.visible
    if within_reach(call, thread):
        assert (thread.platform, thread.space) == ("discord", "T1")
        assert "C1" in (thread.channel, thread.thread)


@settings(deadline=None)
@given(
    st.one_of(st.sampled_from(KEYS).map(str), thread_keys.map(str), st.text(max_size=40)),
    st.text(max_size=40),
)
def test_a_choice_of_slack_is_read_or_refused(value: str, action: str) -> None:
    body = {
        "actions": [{"action_id": f"choose:forget:{action}", "selected_option": {"value": value}}],
        "user": {"id": "U1"},
        "channel": {"id": "C1"},
        "response_url": "https://hooks.example/1",
    }
    try:
        called = choice(body)
    except (KeyError, TypeError, ValueError, IndexError):
        return
    assert called is not None and called.asked.thread is not None
    call = CommandCall(
        "e", "forget", Author("U1", "Ada"), "slack", "T1", called.channel, called.asked.thread
    )
    if within_reach(call, called.asked.thread):
        assert place_of(called.asked.thread)[:2] == ("slack", "T1")


@settings(deadline=None)
@given(st.text("htps:/acme.slkroivC1G2D0p?=&_thread<>| ", max_size=80))
def test_a_link_names_a_channel_and_a_message_and_no_workspace(text: str) -> None:
    link = slack_commands.message_link(text)
    if link is not None:
        thread = ThreadKey("slack", "T1", link.channel, link.root)
        assert ThreadKey.parse(str(thread)) == thread
