"""From what was seen to what the engine takes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord.translate import (
    earlier,
    held_by,
    incoming,
    is_addressed,
    is_ours_to_read,
    key_of,
    may_be_loose,
)
from adapters.discord.values import Kind, Names, Own, Place, Quoted, Seen, Writer
from bot.attached import Attachment
from bot.chat import Incoming, MessageRef, ThreadKey

OWN = Own("900", "901")
BOT = Writer("900", "Bobbin", is_bot=True)
ADA = Writer("1", "Ada")
TEXT = Place("50", Kind.TEXT, "7")
VOICE = Place("51", Kind.OTHER, "7")
THREAD = Place("60", Kind.THREAD, "7", parent="50", owner="1")
OWN_THREAD = Place("61", Kind.THREAD, "7", parent="50", owner="900")
DIRECT = Place("70", Kind.DIRECT, "@me")
MENTION = Seen("1000", TEXT, ADA, "<@900> hi", Names(), 1.5, mentions_bot=True)
KEY = ThreadKey("discord", "7", "50", "999")


def taken(seen: Seen, loose: ThreadKey | None = None, moved: bool = False) -> Incoming:
    event = incoming(seen, OWN, loose, moved)
    assert event is not None
    return event


@pytest.mark.parametrize(
    ("place", "key"),
    [
        (TEXT, ("7", "50", "1000")),
        (VOICE, ("7", "51", "1000")),
        (THREAD, ("7", "50", "60")),
        (DIRECT, ("@me", "70", "70")),
    ],
)
def test_keys(place: Place, key: tuple[str, str, str]) -> None:
    assert key_of(place, "1000") == ThreadKey("discord", *key)


def test_places_that_are_conversations() -> None:
    assert held_by(TEXT) is None
    assert held_by(VOICE) is None
    assert held_by(THREAD) == ThreadKey("discord", "7", "50", "60")
    assert held_by(DIRECT) == ThreadKey("discord", "@me", "70", "70")


def test_a_mention() -> None:
    event = taken(MENTION)
    assert event.event_id == "1000"
    assert event.thread == ThreadKey("discord", "7", "50", "1000")
    assert event.ref == MessageRef("50", "1000")
    assert (event.text, event.at, event.position) == ("hi", 1.5, 1000)
    assert (event.addressed, event.loose, event.joins, event.direct) == (True, True, False, False)


@pytest.mark.parametrize(
    "seen",
    [
        replace(MENTION, system=True),
        replace(MENTION, writer=Writer("2", "hook", is_bot=True, is_webhook=True)),
        replace(MENTION, writer=BOT),
        replace(MENTION, mentions_bot=False),
    ],
)
def test_what_is_not_for_us(seen: Seen) -> None:
    assert not is_ours_to_read(seen, OWN)


@pytest.mark.parametrize(
    ("place", "mentioned", "joins"),
    [(THREAD, True, True), (THREAD, False, True), (OWN_THREAD, True, False)],
)
def test_joining_a_thread(place: Place, mentioned: bool, joins: bool) -> None:
    seen = replace(MENTION, place=place, mentions_bot=mentioned)
    assert is_ours_to_read(seen, OWN)
    assert taken(seen).joins is joins
    assert not taken(seen).loose


def test_an_empty_message_to_nobody_is_dropped_and_an_empty_mention_is_not() -> None:
    silent = replace(MENTION, place=THREAD, text="", mentions_bot=False)
    assert incoming(silent, OWN) is None
    assert taken(replace(silent, mentions_bot=True)).text == ""


def test_a_reply_to_the_bot_is_addressed() -> None:
    seen = replace(MENTION, mentions_bot=False, answers=Quoted("998", BOT, "earlier"), text="and?")
    assert is_addressed(seen, OWN)
    assert may_be_loose(seen) == MessageRef("50", "998")
    known = taken(seen, KEY)
    assert (known.thread, known.text, known.addressed) == (KEY, "and?", True)
    unknown = taken(seen)
    assert unknown.thread.thread == "1000"
    assert unknown.text == "> Bobbin wrote:\n> earlier\n\nand?"


def test_a_reply_to_a_person_counts_only_in_a_known_conversation() -> None:
    seen = replace(MENTION, mentions_bot=False, answers=Quoted("998", ADA, "so"), text="yes")
    assert incoming(seen, OWN) is None
    assert incoming(seen, OWN, KEY, moved=True) is None
    event = taken(seen, KEY)
    assert (event.thread, event.addressed, event.text) == (KEY, False, "yes")


def test_replies_within_a_thread_stay_in_it() -> None:
    seen = replace(MENTION, place=THREAD, answers=Quoted("998", ADA, "so"))
    assert may_be_loose(seen) is None
    assert taken(seen).thread == key_of(THREAD, "")
    assert taken(seen).text == "> Ada wrote:\n> so\n\nhi"


def test_within_a_thread_only_the_beginning_of_what_is_answered_is_quoted() -> None:
    long = replace(MENTION, place=THREAD, answers=Quoted("998", BOT, "word " * 100))
    quoted, _, text = taken(long).text.partition("\n\n")
    assert text == "hi"
    assert len(quoted) < 330
    assert quoted.endswith("word …")


def test_who_answers_a_picture_asks_about_it() -> None:
    loom = Attachment("loom.png", origin="the message that this one answers")
    own = Attachment("own.png")
    seen = replace(MENTION, answers=Quoted("998", ADA, "", (loom,)), attached=(own,))
    assert taken(seen).attachments == (loom, own)
    assert taken(replace(seen, answers=Quoted("998", BOT, "", (loom,)))).attachments == (own,)


def test_files_alone_are_said_to_a_conversation() -> None:
    silent = replace(MENTION, place=THREAD, text="", mentions_bot=False)
    assert taken(replace(silent, attached=(Attachment("a.png"),))).text == ""


def test_a_quoted_message_that_is_gone_adds_nothing() -> None:
    assert taken(replace(MENTION, answers=Quoted("998", None, ""))).text == "hi"


def test_forwards_files_and_the_rest_are_told() -> None:
    files = (Attachment("x.png"), Attachment("y.txt"))
    seen = replace(MENTION, forwarded=("a\nb", ""), attached=files, extras=("(sticker: Wave)",))
    assert taken(seen).text == "hi\n\n> Forwarded message:\n> a\n> b\n\n(sticker: Wave)"
    assert taken(seen).attachments == files
    line = earlier(seen, OWN)
    assert line is not None
    assert line.text.endswith("(sticker: Wave)\n\n(attached: x.png)\n(attached: y.txt)")


def test_earlier_messages() -> None:
    line = earlier(replace(MENTION, writer=BOT, place=THREAD), OWN)
    assert line is not None
    assert (line.from_bot, line.text, line.ref) == (True, "hi", MessageRef("60", "1000"))
    started = earlier(MENTION, OWN, started=True)
    assert started is not None
    assert started.text == "(started this thread) hi"
    assert earlier(replace(MENTION, system=True), OWN) is None
    assert earlier(replace(MENTION, text=" "), OWN) is None


ids = st.integers(1, 2**63).map(str)
writers = st.builds(Writer, ids | st.just("900"), st.text(min_size=1), st.booleans(), st.booleans())
places = st.sampled_from([TEXT, VOICE, THREAD, OWN_THREAD, DIRECT])
sights = st.builds(
    Seen,
    id=ids,
    place=places,
    writer=writers,
    text=st.text(max_size=40),
    names=st.just(Names()),
    at=st.floats(0, 1e10),
    mentions_bot=st.booleans(),
    system=st.booleans(),
    answers=st.none() | st.builds(Quoted, ids, st.none() | writers, st.text(max_size=20)),
    forwarded=st.lists(st.text(max_size=20), max_size=2).map(tuple),
    attached=st.lists(st.builds(Attachment, st.text(max_size=9)), max_size=2).map(tuple),
    extras=st.lists(st.text(max_size=9), max_size=2).map(tuple),
)


@given(sights, st.none() | st.just(KEY), st.booleans())
def test_whatever_is_seen_the_promises_hold(
    seen: Seen, loose: ThreadKey | None, moved: bool
) -> None:
    event = incoming(seen, OWN, loose, moved)
    again = incoming(seen, OWN, loose, moved)
    assert event == again
    if event is None:
        assert not is_addressed(seen, OWN)
        return
    assert ThreadKey.parse(str(event.thread)) == event.thread
    assert event.ref == MessageRef(seen.place.id, seen.id)
    assert event.direct == (seen.place.kind is Kind.DIRECT)
    assert event.addressed or not event.direct
    assert event.loose == (seen.place.kind in (Kind.TEXT, Kind.OTHER))
    assert event.addressed or event.text or event.attachments
    assert not (event.joins and (event.loose or event.direct))
