"""Edits and deletions on the whole bot: what the model sees next, what stays, what is written."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.attached import AttachedAs, Attachment
from bot.chat import Author, Incoming, Removal
from bot.errors import StoreUnavailable
from bot.ids import new_id
from bot.storage.connect import open_redis
from bot.storage.threads import Threads
from bot.storage.types import Struck
from tests.flows.look import until_stored
from tests.flows.meadow import ADA, Field, a_meadow
from tests.flows.stage import QUICK
from tests.flows.weavers import asked_last
from tests.servers import Valkey, valkey_server
from tests.simulators.openai_sim import Answer, Request

BEN = Author("2", "Ben")
SMALL = {"BOBBIN_CONTEXT_TOKENS": "1000"}
BUDGET = {"BOBBIN_BUDGET_USER_TOKENS": "100000"}
LONG = "weft over warp " * 8


def reads_now(event: Incoming, text: str, after: float = 5.0) -> Incoming:
    """A message after it was edited so many seconds after it was written."""
    return replace(event, text=text, edited=event.at + after)


def gone(*events: Incoming) -> Removal:
    """These messages of one thread were deleted."""
    thread = events[0].thread
    return Removal(
        thread.platform,
        thread.space,
        events[0].ref.channel,
        thread,
        tuple(event.ref.message for event in events),
        tuple(event.event_id for event in events),
    )


def answers_gone(event: Incoming, *messages: str) -> Removal:
    """Messages of the bot in the thread of `event` were deleted."""
    thread = event.thread
    return Removal(thread.platform, thread.space, thread.channel, thread, messages, messages)


def asks_for_summary(request: Request) -> bool:
    """Whether the request is for a summary."""
    return "[Now: " not in request.last_user_text


async def ask(here: Field, text: str, answer: str = "Noted.") -> Incoming:
    """Ada says something and is answered."""
    before = len(here.meadow.posts)
    here.stage.openai.script.append(Answer(answer))
    event = await here.meadow.say(here.meadow.event(ADA, text))
    await here.meadow.until(lambda: len(here.meadow.posts) > before)
    await here.stored()
    return event


async def test_the_model_reads_what_was_meant(server: Valkey) -> None:
    async with a_meadow(server) as here:
        asked = await ask(here, "My loom is called Hildagrad.")
        inbox = await here.meadow.inbox()
        await inbox.edited(reads_now(asked, "My loom is called Hildegard."))
        await inbox.edited(reads_now(asked, "My loom is called Hilda.", 1.0))
        await ask(here, "What is it called?", "Hildegard.")
        texts = here.stage.openai.chats[-1].texts()
        assert "Ada: My loom is called Hildegard." in texts
        stored = await here.stored()
        assert "Hildagrad" not in stored and "Hilda." not in stored


async def test_what_was_deleted_is_in_no_prompt_and_in_no_key(server: Valkey) -> None:
    async with a_meadow(server) as here:
        first = await ask(here, "My SECRET is a thing.", "I keep it, that HIDDEN thing.")
        await ask(here, "Something else.")
        inbox = await here.meadow.inbox()
        await inbox.deleted(gone(first))
        assert "SECRET" not in await here.stored()
        # The answer stands there still; it goes when its own message does.
        assert "HIDDEN" in await here.stored()
        [answer] = [key for key, text in here.meadow.posts.items() if "HIDDEN" in text]
        await inbox.deleted(answers_gone(first, answer))
        assert "HIDDEN" not in await here.stored()
        await ask(here, "What do you know?")
        prompt = here.stage.openai.chats[-1].text
        assert "SECRET" not in prompt and "HIDDEN" not in prompt
        assert "Something else." in prompt


async def test_an_edit_that_asks_to_be_ignored_is_a_deletion(server: Valkey) -> None:
    async with a_meadow(server) as here:
        first = await ask(here, "My SECRET is a thing.")
        await ask(here, "Something else.")
        inbox = await here.meadow.inbox()
        await inbox.edited(reads_now(first, "!ignore My SECRET is a thing."))
        assert "SECRET" not in await here.stored()
        await ask(here, "What do you know?")
        prompt = here.stage.openai.chats[-1].text
        assert "SECRET" not in prompt and "Something else." in prompt


async def test_what_was_meant_for_others_is_no_question_that_is_left(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow, openai = here.meadow, here.stage.openai
        await ask(here, "Hello.")
        await meadow.say(replace(meadow.event(BEN, "@Cara lunch?", addressed=False), aside=True))
        openai.script.append(Answer(["Well, about your SECRET: ", "all of it."]).hold(1))
        asked = await meadow.say(meadow.event(ADA, "What about my SECRET?"))
        await meadow.until(lambda: any("SECRET" in text for text in meadow.posts.values()))
        inbox = await meadow.inbox()
        await inbox.deleted(gone(asked))
        await meadow.until(lambda: not any("SECRET" in text for text in meadow.posts.values()))
        assert "SECRET" not in await here.stored()
        asks = len(openai.chats)
        await ask(here, "And now?")
        assert len(openai.chats) == asks + 1


async def test_an_answer_without_a_question_is_taken_back(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow, openai = here.meadow, here.stage.openai
        held = Answer(["Well, about your SECRET I should say this much: ", "all of it."]).hold(1)
        openai.script.append(held)
        asked = await meadow.say(meadow.event(ADA, "What about my SECRET?"))
        await meadow.until(lambda: any("SECRET" in text for text in meadow.posts.values()))
        inbox = await meadow.inbox()
        await inbox.deleted(gone(asked))
        await meadow.until_posted()
        held.release_all()
        assert "SECRET" not in await here.stored()
        assert ":leftovers" not in await here.stored()
        # Its place is free for the next question.
        await ask(here, "Another question", "Another answer.")
        assert list(meadow.posts.values()) == ["Another answer."]
        assert "SECRET" not in openai.chats[-1].text


async def test_what_is_left_of_two_questions_is_answered_in_the_same_place(
    server: Valkey,
) -> None:
    async with a_meadow(server) as here:
        meadow, openai = here.meadow, here.stage.openai
        held = Answer("First.").hold()
        openai.script.append(held)
        await meadow.say(meadow.event(ADA, "One"))
        await openai.until(lambda: len(openai.chats) == 1)
        await meadow.say(meadow.event(ADA, "Two"))
        secret = await meadow.say(meadow.event(BEN, "SECRET"))
        both = Answer(["Of two and of the SECRET I can tell you so much: ", "all."]).hold(1)
        openai.script.extend([both, Answer("Only two.")])
        held.release_all()
        await meadow.until(lambda: any("SECRET" in text for text in meadow.posts.values()))
        await (await meadow.inbox()).deleted(gone(secret))
        await meadow.until_posted("First.", "Only two.")
        both.release_all()
        assert "SECRET" not in await here.stored()
        assert asked_last(openai.chats[2]) == "Ada: Two"


async def test_an_edit_while_it_is_answered_is_what_is_kept(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow, openai = here.meadow, here.stage.openai
        held = Answer(["That is a fine name for a loom, ", "Hildegard."]).hold(1)
        openai.script.append(held)
        asked = await meadow.say(meadow.event(ADA, "My loom is Hildagrad."))
        await meadow.until(lambda: len(meadow.posts) == 1)
        await (await meadow.inbox()).edited(reads_now(asked, "My loom is Hildegard."))
        held.release_all()
        await meadow.until_posted("That is a fine name for a loom, Hildegard.")
        assert "Hildagrad" not in await here.stored()
        await ask(here, "What is it called?")
        assert "Ada: My loom is Hildegard." in openai.chats[-1].texts()
        assert len(openai.chats) == 2


NOTES = Attachment("notes.txt", url="notes", id="7")
PASTE = Attachment("message.txt", url="paste", id="8", kind=AttachedAs.PASTE)


async def test_an_edit_leaves_what_came_with_a_message(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow, openai = here.meadow, here.stage.openai
        meadow.downloads.update(notes=b"weave at dawn", paste=b"a long text")
        held = Answer(["That is a fine plan for everybody here, ", "Ada."]).hold(1)
        openai.script.extend([held, Answer("Fine.")])
        asked = await meadow.say(meadow.event(ADA, "My plon", attachments=(NOTES,)))
        await meadow.until(lambda: len(meadow.posts) == 1)
        inbox = await meadow.inbox()
        # While it is answered, and once it is in the log.
        await inbox.edited(reads_now(asked, "My plann"))
        held.release_all()
        await meadow.until_posted("That is a fine plan for everybody here, Ada.")
        await here.stored()
        await inbox.edited(reads_now(asked, "My plan", 6.0))
        pasted = await meadow.say(meadow.event(ADA, "", attachments=(PASTE,)))
        await meadow.until(lambda: "Fine." in meadow.posts.values())
        await here.stored()
        await inbox.edited(reads_now(pasted, ""))
        await ask(here, "So?")
        assert "Ada: a long text" in openai.chats[-1].texts()
        for seconds, words in ((6.0, "Red"), (7.0, "Read")):
            await inbox.edited(reads_now(pasted, words, seconds))
        await ask(here, "And now?")
        texts = openai.chats[-1].texts()
        assert 'Ada: My plan\n\n[Attached: "notes.txt"]\n```\nweave at dawn\n```' in texts
        assert "Ada: Read\n\n[Attached: a long text]\na long text" in texts
        # A file that is taken off is forgotten.
        await inbox.edited(replace(reads_now(asked, "No plan", 9.0), attachments=()))
        stored = await here.stored()
        assert "No plan" in stored and "weave at dawn" not in stored


async def test_of_two_files_the_one_that_is_taken_off_is_forgotten(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow, openai = here.meadow, here.stage.openai
        meadow.downloads.update(notes=b"weave at dawn", paste=b"a long text")
        openai.script.append(Answer("Fine."))
        both = (PASTE, NOTES)
        asked = await meadow.say(meadow.event(ADA, "My plon", attachments=both))
        await meadow.until_posted("Fine.")
        await here.stored()
        inbox = await meadow.inbox()
        await inbox.edited(reads_now(asked, "My plan", 6.0))
        await ask(here, "So?")
        plan, notes = "Ada: My plan\n\n", '[Attached: "notes.txt"]\n```\nweave at dawn\n```'
        pasted = "[Attached: a long text]\na long text"
        assert f"{plan}{pasted}\n\n{notes}" in openai.chats[-1].texts()
        await inbox.edited(replace(reads_now(asked, "My plan", 7.0), attachments=(NOTES,)))
        assert "a long text" not in await here.stored()
        await ask(here, "And now?")
        assert f"{plan}{notes}" in openai.chats[-1].texts()


async def test_a_file_that_is_taken_off_while_its_message_is_answered_is_not_kept(
    server: Valkey,
) -> None:
    async with a_meadow(server) as here:
        meadow, openai = here.meadow, here.stage.openai
        meadow.downloads.update(notes=b"weave at dawn", paste=b"a long text")
        held = Answer(["That is a fine plan for everybody here, ", "Ada."]).hold(1)
        openai.script.append(held)
        asked = await meadow.say(meadow.event(ADA, "My plan", attachments=(NOTES, PASTE)))
        await meadow.until(lambda: len(meadow.posts) == 1)
        inbox = await meadow.inbox()
        await inbox.edited(replace(reads_now(asked, "My plan"), attachments=(PASTE,)))
        held.release_all()
        await meadow.until_posted("That is a fine plan for everybody here, Ada.")
        stored = await here.stored()
        assert "a long text" in stored and "weave at dawn" not in stored


async def test_a_file_that_is_taken_off_while_its_message_waits_is_not_read(
    server: Valkey,
) -> None:
    async with a_meadow(server) as here:
        meadow, openai = here.meadow, here.stage.openai
        meadow.downloads.update(notes=b"weave at dawn")
        held = Answer("First.").hold()
        openai.script.extend([held, Answer("Second.")])
        await meadow.say(meadow.event(ADA, "One"))
        await openai.until(lambda: len(openai.chats) == 1)
        waits = await meadow.say(meadow.event(ADA, "Two", attachments=(NOTES,)))
        await (await meadow.inbox()).edited(replace(reads_now(waits, "Two"), attachments=()))
        held.release_all()
        await meadow.until_posted("First.", "Second.")
        assert asked_last(openai.chats[1]) == "Ada: Two"


async def test_a_question_that_waits_is_asked_as_it_reads_now(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow, openai = here.meadow, here.stage.openai
        held = Answer("First.").hold()
        openai.script.extend([held, Answer("Second.")])
        await meadow.say(meadow.event(ADA, "One"))
        await openai.until(lambda: len(openai.chats) == 1)
        changed = await meadow.say(meadow.event(ADA, "Tow"))
        deleted = await meadow.say(meadow.event(ADA, "Three"))
        inbox = await meadow.inbox()
        await inbox.edited(reads_now(changed, "Two"))
        await inbox.deleted(gone(deleted))
        held.release_all()
        await meadow.until_posted("First.", "Second.")
        assert asked_last(openai.chats[1]) == "Ada: Two"
        assert "Three" not in openai.chats[1].text


async def _summarised(here: Field) -> Incoming:
    """A conversation whose first message is in a summary; that message."""
    openai = here.stage.openai
    openai.script.on(
        asks_for_summary,
        lambda request: Answer(
            "## Goal\nA blanket.\n\n## Facts\n- The loom is "
            + ("a SECRET." if "SECRET" in request.text else "not named.")
            + "\n"
        ),
        times=None,
    )
    first = await ask(here, f"My loom is a SECRET. {LONG}")
    for number in range(12):
        await ask(here, f"row {number}: {LONG}", f"{LONG} {number}")
        if "The loom is a SECRET." in await here.stored():
            break
    assert "The loom is a SECRET." in await here.stored()
    return first


async def test_a_summary_is_made_again_without_what_was_deleted(server: Valkey) -> None:
    async with a_meadow(server, SMALL) as here:
        openai = here.stage.openai
        first = await _summarised(here)
        asked = len(openai.chats)
        await (await here.meadow.inbox()).deleted(gone(first))
        assert "SECRET" not in await here.stored()
        # It is made anew at once, not with the next question.
        await openai.until(lambda: len(openai.chats) > asked)
        await ask(here, "And now?")
        later = openai.chats[asked:]
        assert all("SECRET" not in request.text for request in later)
        # It is stored beside the turns.
        stored = await until_stored(server, True, "The loom is not named.")
        assert "SECRET" not in stored


async def test_a_summary_is_made_again_of_what_was_edited(server: Valkey) -> None:
    async with a_meadow(server, SMALL) as here:
        openai = here.stage.openai
        first = await _summarised(here)
        asked = len(openai.chats)
        await (await here.meadow.inbox()).edited(reads_now(first, "I have no loom."))
        assert "SECRET" not in await here.stored()
        await openai.until(lambda: len(openai.chats) > asked)
        await ask(here, "And now?")
        assert any("I have no loom." in request.text for request in openai.chats[asked:])
        assert all("SECRET" not in request.text for request in openai.chats[asked:])


async def test_a_thread_a_channel_and_a_person_go(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow = here.meadow
        asked: dict[str, Incoming] = {}
        for thread, channel in (("t1", "11"), ("t2", "11"), ("t3", "12"), ("t4", "13")):
            event = meadow.event(ADA, f"SECRET {thread}", thread=thread, channel=channel)
            asked[thread] = await meadow.say(event)
        await meadow.until(lambda: len(meadow.posts) >= 4)
        await here.stored()
        ben = await meadow.say(meadow.event(BEN, "BEN owns", thread="t4", channel="13"))
        await meadow.until(lambda: len(meadow.posts) >= 5)
        await here.stored()
        inbox = await meadow.inbox()
        first = asked["t1"].thread
        await inbox.deleted(Removal("discord", "1", "t1", first))
        stored = await here.stored()
        assert "SECRET t1" not in stored and "SECRET t2" in stored
        await inbox.deleted(Removal("discord", "1", "11"))
        stored = await here.stored()
        assert "SECRET t2" not in stored and "SECRET t3" in stored
        await inbox.deleted(Removal("discord", "1", person=ADA.id))
        stored = await here.stored()
        assert [line for line in stored.splitlines() if "SECRET" in line] == []
        assert "BEN owns" in stored
        await inbox.deleted(Removal("discord", "1", person=ADA.id))
        await inbox.deleted(gone(ben))
        left = [line for line in (await here.stored()).splitlines() if '"user"' in line]
        assert left == []


async def test_an_edit_may_call_the_bot_but_not_for_long(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow, openai = here.meadow, here.stage.openai
        said = meadow.event(ADA, "what is weft?", addressed=False)
        await meadow.say(said)
        late = meadow.event(ADA, "what is warp?", addressed=False, thread="t2")
        await meadow.say(late)
        inbox = await meadow.inbox()
        await inbox.edited(replace(reads_now(late, "what is warp? please", 900.0), addressed=True))
        openai.script.append(Answer("The thread across."))
        await inbox.edited(replace(reads_now(said, "what is weft? please"), addressed=True))
        await meadow.until_posted("The thread across.")
        # What is delivered late, as it read before, is not asked again.
        await meadow.say(said)
        assert len(openai.chats) == 1
        assert asked_last(openai.chats[0]) == "Ada: what is weft? please"
        assert "is warp" not in await here.stored()


async def test_a_question_deleted_while_nobody_runs_its_turn(server: Valkey) -> None:
    """The process ends in the middle of the answer, and the next one has nothing to answer."""
    hasty = replace(QUICK, grace=0.05)
    async with a_meadow(server, timing=hasty) as here:
        meadow, openai = here.meadow, here.stage.openai
        held = Answer(["Well, about your SECRET I should say this much: ", "all of it."]).hold(1)
        openai.script.append(held)
        asked = await meadow.say(meadow.event(ADA, "What about my SECRET?"))
        await meadow.until(lambda: any("SECRET" in text for text in meadow.posts.values()))
        await here.stage.stop()
        client: Any = open_redis(server.url)
        threads = Threads(client, worker="other", clock=lambda: 0.0, new_id=new_id)
        struck = await threads.strike(asked.thread, [asked.ref.message], [asked.event_id])
        assert struck == Struck(mail=1, withdrawn=True)
        await client.aclose()
        meadow._inbox = asyncio.get_running_loop().create_future()
        await meadow.begin(here.stage, hasty)
        await meadow.until_posted()
        held.release_all()
        assert "SECRET" not in await here.stored()


async def test_changes_wait_for_a_store_that_is_away() -> None:
    with tempfile.TemporaryDirectory(prefix="bobbin-away-") as directory:
        folder = Path(directory)
        with valkey_server(folder, persist=True) as first:
            async with a_meadow(first) as here:
                changed = await ask(here, "My loom is Hildagrad.")
                deleted = await ask(here, "It is a SECRET.", "I see.")
                first.kill()
                inbox = await here.meadow.inbox()
                change = reads_now(changed, "My loom is Hildegard.")
                with pytest.raises(StoreUnavailable):
                    await inbox.edited(change)
                with pytest.raises(StoreUnavailable):
                    await inbox.deleted(gone(deleted))
                with valkey_server(folder, persist=True) as again:
                    kept = await until_stored(again, False, "Hildagrad", "SECRET")
                    assert "Hildegard" in kept
                    await here.stage.stop()


async def test_an_answer_with_a_deleted_message_in_view_begins_anew(server: Valkey) -> None:
    async with a_meadow(server, BUDGET) as here:
        meadow, openai = here.meadow, here.stage.openai
        first = await ask(here, "My SECRET is red.", "Noted.")
        held = Answer(["As you have told me, your SECRET is of this colour: ", "red."]).hold(1)
        openai.script.extend([held, Answer("I do not know.")])
        await meadow.say(meadow.event(ADA, "What is it?"))
        await meadow.until(lambda: any("SECRET" in text for text in meadow.posts.values()))
        await (await meadow.inbox()).deleted(gone(first))
        await meadow.until_posted("Noted.", "I do not know.")
        held.release_all()
        kept = await here.stored()
        assert "SECRET" not in kept
        # What the first attempt took is paid for, too, and nothing stays reserved.
        assert "hold:" not in kept and "done:" in kept
        assert "SECRET" not in openai.chats[-1].text
        assert len(openai.chats) == 3
