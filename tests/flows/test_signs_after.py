"""Signs on messages that wait are taken away by whoever is there."""

from __future__ import annotations

from tests.flows.meadow import ADA, QUICK, Meadow, a_meadow
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer


async def test_a_process_that_ends_leaves_no_sign_on_what_waits(server: Valkey) -> None:
    async with a_meadow(server) as here:
        meadow, stage = here.meadow, here.stage
        held = Answer(["The first answer, which takes long,", " and its end."]).hold(after=1)
        stage.openai.script.extend([held, Answer("The first once more."), Answer("Second.")])
        await meadow.say(meadow.event(ADA, "first"))
        await meadow.until(lambda: "first answer" in "".join(meadow.posts.values()))
        second = await meadow.say(meadow.event(ADA, "second"))
        await meadow.until(lambda: (second.ref.message, True) in meadow.marks)
        await stage.stop()
        assert meadow.marks[-1] == (second.ref.message, False)
        held.release_all()
        after = Meadow()
        after.posts, after.looks, after.marks = meadow.posts, meadow.looks, meadow.marks
        await after.begin(stage, QUICK)
        await after.until(lambda: any("Second." in text for text in after.posts.values()))
