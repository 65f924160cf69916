"""What people edit and delete on Slack is what the bot remembers, and no more than that."""

from __future__ import annotations

from tests.flows import look
from tests.flows.acme import Acme, acme
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer
from tests.simulators.slack_sim import Message


async def until_stored(here: Acme, holds: bool, *words: str) -> None:
    """Wait until all of these words are in the store, or none of them is."""
    await look.until_stored(here.stage.server, holds, *words)


async def say(here: Acme, root: Message, text: str, answer: str) -> Message:
    """Ada says something in a thread and is answered."""
    here.openai.script.append(Answer(answer))
    said = here.say(root, here.ada, text)
    await here.sim.until(lambda: here.said(root)[-1:] == [answer])
    await here.settled()
    return said


async def test_the_next_prompt_has_the_new_words(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("My loom is called Hildagrad.", "A name.")
        said = await say(here, root, "It has six shafts.", "So many.")
        here.sim.edit(root, f"{here.mention} My loom is called Hildegard.")
        here.sim.edit(said, "It has *eight* shafts.")
        here.sim.unfurl(said, "https://example.org")
        await until_stored(here, True, "Hildegard", "**eight**")
        await until_stored(here, False, "Hildagrad", "six shafts")
        await say(here, root, "What do you know?", "All.")
        prompt = here.openai.chats[-1].text
        assert "Ada: My loom is called Hildegard." in prompt
        assert "Ada: It has **eight** shafts." in prompt


async def test_what_is_deleted_is_forgotten(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("My SECRET is red.", "Red it is.")
        said = await say(here, root, "One more: HIDDEN.", "A CONFIDENCE of mine.")
        here.sim.delete(root)
        here.sim.delete(said)
        answer = next(each for each in here.sim.replies(root) if "CONFIDENCE" in each.text)
        here.sim.delete(answer)
        await until_stored(here, False, "SECRET", "HIDDEN", "CONFIDENCE")
        await say(here, root, "What do you know?", "Nothing.")
        prompt = here.openai.chats[-1].text
        assert not any(word in prompt for word in ("SECRET", "HIDDEN", "CONFIDENCE"))
        assert "Red it is." in prompt


async def test_a_question_that_is_deleted_takes_its_answer_along(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("hi", "Hello.")
        held = Answer(["What I know of your SECRET is a good deal. ", "All of it."]).hold(1)
        here.openai.script.append(held)
        said = here.say(root, here.ada, "What about my SECRET?")
        await here.sim.until(lambda: any("SECRET" in text for text in here.said(root)))
        here.sim.delete(said)
        await here.until_said(root, "Hello.")
        held.release_all()
        await here.settled()
        assert "SECRET" not in await here.stored()


async def test_channels_and_people_that_are_gone_are_forgotten(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation("SECRET of Ada", "To Ada.")
        here.openai.script.append(Answer("To both."))
        here.say(root, here.ben, "BEN speaks")
        await here.sim.until(lambda: here.said(root)[-1:] == ["To both."])
        await here.settled()
        here.sim.deactivate(here.ada)
        await until_stored(here, False, "SECRET", "To Ada.")
        assert "BEN speaks" in await here.stored()
        here.sim.delete_channel(here.general)
        await until_stored(here, False, "BEN speaks", "To both.")
