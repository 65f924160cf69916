"""How a command's options are written where it is typed. Pure."""

from __future__ import annotations

import re

from bot.command_spec import CommandOption, CommandSpec, OptionKind


def positional(spec: CommandSpec) -> CommandOption | None:
    """The option that needs no name in front of it."""
    first = spec.options[0] if spec.options else None
    return first if first is not None and first.rest else None


def read_options(spec: CommandSpec, text: str) -> tuple[dict[str, str], str]:
    """What follows a command's name, as its options; and the first word that means nothing.

    Flags are words, other options are written as name=value. What means nothing begins the
    option that needs no name, where there is one.
    """
    known = {option.name: option for option in spec.options}
    plain = positional(spec)
    options: dict[str, str] = {}
    for word in re.finditer(r"\S+", text):
        name, equals, value = word[0].partition("=")
        option = known.get(name.casefold())
        if option is None or (option.kind is OptionKind.FLAG) == bool(equals):
            if plain is None:
                return options, word[0]
            options[plain.name] = text[word.start() :].strip()
            break
        if option.rest:
            options[option.name] = text[word.start() + len(name) + 1 :].strip()
            break
        options[option.name] = value if equals else "true"
    return options, ""
