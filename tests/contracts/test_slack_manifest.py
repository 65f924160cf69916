"""The manifest and the code want the same; the doctor compares both with what is granted."""

from __future__ import annotations

import ast
import json
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path

import pytest

import adapters.slack
from adapters.slack.agent import prompts
from adapters.slack.check import check
from adapters.slack.commands import COMMANDS, DIRECT
from adapters.slack.intake import EVENTS
from adapters.slack.manifest import PURPOSES, main, manifest
from adapters.slack.modals import SHORTCUTS
from bot.commands.specs import COMMANDS as SPECS
from bot.spec import Finding
from tests.contracts.slack_rig import connected, simulator
from tests.simulators.slack_sim import SlackSimulator
from tests.simulators.slack_sim.manifest import EVENT_SCOPES
from tests.simulators.slack_sim.manifest_rules import complaints
from tests.simulators.slack_sim.server import METHODS

SOURCE = Path(adapters.slack.__file__).parent


def scopes() -> set[str]:
    return set(manifest()["oauth_config"]["scopes"]["bot"])


def subscribed() -> set[str]:
    return set(manifest()["settings"]["event_subscriptions"]["bot_events"])


def methods() -> set[str]:
    """The Web API methods that the code calls."""
    known = {name.replace(".", "_"): name for name in METHODS}
    known["files_upload_v2"] = "files.completeUploadExternal"
    called: set[str] = set()
    for path in SOURCE.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in known:
                called.add(known[node.attr])
    return called


NEEDED_BY_MANY = (
    "SLACK_CLIENT_ID",
    "SLACK_CLIENT_SECRET",
    "SLACK_INSTALL_KEYS",
    "SLACK_HTTP_PORT",
)


def test_every_event_has_a_listener_and_every_listener_an_event() -> None:
    assert {event.partition(".")[0] for event in subscribed()} == set(EVENTS)


def test_every_command_has_a_listener_and_every_listener_a_command() -> None:
    entries = manifest()["features"]["slash_commands"]
    assert [entry["command"] for entry in entries] == list(COMMANDS)
    assert {command.removeprefix("/") for command in DIRECT} <= {spec.name for spec in SPECS}
    hint = entries[0]["usage_hint"]
    assert all(spec.name in hint for spec in SPECS)
    assert all(len(entry["description"]) <= 2000 for entry in entries)


def test_every_shortcut_has_a_listener_and_every_listener_a_shortcut() -> None:
    entries = manifest()["features"]["shortcuts"]
    assert [entry["callback_id"] for entry in entries] == list(SHORTCUTS)
    assert [entry["type"] for entry in entries] == ["message"] * 4 + ["global"]
    assert all(len(entry["name"]) <= 24 for entry in entries)
    assert all(len(entry["description"]) <= 150 for entry in entries)


def test_every_scope_is_needed_and_every_need_has_its_scope() -> None:
    needed = {EVENT_SCOPES[event] for event in subscribed() & EVENT_SCOPES.keys()} | {"commands"}
    for name in methods():
        options = METHODS[name].scopes
        if options:
            assert scopes() & set(options), name
            needed |= scopes() & set(options)
    kinds = ("channels", "groups", "im", "mpim")
    assert {"conversations.info", "conversations.members", "conversations.replies"} <= methods()
    needed |= {f"{kind}:{right}" for kind in kinds for right in ("read", "history")}
    if "conversations.open" in methods():
        needed.add("im:write")
    assert needed == scopes() == set(PURPOSES)


def test_the_page_about_slack_names_all_of_it() -> None:
    page = (SOURCE.parents[1] / "docs" / "slack.md").read_text("utf-8")
    named = scopes() | subscribed() | set(COMMANDS)
    assert {name for name in named if f"`{name}`" not in page} == set()
    assert len(prompts()) == len(manifest()["features"]["agent_view"]["suggested_prompts"])


def test_nothing_else_is_switched_on() -> None:
    given = manifest()
    assert set(given["features"]) == {
        "agent_view",
        "app_home",
        "bot_user",
        "shortcuts",
        "slash_commands",
    }
    assert given["settings"]["interactivity"]["is_enabled"]
    assert given["settings"]["socket_mode_enabled"]
    assert given["features"]["app_home"]["messages_tab_enabled"]
    assert not given["features"]["app_home"]["messages_tab_read_only_enabled"]


@pytest.mark.parametrize("url", ["", "https://bobbin.example.com/slack/events"])
def test_slack_takes_it(url: str) -> None:
    assert complaints(manifest(url)) == []


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("features", "assistant_view"), {}, "assistant_view"),
        (("features", "agent_view", "agent_description"), "x" * 301, "agent_description"),
        (("features", "agent_view", "suggested_prompts"), [{"title": "t"}], "message"),
        (("features", "app_home", "messages_tab_enabled"), False, "Messages tab"),
        (("settings", "event_subscriptions", "bot_events"), ["app_mention"] * 2, "twice"),
        (
            ("settings", "event_subscriptions", "bot_events"),
            ["assistant_thread_started"],
            "not for",
        ),
        (("settings", "socket_mode_enabled"), False, "an address"),
        (("oauth_config", "scopes", "bot"), ["chat:write"], "assistant:write"),
        (("display_information", "name"), "x" * 36, "name"),
    ],
)
def test_what_slack_does_not_take_is_noticed(
    path: tuple[str, ...], value: object, complaint: str
) -> None:
    given = deepcopy(dict(manifest()))
    place = given
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    assert any(complaint in sentence for sentence in complaints(given))


async def test_every_subscribed_event_arrives_and_is_acknowledged() -> None:
    async with connected() as rig:
        sim = rig.sim
        bob = sim.add_user("Bob")
        private = sim.add_channel("private", private=True)
        places = [rig.room, private, sim.open_dm(bob), sim.open_group_dm(bob, rig.ada)]
        for place in places:
            sim.say(place, bob, f"{sim.mention} hi")
        events = await rig.events(7)

        kinds = {
            envelope.payload["event"].get("channel_type", "mention") for envelope in sim.envelopes
        }
        assert kinds == {"channel", "group", "im", "mpim", "mention"}
        assert {event.thread.channel for event in events} == {place.id for place in places}
        assert all(envelope.state == "acked" for envelope in sim.envelopes)


def failed(findings: Sequence[Finding]) -> dict[str, str]:
    assert all(finding.fix for finding in findings if not finding.ok)
    return {finding.subject: finding.detail for finding in findings if not finding.ok}


async def test_the_doctor_finds_everything_in_order() -> None:
    async with simulator() as sim:
        findings = await check(sim.environment())
        assert failed(findings) == {}
        assert len(findings) == 5
        assert sim.violations == []


async def test_the_doctor_names_missing_scopes_and_what_they_are_for() -> None:
    async with simulator(scopes=scopes() - {"files:write", "users:read"}) as sim:
        found = failed(await check(sim.environment()))
        assert set(found) == {"Slack scopes", "Slack people"}
        assert (
            "files:write (to hand over exports, and long answers and code as files)"
            in found["Slack scopes"]
        )
        assert "users:read" in found["Slack scopes"]


@pytest.mark.parametrize(
    ("values", "subjects"),
    [
        ({"SLACK_BOT_TOKEN": "xoxb-wrong"}, {"Slack bot token"}),
        ({"SLACK_BOT_TOKEN": "xoxp-user"}, {"Slack bot token"}),
        ({"SLACK_APP_TOKEN": "xapp-wrong"}, {"Slack Socket Mode"}),
        ({"SLACK_APP_TOKEN": "xoxb-mixed-up"}, {"Slack Socket Mode"}),
        ({"SLACK_APP_TOKEN": ""}, {"Slack Socket Mode"}),
        (
            {"SLACK_API_URL": "http://127.0.0.1:1/api/"},
            {"Slack bot token", "Slack Socket Mode"},
        ),
    ],
)
async def test_the_doctor_tells_what_is_wrong(values: dict[str, str], subjects: set[str]) -> None:
    async with simulator() as sim:
        found = failed(await check(sim.environment() | values))
        assert set(found) == subjects
        assert not any(secret in str(found) for secret in ("wrong", "mixed"))


def distributed(sim: SlackSimulator, **changed: str) -> dict[str, str]:
    """What an operator sets for many workspaces."""
    keys = {"SLACK_INSTALL_KEYS": "A" * 43 + "="}
    return sim.client_environment() | keys | changed


async def test_the_doctor_looks_at_an_app_for_many_workspaces() -> None:
    given = manifest(redirect="https://bobbin.example.com/slack/oauth_redirect")
    async with simulator(manifest=given) as sim:
        findings = await check(distributed(sim, SLACK_HTTP_PORT="3000"))
        assert failed(findings) == {}
        assert [finding.subject for finding in findings] == [
            "Slack installation",
            "Slack Socket Mode",
        ]
        assert "https://YOUR-HOST/slack/install" in findings[0].detail
        without = await check(distributed(sim))
        assert "nobody can install the app here" in without[0].detail
        assert sim.violations == []


@pytest.mark.parametrize(
    ("changed", "subject"),
    [
        ({"SLACK_CLIENT_SECRET": "0123456789abcdef0123"}, "Slack installation"),
        ({"SLACK_CLIENT_ID": "1.1"}, "Slack installation"),
        ({"SLACK_BOT_TOKEN": "xoxb-1"}, "Slack bot token"),
        ({"SLACK_APP_TOKEN": "xapp-wrong"}, "Slack Socket Mode"),
    ],
)
async def test_the_doctor_names_what_is_wrong_with_it(
    changed: dict[str, str], subject: str
) -> None:
    async with simulator() as sim:
        assert set(failed(await check(distributed(sim, **changed)))) == {subject}


def test_the_manifest_for_many_workspaces(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--many", "https://bobbin.example.com"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["oauth_config"]["redirect_urls"] == [
        "https://bobbin.example.com/slack/oauth_redirect"
    ]
    assert found["settings"]["token_rotation_enabled"]
    assert not found["settings"]["socket_mode_enabled"]
    assert main(["--many", "--socket", "https://bobbin.example.com"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["settings"]["socket_mode_enabled"]
    assert found["oauth_config"]["redirect_urls"]
    for words in (["--many"], ["--other", "https://x.example"], ["http://x.example"]):
        assert main(words) == 2


async def test_the_simulator_that_people_try_it_with_lacks_nothing() -> None:
    async with SlackSimulator() as sim:
        found = await check(sim.environment())
    assert [finding for finding in found if not finding.ok] == []


def test_the_page_names_all_that_many_workspaces_need() -> None:
    page = Path(__file__).parents[2] / "docs/slack.md"
    section = page.read_text().partition("## Many workspaces")[2].partition("\n## ")[0]
    for name in (*NEEDED_BY_MANY, "SLACK_SIGNING_SECRET", "SLACK_APP_TOKEN"):
        assert f"`{name}`" in section, name
