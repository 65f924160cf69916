"""Commands on Slack: slash commands, lists to choose from, and commands typed as messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from adapters.slack.answers import SHARED, UNDELIVERED
from adapters.slack.interactions import NOT_VISIBLE
from bot.chat import CommandReply, File, Incoming, ThreadChoice
from tests.contracts.slack_rig import QUICK, Rig, connected
from tests.simulators.slack_sim import Channel, Message, Shown, SlashCall, User

NOTE = File("notes.md", b"# notes", "text/markdown")


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with connected() as made:
        yield made
        assert made.sim.violations == []


async def answer(call: SlashCall) -> Shown:
    """The one private answer, which came by the response_url after an empty acknowledgement."""
    ack = await call.acked()
    assert not ack.payload
    (shown,) = await call.responded()
    assert (shown.source, shown.response_type) == ("response_url", "ephemeral")
    return shown


def root_in(rig: Rig, channel: Channel, user: User) -> Message:
    return rig.sim.say(channel, user, "about tea", deliver=False)


async def test_a_command_with_a_link_reaches_its_thread(rig: Rig) -> None:
    root = root_in(rig, rig.room, rig.ada)
    reply = rig.sim.say(rig.room, rig.ada, "with milk", thread=root, deliver=False)
    for link in (rig.sim.permalink(root), f"<{rig.sim.permalink(reply)}>"):
        shown = await answer(rig.sim.slash(rig.room, rig.ada, "/forget", link))
        assert shown.text == "done"
        call = rig.inbox.calls[-1]
        assert (call.name, call.thread) == ("forget", rig.key(root))
        assert (call.author.id, call.author.name) == (rig.ada.id, "Ada Lovelace")
        assert (call.platform, call.space) == ("slack", rig.sim.workspace.id)
    assert len({call.event_id for call in rig.inbox.calls}) == 2


@pytest.mark.parametrize(
    ("command", "text", "name", "options"),
    [
        ("/bobbin", "", "help", {}),
        ("/bobbin", "help", "help", {}),
        ("/bobbin", "Export", "export", {}),
        ("/bobbin", "summary share focus=milk", "summary", {"share": "true", "focus": "milk"}),
        ("/bobbin", "make me a sandwich", "help", {}),
        ("/summary", "share", "summary", {"share": "true"}),
        ("/forget", "", "forget", {}),
    ],
)
async def test_commands_and_their_options(
    rig: Rig, command: str, text: str, name: str, options: dict[str, str]
) -> None:
    await answer(rig.sim.slash(rig.room, rig.ada, command, text))
    (call,) = rig.inbox.calls
    assert (call.name, call.options, call.thread) == (name, options, None)
    assert call.channel == rig.room.id


async def test_a_word_that_means_nothing_is_said(rig: Rig) -> None:
    shown = await answer(rig.sim.slash(rig.room, rig.ada, "/forget", "everything <!channel>"))
    assert "“everything”" in shown.text
    assert rig.inbox.calls == []


async def test_without_a_thread_one_is_chosen_from_a_list(rig: Rig) -> None:
    root = root_in(rig, rig.room, rig.ada)
    choices = (
        ThreadChoice(rig.key(root), "about tea, and " + "more " * 20, 1.0),
        ThreadChoice(rig.key(root_in(rig, rig.room, rig.ada)), "", 2.0),
    )
    rig.inbox.replies = [CommandReply("Which one?", choices=choices), CommandReply("Forgotten.")]
    call = rig.sim.slash(rig.room, rig.ada, "/summary", "share")
    await answer(call)
    (note,) = call.ephemerals
    element = note.blocks[-1]["elements"][0]
    click = rig.sim.click(note, element["action_id"], rig.ada, value=str(rig.key(root)))
    await click.acked()
    (shown,) = await click.responded()

    assert shown.text == "Forgotten."
    assert note.replaced
    first, second = rig.inbox.calls
    assert (first.thread, second.thread) == (None, rig.key(root))
    assert second.name == "summary" and second.options == first.options == {"share": "true"}


@pytest.mark.parametrize("member", [True, False])
async def test_a_link_into_a_private_channel_works_for_members_only(rig: Rig, member: bool) -> None:
    others = [rig.sim.add_user(f"Person {number}") for number in range(3)]
    secret = rig.sim.add_channel("secret", private=True, members=others)
    root = root_in(rig, secret, others[0])
    if member:
        secret.members.append(rig.ada.id)
    shown = await answer(rig.sim.slash(rig.room, rig.ada, "/summary", rig.sim.permalink(root)))

    assert shown.text == ("done" if member else NOT_VISIBLE)
    assert len(rig.inbox.calls) == int(member)


async def test_a_link_into_a_public_channel_works_for_all_but_guests(rig: Rig) -> None:
    bob, guest = rig.sim.add_user("Bob"), rig.sim.add_user("Guest", guest=True)
    public = rig.sim.add_channel("public", members=[bob])
    link = rig.sim.permalink(root_in(rig, public, bob))
    assert (await answer(rig.sim.slash(rig.room, rig.ada, "/summary", link))).text == "done"
    assert (await answer(rig.sim.slash(rig.room, guest, "/summary", link))).text == NOT_VISIBLE
    public.members.append(guest.id)
    assert (await answer(rig.sim.slash(rig.room, guest, "/summary", link))).text == "done"


async def test_links_to_strange_places_reach_nothing(rig: Rig) -> None:
    sim = rig.sim
    bob = sim.add_user("Bob")
    other = sim.add_workspace("Other")
    carl = sim.add_user("Carl", workspace=other)
    places = [
        root_in(rig, sim.open_dm(bob), bob),
        root_in(rig, sim.add_channel("hidden", private=True, bot_member=False), bob),
        root_in(rig, sim.add_channel("theirs", workspace=other), carl),
    ]
    links = [sim.permalink(root) for root in places]
    links.append(sim.permalink(root_in(rig, rig.room, bob)).replace("acme", "evil"))
    for link in links:
        shown = await answer(sim.slash(rig.room, rig.ada, "/summary", link))
        assert shown.text == NOT_VISIBLE
    assert rig.inbox.calls == []


async def test_a_choice_reaches_only_what_its_caller_sees(rig: Rig) -> None:
    hidden = rig.sim.add_channel("hidden", private=True, members=[rig.sim.add_user("Bob")])
    key = rig.key(root_in(rig, hidden, rig.sim.add_user("Carl")))
    rig.inbox.replies = [CommandReply("Which?", choices=(ThreadChoice(key, "x", 1.0),))]
    call = rig.sim.slash(rig.room, rig.ada, "/summary")
    await answer(call)
    (note,) = call.ephemerals
    element = note.blocks[-1]["elements"][0]
    click = rig.sim.click(note, element["action_id"], rig.ada, value=str(key))
    (shown,) = await click.responded()
    assert shown.text == NOT_VISIBLE
    assert len(rig.inbox.calls) == 1


async def test_shared_files_are_shown_in_the_thread(rig: Rig) -> None:
    root = root_in(rig, rig.room, rig.ada)
    rig.inbox.replies = [CommandReply("Notes", private=False, files=(NOTE,))]
    link = rig.sim.permalink(root)
    shown = await answer(rig.sim.slash(rig.room, rig.ada, "/bobbin", f"export {link}"))
    assert shown.text == SHARED
    (message,) = rig.sim.replies(root)
    assert message.text == "Notes" and len(message.files) == 1


async def test_when_it_cannot_be_told_who_sees_a_channel_nothing_is_done(rig: Rig) -> None:
    link = rig.sim.permalink(root_in(rig, rig.sim.add_channel("else"), rig.ada))
    rig.sim.faults.add("conversations.info", status=503, body="x", times=9)
    shown = await answer(rig.sim.slash(rig.room, rig.ada, "/summary", link))
    assert "try again" in shown.text
    assert rig.inbox.calls == []


async def test_what_is_shared_is_shown_in_the_thread(rig: Rig) -> None:
    root = root_in(rig, rig.room, rig.ada)
    rig.inbox.replies = [CommandReply("All about <!here> tea", private=False)]
    shown = await answer(rig.sim.slash(rig.room, rig.ada, "/summary", rig.sim.permalink(root)))

    assert shown.text == SHARED
    (message,) = rig.sim.replies(root)
    assert message.pings == () and "tea" in message.text


async def test_a_long_answer_comes_in_parts(rig: Rig) -> None:
    rig.inbox.replies = [CommandReply("word " * 5000)]
    call = rig.sim.slash(rig.room, rig.ada, "/bobbin", "help")
    shown = await call.responded(3)
    text = " ".join(part.blocks[0]["text"] for part in shown)
    assert text.split() == ["word"] * 5000
    assert [part.response_type for part in shown] == ["ephemeral"] * 3


async def test_private_files_go_into_a_direct_message(rig: Rig) -> None:
    root = root_in(rig, rig.room, rig.ada)
    rig.inbox.replies = [CommandReply("Your notes.", files=(NOTE, File("n.json", b"{}", "x/y")))]
    shown = await answer(
        rig.sim.slash(rig.room, rig.ada, "/bobbin", f"export {rig.sim.permalink(root)}")
    )

    assert "direct messages" in shown.text
    (message,) = rig.sim.messages(rig.sim.open_dm(rig.ada))
    assert [rig.sim.state.files[id_].name for id_ in message.files] == ["notes.md", "n.json"]
    assert rig.sim.files[0].data == b"# notes"
    assert rig.sim.replies(root) == []


async def test_files_that_slack_refuses_are_reported(rig: Rig) -> None:
    rig.sim.faults.add("files.completeUploadExternal", error="restricted_action")
    rig.inbox.replies = [CommandReply("Your notes.", files=(NOTE,))]
    shown = await answer(rig.sim.slash(rig.room, rig.ada, "/bobbin", "export"))
    assert shown.text.endswith(UNDELIVERED)


async def typed(rig: Rig, text: str, thread: Message | None = None) -> Incoming:
    return await rig.mentioned(text, thread=thread)


async def test_a_typed_command_is_answered_privately_in_its_thread(rig: Rig) -> None:
    root = root_in(rig, rig.room, rig.ada)
    rig.sim.say(rig.room, rig.ada, "more", thread=root, deliver=False)
    event = await typed(rig, "usage", thread=root)
    await rig.adapter.respond(event, CommandReply("Much. <!channel>"))

    (note,) = rig.sim.ephemerals(rig.room, rig.ada)
    assert note.visible and note.thread_ts == root.ts
    assert note.blocks[0]["text"] == "Much. <\u200b!channel>"


async def test_a_typed_command_outside_a_thread_is_answered_where_it_is_seen(rig: Rig) -> None:
    await rig.adapter.respond(await typed(rig, "help"), CommandReply("I can help"))
    (note,) = rig.sim.ephemerals(rig.room, rig.ada)
    assert note.visible and note.thread_ts is None


async def test_a_public_answer_to_a_typed_command_is_a_message(rig: Rig) -> None:
    said = rig.mention("summary share")
    event, _ = await rig.events(2)
    await rig.adapter.respond(event, CommandReply("All about tea", private=False))
    assert [reply.text for reply in rig.sim.replies(said)] == ["All about tea"]


async def test_a_typed_command_in_a_direct_message_is_answered_there(rig: Rig) -> None:
    root = rig.sim.say(rig.sim.open_dm(rig.ada), rig.ada, "!export")
    (event,) = await rig.events(1)
    await rig.adapter.respond(event, CommandReply("Usage", files=()))
    await rig.adapter.respond(event, CommandReply("Notes", files=(NOTE,)))

    first, second = rig.sim.replies(root)
    assert first.text == "Usage"
    assert second.text == "Notes" and len(second.files) == 1


async def test_private_files_of_a_typed_command_go_into_a_direct_message(rig: Rig) -> None:
    await rig.adapter.respond(await typed(rig, "export"), CommandReply("Notes", files=(NOTE,)))
    (note,) = rig.sim.ephemerals(rig.room, rig.ada)
    assert "direct messages" in note.text
    (message,) = rig.sim.messages(rig.sim.open_dm(rig.ada))
    assert len(message.files) == 1


async def test_what_stands_above_a_file_is_in_slacks_own_markup(rig: Rig) -> None:
    """A block of Markdown cannot go with a file."""
    reply = CommandReply("> **All** of <!here> it", files=(NOTE,))
    dm = rig.sim.open_dm(rig.ada)
    rig.sim.say(dm, rig.ada, "!ask all of it")
    [event] = await rig.events(1)
    await rig.adapter.respond(event, reply)
    [message] = [each for each in rig.sim.messages(dm) if each.files]
    assert message.text == "> *All* of &lt;!here&gt; it" and message.pings == ()


async def test_a_link_above_a_file_gets_no_preview(rig: Rig) -> None:
    """For a preview Slack would ask an address that the model made up."""
    reply = CommandReply("> See [tea](https://t.example/?q=secret)", files=(NOTE,))
    dm = rig.sim.open_dm(rig.ada)
    await rig.adapter.respond(await typed(rig, "ask"), reply)
    await rig.until(lambda: [each for each in rig.sim.messages(dm) if each.files])
    words, file = rig.sim.messages(dm)
    assert "https://t.example/?q=secret" in words.text and not words.unfurled
    assert file.files and file.text == "" and not file.unfurled


async def test_a_list_of_a_typed_command_works_too(rig: Rig) -> None:
    root = root_in(rig, rig.room, rig.ada)
    choices = (ThreadChoice(rig.key(root), "about tea", 1.0),)
    await rig.adapter.respond(await typed(rig, "forget"), CommandReply("Which?", choices=choices))
    (note,) = rig.sim.ephemerals(rig.room, rig.ada)
    element = note.blocks[-1]["elements"][0]
    click = rig.sim.click(note, element["action_id"], rig.ada, value=str(rig.key(root)))
    await click.responded()
    (call,) = rig.inbox.calls
    assert (call.name, call.thread) == ("forget", rig.key(root))


async def test_commands_are_acknowledged_before_they_are_done() -> None:
    slow = replace(QUICK, call=60.0, patient_names=60.0)
    async with connected(timing=slow) as rig:
        gate = asyncio.Event()
        rig.sim.faults.add("users.info", gate=gate)
        call = rig.sim.slash(rig.room, rig.ada, "/forget")
        await call.acked()
        assert rig.inbox.calls == [] and call.responses == []
        gate.set()
        await call.responded()
        assert rig.inbox.calls[0].author.name == "Ada Lovelace"


async def test_what_cannot_be_shared_is_said(rig: Rig) -> None:
    root = root_in(rig, rig.room, rig.ada)
    rig.inbox.replies = [CommandReply("All about tea", private=False)]
    rig.sim.faults.add("chat.postMessage", error="is_archived")
    shown = await answer(rig.sim.slash(rig.room, rig.ada, "/summary", rig.sim.permalink(root)))
    assert "archived" in shown.text
