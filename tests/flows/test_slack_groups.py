"""User groups of Slack in the lists of who is answered."""

from __future__ import annotations

import pytest

from adapters.slack.groups import named_groups
from tests.flows.acme import acme
from tests.flows.stage import QUICK
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer


async def test_only_a_group_is_answered_and_slack_is_asked_once(server: Valkey) -> None:
    async with acme(server, start=False) as here:
        group = here.sim.add_group(here.ada)
        here.stage.extra["BOBBIN_ALLOW"] = f"slack:role:{group.id}"
        await here.stage.start(QUICK)
        await here.conversation("hello", "Hello Ada.")
        refused = here.ask(here.ben, "hello?")
        note = await here.whispered(here.ben)
        assert "only answer" in note.text
        await here.conversation("again", "Yes?")
        # Commands know it, too.
        call = here.sim.slash(here.general, here.ben, "/bobbin", "help")
        [shown] = await call.responded()
        assert "Mention me" not in shown.text
        call = here.sim.slash(here.general, here.ada, "/bobbin", "help")
        [shown] = await call.responded()
        assert "Mention me" in shown.text
        assert here.said(refused) == []
        assert len(here.sim.calls("usergroups.users.list")) == 1


async def test_a_denied_group_is_not_answered(server: Valkey) -> None:
    async with acme(server, start=False) as here:
        group = here.sim.add_group(here.ben)
        here.stage.extra["BOBBIN_DENY"] = f"slack:role:{group.id}"
        await here.stage.start(QUICK)
        here.openai.script.append(Answer("Not heard."))
        here.ask(here.ben, "hello?")
        await here.sim.settled()
        await here.settled()
        assert here.openai.chats == []


async def test_without_a_rule_about_groups_slack_is_not_asked(server: Valkey) -> None:
    async with acme(server) as here:
        await here.conversation("hello", "Hello Ada.")
        assert here.sim.calls("usergroups.users.list") == []


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({}, set()),
        ({"BOBBIN_ALLOW": "slack:role:S1,slack:user:U1 slack:role:S2"}, {"S1", "S2"}),
        ({"BOBBIN_DENY": "discord:role:123", "BOBBIN_ADMINS": "slack:role:S3"}, {"S3"}),
        ({"BOBBIN_ALLOW": "slack:role:S1x", "BOBBIN_BOTS": "slack:role:S4"}, set()),
    ],
)
def test_the_groups_that_are_named(values: dict[str, str], found: set[str]) -> None:
    assert named_groups(values) == found
