"""What the scripts answer, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from bot.channel import REMEMBERS
from bot.chat import Incoming, ThreadKey
from bot.records import Entry, Summary, Tally
from bot.storage.codec import (
    TALLY_FIELDS,
    load_askers,
    load_draft,
    load_entry,
    load_incoming,
    load_summary,
    to_text,
)
from bot.storage.types import Again, Conversation, Lease, Turn

State = Sequence[Any]
"""The reply of `state` in prelude.lua, in the order written there."""


def read_turn(thread: ThreadKey, state: State) -> Turn:
    """The turn that was handed over. Raises StoreMismatch."""
    mail = read_mail(state[11])
    answer = state[26]
    return Turn(
        lease=Lease(thread, to_text(state[2]), int(state[1])),
        mail=mail,
        window=_window(state),
        summary=_summary(state),
        draft=load_draft(state[4]),
        attempt=int(state[3]),
        losses=int(state[16] or 0),
        quick=int(state[17] or 0),
        joined=not state[9],
        names=_names(state),
        tally=read_tally(state[10]),
        forgotten=float(state[15] or 0) / 1000,
        revised=int(state[18] or 0),
        persona=to_text(state[19] or b""),
        again=Again(to_text(state[23])) if state[23] else None,
        answer=load_entry(answer, int(state[21])) if answer else None,
        pressed=float(state[24] or 0) / 1000,
        askers=askers_of(mail, state[25]),
        proposed=bool(state[28]),
    )


def read_mail(raw: Sequence[bytes]) -> tuple[Incoming, ...]:
    """Messages to answer together, in the platform's order; background stands before them.

    Raises StoreMismatch.
    """
    return tuple(
        sorted(map(load_incoming, raw), key=lambda event: (not event.aside, event.position))
    )


def read_conversation(state: State) -> Conversation:
    """The thread as it stands. Raises StoreMismatch."""
    return Conversation(
        window=_window(state),
        summary=_summary(state),
        tally=read_tally(state[10]),
        names=_names(state),
        draft=load_draft(state[4]),
        running=state[2] is not None,
        waiting=int(state[14]),
        persona=to_text(state[19] or b""),
        epoch=int(state[20]),
        newest=int(state[21]),
        failed=to_text(state[22] or b""),
        remembers=to_text(state[27] or b"") == REMEMBERS,
        mail=read_mail(state[11]),
        proposed=tuple(to_text(state[28] or b"").splitlines()),
    )


def askers_of(mail: Iterable[Incoming], before: bytes | None) -> frozenset[str]:
    """Who asked for a turn: those who wrote its mail, and those whose question it answers anew."""
    asked = (event.author.id for event in mail if not event.aside)
    return frozenset(asked) | load_askers(before)


def read_entries(raw: Sequence[bytes | None], first: int) -> tuple[Entry, ...]:
    """Entries numbered from `first`; None where one is missing. Raises StoreMismatch."""
    return tuple(
        load_entry(entry, seq) for seq, entry in enumerate(raw, start=first) if entry is not None
    )


def read_tally(figures: Sequence[bytes]) -> Tally:
    """The figures of a tally in the order of its fields."""
    return Tally(**dict(zip(TALLY_FIELDS, map(int, figures), strict=True)))


def tally_figures(tally: Tally) -> tuple[int, ...]:
    """The reverse of `read_tally`."""
    return tuple(cast(int, getattr(tally, name)) for name in TALLY_FIELDS)


def _window(state: State) -> tuple[Entry, ...]:
    return read_entries(state[12], int(state[8]))


def _summary(state: State) -> Summary:
    return load_summary(state[5], int(state[6]), int(state[7]))


def _names(state: State) -> Mapping[str, str]:
    flat = [to_text(part) for part in state[13]]
    return dict(zip(flat[::2], flat[1::2], strict=True))
