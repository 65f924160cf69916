"""Shortcuts and the windows they open, over sockets and over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from adapters.slack.manifest import manifest
from adapters.slack.modals import (
    ALL_GOES,
    GOES,
    LONGEST_NOTE,
    NONE_YET,
    NOTHING,
    WORKING,
)
from adapters.slack.shortcuts import TOO_LATE
from bot.chat import SURE, CommandReply, File, Overview, ThreadChoice, ThreadKey
from bot.errors import StoreUnavailable
from bot.panels import Button
from tests.contracts.slack_rig import ADDRESS, PATIENT, Rig, connected, simulator
from tests.simulators.slack_sim import Interaction, Message, View


@pytest.fixture(params=["sockets", "http"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    http = request.param == "http"
    async with connected(simulator(manifest=manifest(ADDRESS if http else ""))) as made:
        yield made
        assert made.sim.violations == []
        assert made.inbox.malformed_events == []


ASKED = CommandReply("12 messages would go.", buttons=(Button("Forget it", "forget", "yes"),))


def text(view: View) -> str:
    """What a window says, in Slack's own markup."""
    blocks = [block for block in view.view["blocks"] if block["type"] == "section"]
    return "\n".join(block["text"]["text"] for block in blocks)


async def opened(rig: Rig, count: int = 1) -> View:
    await rig.until(lambda: len(rig.sim.views) >= count)
    return rig.sim.views[-1]


async def says(rig: Rig, view: View, words: str) -> None:
    await rig.until(lambda: words in text(view))


async def used(rig: Rig, name: str, message: Message | None) -> Interaction:
    call = rig.sim.shortcut(name, message, rig.ada)
    ack = await call.acked()
    assert not ack.payload
    return call


def said(rig: Rig, words: str, **details: Any) -> Message:
    return rig.sim.say(rig.room, rig.ada, words, deliver=False, **details)


def asking(words: str) -> dict[str, Any]:
    return {"question": {"question": {"type": "plain_text_input", "value": words}}}


async def test_a_question_about_a_message_is_answered_in_its_window(rig: Rig) -> None:
    rig.inbox.replies = [CommandReply("It is **tea**, see [this](https://tea.example.com).")]
    bob = rig.sim.add_user("Bob")
    root = said(rig, "first")
    message = rig.sim.say(rig.room, bob, f"{rig.ada.mention} put the kettle on", thread=root)
    await used(rig, "bobbin_ask", message)
    view = await opened(rig)
    assert "put the kettle on" in text(view)
    assert not rig.inbox.calls

    gate = asyncio.Event()
    rig.sim.faults.add("views.update", gate=gate)
    sent = rig.sim.submit(view, rig.ada, asking("What for?"))
    ack = await sent.acked()
    assert ack.payload["response_action"] == "update"
    assert text(view) == WORKING
    gate.set()
    await says(rig, view, "It is *tea*, see <https://tea.example.com|this>.")
    (call,) = rig.inbox.calls
    assert (call.name, call.options) == ("ask", {"question": "What for?"})
    assert call.thread == rig.key(root)
    assert call.visible
    assert call.about is not None
    assert call.about.text == "@Ada Lovelace put the kettle on"
    assert (call.about.author.id, call.about.author.name) == (bob.id, "Bob")
    assert (call.about.ref.message, call.author.id) == (message.ts, rig.ada.id)
    assert [call.params["view"]["type"] for call in rig.sim.calls("views.open")] == ["modal"]


async def test_a_question_may_be_empty_and_a_message_very_long(rig: Rig) -> None:
    words = " ".join(f"word{number} &amp;" for number in range(1500))
    message = said(rig, words)
    await used(rig, "bobbin_ask", message)
    view = await opened(rig)
    assert len(view.view["private_metadata"]) <= LONGEST_NOTE
    await rig.sim.submit(view, rig.ada, {}).acked()
    await says(rig, view, "done")
    (call,) = rig.inbox.calls
    assert call.options == {"question": ""}
    # All of it was read again, since it did not fit into the window.
    assert call.about is not None
    assert call.about.text.endswith("word1499 &")


async def test_a_long_message_that_cannot_be_read_again_is_known_by_its_beginning(
    rig: Rig,
) -> None:
    message = said(rig, "long " * 2000)
    await used(rig, "bobbin_ask", message)
    rig.sim.remove_bot(rig.room)
    await rig.sim.submit(await opened(rig), rig.ada, {}).acked()
    await rig.until(lambda: rig.inbox.calls)
    about = rig.inbox.calls[0].about
    assert about is not None
    assert about.text.startswith("long long")
    assert len(about.text) < 3000


async def test_a_message_without_words_has_nothing_to_ask_about(rig: Rig) -> None:
    message = rig.sim.system_message(rig.room, rig.ada, "channel_topic")
    await used(rig, "bobbin_ask", message)
    assert text(await opened(rig)) == NOTHING


async def test_a_summary_comes_into_a_window_that_stands_already(rig: Rig) -> None:
    rig.inbox.replies = [CommandReply("# Tea\n\n- milk\n- sugar")]
    root = said(rig, "tea?")
    reply = said(rig, "yes", thread=root)
    gate = asyncio.Event()
    rig.sim.faults.add("users.info", gate=gate)
    await used(rig, "bobbin_summary", reply)
    view = await opened(rig)
    assert text(view) == WORKING
    gate.set()
    await says(rig, view, "*Tea*\n\n• milk\n• sugar")
    (call,) = rig.inbox.calls
    assert (call.name, call.thread, call.visible) == ("summary", rig.key(root), True)
    assert call.about is not None


async def test_a_summary_needs_no_window(rig: Rig) -> None:
    rig.sim.faults.add("views.open", error="expired_trigger_id")
    root = said(rig, "tea?")
    call = await used(rig, "bobbin_summary", root)
    (shown,) = await call.responded()
    assert (shown.text, shown.response_type) == ("done", "ephemeral")


async def test_forgetting_says_what_goes_and_asks_first(rig: Rig) -> None:
    rig.inbox.replies = [ASKED, CommandReply("Forgotten: it.")]
    root = said(rig, "a secret")
    await used(rig, "bobbin_forget", root)
    view = await opened(rig)
    await says(rig, view, ASKED.text)
    assert [(call.name, call.options) for call in rig.inbox.calls] == [("forget", {})]
    assert "secret" not in view.view["private_metadata"]
    await rig.sim.submit(view, rig.ada, {}).acked()
    await says(rig, view, "Forgotten: it.")
    assert [(call.name, call.thread) for call in rig.inbox.calls] == [
        ("forget", rig.key(root)),
        ("forget", rig.key(root)),
    ]
    assert rig.inbox.calls[-1].options == {SURE: "true"}
    assert "submit" not in view.view


async def test_what_somebody_may_not_have_forgotten_is_not_asked_about(rig: Rig) -> None:
    rig.inbox.replies = [CommandReply("Only people who took part can do that.")]
    await used(rig, "bobbin_forget", said(rig, "a secret"))
    view = await opened(rig)
    await says(rig, view, "Only people who took part")
    assert "submit" not in view.view


@pytest.mark.parametrize("name", ["bobbin_ask", "bobbin_forget"])
async def test_too_late_for_a_window_is_said_and_nothing_is_done(rig: Rig, name: str) -> None:
    # Three seconds after the click Slack opens none any more.
    root = said(rig, "tea?")
    rig.sim.faults.add("views.open", error="expired_trigger_id")
    call = await used(rig, name, root)
    (shown,) = await call.responded()
    assert shown.text == TOO_LATE
    assert rig.inbox.calls == []
    assert rig.sim.views == []


async def test_the_simulated_slack_lets_triggers_expire() -> None:
    sim = simulator(timing=replace(PATIENT, trigger=0.0))
    async with connected(sim) as rig:
        call = await used(rig, "bobbin_ask", said(rig, "tea?"))
        (shown,) = await call.responded()
        assert shown.text == TOO_LATE


async def test_a_window_that_was_closed_gets_its_answer_in_the_channel(rig: Rig) -> None:
    root = said(rig, "tea?")
    gate = asyncio.Event()
    rig.sim.faults.add("users.info", gate=gate)
    call = await used(rig, "bobbin_summary", root)
    view = await opened(rig)
    rig.sim.close_view(view, rig.ada)
    gate.set()
    (shown,) = await call.responded()
    assert (shown.text, shown.response_type) == ("done", "ephemeral")


async def test_files_of_an_answer_come_in_a_direct_message(rig: Rig) -> None:
    rig.inbox.replies = [CommandReply("Long.", files=(File("a.md", b"# a", "text/markdown"),))]
    await used(rig, "bobbin_ask", said(rig, "tea?"))
    view = await opened(rig)
    await rig.sim.submit(view, rig.ada, asking("why?")).acked()
    await says(rig, view, "You'll find it in our direct messages.")
    assert [file.name for file in rig.sim.files] == ["a.md"]


def choices(rig: Rig, root: Message) -> Overview:
    key = rig.key(root)
    other = ThreadKey("slack", "T0OTHER", key.channel, key.thread)
    return Overview((ThreadChoice(key, "about tea", 1.0), ThreadChoice(other, "not mine", 2.0)))


def choosing(view: View, deed: str, number: int = 0) -> dict[str, Any]:
    menu, deeds = (block["element"]["options"] for block in view.view["blocks"][:2])
    chosen = next(option for option in deeds if option["value"] == deed)
    return {
        "conversation": {"conversation": {"selected_option": menu[number]}},
        "deed": {"deed": {"selected_option": chosen}},
    }


@pytest.mark.parametrize(("deed", "title"), [("summary", "Summary"), ("usage", "What it took")])
async def test_a_conversation_is_chosen_from_anywhere(rig: Rig, deed: str, title: str) -> None:
    root = said(rig, "tea?")
    rig.inbox.kept = choices(rig, root)
    await used(rig, "bobbin_threads", None)
    view = await opened(rig)
    await rig.until(lambda: "submit" in view.view)
    assert rig.inbox.looked_at == [("slack", rig.sim.workspace.id, rig.ada.id)]
    await rig.sim.submit(view, rig.ada, choosing(view, deed)).acked()
    await says(rig, view, "done")
    assert view.view["title"]["text"] == title
    (call,) = rig.inbox.calls
    assert (call.name, call.thread, call.channel) == (deed, rig.key(root), rig.room.id)


async def test_what_is_chosen_to_be_forgotten_is_asked_about_first(rig: Rig) -> None:
    root = said(rig, "tea?")
    rig.inbox.kept = choices(rig, root)
    await used(rig, "bobbin_threads", None)
    view = await opened(rig)
    await rig.until(lambda: "submit" in view.view)
    rig.inbox.replies = [ASKED, CommandReply("done")]
    await rig.sim.submit(view, rig.ada, choosing(view, "forget")).acked()
    await says(rig, view, ASKED.text)
    await rig.sim.submit(view, rig.ada, {}).acked()
    await says(rig, view, "done")
    assert [(call.name, call.thread, call.options) for call in rig.inbox.calls] == [
        ("forget", rig.key(root), {}),
        ("forget", rig.key(root), {SURE: "true"}),
    ]


async def test_nothing_of_another_workspace_can_be_chosen(rig: Rig) -> None:
    rig.inbox.kept = choices(rig, said(rig, "tea?"))
    await used(rig, "bobbin_threads", None)
    view = await opened(rig)
    await rig.until(lambda: "submit" in view.view)
    await rig.sim.submit(view, rig.ada, choosing(view, "summary", 1)).acked()
    await says(rig, view, "I find no conversation there that you can see.")
    assert rig.inbox.calls == []


async def test_a_channel_that_somebody_has_left_is_out_of_reach(rig: Rig) -> None:
    secret = rig.sim.add_channel("secret", private=True)
    root = rig.sim.say(secret, rig.sim.add_user("Bob"), "tea?", deliver=False)
    rig.inbox.kept = Overview((ThreadChoice(rig.key(root), "about tea", 1.0),))
    await used(rig, "bobbin_threads", None)
    view = await opened(rig)
    await rig.until(lambda: "submit" in view.view)
    await rig.sim.submit(view, rig.ada, choosing(view, "summary")).acked()
    await says(rig, view, "I find no conversation there that you can see.")
    assert rig.inbox.calls == []


async def test_without_conversations_that_is_said(rig: Rig) -> None:
    await used(rig, "bobbin_threads", None)
    await says(rig, await opened(rig), NONE_YET)


async def test_while_the_store_is_away_that_is_said(rig: Rig) -> None:
    rig.inbox.blind = StoreUnavailable("away")
    await used(rig, "bobbin_threads", None)
    await says(rig, await opened(rig), "I can't reach my memory right now")


def test_what_goes_is_said_in_full() -> None:
    assert "by everybody" in GOES
    assert "every conversation in this workspace" in ALL_GOES
