"""Every call to Slack, and what becomes of it when it is refused, fails, breaks or hangs."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import adapters.slack
from adapters.slack.adapter import SlackAdapter
from bot.attached import Attachment
from bot.chat import CommandReply, File, Incoming, MessageRef, Spot
from bot.errors import PlatformBusy
from tests.contracts.slack_rig import QUICK, Rig, connected, rig_of, simulator
from tests.simulators.slack_sim.server import METHODS

NOTE = File("notes.md", b"# notes", "text/markdown")
UPLOAD = "/upload/v1/{ticket}"
ANSWER = "/response/{path}"

LIMITED: Mapping[str, Any] = {
    "status": 429,
    "headers": {"Retry-After": "3600"},
    "body": {"ok": False, "error": "ratelimited"},
}
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "limited": LIMITED,
    "error": {"status": 500, "body": "oops"},
    "proxy": {"status": 503, "body": "<html>upstream</html>"},
    "reset": {"drop": True},
    "lost": {"after_effect": True},
}

Act = Callable[["Scene"], Awaitable[None]]


class Scene:
    """A question in a thread, a message of ours there, and what can be done with them."""

    def __init__(self, rig: Rig, event: Incoming, spot: Spot, ours: MessageRef) -> None:
        self.rig = rig
        self.event = event
        self.spot = spot
        self.ours = ours
        self._number = 0

    @property
    def adapter(self) -> SlackAdapter:
        """The adapter under test."""
        return self.rig.adapter

    async def post(self) -> None:
        await self.adapter.post(self.spot, "text", key="k")

    async def post_again(self) -> None:
        await self.adapter.post(self.spot, "text", key="mine", again=True)

    async def edit(self) -> None:
        await self.adapter.edit(self.ours, "other")

    async def delete(self) -> None:
        await self.adapter.delete(await self.adapter.post(self.spot, "away", key="d"))

    async def status(self) -> None:
        await self.adapter.show_status(self.spot, "is thinking…")

    async def history(self) -> None:
        await self.adapter.history(self.event, 10)

    async def since(self) -> None:
        root = self.event.ref
        key = replace(self.event.thread, thread=root.message)
        await self.adapter.since(root, key, 10)

    async def mark(self) -> None:
        await self.adapter.mark_waiting(self.event.ref, True)

    async def unmark(self) -> None:
        await self.adapter.mark_waiting(self.event.ref, False)

    async def whisper(self) -> None:
        await self.adapter.respond(self.event, CommandReply("psst"))

    async def file(self) -> None:
        await self.adapter.respond(self.event, CommandReply("here", files=(NOTE,)))

    async def download(self) -> None:
        """Of a file of another organisation a message tells the id only."""
        plan = self.rig.sim.add_file(self.rig.ada, "plan.txt", b"plan", stub=True)
        where = self.event.thread
        found = Attachment("", id=plan.id, space=where.space, channel=where.channel)
        assert await self.adapter.download(found, 4) == b"plan"

    async def hear(self) -> None:
        """Somebody new, who names a channel and a group, is heard whatever Slack tells of names."""
        self._number += 1
        who = self.rig.sim.add_user(f"Newcomer {self._number}")
        plans = self.rig.sim.add_channel(f"plans-{self._number}")
        before = len(self.rig.inbox.messages)
        named = f"{self.rig.sim.mention} in <#{plans.id}> <!subteam^S0NOWHERE>"
        self.rig.sim.say(self.rig.room, who, named)
        await self.rig.until(lambda: len(self.rig.inbox.messages) == before + 2)
        await self.rig.sim.settled()

    async def command(self) -> None:
        """A command about a thread in a closed channel; who may see it has to be asked."""
        closed = self.rig.sim.add_channel("closed", private=True, members=[self.rig.ada])
        root = self.rig.sim.say(closed, self.rig.ada, "secret", deliver=False)
        call = self.rig.sim.slash(self.rig.room, self.rig.ada, "/forget", self._link(root))
        await call.acked()
        (shown,) = await call.responded()
        if shown.text != "done":
            raise PlatformBusy(shown.text)

    async def window(self) -> None:
        """A summary is shown in a window, or in the channel where there is none."""
        message = self.rig.sim.messages(self.rig.room)[0]
        call = self.rig.sim.shortcut("bobbin_summary", message, self.rig.ada)
        await call.acked()
        await self.rig.until(lambda: call.responses or self._says_done())

    def _says_done(self) -> bool:
        views = self.rig.sim.views
        return bool(views) and "done" in str(views[-1].view["blocks"])

    async def page(self) -> None:
        """Somebody opens the Home tab; should it fail they open it again."""
        before = len(self.rig.sim.calls("views.publish"))
        self.rig.sim.open_home(self.rig.ada)
        await self.rig.until(lambda: len(self.rig.sim.calls("views.publish")) > before)

    def _link(self, root: Any) -> str:
        return self.rig.sim.permalink(root)


RAISING: Mapping[str, Act] = {
    "chat.postMessage": Scene.post,
    "chat.update": Scene.edit,
    "chat.delete": Scene.delete,
    "chat.postEphemeral": Scene.whisper,
    "assistant.threads.setStatus": Scene.status,
    "conversations.replies": Scene.history,
    "conversations.history": Scene.since,
    "reactions.add": Scene.mark,
    "reactions.remove": Scene.unmark,
    "conversations.open": Scene.file,
    "files.getUploadURLExternal": Scene.file,
    "files.completeUploadExternal": Scene.file,
    UPLOAD: Scene.file,
    "conversations.members": Scene.command,
    "files.info": Scene.download,
}
"""Calls whose failure somebody is told, and what makes them."""

PASSING: Mapping[str, Act] = {
    "users.info": Scene.hear,
    "conversations.info": Scene.hear,
    "usergroups.list": Scene.hear,
    "views.open": Scene.window,
    "views.update": Scene.window,
    "views.publish": Scene.page,
}
"""Calls that nothing waits for long."""

ELSEWHERE = {"auth.test", "apps.connections.open"}
"""Calls before there is a connection."""

LOOKING = {"conversations.history", "users.conversations"}
"""Calls that look for what was missed; see test_slack_missed.py."""

RULED = {"auth.teams.list", "usergroups.users.list"}
"""Calls that only rules about access need; see test_slack_groups.py."""

INSTALLING = {"oauth.v2.access"}
"""Calls of an app for many workspaces; see test_slack_install.py and test_slack_rotation.py."""

SURFACE = {
    "agents.sessions.setStatus",
    "assistant.threads.setSuggestedPrompts",
    "chat.appendStream",
    "chat.startStream",
    "chat.stopStream",
    "conversations.list",
}
"""Calls that fail in ways of their own: test_slack_stream_faults, test_slack_surface, doctor."""


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with connected() as rig:
        yield await begun(rig)
        assert rig.sim.violations == []


async def begun(rig: Rig) -> Scene:
    event = await rig.mentioned()
    spot = await rig.adapter.open(event, "")
    return Scene(rig, event, spot, await rig.adapter.post(spot, "ours", key="ours"))


def test_no_method_is_left_out() -> None:
    known = {name.replace(".", "_"): name for name in METHODS}
    called: set[str] = set()
    for path in Path(adapters.slack.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in known:
                called.add(known[node.attr])
    of_uploads = {name for name in RAISING if "pload" in name}
    elsewhere = ELSEWHERE | INSTALLING | LOOKING | RULED | SURFACE
    assert called == ({*RAISING, *PASSING} | elsewhere) - of_uploads


@pytest.mark.parametrize("method", RAISING)
async def test_a_call_that_fails_is_told_and_works_again(scene: Scene, method: str) -> None:
    rig, refusals = scene.rig, scene.rig.inbox.meter.refusals
    for fault, what in FAULTS.items():
        rig.sim.faults.add(method, times=9, **what)
        with pytest.raises(PlatformBusy) as caught:
            await RAISING[method](scene)
        tried = 9 - rig.sim.faults.left[0].times
        if fault == "limited":
            # An hour is waited for by whoever asked, not by the call.
            assert tried == 1
            assert refusals == [method if method != UPLOAD else "upload"]
            if method not in (UPLOAD, "conversations.members"):
                assert caught.value.retry_after == 3600
        # aiohttp itself repeats what is only read, once, on a connection that it had open.
        twice = 2 if fault in ("reset", "lost") else 1
        assert 1 <= tried <= twice * (1 + len(QUICK.pauses)), fault
        assert tried == 1 or not method.startswith("chat."), fault
        rig.sim.faults.clear()
        await RAISING[method](scene)
    assert len(refusals) == 1


@pytest.mark.parametrize("method", PASSING)
async def test_messages_and_windows_do_not_wait_for_these(scene: Scene, method: str) -> None:
    rig = scene.rig
    rig.inbox.outsiders = True
    for what in FAULTS.values():
        rig.sim.faults.add(method, times=9, **what)
        await PASSING[method](scene)
        rig.sim.faults.clear()
        await PASSING[method](scene)
    await rig.until(lambda: rig.inbox.meter.refusals)
    assert set(rig.inbox.meter.refusals) == {method}
    assert rig.inbox.malformed_events == []


async def test_an_answer_that_cannot_be_shown_is_no_harm(scene: Scene) -> None:
    rig = scene.rig
    for what in FAULTS.values():
        # The answer, and then that it could not be shown; an hour is not waited for.
        rig.sim.faults.add(ANSWER, times=2 if what is LIMITED else 4, **what)
        call = rig.sim.slash(rig.room, rig.ada, "/bobbin", "help")
        await call.acked()
        await rig.until(lambda: not rig.sim.faults.left)
        again = rig.sim.slash(rig.room, rig.ada, "/bobbin", "help")
        await again.responded()
        assert again.responses[0].text == "done"
    assert rig.inbox.meter.refusals == ["response_url"] * 2


async def test_an_answer_that_slack_does_not_take_at_once_is_sent_again(scene: Scene) -> None:
    rig = scene.rig
    rig.sim.faults.add(ANSWER, status=503, body="x")
    call = rig.sim.slash(rig.room, rig.ada, "/bobbin", "help")
    await call.responded()
    assert [shown.text for shown in call.responses] == ["done"]
    assert len(rig.inbox.calls) == 1


async def test_calls_that_hang_are_given_up_in_time() -> None:
    """All of them at once, and later all of them once more."""
    async with connected(timing=replace(QUICK, call=0.8, status=0.8, names=0.1)) as rig:
        rig.inbox.outsiders = True
        scene = await begun(rig)
        gate = asyncio.Event()
        everything = {**RAISING, **PASSING}
        acts = {act: name for name, act in everything.items()}
        for name in everything:
            rig.sim.faults.add(name, times=99, gate=gate, drop=True)
        found = await asyncio.gather(*(act(scene) for act in acts), return_exceptions=True)
        for act, result in zip(acts, found, strict=True):
            if act in PASSING.values():
                assert result is None
            else:
                assert isinstance(result, PlatformBusy), (acts[act], result)
        gate.set()
        rig.sim.faults.clear()
        for act in acts:
            await act(scene)


@pytest.mark.parametrize("method", sorted(ELSEWHERE))
async def test_the_wait_that_slack_asks_for_before_a_connection_is_kept(method: str) -> None:
    async with simulator() as sim:
        rig = rig_of(sim)
        sim.faults.add(method, **{**LIMITED, "headers": {"Retry-After": "1"}})
        running = rig.start()
        await rig.ready()
        first, second = [request.at for request in sim.calls(method)][:2]
        if method == "auth.test":
            assert second - first >= 1.0
        else:
            # The other connection does not have to wait; only one of them was refused.
            times = [request.at for request in sim.calls(method)]
            assert times[-1] - first >= 1.0 and len(times) == 3
        assert rig.inbox.meter.refusals == [method]
        await rig.stop(running)


@pytest.mark.parametrize("method", sorted(ELSEWHERE))
async def test_slack_being_away_before_a_connection_is_waited_out(method: str) -> None:
    async with simulator() as sim:
        rig = rig_of(sim)
        for fault in ("error", "proxy", "reset", "lost"):
            sim.faults.add(method, **FAULTS[fault])
        running = rig.start()
        await rig.ready()
        await rig.mentioned("back?")
        await rig.stop(running)
