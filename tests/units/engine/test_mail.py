"""What people wrote, as entries."""

from __future__ import annotations

import threading

from bot.context.render import entry_tokens
from bot.context.tokens import Tokenizer
from bot.engine.counting import counted
from bot.records import Entry


class Watched(Tokenizer):
    """Notes in which thread it counts."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[int] = []

    def count(self, text: str) -> int:
        self.threads.append(threading.get_ident())
        return super().count(text)


async def test_long_text_is_counted_in_another_thread() -> None:
    tokenizer = Watched()
    for text in ("word", "word " * 30_000):
        entry = Entry("user", text, 1.0)
        assert (await counted(entry, tokenizer)).tokens == entry_tokens(entry, Tokenizer())
    here = threading.get_ident()
    assert [thread == here for thread in tokenizer.threads] == [True, False]
