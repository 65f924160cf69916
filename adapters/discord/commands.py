"""The engine's commands as application commands of Discord. Pure but for `sync`."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode

import discord

from adapters.discord.calls import Calls
from adapters.discord.choice_words import choice
from adapters.discord.client import Client
from adapters.discord.translate import author_of, held_by
from adapters.discord.values import DIRECT_SPACE, PLATFORM, Kind, Place, Writer
from adapters.discord.words import MENUS, THREAD, THREAD_TOLD, localised, menu_names
from bot.chat import CommandCall, EarlierMessage, MessageRef, ThreadChoice, ThreadKey
from bot.command_spec import CommandOption, CommandSpec, OptionKind
from bot.errors import PlatformError, StoreError
from bot.inbox import Inbox

log = logging.getLogger(__name__)

NOTE = "commands"
"""Name of the note that says what Discord was told last."""

TELLING_SECONDS = 30.0
"""How long one process has for it; others that start meanwhile leave it to that one."""

CHAT_INPUT = 1
MESSAGE_MENU = 3
OPTION_TYPES = {OptionKind.TEXT: 3, OptionKind.FLAG: 5, OptionKind.CHOICE: 3}
MANAGE_THREADS = 1 << 34
"""Who has this permission counts as an admin, see `is_admin`."""
IN_SERVERS = 0
IN_DIRECT_MESSAGES = 1
IN_PRIVATE_CHANNELS = 2
"""Direct messages between other people, and groups."""
BY_SERVERS = 0
BY_PEOPLE = 1

THREADED = frozenset({"summary", "forget", "stop", "usage", "export"})
"""Commands about a conversation, which can be another one than the one they are called in."""
OWN = frozenset({"remember", "memories"})
"""Commands about what is somebody's own; where the bot is not they are about nothing else."""
ANYWHERE = frozenset({"ask", "help", "imagine"}) | OWN
"""Commands that need no conversation, and so work where the bot itself is not."""

PICKER = "choose"
MOST_CHOICES = 25
LONGEST_LABEL = 100


def payload(specs: Sequence[CommandSpec], personal: bool = False) -> list[dict[str, Any]]:
    """What Discord is told about the commands: slash commands, and menus of messages.

    Args:
        specs: The engine's commands.
        personal: People may add the bot for themselves, to use it wherever they are.
    """
    named = {spec.name for spec in specs}
    menus = [_menu(command, name, personal) for command, name in MENUS.items() if command in named]
    return [*(_slash(spec, personal) for spec in specs), *menus]


def _slash(spec: CommandSpec, personal: bool) -> dict[str, Any]:
    options = [_option(spec.name, option) for option in spec.options]
    if spec.name in THREADED:
        options.append(_thread_option())
    return {
        "type": CHAT_INPUT,
        "name": spec.name,
        "description": cut(spec.description),
        **localised(spec.name),
        "options": options,
        **({"default_member_permissions": str(MANAGE_THREADS)} if spec.managers else {}),
        **_where(spec.name, personal),
    }


def _option(command: str, option: CommandOption) -> dict[str, Any]:
    told: dict[str, Any] = {
        "type": OPTION_TYPES[option.kind],
        "name": option.name,
        "description": cut(option.description),
        **localised(f"{command}.{option.name}"),
        "required": option.required,
    }
    if option.completes:
        told["autocomplete"] = True
    if option.choices:
        key = f"{command}.{option.name}"
        told["choices"] = [choice(key, value) for value in option.choices]
    return told


def _thread_option() -> dict[str, Any]:
    return {
        "type": OPTION_TYPES[OptionKind.TEXT],
        "name": THREAD,
        "description": THREAD_TOLD,
        **localised(THREAD),
        "required": False,
        "autocomplete": True,
    }


def _menu(command: str, name: str, personal: bool) -> dict[str, Any]:
    return {
        "type": MESSAGE_MENU,
        "name": name,
        "name_localizations": menu_names(command),
        **_where(command, personal and command in ANYWHERE),
    }


def _where(command: str, personal: bool) -> dict[str, Any]:
    contexts = [IN_SERVERS, IN_DIRECT_MESSAGES]
    if personal and command in ANYWHERE:
        contexts.append(IN_PRIVATE_CHANNELS)
    return {
        "contexts": contexts,
        "integration_types": [BY_SERVERS, BY_PEOPLE] if personal else [BY_SERVERS],
    }


def fingerprint(application: int, commands: Sequence[Mapping[str, Any]]) -> str:
    """Names what was told to which application."""
    text = json.dumps(commands, sort_keys=True, ensure_ascii=True)
    return f"{application}:{hashlib.sha256(text.encode()).hexdigest()}"


def cut(text: str, most: int = LONGEST_LABEL) -> str:
    """`text` in at most `most` characters, as descriptions and labels need it."""
    return text if len(text) <= most else text[: most - 1] + "…"


def is_personal(application: discord.AppInfo | None) -> bool:
    """Whether the developer portal lets people add the bot for themselves."""
    return application is not None and application.user_integration_config is not None


async def sync(client: Client, calls: Calls, inbox: Inbox) -> None:
    """Tell Discord the commands, unless it has been told exactly these.

    Never fatal: without it the old commands stay, and commands can be typed as messages.
    """
    application = client.application_id
    if application is None:
        return
    commands = payload(inbox.commands, is_personal(client.application))
    wanted = fingerprint(application, commands)
    try:
        if await inbox.notes.read(NOTE) == wanted:
            return
        if await inbox.claims.claim(NOTE, TELLING_SECONDS):
            log.info("Another process tells Discord the commands")
            return
        try:
            await calls.answer(
                lambda: client.http.bulk_upsert_global_commands(application, commands), patient=True
            )
            await inbox.notes.write(NOTE, wanted)
        finally:
            await inbox.claims.release(NOTE)
    except (PlatformError, StoreError) as error:
        log.warning("The commands could not be brought up to date: %s", error)
    else:
        log.info("Told Discord %d commands", len(commands))


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
        about: The message that it was called on.
        target: Where that message is, when nobody here remembers what it says.
        outside: The bot is no member of the place: only the interaction itself can be answered.
        act: As in `CommandCall`.
    """

    id: str
    name: str
    writer: Writer
    place: Place
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    thread: ThreadKey | None = None
    about: EarlierMessage | None = None
    target: MessageRef | None = None
    outside: bool = False
    act: str = ""


def call_of(called: Called) -> CommandCall:
    """The call for the engine.

    What stands in the option for a thread but names none asks for a list: what people type there
    is part of a title.
    """
    place = called.place
    own = called.outside and called.name in OWN
    if own:
        place = replace(place, space=DIRECT_SPACE, kind=Kind.DIRECT, parent="")
    options = dict(called.options)
    written = options.pop(THREAD, "")
    thread = called.thread or read_key(written, place.space)
    elsewhere = bool(written) or (thread is not None and thread.thread != place.id)
    if thread is None and not written and not own:
        thread = held_by(place)
    beside = elsewhere and (thread is None or thread.channel == place.parent)
    return CommandCall(
        event_id=called.id,
        name=called.name,
        author=author_of(called.writer),
        platform=PLATFORM,
        space=place.space,
        # Who is in a thread sees the channel around it, too.
        channel=place.parent if beside and place.parent else place.id,
        thread=thread,
        options=options,
        direct=place.kind is Kind.DIRECT,
        about=called.about,
        confined=place.private,
        act=called.act,
    )


def read_key(text: str, space: str) -> ThreadKey | None:
    """A conversation of this place by its key, None for any other text."""
    try:
        key = ThreadKey.parse(text)
    except ValueError:
        return None
    return key if (key.platform, key.space) == (PLATFORM, space) else None


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
