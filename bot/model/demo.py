"""A model without a network, for a first try and for tests: it knows what was said, no more."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator

from bot.errors import NoSight
from bot.model.demo_answers import answer, write_summary
from bot.model.demo_memory import Conversation, read_conversation
from bot.model.demo_tools import call_for, result_of
from bot.model.port import (
    Finished,
    FinishReason,
    ModelEvent,
    Prompt,
    Purpose,
    TextDelta,
    Usage,
)

NAME = "demo"
PACE_SECONDS = 0.03
_PIECE = re.compile(r"\s*\S{1,24}|\s+")
_BYTES_PER_TOKEN = 4
_FRAME_TOKENS = 4


class DemoModel:
    """Implements `bot.model.port.Model` by quoting the conversation back.

    It answers when neither OPENAI_API_KEY nor OPENAI_BASE_URL is set, and says so.

    Args:
        pace: Seconds between two words; 0 for as fast as they are read.
    """

    def __init__(self, pace: float = PACE_SECONDS) -> None:
        self._pace = pace

    @property
    def name(self) -> str:
        """The model's name."""
        return NAME

    async def close(self) -> None:
        """Nothing to release."""

    async def stream(self, prompt: Prompt) -> AsyncGenerator[ModelEvent, None]:
        """Answer word by word; token counts are estimates.

        Raises:
            NoSight: There are pictures in the prompt.
        """
        if any(message.pictures for message in prompt.messages):
            raise NoSight("the demo sees nothing")
        folding = prompt.purpose is Purpose.SUMMARY
        conversation = read_conversation(prompt.messages, folding=folding)
        call = None if folding else call_for(prompt, conversation)
        asked = sum(_tokens(message.content) + _FRAME_TOKENS for message in prompt.messages)
        if call is not None and result_of(prompt) is None:
            usage = Usage(prompt=asked, completion=_tokens(call.arguments))
            yield Finished(FinishReason.TOOLS, usage, NAME, (call,))
            return
        text = write_summary(conversation) if folding else _said(prompt, conversation)
        most = prompt.max_output_tokens
        short = text if most is None else text[: most * _BYTES_PER_TOKEN]
        for piece in _PIECE.findall(short):
            await asyncio.sleep(self._pace)
            yield TextDelta(piece)
        reason = FinishReason.STOP if short == text else FinishReason.LENGTH
        yield Finished(reason, Usage(prompt=asked, completion=_tokens(short)), NAME)


def _said(prompt: Prompt, conversation: Conversation) -> str:
    return result_of(prompt) or answer(conversation)


def _tokens(text: str) -> int:
    return -(-len(text.encode("utf-8", "replace")) // _BYTES_PER_TOKEN)
