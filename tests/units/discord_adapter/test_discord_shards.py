"""Which servers a shard hears, what a plan means, and how many log-ins there may be."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord.logins import Starts, allowance, read_starts
from adapters.discord.shards import ALONE, Plan, Shard, Shared, is_plan, read_plan
from bot.cli import main
from bot.errors import PlatformError, SettingsError
from bot.plugins import find_adapters
from bot.settings import read_settings


@given(st.integers(0, 2**63 - 1), st.integers(1, 500))
def test_every_server_is_heard_by_exactly_one_shard(server: int, count: int) -> None:
    hearing = [shard for shard in range(count) if Shard(shard, count).covers(str(server))]
    assert hearing == [(server >> 22) % count]


def test_direct_messages_are_heard_by_the_first() -> None:
    assert [Shard(shard, 3).covers("@me") for shard in range(3)] == [True, False, False]


@pytest.mark.parametrize(
    ("text", "plan"),
    [
        ("", ALONE),
        ("0/1", ALONE),
        ("3/8", Shard(3, 8)),
        ("auto", Shared()),
        ("auto/8", Shared(8)),
    ],
)
def test_plans(text: str, plan: Plan) -> None:
    assert read_plan(text) == plan
    assert is_plan(text)


@pytest.mark.parametrize("text", ["8/8", "9/8", "-1/8", "3", "3/", "/8", "3/0", "auto/0", "all"])
def test_what_is_no_plan_is_a_wrong_setting(text: str) -> None:
    environ: dict[str, str | None] = {"DISCORD_TOKEN": "t", "DISCORD_SHARDS": text}
    with pytest.raises(SettingsError) as caught:
        read_settings(environ, find_adapters())
    (problem,) = caught.value.problems
    assert problem.variable == "DISCORD_SHARDS"
    assert "3/8" in problem.fix


def test_the_command_line_goes_before_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISCORD_TOKEN", "t")
    monkeypatch.setenv("DISCORD_SHARDS", "0/8")
    assert main(["run", "--shard", "8/8"]) == 2
    assert "DISCORD_SHARDS: '8/8' does not look right." in capsys.readouterr().err


@given(st.integers(1, 5000), st.integers(1, 2000))
def test_half_of_the_days_log_ins_are_left_alone(total: int, count: int) -> None:
    burst, seconds = allowance(total, count)
    assert burst >= 1
    if total >= 4:
        assert burst + 86_400 / seconds <= max(total / 2, burst + 1) + 1e-6


GOOD = {
    "url": "wss://gateway",
    "shards": 3,
    "session_start_limit": {
        "total": 1000,
        "remaining": 7,
        "reset_after": 1500,
        "max_concurrency": 16,
    },
}


def test_what_discord_says_of_log_ins_is_read() -> None:
    assert read_starts(GOOD) == Starts(3, 1000, 7, 1.5, 16)


@pytest.mark.parametrize(
    "fields", [{}, {**GOOD, "shards": None}, {**GOOD, "session_start_limit": []}]
)
def test_what_cannot_be_read_is_said(fields: dict[str, object]) -> None:
    with pytest.raises(PlatformError):
        read_starts(fields)
