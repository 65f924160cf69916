"""A command that is called on a message: summary from there on, forget what it belongs to."""

from __future__ import annotations

from dataclasses import replace

from bot.chat import SURE, Author, EarlierMessage, History, MessageRef, ThreadKey
from bot.commands import texts
from tests.flows.meadow import ADA, Meadow, a_meadow
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

BEN = Author("2", "Ben")
SUMMARY = "## Goal\n- Ada and Ben have looms."


def about(meadow: Meadow, message: str, text: str = "words") -> EarlierMessage:
    return EarlierMessage(MessageRef("11", message), BEN, text, 1_700_000_000.0)


async def test_of_a_stored_thread_only_what_follows_is_summed_up(server: Valkey) -> None:
    async with a_meadow(server) as here:
        openai, meadow = here.stage.openai, here.meadow
        events = []
        for number, text in enumerate(("my loom is red", "my loom is blue", "my cat is grey")):
            openai.script.append(Answer(f"answer {number}"))
            events.append(await meadow.say(meadow.event(ADA, text)))
            await meadow.until_posted(*(f"answer {each}" for each in range(number + 1)))
            await here.stored()
        openai.script.append(Answer(SUMMARY))
        reply = await meadow.call("summary", events[2], about=about(meadow, "m2"))
        assert (reply.text, reply.private) == (SUMMARY, True)
        asked = openai.chats[-1].text
        assert "blue" in asked and "grey" in asked and "loom is red" not in asked
        openai.script.append(Answer(SUMMARY))
        shared = await meadow.call(
            "summary", events[2], about=about(meadow, "m2"), options={"share": "true"}
        )
        assert not shared.private


async def test_where_it_takes_no_part_it_reads_what_the_caller_sees(server: Valkey) -> None:
    async with a_meadow(server) as here:
        openai, meadow = here.stage.openai, here.meadow
        lines = ("my loom is red", "!ignore my cat is grey", "mine is blue")
        meadow.past = History(
            tuple(
                EarlierMessage(MessageRef("11", f"p{n}"), BEN, line, 1_700_000_000.0 + n)
                for n, line in enumerate(lines)
            ),
            partial=True,
            withheld=2,
        )
        openai.script.extend([Answer(SUMMARY), Answer(SUMMARY)])
        event = meadow.event(ADA, thread="none")
        reply = await meadow.call("summary", event, thread=None, about=about(meadow, "p0"))
        notes = (texts.first_of_it(2), texts.without(2))
        assert reply.text == "\n\n".join((SUMMARY, *notes)) and reply.private
        asked = openai.chats[-1].text
        assert "Ben: my loom is red" in asked and "blue" in asked and "grey" not in asked
        # The message itself is known from the menu, also where the platform keeps it back.
        meadow.past = replace(meadow.past, partial=False)
        kept_back = about(meadow, "p9", "hers is green")
        reply = await meadow.call("summary", event, thread=None, about=kept_back)
        assert reply.text == f"{SUMMARY}\n\n{texts.without(1)}"
        assert "Ben: hers is green" in openai.chats[-1].text
        # Nothing of it stays.
        kept = await here.stored()
        assert "my loom" not in kept and "looms." not in kept


async def test_of_another_channel_nothing_is_told(server: Valkey) -> None:
    async with a_meadow(server) as here:
        openai, meadow = here.stage.openai, here.meadow
        openai.script.append(Answer("Noted."))
        event = await meadow.say(meadow.event(ADA, "my loom is red"))
        await meadow.until_posted("Noted.")
        await here.stored()
        for name in ("summary", "forget"):
            reply = await meadow.call(
                name, event, channel="12", thread=None, about=about(meadow, "m1")
            )
            assert reply.text == texts.OUT_OF_REACH
        far = ThreadKey("discord", "2", "11", "t")
        reply = await meadow.call("summary", event, thread=far, about=about(meadow, "m1"))
        assert reply.text == texts.OUT_OF_REACH
        assert "red" in await here.stored() and len(openai.chats) == 1


async def test_forget_erases_the_thread_that_a_message_began(server: Valkey) -> None:
    async with a_meadow(server) as here:
        openai, meadow = here.stage.openai, here.meadow
        openai.script.append(Answer("Noted."))
        event = await meadow.say(meadow.event(ADA, "my loom is red", thread="m1"))
        await meadow.until_posted("Noted.")
        await here.stored()
        stranger = await meadow.call(
            "forget", meadow.event(BEN), thread=None, about=about(meadow, "m1")
        )
        assert stranger.text == texts.NOT_YOURS
        reply = await meadow.call(
            "forget", event, thread=None, about=about(meadow, "m1"), options={SURE: "true"}
        )
        assert reply.text.startswith("Forgotten: 2 messages")
        kept = await here.stored()
        assert "my loom" not in kept and "looms." not in kept
