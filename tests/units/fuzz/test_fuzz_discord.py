"""Whatever the gateway sends: it is read, left out or called malformed, and never somebody else's.

The real client reads the payloads; only its connection is missing.
"""

from __future__ import annotations

import asyncio
import copy
import math
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord import interactions
from adapters.discord.client import Listening
from adapters.discord.commands import call_of
from adapters.discord.controls import Pressed, press_of
from adapters.discord.logins import Logins
from adapters.discord.markup import measure, mentions, pieces, readable
from adapters.discord.reading import is_chatter, own_in, place_of, seen, space_of
from adapters.discord.shards import ALONE
from adapters.discord.translate import (
    earlier,
    edited,
    incoming,
    is_ours_to_read,
    may_be_loose,
)
from adapters.discord.values import DIRECT_SPACE, Kind, Names, Own, Place, Seen
from bot.chat import CommandCall, Incoming, Press, ThreadKey
from bot.controls import Action
from bot.report import Unmeasured
from bot.stand_ins import RecordingInbox
from tests.examples import examples
from tests.payloads import discord as payloads
from tests.payloads.mutations import ODD, mutated

OTHERS = (
    payloads.BEN,
    payloads.THREAD,
    payloads.OWN_THREAD,
    payloads.ELSEWHERE,
    payloads.DIRECT,
    payloads.BOT,
    19,
    11,
)
OWN = Own(payloads.BOT, payloads.BOT_ROLE)


class Reader:
    """Reads events as the adapter does, as far as that needs no call and no store."""

    def __init__(self) -> None:
        self.events: list[Incoming] = []
        self.edits: list[Incoming] = []
        self.deletions: list[tuple[str, ...]] = []
        self.calls: list[CommandCall] = []
        self.presses: list[Press] = []
        self.chatter: list[bool] = []
        self.sights: list[Seen] = []
        self.left_out = 0

    async def message(self, client: Listening, message: discord.Message) -> None:
        self.chatter.append(is_chatter(message, own_in(client.me, message.guild)))
        if message.author.id == client.me or message.webhook_id is not None:
            return
        own = own_in(client.me, message.guild)
        space = space_of(message)
        known = place_of(message.channel, space)
        found = seen(message, known or Place(str(message.channel.id), Kind.OTHER, space), own)
        self.sights.append(found)
        earlier(found, own)
        if is_ours_to_read(found, own):
            may_be_loose(found)
            event = incoming(found, own)
            if event is not None:
                self.events.append(event)

    async def edited(self, client: Listening, message: discord.Message) -> None:
        if message.author.id == client.me or message.webhook_id is not None:
            return
        own = own_in(client.me, message.guild)
        space = space_of(message)
        known = place_of(message.channel, space)
        found = seen(message, known or Place(str(message.channel.id), Kind.OTHER, space), own)
        if not found.system:
            self.edits.append(edited(found, own, None))

    async def edited_partly(
        self, client: Listening, space: str, channel: str, message: int
    ) -> None:
        self.deletions.append(("part", space, channel, str(message)))

    async def deleted(
        self, client: Listening, space: str, channel: str, messages: Sequence[str]
    ) -> None:
        self.deletions.append(("messages", space, channel, *messages))

    async def thread_deleted(self, space: str, parent: str, thread: str) -> None:
        self.deletions.append(("thread", space, parent, thread))

    async def channel_deleted(self, space: str, channel: str) -> None:
        self.deletions.append(("channel", space, channel))

    async def interaction(self, client: Listening, interaction: discord.Interaction[Any]) -> None:
        space = str(interaction.guild_id) if interaction.guild_id else DIRECT_SPACE
        place = place_of(interaction.channel, space)
        called = interactions.read(interaction, place) if place else None
        if called is not None:
            self.calls.append(call_of(called))

    async def control(
        self, client: Listening, interaction: discord.Interaction[Any], press: Pressed
    ) -> None:
        space = str(interaction.guild_id) if interaction.guild_id else DIRECT_SPACE
        place = place_of(interaction.channel, space)
        if place is not None:
            writer = interactions.writer_of(interaction)
            found = await press_of(interaction, writer, place, press, RecordingInbox())
            self.presses += [found] if found is not None else []

    def malformed(self, event: str) -> None:
        self.left_out += 1

    def connected(self, client: Listening) -> None: ...

    def ready(self, client: Listening) -> None: ...

    def online(self, client: Listening, up: bool) -> None: ...

    def joined(self, client: Listening) -> None: ...

    def left(self, client: Listening, server: int) -> None: ...


class Gateway:
    """A client that is told what the gateway said."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self.reader = Reader()
        self.client = runner.run(self._log_in())

    async def _log_in(self) -> Listening:
        client = Listening(
            self.reader, Logins(lambda: 0.0), Unmeasured(), ALONE, lambda: 0.0, content=True
        )
        await client._async_setup_hook()
        parsers = client._connection.parsers
        parsers["READY"](copy.deepcopy(payloads.READY))
        parsers["GUILD_CREATE"](copy.deepcopy(payloads.GUILD_CREATE))
        return client

    def say(self, event: str, payload: Any) -> Reader:
        """One dispatch, until everything that it causes is done."""
        self.reader.events, self.reader.calls, self.reader.left_out = [], [], 0
        self.reader.presses, self.reader.chatter, self.reader.sights = [], [], []
        self.reader.edits, self.reader.deletions = [], []
        self._runner.run(self._say(event, payload))
        return self.reader

    async def _say(self, event: str, payload: Any) -> None:
        before = asyncio.all_tasks()
        # The SDK completes payloads in place.
        self.client._connection.parsers[event](copy.deepcopy(payload))
        caused = asyncio.all_tasks() - before
        await asyncio.gather(*caused)

    def close(self) -> None:
        self._run(self.client.close())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._runner.run(work)


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with asyncio.Runner() as runner:
        found = Gateway(runner)
        yield found
        found.close()


def whole(value: Any) -> str:
    """An id as it is known from then on."""
    return str(int(value))


@given(payload=mutated(payloads.MESSAGES, others=OTHERS))
@examples(100)
def test_any_message_is_read_left_out_or_malformed(gateway: Gateway, payload: Any) -> None:
    reader = gateway.say("MESSAGE_CREATE", payload)
    assert len(reader.events) + reader.left_out <= 1
    for event in reader.events:
        texts = (event.event_id, event.ref.channel, event.ref.message, event.author.id)
        assert all(text.isascii() and text.isdecimal() for text in texts)
        assert isinstance(event.author.name, str) and event.author.name
        assert isinstance(event.text, str)
        assert math.isfinite(event.at)
        assert ThreadKey.parse(str(event.thread)) == event.thread
        assert event.event_id == event.ref.message == whole(payload["id"])
        assert event.position == int(event.event_id)
        assert event.ref.channel == whole(payload["channel_id"])
        assert event.author.id == whole(payload["author"]["id"]) != payloads.BOT
        assert event.author.is_bot == bool(payload["author"].get("bot"))
        space = whole(payload["guild_id"]) if "guild_id" in payload else DIRECT_SPACE
        assert event.thread.space == space
        assert event.direct == (space == DIRECT_SPACE)
        if event.ref.channel in (payloads.THREAD, payloads.OWN_THREAD) and space == payloads.GUILD:
            assert event.thread.channel == payloads.GENERAL
            assert event.thread.thread == event.ref.channel
        else:
            assert event.thread.channel == event.ref.channel
            assert event.thread.thread in (event.ref.channel, event.ref.message)
        assert event.mentioned == mentions(payload["content"] or "", OWN) or space != payloads.GUILD


@pytest.mark.parametrize("payload", payloads.MESSAGES)
def test_the_payloads_themselves_are_good(gateway: Gateway, payload: Any) -> None:
    reader = gateway.say("MESSAGE_CREATE", payload)
    assert reader.left_out == 0
    system = (payloads.BY_A_BOT, payloads.BY_A_WEBHOOK, payloads.BY_OURSELVES, payloads.JOINED)
    dropped = (*system, payloads.STARTER, payloads.REPLY_TO_NOTHING)
    assert len(reader.events) == (payload not in dropped)


@pytest.mark.parametrize("original", [payloads.MENTION, payloads.IN_OWN_THREAD])
def test_only_what_people_say_is_read(gateway: Gateway, original: Any) -> None:
    for kind in range(-1, 60):
        reader = gateway.say("MESSAGE_CREATE", {**original, "type": kind})
        assert (len(reader.events), reader.left_out) == (kind in (0, 19), 0), kind


@pytest.mark.parametrize("name", ["id", "channel_id", "author"])
@pytest.mark.parametrize(
    ("number", "is_one"),
    [(-1, False), (0, False), (1, True), (2**63 - 1, True), (2**63, False), (10**40, False)],
)
def test_an_id_is_above_nothing_and_has_63_bits(
    gateway: Gateway, name: str, number: int, is_one: bool
) -> None:
    told: Any = payloads.user(str(number), "eve") if name == "author" else str(number)
    reader = gateway.say("MESSAGE_CREATE", {**payloads.MENTION, name: told})
    assert (len(reader.events), reader.left_out) == ((1, 0) if is_one else (0, 1))


TALK = payloads.message("who has the shuttle?")
PLACE = {"channel_id", "channel_type", "guild_id", "member"}


@pytest.mark.parametrize(
    ("payload", "is_so"),
    [
        (TALK, True),
        (TALK | {"channel_id": payloads.VOICE, "channel_type": 2}, True),
        (TALK | {"channel_id": payloads.THREAD, "channel_type": 11}, False),
        (payloads.IN_DIRECT, False),
        (payloads.MENTION, False),
        (payloads.BY_ROLE, False),
        (payloads.REPLY, False),
        (payloads.REPLY_TO_NOTHING, False),
        # Of what kind a channel is that nobody knows has to be looked up.
        (TALK | {"channel_id": payloads.ELSEWHERE}, False),
    ],
)
def test_people_who_talk_to_each_other(gateway: Gateway, payload: Any, is_so: bool) -> None:
    assert gateway.say("MESSAGE_CREATE", payload).chatter == [is_so]


@pytest.mark.parametrize(
    ("who", "changes", "is_admin"),
    [
        (payloads.BEN, {}, True),
        (payloads.ADA, {}, False),
        # Of a server that is not known nobody can say who looks after it.
        (payloads.BEN, {"guild_id": payloads.ELSEWHERE}, False),
        (payloads.BEN, {"member": None}, False),
    ],
)
def test_who_looks_after_a_server(
    gateway: Gateway, who: str, changes: dict[str, Any], is_admin: bool
) -> None:
    payload = {**payloads.MENTION, "author": payloads.user(who, "somebody"), **changes}
    if payload["member"] is None:
        del payload["member"]
    reader = gateway.say("MESSAGE_CREATE", payload)
    [event] = reader.events
    assert (event.author.id, event.author.is_admin, event.author.is_bot) == (who, is_admin, False)


def test_what_names_no_server_is_in_none(gateway: Gateway) -> None:
    payload = {name: value for name, value in payloads.MENTION.items() if name not in PLACE}
    [event] = gateway.say("MESSAGE_CREATE", payload | {"channel_id": payloads.ELSEWHERE}).events
    assert event.thread.space == DIRECT_SPACE


def test_what_the_payloads_say(gateway: Gateway) -> None:
    [event] = gateway.say("MESSAGE_CREATE", payloads.MENTION).events
    assert (event.text, event.author.name, event.addressed) == (
        "how many shafts for #general?",
        "Ada L",
        True,
    )
    [event] = gateway.say("MESSAGE_CREATE", payloads.BY_ROLE).events
    assert (event.text, event.mentioned) == (f"hey `<@{payloads.BOT}>`", True)
    [event] = gateway.say("MESSAGE_CREATE", payloads.REPLY).events
    assert event.text == "> Bobbin wrote:\n> four shafts\n\nwhat did you mean?"
    [event] = gateway.say("MESSAGE_CREATE", payloads.FORWARD).events
    assert event.text == "> Forwarded message:\n> said @user"
    for payload, joins in ((payloads.IN_THREAD, True), (payloads.IN_OWN_THREAD, False)):
        [event] = gateway.say("MESSAGE_CREATE", payload).events
        assert event.joins == joins


@pytest.mark.parametrize(
    ("payload", "answered"),
    [
        (payloads.REPLY, payloads.FIRST),
        (payloads.REPLY_TO_NOTHING, payloads.FIRST),
        (payloads.FORWARD, None),
        (payloads.MENTION, None),
        (payloads.REPLY | {"message_reference": {"channel_id": payloads.GENERAL}}, None),
    ],
)
def test_what_a_message_answers(gateway: Gateway, payload: Any, answered: str | None) -> None:
    [found] = gateway.say("MESSAGE_CREATE", payload).sights
    assert (found.answers.id if found.answers else None) == answered


@pytest.mark.parametrize("names", [{"username": None, "global_name": None}, {"global_name": 7}])
def test_somebody_without_a_name_is_called_by_the_id(gateway: Gateway, names: Any) -> None:
    author = payloads.user(payloads.ADA, "ada", **names)
    payload = {**payloads.IN_OWN_THREAD, "author": author, "member": payloads.member()}
    reader = gateway.say("MESSAGE_CREATE", payload)
    for event in reader.events:
        assert isinstance(event.author.name, str) and event.author.name
    assert len(reader.events) + reader.left_out == 1


@given(
    payload=mutated(
        payloads.INTERACTIONS, others=(*OTHERS, "choose:stop:", "discord:1:2:3:4", 3, 2)
    )
)
@examples(60)
def test_any_interaction_is_read_left_out_or_malformed(gateway: Gateway, payload: Any) -> None:
    reader = gateway.say("INTERACTION_CREATE", payload)
    assert len(reader.calls) + reader.left_out <= 1
    for call in reader.calls:
        assert call.event_id == whole(payload["id"])
        assert isinstance(call.name, str) and isinstance(call.author.name, str)
        who = payload["member"]["user"] if "guild_id" in payload else payload.get("user")
        assert who is None or call.author.id == whole(who["id"])
        space = whole(payload["guild_id"]) if payload.get("guild_id") else DIRECT_SPACE
        assert call.space == space
        assert call.thread is None or call.thread.space == space


@pytest.mark.parametrize("payload", payloads.INTERACTIONS)
def test_the_interactions_themselves_are_good(gateway: Gateway, payload: Any) -> None:
    [call] = gateway.say("INTERACTION_CREATE", payload).calls
    assert call.name == "summary"
    assert call.author.id == payloads.ADA
    assert call.thread == ThreadKey(
        "discord", payloads.GUILD, payloads.GENERAL, payloads.OWN_THREAD
    )


@given(payload=mutated((payloads.PRESS,), others=(*OTHERS, "control:stop:x", "control:", 3, 2)))
@examples(60)
def test_any_use_of_a_control_is_read_left_out_or_malformed(gateway: Gateway, payload: Any) -> None:
    reader = gateway.say("INTERACTION_CREATE", payload)
    assert len(reader.presses) <= 1 and reader.calls == []
    for press in reader.presses:
        assert press.event_id == whole(payload["id"])
        assert press.ref.message == whole(payload["message"]["id"])
        space = whole(payload["guild_id"]) if payload.get("guild_id") else DIRECT_SPACE
        assert press.thread.space == space


def test_the_use_of_a_control_itself_is_good(gateway: Gateway) -> None:
    [press] = gateway.say("INTERACTION_CREATE", payloads.PRESS).presses
    assert (press.action, press.turn) == (Action.REGENERATE, "abcdefghijklmnop")
    assert press.author.id == payloads.ADA
    assert press.thread == ThreadKey(
        "discord", payloads.GUILD, payloads.GENERAL, payloads.OWN_THREAD
    )


ALPHABET = st.text(alphabet="ab <>@!#&:/t0123456789`\n\x00😀\ud83d٣", max_size=80)
STRINGS = ALPHABET | st.sampled_from([odd for odd in ODD if isinstance(odd, str)])


@given(STRINGS, st.text(alphabet="ab<>@\x00`\ud83d", min_size=1, max_size=8))
@examples(60)
def test_any_text_with_any_names_is_decoded(raw: str, name: str) -> None:
    names = Names({payloads.ADA: name}, {"7": name}, {payloads.GENERAL: name})
    text = f"<@{payloads.ADA}> <#{payloads.GENERAL}> <@&7> {raw} <@{payloads.BOT}>"
    shown = readable(text, names, OWN)
    if "`" not in raw:
        assert f"<@{payloads.BOT}>" not in shown
    assert mentions(text, OWN) or "`" in raw
    parts = pieces(shown, 300)
    assert all(measure(part) <= 300 for part in parts)
    assert "".join("".join(parts).split()) == "".join(shown.split())
