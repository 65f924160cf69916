"""Tokens from the shell, and the programs that they open memories to, as processes of their own."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.flows.program import bot, environment, run_bot
from tests.servers import Valkey

ADA = "discord:@:7"


async def made(folder: Path, server: Valkey, *options: str, person: str = ADA) -> str:
    """A token made by the command line, which prints nothing else."""
    env = {"REDIS_URL": server.url}
    ended = await run_bot(folder, "tokens", "create", person, *options, env=env)
    assert ended.code == 0, ended.log
    [token] = ended.out.split()
    assert re.fullmatch(r"bob_[\w-]{43}", token)
    assert token not in ended.log
    return token


@asynccontextmanager
async def over_pipes(folder: Path, server: Valkey, token: str) -> AsyncIterator[Client]:
    """The official client with `bobbin mcp`, started as desktop programs start it."""
    env = environment(folder, {"REDIS_URL": server.url, "BOBBIN_TOKEN": token})
    program = StdioServerParameters(
        command=sys.executable, args=["-m", "bot", "mcp"], env=env, cwd=folder
    )
    with (folder / "log").open("w") as log:
        async with Client(stdio_client(program, errlog=log)) as client:
            yield client


async def test_over_pipes_the_tools_do_what_they_do_over_http(
    tmp_path: Path, server: Valkey
) -> None:
    token = await made(tmp_path, server, "--channel", "1:2")
    async with over_pipes(tmp_path, server, token) as client:
        assert len((await client.list_tools()).tools) == 12
        added = await client.call_tool("add_memory", {"content": "Heron is the database."})
        assert added.structured_content is not None
        id = added.structured_content["memory"]["id"]
        found = await client.call_tool("search_memory", {"query": "which database?"})
        assert found.structured_content is not None
        assert found.structured_content["hits"][0]["memory"]["id"] == id
        packed = await client.call_tool("get_context", {"query": "database"})
        assert "Heron" in json.dumps(packed.structured_content)
        wrong = await client.call_tool("list_memories", {"scopes": ["workspace:discord:1:::"]})
        assert wrong.is_error
        listed = await run_bot(tmp_path, "tokens", "list", env={"REDIS_URL": server.url})
        assert "their own, channel 2 in 1" in listed.out
        assert token not in listed.out
        [name] = re.findall(r"tok_\w+", listed.out)
        gone = await run_bot(tmp_path, "tokens", "revoke", name, env={"REDIS_URL": server.url})
        assert gone.code == 0
        refused = await client.call_tool("list_memories", {})
        assert refused.is_error
        assert refused.structured_content is None
    assert "Heron" not in (tmp_path / "log").read_text()


@pytest.mark.parametrize("token", ["", "bob_unknown"])
async def test_over_pipes_nothing_starts_without_a_token_in_force(
    tmp_path: Path, server: Valkey, token: str
) -> None:
    env = {"REDIS_URL": server.url, "BOBBIN_TOKEN": token}
    ended = await run_bot(tmp_path, "mcp", env=env)
    assert ended.code == (1 if token else 2)
    assert "token" in ended.log
    assert ended.out == ""


@pytest.mark.parametrize("command", [("api",), ("run",)])
async def test_it_is_served_over_http_by_itself_or_beside_the_bot(
    tmp_path: Path, server: Valkey, command: tuple[str, ...]
) -> None:
    token = await made(tmp_path, server)
    env = {"REDIS_URL": server.url, "BOBBIN_API_PORT": "0", "BOBBIN_LOG_LEVEL": "INFO"}
    async with bot(tmp_path, *command, env=env, stdin=-1) as process:
        await process.prints("REST and MCP are served at", log=True)
        [url] = re.findall(r"served at (http://[\d.]+:\d+)", process.log)
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx2.AsyncClient(
            base_url=url, headers=headers, verify=False, timeout=50
        ) as http:
            body = {"content": "Kept by another program."}
            created = await http.post("/v1/memory", json=body)
            assert created.status_code == 201
            search = {"query": "what is kept?"}
            assert (await http.post("/v1/memory/search", json=search)).json()["data"]
        ended = await process.terminate()
    assert ended.code == 0
    assert "POST /v1/memory/search: 200" in ended.log
    assert "another program" not in ended.log
    assert token not in ended.log


async def test_the_port_has_to_be_set_and_free(tmp_path: Path, server: Valkey) -> None:
    unset = await run_bot(tmp_path, "api", env={"REDIS_URL": server.url})
    assert unset.code == 2
    assert "BOBBIN_API_PORT: is not set" in unset.log
    async with bot(
        tmp_path, "api", env={"REDIS_URL": server.url, "BOBBIN_API_PORT": "0"}
    ) as process:
        await process.prints("served at", log=True)
        [port] = re.findall(r"served at http://[\d.]+:(\d+)", process.log)
        env = {"REDIS_URL": server.url, "BOBBIN_API_PORT": port}
        taken = await run_bot(tmp_path, "api", env=env)
        assert taken.code == 2
        assert "cannot be listened on" in taken.log


async def test_only_people_have_tokens(tmp_path: Path, server: Valkey) -> None:
    env = {"REDIS_URL": server.url}
    assert (await run_bot(tmp_path, "tokens", "create", "Ada", env=env)).code == 2
    assert (await run_bot(tmp_path, "tokens", "revoke", "tok_none", env=env)).code == 1
    nobody = await run_bot(tmp_path, "tokens", "list", env=env)
    assert nobody.out == "" and nobody.log.startswith("there are no tokens")
    await made(tmp_path, server)
    await made(tmp_path, server, "--read-only", "--days", "0")
    listed = (await run_bot(tmp_path, "tokens", "list", ADA, env=env)).out
    assert "reads their own, for ever" in listed
    gone = await run_bot(tmp_path, "tokens", "revoke", "--person", ADA, env=env)
    assert "2 token(s) revoked" in gone.log
