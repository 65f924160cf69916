"""Who may talk to the bot, and where. Pure: rules in, a refusal or none out.

All lists are written in one way, `platform:kind:id`, separated by commas or white space; which
kinds there are, and what their ids look like, an adapter says in its `AdapterSpec.ids`. An entry
speaks of its own platform only. These questions are asked in turn, and the first "no" counts:

1. Denied? Whoever or whatever the deny list names is refused, whatever else is true.
2. A bot? Other bots are answered only when the list of bots names them, which also lets them pass
   as people.
3. An outsider? Guests and people of other organisations are answered only when outsiders are on;
   so is whoever a platform cannot tell of.
4. A direct message? Only when these are on; and where the allow list names servers, workspaces or
   channels of the platform, only in a listed workspace, or to a user whom the allow list, the list
   of admins or that of bots names.
5. Elsewhere: if servers or workspaces are listed, this one is; if channels are listed, this one is.
6. Who? If roles or users are listed, the user is one of them, has one of the roles, or is in the
   list of admins.

A channel's entry covers its threads; a thread that is a channel of its own can be named as one.
Roles are those of the place, so nobody has any in a direct message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from bot.chat import Author
from bot.errors import Problem
from bot.spec import AdapterSpec, IdForm, Named


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One entry of a list."""

    platform: str
    kind: Named
    id: str


Rules = frozenset[Rule]


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody speaks.

    Attributes:
        platform: As in `ThreadKey`.
        space: As in `ThreadKey`.
        channels: Ids by which the channel can be named: the parent channel's, the thread's.
        direct: A direct message.
    """

    platform: str
    space: str
    channels: frozenset[str]
    direct: bool = False


class Refusal(StrEnum):
    """Why somebody is not answered."""

    DENIED = "denied"
    """The place or the person is in the deny list."""
    BOT = "bot"
    OUTSIDER = "outsider"
    UNKNOWN = "unknown"
    """The platform cannot tell now whether it is an outsider."""
    DIRECT = "direct"
    """Direct messages are off, or not for this person."""
    PLACE = "place"
    """The allow list names other places."""
    PERSON = "person"
    """The allow list names other people."""


@dataclass(frozen=True, slots=True)
class Access:
    """The rules as they were configured; by default everybody but bots and outsiders is welcome."""

    allow: Rules = frozenset()
    deny: Rules = frozenset()
    admins: Rules = frozenset()
    bots: Rules = frozenset()
    platform_admins: bool = True
    direct_messages: bool = True
    outsiders: bool = False
    _allowed: Mapping[tuple[str, Named], frozenset[str]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Sort the allow list by platform and kind, since every message asks for it."""
        sorted_out: dict[tuple[str, Named], set[str]] = {}
        for rule in self.allow:
            sorted_out.setdefault((rule.platform, rule.kind), set()).add(rule.id)
        frozen = {key: frozenset(ids) for key, ids in sorted_out.items()}
        object.__setattr__(self, "_allowed", frozen)

    @property
    def platforms(self) -> frozenset[str]:
        """Those that the lists name."""
        lists = (self.allow, self.deny, self.admins, self.bots)
        return frozenset(rule.platform for rules in lists for rule in rules)

    def refusal(self, author: Author, place: Place) -> Refusal | None:
        """Why this person is not answered there; None for a welcome one."""
        if self._names(self.deny, author, place):
            return Refusal.DENIED
        if author.is_bot and not self._is_one_of(self.bots, author, place.platform):
            return Refusal.BOT
        if self._is_kept_apart(author):
            return Refusal.UNKNOWN if author.is_unknown else Refusal.OUTSIDER
        if place.direct:
            if not self._takes_direct(author, place):
                return Refusal.DIRECT
        elif not self._is_open(place):
            return Refusal.PLACE
        return None if self._is_wanted(author, place.platform) else Refusal.PERSON

    def is_closed(self, place: Place) -> bool:
        """Whether nobody is answered there, whoever it is."""
        denied = self._names(self.deny, None, place)
        return denied or (not place.direct and not self._is_open(place))

    def is_shut(self, place: Place) -> bool:
        """Whether the deny list names this place, so that nothing in it is looked at."""
        return self._names(self.deny, None, place)

    def is_denied(self, author: Author, platform: str) -> bool:
        """Whether the deny list names this person."""
        return self._is_one_of(self.deny, author, platform)

    def is_unread(self, author: Author, platform: str) -> bool:
        """Whether nothing that this person writes is read, wherever it stands."""
        return self.is_denied(author, platform) or self._is_kept_apart(author)

    def known(self, author: Author, platform: str) -> Author:
        """The author with `is_admin` as it counts here: outsiders and bots never are."""
        trusted = not author.is_outside and not author.is_bot
        named = self._is_one_of(self.admins, author, platform)
        is_admin = trusted and (named or (author.is_admin and self.platform_admins))
        return author if is_admin == author.is_admin else replace(author, is_admin=is_admin)

    def _is_kept_apart(self, author: Author) -> bool:
        return author.is_outside and not self.outsiders and not author.is_bot

    def _takes_direct(self, author: Author, place: Place) -> bool:
        if not self.direct_messages:
            return False
        platform = place.platform
        spaces = self._allowed.get((platform, Named.SPACE), frozenset())
        placed = spaces or (platform, Named.CHANNEL) in self._allowed
        named = Rule(platform, Named.USER, author.id) in self.allow | self.bots
        return (
            not placed
            or place.space in spaces
            or named
            or self._is_one_of(self.admins, author, platform)
        )

    def _is_open(self, place: Place) -> bool:
        spaces = self._allowed.get((place.platform, Named.SPACE))
        channels = self._allowed.get((place.platform, Named.CHANNEL))
        return (spaces is None or place.space in spaces) and (
            channels is None or bool(place.channels & channels)
        )

    def _is_wanted(self, author: Author, platform: str) -> bool:
        listed = any((platform, kind) in self._allowed for kind in (Named.ROLE, Named.USER))
        return not listed or any(
            self._is_one_of(rules, author, platform)
            for rules in (self.allow, self.admins, *((self.bots,) if author.is_bot else ()))
        )

    def _names(self, rules: Rules, author: Author | None, place: Place) -> bool:
        platform = place.platform
        return (
            Rule(platform, Named.SPACE, place.space) in rules
            or any(Rule(platform, Named.CHANNEL, channel) in rules for channel in place.channels)
            or (author is not None and self._is_one_of(rules, author, platform))
        )

    @staticmethod
    def _is_one_of(rules: Rules, author: Author, platform: str) -> bool:
        return Rule(platform, Named.USER, author.id) in rules or any(
            Rule(platform, Named.ROLE, role) in rules for role in author.roles
        )


PEOPLE = frozenset({Named.ROLE, Named.USER})
USERS = frozenset({Named.USER})
LISTS: Mapping[str, frozenset[Named]] = {
    "BOBBIN_ALLOW": frozenset(Named),
    "BOBBIN_DENY": frozenset(Named),
    "BOBBIN_ADMINS": PEOPLE,
    "BOBBIN_BOTS": USERS,
}
"""Which kinds each list may name."""


def read_access(
    values: Mapping[str, str], specs: Iterable[AdapterSpec]
) -> tuple[Access, list[Problem]]:
    """The rules in the settings, and what is wrong with them.

    Args:
        values: Checked against the table of variables.
        specs: The installed adapters, whose ids can be listed.
    """
    forms = {spec.name: spec.ids for spec in specs if spec.ids}
    problems: list[Problem] = []
    lists: dict[str, Rules] = {}
    for name, kinds in LISTS.items():
        rules: set[Rule] = set()
        for entry in re.split(r"[,\s]+", values.get(name, "")):
            if not entry:
                continue
            found = _rule(entry, forms, kinds)
            if isinstance(found, Rule):
                rules.add(found)
            else:
                problems.append(Problem(name, f"{entry!r} {found[0]}", found[1]))
        lists[name] = frozenset(rules)
    access = Access(
        allow=lists["BOBBIN_ALLOW"],
        deny=lists["BOBBIN_DENY"],
        admins=lists["BOBBIN_ADMINS"],
        bots=lists["BOBBIN_BOTS"],
        platform_admins=values.get("BOBBIN_PLATFORM_ADMINS") != "off",
        direct_messages=values.get("BOBBIN_DIRECT_MESSAGES") != "off",
        outsiders=values.get("BOBBIN_OUTSIDERS") == "on",
    )
    return access, problems


def _rule(
    entry: str, forms: Mapping[str, Sequence[IdForm]], kinds: frozenset[Named]
) -> Rule | tuple[str, str]:
    """One entry, or what is wrong with it and how to mend it."""
    platform, _, rest = entry.partition(":")
    word, _, identity = rest.partition(":")
    if not identity:
        return "is not of the form platform:kind:id.", "Write it like discord:server:123."
    if platform not in forms:
        return "names no platform that can be listed.", f"Use {_or(sorted(forms)) or 'none'}."
    known = [form for form in forms[platform] if form.kind in kinds]
    form = next((form for form in known if form.word == word), None)
    if form is None:
        words = _or([form.word for form in known])
        return f"says {word!r}, which means nothing here.", f"Use {words} after {platform}."
    if not re.fullmatch(form.pattern, identity):
        return "has an id that does not look right.", f"A {word} has {form.expects}."
    return Rule(platform, form.kind, identity)


def _or(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if len(words) > 1 else "".join(words)


def told_rules(access: Access) -> list[str]:
    """The rules in words, for `bobbin doctor`; one line for each thing that is limited."""
    lines = [
        f"{what} {_listed(rules)}"
        for what, rules in (
            ("answers only", access.allow),
            ("never answers", access.deny),
            ("admins are", access.admins),
            ("other bots answered:", access.bots),
        )
        if rules
    ]
    lines.append(
        f"the platforms' admins {'count' if access.platform_admins else 'do not count'}, "
        f"direct messages are {_on(access.direct_messages)}, outsiders {_on(access.outsiders)}"
    )
    return lines


def _listed(rules: Rules) -> str:
    return ", ".join(f"{rule.platform} {rule.kind} {rule.id}" for rule in sorted(rules))


def _on(switch: bool) -> str:
    return "on" if switch else "off"
