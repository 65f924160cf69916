"""Who reads along, as it follows from what adapters tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.audience import readable, writable
from bot.capabilities import Capabilities
from bot.chat import Author, CommandCall, Incoming, MessageRef, ThreadKey
from bot.memories import EVERY_SPACE, ScopeKind
from bot.presence import audience_of, audience_of_call, audience_of_mail

ADA = Author("U1", "Ada")
PER_SPACE = Capabilities(max_chars=1000)
EVERYWHERE = Capabilities(max_chars=1000, people_per_space=False)


def said(**changes: object) -> Incoming:
    thread = ThreadKey("slack", "T1", "C1", "1.0")
    event = Incoming("e", thread, MessageRef("C1", "1.0"), ADA, "hi", 1.0, 1)
    return replace(event, **changes)  # pyright: ignore[reportArgumentType]


def kinds(audience: object) -> set[ScopeKind]:
    return {scope.kind for scope in readable(audience)}  # pyright: ignore[reportArgumentType]


def test_a_channel_is_read_by_its_members() -> None:
    audience = audience_of(said(), PER_SPACE)
    assert audience.alone is None
    assert kinds(audience) == {ScopeKind.THREAD, ScopeKind.CHANNEL, ScopeKind.WORKSPACE}
    assert writable(audience)[0].kind is ScopeKind.CHANNEL


@pytest.mark.parametrize("changes", [{"shared": True}, {"author": replace(ADA, is_outside=True)}])
def test_what_is_for_the_workspace_stays_from_strangers(changes: dict[str, object]) -> None:
    audience = audience_of(said(**changes), PER_SPACE)
    assert kinds(audience) == {ScopeKind.THREAD, ScopeKind.CHANNEL}
    assert ScopeKind.WORKSPACE not in {scope.kind for scope in writable(audience)}


def test_one_stranger_among_those_who_are_answered_is_enough() -> None:
    guest = said(author=Author("U2", "Eve", is_outside=True))
    for mail in ([guest, said()], [said(), guest]):
        assert not audience_of_mail(mail, PER_SPACE).members
    assert audience_of_mail([said(), said()], PER_SPACE) == audience_of(said(), PER_SPACE)


def test_a_direct_message_is_read_by_one() -> None:
    audience = audience_of(said(direct=True), PER_SPACE)
    assert audience.alone is not None and audience.alone.space == "T1"
    assert kinds(audience) == set(ScopeKind) - {ScopeKind.CHANNEL}


def test_a_direct_message_may_belong_to_no_space() -> None:
    thread = ThreadKey("discord", "@me", "D1", "1")
    audience = audience_of(said(direct=True, thread=thread), EVERYWHERE)
    assert audience.alone is not None and audience.alone.space == EVERY_SPACE
    assert kinds(audience) == {ScopeKind.USER, ScopeKind.DM, ScopeKind.THREAD}


def test_a_private_reply_to_a_command_is_for_the_caller() -> None:
    call = CommandCall("e", "recall", ADA, "slack", "T1", "C1", shared=True)
    private = audience_of_call(call, PER_SPACE)
    assert private.alone is not None and private.members and not private.direct
    public = audience_of_call(call, PER_SPACE, private=False)
    assert public.alone is None and not public.members
