"""Who is mentioned by a text, and whom that notifies."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.simulators.discord_sim.model import Channel, User
from tests.simulators.discord_sim.permissions import may

_USER = re.compile(r"<@!?(\d{1,20})>")
_ROLE = re.compile(r"<@&(\d{1,20})>")
_EVERYONE = re.compile(r"@(everyone|here)\b")
_TEXT_DISPLAY = 10


def users_in(text: str) -> list[int]:
    """Return the mentioned user ids, each once, in order."""
    return list(dict.fromkeys(int(found) for found in _USER.findall(text)))


def roles_in(text: str) -> list[int]:
    """Return the mentioned role ids, each once, in order."""
    return list(dict.fromkeys(int(found) for found in _ROLE.findall(text)))


def everyone_in(text: str) -> list[str]:
    """Return ``@everyone`` and ``@here`` as far as the text has them."""
    return sorted({f"@{found}" for found in _EVERYONE.findall(text)})


def component_texts(components: Sequence[Any]) -> list[str]:
    """Return the texts of all text displays in a component tree."""
    texts: list[str] = []
    for component in components:
        if not isinstance(component, Mapping):
            continue
        if component.get("type") == _TEXT_DISPLAY:
            texts.append(str(component.get("content", "")))
        texts.extend(component_texts(component.get("components") or ()))
    return texts


def pings(
    text: str,
    channel: Channel,
    author: User,
    rules: Mapping[str, Any] | None,
    replied: User | None = None,
) -> frozenset[str]:
    """Return the mentions that may notify somebody.

    Mentions in code count as well: this is about what the client allowed, not about whether the
    renderer happened to save it.

    Args:
        text: everything the message shows.
        channel: where it stands.
        author: who wrote it.
        rules: ``allowed_mentions``; ``None`` when the field is missing, which allows everything.
        replied: author of the message it replies to.
    """
    everything = rules is None
    rules = rules or {}
    parse = {"users", "roles", "everyone"} if everything else set(rules.get("parse") or ())
    named_users = {int(user) for user in rules.get("users") or ()}
    named_roles = {int(role) for role in rules.get("roles") or ()}
    found = {f"<@{user}>" for user in users_in(text) if "users" in parse or user in named_users}
    if replied is not None and (everything or rules.get("replied_user")):
        found.add(replied.mention)
    if channel.guild is not None:
        powerful = may(channel, author.id, "mention_everyone")
        for role_id in roles_in(text):
            role = channel.guild.roles.get(role_id)
            allowed = "roles" in parse or role_id in named_roles
            if role is not None and allowed and (role.mentionable or powerful):
                found.add(role.mention)
        if "everyone" in parse and powerful:
            found.update(everyone_in(text))
    return frozenset(found)
