"""/forget asks first: it says how much of what would go, and only whom it asked says yes."""

from __future__ import annotations

import re
from dataclasses import replace

from bot.chat import EVERYTHING
from bot.commands import texts
from bot.commands.forget_texts import NOTHING_OF_YOURS
from tests.flows.acme import acme, words
from tests.flows.test_nothing_left import ADA, WORD, answered, counts, filled
from tests.flows.test_slack_memories import labels as labels_on_slack
from tests.flows.test_slack_memories import press as press_on_slack
from tests.flows.weavers import buttons, labels, panel, weavers
from tests.servers import Valkey

ALL = {EVERYTHING: "true"}


def number_before(words: str, text: str) -> int:
    """How many of something a text tells of; 0 where it tells of none."""
    found = re.search(rf"([\d,]+) {words}", text)
    return int(found[1]) if found else 0


async def test_what_is_asked_about_everything_says_exactly_what_goes(server: Valkey) -> None:
    async with filled(server) as there:
        call = there.field.meadow.call
        asked = await call("forget", there.said, options={EVERYTHING: "true"})
        own = number_before("memor(?:y|ies) of your own", asked.text)
        others = number_before("memor(?:y|ies) that you have had me keep", asked.text)
        assert own and others
        assert number_before("conversation of this place", asked.text) == 1
        assert number_before("token of your", asked.text) == 1
        assert number_before("vectors? made", asked.text) >= 3
        # Only asked so far.
        assert len(await there.lines("ultramarine")) > 3
        yes, _ = asked.buttons
        gone = await call("forget", there.said, act=yes.act)
        assert number_before("memories", gone.text) == own + others
        # Pressed twice, nothing takes the place of what was said.
        again = await call("forget", there.said, act=yes.act)
        assert (again.text, again.replaces) == (NOTHING_OF_YOURS, False)
        assert number_before("memor", (await call("forget", there.said, options=ALL)).text) == 0


async def test_what_is_asked_about_a_conversation_says_what_was_made_from_it(
    server: Valkey,
) -> None:
    async with filled(server) as there:
        asked = await there.field.meadow.call("forget", there.said)
        assert "2 messages" in asked.text
        # The words for the thread, each of them once corrected; the others came from it.
        assert number_before("memories of it alone", asked.text) == 2
        assert number_before("memor(?:y|ies) made from it", asked.text) >= 6
        assert number_before("vectors?", asked.text) >= 3
        yes, _ = asked.buttons
        told = await there.field.meadow.call("forget", there.said, act=yes.act)
        assert told.text.startswith("Forgotten: 2 messages") and told.replaces
        late = await there.field.meadow.call("forget", there.said, act=yes.act)
        assert (late.text, late.replaces) == (texts.NOTHING_STORED, False)


async def test_on_discord_only_whoever_asked_or_a_moderator_says_yes(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation("my loom is ultramarine", "A blue loom.")
        await here.sim.say(thread, here.ben, "mine is giraffe-coloured")
        await here.sim.until(lambda: len(here.said(thread)) == 2)
        await here.settled()
        for typed, yes in (("!forget everything", "Forget it all"), ("!forget", "Forget it")):
            before = len(here.posts(thread))
            await here.sim.say(thread, here.ada, typed)
            await here.sim.until(lambda before=before: len(here.posts(thread)) > before)
            asked = here.posts(thread)[-1]
            assert labels(asked) == [yes, "Keep it"]
            for label in labels(asked):
                told = await here.press(asked, here.ben, label)
                assert told is not asked and panel(told) == texts.NOT_ASKED
            assert labels(asked) == [yes, "Keep it"]
        stored = await here.stored()
        assert "ultramarine" in stored and "giraffe" in stored

        # What is about a conversation a moderator may say, too; twice at once it is done once.
        boss = here.sim.add_user("boss", "Boss")
        role = await here.sim.add_role(here.guild, "Keepers", "manage_threads")
        here.sim.give_role(here.guild, boss, role)
        for_all = here.posts(thread)[-2]
        told = await here.press(for_all, boss, "Forget it all")
        assert panel(told) == texts.NOT_ASKED
        [yes] = [each["custom_id"] for each in buttons(asked) if each["label"] == "Forget it"]
        clicks = [await here.sim.click(asked, boss, yes) for _ in range(2)]
        await here.sim.until(lambda: panel(asked).startswith("Forgotten: "))
        await here.sim.until(lambda: any(click.responses for click in clicks))
        [late] = [each for click in clicks for each in click.responses]
        assert panel(late) in (texts.NOTHING_STORED, texts.NOT_YOURS)
        assert "ultramarine" not in await here.stored()
        here.check()


async def test_everything_about_somebody_leaves_others_their_conversations(server: Valkey) -> None:
    async with filled(server) as there:
        meadow = there.field.meadow
        # Ben began the other one, and goes on without what Ada said in it.
        said = await answered(there.field, f"so is my {WORD} loom", ADA, "t9002")
        asked = await meadow.call("forget", said, options=ALL)
        assert number_before("conversation of this place that you have begun", asked.text) == 1
        assert number_before("conversation of others,", asked.text) == 1
        boss = replace(said, author=replace(ADA, is_admin=True))
        gone = await meadow.call("forget", boss, act=asked.buttons[0].act)
        assert gone.text.startswith("Forgotten: 1 conversation and ")
        assert "and what you had said in 1 conversation of others" in gone.text
        left = await there.lines(WORD, ADA.id, "adaline")
        assert all(map(counts, left)), left
        [log] = [line for line in await there.lines("giraffe") if ":log = " in line]
        assert "a giraffe stays" in log and log.count("Noted.") == 1
        again = await meadow.call("forget", said, act=asked.buttons[0].act)
        assert (again.text, again.replaces) == (NOTHING_OF_YOURS, False)


async def test_on_slack_a_double_press_is_answered_beside_what_was_said(server: Valkey) -> None:
    async with acme(server) as here:
        await here.conversation("my loom is ultramarine", "A blue loom.")
        call = here.sim.slash(here.general, here.ada, "/forget", "everything")
        await here.told(call)
        [asked] = call.ephemerals
        assert "1 conversation of this place" in words(asked)
        await here.restart()
        gone = await press_on_slack(here, asked, here.ada, "Forget it all")
        assert words(gone).startswith("Forgotten: 1 conversation")
        # The note that stood there is gone; a click that was on its way comes late.
        again = await press_on_slack(here, asked, here.ada, "Forget it all")
        assert words(again) == NOTHING_OF_YOURS
        assert gone.visible and "ultramarine" not in await here.stored()


async def test_on_slack_one_memory_is_found_by_its_words_and_asked_about(server: Valkey) -> None:
    async with acme(server) as here:
        for who, said in ((here.ada, "My loom is crimson"), (here.ben, "The red loom is broken")):
            await here.told(here.sim.slash(here.general, who, "/remember", said))
        call = here.sim.slash(here.general, here.ada, "/forget", "memory=loom")
        await here.told(call)
        [asked] = call.ephemerals
        # Ben's is shown, for it is for everybody here, and stays his.
        assert "crimson" in words(asked) and "broken" in words(asked)
        assert labels_on_slack(asked) == ["Delete"]
        sure = await press_on_slack(here, asked, here.ada, "Delete")
        assert "crimson" in await here.stored()
        gone = await press_on_slack(here, sure, here.ada, "Delete it")
        assert words(gone).startswith("Deleted for good.")
        late = await press_on_slack(here, sure, here.ada, "Delete it")
        assert "no such memory" in words(late)
        left = await here.stored()
        assert "crimson" not in left and "broken" in left
