"""Commands as Discord takes them, errors as Discord gives them."""

from __future__ import annotations

import json

import aiohttp
import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord import SPEC
from adapters.discord.commands import (
    Called,
    call_of,
    fingerprint,
    offered,
    options_of,
    payload,
    picker_id,
    read_picker_id,
)
from adapters.discord.expiring import Expiring
from adapters.discord.faults import (
    Archived,
    Denied,
    HasThread,
    NoAccess,
    NoReply,
    NoSign,
    Refused,
    UnknownChannel,
    UnknownMessage,
    UnknownServer,
    of_body,
    of_exception,
    why_lost,
)
from adapters.discord.interactions import fitting
from adapters.discord.values import Kind, Place, Writer
from bot.chat import File, ThreadChoice, ThreadKey
from bot.command_spec import CommandOption, CommandSpec, OptionKind
from bot.errors import (
    BadToken,
    BobbinError,
    MessageGone,
    NotAllowed,
    PlatformBusy,
    PlatformUnreachable,
)
from bot.spec import VariableKind

SUMMARY = CommandSpec(
    "summary",
    "Sum up",
    (CommandOption("share", "To all", OptionKind.FLAG), CommandOption("x", "y")),
)


def test_the_payload() -> None:
    command, menu = payload([SUMMARY])
    assert (command["name"], command["type"], command["contexts"]) == ("summary", 1, [0, 1])
    assert [option["type"] for option in command["options"]] == [5, 3, 3]
    assert (menu["name"], menu["type"]) == ("Summarise from here", 3)
    assert not any(option["required"] for option in command["options"])


def test_the_fingerprint_tells_applications_and_commands_apart() -> None:
    other = CommandSpec("summary", "Sum it up", SUMMARY.options)
    marks = {
        fingerprint(1, payload([SUMMARY])),
        fingerprint(2, payload([SUMMARY])),
        fingerprint(1, payload([other])),
    }
    assert len(marks) == 3
    assert fingerprint(1, payload([SUMMARY])) in marks


def test_options() -> None:
    given_options = [
        {"name": "share", "type": 5, "value": True},
        {"name": "quiet", "type": 5, "value": False},
        {"name": "focus", "type": 3, "value": "costs"},
    ]
    assert options_of({"options": given_options}) == {"share": "true", "focus": "costs"}
    assert options_of({}) == {}
    with pytest.raises(KeyError):
        options_of({"options": [{"name": "share"}]})


def test_a_chosen_thread_goes_before_the_place() -> None:
    chosen = ThreadKey("discord", "7", "50", "60")
    place = Place("61", Kind.THREAD, "7", parent="50")
    called = Called("1", "summary", Writer("2", "Ada"), place)
    assert call_of(called).thread == ThreadKey("discord", "7", "50", "61")
    assert call_of(Called("1", "summary", called.writer, place, {}, chosen)).thread == chosen


@given(
    st.from_regex(r"[a-z]{1,32}", fullmatch=True),
    st.dictionaries(st.text(min_size=1, max_size=12), st.text(min_size=1, max_size=12), max_size=3),
)
def test_custom_ids_are_read_back_or_lose_only_options(name: str, options: dict[str, str]) -> None:
    custom_id = picker_id(name, options)
    assert len(custom_id) <= 100
    read = read_picker_id(custom_id)
    assert read is not None
    assert read[0] == name
    assert read[1] in (options, {})


@pytest.mark.parametrize("custom_id", ["", "choose", "choose:", "choose::", "stop:summary:"])
def test_custom_ids_of_others(custom_id: str) -> None:
    assert read_picker_id(custom_id) is None


def test_a_list_holds_25_choices() -> None:
    key = ThreadKey("discord", "7", "50", "60")
    long = ThreadKey("discord", "7", "50", "6" * 100)
    choices = [ThreadChoice(long, "x", 0.0), *[ThreadChoice(key, "x", 0.0)] * 30]
    assert list(offered(choices)) == choices[1:26]


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (401, 0, BadToken),
        # The token of an interaction, and not ours.
        (401, 50027, MessageGone),
        (400, 50083, Archived),
        (400, 160004, HasThread),
        (400, 50035, Refused),
        (400, 160005, NotAllowed),
        (403, 160005, NotAllowed),
        (403, 160002, NoReply),
        (403, 30010, NoSign),
        (403, 90001, NoSign),
        (403, 50001, NoAccess),
        (403, 50007, Denied),
        (403, 50013, Denied),
        (403, 99999, Denied),
        (404, 10003, UnknownChannel),
        (404, 10004, UnknownServer),
        (404, 10008, UnknownMessage),
        (404, 0, MessageGone),
        (500, 0, PlatformBusy),
        (503, 0, PlatformBusy),
    ],
)
def test_answers_become_errors(status: int, code: int, error: type[BobbinError]) -> None:
    body = json.dumps({"code": code, "message": "words"}).encode()
    fault = of_body(status, body)
    assert type(fault) is error
    assert str(status) in str(fault)


@given(st.integers(400, 599), st.binary(max_size=50))
def test_any_body_becomes_some_error(status: int, body: bytes) -> None:
    assert isinstance(of_body(status, body), BobbinError)


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (discord.LoginFailure("x"), BadToken),
        (discord.RateLimited(40.0), PlatformBusy),
        (aiohttp.ServerDisconnectedError(), PlatformUnreachable),
        (ConnectionResetError(104, "reset"), PlatformUnreachable),
        (TimeoutError(), PlatformUnreachable),
        (RuntimeError("Session is closed"), PlatformBusy),
        (NotAllowed("x"), NotAllowed),
    ],
)
def test_exceptions_become_errors(raised: Exception, error: type[BobbinError]) -> None:
    assert type(of_exception(raised)) is error


def test_why_a_connection_was_lost_is_told_in_words() -> None:
    told = [
        why_lost(each)
        for each in (ConnectionRefusedError(111, "x"), TimeoutError(), KeyError("op"), None)
    ]
    assert told == ["Connection refused", "it took too long", "KeyError", "unknown"]


def test_bugs_stay_what_they_are() -> None:
    assert of_exception(KeyError("x")) is None


def test_files_that_fit() -> None:
    small, large = File("a", b"12", "x/y"), File("b", b"123", "x/y")
    assert fitting((small, large), 2) == ((small,), True)
    assert fitting((small,), 2) == ((small,), False)
    kept, left_out = fitting((small,) * 11, 2)
    assert (len(kept), left_out) == (10, True)


def test_entries_expire_and_make_room() -> None:
    now = 0.0
    entries: Expiring[bool] = Expiring(lambda: now, most=2)
    for name in "abc":
        entries.put(name, True, 5.0)
    assert [entries.get(name) for name in "abc"] == [None, True, True]
    now = 5.0
    assert entries.get("c") is None


def test_the_adapter_announces_its_variables() -> None:
    kinds = {variable.name: variable.kind for variable in SPEC.variables}
    assert kinds["DISCORD_TOKEN"] is VariableKind.SECRET
    assert set(SPEC.needs) <= set(kinds)
