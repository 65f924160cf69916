"""The text of PDFs."""

from __future__ import annotations

import io
from pathlib import Path

import pypdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.attachments import documents, pdf_worker
from bot.attachments.documents import BROKEN, LOCKED, SCANNED, SLOW, pdf_text
from bot.errors import Unreadable
from tests import enclosures


def locked() -> bytes:
    """A PDF that asks for a password."""
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(enclosures.pdf("a secret")))
    writer.encrypt("sesame", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


async def test_text_and_pages_are_read() -> None:
    found = await pdf_text(enclosures.pdf("The warp.", "The weft."))
    assert (found.text, found.pages, found.read) == ("The warp.\n\nThe weft.", 2, 2)


async def test_what_cannot_be_read_is_refused_with_a_word() -> None:
    refused = {
        BROKEN: b"%PDF-1.7 and nothing else",
        LOCKED: locked(),
        SCANNED: enclosures.pdf("", ""),
    }
    for why, data in refused.items():
        with pytest.raises(Unreadable, match=why):
            await pdf_text(data)


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A worker that never answers."""
    worker = tmp_path / "hangs.py"
    worker.write_text("import time\ntime.sleep(60)\n", encoding="utf-8")
    monkeypatch.setattr(documents, "_WORKER", str(worker))
    monkeypatch.setattr(documents, "SPARE_SECONDS", 0.2)


@pytest.mark.usefixtures("hanging")
async def test_a_reader_that_hangs_is_ended() -> None:
    with pytest.raises(Unreadable, match=SLOW):
        await pdf_text(enclosures.pdf("a", padding=1 << 20), seconds=0.1)


@pytest.mark.parametrize(
    ("limits", "read"), [((4, 999, 9.0), 4), ((99, 15, 9.0), 3), ((99, 999, -1.0), 0)]
)
def test_limits_of_pages_characters_and_time(limits: tuple[int, int, float], read: int) -> None:
    data = enclosures.pdf(*(f"Page {number}." for number in range(9)))
    found = pdf_worker.text_of(io.BytesIO(data), *limits)
    assert (found["pages"], found["read"]) == (9, read)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_broken_pdfs_give_an_answer(data: st.DataObject) -> None:
    """What the worker itself makes of them; nothing but its answer leaves it."""
    spoilt = bytearray(enclosures.pdf("The warp.", "The weft."))
    for _ in range(data.draw(st.integers(1, 12))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(spoilt)) | st.just(len(spoilt)))
    found = pdf_worker.text_of(io.BytesIO(bytes(spoilt[:cut])), 10, 1000, 5.0)
    assert "error" in found or isinstance(found["text"], str)
