"""What is kept from the bot, how it is sent away, and when it waits to be called again."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from bot.chat import Author, EarlierMessage, History, MessageRef
from bot.commands import texts
from tests.flows.acme import acme
from tests.flows.meadow import ADA, Field, a_meadow
from tests.flows.weavers import weavers
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

SECRET = "the colour is ultramarine"
BEN = Author("2", "Ben")
BOSS = Author("3", "Cara", is_admin=True)
HOUR = 3600.0


async def answered(here: Field, text: str, answer: str, **given: object) -> None:
    """Ada says something and is answered."""
    here.stage.openai.script.append(Answer(answer))
    before = tuple(here.meadow.posts.values())
    await here.meadow.say(here.meadow.event(ADA, text, **given))  # type: ignore[arg-type]
    await here.meadow.until_posted(*before, answer)
    await here.stored()


async def unanswered(here: Field, text: str, author: Author = ADA, **given: object) -> None:
    """Something that starts no turn."""
    changes = {name: given.pop(name) for name in ("at", "aside") if name in given}
    event = here.meadow.event(author, text, addressed=False, **given)  # type: ignore[arg-type]
    asked = len(here.stage.openai.chats)
    await here.meadow.say(replace(event, **changes))  # type: ignore[arg-type]
    await here.stored()
    assert len(here.stage.openai.chats) == asked


async def test_what_begins_with_ignore_is_neither_taken_nor_kept(server: Valkey) -> None:
    async with a_meadow(server) as here:
        await answered(here, "hi", "Hello.")
        for text in (
            f"!ignore {SECRET}",
            f"!IGNORE\n{SECRET}",
            f"> Ben wrote:\n> x\n\n!ignore {SECRET}",
        ):
            await unanswered(here, text)
            await here.meadow.say(here.meadow.event(ADA, text))
        assert "ultramarine" not in await here.stored()
        # Only the word itself, and only in front.
        await answered(here, "what does !ignore do?", "It hides.")
        await answered(here, "!ignored by all", "Poor you.")


async def test_nor_is_it_read_as_what_was_said_before(server: Valkey) -> None:
    async with a_meadow(server) as here:
        lines = ("we talk", f"!ignore {SECRET}", f"!ask what is {SECRET}?", "and talk")
        here.meadow.past = History(
            tuple(
                EarlierMessage(MessageRef("11", f"p{n}"), BEN, line, 1_699_999_000.0 + n)
                for n, line in enumerate(lines)
            )
        )
        await answered(here, "what do they say?", "They talk.", joins=True)
        asked = here.stage.openai.chats[0].text
        assert "and talk" in asked and "ultramarine" not in asked
        assert "ultramarine" not in await here.stored()


async def test_on_both_platforms_ignored_messages_are_read_from_no_history(
    server: Valkey,
) -> None:
    async with weavers(server) as here:
        thread = await here.sim.start_thread(here.general, None, "paint", here.ben)
        await here.sim.say(thread, here.ben, "we talk")
        await here.sim.say(thread, here.ben, f"!ignore {SECRET}")
        here.openai.script.append(Answer("They talk."))
        await here.ask(here.ada, "what do they say?", thread)
        await here.until_said(thread, "They talk.")
        assert "we talk" in here.openai.chats[0].text
        assert "ultramarine" not in here.openai.chats[0].text + await here.stored()
    async with acme(server) as there:
        root = there.sim.say(there.general, there.ben, "we talk")
        there.sim.say(there.general, there.ben, f"!ignore {SECRET}", thread=root)
        there.openai.script.append(Answer("They talk."))
        there.ask(there.ada, "what do they say?", thread=root)
        await there.until_said(root, "They talk.")
        assert "we talk" in there.openai.chats[0].text
        assert "ultramarine" not in there.openai.chats[0].text + await there.stored()


async def test_sent_away_it_is_silent_until_it_is_mentioned(server: Valkey) -> None:
    async with a_meadow(server) as here:
        await answered(here, f"remember: {SECRET}", "Noted.")
        await here.meadow.say(here.meadow.event(ADA, "leave"))
        assert await here.meadow.until_told(1) == [texts.LEFT]
        await unanswered(here, "we talk")
        again = await here.meadow.call("leave", here.meadow.event(ADA))
        assert again.text == texts.NOT_IN_IT
        # What was said before is still known.
        await answered(here, "which colour?", "Ultramarine.")
        assert SECRET in here.stage.openai.chats[-1].text
        assert "we talk" not in here.stage.openai.chats[-1].text
        await answered(here, "and without a mention?", "Yes.", addressed=False)


async def test_sent_away_while_it_answers_it_stops(server: Valkey) -> None:
    async with a_meadow(server) as here:
        answer = Answer(["A long story. ", "Its end."]).hold(1)
        here.stage.openai.script.append(answer)
        event = await here.meadow.say(here.meadow.event(ADA, "tell me"))
        await here.meadow.until_posted("A long story.")
        await here.meadow.say(here.meadow.event(ADA, "and more", addressed=False))
        reply = await here.meadow.call("leave", event)
        assert (reply.text, reply.private) == (texts.LEFT, False)
        await here.meadow.until_posted("A long story.\n\n*(stopped)*")
        await here.stored()
        await unanswered(here, "hello?")


async def test_only_those_who_took_part_may_send_it_away(server: Valkey) -> None:
    async with a_meadow(server) as here:
        await answered(here, "hi", "Hello.")
        for author, told in ((BEN, texts.NOT_YOURS), (BOSS, texts.LEFT)):
            reply = await here.meadow.call("leave", here.meadow.event(author))
            assert reply.text == told
        direct = here.meadow.event(ADA, thread="d", channel="d", space="@me", direct=True)
        here.stage.openai.script.append(Answer("Hi."))
        await here.meadow.say(direct)
        await here.meadow.until(lambda: "Hi." in here.meadow.posts.values())
        await here.stored()
        assert (await here.meadow.call("leave", direct)).text == texts.ALWAYS_HERE


async def test_after_a_silence_a_mention_is_needed_again(server: Valkey) -> None:
    async with a_meadow(server, {"BOBBIN_SILENCE_HOURS": "12"}) as here:
        await answered(here, "hi", "Hello.")
        now = time.time()
        await unanswered(here, "good morning all", at=now + 13 * HOUR)
        await unanswered(here, "good morning", at=now + 13 * HOUR)
        # Said in time and delivered late, it counts as said in time.
        here.stage.openai.script.append(Answer("In time."))
        late = here.meadow.event(ADA, "still there?", addressed=False)
        await here.meadow.say(replace(late, at=now + 11 * HOUR))
        await here.meadow.until_posted("Hello.", "In time.")
        await here.stored()
        here.stage.openai.script.append(Answer("Called."))
        called = here.meadow.event(ADA, "are you?")
        await here.meadow.say(replace(called, at=now + 40 * HOUR))
        await here.meadow.until_posted("Hello.", "In time.", "Called.")
        await here.stored()
        await answered(here, "and now?", "Again.", addressed=False)


async def test_on_discord_a_thread_that_was_silent_is_left_to_people(server: Valkey) -> None:
    async with weavers(server, extra={"BOBBIN_SILENCE_HOURS": "2"}) as here:
        thread = await here.conversation()
        here.sim.world.pass_time(HOUR)
        here.openai.script.extend([Answer("In time."), Answer("Called.")])
        await here.sim.say(thread, here.ben, "still there?")
        await here.until_said(thread, "Hello Ada, how are you?", "In time.")
        await here.settled()
        here.sim.world.pass_time(4 * HOUR)
        await here.sim.say(thread, here.ben, "good morning all")
        await here.ask(here.ada, "are you?", thread)
        await here.until_said(thread, "Hello Ada, how are you?", "In time.", "Called.")
        assert len(here.openai.chats) == 3
        assert "good morning" not in "".join(chat.text for chat in here.openai.chats)


async def test_in_a_direct_message_no_silence_is_too_long(server: Valkey) -> None:
    async with a_meadow(server, {"BOBBIN_SILENCE_HOURS": "1"}) as here:
        where = {"thread": "d", "channel": "d", "space": "@me", "direct": True}
        await answered(here, "hi", "Hello.", **where)
        here.stage.openai.script.append(Answer("Yes."))
        event = here.meadow.event(ADA, "there?", addressed=False, **where)  # type: ignore[arg-type]
        await here.meadow.say(replace(event, at=time.time() + 500 * HOUR))
        await here.meadow.until_posted("Hello.", "Yes.")


async def test_what_is_meant_for_somebody_else_is_background(server: Valkey) -> None:
    async with a_meadow(server) as here:
        await answered(here, "hi", "Hello.")
        await unanswered(here, "@Ben I like red", aside=True)
        await answered(here, "what do I like?", "Red.", addressed=False)
        asked = here.stage.openai.chats[-1]
        background = asked.texts("user")[-2]
        assert background.splitlines()[1:] == ["Ada: @Ben I like red"]
        assert asked.last_user_text.startswith("Ada: what do I like?")


async def test_meant_for_somebody_else_while_it_answers_it_starts_no_turn(server: Valkey) -> None:
    async with a_meadow(server) as here:
        answer = Answer(["A story. ", "Its end."]).hold(1)
        here.stage.openai.script.append(answer)
        await here.meadow.say(here.meadow.event(ADA, "tell me"))
        await here.meadow.until_posted("A story.")
        aside = here.meadow.event(ADA, "@Ben listen", addressed=False)
        await here.meadow.say(replace(aside, aside=True))
        answer.release_all()
        await here.meadow.until_posted("A story. Its end.")
        await here.stored()
        assert len(here.stage.openai.chats) == 1


@pytest.mark.parametrize("platform", ["discord", "slack"])
async def test_a_name_in_front_tells_for_whom_it_is(server: Valkey, platform: str) -> None:
    if platform == "discord":
        async with weavers(server) as here:
            thread = await here.conversation("hi", "Hello.")
            await here.sim.say(thread, here.ada, f"<@{here.ben.id}> I like red")
            here.openai.script.append(Answer("Red."))
            await here.sim.say(thread, here.ada, "what do I like?")
            await here.until_said(thread, "Hello.", "Red.")
            assert here.openai.chats[1].texts("user")[-2].endswith("Ada: @Ben I like red")
        return
    async with acme(server) as there:
        root = await there.conversation("hi", "Hello.")
        there.say(root, there.ada, f"<@{there.ben.id}> I like red")
        there.openai.script.append(Answer("Red."))
        there.say(root, there.ada, "what do I like?")
        await there.until_said(root, "Hello.", "Red.")
        assert there.openai.chats[1].texts("user")[-2].endswith("Ada: @Ben I like red")


async def test_on_slack_it_goes_when_it_is_told_to_and_after_a_silence(server: Valkey) -> None:
    async with acme(server, extra={"BOBBIN_SILENCE_HOURS": "2"}) as here:
        left = await here.conversation("hi", "Hello.")
        # All can read that it goes.
        here.ask(here.ada, "leave", thread=left)
        await here.until_said(left, "Hello.", texts.LEFT)
        here.say(left, here.ada, "are you there?")
        root = await here.conversation("hi", "Hello.")
        own = await here.conversation("hi", "Hello.", here.sim.open_dm(here.ada))
        here.sim.state.catch_up(time.time() + 3 * HOUR)
        here.say(root, here.ben, "good morning all")
        here.openai.script.append(Answer("Always here."))
        here.say(own, here.ada, "and you?")
        await here.until_said(own, "Hello.", "Always here.")
        await here.settled()
        here.openai.script.append(Answer("Called."))
        here.ask(here.ben, "are you?", thread=root)
        await here.until_said(root, "Hello.", "Called.")
        await here.settled()
        assert "good morning" not in "".join(chat.text for chat in here.openai.chats)
        assert len(here.openai.chats) == 5
