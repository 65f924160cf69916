"""What other programs export comes in over REST, for whom the token is."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator

import httpx2
import pytest

from bot.memories import ScopeKind
from tests.payloads.exports import ENTITY, MEM0_FULL, RELATION, chatgpt
from tests.units.api.site import Site, somebody
from tests.units.api.test_rest import error_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/v1/memory/import"
GRAPH = "\n".join(map(json.dumps, (ENTITY, RELATION))).encode()


async def brought(
    http: httpx2.AsyncClient, file: bytes, type: str = "application/json", **asked: str
) -> httpx2.Response:
    """The answer to a file of some type."""
    return await http.post(PATH, params=asked, content=file, headers={"content-type": type})


def archive(*conversations: object) -> bytes:
    """An export as people download it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("conversations.json", json.dumps(conversations))
    return file.getvalue()


async def test_memories_of_other_programs_come_in_and_are_the_same_again(site: Site) -> None:
    async with site.http((await site.token(somebody())).token) as http:
        for file, type, format in (
            (GRAPH, "application/x-ndjson", "mcp-memory"),
            (json.dumps(MEM0_FULL).encode(), "application/json", "mem0"),
        ):
            dry = (await brought(http, file, type, format=format, dry_run="true")).json()
            assert dry["new"] > 1 and dry["dry_run"] and not dry["conversations"]
            # Who wrote it is seen, whether it is said to be lines or one text.
            sent = type if file is GRAPH else "application/json"
            done = (await brought(http, file, sent, scope="channel")).json()
            assert (done["new"], done["same"]) == (dry["new"], 0)
            again = (await brought(http, file, scope="channel")).json()
            assert (again["new"], again["same"]) == (0, dry["new"])
        listed = await http.get("/v1/memory", params={"scopes": "user"})
        assert listed.json()["data"] == []
        found = await http.post("/v1/memory/search", json={"query": "linen warp"})
        assert "linen" in found.json()["data"][0]["memory"]["content"]


async def test_conversations_come_in_for_their_owner_alone(site: Site) -> None:
    place = somebody()
    file = archive(chatgpt())
    async with site.http((await site.token(place)).token) as http:
        for asked in ({"dry_run": "true"}, {"name": "Ada"}):
            told = (await brought(http, file, "application/zip", **asked)).json()
            assert (told["new"], told["conversations"]) == (1, True)
        assert (await brought(http, file, "application/zip", name="Ada")).json()["same"] == 1
        answer = await brought(http, file, "application/zip", scope="channel")
        assert (answer.status_code, error_of(answer)["param"]) == (400, "scope")
        found = await http.post("/v1/memory/search", json={"query": "shafts of a floor loom"})
        authors = {hit["said"]["author"] for hit in found.json()["data"] if hit["said"]}
        assert "Ada" in authors
    for token in (
        await site.token(place, only={ScopeKind.CHANNEL}),
        await site.token(place, writes=False),
    ):
        async with site.http(token.token) as http:
            answer = await brought(http, file, "application/zip")
            assert (answer.status_code, error_of(answer)["code"]) == (403, "read_only")


async def test_what_is_no_export_is_refused_and_nothing_is_stored(site: Site) -> None:
    async with site.http() as http:
        damaged = archive(chatgpt())[:-30]
        for file in (b"", b"PK\x03\x04", damaged, b'[{"odd": 1}]', b"\xff", b"[" * 9000, b"[]"):
            answer = await brought(http, file, "application/zip")
            assert (answer.status_code, error_of(answer)["code"]) == (400, "import_refused"), file
        spoilt = json.dumps([chatgpt(), {"mapping": 1}]).encode()
        answer = await brought(http, spoilt)
        assert error_of(answer)["code"] == "import_refused"
        answer = await brought(http, GRAPH, format="odd")
        assert (answer.status_code, error_of(answer)["param"]) == (400, "format")
        assert (await brought(http, GRAPH, "image/png")).status_code == 415
        assert (await http.get("/v1/memory/stats")).json()["total"] == 0


@pytest.mark.parametrize("kind", ["ours", "mem0", "over MCP"])
async def test_nothing_comes_in_by_a_token_that_ended_while_the_file_was_sent(
    site: Site, kind: str
) -> None:
    file, type, path = json.dumps(MEM0_FULL).encode(), "application/json", PATH
    if kind != "mem0":
        async with site.http() as http:
            await http.post("/v1/memory", json={"content": "The warp is linen."})
            file, type = (await http.get("/v1/memory/export")).content, "application/x-ndjson"
    if kind == "over MCP":
        named = {"name": "import_memories", "arguments": {"ndjson": file.decode()}}
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": named}
        file, type, path = json.dumps(call).encode(), "application/json", "/mcp"
    issued = await site.token(somebody("7"))
    tokens = site.threads.tokens

    async def body() -> AsyncIterator[bytes]:
        yield file[:4]
        async with asyncio.timeout(50):
            # The store does not report changes; each look takes a round trip.
            while (found := await tokens.find(issued.credential.digest)) and not found.used_at:
                pass
        await tokens.revoke(issued.credential.id)
        yield file[4:]

    async with site.http(issued.token) as http:
        headers = {"content-type": type, "accept": "application/json, text/event-stream"}
        answer = await http.post(path, content=body(), headers=headers)
    assert "This needs a token that is in force." in answer.text
    assert answer.status_code == (200 if kind == "over MCP" else 401)
