"""The engine's commands as application commands of Discord. Pure but for `sync`."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

from adapters.discord.calls import Calls
from adapters.discord.client import Client
from adapters.discord.translate import author_of, held_by
from adapters.discord.values import PLATFORM, Kind, Place, Writer
from bot.chat import (
    CommandCall,
    CommandOption,
    CommandSpec,
    Inbox,
    OptionKind,
    ThreadChoice,
    ThreadKey,
)
from bot.errors import PlatformError, StoreError

log = logging.getLogger(__name__)

NOTE = "commands"
"""Name of the note that says what Discord was told last."""

CHAT_INPUT = 1
OPTION_TYPES = {OptionKind.TEXT: 3, OptionKind.FLAG: 5, OptionKind.CHOICE: 3}
MANAGE_THREADS = 1 << 34
"""Who has this permission counts as an admin, see `is_admin`."""
IN_SERVERS = 0
IN_DIRECT_MESSAGES = 1

PICKER = "choose"
MOST_CHOICES = 25
LONGEST_LABEL = 100


def payload(specs: Sequence[CommandSpec]) -> list[dict[str, Any]]:
    """What Discord is told about the commands."""
    return [
        {
            "type": CHAT_INPUT,
            "name": spec.name,
            "description": cut(spec.description),
            "options": [_option(option) for option in spec.options],
            **({"default_member_permissions": str(MANAGE_THREADS)} if spec.managers else {}),
            "contexts": [IN_SERVERS, IN_DIRECT_MESSAGES],
            "integration_types": [0],
        }
        for spec in specs
    ]


def _option(option: CommandOption) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": OPTION_TYPES[option.kind],
        "name": option.name,
        "description": cut(option.description),
        "required": option.required,
    }
    if option.choices:
        told["choices"] = [{"name": choice, "value": choice} for choice in option.choices]
    return told


def fingerprint(application: int, commands: Sequence[Mapping[str, Any]]) -> str:
    """Names what was told to which application."""
    text = json.dumps(commands, sort_keys=True, ensure_ascii=True)
    return f"{application}:{hashlib.sha256(text.encode()).hexdigest()}"


def cut(text: str, most: int = LONGEST_LABEL) -> str:
    """`text` in at most `most` characters, as descriptions and labels need it."""
    return text if len(text) <= most else text[: most - 1] + "…"


async def sync(client: Client, calls: Calls, inbox: Inbox) -> None:
    """Tell Discord the commands, unless it has been told exactly these.

    Never fatal: without it the old commands stay, and commands can be typed as messages.
    """
    application = client.application_id
    if application is None:
        return
    commands = payload(inbox.commands)
    wanted = fingerprint(application, commands)
    try:
        if await inbox.notes.read(NOTE) == wanted:
            return
        await calls.answer(
            lambda: client.http.bulk_upsert_global_commands(application, commands), patient=True
        )
        await inbox.notes.write(NOTE, wanted)
    except (PlatformError, StoreError) as error:
        log.warning("The slash commands could not be brought up to date: %s", error)
    else:
        log.info("Told Discord %d slash commands", len(commands))


@dataclass(frozen=True, slots=True)
class Called:
    """A command as it was called.

    Attributes:
        id: Interaction id.
        name: Command.
        writer: Who called it.
        place: Where.
        options: As given; flags that are off are left out.
        thread: The conversation chosen from a list, None when the place decides.
    """

    id: str
    name: str
    writer: Writer
    place: Place
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    thread: ThreadKey | None = None


def call_of(called: Called) -> CommandCall:
    """The call for the engine."""
    return CommandCall(
        event_id=called.id,
        name=called.name,
        author=author_of(called.writer),
        platform=PLATFORM,
        space=called.place.space,
        channel=called.place.id,
        thread=called.thread or held_by(called.place),
        options=called.options,
        direct=called.place.kind is Kind.DIRECT,
    )


def options_of(data: Mapping[str, Any]) -> dict[str, str]:
    """The options in an interaction's data.

    Raises:
        KeyError, TypeError: The data is malformed.
    """
    given: dict[str, str] = {}
    for option in cast("Sequence[Mapping[str, Any]]", data.get("options") or ()):
        value = option["value"]
        if value is True:
            given[option["name"]] = "true"
        elif value is not False:
            given[option["name"]] = str(value)
    return given


def picker_id(name: str, options: Mapping[str, str]) -> str:
    """The custom id of a list of conversations: what to call with the one that is chosen.

    Everything needed is in it, so that a list works after a restart. Options that do not fit
    into Discord's 100 characters are left out.
    """
    told = f"{PICKER}:{name}:{urlencode(sorted(options.items()))}"
    return told if len(told) <= LONGEST_LABEL else f"{PICKER}:{name}:"


def read_picker_id(custom_id: str) -> tuple[str, dict[str, str]] | None:
    """Command and options from a custom id, None when it is not of a list of ours."""
    parts = custom_id.split(":", 2)
    if len(parts) != 3 or parts[0] != PICKER or not parts[1]:
        return None
    return parts[1], dict(parse_qsl(parts[2]))


def offered(choices: Sequence[ThreadChoice]) -> Sequence[ThreadChoice]:
    """The choices that a list of Discord can hold."""
    fitting = [choice for choice in choices if len(str(choice.thread)) <= LONGEST_LABEL]
    return fitting[:MOST_CHOICES]
