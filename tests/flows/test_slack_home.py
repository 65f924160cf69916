"""The Home tab and shortcuts with the whole bot behind them."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.slack import home
from adapters.slack.manifest import manifest
from tests.contracts.test_slack_shortcuts import text
from tests.flows.acme import Acme, acme
from tests.flows.guild import guild
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer
from tests.simulators.slack_sim import View

ADDRESS = "https://bobbin.example.com/slack/events"
TRANSPORTS: dict[str, Any] = {
    "sockets": {"manifest": manifest()},
    "http": {"manifest": manifest(ADDRESS)},
}


async def page(here: Acme) -> View:
    """Ada's page."""
    here.sim.open_home(here.ada)
    found = await here.sim.until(lambda: here.sim.home(here.ada))
    assert found is not None
    return found


async def window(here: Acme) -> View:
    """The newest window."""
    await here.sim.until(lambda: here.sim.views)
    return here.sim.views[-1]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_everything_about_somebody_is_shown_and_erased(
    server: Valkey, transport: str
) -> None:
    async with acme(server, slack=TRANSPORTS[transport]) as here:
        root = await here.conversation("my cat is called Mog", "What a name.")
        other = here.ask(here.ben, "Ben's own secret")
        await here.sim.until(lambda: here.said(other))
        await here.settled()
        view = await page(here)
        shown = text(view)
        assert here.sim.permalink(root) in shown
        assert "my cat is called Mog" in shown
        assert "Ben" not in shown
        assert "• you: " in shown
        assert "gpt-6-luna" in shown

        here.sim.click(view, home.FORGET_ALL, here.ada)
        asked = await window(here)
        await here.sim.until(lambda: "1 conversation of this place" in text(asked))
        await here.sim.submit(asked, here.ada, {}).acked()
        await here.sim.until(lambda: "Forgotten: 1 conversation," in text(asked))
        await here.sim.until(lambda: home.NONE in text(view))
        left = await here.stored()
        assert "Mog" not in left
        assert "Ben's own secret" in left


async def test_who_has_memories_and_no_conversation_can_erase_them_there_too(
    server: Valkey,
) -> None:
    async with acme(server) as here:
        call = here.sim.slash(here.general, here.ada, "/remember", "for=me My loom is crimson")
        await here.told(call)
        view = await page(here)
        assert home.NONE in text(view) and "My loom is crimson" in text(view)
        here.sim.click(view, home.FORGET_ALL, here.ada)
        asked = await window(here)
        await here.sim.until(lambda: "1 memory" in text(asked))
        await here.sim.submit(asked, here.ada, {}).acked()
        await here.sim.until(lambda: "Forgotten: " in text(asked))
        assert "crimson" not in await here.stored()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_message_of_a_thread_stands_for_all_of_it(server: Valkey, transport: str) -> None:
    async with acme(server, slack=TRANSPORTS[transport]) as here:
        root = await here.conversation("my cat is called Mog", "What a name.")
        here.openai.script.append(Answer("## Facts\n- Ada has a cat"))
        here.sim.shortcut("bobbin_summary", here.sim.replies(root)[0], here.ada)
        shown = await window(here)
        await here.sim.until(lambda: "Ada has a cat" in text(shown))

        # Somebody who took no part is shown nothing, and erases nothing.
        here.sim.shortcut("bobbin_forget", root, here.ben)
        await here.sim.until(lambda: len(here.sim.views) == 2)
        asked = here.sim.views[-1]
        await here.sim.until(lambda: text(asked).startswith("Only people who took part"))
        assert "submit" not in asked.view
        assert "Mog" in await here.stored()

        here.sim.shortcut("bobbin_forget", root, here.ada)
        await here.sim.until(lambda: len(here.sim.views) == 3)
        asked = here.sim.views[-1]
        await here.sim.until(lambda: "That erases 2 messages" in text(asked))
        await here.sim.submit(asked, here.ada, {}).acked()
        await here.sim.until(lambda: "Forgotten: 2 messages" in text(asked))
        assert "Mog" not in await here.stored()


async def test_a_page_is_of_one_workspace(server: Valkey) -> None:
    async with guild(server) as here:
        await here.install(here.acme)
        await here.install(here.birch)
        await here.asked(here.acme, "a secret of Acme", "Safe with me.")
        await here.asked(here.birch, "a secret of Birch", "With me, too.")
        shown: dict[str, str] = {}
        for town in (here.acme, here.birch):
            here.sim.open_home(town.person)
            view = await here.sim.until(lambda town=town: here.sim.home(town.person))
            assert view is not None
            shown[town.space.name] = text(view)
        assert "secret of Acme" in shown["Acme"]
        assert "Birch" not in shown["Acme"]
        assert "secret of Birch" in shown["Birch"]
        assert "Acme" not in shown["Birch"]
        assert {call.token for call in here.sim.calls("views.publish")} == {
            here.acme.space.token,
            here.birch.space.token,
        }
