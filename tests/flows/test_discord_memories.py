"""Memories on Discord as people use them: kept, looked through, shared, recalled, forgotten."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from bot.memories import LONGEST_TAG, MOST_TAGS
from tests.flows.test_discord_changes import until_stored
from tests.flows.weavers import Weavers, buttons, labels, panel, weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel, Message, User
from tests.simulators.discord_sim.model import Version
from tests.simulators.openai_sim import Answer

RELEASE = "The release is on Friday"
EDIT = "PATCH /webhooks/{application_id}/{token}/messages/{message_id}"


async def _call(here: Weavers, where: Channel, who: User, name: str, **options: object) -> Message:
    """What a command says, to its caller alone."""
    call = await here.sim.slash(where, who, name, **options)
    told = await call.answered()
    assert call.ephemeral
    return told


async def test_a_memory_lives_from_a_command_to_its_deletion(server: Valkey) -> None:
    async with weavers(server) as here:
        saved = await _call(here, here.general, here.ada, "remember", text=f"{RELEASE} #plan")
        assert panel(saved) == f"🧠 Remembered, for this channel:\n> {RELEASE} #plan"
        assert labels(saved) == ["Undo"]

        listed = await _call(here, here.general, here.ada, "memories", query="#plan")
        assert f"> {RELEASE} #plan" in panel(listed)
        assert labels(listed) == ["Edit", "Pin", "Delete"]
        await here.fill(listed, here.ada, "Edit", content="The release is on Monday")
        assert "Corrected." in panel(listed) and "Monday" in panel(listed)
        assert "Friday" not in panel(listed)
        await here.press(listed, here.ada, "Undo")
        again = await _call(here, here.general, here.ben, "memories", query="release day")
        assert RELEASE in panel(again) and "Monday" not in panel(again)
        # It is Ada's, and Ben does not look after the place.
        assert labels(again) == []

        listed = await _call(here, here.general, here.ada, "memories")
        await here.press(listed, here.ada, "Delete")
        assert panel(listed).startswith("Delete this for good?")
        assert labels(listed) == ["Delete it", "Keep it as it is"]
        await here.press(listed, here.ada, "Delete it")
        assert panel(listed).startswith("Deleted for good.")
        assert "release" not in (await here.stored()).casefold()
        here.check()


async def test_a_memory_with_all_the_tags_there_may_be_can_be_corrected(server: Valkey) -> None:
    tags = " ".join(f"#{letter * LONGEST_TAG}" for letter in "abcdefgh"[:MOST_TAGS])
    async with weavers(server) as here:
        await _call(here, here.general, here.ada, "remember", text=f"{RELEASE} {tags}")
        listed = await _call(here, here.general, here.ada, "memories")
        await here.fill(listed, here.ada, "Edit", content="The release is on Monday", tags=tags)
        assert "Corrected." in panel(listed) and "Monday" in panel(listed)
        assert all(tag in panel(listed) for tag in tags.split())
        here.check()


async def test_what_is_for_one_alone_is_shown_to_nobody_else_until_it_is_shared(
    server: Valkey,
) -> None:
    async with weavers(server) as here:
        saved = await _call(
            here, here.general, here.ada, "remember", text="My loom is crimson", **{"for": "me"}
        )
        assert panel(saved).startswith("🧠 Remembered, for you alone")
        for query in ({}, {"query": "loom"}):
            others = await _call(here, here.general, here.ben, "memories", **query)
            assert "crimson" not in panel(others)
        # Nor by a button that somebody has got hold of: it does not say who may.
        mine = await _call(here, here.general, here.ada, "memories")
        [edit] = [each["custom_id"] for each in buttons(mine) if each["label"] == "Edit"]
        forged = await here.sim.say(here.general, here.sim.bot, "look")
        forged.versions[-1] = _with_button(forged, edit)
        call = await here.sim.click(forged, here.ben, edit)
        assert "crimson" not in panel(await call.answered())

        await here.press(mine, here.ada, "Share")
        assert panel(mine).startswith("Show this to everybody in this channel")
        await here.press(mine, here.ada, "Share it")
        assert "Shared: everybody in this channel" in panel(mine)
        assert "My loom is crimson" in panel(await _call(here, here.general, here.ben, "memories"))
        here.check()


async def test_a_list_has_pages_that_work_after_a_restart(server: Valkey) -> None:
    async with weavers(server) as here:
        for number in range(6):
            text = f"Loom number {number} has {number} spools"
            await _call(here, here.general, here.ada, "remember", text=text)
        listed = await _call(here, here.general, here.ada, "memories")
        assert panel(listed).count("spools") == 4
        assert labels(listed)[-1] == "More ▶"
        assert await here.stage.stop() == 0
        await here.stage.start()
        await here.press(listed, here.ada, "More ▶")
        assert panel(listed).count("spools") == 2 and "(page 2)" in panel(listed)
        await here.press(listed, here.ada, "◀ Back")
        assert panel(listed).count("spools") == 4
        here.check()


async def test_a_message_is_remembered_from_its_menu_and_a_double_click_does_no_harm(
    server: Valkey,
) -> None:
    async with weavers(server) as here:
        said = await here.sim.say(here.general, here.ben, "The warp is made of linen")
        saved = await (await here.sim.message_menu(said, here.ada, "Remember this")).answered()
        assert "> Ben: The warp is made of linen" in panel(saved)
        [undo] = [each["custom_id"] for each in buttons(saved)]
        first = await here.sim.click(saved, here.ada, undo)
        second = await here.sim.click(saved, here.ada, undo)
        await here.sim.until(lambda: "Taken back" in panel(saved))
        # The menu's answer is an edit, and so is that to each click.
        await here.sim.until(lambda: here.sim.calls_by_route()[EDIT] == 3)
        assert "Taken back" in panel(saved)
        assert [*first.responses, *second.responses] == []
        assert "linen" not in await here.stored()
        here.check()


async def test_what_was_said_is_found_with_a_link_to_it(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation("the warp is made of linen", "Linen it is.")
        found = await _call(here, here.general, here.ben, "recall", query="warp linen")
        assert "warp is made of linen" in panel(found)
        assert f"https://discord.com/channels/{here.guild.id}/" in panel(found)
        assert str(thread.id) in panel(found)
        elsewhere = await here.sim.add_text_channel(here.guild, "elsewhere")
        nothing = await _call(here, elsewhere, here.ben, "recall", query="warp linen")
        assert panel(nothing).startswith("I find nothing about")
        here.check()


async def test_everything_about_somebody_goes_after_they_have_seen_what(server: Valkey) -> None:
    async with weavers(server) as here:
        await here.conversation("my loom is ultramarine", "A blue loom.")
        for whom in ("me", "channel"):
            text = f"Ultramarine is for the {whom}"
            await _call(here, here.general, here.ada, "remember", text=text, **{"for": whom})
        asked = await _call(here, here.general, here.ada, "forget", everything=True)
        assert "1 conversation" in panel(asked) and "1 memory of your own" in panel(asked)
        assert labels(asked) == ["Forget it all", "Keep it"]
        assert "ltramarine" in await here.stored()
        await here.press(asked, here.ada, "Forget it all")
        assert panel(asked).startswith("Forgotten: 1 conversation and 2 memories")
        left = await here.stored()
        assert "ltramarine" not in left and "Ada" not in left
        here.check()


def _with_button(message: Message, custom_id: str) -> Version:
    row = {"type": 1, "components": [{"type": 2, "label": "x", "custom_id": custom_id}]}
    return replace(message.versions[-1], components=(row,))


async def test_where_no_sign_may_be_put_it_is_said_that_a_message_is_remembered(
    server: Valkey,
) -> None:
    async with weavers(server) as here:
        await here.sim.deny(here.general, "add_reactions")
        said = await here.sim.say(here.general, here.ben, "The warp is made of linen")
        await here.sim.react(said, here.ada, "🧠")
        await here.sim.until(lambda: here.said(here.general))
        [told] = here.said(here.general)
        assert told.startswith("🧠 Remembered, for this channel:")
        assert "linen" in await here.stored()
        # Discord counts what it forbids, so the channel is not asked again at once.
        other = await here.sim.say(here.general, here.ben, "The weft is wool")
        await here.sim.react(other, here.ada, "🧠")
        await here.sim.until(lambda: len(here.said(here.general)) == 2)
        assert here.sim.invalid_requests == 1
        here.check()


async def test_a_message_that_somebody_marks_is_remembered_until_the_mark_is_taken_away(
    server: Valkey,
) -> None:
    async with weavers(server) as here:
        said = await here.sim.say(here.general, here.ben, "The warp is made of linen")
        await here.sim.react(said, here.ada, "👍")
        await here.sim.react(said, here.ada, "🧠")
        await here.sim.until(lambda: here.sim.bot.id in said.reactions.get("✅", ()))
        listed = await _call(here, here.general, here.ben, "memories")
        assert "> Ben: The warp is made of linen" in panel(listed)
        # It is for both, and stays until the second mark is taken back.
        await here.sim.react(said, here.ben, "🧠")
        await here.sim.until(lambda: here.said(here.general))
        assert here.said(here.general)[0].startswith("I knew that already")
        await here.sim.react(said, here.ada, "🧠", add=False)
        await until_stored(here, True, f'"author":"discord:@:{here.ben.id}"')
        listed = await _call(here, here.general, here.ada, "memories")
        assert "linen" in panel(listed) and here.sim.bot.id in said.reactions["✅"]
        await here.sim.react(said, here.ben, "🧠", add=False)
        await here.sim.until(lambda: "✅" not in said.reactions)
        assert "linen" not in await here.stored()
        here.check()


async def test_a_mark_that_is_told_of_again_is_remembered_no_second_time(
    server: Valkey, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "adapters.discord.reactions")
    async with weavers(server) as here:
        said = await here.sim.say(here.general, here.ben, "The warp is made of linen")

        async def marked(who: User, *, add: bool = True) -> None:
            """Wait until it was seen to."""
            await here.sim.react(said, who, "🧠", add=add)
            await here.sim.until(lambda: ("✅" in said.reactions) is add)

        async def told(who: User, added: bool) -> None:
            """Tell of a mark twice, and wait until both were seen to be nothing new."""
            before = caplog.text.count("told of again")
            for _ in range(2):
                here.sim.world.tell_reaction(said, who, "🧠", added)
            await here.sim.until(lambda: caplog.text.count("told of again") == before + 2)

        await marked(here.ada)
        await marked(here.ada, add=False)
        await told(here.ada, True)
        assert "linen" not in await here.stored() and "✅" not in said.reactions
        # Also when the mark of somebody else is there, or it was deleted while the mark stands.
        await marked(here.ben)
        await told(here.ada, True)
        assert f'"also":["discord:@:{here.ada.id}"]' not in await here.stored()
        listed = await _call(here, here.general, here.ben, "memories", query="linen")
        asked = await here.press(listed, here.ben, "Delete")
        await here.press(asked, here.ben, "Delete it")
        await told(here.ben, True)
        assert "linen" not in await here.stored()
        # Put there anew it is a new one, and told late that it was gone before changes nothing.
        await here.sim.react(said, here.ben, "🧠", add=False)
        await here.sim.react(said, here.ben, "🧠")
        await until_stored(here, True, "linen")
        await told(here.ben, False)
        assert "linen" in await here.stored()
        here.check()


async def test_a_message_that_is_deleted_takes_along_what_was_remembered_of_it(
    server: Valkey,
) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        here.openai.behaviour = lambda _: Answer("Noted.")
        for where in (here.general, thread):
            said = await here.sim.say(where, here.ben, "The warp is made of linen")
            await here.sim.react(said, here.ada, "🧠")
            await here.sim.until(lambda said=said: here.sim.bot.id in said.reactions.get("✅", ()))
            assert "linen" in await here.stored()
            await here.sim.delete(said)
            await until_stored(here, False, "linen")


async def test_of_a_server_that_throws_the_bot_out_no_memory_and_no_token_is_left(
    server: Valkey,
) -> None:
    async with weavers(server) as here:
        other = await here.sim.add_guild("Dyers")
        vat = await here.sim.add_text_channel(other, "vat")
        for whom in ("channel", "workspace"):
            text = f"The {whom} dyes with indigo"
            await _call(here, vat, here.ada, "remember", text=text, **{"for": whom})
        made = await _call(here, vat, here.ada, "connect")
        await here.press(made, here.ada, "New, only reads")
        await until_stored(here, True, "indigo", f'"{vat.id}"')
        await here.sim.leave_guild(other)
        await until_stored(here, False, "indigo", str(vat.id), str(other.id))


async def test_what_somebody_types_to_forget_is_completed_from_what_they_may_delete(
    server: Valkey,
) -> None:
    async with weavers(server) as here:
        await _call(here, here.general, here.ada, "remember", text="The crimson loom is mine")
        await _call(
            here, here.general, here.ada, "remember", text="Red yarn is dear", **{"for": "me"}
        )
        await _call(here, here.general, here.ben, "remember", text="The red loom is broken")

        async def offered(who: User, text: str) -> dict[str, str]:
            typing = await here.sim.autocomplete(here.general, who, "forget", "memory", text)
            return {each["name"]: each["value"] for each in await typing.completed()}

        assert list(await offered(here.ada, "")) == ["Red yarn is dear", "The crimson loom is mine"]
        assert list(await offered(here.ada, "LOO crim")) == ["The crimson loom is mine"]
        assert list(await offered(here.ben, "")) == ["The red loom is broken"]
        assert await offered(here.ben, "yarn") == {}
        # What is chosen is the one that is offered to be deleted.
        chosen = (await offered(here.ada, "yar"))["Red yarn is dear"]
        asked = await _call(here, here.general, here.ada, "forget", memory=chosen)
        assert "Red yarn is dear" in panel(asked) and "crimson" not in panel(asked)
        assert await here.stage.stop() == 0
        await here.stage.start()
        await here.press(asked, here.ada, "Delete")
        await here.press(asked, here.ada, "Delete it")
        assert panel(asked).startswith("Deleted for good.")
        left = await here.stored()
        assert "yarn" not in left and "crimson" in left
        here.check()


async def test_who_edits_what_was_changed_meanwhile_is_shown_how_it_reads(server: Valkey) -> None:
    async with weavers(server) as here:
        for words in (RELEASE, "The warp is linen"):
            await _call(here, here.general, here.ada, "remember", text=words)
        for changed, label, given, shows in (
            ("linen", "Pin", {}, "linen"),
            ("release", "Edit", {"content": "The release is on Monday"}, "Monday"),
        ):
            listed = await _call(here, here.general, here.ada, "memories", query=changed)
            other = await _call(here, here.general, here.ada, "memories", query=changed)
            [edit] = [each["custom_id"] for each in buttons(listed) if each["label"] == "Edit"]
            window = await here.sim.click(listed, here.ada, edit)
            await window.asked()
            if given:
                await here.fill(other, here.ada, label, **given)
            else:
                await here.press(other, here.ada, label)
            before = len(listed.versions)
            await here.sim.submit(window, content=f"{changed} overwritten", tags="")
            await here.sim.until(lambda listed=listed, before=before: len(listed.versions) > before)
            assert panel(listed).startswith("Somebody has changed it meanwhile")
            assert shows in panel(listed) and "overwritten" not in await here.stored()
            assert "Edit" in labels(listed)
        here.check()
