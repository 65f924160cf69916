"""What people think of answers, as JSON lines: one opinion a line, without a word of the answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

from bot.storage.types import Rated


async def feedback_lines(ratings: AsyncIterator[Rated]) -> AsyncIterator[str]:
    """Lines with thread, turn, user, rating ("good" or "bad"), at (UTC, ISO 8601) and model.

    `thread` and `turn` are those of `bobbin export`, where the words are.
    """
    async for rated in ratings:
        line = {
            "thread": str(rated.thread),
            "turn": rated.turn,
            "user": rated.user,
            "rating": str(rated.rating),
            "at": datetime.fromtimestamp(rated.at, UTC).isoformat(timespec="milliseconds"),
            "model": rated.model,
        }
        yield json.dumps(line) + "\n"
