"""What is taken out of a token when its owner may not read it any more."""

from __future__ import annotations

from bot.chat import Reach, ThreadKey
from bot.credentials import Credential, opening_less
from bot.engine.rechecking import lost, spaces_of
from bot.memories import Person, Scope

ADA, FAR = Person("slack", "T", "U1"), Person("discord", "@", "7")
OWN, DIRECT = Scope.of_person(ADA), Scope.of_direct("slack", "T", "U1")
ROOM, SHARED = Scope.of_channel("slack", "T", "C1"), Scope.of_workspace("slack", "T")
KEY = ThreadKey("slack", "T", "C1", "1.1")
THREAD = Scope.of_thread(KEY)
ELSEWHERE = Scope.of_workspace("discord", "5")
ALL = (OWN, DIRECT, THREAD, ROOM, SHARED, Scope.of_person(FAR))


def token(person: Person = ADA, scopes: tuple[Scope, ...] = ALL) -> Credential:
    channels = (("slack", "T", "C1"), ("slack", "T", "@import-U1"))
    return Credential("tok_1", "d", person, "", scopes, scopes, channels, (KEY,))


def test_a_place_is_asked_about_once_and_only_on_the_owners_platform() -> None:
    assert spaces_of(token()) == ("T",)
    assert spaces_of(token(FAR, (Scope.of_person(FAR), ROOM, ELSEWHERE, ELSEWHERE))) == ("5",)
    assert spaces_of(token(FAR, (Scope.of_person(FAR),))) == ()
    assert spaces_of(token(ADA, (OWN,))) == ("T",)


def test_whoever_has_left_keeps_only_what_is_elsewhere() -> None:
    gone = lost(token(), "T", Reach(belongs=False, member=False))
    left = opening_less(token(), gone)
    assert left.readable == left.writable == (Scope.of_person(FAR),)
    assert left.threads == () and ("slack", "T", "C1") not in left.channels


def test_a_guest_keeps_what_is_not_for_everybody() -> None:
    gone = lost(token(), "T", Reach(member=False))
    assert gone == {SHARED}
    left = opening_less(token(), gone)
    assert left.readable == (OWN, DIRECT, THREAD, ROOM, Scope.of_person(FAR))
    assert left.channels == token().channels


def test_a_channel_goes_with_its_conversations() -> None:
    gone = lost(token(), "T", Reach(shut=frozenset({("C1", ""), ("C1", "1.1")})))
    assert gone == {ROOM, THREAD}
    left = opening_less(token(), gone)
    assert left.channels == (("slack", "T", "@import-U1"),) and left.threads == ()


def test_nothing_goes_where_nothing_is_shut() -> None:
    assert lost(token(), "T", Reach()) == frozenset()
    assert opening_less(token(), frozenset()) == token()
