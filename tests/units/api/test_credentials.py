"""Tokens: what is kept of them, what they open."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from bot.audience import Audience, grant, imports_of, narrowed
from bot.chat import ThreadKey
from bot.credentials import LONGEST_NAME, PREFIX, digest_of, issue
from bot.memories import Person, Scope, ScopeKind, Via

ADA = Person("discord", "@", "7")
THREAD = ThreadKey("discord", "1", "2", "3")
PLACE = Audience("discord", "1", "2", THREAD, alone=ADA)


def made(**options):
    return issue(grant(PLACE, ADA), "my editor", now=1000.0, random=Random(1).randbytes, **options)


def test_the_token_is_not_in_what_is_kept() -> None:
    issued = made()
    assert issued.token.startswith(PREFIX)
    assert len(issued.token) > 40
    assert issued.token.removeprefix(PREFIX) not in repr(issued.credential)
    assert issued.credential.digest == digest_of(issued.token)


def test_it_opens_what_its_owner_may_read_and_nothing_else() -> None:
    opened = made().credential.grant(Via.MCP)
    assert opened.readable == grant(PLACE, ADA).readable
    assert set(opened.writable) == set(grant(PLACE, ADA).writable)
    assert opened.channels == grant(PLACE, ADA).channels
    assert opened.threads == (THREAD,)
    assert not opened.admin


def test_what_a_program_learns_is_kept_for_its_owner_unless_it_says_otherwise() -> None:
    assert made().credential.writable[0] == Scope.of_person(ADA)


def test_it_can_be_made_for_less() -> None:
    credential = made(only={ScopeKind.USER}, writes=False).credential
    assert credential.readable == (Scope.of_person(ADA),)
    opened = credential.grant(Via.API)
    assert (opened.writable, opened.channels, opened.threads) == ((), (imports_of(ADA),), ())


def test_a_direct_message_goes_with_what_is_its_persons_own() -> None:
    place = Audience("discord", "@me", "5", ThreadKey("discord", "@me", "5", "5"), ADA, direct=True)
    wide = grant(place, ADA)
    assert ("discord", "@me", "5") in narrowed(wide, [Scope.of_person(ADA)]).channels
    workspace = Scope.of_workspace("discord", "@me")
    assert narrowed(wide, [workspace]).channels == ()


@given(st.sets(st.sampled_from(grant(PLACE, ADA).readable)), st.booleans())
def test_nothing_is_added_by_naming_fewer_scopes(scopes: set[Scope], strangers: bool) -> None:
    wide = grant(PLACE, ADA)
    other = {Scope.of_person(Person("discord", "@", "8"))} if strangers else set()
    less = narrowed(wide, scopes | other)
    assert set(less.readable) == scopes
    assert set(less.writable) <= set(wide.writable) & scopes
    assert set(less.channels) <= set(wide.channels)
    assert set(less.threads) <= set(wide.threads)


def test_it_ends_unless_it_is_made_to_last() -> None:
    assert made(days=1).credential.expires_at == 1000.0 + 86_400
    assert made(days=0).credential.expires_at == 0


def test_a_long_name_is_cut() -> None:
    long = issue(grant(PLACE, ADA), "x" * 500, now=0, random=Random(1).randbytes)
    assert len(long.credential.name) == LONGEST_NAME
