"""Pictures as the model gets them."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from bot.attachments.pictures import (
    BROKEN,
    HUGE,
    LAYERED,
    MOST_SCANS,
    MOVES,
    picture_of,
    thumbnail_of,
)
from bot.errors import Unreadable
from bot.model.port import Picture
from tests import enclosures


def opened(picture: Picture) -> Image.Image:
    """What the model sees."""
    return Image.open(io.BytesIO(picture.data))


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("PNG", "1"), ("PNG", "I;16"),
     ("JPEG", "RGB"), ("JPEG", "CMYK"), ("WEBP", "RGBA"), ("GIF", "P")],
)  # fmt: skip
def test_every_kind_becomes_a_small_jpeg(kind: str, mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (300, 200)).save(out, kind)
    found = picture_of(out.getvalue(), side=100)
    assert (found.media_type, found.width, found.height) == ("image/jpeg", 100, 67)
    with opened(found) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (100, 67))


def test_small_ones_keep_their_size_and_cost_little() -> None:
    found = picture_of(enclosures.picture(64, 40))
    assert (found.width, found.height, found.tokens) == (64, 40, 24 + 2 * 2)
    assert picture_of(enclosures.picture(5000, 10), side=100).height == 1


def test_photos_stand_upright_and_tell_nothing_of_their_maker() -> None:
    found = picture_of(enclosures.turned(64, 32))
    assert (found.width, found.height) == (32, 64)
    with opened(found) as image:
        assert not image.getexif()
    assert b"maker" not in found.data


def test_what_is_transparent_is_white() -> None:
    clear = enclosures.picture(mode="RGBA", colour="#00000000")
    with opened(picture_of(clear)) as image:
        assert image.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (enclosures.moving("GIF"), MOVES),
        (enclosures.moving("PNG"), MOVES),
        (enclosures.moving("WEBP"), MOVES),
        (enclosures.bomb(), HUGE),
        (enclosures.bomb(6000, 6000), HUGE),
        (enclosures.bomb(60_000, 60_000), HUGE),
        (enclosures.picture()[:70], BROKEN),
        (enclosures.picture(kind="TIFF"), BROKEN),
        (b"", BROKEN),
    ],
)
def test_what_cannot_be_shown_is_refused_with_a_word(data: bytes, why: str) -> None:
    with pytest.raises(Unreadable) as refused:
        picture_of(data)
    assert refused.value.user_text == why


def test_a_thumbnail_is_looked_at_superficially() -> None:
    small = thumbnail_of(picture_of(enclosures.picture(1200, 600)))
    assert (small.width, small.height, small.detail) == (512, 256, "low")


SAMPLES = [
    enclosures.picture(),
    enclosures.picture(kind="JPEG"),
    enclosures.picture(kind="WEBP"),
    enclosures.picture(kind="GIF", mode="P"),
    enclosures.turned(),
    enclosures.moving("PNG"),
]


# Pillow warns of facts about a picture that it cannot read, and reads the picture all the same.
@pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")
@settings(max_examples=150, deadline=None)
@given(st.sampled_from(SAMPLES), st.data())
def test_broken_pictures_raise_nothing_else(sample: bytes, data: st.DataObject) -> None:
    """Bytes changed, taken out or cut off anywhere."""
    spoilt = bytearray(sample)
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(spoilt) - 1))
        spoilt[place] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(spoilt)) | st.just(len(spoilt)))
    try:
        found = picture_of(bytes(spoilt[:cut]))
    except Unreadable:
        return
    assert max(found.width, found.height) <= 1280


def layered(times: int, side: int) -> bytes:
    """A progressive JPEG of one colour, the last scan of which comes again and again."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), (200, 30, 30)).save(out, "JPEG", progressive=True)
    data = out.getvalue()
    end, start = data.rindex(b"\xff\xd9"), data.rindex(b"\xff\xda")
    return data[:end] + data[start:end] * times + data[end:]


@pytest.mark.parametrize(("times", "side", "why"), [(MOST_SCANS, 8, LAYERED), (0, 5100, HUGE)])
def test_a_progressive_picture_takes_no_more_than_it_may(times: int, side: int, why: str) -> None:
    with pytest.raises(Unreadable) as refused:
        picture_of(layered(times, side))
    assert refused.value.user_text == why


def test_a_usual_progressive_picture_is_read() -> None:
    assert picture_of(layered(20, 64)).width == 64


def part_by_part(side: int) -> bytes:
    """A JPEG that is not progressive, a scan for each colour. Its 64 first blocks are grey."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), (200, 30, 30)).save(out, "JPEG")
    data = out.getvalue()
    scans = [
        b"\xff\xda\x00\x08\x01" + bytes([colour, 0, 0, 63, 0]) + b"\x28\xa2\x8a" * 16
        for colour in (1, 2, 3)
    ]
    return data[: data.rindex(b"\xff\xda")] + b"".join(scans) + b"\xff\xd9"


def test_a_picture_in_several_scans_is_held_whole_and_has_to_be_smaller() -> None:
    with pytest.raises(Unreadable) as refused:
        picture_of(part_by_part(5100))
    assert refused.value.user_text == HUGE
    assert picture_of(part_by_part(64)).width == 64


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_a_large_photo_in_one_scan_is_read_whatever_stands_in_front(mode: str) -> None:
    preview, out = io.BytesIO(), io.BytesIO()
    Image.new("L", (8, 8)).save(preview, "JPEG")
    Image.new(mode, (5100, 5100)).save(out, "JPEG", comment=preview.getvalue())
    assert picture_of(out.getvalue()).width == 1280
