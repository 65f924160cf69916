"""Commands in other languages, menus, and the places that offer them."""

from __future__ import annotations

import re
from typing import Any

import pytest

from adapters.discord.commands import ANYWHERE, THREADED, Called, call_of, payload, read_key
from adapters.discord.forms import made
from adapters.discord.translate import is_withheld
from adapters.discord.values import Kind, Names, Own, Place, Quoted, Seen, Writer
from adapters.discord.words import LANGUAGES, MENUS, form_words, localised, menu_names
from bot.attached import Attachment
from bot.chat import ThreadKey
from bot.command_spec import CommandSpec
from bot.commands.specs import offered

TYPED = re.compile(r"[-_'\w]{1,32}")
WANTED = {"de", "fr", "es-ES", "ja", "pt-BR"}
ADA = Writer("1", "Ada")
CHANNEL = Place("10", Kind.TEXT, "5")
THREAD = Place("20", Kind.THREAD, "5", parent="10")
KEY = ThreadKey("discord", "5", "10", "30")


def told_of(command: dict[str, object]) -> list[dict[str, object]]:
    return [command, *command.get("options", [])]  # type: ignore[misc]


def test_every_command_and_option_is_told_in_every_language() -> None:
    for command in payload(offered(images=True), personal=True):
        for told in told_of(command):
            names = told["name_localizations"]
            assert isinstance(names, dict) and set(names) >= WANTED, told["name"]
            if command["type"] == 1:
                lines = told["description_localizations"]
                assert isinstance(lines, dict) and set(lines) == set(names)


def test_what_can_be_chosen_is_told_in_every_language_and_heard_in_one() -> None:
    found: dict[str, list[dict[str, Any]]] = {
        f"{command['name']}.{option['name']}": option["choices"]
        for command in payload(offered(images=True))
        for option in command.get("options", [])
        if "choices" in option
    }
    assert set(found) == {"settings.mention", "settings.memory", "remember.for"}
    for choices in found.values():
        for locale in LANGUAGES:
            names = [each["name_localizations"][locale] for each in choices]
            assert len(set(names)) == len(names)
            assert all(1 <= len(name) <= 100 for name in names)
    whom = {each["name"]: each["value"] for each in found["remember.for"]}
    # Discord has servers.
    assert whom["server"] == "workspace" and whom["me"] == "me"


@pytest.mark.parametrize("locale", LANGUAGES)
def test_names_can_be_typed_and_lines_fit(locale: str) -> None:
    words = LANGUAGES[locale]
    for name, line in words.commands.values():
        assert TYPED.fullmatch(name) and name == name.lower()
        assert 1 <= len(line) <= 100
    names = [words.commands[key][0] for key in words.commands if "." not in key]
    assert len(set(names)) == len(names)
    assert set(words.menus) == set(MENUS)
    assert len(set(words.menus.values())) == len(MENUS)
    assert all(len(name) <= 32 for name in words.menus.values())
    title, label = form_words(locale)
    assert len(title) <= 45 and len(label) <= 45


def test_languages_know_the_same_commands() -> None:
    assert len({frozenset(words.commands) for words in LANGUAGES.values()}) == 1


def test_what_no_language_knows_stays_english() -> None:
    assert localised("weave") == {}
    assert form_words("tlh")[0] == MENUS["ask"]
    assert menu_names("forget")["fr"] == "Oublier ce fil"


def test_menus_are_few_and_only_for_commands_that_there_are() -> None:
    assert len(MENUS) <= 5
    assert [each["name"] for each in payload([CommandSpec("help", "Help")])] == ["help"]
    assert [each["type"] for each in payload([CommandSpec("forget", "Erase")])] == [1, 3]


def test_who_brings_the_bot_along_is_offered_what_can_work() -> None:
    specs = [CommandSpec(name, name) for name in ("ask", "forget", "summary")]
    by_name = {each["name"]: each for each in payload(specs, personal=True)}
    assert by_name["ask"]["integration_types"] == [0, 1]
    assert by_name["ask"]["contexts"] == by_name["Ask about this"]["contexts"] == [0, 1, 2]
    assert by_name["forget"]["contexts"] == [0, 1]
    assert by_name["Forget this thread"]["integration_types"] == [0]
    assert all(each["integration_types"] == [0] for each in payload(specs))
    assert not ANYWHERE & THREADED


@pytest.mark.parametrize(
    ("place", "written", "chosen", "thread", "channel"),
    [
        (CHANNEL, "", None, None, "10"),
        (CHANNEL, str(KEY), None, KEY, "10"),
        (CHANNEL, "the red one", None, None, "10"),
        (CHANNEL, "discord:6:10:30", None, None, "10"),
        (CHANNEL, "discord:5:99:30", None, ThreadKey("discord", "5", "99", "30"), "10"),
        (THREAD, "", None, ThreadKey("discord", "5", "10", "20"), "20"),
        (THREAD, str(KEY), None, KEY, "10"),
        (THREAD, "the red one", None, None, "10"),
        (THREAD, "the red one", KEY, KEY, "10"),
        # Not beside this thread: the engine decides whether it is within reach from here.
        (THREAD, "discord:5:99:30", None, ThreadKey("discord", "5", "99", "30"), "20"),
    ],
)
def test_which_conversation_is_meant(
    place: Place, written: str, chosen: ThreadKey | None, thread: ThreadKey | None, channel: str
) -> None:
    options = {"thread": written} if written else {}
    call = call_of(Called("1", "summary", ADA, place, options, chosen))
    assert (call.thread, call.channel, call.options) == (thread, channel, {})


def test_keys_of_other_places_are_none() -> None:
    assert read_key(str(KEY), "5") == KEY
    assert read_key(str(KEY), "6") is None
    assert read_key("slack:5:10:30", "5") is None


async def test_the_form_keeps_within_what_discord_takes() -> None:
    form = made("ask:1:2", "ja")
    (label,) = form["components"]
    assert (label["type"], label["component"]["type"]) == (18, 4)
    assert form["custom_id"] == "ask:1:2"


OURS = Quoted("3", Writer("9", "Bobbin", is_bot=True), "")
OTHERS = Quoted("3", Writer("2", "Ben"), "")
OWN = Own("9")


def _reply(answers: Quoted | None, text: str = "", **fields: object) -> Seen:
    place = Place("10", Kind.TEXT, "5")
    return Seen("4", place, ADA, text, Names(), 1.0, answers=answers, **fields)  # type: ignore[arg-type]


def test_only_replies_to_the_bot_without_words_are_withheld() -> None:
    assert is_withheld(_reply(OURS), OWN)
    assert not is_withheld(_reply(OURS, "words"), OWN)
    assert not is_withheld(_reply(OURS, mentions_bot=True), OWN)
    assert not is_withheld(_reply(OURS, attached=(Attachment("a.txt"),)), OWN)
    assert not is_withheld(_reply(OURS, system=True), OWN)
    assert not is_withheld(_reply(OTHERS), OWN)
    assert not is_withheld(_reply(None), OWN)
