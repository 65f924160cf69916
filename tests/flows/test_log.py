"""What a process logs: one line per turn, its id on everything, and nobody's words or secrets."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.engine.mail import MailReader
from bot.errors import StoreUnavailable
from bot.plugins import find_adapters
from bot.settings import read_settings
from bot.timing import Timing
from tests.flows.acme import acme
from tests.flows.program import run_bot
from tests.flows.seen import Log
from tests.flows.weavers import MAKE_THREAD, PATCH, POST, weavers
from tests.servers import Valkey
from tests.simulators.discord_sim import DiscordSimulator
from tests.simulators.openai_sim import Answer, Cut, OpenAISimulator
from tests.simulators.slack_sim import SlackSimulator

CHATS = "/v1/responses"
TEXT = "zqcanary tells of her illness"
NAME = "Zqcanaria Vermeer"
SECRETS = ("zqcanary", "tells of her illness", "Zqcanaria", "Vermeer")

ECHOES: tuple[dict[str, Any], ...] = (
    {"status": 400, "body": {"error": {"message": f"Invalid: '{TEXT}' of {{key}}"}}},
    {"status": 400, "body": {"error": {"message": f"refused: {TEXT}", "code": "content_filter"}}},
    {"status": 401, "body": {"error": {"message": "Incorrect API key provided: {key}"}}},
    {"status": 500, "body": {"error": {"message": f"crashed at {TEXT}"}}},
    {"status": 503, "body": b"<html>upstream {key}</html>"},
    {"drop": True},
)


def filled(echo: dict[str, Any], key: str) -> dict[str, Any]:
    """A fault that repeats our key."""
    body = echo.get("body")
    if isinstance(body, bytes):
        return echo | {"body": body.replace(b"{key}", key.encode())}
    return echo | ({"body": json.loads(json.dumps(body).replace("{key}", key))} if body else {})


def assert_silent(log: str, *secrets: str) -> None:
    """Nothing of what people wrote, of their names, of our secrets."""
    for secret in (*SECRETS, *secrets):
        assert secret not in log, [line for line in log.splitlines() if secret in line]


def own_secrets(environment: dict[str, str]) -> list[str]:
    """What the settings hold that nobody may see."""
    return [value for name, value in environment.items() if name.endswith(("TOKEN", "KEY"))]


async def test_everything_logged_in_a_turn_carries_its_id(server: Valkey) -> None:
    async with weavers(server) as here:
        with Log().written(here.stage.environment()) as log:
            here.openai.script.append(Answer(["Hel", Cut()]))
            here.sim.faults.add(PATCH, code=30046)
            await here.thread_of(await here.ask(here.ada, TEXT))
            await here.sim.until(lambda: len(here.openai.chats) == 1)
            await here.settled()
            await here.conversation()
            await log.until('"outcome": "answered"')
        turns = [line for line in log.lines if line["event"] == "turn"]
        assert [line["outcome"] for line in turns] == ["cut", "answered"]
        assert len({line["turn"] for line in turns}) == 2
        for line in turns:
            assert (line["logger"], line["platform"]) == ("bot.report", "discord")
            assert line["messages"] == 1 and line["attempt"] == 1
            assert 0 <= line["first_text"] <= line["whole_text"] <= line["total"]
        by_model = [line for line in log.lines if line["logger"] == "bot.model.streamed"]
        assert by_model and {line["turn"] for line in by_model} == {turns[0]["turn"]}


async def test_no_secret_is_logged_on_discord(
    server: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every edge fails and repeats what it was sent, and something of our own breaks."""
    async with weavers(server, paced=False) as here:
        environment = here.stage.environment()
        with Log().written(environment) as log:
            zoe = here.sim.add_user("zqcanaria", NAME)
            echoes = [filled(echo, environment["OPENAI_API_KEY"]) for echo in ECHOES]
            for echo in echoes:
                here.openai.faults.add(CHATS, **echo)
                await here.thread_of(await here.ask(zoe, TEXT))
                await here.settled()
            said = {"message": f"cannot post {TEXT}", "code": 0}
            denied = {"message": "Missing Permissions", "code": 50013, "errors": {"content": TEXT}}
            for route, fault in (
                (MAKE_THREAD, {"status": 400, "body": json.dumps(said)}),
                (POST, {"status": 403, "body": json.dumps(denied)}),
                (POST, {"drop": True}),
                (PATCH, {"status": 500, "body": TEXT}),
            ):
                here.sim.faults.add(route, **fault)
                await here.ask(zoe, TEXT)
                await here.settled()
            await here.sim.raw_event("MESSAGE_CREATE", {"content": TEXT, "author": NAME})
            await here.ask(zoe, "forget")
            with monkeypatch.context() as broken:
                broken.setattr(MailReader, "read", _breaks)
                await here.ask(zoe, TEXT)
                await log.until("not shown")
                await here.settled()
        assert "Invalid" in log.text
        assert len([line for line in log.lines if line["event"] == "turn"]) >= 9
        assert_silent(log.text, *own_secrets(environment))
        here.sim.violations.clear()


async def test_no_secret_is_logged_on_slack(server: Valkey) -> None:
    async with acme(server, paced=False) as here:
        environment = here.stage.environment()
        with Log().written(environment) as log:
            zoe = here.sim.add_user(NAME)
            looms = here.sim.add_channel("looms", members=[zoe])
            for echo in ECHOES:
                here.openai.faults.add(CHATS, **filled(echo, environment["OPENAI_API_KEY"]))
                root = here.ask(zoe, TEXT, looms)
                await here.sim.until(lambda root=root: here.said(root))
                await here.settled()
            for method, fault in (
                ("chat.postMessage", {"error": "restricted_action"}),
                ("chat.postMessage", {"status": 500, "body": TEXT}),
                ("chat.update", {"status": 503, "body": TEXT}),
                ("users.info", {"error": "user_not_found"}),
            ):
                here.sim.faults.add(method, **fault)
                here.ask(zoe, TEXT, looms)
                await here.sim.settled()
                await here.settled()
            here.sim.cut()
            await here.sim.connected(2)
        assert len([line for line in log.lines if line["event"] == "turn"]) >= 9
        assert_silent(log.text, *own_secrets(environment), "/link/?")


async def _breaks(self: MailReader, turn: object, names: object) -> None:
    raise ValueError(f"cannot read {TEXT!r} by {NAME}")


async def test_refused_secrets_are_not_logged(server: Valkey, tmp_path: Path) -> None:
    """Tokens and key are wrong, and nobody repeats them; every line is JSON."""
    async with (
        OpenAISimulator() as openai,
        DiscordSimulator() as discord,
        SlackSimulator() as slack,
    ):
        env = openai.environment() | discord.environment() | slack.environment()
        wrong = {
            "DISCORD_TOKEN": "MTE5ODYyMjQ4MzQ3MTkyNTI0OA.Cl2FMQ.zqcanary-AAAAAAAAAAAAAAAAAAAAA",
            "SLACK_BOT_TOKEN": "xoxb-1-2-zqcanary",
            "SLACK_APP_TOKEN": "xapp-1-zqcanary",
            "OPENAI_API_KEY": "sk-zqcanary-key",
            "REDIS_URL": server.url,
        }
        ended = await run_bot(tmp_path, "run", env=env | wrong)
    assert ended.code == 1
    said = [json.loads(line)["event"] for line in ended.log.splitlines()]
    for name in ("discord", "slack"):
        assert any(line.startswith(f"{name} is switched off: ") for line in said)
    assert_silent(ended.log + ended.out)


async def test_the_password_of_redis_is_not_logged() -> None:
    environment = {"REDIS_URL": "redis://bobbin:zqcanary%2Fpw@127.0.0.1:1/0"}
    settings = read_settings(environment, find_adapters())
    with Log().written(environment) as log:
        with pytest.raises(StoreUnavailable) as told:
            await App(settings, Timing(store_at_start=0.3)).run()
        logging.getLogger("bot").error("as if it had been logged", exc_info=told.value)
        logging.getLogger("redis").error("AUTH bobbin zqcanary/pw at %s", environment["REDIS_URL"])
    assert "127.0.0.1:1" in log.text
    assert_silent(log.text + str(told.value) + told.value.hint)
