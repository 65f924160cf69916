"""What a file is, by its bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.attachments.sniff import Nature, look
from tests import enclosures


@pytest.mark.parametrize(
    ("data", "nature"),
    [
        (enclosures.picture(), Nature.PICTURE),
        (enclosures.picture(kind="JPEG"), Nature.PICTURE),
        (enclosures.picture(kind="WEBP"), Nature.PICTURE),
        (enclosures.moving(), Nature.PICTURE),
        (b"\0\0\0\x18ftypheic" + b"\0" * 9, Nature.OTHER),
        (b"BM\x01\x02\0\0\0\0", Nature.OTHER),
        (b"BM is the name of a loom", Nature.TEXT),
        (b"MZ is a sign, too", Nature.TEXT),
        (enclosures.pdf("a"), Nature.PDF),
        (b"junk in front\n" + enclosures.pdf("a"), Nature.PDF),
        (enclosures.OGG, Nature.SOUND),
        (b"ID3\x04\0\0\0\0\0\x21", Nature.SOUND),
        (b"RIFF\0\0\0\0WAVEfmt ", Nature.SOUND),
        (b"RIFF\0\0\0\0AVI LIST", Nature.OTHER),
        (b"\0\0\0\x18ftypM4A " + b"\0" * 9, Nature.SOUND),
        (b"\0\0\0\x18ftypisom" + b"\0" * 9, Nature.OTHER),
        (b"PK\x03\x04" + b"\0" * 9, Nature.OTHER),
        (b"\x7fELF\x02", Nature.OTHER),
        (b"plain words", Nature.TEXT),
        ("ÄÖÜ".encode("utf-16"), Nature.TEXT),
        (b"", Nature.OTHER),
    ],
)
def test_by_bytes_alone(data: bytes, nature: Nature) -> None:
    assert look(data, "whatever.png", "image/png").nature is nature


@pytest.mark.parametrize("declared", ["audio/mp4", "audio/webm", "AUDIO/MPEG"])
def test_what_holds_sound_or_pictures_is_what_was_declared(declared: str) -> None:
    for data in (b"\0\0\0\x18ftypisom" + b"\0" * 9, b"\x1aE\xdf\xa3webm", b"\xff\xfb\x90\0"):
        assert look(data, "a", declared).nature is Nature.SOUND
        assert look(data, "a", "", spoken=True).nature is Nature.SOUND


def test_office_documents_are_told_from_archives() -> None:
    assert "Office" in look(b"PK\x03\x04\0", "Plan.DOCX").what
    assert "archive" in look(b"PK\x03\x04\0", "plan.zip").what


@given(st.binary(max_size=64), st.text(max_size=9), st.text(max_size=9), st.booleans())
def test_anything_can_be_looked_at(data: bytes, name: str, declared: str, spoken: bool) -> None:
    found = look(data, name, declared, spoken)
    assert found.what
    assert bool(found.ending) == (found.nature is Nature.SOUND)
