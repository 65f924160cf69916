"""What `bobbin doctor` finds out about Slack's agent surface."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from adapters.slack.check import check
from adapters.slack.manifest import manifest
from bot.spec import Finding
from tests.contracts.slack_rig import simulator
from tests.simulators.slack_sim import SlackSimulator


async def looked_at(sim: SlackSimulator, *, dm: bool = True) -> dict[str, Finding]:
    """What the doctor finds, by subject, with somebody who has a direct message or without."""
    async with sim:
        if dm:
            sim.open_dm(sim.add_user("Ada"))
        found = {finding.subject: finding for finding in await check(sim.environment())}
        assert sim.violations == []
        for session in sim.state.sessions.values():
            assert session.status == "active"
        return found


def changed(**features: Any) -> Mapping[str, Any]:
    """Our manifest with other features."""
    found = deepcopy(dict(manifest()))
    found["features"] |= features
    return found


async def test_all_is_well() -> None:
    found = await looked_at(simulator())
    assert all(finding.ok for finding in found.values())
    assert set(found) >= {"Slack agent surface", "Slack's Stop button"}


async def test_a_slack_that_is_away_is_told_with_what_to_do() -> None:
    async with simulator() as sim:
        values = sim.environment()
    # An app for many workspaces is asked for once, and not patiently.
    for found in await check({**values, "SLACK_BOT_TOKEN": "", "SLACK_CLIENT_ID": "1.2"}):
        assert not found.ok and found.detail == "no answer from Slack: Connection refused"
        assert found.fix.startswith("Check that this machine may speak to Slack: network, proxy")


@pytest.mark.parametrize(
    ("error", "fix"), [("missing_scope", "Reinstall the app"), ("access_denied", "A policy")]
)
async def test_it_is_told_when_members_cannot_be_told_from_guests(error: str, fix: str) -> None:
    sim = simulator()
    sim.faults.add("users.info", error=error)
    found = await looked_at(sim)
    assert not found["Slack people"].ok and fix in found["Slack people"].fix


async def test_without_a_direct_message_it_says_how_to_look() -> None:
    found = await looked_at(simulator(), dm=False)
    assert found["Slack agent surface"].ok
    assert "write to it once" in found["Slack agent surface"].detail


async def test_a_workspace_without_the_surface_is_no_fault() -> None:
    found = await looked_at(simulator(agents=False))
    assert found["Slack agent surface"].ok
    assert "posted and edited" in found["Slack agent surface"].detail


async def test_a_messages_tab_that_is_off_is_named() -> None:
    home = {"home_tab_enabled": False, "messages_tab_enabled": False}
    found = await looked_at(simulator(manifest=changed(app_home=home)))
    assert not found["Slack agent surface"].ok
    assert "App Home" in found["Slack agent surface"].fix


async def test_a_missing_subscription_is_named() -> None:
    without = deepcopy(dict(manifest()))
    without["settings"]["event_subscriptions"]["bot_events"].remove("agent_session_stopped")
    found = await looked_at(simulator(manifest=without))
    assert not found["Slack's Stop button"].ok
    assert "agent_session_stopped" in found["Slack's Stop button"].detail
    assert "manifest.json" in found["Slack's Stop button"].fix


@pytest.mark.parametrize(
    ("error", "words"), [("a_new_word", "refuses"), ("missing_scope", "a scope is missing")]
)
async def test_anything_else_is_told_as_it_is(error: str, words: str) -> None:
    sim = simulator()
    sim.faults.add("assistant.threads.setSuggestedPrompts", error=error)
    found = await looked_at(sim)
    assert not found["Slack agent surface"].ok
    assert words in found["Slack agent surface"].detail
