"""Checks of the pictures in a request, by their bytes."""

from __future__ import annotations

import base64
import binascii
import struct
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 20 * 2**20
DETAILS = ("auto", "low", "high", "original")
_MAGIC = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that came in a request; `data` is empty for one that is only linked."""

    media_type: str
    data: bytes
    detail: str = "auto"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, as far as JPEG and PNG tell them."""
        if self.media_type == "image/png":
            return struct.unpack(">II", self.data[16:24])
        return _jpeg_size(self.data)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    at = 2
    while at + 9 < len(data):
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 + length
    return 0, 0


def picture_of(part: dict[str, Any]) -> Picture:
    """The picture of a part that was checked."""
    image = part["image_url"]
    head, _, data = image["url"].partition(";base64,")
    kind = head.removeprefix("data:") if data else ""
    return Picture(kind, base64.b64decode(data), image.get("detail", "auto"))


def fault_in(url: str) -> str | None:
    """What is wrong with the address of a picture, or None."""
    if url.startswith(("https://", "http://")):
        return None
    head, found, data = url.partition(";base64,")
    kind = head.removeprefix("data:")
    if not found or kind not in _MAGIC:
        return "expected a URL, or a base64-encoded data URL with a supported image MIME type"
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return "the base64 data is not valid"
    if not content.startswith(_MAGIC[kind]):
        return f"the image data is no {kind}"
    if len(content) > MOST_BYTES:
        return "the image is too large"
    if content.count(b"\x21\xf9\x04") > 1 and kind == "image/gif":
        return "animated images are not supported"
    return None
