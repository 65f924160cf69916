"""Files that go out: handed over once, and found again."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import PurePosixPath
from typing import Any

from adapters.slack import history
from adapters.slack.calls import Calls
from adapters.slack.markup import escaped
from adapters.slack.values import Own, Timing
from bot.chat import File, MessageRef, Spot
from bot.errors import PlatformBusy, PlatformError

FILE_BYTES = 50 * 1024 * 1024
"""Slack takes a gigabyte; what is in memory should be less."""

LONGEST_NAME = 200
MARK_LETTERS = 6
UPLOAD_SECONDS = 20.0
"""For the three calls that a file takes."""

LOOKS = (0.0, 0.3, 1.0, 2.0)
"""Seconds before each look for the message: Slack makes it a moment after it took the file."""


class Files:
    """Hands files over.

    Args:
        calls: Makes the calls.
        own: Who we are.
        timing: Waits and time-outs.
    """

    def __init__(self, calls: Calls, own: Own, timing: Timing) -> None:
        self._calls = calls
        self._own = own
        self._timing = timing

    async def hand_over(
        self, spot: Spot, file: File, key: str, text: str, *, again: bool
    ) -> MessageRef:
        """Upload a file into a thread, and tell which message holds it.

        Slack does not say which one that is, nor does it let files carry a key. So a part of the
        key goes into the file's name, by which its message is found in the thread.

        Raises:
            PlatformError: It was not taken, or its message is not there.
        """
        name = marked(file.name, key)
        if again:
            found = await history.attached(self._calls, self._own, self._timing, spot, name)
            if found is not None:
                return found
        given = [{**upload(file), "filename": name}]
        try:
            await self._calls.answer(
                lambda client: client.files_upload_v2(
                    file_uploads=given,
                    channel=spot.channel,
                    thread_ts=spot.reply_to,
                    initial_comment=escaped(text) or None,
                ),
                seconds=UPLOAD_SECONDS,
            )
        except PlatformBusy:
            # Perhaps only the answer was lost.
            if (found := await self._find(spot, name)) is not None:
                return found
            raise
        for seconds in LOOKS:
            await asyncio.sleep(seconds)
            if (found := await self._find(spot, name)) is not None:
                return found
        raise PlatformError("Slack took a file, but shows it nowhere")

    async def _find(self, spot: Spot, name: str) -> MessageRef | None:
        try:
            return await history.attached(self._calls, self._own, self._timing, spot, name)
        except PlatformBusy:
            return None


def marked(name: str, key: str) -> str:
    """A file's name with what stands for `key`, the same for the same two."""
    path = PurePosixPath(name)
    mark = hashlib.sha256(key.encode()).hexdigest()[:MARK_LETTERS]
    return f"{path.stem}-{mark}{path.suffix}"


def upload(file: File) -> dict[str, Any]:
    """A file as the SDK takes it."""
    name = file.name.replace("/", "-")[-LONGEST_NAME:] or "file"
    return {"filename": name, "title": name, "content": file.content}
