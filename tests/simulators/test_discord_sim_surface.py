"""The simulated Discord: components, forms, translations, and places the bot is no member of."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from tests.simulators.discord_sim import Interaction
from tests.simulators.test_discord_sim_rest import Caller, calling

V2 = 1 << 15
SUPPRESS = 1 << 2


@pytest.fixture
async def call() -> AsyncIterator[Caller]:
    async with calling(limits=False) as caller:
        yield caller


def text(content: str) -> dict[str, Any]:
    """A text among components."""
    return {"type": 10, "content": content}


def row(*names: str) -> dict[str, Any]:
    """A row of buttons."""
    buttons = [{"type": 2, "style": 2, "label": name, "custom_id": name} for name in names]
    return {"type": 1, "components": buttons}


def one(*components: dict[str, Any]) -> dict[str, Any]:
    """A row of these."""
    return {"type": 1, "components": list(components)}


def option(name: str) -> dict[str, Any]:
    """One of a list."""
    return {"label": name, "value": name}


LIST = {"type": 3, "custom_id": "x", "options": [option("a")]}


@pytest.mark.parametrize(
    "body",
    [
        {"flags": V2, "components": [text("x" * 4001)]},
        {"flags": V2, "components": [text("x" * 2001), text("y" * 2000)]},
        {"flags": V2, "components": [text("")]},
        {"flags": V2, "components": [text("x")], "content": "beside it"},
        {"flags": V2, "components": [text("x")], "embeds": [{"title": "beside it"}]},
        {"flags": V2, "components": [row("a", "b", "c", "d", "e", "f")]},
        {"flags": V2, "components": [row("a", "a")]},
        {"flags": V2, "components": [row("a"), row("a")]},
        {"flags": V2, "components": [{"type": 1, "components": [text("in a row")]}]},
        {"flags": V2, "components": [{"type": 17, "components": [text("x")] * 40}]},
        {"flags": V2, "components": [{"type": 2, "style": 2, "label": "no row", "custom_id": "x"}]},
        {"components": [text("without the flag")]},
        {"components": [row(f"{number}") for number in range(6)]},
        {"components": [one({"type": 2, "style": 2, "custom_id": "no-words"})]},
        {"components": [one({"type": 2, "style": 2, "label": "no id"})]},
        {"components": [one({"type": 2, "style": 5, "label": "no address", "custom_id": "x"})]},
        {"components": [one({"type": 3, "custom_id": "x", "options": []})]},
        {"components": [one({"type": 3, "custom_id": "x", "options": [option("a")] * 2})]},
        {"components": [one({"type": 3, "custom_id": "x", "options": [option("a" * 101)]})]},
        {"components": [one({"type": 3, "custom_id": "x", "options": [option(" ")]})]},
        {"components": [one(LIST, {**LIST, "custom_id": "y"})]},
    ],
)
async def test_components_that_discord_does_not_take(call: Caller, body: dict[str, Any]) -> None:
    assert await call.code("POST", call.here, body) == 50035


async def test_a_message_becomes_components_and_stays_so(call: Caller) -> None:
    _, made = await call("POST", call.here, {"content": "plain", "flags": SUPPRESS})
    one = f"{call.here}/{made['id']}"
    # What is left as it was would stand beside the components.
    half = {"flags": V2, "components": [text("long")]}
    assert await call.code("PATCH", one, half) == 50035
    out = {"content": None, "embeds": [], "flags": V2 | SUPPRESS}
    status, shown = await call("PATCH", one, {**out, "components": [text("long"), row("stop")]})
    assert (status, shown["content"], shown["flags"]) == (200, "", V2 | SUPPRESS)
    assert await call.code("PATCH", one, {"content": "plain again"}) == 50035
    assert await call.code("PATCH", one, {"flags": SUPPRESS, "components": [row("x")]}) == 50035
    assert (await call("PATCH", one, {"components": [text("longer")]}))[0] == 200
    assert call.sim.message(made["id"]).versions[-1].shown.strip() == "longer"


COMMAND = {"name": "ask", "description": "Ask", "type": 1}


def named(name: str, german: str) -> dict[str, Any]:
    """An option."""
    return {"type": 3, "name": name, "description": "x", "name_localizations": {"de": german}}


def choices(*pairs: tuple[str, str], localised: Any = None) -> dict[str, Any]:
    """An option with choices, by their names and values."""
    made = [
        {"name": name, "value": value, "name_localizations": localised} for name, value in pairs
    ]
    return {"type": 3, "name": "which", "description": "x", "choices": made}


LONG = {
    "description_localizations": {"de": "x" * 100},
    "choices": [{"name": "x", "value": f"{number}" * 50} for number in range(7)],
}


@pytest.mark.parametrize(
    "fields",
    [
        {"name_localizations": {"de": "Mit Leerzeichen"}},
        {"name_localizations": {"klingon": "ghel"}},
        {"name_localizations": {"de": "x" * 33}},
        {"description_localizations": {"de": ""}},
        {"description_localizations": {"fr": "x" * 101}},
        {"description_localizations": "Fragen"},
        {"integration_types": [2]},
        {"contexts": [3]},
        {"options": [choices(("a", "x" * 101))]},
        {"options": [choices(("x" * 101, "a"))]},
        {"options": [choices(("a", "a"), localised={"de": ""})]},
        {"options": [named("a", "wort"), named("b", "wort")]},
        {"options": [named("wort", "wort"), named("b", "wort")]},
        # Of each name the longest counts, in whatever language.
        {"options": [{**named(f"o{number}", f"o{number}"), **LONG} for number in range(20)]},
    ],
)
async def test_translations_that_discord_does_not_take(
    call: Caller, fields: dict[str, Any]
) -> None:
    path = f"/applications/{call.sim.world.application_id}/commands"
    assert await call.code("PUT", path, [{**COMMAND, **fields}]) == 50035


async def test_a_menus_translation_may_have_blanks(call: Caller) -> None:
    path = f"/applications/{call.sim.world.application_id}/commands"
    menu = {"name": "Ask about this", "type": 3, "name_localizations": {"de": "Dazu etwas fragen"}}
    assert (await call("PUT", path, [menu]))[0] == 200


async def _asked(call: Caller, **fields: Any) -> Interaction:
    """An interaction of a command with some fields, in a place the bot is no member of."""
    path = f"/applications/{call.sim.world.application_id}/commands"
    everywhere = {"integration_types": [0, 1], "contexts": [0, 1, 2]}
    await call("PUT", path, [{**COMMAND, **everywhere, **fields}])
    call.sim.install(call.ada)
    channel = await call.sim.add_foreign_channel()
    return await call.sim.slash(channel, call.ada, "ask")


async def _answer(call: Caller, interaction: Interaction, kind: int, data: Any) -> int:
    path = f"/interactions/{interaction.id}/{interaction.token}/callback"
    status, body = await call("POST", path, {"type": kind, "data": data})
    return body["code"] if status >= 400 else 0


FIELD = {"type": 4, "custom_id": "question", "style": 2}


def labelled(component: dict[str, Any]) -> dict[str, Any]:
    """A field of a form."""
    return {"type": 18, "label": "What?", "component": component}


FORM = {"custom_id": "ask:1", "title": "Ask", "components": [labelled(FIELD)]}


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "x" * 46},
        {"custom_id": "x" * 101},
        {"components": []},
        {"components": [{"type": 18, "label": "x" * 46, "component": FIELD}]},
        {"components": FORM["components"] * 2},
        {"components": [{"type": 18, "label": "What?", "component": {**FIELD, "style": 3}}]},
        {"components": [{"type": 18, "label": "What?"}]},
        {"components": [{"type": 1, "components": [FIELD]}]},
        {"components": [labelled({**FIELD, "max_length": 3, "value": "long"})]},
    ],
)
async def test_forms_that_discord_does_not_take(call: Caller, fields: dict[str, Any]) -> None:
    interaction = await _asked(call)
    assert await _answer(call, interaction, 9, {**FORM, **fields}) == 50035


@pytest.mark.parametrize(
    ("found", "taken"),
    [
        ([{"name": "x" * 100, "value": "x" * 100}] * 25, True),
        ([{"name": "x", "value": "x"}] * 26, False),
        ([{"name": "x" * 101, "value": "x"}], False),
        ([{"name": "x", "value": "x" * 101}], False),
        ([{"name": " ", "value": "x"}], False),
        ([{"name": "x"}], False),
        (None, False),
    ],
)
async def test_what_completes_an_option_is_short(call: Caller, found: Any, taken: bool) -> None:
    completed = {"type": 3, "name": "which", "description": "x", "autocomplete": True}
    path = f"/applications/{call.sim.world.application_id}/commands"
    await call("PUT", path, [{**COMMAND, "options": [completed]}])
    typed = await call.sim.autocomplete(call.general, call.ada, "ask", "which", "")
    assert await _answer(call, typed, 8, {"choices": found}) == (0 if taken else 50035)


async def test_a_form_is_filled_in_as_it_says(call: Caller) -> None:
    interaction = await _asked(call)
    with pytest.raises(LookupError):
        await call.sim.submit(interaction, question="too early")
    assert await _answer(call, interaction, 9, FORM) == 0
    for values in ({}, {"question": ""}, {"other": "x"}, {"question": "x" * 4001}):
        with pytest.raises(ValueError, match=r"question|other"):
            await call.sim.submit(interaction, **values)
    sent = await call.sim.submit(interaction, question="Why?")
    assert sent.data["components"][0]["component"]["value"] == "Why?"


async def test_who_is_brought_along_follows_up_five_times(call: Caller) -> None:
    interaction = await _asked(call)
    assert await _answer(call, interaction, 4, {"content": "one"}) == 0
    hook = f"/webhooks/{call.sim.world.application_id}/{interaction.token}"
    for number in range(5):
        assert (await call("POST", hook, {"content": f"{number}"}))[0] in (200, 204)
    assert await call.code("POST", hook, {"content": "one too many"}) == 40094
    assert len(call.sim.violations) == 1
    assert interaction.channel.guild is not None
    assert await call.code("GET", f"/channels/{interaction.channel.id}") == 10003


async def test_commands_are_offered_where_they_may_be_used(call: Caller) -> None:
    await _asked(call)
    ben = call.sim.add_user("ben")
    places = [await call.sim.add_foreign_channel("far"), call.sim.open_private(ben, call.ada)]
    for place in places:
        with pytest.raises(LookupError):
            await call.sim.slash(place, ben, "ask")
        await call.sim.slash(place, call.ada, "ask")
    with pytest.raises(LookupError):
        await _asked(call, integration_types=[0])
    with pytest.raises(LookupError):
        await _asked(call, contexts=[1])


async def test_old_messages_are_edited_a_few_times() -> None:
    async with calling(scale=20) as call:
        _, made = await call("POST", call.here, {"content": "one"})
        one = f"{call.here}/{made['id']}"
        call.sim.limits.old_edits = 1
        for _ in range(2):
            assert (await call("PATCH", one, {"content": "young"}))[0] == 200
        call.sim.world.pass_time(3601)
        assert (await call("PATCH", one, {"content": "old"}))[0] == 200
        status, body = await call("PATCH", one, {"content": "older"})
    assert (status, body["code"]) == (429, 30046)
    assert body["retry_after"] > 0


async def test_messages_keep_up_with_a_clock_and_never_go_back(call: Caller) -> None:
    _, first = await call("POST", call.here, {"content": "one"})
    noon = datetime.fromisoformat(first["timestamp"]).timestamp() + 7200
    call.sim.world.catch_up(noon)
    call.sim.world.catch_up(noon - 3600)
    _, second = await call("POST", call.here, {"content": "two"})
    assert 0 < datetime.fromisoformat(second["timestamp"]).timestamp() - noon < 1


async def test_a_forum_post_may_lack_its_first_message_for_a_moment(call: Caller) -> None:
    forum = await call.sim.add_forum_channel(call.guild)
    post = await call.sim.start_thread(forum, None, "help", call.ada, text="please", unready=1)
    path = f"/channels/{post.id}/messages"
    assert await call.code("POST", path, {"content": "hello"}) == 40058
    assert (await call("POST", path, {"content": "hello"}))[0] == 200


async def test_who_is_in_a_thread_can_be_asked(call: Caller) -> None:
    thread = await call.sim.start_thread(call.general, None, "t", call.ada, private=True)
    thread.members.add(call.sim.bot.id)
    ben = call.sim.add_user("ben")
    members = f"/channels/{thread.id}/thread-members"
    assert (await call("GET", f"{members}/{call.ada.id}"))[0] == 200
    assert await call.code("GET", f"{members}/{ben.id}") == 10007
    assert await call.code("GET", f"/channels/{call.general.id}/thread-members/{ben.id}") == 50024
