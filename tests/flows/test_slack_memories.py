"""Memories on Slack as people use them: kept, looked through, shared, recalled, forgotten."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from adapters.slack.home import CHANNEL, SEARCH
from tests.flows.acme import Acme, acme, words
from tests.flows.dice import RESPONSES
from tests.flows.test_slack_changes import until_stored
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer, ToolCall
from tests.simulators.slack_sim import Channel, Ephemeral, Message, User, View

RELEASE = "The release is on Friday"

Shows = Ephemeral | Message


async def _call(here: Acme, who: User, command: str, text: str = "") -> Ephemeral:
    """What a command says, to its caller alone."""
    call = here.sim.slash(here.general, who, command, text)
    await here.told(call)
    [note] = call.ephemerals
    return note


def labels(shown: Shows) -> list[str]:
    """What stands on the buttons."""
    return [each["text"]["text"] for each in _buttons(shown)]


def _buttons(shown: Shows) -> list[Mapping[str, Any]]:
    rows = [block for block in shown.blocks if block["type"] == "actions"]
    return [each for row in rows for each in row["elements"]]


def _button(shown: Shows, label: str) -> str:
    return next(each["action_id"] for each in _buttons(shown) if each["text"]["text"] == label)


async def press(here: Acme, shown: Shows, who: User, label: str) -> Ephemeral:
    """Press a button; the private message that stands there, or beside it, afterwards."""
    click = here.sim.click(shown, _button(shown, label), who)
    await click.acked()
    [answer] = await click.responded()
    return next(note for note in here.sim.state.ephemerals if note.ts == answer.ts)


async def test_a_memory_lives_from_a_command_to_its_deletion(server: Valkey) -> None:
    async with acme(server) as here:
        saved = await _call(here, here.ada, "/remember", f"{RELEASE} #plan")
        assert words(saved) == f"🧠 Remembered, for this channel:\n> {RELEASE} #plan"
        assert labels(saved) == ["Undo"]

        listed = await _call(here, here.ada, "/memories")
        assert RELEASE in words(listed)
        assert labels(listed) == ["Edit", "Pin", "Delete"]
        here.sim.click(listed, _button(listed, "Edit"), here.ada)
        window = await _window(here)
        values = {
            "content": {"content": {"value": "The release is on Monday"}},
            "tags": {"tags": {"value": "plan"}},
        }
        await here.sim.submit(window, here.ada, values).acked()
        await here.sim.until(lambda: _newest(here, here.ada) is not listed)
        corrected = _newest(here, here.ada)
        assert listed.replaced and window.closed
        assert "Corrected." in words(corrected) and "Monday" in words(corrected)

        others = await _call(here, here.ben, "/memories", "release day")
        assert "Monday" in words(others) and labels(others) == []

        asked = await press(here, corrected, here.ada, "Delete")
        assert words(asked).startswith("Delete this for good?")
        gone = await press(here, asked, here.ada, "Delete it")
        assert words(gone).startswith("Deleted for good.")
        # What it had corrected is gone with it.
        assert "release" not in (await here.stored()).casefold()


async def test_what_is_for_one_alone_is_shown_to_nobody_else_until_it_is_shared(
    server: Valkey,
) -> None:
    async with acme(server) as here:
        saved = await _call(here, here.ada, "/remember", "for=me My loom is crimson")
        assert words(saved).startswith("🧠 Remembered, for you alone")
        unclear = await _call(here, here.ada, "/remember", "for=her My loom is crimson")
        assert words(unclear).startswith("`for` is one of `here`")
        for text in ("", "loom"):
            assert "crimson" not in words(await _call(here, here.ben, "/memories", text))
        mine = await _call(here, here.ada, "/memories")
        asked = await press(here, mine, here.ada, "Share")
        shared = await press(here, asked, here.ada, "Share it")
        assert "Shared: everybody in this channel" in words(shared)
        assert "crimson" in words(await _call(here, here.ben, "/memories"))


async def test_what_is_corrected_in_a_direct_message_stays_there(server: Valkey) -> None:
    """What is for everybody was told the model, which takes what it hears for a correction."""
    async with acme(server, extra={"BOBBIN_MEMORY_TOOLS": "on", **RESPONSES}) as here:
        await _call(here, here.ada, "/remember", "for=workspace The fair is on 4 December")
        home = here.sim.open_dm(here.ada)
        here.openai.script.append(Answer("On 4 December."))
        root = here.sim.say(home, here.ada, "when is the fair?")
        await here.until_said(root, "On 4 December.")
        shown = here.openai.chats[0].text
        given = {
            "content": "The fair is off, its sponsor is bankrupt.",
            "kind": "fact",
            "about": "fair",
            "tags": [],
            "corrects": shown[shown.index("mem_") :][:30],
        }
        call = ToolCall("remember", json.dumps(given))
        here.openai.script.extend([Answer([call]), Answer("Noted.")])
        root = here.sim.say(home, here.ada, "between us: its sponsor is bankrupt, the fair is off")
        await here.sim.until(lambda: "for the two of us" in "".join(here.said(root)))
        await here.settled()
        others = words(await _call(here, here.ben, "/memories"))
        assert "4 December" in others and "bankrupt" not in others


async def test_a_message_is_remembered_from_its_menu(server: Valkey) -> None:
    async with acme(server) as here:
        said = here.sim.say(here.general, here.ben, "The warp is made of linen")
        shortcut = here.sim.shortcut("bobbin_remember", said, here.ada)
        await shortcut.acked()
        [shown] = await shortcut.responded()
        assert "> Ben: The warp is made of linen" in words(shown)
        note = _newest(here, here.ada)
        undone = await press(here, note, here.ada, "Undo")
        assert words(undone).startswith("Taken back")
        assert "linen" not in await here.stored()


async def test_what_was_said_is_found_with_a_link_to_it(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("the warp is made of linen", "Linen it is.")
        found = await _call(here, here.ben, "/recall", "warp linen")
        assert "warp is made of linen" in words(found)
        assert f"({here.sim.permalink(root)}" in words(found)
        elsewhere = here.sim.add_channel("elsewhere", members=[here.ben])
        call = here.sim.slash(elsewhere, here.ben, "/recall", "warp linen")
        assert words(await here.told(call)).startswith("I find nothing about")


async def test_forgetting_a_thread_is_asked_about_and_only_who_took_part_says_yes(
    server: Valkey,
) -> None:
    async with acme(server) as here:
        root = await here.conversation("my loom is ultramarine", "A blue loom.")
        here.ask(here.ada, "forget", thread=root)
        asked = await here.whispered(here.ada)
        assert words(asked).startswith("**Forget this conversation?** That erases 2 messages")
        kept = await press(here, asked, here.ada, "Keep it")
        assert words(kept) == "Nothing was erased."
        assert "ultramarine" in await here.stored()
        note = await _call(here, here.ada, "/forget", here.sim.permalink(root))
        gone = await press(here, note, here.ada, "Forget it")
        assert words(gone).startswith("Forgotten: 2 messages")
        assert "ultramarine" not in await here.stored()


async def test_everything_about_somebody_goes_after_they_have_seen_what(server: Valkey) -> None:
    async with acme(server) as here:
        await here.conversation("my loom is ultramarine", "A blue loom.")
        await _call(here, here.ada, "/remember", "for=me Ultramarine is mine")
        await _call(here, here.ada, "/remember", "Ultramarine is for all")
        asked = await _call(here, here.ada, "/forget", "everything")
        assert "1 conversation" in words(asked) and "1 memory of your own" in words(asked)
        gone = await press(here, asked, here.ada, "Forget it all")
        assert words(gone).startswith("Forgotten: 1 conversation and 2 memories")
        left = await here.stored()
        assert "ltramarine" not in left and "Ada" not in left


async def test_a_memory_is_thought_of_in_a_new_thread_and_buttons_work_after_a_restart(
    server: Valkey,
) -> None:
    async with acme(server) as here:
        await _call(here, here.ada, "/remember", RELEASE)
        listed = await _call(here, here.ben, "/memories")
        assert RELEASE in words(listed)
        mine = await _call(here, here.ada, "/memories")
        await here.restart()
        pinned = await press(here, mine, here.ada, "Pin")
        assert words(pinned).startswith("Pinned") and "📌" in words(pinned)


def _newest(here: Acme, who: User) -> Ephemeral:
    return here.sim.ephemerals(here.general, who)[-1]


async def _window(here: Acme) -> Any:
    """The window that has been opened and asks for something."""
    return await here.sim.until(
        lambda: next(
            (
                view
                for view in here.sim.state.views.values()
                if any(block["type"] == "input" for block in view.view["blocks"])
            ),
            None,
        )
    )


async def test_a_message_that_somebody_marks_is_remembered_and_they_alone_are_told(
    server: Valkey,
) -> None:
    async with acme(server) as here:
        said = here.sim.say(here.general, here.ben, "The warp is made of linen")
        here.sim.react(said, here.ada, "thumbsup")
        envelope = here.sim.react(said, here.ada, "brain")
        assert envelope is not None
        note = await here.whispered(here.ada)
        assert "> Ben: The warp is made of linen" in words(note)
        assert here.whispers(here.ben) == []
        # Delivered again it is the same memory, and stays taken back.
        here.sim.repeat(envelope)
        listed = await _call(here, here.ada, "/memories")
        assert words(listed).count("linen") == 1
        await press(here, note, here.ada, "Undo")
        assert "linen" not in await here.stored()
        here.sim.repeat(envelope)
        here.sim.react(here.sim.say(here.general, here.ben, "The weft is wool"), here.ada, "brain")
        await until_stored(here, True, "wool")
        assert "linen" not in await here.stored()
        await here.sim.until(lambda: len(here.whispers(here.ada)) == 2)


async def test_taking_the_mark_away_takes_back_what_was_remembered(server: Valkey) -> None:
    async with acme(server) as here:
        said = here.sim.say(here.general, here.ben, "The warp is made of linen")
        for number in (0, 2):
            here.sim.react(said, here.ada, "brain")
            await here.sim.until(lambda number=number: len(here.whispers(here.ada)) > number)
            await until_stored(here, True, "linen")
            here.sim.unreact(said, here.ada, "brain")
            await here.sim.until(lambda number=number: len(here.whispers(here.ada)) > number + 1)
            assert words(here.whispers(here.ada)[-1]).startswith("Taken back")
            assert "linen" not in await here.stored()


async def test_the_home_tab_shows_what_is_remembered_and_changes_it(server: Valkey) -> None:
    async with acme(server) as here:
        await _call(here, here.ada, "/remember", "for=me My loom is crimson")
        await _call(here, here.ada, "/remember", "The channel weaves on Mondays")
        for who, sees in ((here.ben, False), (here.ada, True)):
            here.sim.open_home(who)
            home = await here.sim.until(
                lambda who=who: here.sim.state.homes.get((who.team, who.id))
            )
            assert ("crimson" in str(home.view)) is sees
            # What is for a channel is shown there.
            assert "Mondays" not in str(home.view)
        here.sim.click(home, _button_in(home, "Edit"), here.ada)
        window = await _window(here)
        values = {
            "content": {"content": {"value": "My loom is teal"}},
            "tags": {"tags": {}},
        }
        await here.sim.submit(window, here.ada, values).acked()
        await here.sim.until(lambda: "teal" in str(home.view))
        here.sim.click(home, _button_in(home, "Delete"), here.ada)
        await here.sim.until(lambda: "Delete this for good?" in str(home.view))
        here.sim.click(home, _button_in(home, "Delete it"), here.ada)
        await here.sim.until(lambda: "Deleted for good." in str(home.view))
        left = await here.stored()
        assert "teal" not in left and "crimson" not in left


def _button_in(view: Any, label: str) -> str:
    rows = [block for block in view.view["blocks"] if block["type"] == "actions"]
    found = [each for row in rows for each in row["elements"]]
    return next(each["action_id"] for each in found if each.get("text", {}).get("text") == label)


async def test_a_message_that_is_deleted_takes_along_what_was_remembered_of_it(
    server: Valkey,
) -> None:
    async with acme(server) as here:
        root = await here.conversation()
        here.openai.behaviour = lambda _: Answer("Noted.")
        for thread in (None, root):
            said = here.sim.say(here.general, here.ben, "The warp is made of linen", thread=thread)
            here.sim.react(said, here.ada, "brain")
            await until_stored(here, True, "linen")
            here.sim.delete(said)
            await until_stored(here, False, "linen")


async def test_a_message_that_is_deleted_while_it_is_being_remembered_is_not(
    server: Valkey,
) -> None:
    async with acme(server) as here:
        cleo = here.sim.add_user("Cleo")
        said = here.sim.say(here.general, cleo, "The warp is made of linen")
        gate = asyncio.Event()
        naming = here.sim.faults.add("users.info", gate=gate)
        here.sim.react(said, here.ada, "brain")
        await asyncio.wait_for(naming.arrived.wait(), 20)
        here.sim.delete(said)
        await until_stored(here, True, ":deleted:")
        gate.set()
        assert "deleted" in words(await here.whispered(here.ada))
        assert "linen" not in await here.stored()


async def test_of_an_account_that_is_closed_no_memory_and_no_token_is_left(server: Valkey) -> None:
    async with acme(server) as here:
        await _call(here, here.ada, "/remember", "for=me My loom is crimson")
        await _call(here, here.ada, "/remember", "The fair wants crimson looms")
        made = await _call(here, here.ada, "/bobbin", "connect")
        await press(here, made, here.ada, "New, only reads")
        await _call(here, here.ben, "/remember", "Looms are heavy")
        await until_stored(here, True, "crimson", "heavy", '"tok_', here.ada.id)
        here.sim.deactivate(here.ada)
        await until_stored(here, False, "crimson", '"tok_', here.ada.id)
        assert "heavy" in await here.stored()


async def test_of_a_workspace_that_removes_the_bot_no_memory_and_no_token_is_left(
    server: Valkey,
) -> None:
    async with acme(server, ends=None) as here:
        await _call(here, here.ada, "/remember", "for=me My loom is crimson")
        await _call(here, here.ada, "/remember", "for=workspace The fair wants crimson looms")
        made = await _call(here, here.ada, "/bobbin", "connect")
        await press(here, made, here.ada, "New, only reads")
        await until_stored(here, True, "crimson", '"tok_')
        here.sim.uninstall()
        assert await here.stage.ended() == 1
        await until_stored(here, False, "crimson", '"tok_', here.ada.id, f":{here.ada.team}:")


async def test_on_the_home_tab_one_searches_what_is_kept_about_oneself(server: Valkey) -> None:
    async with acme(server) as here:
        for number in range(6):
            await _call(here, here.ada, "/remember", f"for=me Loom number {number} has spools")
        await _call(here, here.ada, "/remember", "for=me My yarn is crimson")
        await _call(here, here.ben, "/remember", "for=me My yarn is emerald")
        home_of = here.sim.open_dm(here.ada)
        here.openai.script.append(Answer("Dear yarn."))
        root = here.sim.say(home_of, here.ada, "yarn has become dear")
        await here.until_said(root, "Dear yarn.")
        await here.settled()
        here.sim.open_home(here.ada)
        home = await here.sim.until(lambda: here.sim.home(here.ada))
        assert home is not None
        await here.sim.click(home, SEARCH, here.ada, value="yarn").acked()
        await here.sim.until(lambda: "About “yarn”:" in str(home.view))
        shown = str(home.view)
        assert "My yarn is crimson" in shown and "spools" not in shown and "emerald" not in shown
        assert "yarn has become dear" in shown and here.sim.permalink(root) in shown
        # What is found is changed there as in the list of all.
        here.sim.click(home, _button_in(home, "Pin"), here.ada)
        await here.sim.until(lambda: "Pinned" in str(home.view))
        assert "About “yarn”:" in str(home.view) and "spools" not in str(home.view)
        await here.sim.click(home, SEARCH, here.ada, value="nonsense").acked()
        await here.sim.until(lambda: "nothing about “nonsense”" in str(home.view))
        await here.sim.click(home, SEARCH, here.ada).acked()
        await here.sim.until(lambda: "spools" in str(home.view))


async def test_on_the_home_tab_whoever_looks_after_a_channel_says_whether_it_is_remembered_there(
    server: Valkey,
) -> None:
    async with acme(server) as here:
        boss = here.sim.add_user("Boss", admin=True)
        here.sim.join(here.general, boss)
        hidden = here.sim.add_channel("hidden", members=[here.ada], private=True)
        by_itself = "I remember by myself what was agreed"

        async def page(who: User, channel: Channel, words: str) -> View:
            here.sim.open_home(who)
            home = await here.sim.until(lambda: here.sim.home(who))
            assert home is not None
            await here.sim.click(home, CHANNEL, who, value=channel.id).acked()
            await here.sim.until(lambda: words in str(home.view))
            return home

        theirs = await page(boss, here.general, "only what somebody asks me")
        # The page is Ada's own, but the channel that the button names is not.
        here.sim.click(theirs, _button_in(theirs, "Remember by myself there"), here.ada)
        await here.sim.until(lambda: "Only people who look after" in str(here.sim.home(here.ada)))
        here.sim.click(theirs, _button_in(theirs, "Remember by myself there"), boss)
        await here.sim.until(lambda: by_itself in str(theirs.view))
        # Everybody sees it; others change nothing, and see no channel that they are not in.
        mine = await page(here.ada, here.general, by_itself)
        assert "Only when asked to" not in str(mine.view)
        await page(boss, hidden, "no conversation there that you can see")
        theirs = await page(boss, here.general, by_itself)
        here.sim.click(theirs, _button_in(theirs, "Only when asked to"), boss)
        await here.sim.until(lambda: "only what somebody asks me" in str(theirs.view))


async def test_who_leaves_a_channel_reaches_it_by_no_token_any_more(server: Valkey) -> None:
    async with acme(server) as here:
        secret = here.sim.add_channel("looms", members=[here.ada, here.ben], private=True)
        for who in (here.ada, here.ben):
            call = here.sim.slash(secret, who, "/bobbin", "connect")
            await here.told(call)
            await press(here, call.ephemerals[0], who, "New, reads and writes")
        opened = f'"channel:slack:{secret.team}:{secret.id}::"'
        assert (await here.stored()).count(f'"slack","{secret.team}","{secret.id}"') == 2
        here.sim.leave(secret, here.ada)
        await here.sim.settled()
        tokens = [line for line in (await here.stored()).splitlines() if ":tokens = " in line]
        assert str(tokens).count(f'"slack","{secret.team}","{secret.id}"') == 1
        # Ben's, to read and to write; what is Ada's alone, and everybody's, is hers still.
        assert str(tokens).count(opened) == 2
        assert str(tokens).count(f'"workspace:slack:{secret.team}:::"') == 4


async def test_who_is_not_in_a_channel_reaches_it_by_no_token_once_it_is_private(
    server: Valkey,
) -> None:
    async with acme(server) as here:
        room = here.sim.add_channel("looms", members=[here.ada])
        opened = f'"channel:slack:{room.team}:{room.id}::"'
        for who in (here.ada, here.ben):
            call = here.sim.slash(room, who, "/bobbin", "connect")
            await here.told(call)
            await press(here, call.ephemerals[0], who, "New, reads and writes")
        assert (await here.stored()).count(opened) == 4
        here.sim.convert(room, here.ada, private=True)
        tokens = ""
        # The store does not report changes; each look takes a round trip.
        async with asyncio.timeout(50):
            while not tokens or tokens.count(opened) == 4:
                lines = (await here.stored()).splitlines()
                tokens = str([line for line in lines if ":tokens = " in line])
        # Ada's are left, to read and to write; what is everybody's is Ben's still.
        assert tokens.count(opened) == 2
        assert tokens.count(f'"workspace:slack:{room.team}:::"') == 4
