"""Which of Discord's messages are heard, whoever writes them and wherever."""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass, replace
from typing import Any

import pytest

from adapters.discord.translate import (
    LONGEST_QUOTE,
    begins_post,
    earlier,
    edited,
    held_by,
    incoming,
    is_addressed,
    is_aside,
    is_ours_to_read,
    is_withheld,
    may_be_loose,
    may_open,
)
from adapters.discord.values import Kind, Names, Own, Place, Quoted, Seen, Writer
from bot.attached import Attachment
from bot.chat import MessageRef, ThreadKey

OWN = Own("900", "901")
BOT = Writer("900", "Bobbin", is_bot=True)
ADA = Writer("1", "Ada")
OTHER_BOT = Writer("2", "Clock", is_bot=True)
WEBHOOK = Writer("3", "hook", is_bot=True, is_webhook=True)
FILE = Attachment("loom.png")
LOOSE = ThreadKey("discord", "7", "50", "999")

TEXT = Place("50", Kind.TEXT, "7")
VOICE = Place("51", Kind.OTHER, "7")
THREAD = Place("60", Kind.THREAD, "7", parent="50", owner="1", title="shafts")
OWN_THREAD = Place("61", Kind.THREAD, "7", parent="50", owner="900", private=True)
POST = Place("1000", Kind.THREAD, "7", parent="52", owner="1", title="squeaks")
DIRECT = Place("70", Kind.DIRECT, "@me")
CONVERSATIONS = (THREAD, OWN_THREAD, POST, DIRECT)

FOR_OTHERS = ("<@5> ", " <@!5>, ", "<@&6> ")
BEGINNINGS = ("", " ", *FOR_OTHERS)
ENDS = ("", "look", "and <@5> too")


@dataclass(frozen=True, slots=True)
class Case:
    """A message, and what is plain to see of it."""

    seen: Seen
    for_others: bool
    says: bool
    answers_us: bool


QUOTES = (
    None,
    *(Quoted("998", who, text) for who in (None, BOT, ADA, OTHER_BOT) for text in ("", "so")),
)
ALL = tuple(
    itertools.product(
        (TEXT, VOICE, *CONVERSATIONS),
        (ADA, BOT, OTHER_BOT, WEBHOOK),
        BEGINNINGS,
        ENDS,
        QUOTES,
        ((), (FILE,)),
        ((), ("old",)),
        ((), ("(sticker: Wave)",)),
        (False, True),
        (False, True),
    )
)


def _case(parts: Any) -> Case:
    place, writer, beginning, end, answers, attached, forwarded, extras, mentions, system = parts
    seen = Seen(
        "1000",
        place,
        writer,
        beginning + end,
        Names(),
        1.0,
        mentions_bot=mentions,
        system=system,
        answers=answers,
        forwarded=forwarded,
        attached=attached,
        extras=extras,
    )
    ours = answers is not None and answers.writer is BOT
    says = bool((beginning + end).strip()) or bool(attached)
    return Case(seen, beginning in FOR_OTHERS, says, ours)


CASES = tuple(map(_case, random.Random(7).sample(ALL, 3000)))
"""Messages of every kind in every place; of all that there are so many that any two traits meet."""


MUTE = tuple(_case(parts) for parts in ALL if not parts[2] + parts[3])
"""Those that have no text."""


def test_whom_a_message_is_for() -> None:
    for case in CASES:
        seen = case.seen
        addressed = seen.mentions_bot or case.answers_us or seen.place is DIRECT
        assert is_addressed(seen, OWN) == addressed
        assert is_aside(seen, OWN) == (case.for_others and not addressed)
        told = edited(seen, OWN, None)
        assert (told.addressed, told.aside) == (addressed, is_aside(seen, OWN))
        assert told.direct == (seen.place is DIRECT)
        assert told.joins == (seen.place in (THREAD, POST))
        assert told.loose == (seen.place in (TEXT, VOICE))
        assert told.confined == (seen.place is OWN_THREAD)


def test_nothing_is_heard_of_discord_itself_of_webhooks_and_of_us() -> None:
    for case in CASES:
        seen = case.seen
        if seen.system or seen.writer in (WEBHOOK, BOT):
            assert not is_ours_to_read(seen, OWN) and not may_open(seen, OWN)
            continue
        held = seen.place in CONVERSATIONS
        assert is_ours_to_read(seen, OWN) == (held or seen.mentions_bot or seen.answers is not None)
        begins = not held or seen.place is POST
        assert begins_post(seen) == (seen.place is POST)
        shows = case.says or bool(seen.forwarded)
        to_all = shows and seen.answers is None and not is_aside(seen, OWN)
        assert may_open(seen, OWN) == (to_all and begins)


CONTINUING = tuple(itertools.product((None, LOOSE), (False, True), (False, True)))
"""The conversation of what is answered, whether it has moved, whether everything is answered."""


def test_outside_threads_only_what_is_addressed_or_goes_on_is_taken() -> None:
    for case, (loose, moved, opened) in zip(CASES, itertools.cycle(CONTINUING), strict=False):
        seen = case.seen
        event = incoming(seen, OWN, loose, moved, opened)
        called = is_addressed(seen, OWN) or opened
        if seen.place not in CONVERSATIONS:
            goes_on = loose is not None and not moved
            if not called and not goes_on:
                assert event is None
                continue
        elif event is None:
            # Only what says nothing to nobody is passed over.
            assert not called and not seen.attached and not seen.extras and not seen.forwarded
            continue
        if event is None:
            assert not called
            continue
        assert event.addressed == called
        assert event.mentioned is False
        assert event.joins == (seen.place in (THREAD, POST))
        assert event.loose == (seen.place in (TEXT, VOICE))
        assert event.confined == (seen.place is OWN_THREAD)
        assert event.direct == (seen.place is DIRECT)
        assert event.aside == is_aside(seen, OWN)
        assert event.text.startswith("**squeaks**") == (seen.place is POST)
        assert "**shafts**" not in event.text
        if seen.place in (TEXT, VOICE) and loose is not None:
            assert event.thread == loose
            assert "wrote:" not in event.text
            continue
        place = seen.place
        around = (place.space, place.parent or place.id)
        within = place.id if place in CONVERSATIONS else "1000"
        assert event.thread == ThreadKey("discord", *around, within)
        if seen.answers is not None and seen.answers.text:
            assert "wrote:" in event.text


def test_where_a_conversation_outside_threads_may_be_found() -> None:
    for case in CASES:
        seen = case.seen
        found = may_be_loose(seen)
        if seen.place in CONVERSATIONS or seen.answers is None:
            assert found is None
        else:
            assert found == MessageRef(seen.place.id, "998")


def test_words_are_withheld_of_a_mute_reply_to_us_alone() -> None:
    for case in (*CASES, *MUTE):
        seen = case.seen
        silent = not (seen.text or seen.attached or seen.extras or seen.forwarded)
        people = seen.writer is ADA and not seen.system
        expected = (
            silent
            and people
            and case.answers_us
            and not seen.mentions_bot
            and seen.place is not DIRECT
        )
        assert is_withheld(seen, OWN) == expected


def test_the_past_is_what_people_and_programs_said() -> None:
    for case, started in zip(CASES, itertools.cycle((False, True)), strict=False):
        seen = replace(case.seen, place=THREAD)
        line = earlier(seen, OWN, started=started)
        if seen.system or not (case.says or seen.forwarded or seen.extras):
            assert line is None
            continue
        assert line is not None
        assert line.from_bot == (seen.writer is BOT)
        assert line.text.startswith("(started this thread) ") == started


@pytest.mark.parametrize("writer", [None, ADA, BOT])
def test_files_of_what_is_answered_go_along_unless_they_are_our_own(writer: Writer | None) -> None:
    seen = Seen("1000", TEXT, ADA, "so?", Names(), 1.0, mentions_bot=True)
    for said, ignored in (("a picture", False), ("!ignore it", True)):
        answered = replace(seen, answers=Quoted("998", writer, said, (FILE,)))
        event = incoming(answered, OWN)
        assert event is not None
        assert event.attachments == ((FILE,) if writer is ADA and not ignored else ())
        assert ("> a picture" in event.text) == (not ignored)
        name = "Somebody" if writer is None else writer.name
        assert (f"> {name} wrote:" in event.text) == (not ignored)


def test_a_forward_that_is_to_be_ignored_is_not_told() -> None:
    seen = Seen("1000", THREAD, ADA, "so?", Names(), 1.0, forwarded=("!ignore it", "", "old"))
    event = incoming(seen, OWN)
    assert event is not None and event.text == "so?\n\n> Forwarded message:\n> old"


def test_an_edit_quotes_what_it_answers_unless_the_conversation_has_it() -> None:
    seen = Seen("1000", TEXT, ADA, "so?", Names(), 1.0, answers=Quoted("998", ADA, "word " * 90))
    alone = edited(seen, OWN, None)
    assert alone.thread == ThreadKey("discord", "7", "50", "1000")
    assert alone.text.startswith("> Ada wrote:\n> word") and not alone.text.count("…")
    known = edited(seen, OWN, LOOSE)
    assert (known.thread, known.text) == (LOOSE, "so?")
    inside = edited(replace(seen, place=THREAD), OWN, LOOSE)
    assert inside.thread == ThreadKey("discord", "7", "50", "60")
    assert inside.text.count("…") == 1 and inside.text.endswith("so?")
    first = edited(seen, OWN, replace(LOOSE, thread="1000"))
    assert first.text == alone.text


def test_only_within_a_thread_a_message_can_have_the_id_of_its_place() -> None:
    seen = Seen("1000", replace(TEXT, id="1000", title="squeaks"), ADA, "so?", Names(), 1.0)
    assert not begins_post(seen)
    assert edited(seen, OWN, None).text == "so?"
    untitled = Seen("1000", replace(POST, title=""), ADA, "so?", Names(), 1.0)
    assert begins_post(untitled)
    assert edited(untitled, OWN, None).text == "so?"


def test_a_quotation_within_a_thread_is_cut_behind_its_longest() -> None:
    for length, cut in ((LONGEST_QUOTE, False), (LONGEST_QUOTE + 1, True)):
        answers = Quoted("998", ADA, "x" * length)
        seen = Seen("1000", OWN_THREAD, ADA, "so?", Names(), 1.0, answers=answers)
        event = incoming(seen, OWN)
        assert event is not None
        quotation = f"> Ada wrote:\n> {'x' * LONGEST_QUOTE}{' …' if cut else ''}"
        assert event.text == f"{quotation}\n\nso?"


def test_a_thread_whose_channel_is_not_known_is_its_own() -> None:
    orphan = replace(THREAD, parent="")
    assert held_by(orphan) == ThreadKey("discord", "7", "60", "60")
