"""Pictures, made small enough for a model and bare of everything but what is seen. Blocking."""

from __future__ import annotations

import io

from PIL import Image, ImageOps

from bot.attachments.faults import DECODER_FAULTS
from bot.errors import Unreadable
from bot.model.port import Picture

SIDE = 1280
"""Pixels of the longer side; models scale down what is much larger."""

THUMBNAIL = 512
"""The same for a picture that is only named."""

MOST_PIXELS = 25_000_000
"""Of a picture that has to be decoded whole: about 100 MB then."""

MOST_JPEG_PIXELS = 80_000_000
"""JPEG is decoded at a fraction of its size, if it comes in one scan."""

MOST_SCANS = 64
"""Times that a progressive JPEG goes over its pixels, those of previews in it included. Ten are
usual, and each takes as long as the picture is large, however few bytes it has."""

SCAN = b"\xff\xda"
"""Begins one (ITU-T T.81, B.1.1.3); within the data of a scan nothing looks like it."""

START, MARKER = b"\xff\xd8", b"\xff"
"""Of the picture, and of each segment in it (B.1.1.2)."""

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
QUALITY = 88

BROKEN = "the picture is broken"
MOVES = "the picture moves; I can look at still ones only"
HUGE = "the picture has too many pixels"
LAYERED = "the picture is made of too many layers"


def picture_of(data: bytes, side: int = SIDE) -> Picture:
    """A picture as the model gets it: JPEG, upright, at most `side` pixels wide and high.

    Transparent parts become white. What stands beside the pixels, such as where a photo was taken,
    is not taken over.

    Raises:
        Unreadable: It is broken, moves, or has too many pixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            jpeg = image.format == "JPEG"
            if jpeg and data.count(SCAN) > MOST_SCANS:
                raise Unreadable(LAYERED)
            return _shrunk(image, side, in_part=jpeg and _in_one_scan(data, image))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Unreadable(HUGE) from error
    except Unreadable:
        raise
    except DECODER_FAULTS as error:
        raise Unreadable(BROKEN) from error


def thumbnail_of(picture: Picture) -> Picture:
    """The same at low detail, for a look that costs little. Raises Unreadable."""
    small = picture_of(picture.data, THUMBNAIL)
    return Picture(small.media_type, small.data, small.width, small.height, detail="low")


def _shrunk(image: Image.Image, side: int, *, in_part: bool) -> Picture:
    if getattr(image, "is_animated", False):
        raise Unreadable(MOVES)
    width, height = image.size
    most = MOST_JPEG_PIXELS if in_part else MOST_PIXELS
    if width * height > most:
        raise Unreadable(HUGE)
    image.draft("RGB", (side, side))
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((side, side), reducing_gap=2.0)
    shown = _on_white(upright)
    out = io.BytesIO()
    shown.save(out, "JPEG", quality=QUALITY)
    return Picture("image/jpeg", out.getvalue(), *shown.size)


def _in_one_scan(data: bytes, image: Image.Image) -> bool:
    """Whether a JPEG's first scan holds all of it; if not, its decoder keeps the picture whole.

    False as well when what stands before that scan is not as it usually is.
    """
    if "progressive" in image.info:
        return False
    place = data.find(START) + len(START)
    while data[place : place + 1] == MARKER and data[place : place + 2] != SCAN:
        place += 2 + int.from_bytes(data[place + 2 : place + 4])
    components = data[place + 4 : place + 5]
    return data[place : place + 2] == SCAN and components == bytes([len(image.getbands())])


def _on_white(image: Image.Image) -> Image.Image:
    """A copy in RGB that carries no metadata."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        ground = Image.new("RGB", layer.size, "white")
        ground.paste(layer, mask=layer.getchannel("A"))
        return ground
    plain = Image.new("RGB", image.size)
    plain.paste(image.convert("RGB"))
    return plain
