"""What a file is, by its first bytes; what was declared only decides where those are ambiguous."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

HEAD = 4096
"""Bytes that are looked at."""


class Nature(StrEnum):
    """What can be done with a file."""

    PICTURE = "picture"
    PDF = "pdf"
    SOUND = "sound"
    TEXT = "text"
    """Perhaps: whether it really is text shows when it is decoded."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Look:
    """What a file seems to be.

    Attributes:
        nature: See `Nature`.
        what: For people, with its article, such as "a ZIP archive".
        ending: A file name's usual ending with its dot, for sound.
        media_type: The type to declare, for sound.
    """

    nature: Nature
    what: str
    ending: str = ""
    media_type: str = ""


EMPTY = Look(Nature.OTHER, "an empty file")
TEXT = Look(Nature.TEXT, "a text")
PDF = Look(Nature.PDF, "a PDF")
VIDEO = Look(Nature.OTHER, "a video")
_OFFICE = Look(Nature.OTHER, "an Office document, which I can read as a PDF")
_NEW_PICTURE = Look(Nature.OTHER, "a picture of a kind that I can't see; PNG and JPEG I can")
_ARCHIVE = Look(Nature.OTHER, "an archive")
_PROGRAM = Look(Nature.OTHER, "a program")


def _picture(what: str) -> Look:
    return Look(Nature.PICTURE, what)


def _sound(what: str, ending: str, media_type: str) -> Look:
    return Look(Nature.SOUND, what, ending, media_type)


_MP3 = _sound("a recording", ".mp3", "audio/mpeg")
_OGG = _sound("a recording", ".ogg", "audio/ogg")
_M4A = _sound("a recording", ".m4a", "audio/mp4")
_WEBM = _sound("a recording", ".webm", "audio/webm")

_MAGIC: tuple[tuple[bytes, Look], ...] = (
    (b"\x89PNG\r\n\x1a\n", _picture("a PNG picture")),
    (b"\xff\xd8\xff", _picture("a JPEG picture")),
    (b"GIF87a", _picture("a GIF picture")),
    (b"GIF89a", _picture("a GIF picture")),
    (b"BM", _NEW_PICTURE),
    (b"II*\x00", _NEW_PICTURE),
    (b"MM\x00*", _NEW_PICTURE),
    (b"8BPS", _NEW_PICTURE),
    (b"ID3", _MP3),
    (b"fLaC", _sound("a recording", ".flac", "audio/flac")),
    (b"OggS", _OGG),
    (b"PK\x03\x04", _ARCHIVE),
    (b"PK\x05\x06", _ARCHIVE),
    (b"Rar!\x1a\x07", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", _ARCHIVE),
    (b"\x1f\x8b", _ARCHIVE),
    (b"BZh", _ARCHIVE),
    (b"\xfd7zXZ\x00", _ARCHIVE),
    (b"(\xb5/\xfd", _ARCHIVE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", _OFFICE),
    (b"\x7fELF", _PROGRAM),
    (b"MZ", _PROGRAM),
    (b"\xca\xfe\xba\xbe", _PROGRAM),
    (b"\xcf\xfa\xed\xfe", _PROGRAM),
    (b"\x00asm", _PROGRAM),
    (b"SQLite format 3\x00", Look(Nature.OTHER, "a database")),
)
_AMBIGUOUS = (b"BM", b"MZ", b"BZh", b"ID3")
"""Texts may begin like this; then there is nothing but text behind it."""

_OFFICE_NAMES = (".docx", ".xlsx", ".pptx", ".odt", ".ods", ".odp")
_NEW_PICTURE_BRANDS = (b"heic", b"heix", b"heif", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
_SOUND_BRANDS = (b"M4A ", b"M4B ", b"F4A ")


def look(data: bytes, name: str = "", declared: str = "", spoken: bool = False) -> Look:
    """What a file is.

    Args:
        data: All of it, or at least its first `HEAD` bytes.
        name: Its name.
        declared: Its media type as the platform says.
        spoken: The platform says that somebody spoke it.
    """
    head = data[:HEAD]
    if not head:
        return EMPTY
    heard = spoken or declared.casefold().startswith("audio/")
    found = _container(head, heard) or _by_magic(head)
    if found is _ARCHIVE and name.casefold().endswith(_OFFICE_NAMES):
        return _OFFICE
    if found is _OGG and not heard and b"theora" in head:
        return VIDEO
    if found is not None:
        return found
    if b"%PDF-" in head[:1024]:
        return PDF
    if heard and head[0] == 0xFF and len(head) > 1 and head[1] & 0xE0 == 0xE0:
        # An MP3 without a tag begins with a frame; so does UTF-16, but nobody speaks that.
        return _MP3
    return TEXT


def _container(head: bytes, heard: bool) -> Look | None:
    """Formats that say further in what they hold."""
    if head[:4] == b"RIFF" and len(head) >= 12:
        if head[8:12] == b"WEBP":
            return _picture("a WebP picture")
        return _sound("a recording", ".wav", "audio/wav") if head[8:12] == b"WAVE" else VIDEO
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in _NEW_PICTURE_BRANDS:
            return _NEW_PICTURE
        return _M4A if heard or brand in _SOUND_BRANDS else VIDEO
    if head[:4] == b"\x1aE\xdf\xa3":
        return _WEBM if heard else VIDEO
    return None


def _by_magic(head: bytes) -> Look | None:
    for magic, found in _MAGIC:
        if head.startswith(magic):
            plain = magic in _AMBIGUOUS and not any(byte < 9 for byte in head)
            return None if plain else found
    return None
