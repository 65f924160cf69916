"""Many answers at once under Slack's real rate limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.counting import counting
from tests.flows.acme import acme
from tests.flows.stage import QUICK
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer, Request

TEXT = "".join(f"Sentence {number} of this answer. " for number in range(40))
"""200 tokens, five seconds of a model's time."""

SHORT = "This is only the beginning of it. "


def _at(rate: float) -> Callable[[Request], Answer]:
    return lambda _: Answer(TEXT, token_rate=rate)


async def test_thirty_conversations_at_once_are_within_the_limits(server: Valkey) -> None:
    async with acme(server, scale=1.0) as here:
        rooms = [here.sim.add_channel(f"room-{n}", members=[here.ada]) for n in range(30)]
        here.openai.behaviour = _at(40.0)
        roots = [here.ask(here.ada, f"question {room.name}", room) for room in rooms]
        await here.openai.until(lambda: len(here.openai.chats) == 30)
        await here.openai.until(lambda: here.openai.open_streams == 0, 30.0)
        async with counting() as seconds:
            for root in roots:
                await here.sim.until(
                    lambda root=root: [t.strip() for t in here.said(root)] == [TEXT.strip()], 30.0
                )
            assert seconds() < 6.0, seconds()
        assert here.openai.peak_streams == 30
        assert here.sim.rate_limited.total() == 0, here.sim.rate_limited
        edited = [len(m.versions) for root in roots for m in here.sim.replies(root)]
        assert sum(edited) > 60


async def test_when_no_edit_is_free_the_end_takes_the_place_of_the_half(server: Valkey) -> None:
    # What says that it takes long would take edits as well.
    async with acme(server, scale=1.0, timing=replace(QUICK, long_wait=60.0)) as here:
        rooms = [here.sim.add_channel(f"room-{n}", members=[here.ada]) for n in range(70)]
        answers = [Answer([SHORT, TEXT]).hold(1) for _ in rooms]
        here.openai.script.extend(answers)
        roots = [here.ask(here.ada, f"question {room.name}", room) for room in rooms]
        for root in roots:
            await here.sim.until(lambda root=root: here.said(root) == [SHORT.strip()])
        async with counting() as seconds:
            for answer in answers:
                answer.release_all()
            whole = (SHORT + TEXT).strip()
            for root in roots:
                await here.sim.until(lambda root=root: here.said(root)[-1].strip() == whole)
            assert seconds() < 5.0
        for root in roots:
            await here.sim.until(lambda root=root: len(here.said(root)) == 1)
        halves = sum(len(here.sim.deleted_messages(room)) for room in rooms)
        # One that was whole before its end is edited once more, for its controls.
        edited = {call.params["ts"] for call in here.sim.calls("chat.update")}
        assert halves == len(rooms) - len(edited)
        assert halves > 0
        assert here.sim.rate_limited.total() == 0, here.sim.rate_limited


async def test_answers_in_one_channel_share_its_pace(server: Valkey) -> None:
    async with acme(server, scale=1.0) as here:
        here.openai.behaviour = _at(100.0)
        roots = [here.ask(here.ada, f"question {number}") for number in range(8)]
        for root in roots:
            await here.sim.until(
                lambda root=root: [t.strip() for t in here.said(root)] == [TEXT.strip()], 30.0
            )
        # Calls that a busy machine holds up come closer together than they were sent.
        assert here.sim.rate_limited.total() < len(roots) / 2, here.sim.rate_limited
