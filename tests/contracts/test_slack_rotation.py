"""Tokens that expire: one process asks for the next one, the others read it; kept sealed."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.calls import Calls
from adapters.slack.installation import NOTE, Installation, Vault
from adapters.slack.manifest import manifest
from adapters.slack.rotation import AHEAD_SECONDS, claim_of
from adapters.slack.workspace import Common
from adapters.slack.workspaces import Many
from bot.errors import BadToken, NeedsOperator, PlatformBusy
from bot.ids import new_id
from bot.stand_ins import MemoryNotes
from bot.storage.connect import open_redis
from bot.storage.keys import claim
from bot.storage.threads import Threads
from tests.contracts.slack_rig import ADDRESS, QUICK, simulator
from tests.servers import Valkey, valkey_server
from tests.simulators.slack_sim import SlackSimulator, Workspace

KEY, OTHER = "A" * 43 + "=", "B" * 43 + "="
UNHURRIED = replace(QUICK, call=60.0, status=60.0)
MOST = 2
"""Workspaces that a process keeps in mind."""
REDIRECT = "https://bobbin.example.com/slack/oauth_redirect"


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with (
        tempfile.TemporaryDirectory(prefix="bobbin-rot-") as directory,
        valkey_server(Path(directory)) as running,
    ):
        yield running


@dataclass
class Clock:
    """Seconds since the epoch, as tests say."""

    seconds: float = 1_790_000_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Processes:
    """Two processes with one store, and a workspace that has installed the app."""

    sim: SlackSimulator
    clock: Clock
    first: Many
    second: Many

    @property
    def space(self) -> Workspace:
        return self.sim.workspace

    async def installed(self, seconds: float) -> None:
        """The workspace has a token that is good for so long yet."""
        self.space.refresh = "xoxe-1-first"
        await self.first.vault.write(
            Installation(
                self.space.id,
                self.space.bot.id,
                self.space.token,
                self.space.refresh,
                self.clock() + seconds,
                title="Acme",
            )
        )

    async def token(self, process: Many) -> str:
        """What a process makes its calls with now."""
        return (await process.at(self.space.id)).calls.token

    @property
    def refreshes(self) -> int:
        """How often Slack was asked for a newer token."""
        return len(self.sim.calls("oauth.v2.access"))


@pytest.fixture
async def two(server: Valkey) -> AsyncIterator[Processes]:
    given = manifest(ADDRESS, redirect=REDIRECT)
    client = open_redis(server.url)
    await client.flushall()
    clock = Clock()
    async with simulator(manifest=given) as sim:
        app, base = sim.workspace.app, sim.api_url
        made: list[Many] = []
        roots: list[Calls] = []
        for name in ("one", "two"):
            threads = Threads(client, worker=name, clock=time.time, new_id=new_id)
            roots.append(Calls("", base, UNHURRIED))
            made.append(
                Many(
                    roots[-1],
                    (app.client_id, app.client_secret),
                    (KEY,),
                    threads.notes("slack"),
                    clock,
                    Common(UNHURRIED, time.monotonic, threads.claims("slack")),
                    MOST,
                )
            )
        yield Processes(sim, clock, *made)
        for each in (*made, *roots):
            await each.close()
        assert sim.violations == []
    await client.aclose()


async def test_a_token_that_is_good_for_long_is_left_alone(two: Processes) -> None:
    await two.installed(AHEAD_SECONDS + 60)
    assert await two.token(two.first) == two.space.token
    assert two.refreshes == 0


async def test_many_who_need_a_newer_token_at_once_ask_for_it_once(two: Processes) -> None:
    await two.installed(AHEAD_SECONDS - 60)
    old = two.space.token
    hold = asyncio.Event()
    two.sim.faults.add("oauth.v2.access", gate=hold)
    racing = [asyncio.create_task(two.token(process)) for process in (two.first, two.second) * 4]
    # Whoever does not ask goes on with the old token, which is good for two hours.
    done, _ = await asyncio.wait(racing, return_when=asyncio.FIRST_COMPLETED)
    assert {task.result() for task in done} == {old}
    hold.set()
    found = set(await asyncio.gather(*racing))
    assert found <= {old, two.space.token}
    assert two.refreshes == 1
    assert {await two.token(each) for each in (two.first, two.second)} == {two.space.token}


async def test_who_has_no_good_token_waits_for_the_one_that_another_process_gets(
    two: Processes,
) -> None:
    await two.installed(0.0)
    hold = asyncio.Event()
    two.sim.faults.add("oauth.v2.access", gate=hold)
    racing = [asyncio.create_task(two.token(each)) for each in (two.first, two.second) * 3]
    await two.sim.until(lambda: two.refreshes)
    assert not any(task.done() for task in racing)
    hold.set()
    assert set(await asyncio.gather(*racing)) == {two.space.token}
    assert two.refreshes == 1


async def test_while_slack_gives_none_the_old_one_serves_until_its_end(two: Processes) -> None:
    await two.installed(AHEAD_SECONDS - 60)
    two.sim.faults.add("oauth.v2.access", times=2, status=503, body="away")
    assert await two.token(two.first) == two.space.token
    assert await two.token(two.first) == two.space.token
    # It is not asked for with every call.
    assert two.refreshes == 1
    two.clock.seconds += AHEAD_SECONDS
    with pytest.raises(PlatformBusy):
        await two.token(two.first)
    assert await two.token(two.first) == two.space.token
    assert two.refreshes == 3


async def test_a_refresh_token_that_is_refused_is_told_to_the_operator(two: Processes) -> None:
    await two.installed(0.0)
    two.space.refresh = "xoxe-1-another"
    with pytest.raises(BadToken) as caught:
        await two.token(two.second)
    assert "/slack/install" in caught.value.hint


async def test_where_it_is_not_installed_there_is_nothing_to_act_with(two: Processes) -> None:
    with pytest.raises(BadToken, match="not installed in T0NOWHERE"):
        await two.first.at("T0NOWHERE")
    assert await two.first.heard({"team_id": "T0NOWHERE"}) is None
    assert await two.first.heard({}) is None


async def test_an_answer_without_a_space_goes_where_its_channel_was_heard(two: Processes) -> None:
    await two.installed(AHEAD_SECONDS * 2)
    heard = await two.first.heard({"team_id": two.space.id, "event": {"channel": "C0HEARD"}})
    assert heard is not None
    assert await two.first.at("", "C0HEARD") is heard
    with pytest.raises(BadToken, match="workspace of channel C0OTHER"):
        await two.first.at("", "C0OTHER")


async def test_removal_waits_for_whoever_changes_the_record(two: Processes) -> None:
    await two.installed(AHEAD_SECONDS - 60)
    hold = asyncio.Event()
    two.sim.faults.add("oauth.v2.access", gate=hold)
    replacing = asyncio.create_task(two.token(two.first))
    await two.sim.until(lambda: two.refreshes)
    forgetting = asyncio.create_task(two.second.forget(two.space.id))
    hold.set()
    await asyncio.gather(replacing, forgetting)
    assert await two.first.vault.read(two.space.id) is None


async def overtaken(two: Processes, server: Valkey) -> tuple[asyncio.Task[str], asyncio.Event]:
    """The first process replaces the token, and is paused there until its claim has run out."""
    await two.installed(AHEAD_SECONDS - 60)
    hold = asyncio.Event()
    two.sim.faults.add("oauth.v2.access", gate=hold)
    replacing = asyncio.create_task(two.token(two.first))
    await two.sim.until(lambda: two.refreshes)
    client = open_redis(server.url)
    assert await client.delete(claim("slack", claim_of(two.space.id))) == 1
    await client.aclose()
    return replacing, hold


async def test_a_token_that_comes_too_late_brings_nothing_back_that_was_removed(
    two: Processes, server: Valkey
) -> None:
    await two.installed(AHEAD_SECONDS + 60)
    replacing, hold = await overtaken(two, server)
    await two.second.forget(two.space.id)
    hold.set()
    with pytest.raises(BadToken, match="not installed"):
        await replacing
    assert await two.second.vault.spaces() == []


async def test_a_token_that_comes_too_late_leaves_a_newer_installation_alone(
    two: Processes, server: Valkey
) -> None:
    replacing, hold = await overtaken(two, server)
    newer = Installation(two.space.id, two.space.bot.id, "xoxb-newer", title="Acme")
    await two.second.vault.write(newer)
    hold.set()
    assert await replacing == "xoxb-newer"
    assert await two.second.vault.read(two.space.id) == newer


MADE = Installation("T1", "U1", "xoxe.xoxb-secret", "xoxe-1-secret", 5.0, scopes=("chat:write",))


async def test_records_are_sealed_and_cannot_be_exchanged() -> None:
    notes = MemoryNotes()
    vault = Vault(notes, [KEY])
    await vault.write(MADE)
    sealed = await notes.read(f"{NOTE}T1")
    assert sealed is not None
    assert "secret" not in sealed
    assert await vault.read("T1") == MADE
    assert await vault.spaces() == ["T1"]
    assert "secret" not in repr(MADE)
    # One workspace's record in another's place is not taken for its own.
    await notes.write(f"{NOTE}T2", sealed)
    with pytest.raises(NeedsOperator, match="in the place of T2"):
        await vault.read("T2")
    await notes.write(f"{NOTE}T1", sealed[:-4] + "AAAA")
    with pytest.raises(NeedsOperator, match="cannot be decrypted"):
        await vault.read("T1")


async def test_a_record_that_is_encrypted_anew_meanwhile_is_replaced_all_the_same() -> None:
    notes = MemoryNotes()
    vault, both = Vault(notes, [KEY, OTHER]), Vault(notes, [OTHER, KEY])
    newer = replace(MADE, token="xoxe.xoxb-newer")
    await vault.write(MADE)
    assert await both.encrypt_anew("T1")
    assert await vault.replace(MADE, newer)
    assert await vault.replace(MADE, newer)
    assert not await vault.replace(MADE, replace(MADE, token="another"))
    assert await both.read("T1") == newer


async def test_a_key_is_replaced_while_the_older_one_still_opens() -> None:
    notes = MemoryNotes()
    await Vault(notes, [KEY]).write(MADE)
    both = Vault(notes, [OTHER, KEY])
    assert await both.read("T1") == MADE
    assert await both.encrypt_anew("T1")
    assert not await both.encrypt_anew("T1")
    assert not await both.encrypt_anew("T9")
    assert await Vault(notes, [OTHER]).read("T1") == MADE
    with pytest.raises(NeedsOperator) as caught:
        await Vault(notes, [KEY]).read("T1")
    assert "SLACK_INSTALL_KEYS" in caught.value.hint


@given(st.text(), st.text(), st.floats(0, 1e12), st.lists(st.text(), max_size=3))
def test_whatever_is_kept_comes_back(
    token: str, title: str, expires: float, scopes: list[str]
) -> None:
    made = replace(MADE, token=token, title=title, expires=expires, scopes=tuple(scopes))

    async def kept() -> Installation | None:
        vault = Vault(MemoryNotes(), [KEY])
        await vault.write(made)
        return await vault.read("T1")

    assert asyncio.run(kept()) == made


async def test_workspaces_are_left_side_by_side_and_nobody_else_waits_for_it(
    two: Processes,
) -> None:
    where = ("D0DIRECT", "1790000000.000001")
    await two.installed(0.0)
    kept = await two.first.vault.read(two.space.id)
    assert kept is not None
    spaces = [two.space, *(two.sim.add_workspace(f"Looms {number}") for number in range(MOST))]
    hold = asyncio.Event()
    leaving = two.sim.faults.add("agents.sessions.setStatus", times=len(spaces), gate=hold)
    for space in spaces:
        await two.first.vault.write(
            replace(kept, space=space.id, token=space.token, refresh="", expires=0.0)
        )
        # The first is left for the last, which is there all the same.
        (await two.first.at(space.id)).sessions.streamed(*where)
    closing = asyncio.create_task(two.first.close())
    await two.sim.until(lambda: len(two.sim.calls("agents.sessions.setStatus")) == len(spaces))
    assert leaving.times == 0 and not closing.done()
    hold.set()
    await closing
