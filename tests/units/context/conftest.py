"""The real tokenizer, loaded once."""

from __future__ import annotations

import pytest

from bot.context.tokens import Tokenizer, load_tokenizer


@pytest.fixture(scope="session")
def tokenizer() -> Tokenizer:
    """o200k_base from the shipped ranks."""
    return load_tokenizer("gpt-6-luna")
