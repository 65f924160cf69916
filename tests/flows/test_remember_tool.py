"""The model remembers what it is asked to, searches, and people can take it back."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from bot.memory.tools import NO_SUCH, NOT_ASKED
from tests.flows.acme import acme
from tests.flows.dice import CHAT, RESPONSES
from tests.flows.meadow import Field, a_meadow
from tests.flows.test_slack_memories import labels as slack_labels
from tests.flows.weavers import labels, weavers
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
        await here.press(answer, here.ada, "Undo")
        assert FACT not in await here.stored()


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
        await click.responded()
        assert FACT not in await here.stored()


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
        assert said.endswith("🧠 Remembered for our direct messages: The key is blue.")
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
