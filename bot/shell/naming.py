"""Whether somebody can be whom a command names, by what their platform calls people. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.memories import EVERY_SPACE, Person, Scope, ScopeKind
from bot.spec import AdapterSpec, Named

SAME_EVERYWHERE = "on {title} people are the same in every {space}: write {platform}:@:{user}"
OF_A_SPACE = "on {title} people belong to one {space}: write its id instead of @"
NO_SUCH_ID = "{id} is no {word} of {title}; write {expects}"
NO_DIRECT = "on {title} direct messages belong to no {space}: write --direct {direct}"


def misnamed(person: Person, specs: Sequence[AdapterSpec]) -> str:
    """Why nobody can be this person, as a sentence; empty where somebody may be.

    Of a platform that none of the `specs` is of, nothing is known.
    """
    for spec in specs:
        if spec.name != person.platform:
            continue
        words = {each.kind: each.word for each in spec.ids}
        space = words.get(Named.SPACE, "space")
        if spec.direct_space and person.space != EVERY_SPACE:
            return SAME_EVERYWHERE.format(
                title=spec.title, space=space, platform=spec.name, user=person.user
            )
        if not spec.direct_space and person.space == EVERY_SPACE:
            return OF_A_SPACE.format(title=spec.title, space=space)
        given = {Named.USER: person.user}
        if not spec.direct_space:
            given[Named.SPACE] = person.space
        for form in spec.ids:
            id = given.get(form.kind)
            if id is not None and not re.fullmatch(form.pattern, id):
                return NO_SUCH_ID.format(
                    id=id, word=form.word, title=spec.title, expects=form.expects
                )
    return ""


def unplaced(platform: str, specs: Sequence[AdapterSpec], space: str, channel: str = "") -> str:
    """Why there is no such server, workspace or channel, as a sentence; empty where there may be.

    Without a channel it is the space alone that is meant.
    """
    given = {Named.SPACE: space} | ({Named.CHANNEL: channel} if channel else {})
    for spec in specs:
        for form in spec.ids if spec.name == platform else ():
            id = given.get(form.kind)
            if id is not None and not re.fullmatch(form.pattern, id):
                return NO_SUCH_ID.format(
                    id=id, word=form.word, title=spec.title, expects=form.expects
                )
    return ""


def misnamed_scope(scope: Scope, specs: Sequence[AdapterSpec]) -> str:
    """Why nothing can lie in a scope, as a sentence; empty where something may."""
    direct = {spec.direct_space for spec in specs if spec.name == scope.platform}
    if scope.kind in (ScopeKind.USER, ScopeKind.DM) or scope.space in direct:
        return ""
    return unplaced(scope.platform, specs, scope.space, scope.channel)


def misplaced(platform: str, space: str, specs: Sequence[AdapterSpec]) -> str:
    """Why no direct messages can lie in a space, as a sentence; empty where they may."""
    for spec in specs:
        if spec.name == platform and spec.direct_space not in ("", space):
            word = next((each.word for each in spec.ids if each.kind is Named.SPACE), "space")
            return NO_DIRECT.format(title=spec.title, space=word, direct=spec.direct_space)
    return ""
