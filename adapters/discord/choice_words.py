"""What the values of an option are called that people choose from; only English is heard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_ENGLISH: Mapping[str, str] = {"workspace": "server"}
"""Where Discord has another word than the value itself."""

_GERMAN, _SPANISH, _FRENCH, _JAPANESE, _PORTUGUESE = range(5)
_LOCALES: Mapping[str, int] = {
    "de": _GERMAN,
    "es-419": _SPANISH,
    "es-ES": _SPANISH,
    "fr": _FRENCH,
    "ja": _JAPANESE,
    "pt-BR": _PORTUGUESE,
}

_WORDS: Mapping[str, Mapping[str, tuple[str, str, str, str, str]]] = {
    "settings.mention": {
        "only": ("nie", "nunca", "jamais", "しない", "nunca"),
        "threads": (
            "in meinen Gesprächen",
            "en mis conversaciones",
            "dans mes conversations",
            "自分の会話で",
            "nas minhas conversas",
        ),
        "always": ("immer", "siempre", "toujours", "いつも", "sempre"),
    },
    "settings.memory": {
        "on": ("an", "sí", "oui", "オン", "sim"),
        "off": ("aus", "no", "non", "オフ", "não"),
    },
    "remember.for": {
        "here": ("hier", "aquí", "ici", "ここ", "aqui"),
        "thread": ("dieser Thread", "este hilo", "ce fil", "このスレッド", "este tópico"),
        "channel": ("dieser Kanal", "este canal", "ce salon", "このチャンネル", "este canal"),
        "workspace": (
            "alle auf dem Server",
            "todo el servidor",
            "tout le serveur",
            "サーバー全体",
            "todo o servidor",
        ),
        "me": ("nur ich", "solo yo", "moi seul", "自分だけ", "só eu"),
    },
}
"""By option and value, in the order of the languages above."""


def choice(option: str, value: str) -> dict[str, Any]:
    """A value to choose, as Discord is told of it.

    Args:
        option: "command.option".
        value: What the bot hears.
    """
    told: dict[str, Any] = {"name": _ENGLISH.get(value, value), "value": value}
    words = _WORDS.get(option, {}).get(value)
    if words is not None:
        told["name_localizations"] = {locale: words[which] for locale, which in _LOCALES.items()}
    return told
