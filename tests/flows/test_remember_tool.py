"""The model remembers what it is asked to, searches, and people can take it back."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from bot.chat import Author
from bot.memory.tools import NO_SUCH, NOT_ASKED
from tests.flows.acme import acme, words
from tests.flows.dice import CHAT, RESPONSES
from tests.flows.meadow import Field, a_meadow
from tests.flows.test_slack_memories import labels as slack_labels
from tests.flows.weavers import labels, panel, weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer, ToolCall

ON = {"BOBBIN_MEMORY_TOOLS": "on", "BOBBIN_RECALL_TOKENS": "0"}
BOTH = pytest.mark.parametrize("api", [CHAT, RESPONSES], ids=["chat", "responses"])
FACT = "The fair is on 2026-12-04."
NOTE = f"🧠 Remembered for this channel: {FACT}"


def remember(content: str = FACT, corrects: str | None = None) -> ToolCall:
    """The model wants something remembered."""
    given = {
        "content": content,
        "kind": "decision",
        "about": "fair",
        "tags": ["#Fair"],
        "corrects": corrects,
    }
    return ToolCall("remember", json.dumps(given))


def recall(query: str) -> ToolCall:
    """The model looks for something."""
    return ToolCall("recall", json.dumps({"query": query}))


@BOTH
async def test_remember_that_on_discord_is_confirmed_and_undone(
    server: Valkey, api: Mapping[str, str]
) -> None:
    async with weavers(server, extra={**ON, **api}) as here:
        here.openai.script.extend([Answer([remember()]), Answer("Noted.")])
        thread = await here.thread_of(
            await here.ask(here.ada, "remember that the fair is on 4 December")
        )
        await here.until_said(thread, f"Noted.\n\n{NOTE}")
        await here.settled()
        [result] = here.openai.chats[1].results
        assert result.startswith("Remembered as mem_")
        # The note is people's; the model's history has its own words alone.
        here.openai.script.extend([Answer([recall("fair date")]), Answer("On 4 December.")])
        await here.sim.say(thread, here.ben, "when is the fair?")
        await here.until_said(thread, f"Noted.\n\n{NOTE}", "On 4 December.")
        assert here.openai.chats[2].texts("assistant") == ["Noted."]
        assert FACT in here.openai.chats[3].results[0]
        answer = here.posts(thread)[0]
        assert "Undo" in labels(answer)
        # Ben has not asked for it.
        await here.press(answer, here.ben, "Undo")
        assert FACT in await here.stored()
        told = await here.press(answer, here.ada, "Undo")
        assert FACT not in await here.stored()
        # Whoever pressed is told; the answer stays for everybody.
        assert "Taken back" in panel(told)
        assert here.said(thread) == [f"Noted.\n\n{NOTE}", "On 4 December."]


@BOTH
async def test_remember_that_on_slack_is_confirmed_and_undone(
    server: Valkey, api: Mapping[str, str]
) -> None:
    async with acme(server, extra={**ON, **api}) as here:
        here.openai.script.extend([Answer([remember()]), Answer("Noted.")])
        root = here.ask(here.ada, "remember that the fair is on 4 December")
        await here.until_said(root, f"Noted.\n\n{NOTE}")
        await here.settled()
        [answer] = here.sim.replies(root)
        assert "Undo" in slack_labels(answer)
        assert FACT in await here.stored()
        button = next(
            each["action_id"]
            for block in answer.blocks
            if block["type"] == "actions"
            for each in block["elements"]
            if each["text"]["text"] == "Undo"
        )
        click = here.sim.click(answer, button, here.ada)
        await click.acked()
        [told] = await click.responded()
        assert FACT not in await here.stored()
        [note] = [each for each in here.sim.state.ephemerals if each.ts == told.ts]
        assert words(note).startswith("Taken back")
        assert here.said(root) == [f"Noted.\n\n{NOTE}"]


async def _talk(here: Field, text: str, *answers: Answer, **given: object) -> str:
    openai, before = here.stage.openai, len(here.meadow.posts)
    openai.script.extend(answers)
    await here.meadow.say(here.meadow.event(text=text, **given))  # type: ignore[arg-type]
    await here.meadow.until(lambda: len(here.meadow.posts) > before)
    await here.stored()
    return list(here.meadow.posts.values())[-1]


async def test_a_correction_supersedes_and_undo_brings_the_old_one_back(server: Valkey) -> None:
    async with a_meadow(server, {**ON, **RESPONSES}) as here:
        await _talk(here, "remember the fair", Answer([remember()]), Answer("Yes."))
        id_ = here.stage.openai.chats[1].results[0].split()[2].rstrip(",")
        new = "The fair is on 2026-12-11."
        said = await _talk(here, "it moved", Answer([remember(new, id_)]), Answer("Moved."))
        assert said.endswith(f"🧠 Remembered for this channel: {new}")
        [button] = list(here.meadow.looks.values())[-1].buttons
        await here.meadow.call("memories", here.meadow.event(), act=button.act)
        await _talk(here, "when?", Answer([recall("fair")]), Answer("On the 4th."))
        [result] = here.stage.openai.chats[-1].results
        assert FACT in result and new not in result
        await _talk(here, "no", Answer([remember(new, "mem_" + "0" * 26)]), Answer("Hm."))
        assert here.stage.openai.chats[-1].results == [NO_SUCH]


async def test_what_was_said_to_one_alone_is_not_found_in_a_channel(server: Valkey) -> None:
    async with a_meadow(server, {**ON, **RESPONSES}) as here:
        direct = {"channel": "d", "space": "@me", "thread": "d", "direct": True}
        said = await _talk(
            here, "remember it", Answer([remember("The key is blue.")]), Answer("Yes."), **direct
        )
        assert said.endswith("🧠 Remembered for the two of us: The key is blue.")
        await _talk(here, "what key?", Answer([recall("blue key")]), Answer("None."))
        assert "blue." not in here.stage.openai.chats[-1].text
        await _talk(here, "what key?", Answer([recall("blue key")]), Answer("Blue."), **direct)
        assert "The key is blue." in here.stage.openai.chats[-1].results[0]


async def test_secrets_and_other_bots_are_refused_and_nothing_is_told(server: Valkey) -> None:
    extra = {**ON, **RESPONSES, "BOBBIN_BOTS": "discord:user:7"}
    async with a_meadow(server, extra) as here:
        secret = "The password is hunter2hunter2"
        said = await _talk(here, "remember it", Answer([remember(secret)]), Answer("I can't."))
        assert said == "I can't."
        assert here.stage.openai.chats[-1].results[0].startswith("That did not work: ")
        bot = here.meadow.event(text="remember it").author
        bot = type(bot)("7", "Crier", is_bot=True)
        said = await _talk(here, "remember it", Answer([remember()]), Answer("No."), author=bot)
        assert said == "No." and here.stage.openai.chats[-1].results == [NOT_ASKED]


async def test_a_failure_after_remembering_still_says_what_was_kept(server: Valkey) -> None:
    async with a_meadow(server, {**ON, **RESPONSES}) as here:
        from_model = Answer("")
        said = await _talk(here, "remember it", Answer([remember()]), from_model)
        assert said.endswith(NOTE) and "empty answer" in said


async def test_what_is_much_like_it_is_offered_for_merging(server: Valkey) -> None:
    async with a_meadow(server, {**ON, **RESPONSES}) as here:
        await _talk(here, "remember the fair", Answer([remember()]), Answer("Yes."))
        new = "The fair in Oslo is on 2026-12-04."
        said = await _talk(here, "remember where", Answer([remember(new)]), Answer("Yes."))
        assert f"Much like it is “{FACT}”" in said
        undo, merge = list(here.meadow.looks.values())[-1].buttons
        assert (undo.label, merge.label) == ("Undo", "Merge")
        # It is for whoever had both remembered, and the answer stays where it is.
        ben = here.meadow.event(Author("2", "Ben"))
        assert "no such memory" in (await here.meadow.call("memories", ben, act=merge.act)).text
        told = await here.meadow.call("memories", here.meadow.event(), act=merge.act)
        assert told.text.startswith("Merged into one.") and not told.replaces
        listed = await here.meadow.call("memories", here.meadow.event())
        assert [new in each.text for each in listed.entries] == [True]
        # What somebody else had remembered is not theirs to merge.
        third = "The fair in Oslo is on 2026-12-04 at noon."
        await _talk(
            here,
            "remember when",
            Answer([remember(third)]),
            Answer("Yes."),
            author=Author("2", "Ben"),
        )
        assert [each.label for each in list(here.meadow.looks.values())[-1].buttons] == ["Undo"]


async def test_each_of_many_can_be_taken_back_and_there_are_no_more(server: Valkey) -> None:
    async with weavers(server, extra=ON) as here:
        facts = [f"Loom {n} is {colour}." for n, colour in enumerate(("red", "blue"), start=1)]
        many = [f"The {word} is in the barn." for word in ("goat", "plough", "cart", "mill", "sow")]
        rounds = [Answer([*map(remember, facts)]), Answer([*map(remember, many)])]
        here.openai.script.extend([*rounds, Answer("Noted.")])
        thread = await here.thread_of(await here.ask(here.ada, "remember all of that"))
        await here.sim.until(lambda: "Noted." in "".join(here.said(thread)))
        await here.settled()
        results = here.openai.chats[2].results
        assert sum("Remembered as mem_" in each for each in results) == 5
        assert sum("5 times for one answer at most" in each for each in results) == 2
        answer = here.posts(thread)[-1]
        buttons = [f"Undo {n}" for n in range(1, 6)]
        assert labels(answer)[1:] == buttons
        lines = {
            button: line
            for line in here.said(thread)[-1].split("\n\n")[1:]
            for button in buttons
            if line.endswith(f"(**{button}**)")
        }
        assert list(lines) == buttons
        await here.press(answer, here.ada, "Undo 4")
        gone = lines["Undo 4"].removeprefix("🧠 Remembered for this channel: ").partition(" (")[0]
        left = await here.stored()
        assert [fact in left for fact in (*facts, *many)].count(True) == 4 and gone not in left
