"""The table of variables: what is taken, what is refused, and how it is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import SettingsError
from bot.plugins import find_adapters
from bot.settings import read_settings, variables
from bot.spec import AdapterSpec, Variable, VariableKind
from bot.variables import CORE

CONSOLE = AdapterSpec(name="console", title="The terminal", create="x:y")
PIGEON = AdapterSpec(
    name="pigeon",
    title="Pigeon",
    create="x:y",
    variables=(
        Variable("PIGEON_RING", "Ring.", VariableKind.SECRET, pattern="r-[0-9]+", expects="r-1"),
        Variable("PIGEON_LOFT", "Loft."),
        Variable("PIGEON_MAP", "Map."),
    ),
    needs=("PIGEON_RING",),
    either=("PIGEON_LOFT", "PIGEON_MAP"),
)
SPECS = (CONSOLE, PIGEON)


def problems(**environ: str) -> dict[str, str]:
    """What is wrong with each variable."""
    with pytest.raises(SettingsError) as caught:
        read_settings(environ, SPECS)
    assert all(problem.wrong and problem.fix for problem in caught.value.problems)
    return {problem.variable: problem.wrong for problem in caught.value.problems}


def test_nothing_set_is_the_demo_in_the_terminal() -> None:
    settings = read_settings({}, SPECS)
    assert settings.demo
    assert settings.adapters == (CONSOLE,)
    assert settings.context_tokens == 8000
    assert settings.lease_seconds == 15.0
    assert settings.data_dir.is_absolute() and "~" not in str(settings.data_dir)
    assert settings.text("REDIS_URL") is None
    assert settings.number("OPENAI_TEMPERATURE") is None
    assert settings.integer("OPENAI_MAX_OUTPUT_TOKENS") is None


def test_blank_is_unset_and_space_is_trimmed() -> None:
    names = [variable.name for variable in variables(SPECS)]
    assert read_settings(dict.fromkeys(names, " \t"), SPECS) == read_settings({}, SPECS)
    settings = read_settings({"OPENAI_MODEL": "  a model \n", "OPENAI_API_KEY": None}, SPECS)
    assert settings.text("OPENAI_MODEL") == "a model"


def test_a_half_configured_platform_is_a_problem() -> None:
    assert problems(PIGEON_LOFT="here") == {"PIGEON_RING": "is not set."}
    assert problems(PIGEON_RING="r-1") == {"PIGEON_LOFT": "is not set."}
    settings = read_settings({"PIGEON_RING": "r-1", "PIGEON_MAP": "m"}, SPECS)
    assert settings.adapters == (PIGEON,)


def test_a_secret_is_never_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({"PIGEON_RING": "hunter2", "PIGEON_MAP": "m"}, SPECS)
    assert "hunter2" not in str(caught.value)
    settings = read_settings({"PIGEON_RING": "r-1234", "PIGEON_MAP": "m"}, SPECS)
    assert "r-1234" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "redis://h",
        "rediss://u:p@h:6380/0",
        "unix:///run/r.sock",
        "redis://[::1]:6379/1",
        "redis+cluster://u:p@a:7000,b:7001,[::1]",
        "rediss+sentinel://u:p@a,b:26380/0?service=weavers",
    ],
)
def test_good_addresses(url: str) -> None:
    assert read_settings({"REDIS_URL": url}, SPECS).text("REDIS_URL") == url


@pytest.mark.parametrize(
    "url",
    [
        "h:6379",
        "http://h",
        "redis://",
        "redis://h:x",
        "redis://h:0",
        "unix://",
        "redis://[::1",
        "redis://a,b",
        "redis+cluster://a,",
        "redis+sentinel://a?servce=x",
    ],
)
def test_bad_addresses(url: str) -> None:
    assert list(problems(REDIS_URL=url)) == ["REDIS_URL"]


@pytest.mark.parametrize("value", ["0.49", "300.1", "nan", "inf", "-1", "ten", "1e999", "0x10"])
def test_bad_numbers(value: str) -> None:
    assert list(problems(BOBBIN_LEASE_SECONDS=value)) == ["BOBBIN_LEASE_SECONDS"]
    assert list(problems(BOBBIN_CONTEXT_TOKENS=value)) == ["BOBBIN_CONTEXT_TOKENS"]


def test_the_system_prompt_comes_from_one_place(tmp_path: Path) -> None:
    file = tmp_path / "prompt.md"
    file.write_text("  You are a loom.\n", encoding="utf-8")
    settings = read_settings({"BOBBIN_SYSTEM_PROMPT_FILE": str(file)}, SPECS)
    assert settings.system_prompt == "You are a loom."
    name = "BOBBIN_SYSTEM_PROMPT_FILE"
    assert "beside" in problems(BOBBIN_SYSTEM_PROMPT="x", BOBBIN_SYSTEM_PROMPT_FILE=str(file))[name]
    file.write_bytes(b"\xff\xfe")
    assert problems(BOBBIN_SYSTEM_PROMPT_FILE=str(file)) == {name: "is not UTF-8 text."}
    file.write_text(" \n")
    assert problems(BOBBIN_SYSTEM_PROMPT_FILE=str(file)) == {name: "is empty."}
    assert name in problems(BOBBIN_SYSTEM_PROMPT_FILE=str(tmp_path))


def test_slips_of_the_pen_are_noticed() -> None:
    environ = {"OPENAI_MODLE": "x", "BOBBIN_ZZZZZZZZ": "x", "OPENAI_ORG_ID": "x", "HOME": "x"}
    assert read_settings(environ, SPECS).unknown == {
        "OPENAI_MODLE": "OPENAI_MODEL",
        "BOBBIN_ZZZZZZZZ": "",
    }


def test_defaults_pass_their_own_checks() -> None:
    specs = find_adapters()
    environ = {variable.name: variable.default for variable in CORE}
    assert read_settings(environ, specs).values == read_settings({}, specs).values


@given(
    st.dictionaries(
        st.sampled_from([variable.name for variable in variables(SPECS)]),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20),
    )
)
def test_any_environment_is_read_or_refused(environ: dict[str, str]) -> None:
    try:
        read_settings(environ, SPECS)
    except SettingsError as error:
        assert error.problems
        assert {problem.variable for problem in error.problems} <= {
            variable.name for variable in variables(SPECS)
        }


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """A file with a pigeon's secret."""
    file = tmp_path / "ring"
    file.write_text("r-1\n", encoding="utf-8")
    return file


def test_a_secret_may_stand_in_a_file(ring: Path) -> None:
    environ = {"PIGEON_RING_FILE": str(ring), "PIGEON_MAP": "m"}
    settings = read_settings(environ, SPECS)
    assert settings.text("PIGEON_RING") == "r-1"
    assert settings.adapters == (PIGEON,)
    assert settings.unknown == {}
    ring.write_text("redis://u:p@h/0", encoding="utf-8")
    assert read_settings({"REDIS_URL_FILE": str(ring)}, SPECS).text("REDIS_URL") == (
        "redis://u:p@h/0"
    )
    ring.write_text("sk-1", encoding="utf-8-sig")
    assert not read_settings({"OPENAI_API_KEY_FILE": str(ring)}, SPECS).demo


def test_what_is_no_secret_has_no_file() -> None:
    assert list(read_settings({"OPENAI_MODEL_FILE": "/x"}, SPECS).unknown) == ["OPENAI_MODEL_FILE"]
    every = variables(find_adapters())
    names = {variable.file_name for variable in every if variable.file_name}
    assert {"DISCORD_TOKEN_FILE", "SLACK_BOT_TOKEN_FILE", "SLACK_APP_TOKEN_FILE"} <= names
    assert {"SLACK_SIGNING_SECRET_FILE", "OPENAI_API_KEY_FILE", "REDIS_URL_FILE"} <= names
    # Only the compose file reads this one, from the environment.
    assert "BOBBIN_REDIS_PASSWORD_FILE" not in names
    assert not names & {variable.name for variable in every}


def test_a_secret_file_that_is_no_good_is_named(ring: Path) -> None:
    given = {"PIGEON_RING_FILE": str(ring), "PIGEON_MAP": "m"}
    name = "PIGEON_RING_FILE"
    assert problems(**given, PIGEON_RING="r-2") == {name: "is set beside PIGEON_RING."}
    assert problems(PIGEON_RING_FILE=str(ring.parent), PIGEON_MAP="m") == {
        name: "cannot be read (Is a directory)."
    }
    assert problems(PIGEON_RING_FILE=str(ring / "x"), PIGEON_MAP="m") == {
        name: "cannot be read (Not a directory)."
    }
    assert name in problems(PIGEON_RING_FILE="a\0b", PIGEON_MAP="m")
    ring.write_bytes(b"\xff\xfe\x00")
    assert problems(**given) == {name: "is not UTF-8 text."}
    ring.write_text(" \n", encoding="utf-8")
    assert problems(**given) == {name: "is empty."}
    ring.write_text("r" * 2_000_000, encoding="utf-8")
    assert problems(**given) == {name: "is too long."}
    ring.write_text("hunter2\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_settings(given, SPECS)
    assert [problem.variable for problem in caught.value.problems] == ["PIGEON_RING"]
    assert "hunter2" not in str(caught.value)
