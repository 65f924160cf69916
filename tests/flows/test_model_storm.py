"""The model's worst hour: everybody asks at once, and nearly every request fails in some way."""

from __future__ import annotations

from collections import Counter

from tests.flows.acme import place
from tests.flows.stage import open_stage
from tests.servers import Valkey
from tests.simulators.openai_sim import (
    Answer,
    Cut,
    EndOfFile,
    Request,
    error_object,
    failure,
    rate_limited,
)

EACH = 4


def faults() -> list[list[Answer]]:
    """What the requests of one conversation meet before they are answered, by conversation."""
    return [
        [rate_limited(retry_after_ms=20), failure(500), rate_limited(retry_after_ms=20)],
        [Answer([Cut()])],
        [Answer([EndOfFile()])],
        [Answer([error_object()])],
    ]


async def test_everybody_is_answered_once(server: Valkey) -> None:
    async with open_stage(server, "discord", "slack", limits=False) as stage:
        sim, here = stage.discord, place(stage)
        assert sim is not None
        general = await sim.add_text_channel(await sim.add_guild("Weavers"), "general")
        ada = sim.add_user("ada", "Ada")
        names = [f"{where} {number}" for where in ("discord", "slack") for number in range(EACH)]
        coming = dict(zip(names, faults() * 2, strict=True))
        asked: Counter[str] = Counter()

        def answer(request: Request) -> Answer:
            [name] = [name for name in names if f"question {name}" in request.last_user_text]
            asked[name] += 1
            left = coming[name]
            return left[asked[name] - 1] if asked[name] <= len(left) else Answer(f"To {name}.")

        stage.openai.script.on(lambda _: True, answer, times=None)
        questions = [
            await sim.say(general, ada, f"{sim.mention} question {name}") for name in names[:EACH]
        ]
        roots = [here.ask(here.ada, f"question {name}") for name in names[EACH:]]
        for name, question in zip(names, questions, strict=False):
            thread = await sim.until(lambda question=question: sim.thread_of(question))
            await sim.until(
                lambda thread=thread, name=name: (
                    [post.content for post in sim.messages(thread, by=sim.bot)] == [f"To {name}."]
                ),
                20,
            )
        for name, root in zip(names[EACH:], roots, strict=True):
            await here.until_said(root, f"To {name}.", timeout=50)
        await here.settled()
        assert asked == {name: len(coming[name]) + 1 for name in names}
        assert stage.openai.violations == []
