"""A file goes with the answer that it belongs to: with another answer comes another file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from bot.chat import File, Incoming, MessageRef, Spot
from bot.controls import Action
from tests.flows.meadow import Field, Meadow
from tests.flows.stage import open_stage
from tests.flows.test_changes import gone
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer


def program(name: str) -> str:
    """An answer with so much code that it comes as a file, too."""
    lines = "\n".join(f"{name}_{number} = wind(bobbin, {number})" for number in range(120))
    return f"Here it is:\n\n```python\n{lines}\n```\n\nRun it twice."


class Shelf(Meadow):
    """Takes files.

    `lost` are questions that are deleted just when a file has been taken.
    """

    lost: tuple[Incoming, ...] = ()

    async def attach(
        self, spot: Spot, file: File, key: str, text: str = "", *, again: bool = False
    ) -> MessageRef:
        ref = await super().attach(spot, file, key, text, again=again)
        lost, self.lost = self.lost, ()
        for question in lost:
            await (await self.inbox()).deleted(gone(question))
        return ref

    def holds(self, *names: str) -> bool:
        """Whether the files are these."""
        found = [file.content.decode() for file in self.files.values()]
        return len(found) == len(names) and all(map(str.startswith, found, names))


@asynccontextmanager
async def a_shelf(server: Valkey) -> AsyncIterator[tuple[Shelf, Field]]:
    async with open_stage(server, start=False) as stage:
        shelf = Shelf()
        shelf.capabilities = replace(shelf.capabilities, max_chars=8000, file_bytes=100_000)
        await shelf.begin(stage)
        yield shelf, Field(shelf, stage)


async def test_an_answer_given_anew_has_its_own_file(server: Valkey) -> None:
    async with a_shelf(server) as (shelf, here):
        script = here.stage.openai.script
        script.append(Answer(program("one")))
        asked = await shelf.say(shelf.event())
        await shelf.until(lambda: shelf.holds("one"))
        [old] = shelf.files
        assert old in await here.stored()
        script.append(Answer(program("two")))
        assert await shelf.press(Action.REGENERATE, asked)
        await shelf.until(lambda: shelf.holds("two"))
        assert list(shelf.posts.values()) == [program("two")]
        stored = await here.stored()
        assert old not in stored
        assert next(iter(shelf.files)) in stored


async def test_an_answer_given_anew_may_have_none(server: Valkey) -> None:
    async with a_shelf(server) as (shelf, here):
        script = here.stage.openai.script
        script.append(Answer(program("one")))
        asked = await shelf.say(shelf.event())
        await shelf.until(lambda: shelf.holds("one"))
        await here.stored()
        script.append(Answer("It is a short one now."))
        await shelf.press(Action.REGENERATE, asked)
        await shelf.until(lambda: not shelf.files)
        await shelf.until_posted("It is a short one now.")


async def test_a_file_goes_with_a_question_that_is_deleted(server: Valkey) -> None:
    async with a_shelf(server) as (shelf, here):
        here.stage.openai.script.append(Answer(program("one")))
        asked = shelf.event()
        shelf.lost = (asked,)
        await shelf.say(asked)
        await shelf.until(lambda: not shelf.lost and not shelf.files and not shelf.posts)
        assert "wind(bobbin" not in await here.stored()


async def test_an_answer_that_begins_anew_has_another_file(server: Valkey) -> None:
    async with a_shelf(server) as (shelf, here):
        openai = here.stage.openai
        openai.script.append(Answer("A first answer, to begin with."))
        first = await shelf.say(shelf.event(text="SECRET"))
        await shelf.until_posted("A first answer, to begin with.")
        await here.stored()
        openai.script.extend((Answer(program("one")), Answer(program("two"))))
        shelf.lost = (first,)
        await shelf.say(shelf.event())
        await shelf.until(lambda: shelf.holds("two"))
        await shelf.until(lambda: list(shelf.posts.values())[-1] == program("two"))
        stored = await here.stored()
        assert "SECRET" not in stored
        assert "one_1 " not in stored
        assert "SECRET" not in openai.chats[-1].texts()
