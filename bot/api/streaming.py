"""Answers that are sent while they are made."""

from __future__ import annotations

import logging

from starlette.responses import StreamingResponse
from starlette.types import Send

from bot.errors import BobbinError

logger = logging.getLogger(__name__)


class WholeOrCut(StreamingResponse):
    """What cannot be sent to its end is cut off, so that nobody takes it for the whole."""

    async def stream_response(self, send: Send) -> None:
        """Send it. The connection is closed by the server where its end was not sent."""
        try:
            await super().stream_response(send)
        except (BobbinError, TimeoutError) as error:
            logger.warning("an answer was cut off: %s", str(error) or "the store hangs")
