"""The rules about access: how lists are read, and what they come to."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.access import LISTS, Access, Place, Refusal, Rule, read_access, told_rules
from bot.chat import Author
from bot.errors import SettingsError
from bot.plugins import find_adapters
from bot.settings import read_settings
from bot.spec import Named

SPECS = find_adapters()
HERE = Place("discord", "1", frozenset({"11", "111"}))
SLACK = Place("slack", "T1", frozenset({"C1", "1.2"}))
ADA = Author("7", "Ada", roles=frozenset({"99"}))


def rules(text: str) -> Access:
    """What an allow list comes to."""
    access, problems = read_access({"BOBBIN_ALLOW": text}, SPECS)
    assert not problems
    return access


def test_without_rules_everybody_but_bots_and_outsiders_is_welcome() -> None:
    access = Access()
    assert access.refusal(ADA, HERE) is None
    assert access.refusal(ADA, replace(HERE, direct=True)) is None
    assert access.refusal(replace(ADA, is_bot=True), HERE) is Refusal.BOT
    assert access.refusal(replace(ADA, is_outside=True), HERE) is Refusal.OUTSIDER


@pytest.mark.parametrize(
    ("allow", "where", "expected"),
    [
        ("discord:server:1", HERE, None),
        ("discord:server:2", HERE, Refusal.PLACE),
        ("discord:channel:11", HERE, None),
        ("discord:channel:111", HERE, None),
        ("discord:channel:12", HERE, Refusal.PLACE),
        # Each kind narrows by itself.
        ("discord:server:1 discord:channel:12", HERE, Refusal.PLACE),
        ("discord:server:1, discord:channel:11", HERE, None),
        # Roles and users are one list of people.
        ("discord:role:99", HERE, None),
        ("discord:role:98", HERE, Refusal.PERSON),
        ("discord:role:98,discord:user:7", HERE, None),
        ("discord:user:8", HERE, Refusal.PERSON),
        ("discord:server:2,discord:user:7", HERE, Refusal.PLACE),
        # A list speaks of its own platform.
        ("discord:server:2", SLACK, None),
        ("slack:workspace:T1,slack:channel:C2", SLACK, Refusal.PLACE),
    ],
)
def test_what_an_allow_list_allows(allow: str, where: Place, expected: Refusal | None) -> None:
    assert rules(allow).refusal(ADA, where) is expected


@pytest.mark.parametrize(
    ("allow", "where", "expected"),
    [
        ("", HERE, None),
        ("discord:server:1", HERE, Refusal.DIRECT),
        ("discord:channel:11", HERE, Refusal.DIRECT),
        ("discord:server:1 discord:user:7", HERE, None),
        ("discord:role:99", HERE, None),
        ("slack:workspace:T1", SLACK, None),
        ("slack:workspace:T1 slack:channel:C1", SLACK, None),
        ("slack:workspace:T2", SLACK, Refusal.DIRECT),
        ("slack:channel:C1", SLACK, Refusal.DIRECT),
        ("slack:user:U8", SLACK, Refusal.PERSON),
    ],
)
def test_what_it_allows_in_direct_messages(
    allow: str, where: Place, expected: Refusal | None
) -> None:
    space = "@me" if where is HERE else where.space
    private = replace(where, space=space, channels=frozenset({"D1"}), direct=True)
    assert rules(allow).refusal(ADA, private) is expected
    assert replace(rules(allow), direct_messages=False).refusal(ADA, private) is Refusal.DIRECT


@pytest.mark.parametrize(
    "deny", ["discord:server:1", "discord:channel:11", "discord:role:99", "discord:user:7"]
)
def test_deny_wins(deny: str) -> None:
    everything = "discord:server:1,discord:channel:11,discord:role:99,discord:user:7"
    values = {"BOBBIN_ALLOW": everything, "BOBBIN_DENY": deny, "BOBBIN_ADMINS": "discord:user:7"}
    access, _ = read_access(values, SPECS)
    assert access.refusal(ADA, HERE) is Refusal.DENIED
    assert access.is_closed(HERE) == (":server:" in deny or ":channel:" in deny)
    assert access.is_denied(ADA, "discord") == (":role:" in deny or ":user:" in deny)
    assert access.refusal(Author("8", "Ben"), SLACK) is None


def test_admins() -> None:
    access, _ = read_access({"BOBBIN_ADMINS": "discord:role:99, discord:user:5"}, SPECS)
    boss = Author("1", "Boss", is_admin=True)
    assert access.known(ADA, "discord").is_admin
    assert not access.known(ADA, "slack").is_admin
    assert access.known(Author("5", "Eve"), "discord").is_admin
    assert not access.known(Author("6", "Ben"), "discord").is_admin
    assert access.known(boss, "discord").is_admin
    assert not replace(access, platform_admins=False).known(boss, "discord").is_admin
    for trait in ({"is_outside": True}, {"is_bot": True}):
        assert not access.known(replace(boss, **trait), "discord").is_admin
        assert not access.known(replace(ADA, **trait), "discord").is_admin
    # An admin need not be listed among the people as well.
    only = replace(access, allow=frozenset({Rule("discord", Named.USER, "1000")}))
    assert only.refusal(ADA, HERE) is None


def test_bots_pass_by_their_own_list_only() -> None:
    bot = Author("7", "Clock", is_bot=True, is_outside=True)
    values = {"BOBBIN_BOTS": "discord:user:7", "BOBBIN_ALLOW": "discord:user:8"}
    access, _ = read_access(values, SPECS)
    assert access.refusal(bot, HERE) is None
    assert access.refusal(replace(bot, id="8"), HERE) is Refusal.BOT
    assert access.refusal(replace(bot, is_bot=False, is_outside=False), HERE) is Refusal.PERSON
    assert replace(access, deny=access.bots).refusal(bot, HERE) is Refusal.DENIED


@pytest.mark.parametrize(
    ("name", "entry", "wrong"),
    [
        ("BOBBIN_ALLOW", "discord", "is not of the form platform:kind:id."),
        ("BOBBIN_ALLOW", "discord:server:", "is not of the form platform:kind:id."),
        ("BOBBIN_DENY", "console:user:1", "names no platform that can be listed."),
        ("BOBBIN_DENY", "teams:user:1", "names no platform that can be listed."),
        ("BOBBIN_ALLOW", "discord:workspace:1", "says 'workspace', which means nothing here."),
        ("BOBBIN_ADMINS", "discord:server:1", "says 'server', which means nothing here."),
        ("BOBBIN_BOTS", "slack:role:S1", "says 'role', which means nothing here."),
        ("BOBBIN_ALLOW", "discord:user:ada", "has an id that does not look right."),
        ("BOBBIN_ALLOW", "slack:channel:#general", "has an id that does not look right."),
    ],
)
def test_bad_entries_are_settings_problems(name: str, entry: str, wrong: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({name: f"discord:user:1, {entry}"}, SPECS)
    (problem,) = caught.value.problems
    assert (problem.variable, problem.wrong) == (name, f"{entry!r} {wrong}")
    assert problem.fix


def test_the_settings_carry_the_rules() -> None:
    environ = {
        "BOBBIN_DENY": "slack:user:U7",
        "BOBBIN_DIRECT_MESSAGES": "off",
        "BOBBIN_OUTSIDERS": "on",
        "BOBBIN_PLATFORM_ADMINS": "off",
    }
    access = read_settings(environ, SPECS).access
    assert access == Access(
        deny=frozenset({Rule("slack", Named.USER, "U7")}),
        platform_admins=False,
        direct_messages=False,
        outsiders=True,
    )
    assert told_rules(access) == [
        "never answers slack user U7",
        "the platforms' admins do not count, direct messages are off, outsiders on",
    ]


ids = st.sampled_from(["1", "2"])
platforms = st.sampled_from(["p", "q"])
some = st.frozensets(st.builds(Rule, platforms, st.sampled_from(Named), ids), max_size=6)
authors = st.builds(
    Author,
    ids,
    st.just("x"),
    is_admin=st.booleans(),
    is_bot=st.booleans(),
    is_outside=st.booleans(),
    roles=st.frozensets(ids),
)
places = st.builds(Place, platforms, ids, st.frozensets(ids, min_size=1), st.booleans())
accesses = st.builds(Access, some, some, some, some, st.booleans(), st.booleans(), st.booleans())


def names(rules: frozenset[Rule], author: Author, place: Place) -> dict[Named, bool | None]:
    """For each kind whether the list names what is there; None when it names none of the kind."""
    here = {
        Named.SPACE: {place.space},
        Named.CHANNEL: place.channels,
        Named.ROLE: author.roles,
        Named.USER: {author.id},
    }
    found: dict[Named, bool | None] = {}
    for kind in Named:
        listed = {rule.id for rule in rules if (rule.platform, rule.kind) == (place.platform, kind)}
        found[kind] = bool(listed & here[kind]) if listed else None
    return found


def welcome(access: Access, author: Author, place: Place) -> bool:
    """The table of docs/configuration.md, read line by line."""
    allow, deny = names(access.allow, author, place), names(access.deny, author, place)
    admins, bots = names(access.admins, author, place), names(access.bots, author, place)
    is_admin = bool(admins[Named.USER] or admins[Named.ROLE])
    if any(deny.values()):
        return False
    if author.is_bot and not (bots[Named.USER] or bots[Named.ROLE]):
        return False
    if author.is_outside and not author.is_bot and not access.outsiders:
        return False
    if place.direct:
        if not access.direct_messages:
            return False
        placed = allow[Named.SPACE] is not None or allow[Named.CHANNEL] is not None
        named = allow[Named.USER] or bots[Named.USER] or is_admin
        if placed and not (allow[Named.SPACE] or named):
            return False
    elif allow[Named.SPACE] is False or allow[Named.CHANNEL] is False:
        return False
    if allow[Named.ROLE] is None and allow[Named.USER] is None:
        return True
    return bool(allow[Named.ROLE] or allow[Named.USER] or is_admin or author.is_bot)


@settings(deadline=None)
@given(accesses, authors, places)
def test_the_rules_are_those_of_the_table(access: Access, author: Author, place: Place) -> None:
    refusal = access.refusal(author, place)
    assert (refusal is None) == welcome(access, author, place)
    # Deny has the last word, and a closed place is closed to all.
    if refusal is None:
        closer = replace(access, deny=access.deny | {Rule(place.platform, Named.USER, author.id)})
        assert closer.refusal(author, place) is Refusal.DENIED
        assert not access.is_closed(place)
    if access.is_closed(place):
        assert refusal is not None


@settings(deadline=None)
@given(accesses, authors, places)
def test_nothing_is_read_of_whoever_is_refused_wherever_they_write(
    access: Access, author: Author, place: Place
) -> None:
    if access.is_unread(author, place.platform):
        assert access.refusal(author, place) in (Refusal.DENIED, Refusal.OUTSIDER, Refusal.BOT)
    elif not access.is_shut(place):
        assert access.refusal(author, place) not in (Refusal.DENIED, Refusal.OUTSIDER)


@settings(deadline=None)
@given(accesses, authors, places, some)
def test_denying_more_lets_nobody_in(
    access: Access, author: Author, place: Place, more: frozenset[Rule]
) -> None:
    if access.refusal(author, place) is not None:
        stricter = replace(access, deny=access.deny | more)
        assert stricter.refusal(author, place) is not None


@settings(deadline=None)
@given(accesses, authors, places)
def test_other_platforms_rules_change_nothing(access: Access, author: Author, place: Place) -> None:
    def of_here(rules: frozenset[Rule]) -> frozenset[Rule]:
        return frozenset(rule for rule in rules if rule.platform == place.platform)

    same = Access(
        of_here(access.allow),
        of_here(access.deny),
        of_here(access.admins),
        of_here(access.bots),
        access.platform_admins,
        access.direct_messages,
        access.outsiders,
    )
    assert same.refusal(author, place) is access.refusal(author, place)
    assert same.known(author, place.platform) == access.known(author, place.platform)


@settings(deadline=None)
@given(st.sampled_from(sorted(LISTS)), st.text("discordlakerv:TCU019,# \n\u00e9", max_size=60))
def test_any_list_is_read_or_refused(name: str, text: str) -> None:
    _, problems = read_access({name: text}, SPECS)
    assert all(problem.variable == name and problem.fix for problem in problems)
