"""The app was removed while nobody listened: found out, made sure of, erased."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from adapters.slack.calls import Calls
from adapters.slack.installation import Installation
from adapters.slack.removals import NOTE, Removals, is_removed
from adapters.slack.workspace import Common
from adapters.slack.workspaces import Many
from tests.contracts.slack_rig import QUICK, RecordingInbox, simulator
from tests.simulators.slack_sim import SlackSimulator, Workspace

KEY = "A" * 43 + "="
TIMING = replace(QUICK, removals=3600.0, between_checks=0.0, confirm=0.0)
LONG_AGO = 1_790_000_000.0


@dataclass
class Town:
    """Two workspaces that have installed the app, whose tokens do not expire."""

    sim: SlackSimulator
    inbox: RecordingInbox
    many: Many
    calls: Calls
    gone: Workspace
    other: Workspace
    clock: list[float] = field(default_factory=lambda: [LONG_AGO])

    def removals(self, **timing: float) -> Removals:
        """What one process looks with."""
        given = replace(TIMING, **timing)
        return Removals(self.many, self.inbox, self.calls, given, lambda: self.clock[0])

    @asynccontextmanager
    async def looking(self, **timing: float) -> AsyncIterator[None]:
        """A process that looks for removals."""
        task = asyncio.create_task(self.removals(**timing).run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()

    async def looked(self, times: int = 1) -> None:
        """Look from a start on, until all was looked at so often."""
        async with self.looking():
            await self.sim.until(lambda: self.inbox.notes.written >= times)

    async def write(self, space: Workspace, **changes: Any) -> None:
        """Keep an installation."""
        made = Installation(space.id, space.bot.id, space.token, title=space.name)
        await self.many.vault.write(replace(made, **changes))

    async def kept(self) -> set[str]:
        """Where the app is still taken to be installed."""
        return set(await self.many.vault.spaces())

    @property
    def asked(self) -> int:
        """How often a token was shown to Slack."""
        return len(self.sim.calls("auth.test"))


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    async with simulator() as sim:
        other = sim.add_workspace("Birch")
        inbox = RecordingInbox(sim.state.signal.changed)
        calls = Calls("", sim.api_url, TIMING)
        client = (sim.workspace.app.client_id, sim.workspace.app.client_secret)
        common = Common(TIMING, time.monotonic, inbox.claims)
        many = Many(calls, client, (KEY,), inbox.notes, lambda: LONG_AGO, common)
        made = Town(sim, inbox, many, calls, sim.workspace, other)
        for space in (made.gone, made.other):
            await made.write(space)
        inbox.notes.written = 0
        yield made
        assert inbox.claims.claimed == {}
        await many.close()
        await calls.close()
        assert sim.violations == []


@pytest.mark.parametrize(
    "says", ["account_inactive", "app_uninstalled", "token_revoked", "invalid_auth"]
)
async def test_what_was_removed_meanwhile_is_erased_and_the_other_stays(
    town: Town, says: str, caplog: pytest.LogCaptureFixture
) -> None:
    town.sim.uninstall(town.gone, told=False, says=says)
    await town.looked()
    assert town.inbox.spaces_left == [("slack", town.gone.id)]
    assert await town.kept() == {town.other.id}
    assert f"removed from {town.gone.name}" in caplog.text
    # Once for each, and once more to make sure.
    assert town.asked == 3


@pytest.mark.parametrize(
    ("refusal", "rotates", "others", "removed"),
    [
        ("account_inactive", True, False, True),
        ("app_uninstalled", True, False, True),
        # Neither a backup that has older tokens nor an address that is not allowed erases anything.
        ("token_revoked", True, True, False),
        ("invalid_auth", True, True, False),
        ("token_expired", True, True, False),
        ("token_revoked", False, False, True),
        ("invalid_auth", False, False, False),
        ("invalid_auth", False, True, True),
        ("org_login_required", False, True, False),
        ("", False, True, False),
    ],
)
def test_what_proves_a_removal(refusal: str, rotates: bool, others: bool, removed: bool) -> None:
    kept = Installation("T1", "U1", "xoxb-1", "xoxe-1" * rotates)
    assert is_removed(kept, refusal, others) is removed


async def test_what_proves_nothing_is_told_the_operator(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    for space in (town.gone, town.other):
        town.sim.uninstall(space, told=False, says="invalid_auth")
    await town.looked()
    assert await town.kept() == {town.gone.id, town.other.id}
    assert town.inbox.spaces_left == []
    told = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert len(told) == 2 and all("nothing is erased" in each for each in told)


@pytest.mark.parametrize(
    "fault",
    [
        {"error": "account_inactive"},
        {"status": 503, "body": "no", "times": 9},
    ],
    ids=str,
)
async def test_a_passing_fault_is_no_removal(town: Town, fault: dict[str, Any]) -> None:
    town.sim.faults.add("auth.test", **fault)
    await town.looked()
    assert await town.kept() == {town.gone.id, town.other.id}
    assert town.inbox.spaces_left == []


async def test_who_installs_it_again_before_it_is_made_sure_of_stays(town: Town) -> None:
    gate = asyncio.Event()
    town.sim.uninstall(town.gone, told=False)
    refused = {"error": "account_inactive"}
    town.sim.faults.add("auth.test", **refused)
    again = town.sim.faults.add("auth.test", gate=gate, **refused)
    async with town.looking():
        await asyncio.wait_for(again.arrived.wait(), 10)
        await town.write(town.gone, token="xoxb-newer")
        gate.set()
        await town.sim.until(lambda: town.inbox.notes.written >= 2)
    assert town.gone.id in await town.kept()
    assert town.inbox.spaces_left == []
    # Nor is a newer installation taken for the one that is to go.
    await town.many.forget(town.gone.id, town.gone.token)
    assert town.gone.id in await town.kept()


async def test_it_is_looked_for_again_every_day(town: Town) -> None:
    async with town.looking(removals=0.01):
        await town.sim.until(lambda: town.inbox.notes.written)
        town.sim.uninstall(town.gone, told=False)
        town.clock[0] += 1.0
        await town.sim.until(lambda: town.inbox.spaces_left)
        await town.sim.until(lambda: town.inbox.claims.claimed == {})
    assert await town.kept() == {town.other.id}


async def test_what_cannot_be_erased_yet_is_tried_again(town: Town) -> None:
    town.sim.uninstall(town.gone, told=False)
    town.inbox.away = 2
    async with town.looking(removals=0.01):
        await town.sim.until(lambda: town.inbox.notes.written)
    assert town.inbox.spaces_left[0] == ("slack", town.gone.id)
    assert await town.kept() == {town.other.id}


async def test_what_another_process_has_just_done_is_not_done_again(town: Town) -> None:
    await town.looked()
    assert town.asked == 2
    async with town.looking(removals=0.0):
        await town.sim.until(lambda: town.inbox.notes.written >= 1)
        # Its start was no later than the end of what the other has done.
    assert town.asked == 2
    # A start after that looks again.
    town.clock[0] += 1.0
    await town.looked(2)
    assert town.asked == 4
    assert float(await town.inbox.notes.read(NOTE) or 0) == town.clock[0]
