"""Lines about pictures, asked for beside the answer."""

from __future__ import annotations

import asyncio

from bot.attachments.pictures import picture_of
from bot.engine.captions import Captions, read_lines
from bot.errors import ModelBusy
from bot.model.port import Prompt, Purpose
from tests import enclosures

PICTURES = [picture_of(enclosures.picture(900, 600)), picture_of(enclosures.picture())]


async def test_one_small_request_for_all_pictures() -> None:
    asked: list[Prompt] = []

    async def ask(prompt: Prompt) -> str:
        asked.append(prompt)
        return "1: A red loom.\n2. **A blue** bobbin\nand something else"

    captions = Captions(PICTURES, ask)
    assert await captions.lines() == {}
    captions.begin()
    captions.begin()
    assert await captions.lines() == {1: "A red loom.", 2: "A blue** bobbin"}
    [prompt] = asked
    assert prompt.purpose is Purpose.CAPTION
    assert [picture.detail for picture in prompt.messages[0].pictures] == ["low", "low"]
    assert max(prompt.messages[0].pictures[0].width, 0) == 512
    await captions.close()


async def test_no_caption_is_no_fault() -> None:
    async def fail(prompt: Prompt) -> str:
        raise ModelBusy("down")

    async def hang(prompt: Prompt) -> str:
        await asyncio.Event().wait()
        return ""

    for ask in (fail, hang):
        captions = Captions(PICTURES, ask)
        captions.begin()
        assert await captions.lines(0.05) == {}
        await captions.close()


def test_what_a_model_says_about_pictures() -> None:
    assert read_lines(" A loom. ", 1) == {1: "A loom."}
    assert read_lines(" ", 1) == {}
    assert read_lines("- 1) a\n(2): b\n3: c", 2) == {1: "a", 2: "b"}
    assert read_lines("no numbers here", 2) == {}
