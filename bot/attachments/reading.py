"""One attachment after the other: fetched, looked at, and made into what a model can read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from bot.attached import AttachedAs, Attachment
from bot.attachments.documents import pdf_text
from bot.attachments.pictures import SIDE, picture_of
from bot.attachments.sniff import Look, Nature, look
from bot.attachments.texts import MOST_BYTES, decoded
from bot.errors import (
    BudgetExceeded,
    MessageGone,
    ModelError,
    NotAllowed,
    PlatformError,
    StoreError,
    TooLarge,
    Unreadable,
)
from bot.model.port import Picture, Recording

logger = logging.getLogger(__name__)

MEGABYTE = 1024 * 1024
MOST_FILES = 10
"""Attachments of one turn that are read."""
MOST_PICTURES = 8
FETCH_SECONDS = 30.0
HEAR_SECONDS = 90.0
AT_ONCE = 3
"""Attachments of one turn that are worked on at the same time."""
IN_PROCESS = 6
"""The same of all turns together: each may hold a whole file in memory."""
DECODED_AT_ONCE = 2
DECODE_SECONDS = 30.0
"""One takes about two seconds at most."""
MOST_SOUND_BYTES = 25 * MEGABYTE
"""What transcription takes."""

Download = Callable[[Attachment, int], Awaitable[bytes]]
Hear = Callable[[Recording], Awaitable[str]]
"""Writes down what is said. Raises ModelError, BudgetExceeded, StoreError."""

OFF = "reading attachments is switched off"
TOO_MANY = "there are too many files"
TOO_MUCH = "together the files are too large"
GONE = "it is there no more"
ELSEWHERE = "it is kept at another place"
FORBIDDEN = "I may not read it"
NO_ANSWER = "it could not be fetched"
SLOW = "fetching it took too long"
BUSY = "looking at it took too long"
DEAF = "I can't listen to recordings"
UNHEARD = "it could not be written down"
SILENT = "nothing is said in it"
NO_MONEY = "what may be used is used up"


@dataclass(frozen=True, slots=True)
class Opened:
    """What an attachment came to: one of the three, or nothing and why.

    Attributes:
        attachment: Which one.
        text: What it says.
        kind: What the text is, such as "PDF, 3 pages", for the model.
        cut: How much of it that is when it is not all of it; empty otherwise.
        spoken: The text was spoken.
        picture: What it shows.
        why_not: Why it was not read, as a clause; empty when it was.
    """

    attachment: Attachment
    text: str = ""
    kind: str = ""
    cut: str = ""
    spoken: bool = False
    picture: Picture | None = None
    why_not: str = ""


@dataclass(slots=True)
class Allotment:
    """Bytes that the attachments of one turn may still have together."""

    left: int

    def take(self, most: int) -> int:
        """At most `most` of what is left."""
        return min(self.left, most)

    def used(self, size: int) -> None:
        self.left = max(0, self.left - size)


@dataclass(slots=True)
class AttachmentReader:
    """Reads what people attach. One for all turns of a process.

    Attributes:
        most_bytes: Of one file; 0 reads none at all. Those of one turn have twice that together.
        hears: Whether recordings can be written down.
        places: How many files are held in memory at once.
        decoders: Threads that look at pictures. They have none of the others, whose work goes on
            meanwhile, and a turn that is given up leaves no room for one picture more.
        decode_seconds: How long a picture may take, with the wait for those before.
    """

    most_bytes: int = 20 * MEGABYTE
    hears: bool = False
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(IN_PROCESS))
    decoders: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(DECODED_AT_ONCE, "pictures")
    )
    decode_seconds: float = DECODE_SECONDS

    async def read(
        self,
        attachments: Sequence[Attachment],
        download: Download,
        hear: Hear,
        side: int = SIDE,
    ) -> list[Opened]:
        """Read them, some at a time, and return what each came to, in the same order.

        Args:
            attachments: Of one turn.
            download: As `Adapter.download`.
            hear: Writes recordings down.
            side: Pixels that a picture may have on its longer side.

        Raises:
            Nothing of its own: whatever can't be read is one of the results.
        """
        at_once = asyncio.Semaphore(AT_ONCE)
        allotment = Allotment(2 * self.most_bytes)

        async def one(place: int, attachment: Attachment) -> Opened:
            if place >= MOST_FILES:
                return Opened(attachment, why_not=TOO_MANY)
            async with at_once, self.places:
                try:
                    return await self._open(attachment, download, hear, side, allotment)
                except Unreadable as error:
                    return Opened(attachment, why_not=error.user_text)

        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(one(place, attachment))
                for place, attachment in enumerate(attachments)
            ]
        return [task.result() for task in tasks]

    async def _open(
        self,
        attachment: Attachment,
        download: Download,
        hear: Hear,
        side: int,
        allotment: Allotment,
    ) -> Opened:
        if not self.most_bytes:
            raise Unreadable(OFF)
        if attachment.kind is AttachedAs.ELSEWHERE:
            raise Unreadable(ELSEWHERE)
        if attachment.kind is AttachedAs.VOICE and not self.hears:
            raise Unreadable(DEAF)
        data = await self._fetch(attachment, download, allotment)
        spoken = attachment.kind is AttachedAs.VOICE
        seen = look(data, attachment.name, attachment.media_type, spoken)
        match seen.nature:
            case Nature.PICTURE:
                return Opened(attachment, picture=await self._picture(data, side))
            case Nature.PDF:
                return await self._pdf(attachment, data)
            case Nature.SOUND:
                return await self._sound(attachment, data, seen, hear)
            case Nature.TEXT:
                text = await asyncio.to_thread(decoded, data)
                if not text.strip():
                    raise Unreadable("it is empty")
                cut = f"its first {_megabytes(MOST_BYTES)} MB" if len(data) > MOST_BYTES else ""
                return Opened(attachment, text=text, cut=cut)
            case Nature.OTHER:
                raise Unreadable(f"it is {seen.what}")

    async def _fetch(
        self, attachment: Attachment, download: Download, allotment: Allotment
    ) -> bytes:
        too_large = f"it has more than {_megabytes(self.most_bytes)} MB"
        if attachment.size > self.most_bytes:
            raise Unreadable(too_large)
        most = allotment.take(self.most_bytes)
        if attachment.size > most or not most:
            raise Unreadable(TOO_MUCH)
        # What is announced may be a lie; what is on its way is counted as if it were all used.
        allotment.used(attachment.size)
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                data = await download(attachment, most)
        except TimeoutError as error:
            raise Unreadable(SLOW) from error
        except TooLarge as error:
            raise Unreadable(too_large if most == self.most_bytes else TOO_MUCH) from error
        except PlatformError as error:
            logger.warning("an attachment could not be fetched: %s (%s)", error, error.hint)
            raise Unreadable(_why(error)) from error
        allotment.used(max(0, len(data) - attachment.size))
        return data

    async def _picture(self, data: bytes, side: int) -> Picture:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.decode_seconds):
                return await loop.run_in_executor(self.decoders, picture_of, data, side)
        except TimeoutError as error:
            raise Unreadable(BUSY) from error

    async def _pdf(self, attachment: Attachment, data: bytes) -> Opened:
        found = await pdf_text(data)
        cut = "" if found.read == found.pages else f"the first {found.read:,} of its pages"
        plural = "" if found.pages == 1 else "s"
        kind = f"PDF, {found.pages:,} page{plural}"
        return Opened(attachment, text=found.text, kind=kind, cut=cut)

    async def _sound(self, attachment: Attachment, data: bytes, seen: Look, hear: Hear) -> Opened:
        if not self.hears:
            raise Unreadable(DEAF)
        if len(data) > MOST_SOUND_BYTES:
            raise Unreadable(f"a recording may have {_megabytes(MOST_SOUND_BYTES)} MB")
        recording = Recording(f"recording{seen.ending}", seen.media_type, data)
        try:
            async with asyncio.timeout(HEAR_SECONDS):
                text = await hear(recording)
        except TimeoutError as error:
            raise Unreadable(UNHEARD) from error
        except BudgetExceeded as error:
            raise Unreadable(NO_MONEY) from error
        except (ModelError, StoreError) as error:
            logger.warning("a recording was not written down: %s (%s)", error, error.hint)
            raise Unreadable(UNHEARD) from error
        if not text.strip():
            raise Unreadable(SILENT)
        return Opened(attachment, text=text.strip(), spoken=True)


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:g}"


def _why(error: PlatformError) -> str:
    if isinstance(error, MessageGone):
        return GONE
    return FORBIDDEN if isinstance(error, NotAllowed) else NO_ANSWER
