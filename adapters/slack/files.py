"""Files that go out: handed over once, and found again."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from adapters.slack import history
from adapters.slack.calls import Calls
from adapters.slack.faults import Denied, Refused
from adapters.slack.mrkdwn import mrkdwn
from adapters.slack.values import Own, Timing, fields, objects
from bot.chat import File, MessageRef, Spot
from bot.errors import MessageGone, PlatformBusy, PlatformError

log = logging.getLogger(__name__)

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

        Slack says a moment later where it shows a file. It does not let files carry a key: a part
        of the key goes into the file's name, by which its message is found in the thread when
        the answer to an upload was lost.

        Raises:
            PlatformError: It was not taken, or its message is not there.
        """
        name = marked(file.name, key)
        if again:
            found = await self._find(spot, name)
            if found is not None:
                return found
        given = [{**upload(file), "filename": name}]
        try:
            answer = await self._calls.answer(
                lambda client: client.files_upload_v2(
                    file_uploads=given,
                    channel=spot.channel,
                    thread_ts=spot.reply_to,
                    initial_comment=mrkdwn(text) or None,
                ),
                seconds=UPLOAD_SECONDS,
            )
        except PlatformBusy:
            # Perhaps only the answer was lost.
            if (found := await self._looked_for(spot, name)) is not None:
                return found
            raise
        taken = next((str(each.get("id")) for each in objects(answer.get("files"))), "")
        found = await self._shown(spot, taken) or await self._looked_for(spot, name)
        if found is None:
            raise PlatformError("Slack took a file, but shows it nowhere")
        return found

    async def _find(self, spot: Spot, name: str) -> MessageRef | None:
        """The message of ours with a file of this name. Raises PlatformError."""
        ours = await history.ours(self._calls, self._own, self._timing, spot)
        found = history.attached(ours, name)
        return None if found is None else MessageRef(spot.channel, found, self._own.team)

    async def _looked_for(self, spot: Spot, name: str) -> MessageRef | None:
        try:
            return await self._find(spot, name)
        except PlatformBusy:
            return None

    async def _shown(self, spot: Spot, file: str) -> MessageRef | None:
        """The message that shows a file which was taken; None when Slack does not tell."""
        for seconds in LOOKS:
            await asyncio.sleep(seconds)
            try:
                answer = await self._calls.answer(lambda client: client.files_info(file=file))
            except PlatformBusy:
                continue
            except (Denied, MessageGone, Refused) as refusal:
                log.info("A file is looked for in its thread: %s", refusal)
                break
            if (found := shown_in(fields(answer.get("file")), spot.channel)) is not None:
                return MessageRef(spot.channel, found, self._own.team)
        return None


def marked(name: str, key: str) -> str:
    """A file's name with what stands for `key`, the same for the same two."""
    path = PurePosixPath(name)
    mark = hashlib.sha256(key.encode()).hexdigest()[:MARK_LETTERS]
    return f"{path.stem}-{mark}{path.suffix}"


def shown_in(file: Mapping[str, Any], channel: str) -> str | None:
    """The message that shows a file in a channel, None when none does yet."""
    for shares in fields(file.get("shares")).values():
        for share in objects(fields(shares).get(channel)):
            if isinstance(ts := share.get("ts"), str):
                return ts
    return None


def upload(file: File) -> dict[str, Any]:
    """A file as the SDK takes it."""
    name = file.name.replace("/", "-")[-LONGEST_NAME:] or "file"
    return {"filename": name, "title": name, "content": file.content}
