"""Which part of a stored message came from which attachment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.attachments.pieces import assembled, kept, parts_of, put_instead
from bot.records import Entry, Piece

PICTURE, FILE = ("7", '[Picture 1. Attached: "a.png", 8×8 pixels]'), ("8", "pasted\n\nin two parts")


def entry_of(text: str, *parts: tuple[str, str]) -> Entry:
    said, pieces = assembled(text, parts)
    return Entry("user", said, 0, tokens=9, pieces=pieces)


@pytest.mark.parametrize("text", ["", "look", "look\n\n[Attached: this]"])
@pytest.mark.parametrize("parts", [(), (PICTURE,), (FILE,), (PICTURE, FILE), (FILE, PICTURE)])
def test_each_part_is_found_again(text: str, parts: tuple[tuple[str, str], ...]) -> None:
    entry = entry_of(text, *parts)
    assert tuple(parts_of(entry)) == parts
    assert kept(entry, ["8"]) == [part for part in parts if part is FILE]
    assert kept(entry, []) == []


def test_a_part_without_an_id_stays_while_anything_is_there() -> None:
    entry = entry_of("look", ("", "one"), FILE)
    assert kept(entry, ["9"]) == [("", "one")]
    assert kept(entry, []) == []


def test_a_text_that_is_shorter_than_its_parts_is_taken_whole() -> None:
    assert parts_of(Entry("user", "short", 0, pieces=(Piece("7", 9),))) == ()


def test_other_words_for_a_part_leave_what_its_author_wrote() -> None:
    line = PICTURE[1]
    entry = entry_of(f"{line} is what I read", FILE, PICTURE)
    changed = put_instead(entry, {line: "[a loom]"})
    assert changed.text == (
        f"{line} is what I read\n\n[Attached: a long text]\n{FILE[1]}\n\n[a loom]"
    )
    assert (parts_of(changed), changed.tokens) == ([FILE, ("7", "[a loom]")], 0)
    assert put_instead(entry, {"else": "x"}) is entry
    assert put_instead(replace(entry, pieces=()), {line: "x"}).tokens == 9
