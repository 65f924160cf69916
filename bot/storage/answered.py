"""Which entries of a log answer which. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.records import Entry


def answers_in(log: Sequence[Entry]) -> Iterator[tuple[Entry, Sequence[Entry]]]:
    """Each answer that says what it answers, with what people had asked for it."""
    asked: dict[str, list[Entry]] = {}
    for entry in log:
        if entry.role == "user":
            asked.setdefault(entry.turn, []).append(entry)
    before = ""
    for entry in log:
        if entry.role != "assistant":
            before = entry.turn
            continue
        # One that was given again is of a later turn than what it answers.
        turn = entry.turn if entry.turn in asked else before
        if entry.turn and turn in asked and turn:
            yield entry, asked[turn]
        before = ""


def said_by(user: str, log: Sequence[Entry]) -> Sequence[Entry]:
    """What somebody said, and the answers that were for nobody else."""
    for_them = {
        answer.seq
        for answer, asked in answers_in(log)
        if {entry.author_id for entry in asked} == {user}
    }
    return [
        entry
        for entry in log
        if (entry.role != "assistant" and entry.author_id == user) or entry.seq in for_them
    ]
