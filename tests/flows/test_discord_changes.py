"""What people edit and delete on Discord is what the bot remembers, and no more than that."""

from __future__ import annotations

from tests.flows import look
from tests.flows.weavers import Weavers, weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import Channel, Message
from tests.simulators.openai_sim import Answer


async def until_stored(here: Weavers, holds: bool, *words: str) -> None:
    """Wait until all of these words are in the store, or none of them is."""
    await look.until_stored(here.stage.server, holds, *words)


async def say(here: Weavers, thread: Channel, text: str, answer: str) -> Message:
    """Ada says something in a thread and is answered."""
    here.openai.script.append(Answer(answer))
    said = await here.sim.say(thread, here.ada, text)
    await here.sim.until(lambda: here.said(thread)[-1:] == [answer])
    await here.settled()
    return said


async def test_the_next_prompt_has_the_new_words(server: Valkey) -> None:
    async with weavers(server) as here:
        asked = await here.ask(here.ada, "My loom is called Hildagrad.")
        thread = await here.thread_of(asked)
        await here.sim.until(lambda: here.said(thread))
        await here.settled()
        said = await say(here, thread, "It has six shafts.", "Six, then.")
        await here.sim.edit(asked, f"{here.mention} My loom is called Hildegard.")
        await here.sim.edit(said, "It has eight shafts.")
        await here.sim.unfurl(said)
        await until_stored(here, True, "Hildegard", "eight")
        await say(here, thread, "What do you know?", "All.")
        prompt = here.openai.chats[-1].text
        assert "Ada: My loom is called Hildegard." in prompt
        assert "Ada: It has eight shafts." in prompt
        assert "six shafts" not in prompt
        assert "It has six shafts" not in await here.stored()


async def test_what_is_deleted_is_forgotten(server: Valkey) -> None:
    async with weavers(server) as here:
        asked = await here.ask(here.ada, "My SECRET is red.")
        thread = await here.thread_of(asked)
        await here.sim.until(lambda: here.said(thread))
        await here.settled()
        said = await say(here, thread, "One more: HIDDEN.", "A CONFIDENCE of mine.")
        many = [await say(here, thread, f"BULK {n}", f"Noted {n}.") for n in range(2)]
        await here.sim.delete(asked)
        await here.sim.delete(said)
        [answer] = [each for each in here.posts(thread) if "CONFIDENCE" in each.content]
        await here.sim.delete(answer)
        await here.sim.delete_many(many)
        first = here.posts(thread)[0]
        if "SECRET" in first.content:
            await here.sim.delete(first)
        await until_stored(here, False, "SECRET", "HIDDEN", "CONFIDENCE", "BULK")
        await say(here, thread, "What do you know?", "Nothing.")
        prompt = here.openai.chats[-1].text
        assert not any(word in prompt for word in ("SECRET", "HIDDEN", "CONFIDENCE", "BULK"))
        assert "Noted 1." in prompt


async def test_threads_and_channels_that_are_gone_are_forgotten(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation("SECRET one", "First.")
        other = await here.sim.add_text_channel(here.guild, "other")
        here.openai.script.append(Answer("Second."))
        asked = await here.ask(here.ben, "SECRET two", other)
        await here.until_said(await here.thread_of(asked), "Second.")
        await here.settled()
        await here.sim.delete_thread(thread)
        await until_stored(here, False, "SECRET one", "First.")
        assert "SECRET two" in await here.stored()
        await here.sim.delete_channel(other)
        await until_stored(here, False, "SECRET", "Second.")


async def test_a_question_that_is_deleted_takes_its_answer_along(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        held = Answer(["What I know of your SECRET is a good deal. ", "All of it."]).hold(1)
        here.openai.script.append(held)
        said = await here.sim.say(thread, here.ada, "What about my SECRET?")
        await here.sim.until(lambda: any("SECRET" in text for text in here.said(thread)))
        await here.sim.delete(said)
        await here.until_said(thread, "Hello Ada, how are you?")
        held.release_all()
        await here.settled()
        assert "SECRET" not in await here.stored()


async def test_what_changed_while_the_bot_was_away_is_found(server: Valkey) -> None:
    async with weavers(server) as here:
        thread = await here.conversation()
        changed = await say(here, thread, "My loom is Hildagrad.", "A name.")
        deleted = await say(here, thread, "It is a SECRET.", "I see.")
        assert await here.stage.stop() == 0
        await here.sim.edit(changed, "My loom is Hildegard.")
        await here.sim.delete(deleted)
        await here.stage.start()
        await until_stored(here, True, "Hildegard")
        await until_stored(here, False, "Hildagrad", "SECRET")
        assert len(here.openai.chats) == 3
