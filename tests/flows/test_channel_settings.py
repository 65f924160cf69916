"""What those who look after a channel set for it, and where it holds."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from bot.chat import Author
from bot.commands.place_settings import CHANGED, NOT_A_MANAGER, NOT_UNDERSTOOD
from tests.flows.acme import acme, words
from tests.flows.meadow import ADA, Field, a_meadow
from tests.flows.stage import Stage
from tests.flows.weavers import weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

BOSS = Author("9", "Cara", is_admin=True)
TERSE = "Answer in French, tersely"
HOUR = 3600.0


async def _set(here: Field, author: Author = BOSS, channel: str = "11", **options: str) -> str:
    event = here.meadow.event(author, channel=channel)
    return (await here.meadow.call("settings", event, thread=None, options=options)).text


async def _answered(here: Field, text: str, answer: str, **given: object) -> None:
    here.stage.openai.script.append(Answer(answer))
    before = tuple(here.meadow.posts.values())
    await here.meadow.say(here.meadow.event(ADA, text, **given))  # type: ignore[arg-type]
    await here.meadow.until_posted(*before, answer)
    await here.stored()


async def _unanswered(here: Field, text: str, hours: float = 0.0, **given: object) -> None:
    event = here.meadow.event(ADA, text, addressed=False, **given)  # type: ignore[arg-type]
    asked = len(here.stage.openai.chats)
    await here.meadow.say(replace(event, at=time.time() + hours * HOUR))
    await here.stored()
    assert len(here.stage.openai.chats) == asked


async def test_everybody_sees_them_and_managers_change_them(server: Valkey) -> None:
    async with a_meadow(server) as here:
        shown = await _set(here, ADA)
        assert "After 72 hours of silence" in shown and "(as everywhere)" in shown
        refused = await _set(here, ADA, mention="only")
        assert refused.startswith(NOT_A_MANAGER)
        changed = await _set(here, mention="only", hours="12", persona=TERSE)
        assert changed.startswith(CHANGED) and "After 12 hours of silence" in changed
        assert "only when I'm mentioned" in changed and f"> {TERSE}" in changed
        assert TERSE in await _set(here, ADA)
        assert TERSE not in await _set(here, ADA, channel="12")
        # Nobody is named in what is kept.
        assert "Cara" not in await here.stored()
        again = await _set(here, reset="true")
        assert TERSE not in again and "After 72 hours" in again
        assert TERSE not in await here.stored()


@pytest.mark.parametrize(
    ("option", "value"),
    [("mention", "sometimes"), ("hours", "soon"), ("hours", "-1"), ("persona", "x" * 601)],
)
async def test_what_is_not_understood_changes_nothing(
    server: Valkey, option: str, value: str
) -> None:
    async with a_meadow(server) as here:
        assert await _set(here, **{option: value}) == NOT_UNDERSTOOD[option]
        assert "(as everywhere)" in await _set(here)


async def test_the_persona_is_told_to_the_model_in_that_channel_alone(server: Valkey) -> None:
    async with a_meadow(server) as here:
        await _set(here, persona=TERSE)
        await _answered(here, "hi", "Salut.")
        assert TERSE in here.stage.openai.chats[-1].texts("system")[0]
        await _answered(here, "hi", "Hello.", channel="12", thread="u")
        assert TERSE not in here.stage.openai.chats[-1].text
        here.stage.openai.script.append(Answer("Bleu."))
        event = here.meadow.event(ADA, thread="none")
        await here.meadow.call("ask", event, thread=None, options={"question": "why?"})
        assert TERSE in here.stage.openai.chats[-1].texts("system")[0]
        event = here.meadow.event(BOSS)
        await here.meadow.call("persona", event, options={"text": "off"})
        await _answered(here, "hi again", "Hello.")
        assert TERSE not in here.stage.openai.chats[-1].text


async def test_only_mentions_are_answered_where_that_is_set(server: Valkey) -> None:
    async with a_meadow(server) as here:
        await _answered(here, "hi", "Hello.")
        await _answered(here, "and now?", "Now.", addressed=False)
        await _set(here, mention="only")
        await _unanswered(here, "and now?")
        await _answered(here, "and you?", "Fine.")
        await _set(here, mention="default")
        await _answered(here, "and now?", "Again.", addressed=False)


async def test_hours_of_a_channel_count_more(server: Valkey) -> None:
    async with a_meadow(server) as here:
        await _answered(here, "hi", "Hello.")
        await _set(here, hours="2")
        await _unanswered(here, "good morning", hours=3)
        await _set(here, hours="0")
        here.stage.openai.script.append(Answer("Morning."))
        event = here.meadow.event(ADA, "good morning", addressed=False)
        await here.meadow.say(replace(event, at=time.time() + 1000 * HOUR))
        await here.meadow.until_posted("Hello.", "Morning.")


async def test_a_change_holds_in_every_process(server: Valkey) -> None:
    async with a_meadow(server) as here:
        await _answered(here, "hi", "Hello.")
        other = Stage(server, here.stage.openai, extra=here.stage.extra)
        far = type(here.meadow)()
        inbox = await far.begin(other)
        try:
            await _set(here, mention="only")
            event = here.meadow.event(ADA, "and now?", addressed=False)
            await inbox.message(event)
            await here.stored()
            assert len(here.stage.openai.chats) == 1
        finally:
            await other.stop()


async def test_in_a_direct_message_people_set_their_own(server: Valkey) -> None:
    async with a_meadow(server) as here:
        event = here.meadow.event(ADA, channel="d", space="@me", thread="d", direct=True)
        told = await here.meadow.call("persona", event, options={"text": TERSE})
        assert f"> {TERSE}" in told.text
        # What would have no effect there is not said to be changed.
        for name, value in (("memory", "on"), ("mention", "only"), ("hours", "2")):
            told = await here.meadow.call("settings", event, options={name: value, "persona": "x"})
            assert "only you and me" in told.text and f"`{name}" in told.text
        told = await here.meadow.call("settings", event)
        assert "I answer whatever you write" in told.text and TERSE in told.text
        assert "mention" not in told.text and "channel" not in told.text
        told = await here.meadow.call("settings", event, options={"memory": "off"})
        assert told.text.startswith("Changed") and TERSE in told.text


async def test_they_go_when_the_bot_is_removed(server: Valkey) -> None:
    async with a_meadow(server) as here:
        await _set(here, mention="always", persona=TERSE)
        inbox = await here.meadow.inbox()
        assert await inbox.answers_all("discord", "1", "11")
        await inbox.left("discord", "1")
        left = await here.stored()
        assert TERSE not in left and "discord:1:11" not in left


async def test_on_discord_all_of_a_channel_is_answered(server: Valkey) -> None:
    async with weavers(server) as here:
        boss = here.sim.add_user("boss", "Boss")
        role = await here.sim.add_role(here.guild, "Keepers", "manage_threads")
        here.sim.give_role(here.guild, boss, role)
        call = await here.sim.slash(here.general, boss, "settings", mention="always")
        assert (await call.answered()).content.startswith(CHANGED)
        await here.sim.say(here.general, here.ada, f"<@{here.ben.id}> are you there?")
        here.openai.script.append(Answer("Hello Ada."))
        asked = await here.sim.say(here.general, here.ada, "hello everybody")
        thread = await here.thread_of(asked)
        await here.until_said(thread, "Hello Ada.")
        assert len(here.openai.chats) == 1
        # Who does not look after the place has no such command, but may ask in words.
        [command] = [each for each in here.sim.commands if each["name"] == "settings"]
        assert command["default_member_permissions"] == str(1 << 34)
        await here.sim.say(here.general, here.ben, f"{here.mention} !settings")
        await here.sim.until(lambda: here.posts(here.general))
        assert "whatever begins a conversation here" in here.posts(here.general)[0].content


async def test_on_discord_each_new_post_of_a_forum_is_answered(server: Valkey) -> None:
    async with weavers(server) as here:
        boss = here.sim.add_user("boss", "Boss")
        role = await here.sim.add_role(here.guild, "Keepers", "manage_threads")
        here.sim.give_role(here.guild, boss, role)
        forum = await here.sim.add_forum_channel(here.guild, "questions")
        here.openai.script.append(Answer("I am."))
        called = f"{here.mention} are you here?"
        first = await here.sim.start_thread(forum, None, "Anybody?", here.ada, text=called)
        await here.until_said(first, "I am.")
        call = await here.sim.slash(first, boss, "settings", mention="always")
        assert (await call.answered()).content.startswith(CHANGED)
        for_ben = f"<@{here.ben.id}> have you seen this?"
        await here.sim.start_thread(forum, None, "Ben?", here.ada, text=for_ben)
        here.openai.script.append(Answer("Oil it."))
        post = await here.sim.start_thread(
            forum, None, "The loom jams", here.ada, text="Since yesterday."
        )
        await here.until_said(post, "Oil it.")
        assert "**The loom jams**\n\nSince yesterday." in here.openai.chats[1].last_user_text
        here.openai.script.append(Answer("Olive oil."))
        await here.sim.say(post, here.ben, "which oil?")
        await here.until_said(post, "Oil it.", "Olive oil.")
        await here.settled()
        assert len(here.openai.chats) == 3
        here.check()


async def test_on_slack_all_of_a_channel_is_answered(server: Valkey) -> None:
    async with acme(server) as here:
        boss = here.sim.add_user("Boss", admin=True)
        other = here.sim.add_channel("other", members=[here.ada, boss])
        text = "settings mention=always persona=Be kind &amp; brief"
        shown = words(await here.told(here.sim.slash(here.general, boss, "/bobbin", text)))
        assert shown.startswith(CHANGED) and "> Be kind & brief" in shown
        here.sim.say(here.general, here.ada, f"<@{here.ben.id}> are you there?")
        here.sim.say(other, here.ada, "nobody answers here")
        here.openai.script.append(Answer("Hello Ada."))
        root = here.sim.say(here.general, here.ada, "hello everybody")
        await here.until_said(root, "Hello Ada.")
        await here.settled()
        assert len(here.openai.chats) == 1
        assert "Be kind & brief" in here.openai.chats[0].texts("system")[0]
