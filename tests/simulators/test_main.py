"""`python -m tests.simulators` as a person and a bot use it: a process with a console."""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from openai import AsyncOpenAI
from slack_sdk.web.async_client import AsyncWebClient

from tests.simulators.console.grammar import Say, Slash, Unclear, Word, mentioned, parse, slash

ROOT = Path(__file__).parents[2]


class Running:
    """The process, with what it printed so far."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.lines: list[str] = []

    async def until(self, text: str) -> str:
        """Read on to the first line with this text."""
        assert self.process.stdout is not None
        async with asyncio.timeout(30):
            while True:
                raw = await self.process.stdout.readline()
                assert raw, f"ended without {text!r}: {self.lines}"
                self.lines.append(raw.decode().rstrip("\n"))
                if text in self.lines[-1]:
                    return self.lines[-1]

    async def type(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())
        await self.process.stdin.drain()

    @property
    def environment(self) -> dict[str, str]:
        pairs = [line.removeprefix("export ").split("=", 1) for line in self.lines]
        return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}

    async def ended(self) -> int:
        """The exit code, and nothing on stderr."""
        async with asyncio.timeout(30):
            out, err = await self.process.communicate()
        self.lines += out.decode().splitlines()
        assert err == b""
        assert self.process.returncode is not None
        return self.process.returncode


@asynccontextmanager
async def running(*options: str, stdin: int = PIPE) -> AsyncIterator[Running]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "tests.simulators", *options),
        cwd=ROOT,
        stdin=stdin,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield Running(process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_a_slack_conversation_in_the_console() -> None:
    async with running("--only", "slack") as sims:
        await sims.until("# Type here")
        found = sims.environment
        assert set(found) == {"SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_API_URL"}
        bot = AsyncWebClient(token=found["SLACK_BOT_TOKEN"], base_url=found["SLACK_API_URL"])
        await sims.type("slack general ada: @Bobbin hello")
        assert await sims.until("hello") == "+ slack #general Ada: @Bobbin hello"
        listed: Any = await bot.conversations_list()
        channel = next(item["id"] for item in listed["channels"] if item["name"] == "general")
        history: Any = await bot.conversations_history(channel=channel)
        root = history["messages"][0]["ts"]
        sent: Any = await bot.chat_postMessage(channel=channel, thread_ts=root, text="Hel")
        assert await sims.until("Hel") == "+ slack thread 1 Bobbin: Hel"
        await bot.chat_update(channel=channel, ts=sent["ts"], text="Hello Ada")
        assert await sims.until("Hello Ada") == "~ slack thread 1 Bobbin: Hello Ada"
        await sims.type("slack thread 1 grace: and me?")
        assert await sims.until("and me?") == "+ slack thread 1 Grace: and me?"
        await sims.type("slack dm grace: psst")
        assert (await sims.until("psst")).endswith("Grace: psst")
        await bot.chat_postEphemeral(channel=channel, user=await _user(bot, "Ada"), text="secret")
        only = await sims.until("secret")
        assert only == "+ slack #general Bobbin (only Ada sees this): secret"
        await sims.type("show")
        await sims.until("--- slack")
        await sims.until("Bobbin: Hello Ada (edited)")
        await sims.type("quit")
        assert await sims.ended() == 0


async def _user(bot: AsyncWebClient, name: str) -> str:
    listed: Any = await bot.conversations_list()
    channel = next(item["id"] for item in listed["channels"] if item["name"] == "general")
    members: Any = await bot.conversations_members(channel=channel)
    for user in members["members"]:
        info: Any = await bot.users_info(user=user)
        if info["user"]["profile"]["display_name"] == name:
            return user
    raise LookupError(name)


async def test_a_discord_conversation_in_the_console() -> None:
    async with running("--only", "discord") as sims:
        await sims.until("# Type here")
        found = sims.environment
        assert set(found) == {
            "DISCORD_TOKEN",
            "DISCORD_API_URL",
            "DISCORD_GATEWAY_URL",
            "DISCORD_IDENTIFY_SECONDS",
        }
        await sims.type("discord general ada: @Bobbin hello")
        assert await sims.until("hello") == "+ discord #general Ada: @Bobbin hello"
        headers = {
            "Authorization": f"Bot {found['DISCORD_TOKEN']}",
            "User-Agent": "DiscordBot (https://example.org, 1)",
        }
        api = found["DISCORD_API_URL"]
        async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as bot:

            async def call(method: str, path: str, body: Any = None) -> Any:
                async with bot.request(method, api + path, json=body) as answer:
                    return await answer.json()

            guild = (await call("GET", "/users/@me/guilds"))[0]["id"]
            channel = (await call("GET", f"/guilds/{guild}/channels"))[0]["id"]
            root = (await call("GET", f"/channels/{channel}/messages"))[0]["id"]
            thread = await call(
                "POST", f"/channels/{channel}/messages/{root}/threads", {"name": "hello"}
            )
            place = f"/channels/{thread['id']}/messages"
            sent = await call("POST", place, {"content": "Hel"})
            assert await sims.until("Bobbin: Hel") == "+ discord thread 1 Bobbin: Hel"
            await call("PATCH", f"{place}/{sent['id']}", {"content": "Hello Ada"})
            assert await sims.until("Hello Ada") == "~ discord thread 1 Bobbin: Hello Ada"
        await sims.type("discord thread 1 grace: and me?")
        assert await sims.until("and me?") == "+ discord thread 1 Grace: and me?"
        await sims.type("discord general ada: /nothing")
        assert (await sims.until("? ")).startswith("? ")
        await sims.type("show")
        await sims.until("Bobbin: Hello Ada (edited)")
        await sims.type("quit")
        assert await sims.ended() == 0


async def test_the_model_the_env_file_and_sigterm(tmp_path: Path) -> None:
    path = tmp_path / "bot.env"
    async with running("--only", "openai", "--tokens-per-second", "0", "--env-file", str(path)) as (
        sims
    ):
        await sims.until("# Type here")
        found = sims.environment
        exported = [line for line in sims.lines if line.startswith("export ")]
        assert path.read_text(encoding="utf-8").splitlines() == exported
        async with AsyncOpenAI(
            api_key=found["OPENAI_API_KEY"], base_url=found["OPENAI_BASE_URL"], max_retries=0
        ) as client:
            got = await client.chat.completions.create(
                model=found["OPENAI_MODEL"], messages=[{"role": "user", "content": "Ada: hello"}]
            )
        assert (got.choices[0].message.content or "").startswith("Ada said: hello")
        await sims.type("show")
        await sims.until("user: Ada: hello")
        await sims.type("slack general ada: hello")
        assert await sims.until("? ") == "? slack does not run here, only the model"
        sims.process.send_signal(signal.SIGTERM)
        assert await sims.ended() == 0


@pytest.mark.parametrize(("options", "stdin"), [(["--no-console"], PIPE), ([], DEVNULL)])
async def test_without_a_console_it_serves_until_sigterm(options: list[str], stdin: int) -> None:
    async with running(*options, stdin=stdin) as sims:
        await sims.until("# In another terminal")
        found = sims.environment
        assert {"DISCORD_TOKEN", "SLACK_BOT_TOKEN", "OPENAI_API_KEY"} <= set(found)
        bot = AsyncWebClient(token=found["SLACK_BOT_TOKEN"], base_url=found["SLACK_API_URL"])
        assert (await bot.auth_test())["ok"]
        sims.process.send_signal(signal.SIGTERM)
        assert await sims.ended() == 0


async def test_a_wrong_name_is_explained() -> None:
    async with running("--only", "irc") as sims:
        _, err = await sims.process.communicate()
        assert sims.process.returncode == 2
        assert b"'irc' is none of discord, slack, openai" in err


def test_the_grammar() -> None:
    assert parse("  ") is None and parse("# note") is None
    assert parse("quit") == Word("quit")
    assert parse("slack thread 12 ada: and: then?") == Say(
        "slack", "thread", 12, "ada", "and: then?"
    )
    assert parse("discord general Ada:/help") == Say("discord", "general", None, "Ada", "/help")
    for bad in ("hello", "slack general ada", "slack thread ada: x", "slack general 3 ada: x"):
        with pytest.raises(Unclear):
            parse(bad)
    assert slash("hello /x") is None
    assert slash("/help") == Slash("help", "", {})
    assert slash("/ask question=what is it? private=true") == Slash(
        "ask",
        "question=what is it? private=true",
        {"question": "what is it?", "private": "true"},
    )
    assert mentioned("@bobbin and @Bobbins", "<@1>") == "<@1> and @Bobbins"
