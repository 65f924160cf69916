"""The buttons under an answer, pressed by people on Discord."""

from __future__ import annotations

import re

import pytest

from adapters.discord.interactions import SHUT
from tests.flows.weavers import Weavers, asked_last, buttons, weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel, Message, User
from tests.simulators.discord_sim.interactions import TOKEN_SECONDS
from tests.simulators.openai_sim import Answer, HttpError

BEGINNING = "This is only the beginning of it,"
HELD = [BEGINNING, " and this", " is the end."]
AFTER = ["regenerate", "good", "bad"]
REFUSED = HttpError(400, {"error": {"message": "no", "type": "invalid_request_error"}})


def controls(message: Message) -> list[str]:
    """What can be done with a message, in order."""
    return [
        button["custom_id"].split(":")[1]
        for row in message.components
        for button in row["components"]
    ]


async def press(here: Weavers, message: Message, who: User, action: str) -> str:
    """Press a button and return what is whispered about it."""
    [custom_id] = [
        button["custom_id"]
        for row in message.components
        for button in row["components"]
        if button["custom_id"].split(":")[1] == action
    ]
    interaction = await here.sim.click(message, who, custom_id)
    answer = await interaction.answered()
    assert answer.ephemeral
    return answer.content


async def streaming(here: Weavers, answer: Answer) -> tuple[Channel, Message]:
    """A thread in which an answer is being written, and its first message."""
    here.openai.script.append(answer)
    thread = await here.thread_of(await here.ask(here.ada, "tell me"))
    await here.until_said(thread, BEGINNING)
    [message] = here.posts(thread)
    return thread, message


async def test_whoever_asked_stops_the_answer_and_its_text_stays(server: Valkey) -> None:
    async with weavers(server) as here:
        thread, message = await streaming(here, Answer(HELD).hold(after=1))
        assert controls(message) == ["stop"]
        assert await press(here, message, here.ada, "stop") == (
            "Stopping. What I had written stays."
        )
        await here.until_said(thread, f"{BEGINNING}\n\n*(stopped)*")
        await here.openai.until(lambda: here.openai.open_streams == 0)
        await here.settled()
        assert controls(message) == ["continue", *AFTER]
        # Stop went with the edit that wrote the last text, not with one of its own.
        assert len(message.versions) == 2


async def test_nobody_else_stops_it_but_an_admin(server: Valkey) -> None:
    async with weavers(server) as here:
        _, message = await streaming(here, Answer(HELD).hold(after=1))
        told = await press(here, message, here.ben, "stop")
        assert told == "Only whoever asked, or an admin, can do that."
        assert here.openai.open_streams == 1
        role = await here.sim.add_role(here.guild, "mods", "manage_messages", "manage_threads")
        here.sim.give_role(here.guild, here.ben, role)
        assert (await press(here, message, here.ben, "stop")).startswith("Stopping.")
        await here.sim.until(lambda: message.content.endswith("*(stopped)*"))


async def test_a_shorter_answer_takes_the_place_of_a_longer_one(server: Valkey) -> None:
    async with weavers(server) as here:
        long = "\n\n".join(f"Paragraph {number}. " + "word " * 120 for number in range(8)).strip()
        here.openai.script.append(Answer(long))
        thread = await here.thread_of(await here.ask(here.ada, "tell me"))
        await here.sim.until(lambda: len(here.posts(thread)) > 1)
        await here.settled()
        first, *_, last = here.posts(thread)
        assert [controls(each) for each in here.posts(thread)][:-1] == [[]] * (
            len(here.posts(thread)) - 1
        )
        here.openai.script.append(Answer("Quite short this time, thank you."))
        assert await press(here, last, here.ada, "regenerate") == "I'm answering this anew."
        await here.until_said(thread, "Quite short this time, thank you.")
        assert here.posts(thread) == [first]
        assert controls(first) == AFTER
        await here.settled()
        # The model was asked the same question again, and does not see its old answer.
        again = here.openai.chats[1]
        assert asked_last(again) == "Ada: tell me"
        assert "Paragraph" not in "".join(again.texts())
        here.openai.script.append(Answer("And so on it goes."))
        await here.sim.say(thread, here.ada, "and then?")
        await here.until_asked(3)
        assert "Quite short this time" in "".join(here.openai.chats[2].texts())
        assert "Paragraph" not in "".join(here.openai.chats[2].texts())
        await here.settled()


async def test_a_longer_answer_needs_more_messages(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        [first] = here.posts(thread)
        long = "\n\n".join(f"Paragraph {number}. " + "word " * 120 for number in range(8)).strip()
        here.openai.script.append(Answer(long))
        await press(here, first, here.ada, "regenerate")
        await here.sim.until(lambda: here.said(thread)[-1].endswith(long[-200:]))
        await here.settled()
        assert here.posts(thread)[0] is first
        assert controls(first) == []
        assert controls(here.posts(thread)[-1]) == AFTER
        assert re.sub(r"\s", "", "".join(here.said(thread))) == re.sub(r"\s", "", long)
        assert (await here.stored()).count("Paragraph 3.") == 1
        assert "Hello Ada, how are you?" not in await here.stored()


@pytest.mark.parametrize("action", ["regenerate", "continue"])
async def test_an_answer_outlives_the_press_that_began_it(server: Valkey, action: str) -> None:
    """A press can be answered for 15 minutes; its answer is written with the bot's own token."""
    async with weavers(server) as here:
        thread, message = await streaming(here, Answer(HELD).hold(after=1))
        await press(here, message, here.ada, "stop")
        await here.sim.until(lambda: controls(message) == ["continue", *AFTER])
        await here.settled()
        answer = Answer(HELD).hold(after=1)
        here.openai.script.append(answer)
        [custom_id] = [
            each["custom_id"] for each in buttons(message) if action in each["custom_id"]
        ]
        pressed = await here.sim.click(message, here.ada, custom_id)
        await pressed.answered()
        await here.sim.until(lambda: "stop" in controls(here.posts(thread)[-1]))
        pressed.created -= TOKEN_SECONDS
        answer.release_all()
        await here.sim.until(lambda: here.said(thread)[-1].endswith("".join(HELD)))
        await here.settled()
        assert controls(here.posts(thread)[-1]) == AFTER
        here.check()


async def test_old_buttons_are_answered_politely(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        [first] = here.posts(thread)
        here.openai.script.append(Answer("Here is more of it for you."))
        await here.sim.say(thread, here.ada, "go on")
        await here.sim.until(lambda: len(here.posts(thread)) == 2)
        await here.settled()
        told = await press(here, first, here.ada, "regenerate")
        assert told.startswith("That is no longer my last answer")
        assert await press(here, here.posts(thread)[1], here.ben, "regenerate") == (
            "Only whoever asked, or an admin, can do that."
        )
        # Stop under an answer that was finished while somebody reached for it.
        [custom_id] = [
            f"control:stop:{button['custom_id'].split(':')[2]}"
            for button in first.components[0]["components"][:1]
        ]
        first.components[0]["components"][0]["custom_id"] = custom_id
        interaction = await here.sim.click(first, here.ada, custom_id)
        assert (await interaction.answered()).content == "That answer is finished already."
        await here.sim.archive(thread, locked=True)
        assert await press(here, here.posts(thread)[1], here.ada, "regenerate") == SHUT
        assert await press(here, here.posts(thread)[1], here.ada, "good") != SHUT
        assert len(here.openai.chats) == 2


async def test_two_clicks_make_one_answer(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        [message] = here.posts(thread)
        held = Answer(HELD).hold(after=1)
        here.openai.script.append(held)
        custom_id = message.components[0]["components"][0]["custom_id"]
        clicks = [await here.sim.click(message, here.ada, custom_id) for _ in range(2)]
        told = sorted([(await click.answered()).content for click in clicks])
        assert told[0] == "I'm answering this anew."
        assert told[1].startswith("I'm writing here just now.") or told[1].startswith("That is no")
        await here.until_asked(2)
        held.release_all()
        await here.until_said(thread, "".join(HELD))
        await here.settled()
        assert len(here.openai.chats) == 2


async def test_buttons_work_after_a_restart(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        [message] = here.posts(thread)
        assert await here.stage.stop() == 0
        await here.stage.start()
        assert await press(here, message, here.ben, "good") == "Thank you, I've noted it."
        here.openai.script.append(Answer("Another answer altogether, then."))
        await press(here, message, here.ada, "regenerate")
        await here.until_said(thread, "Another answer altogether, then.")
        await here.settled()


async def test_an_answer_that_was_cut_goes_on_in_place(server: Valkey) -> None:
    async with weavers(server) as here:
        begun = "First some words of it, and\n```py\nvalue = 1\nother ="
        here.openai.script.append(Answer([begun], finish_reason="length"))
        thread = await here.thread_of(await here.ask(here.ada, "tell me"))
        await here.sim.until(lambda: bool(here.said(thread)) and "cut here" in here.said(thread)[0])
        await here.settled()
        [message] = here.posts(thread)
        assert controls(message) == ["continue", *AFTER]
        # Many models open the code again.
        here.openai.script.append(Answer(["```py\nother = 2\n```\nAnd ", "this is all."]))
        assert await press(here, message, here.ben, "continue") == "I'm going on with it."
        whole = "First some words of it, and\n```py\nvalue = 1\nother = 2\n```\nAnd this is all."
        await here.until_said(thread, whole)
        await here.sim.until(lambda: controls(message) == AFTER)
        await here.settled()
        request = here.openai.chats[1]
        assert "Ben: Go on exactly where" in request.last_user_text
        stored = await here.stored()
        assert stored.count("First some words of it") == 1
        assert "Go on exactly" not in stored
        told = await press(here, message, here.ada, "regenerate")
        assert told == "I'm answering this anew."
        await here.until_asked(3)
        await here.settled()


async def test_a_turn_that_failed_is_tried_again(server: Valkey) -> None:
    async with weavers(server) as here:
        here.openai.script.append(Answer(error=REFUSED))
        thread = await here.thread_of(await here.ask(here.ada, "tell me a secret"))
        await here.sim.until(lambda: bool(here.said(thread)))
        await here.settled()
        [message] = here.posts(thread)
        assert controls(message) == ["regenerate"]
        assert await press(here, message, here.ben, "regenerate") == (
            "Only whoever asked, or an admin, can do that."
        )
        here.openai.script.append(Answer("It worked after all, as you see."))
        assert await press(here, message, here.ada, "regenerate") == "I'm trying it once more."
        await here.until_said(thread, "It worked after all, as you see.")
        await here.settled()
        assert here.posts(thread) == [message]
        assert controls(message) == AFTER
        assert asked_last(here.openai.chats[-1]) == "Ada: tell me a secret"


async def test_the_old_answer_stays_when_no_new_one_comes(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        [message] = here.posts(thread)
        here.openai.script.append(Answer(error=REFUSED))
        await press(here, message, here.ada, "regenerate")
        await here.sim.until(lambda: "No new answer" in message.content)
        await here.settled()
        assert message.content.startswith("Hello Ada, how are you?")
        assert controls(message) == AFTER
        here.openai.script.append(Answer("Now there is a new one, at last."))
        await press(here, message, here.ada, "regenerate")
        await here.until_said(thread, "Now there is a new one, at last.")
        await here.settled()


async def test_stopped_before_a_word_of_the_new_answer(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        [message] = here.posts(thread)
        here.openai.script.append(Answer(HELD).hold())
        await press(here, message, here.ada, "regenerate")
        await here.sim.until(lambda: controls(message) == ["stop"])
        await press(here, message, here.ada, "stop")
        await here.sim.until(lambda: "stopped before" in message.content)
        await here.settled()
        assert controls(message) == AFTER
        assert (await here.stored()).count("Hello Ada, how are you?") == 1
        assert here.said(thread)[0].startswith("Hello Ada, how are you?")


async def test_thumbs_are_kept_and_can_change(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        [message] = here.posts(thread)
        assert await press(here, message, here.ada, "good") == "Thank you, I've noted it."
        assert await press(here, message, here.ada, "good") == (
            "I had noted that already, thank you."
        )
        assert await press(here, message, here.ada, "bad") == (
            "Thank you, I've changed what I had noted."
        )
        assert await press(here, message, here.ben, "good") == "Thank you, I've noted it."
        stored = await here.stored()
        assert stored.count("rated:") == 2
        assert "gpt-6-luna" in stored
        forgotten = await here.sim.slash(thread, here.ada, "forget", sure=True)
        await forgotten.answered()
        assert "rated:" not in await here.stored()


async def test_where_there_is_no_thread_buttons_find_their_conversation(server: Valkey) -> None:
    async with weavers(server) as here:
        await here.sim.deny(here.general, "create_public_threads")
        here.openai.script.append(Answer("In place, for want of a thread."))
        await here.ask(here.ada, "tell me")
        await here.until_said(here.general, "In place, for want of a thread.")
        await here.settled()
        [message] = here.posts(here.general)
        here.openai.script.append(Answer("Another answer, in the same place."))
        assert await press(here, message, here.ada, "regenerate") == "I'm answering this anew."
        await here.until_said(here.general, "Another answer, in the same place.")
        await here.settled()
        assert await press(here, message, here.ada, "bad") == "Thank you, I've noted it."


async def test_an_answer_stays_when_its_question_is_deleted_while_it_is_given_anew(
    server: Valkey,
) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        here.openai.script.append(Answer("Here is more of it for you."))
        asked = await here.sim.say(thread, here.ada, "go on")
        await here.sim.until(lambda: len(here.posts(thread)) == 2)
        await here.settled()
        message = here.posts(thread)[1]
        here.openai.script.append(Answer(HELD).hold(after=1))
        await press(here, message, here.ada, "regenerate")
        await here.sim.until(lambda: message.content == BEGINNING)
        await here.sim.delete(asked)
        await here.sim.until(lambda: message.content.startswith("Here is more of it for you."))
        await here.settled()
        assert controls(message) == AFTER
        assert here.posts(thread)[1] is message
        assert "go on" not in await here.stored()
