"""A table, as people on each platform see it, also while it is being written."""

from __future__ import annotations

from tests.flows.acme import acme
from tests.flows.weavers import weavers
from tests.payloads import ANSWERS
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer

(TABLES,) = [path.read_text(encoding="utf-8").strip() for path in ANSWERS if path.stem == "table"]

ALIGNED = """\
```
Loom           Width (cm)  Price
─────────────  ──────────  ──────
Rigid heddle           60   €180
Table loom             80   €650
Floor loom 🧵         120  €2,400
```
"""


async def test_tables_on_discord(server: Valkey) -> None:
    async with weavers(server) as place:
        place.openai.script.append(Answer(TABLES, token_rate=400))
        thread = await place.thread_of(await place.ask(place.ada, "compare"))
        await place.sim.until(lambda: "wins." in "".join(place.said(thread)))
        await place.settled()
        (message,) = place.posts(thread)
        assert ALIGNED in message.content
        assert "**Floor loom**\n- Who it is for: Everybody who wants" in message.content
        assert "- Where to buy: [Loom makers](https://example.com/floor)" in message.content
        for content in message.history:
            assert "|" not in content
            assert content.count("```") % 2 == 0
        place.openai.script.append(Answer("Yes."))
        await place.sim.say(thread, place.ada, "sure?")
        await place.sim.until(lambda: place.said(thread)[-1] == "Yes.")
        assert place.openai.chats[-1].texts("assistant") == [TABLES]


async def test_tables_on_slack(server: Valkey) -> None:
    async with acme(server) as place:
        place.openai.script.append(Answer(TABLES, token_rate=400))
        root = place.ask(place.ada, "compare")
        await place.sim.until(lambda: "wins." in "".join(place.said(root)))
        await place.settled()
        (message,) = place.sim.replies(root)
        assert "| Rigid heddle | 60 | `€180` |" in message.text
        assert "**Floor loom**\n- Who it is for: Everybody who wants" in message.text
