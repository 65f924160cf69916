"""What people take away while something is made of it is in nothing that is kept."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.chat import Author, EarlierMessage, History, MessageRef, Removal
from tests.flows.look import stored, until_stored
from tests.flows.meadow import ADA, a_meadow
from tests.flows.test_captured import BOSS, SMALL, folds, proposing
from tests.flows.test_captured import _long as long
from tests.flows.test_captured import _on as wanted
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer, Request

BEN = Author("2", "Ben")


async def test_what_was_said_before_and_is_deleted_while_it_is_answered_is_not_kept(
    server: Valkey,
) -> None:
    async with a_meadow(server) as here:
        meadow, openai = here.meadow, here.stage.openai
        said = [
            EarlierMessage(MessageRef("t", f"p{n}"), BEN, text, 1.0 + n)
            for n, text in enumerate(("a SECRET", "no secret"))
        ]
        meadow.past = History(tuple(said))
        held = Answer(["Ben said this much of his SECRET: ", "all."]).hold(1)
        openai.script.extend([held, Answer("Ben said little.")])
        asked = await meadow.say(meadow.event(ADA, "who said so?", joins=True))
        await meadow.until(lambda: any("SECRET" in text for text in meadow.posts.values()))
        thread = asked.thread
        # The platform may still show it for a moment.
        gone = Removal(thread.platform, thread.space, "t", thread, ("p0",), ("p0",))
        await (await meadow.inbox()).deleted(gone)
        held.release_all()
        await meadow.until_posted("Ben said little.")
        kept = await here.stored()
        assert "SECRET" not in kept and "no secret" in kept
        assert "SECRET" not in openai.chats[-1].text


async def test_what_somebody_edits_who_is_not_read_is_not_kept_during_an_answer_either(
    server: Valkey,
) -> None:
    async with a_meadow(server, {"BOBBIN_DENY": "discord:user:2"}) as here:
        meadow, openai = here.meadow, here.stage.openai
        held = Answer("Nobody did.").hold()
        openai.script.append(held)
        asked = await meadow.say(meadow.event(ADA, "who said so?", joins=True))
        await openai.until(lambda: len(openai.chats) == 1)
        ref = MessageRef("t", "p0")
        theirs = replace(asked, event_id="p0", ref=ref, author=BEN, text="SILK", addressed=False)
        assert not await (await meadow.inbox()).edited(replace(theirs, edited=asked.at))
        assert "SILK" not in await stored(server)
        held.release_all()
        await meadow.until_posted("Nobody did.")


async def test_what_was_said_before_is_kept_as_it_reads_after_an_edit_during_the_answer(
    server: Valkey,
) -> None:
    async with a_meadow(server) as here:
        meadow, openai = here.meadow, here.stage.openai
        before = EarlierMessage(MessageRef("t", "p0"), BEN, "the warp is SILK", 1.0)
        meadow.past = History((before,))
        held = Answer("Ben said something.").hold()
        openai.script.append(held)
        asked = await meadow.say(meadow.event(ADA, "who said so?", joins=True))
        await openai.until(lambda: len(openai.chats) == 1)
        now = replace(
            asked,
            event_id="p0",
            ref=before.ref,
            author=BEN,
            text="the warp is cotton",
            at=before.at,
            position=0,
            addressed=False,
            joins=False,
            edited=asked.at,
        )
        assert not await (await meadow.inbox()).edited(now)
        held.release_all()
        await meadow.until_posted("Ben said something.")
        kept = await here.stored()
        assert "the warp is cotton" in kept and "SILK" not in kept


async def test_a_name_does_not_come_back_with_an_answer_to_others(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow, openai = here.meadow, here.stage.openai
        inbox = await meadow.inbox()
        openai.script.append(Answer("Hello both."))
        await meadow.say(meadow.event(ADA, "hi"))
        await meadow.until_posted("Hello both.")
        await here.stored()
        openai.script.append(Answer("To Balthasar."))
        said = await meadow.say(meadow.event(Author("77", "Balthasar"), "I weave"))
        await meadow.until_posted("Hello both.", "To Balthasar.")
        await here.stored()
        thread, both = said.thread, (said.ref.message, list(meadow.posts)[-1])
        await inbox.deleted(Removal(thread.platform, thread.space, "11", thread, both, both))
        held = Answer("Well, now.").hold()
        openai.script.append(held)
        await meadow.say(meadow.event(ADA, "and now?"))
        await openai.until(lambda: len(openai.chats) == 3)
        await inbox.deleted(Removal(thread.platform, thread.space, person="77"))
        held.release_all()
        await meadow.until(lambda: list(meadow.posts.values())[-1] == "Well, now.")
        assert "Balthasar" not in await here.stored()


async def test_what_is_not_wanted_any_more_once_a_fold_is_made_is_not_remembered(
    server: Valkey,
) -> None:
    async with a_meadow(server, SMALL) as here:
        await wanted(here)
        openai, held = here.stage.openai, list[Answer]()

        def answer(request: Request) -> Answer:
            made = proposing()(request)  # type: ignore[operator]
            if not held:
                held.append(made.hold())
            return made

        openai.on(folds, answer, times=None)
        # Its last question waits for the summary.
        talk = asyncio.create_task(long(here))
        await openai.until(lambda: bool(held))
        boss = here.meadow.event(BOSS)
        await here.meadow.call("settings", boss, thread=None, options={"memory": "off"})
        held[0].release_all()
        await talk
        await until_stored(server, True, "## Decisions")
        await until_stored(server, False, "The team agreed")
        assert here.meadow.told == []
