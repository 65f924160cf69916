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
"""JPEG is decoded at a fraction of its size."""

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
QUALITY = 88

BROKEN = "the picture is broken"
MOVES = "the picture moves; I can look at still ones only"
HUGE = "the picture has too many pixels"


def picture_of(data: bytes, side: int = SIDE) -> Picture:
    """A picture as the model gets it: JPEG, upright, at most `side` pixels wide and high.

    Transparent parts become white. What stands beside the pixels, such as where a photo was taken,
    is not taken over.

    Raises:
        Unreadable: It is broken, moves, or has too many pixels.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return _shrunk(image, side)
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


def _shrunk(image: Image.Image, side: int) -> Picture:
    if getattr(image, "is_animated", False):
        raise Unreadable(MOVES)
    width, height = image.size
    most = MOST_JPEG_PIXELS if image.format == "JPEG" else MOST_PIXELS
    if width * height > most:
        raise Unreadable(HUGE)
    image.draft("RGB", (side, side))
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((side, side), reducing_gap=2.0)
    shown = _on_white(upright)
    out = io.BytesIO()
    shown.save(out, "JPEG", quality=QUALITY)
    return Picture("image/jpeg", out.getvalue(), *shown.size)


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
