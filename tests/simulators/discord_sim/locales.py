"""Translations of names and descriptions: by which languages, and how long."""

from __future__ import annotations

from typing import Any

from tests.simulators.discord_sim.errors import problem
from tests.simulators.discord_sim.fields import Check, Tree

LOCALES = frozenset(
    "id da de en-GB en-US es-ES es-419 fr hr it lt hu nl no pl pt-BR ro fi sv-SE vi tr cs el bg ru "
    "uk hi th zh-CN ja zh-TW ko".split()
)


def translated(inner: Check) -> Check:
    """Accept texts by Discord's languages, each of them checked, or null."""

    def check(value: Any) -> Tree | None:
        if value is None:
            return None
        if not isinstance(value, dict):
            return problem("DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType.")
        if unknown := set(value) - LOCALES:
            return problem("DICT_TYPE_KEY", f"Unknown locales: {sorted(unknown)}")
        found = {locale: tree for locale, text in value.items() if (tree := inner(text))}
        return found or None

    return check
