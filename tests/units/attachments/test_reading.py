"""Attachments of a turn, one after the other."""

from __future__ import annotations

import asyncio
import threading

import pytest

from bot.attached import AttachedAs, Attachment
from bot.attachments import reading, wording
from bot.attachments.reading import AttachmentReader, Opened
from bot.errors import (
    BudgetExceeded,
    MessageGone,
    ModelBusy,
    NotAllowed,
    PlatformBusy,
    TooLarge,
)
from bot.model.port import Recording
from tests import enclosures

FILES = {
    "a.txt": b"some words",
    "a.png": enclosures.picture(),
    "a.pdf": enclosures.pdf("The warp."),
    "a.ogg": enclosures.OGG,
    "blank.txt": b" \n ",
    "a.zip": b"PK\x03\x04rest",
}


class Desk:
    """Downloads from memory and listens badly.

    Attributes:
        most: What may be downloaded at most, call by call.
        running: Downloads at this moment, and the most there were at once.
    """

    def __init__(self, faults: dict[str, Exception] | None = None, heard: str = "Hello.") -> None:
        self.faults = faults or {}
        self.heard: str | Exception = heard
        self.most: list[int] = []
        self.running = self.peak = 0

    async def download(self, attachment: Attachment, most: int) -> bytes:
        self.most.append(most)
        self.running += 1
        self.peak = max(self.peak, self.running)
        await asyncio.sleep(0)
        self.running -= 1
        if attachment.name in self.faults:
            raise self.faults[attachment.name]
        return FILES[attachment.name]

    async def hear(self, recording: Recording) -> str:
        if isinstance(self.heard, Exception):
            raise self.heard
        return self.heard

    async def read(self, reader: AttachmentReader, *attachments: Attachment) -> list[Opened]:
        return await reader.read(attachments, self.download, self.hear)


READER = AttachmentReader(1000, hears=True)


async def test_each_is_read_for_what_it_is() -> None:
    reader = AttachmentReader(hears=True)
    found = await Desk().read(reader, *map(Attachment, ("a.txt", "a.png", "a.pdf", "a.ogg")))
    text, picture, document, sound = found
    assert text.text == "some words"
    assert picture.picture is not None and picture.picture.width == 64
    assert (document.text, document.kind) == ("The warp.", "PDF, 1 page")
    assert (sound.text, sound.spoken) == ("Hello.", True)
    assert not any(each.why_not for each in found)


@pytest.mark.parametrize(
    ("attachment", "why"),
    [
        (Attachment("a.txt", size=1001), "it has more than 0.000953674 MB"),
        (Attachment("a.txt", kind=AttachedAs.ELSEWHERE), reading.ELSEWHERE),
        (Attachment("blank.txt"), "it is empty"),
        (Attachment("a.zip"), "it is an archive"),
    ],
)
async def test_what_is_not_read_has_a_reason(attachment: Attachment, why: str) -> None:
    [found] = await Desk().read(READER, attachment)
    assert found.why_not == why


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (MessageGone("x"), reading.GONE),
        (NotAllowed("x"), reading.FORBIDDEN),
        (PlatformBusy("x"), reading.NO_ANSWER),
        (TooLarge("x"), "it has more than 0.000953674 MB"),
    ],
)
async def test_faults_of_the_platform(fault: Exception, why: str) -> None:
    [found, other] = await Desk({"a.txt": fault}).read(
        READER, Attachment("a.txt"), Attachment("blank.txt")
    )
    assert found.why_not == why
    assert other.why_not == "it is empty"


@pytest.mark.parametrize(
    ("heard", "why"),
    [
        (ModelBusy("x"), reading.UNHEARD),
        (BudgetExceeded("x"), reading.NO_MONEY),
        (" ", reading.SILENT),
    ],
)
async def test_faults_of_hearing(heard: str | Exception, why: str) -> None:
    desk = Desk()
    desk.heard = heard
    [found] = await desk.read(AttachmentReader(hears=True), Attachment("a.ogg"))
    assert found.why_not == why


async def test_of_a_very_long_text_the_beginning_is_decoded() -> None:
    FILES["long.txt"] = b"word\n" * 300_000
    [found] = await Desk().read(AttachmentReader(), Attachment("long.txt"))
    assert (len(found.text), found.cut) == (1 << 20, "its first 1 MB")


async def test_nothing_is_fetched_that_would_not_be_read() -> None:
    desk = Desk()
    deaf = AttachmentReader(hears=False)
    [voice] = await desk.read(deaf, Attachment("a.ogg", kind=AttachedAs.VOICE))
    [off] = await desk.read(AttachmentReader(0), Attachment("a.txt"))
    assert (voice.why_not, off.why_not) == (reading.DEAF, reading.OFF)
    assert not desk.most


async def test_a_turn_has_bounds_of_its_own() -> None:
    desk = Desk()
    many = [Attachment("a.txt", size=300) for _ in range(12)]
    found = await desk.read(READER, *many)
    assert [each.why_not for each in found[10:]] == [reading.TOO_MANY] * 2
    assert [each.why_not for each in found[:6]] == [""] * 6
    assert found[6].why_not == reading.TOO_MUCH
    assert desk.peak <= reading.AT_ONCE
    assert max(desk.most) <= 1000


async def test_a_download_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "FETCH_SECONDS", 0.01)

    async def hang(attachment: Attachment, most: int) -> bytes:
        await asyncio.Event().wait()
        return b""

    [found] = await READER.read([Attachment("a.txt")], hang, Desk().hear)
    assert found.why_not == reading.SLOW


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("loom.png", "loom.png"),
        ('a"b]c\n[d].txt', "a b)c (d).txt"),
        ("`*_x_*`", "x"),
        ("\u202egnp.exe", "gnp.exe"),
        ("", "a file"),
        ("n" * 200 + ".png", "n" * 68 + "…" + "n" * 6 + ".png"),
    ],
)
def test_names_are_harmless(name: str, plain: str) -> None:
    assert wording.plain_name(name) == plain


def test_nothing_in_a_file_ends_its_code_block() -> None:
    text = "```\nnot the end\n````"
    assert wording.fenced(text, "x.PY") == f"`````python\n{text}\n`````"
    assert wording.fenced("a") == "```\na\n```"


def test_what_people_are_told() -> None:
    assert wording.told([], []) == ""
    assert wording.told(["a (b)"], ["c, half"]) == "*(Not read: a (b). Read in part: c, half.)*"


@pytest.mark.parametrize(
    ("stored", "reworded"),
    [
        ("old", "new"),
        ('old\n\n[Attached: "a.txt"]\n```\nx\n```', 'new\n\n[Attached: "a.txt"]\n```\nx\n```'),
        ('[Attached: "a.png", 8×8 pixels]', 'new\n\n[Attached: "a.png", 8×8 pixels]'),
        ("see [Attached: this]", "new"),
    ],
)
def test_an_edit_leaves_what_came_with_a_message(stored: str, reworded: str) -> None:
    assert wording.reworded(stored, "new") == reworded


async def test_pictures_in_the_way_hold_up_pictures_only_and_not_for_ever() -> None:
    desk, done = Desk(), threading.Event()
    reader = AttachmentReader(decode_seconds=0.05)
    before = [reader.decoders.submit(done.wait, 10.0) for _ in range(reading.DECODED_AT_ONCE)]
    files = [Attachment(name, size=10, url="u", id=name) for name in ("a.png", "a.txt")]
    try:
        picture, text = await reader.read(files, desk.download, desk.hear)
    finally:
        done.set()
    assert (picture.why_not, text.text) == (reading.BUSY, "some words")
    assert all(each.result() for each in before)
    (picture,) = await AttachmentReader().read(files[:1], desk.download, desk.hear)
    assert picture.picture is not None
