"""What is told of memories that nobody asked for: what becomes of one leaves the others alone."""

from __future__ import annotations

from bot.commands.memory_buttons import Act, Verb
from bot.commands.memory_texts import unasked
from bot.engine.capturing import told
from bot.memories import Memory, MemoryText, Scope, Source, Via

CHANNEL = Scope.of_channel("slack", "T1", "C1")


def found(*words: str) -> list[Memory]:
    """What was remembered."""
    return [
        Memory(f"mem_{number}", MemoryText(each, expires_at=1.0), CHANNEL, Source(Via.AUTO))
        for number, each in enumerate(words)
    ]


def verbs(*words: str) -> list[list[Verb]]:
    """What the buttons of each do."""
    entries = told(found(*words), unasked).entries
    return [[Act.parse(button.act).verb for button in each.buttons] for each in entries]


def test_an_undo_takes_the_place_of_what_is_told_of_one_alone() -> None:
    assert verbs("the warp is cotton") == [[Verb.KEEP, Verb.UNDO]]


def test_an_undo_of_one_of_several_leaves_the_others_to_be_kept() -> None:
    both = [Verb.KEEP, Verb.UNDO_BELOW]
    assert verbs("the warp is cotton", "the weft is wool") == [both, both]
