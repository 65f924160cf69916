"""Python: code written for `client.memory` runs with only the constructor changed."""

from __future__ import annotations

import asyncio

import openai
import pytest
from openai import OpenAI
from openai.pagination import SyncCursorPage

import bobbin
from tests.units.api.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")


def use(client: bobbin.Client) -> None:
    """A day of a program that remembers."""
    memory = client.memory.create(
        content="Ada prefers tea.",
        kind="preference",
        timeout=20,
        extra_headers={"X-Program": "test"},
        extra_body={"tags": ["drinks"]},
    )
    assert client.memory.retrieve(memory.id, timeout=20).content == "Ada prefers tea."
    changed = client.memory.update(memory.id, pinned=True, version=memory.version)
    assert changed.pinned
    for number in range(11):
        client.memory.create(content=f"Remembered as number {number}.")
    listed = list(client.memory.list(limit=5))
    assert len(listed) == len({each.id for each in listed}) == 12
    assert listed[-1].id == memory.id
    for asked in ({"tags": ["drinks"]}, {"extra_query": {"tags": ["drinks"]}, "timeout": None}):
        assert [each.id for each in client.memory.list(**asked)] == [memory.id]
    [hit] = client.memory.search("who prefers tea?", limit=1)
    assert hit.memory is not None and hit.memory.id == memory.id
    assert client.memory.delete(memory.id, timeout=20).deleted
    with pytest.raises(openai.NotFoundError) as missing:
        client.memory.retrieve(memory.id)
    assert missing.value.code == "not_found"


async def test_its_own_address_and_key_are_enough(site: Site) -> None:
    token = (await site.token()).token
    with bobbin.Client(base_url=f"{site.url}/v1", api_key=token) as client:
        await asyncio.to_thread(use, client)


async def test_memory_can_lie_elsewhere_than_the_model(site: Site) -> None:
    token = (await site.token()).token
    with bobbin.Client(
        base_url="http://127.0.0.1:9/v1",
        api_key="another",
        memory_url=f"{site.url}/v1",
        memory_token=token,
        max_retries=0,
    ) as client:
        made = await asyncio.to_thread(client.with_options(timeout=5).memory.create, "Elsewhere.")
        assert made.content == "Elsewhere."
        with pytest.raises(openai.APIConnectionError):
            await asyncio.to_thread(client.models.list)


async def test_the_model_is_never_shown_the_memorys_token(site: Site) -> None:
    client = bobbin.Client(api_key="for the model", memory_url=f"{site.url}/v1", memory_token="bob")
    assert client.api_key == "for the model"
    assert "bob" not in str(client.auth_headers)
    client.close()


async def test_it_can_be_awaited(site: Site) -> None:
    token = (await site.token()).token
    async with bobbin.AsyncClient(base_url=f"{site.url}/v1", api_key=token) as client:
        made = await client.memory.create("Awaited.", tags=["one"])
        assert (await client.memory.retrieve(made.id)).tags == ["one"]
        await client.memory.update(made.id, subject="waiting")
        listed = [each async for each in await client.memory.list()]
        assert [each.id for each in listed] == [made.id]
        assert [hit.memory.id for hit in await client.memory.search("awaited") if hit.memory] == [
            made.id
        ]
        assert (await client.memory.delete(made.id)).deleted


async def test_the_stock_client_reads_pages_and_errors(site: Site) -> None:
    token = (await site.token()).token

    def stock() -> None:
        with OpenAI(base_url=f"{site.url}/v1", api_key=token, max_retries=0) as client:
            for number in range(5):
                client.post("/memory", cast_to=object, body={"content": f"Stock {number}."})
            page = client.get_api_list(
                "/memory",
                model=bobbin.Memory,
                page=SyncCursorPage[bobbin.Memory],
                options={"params": {"limit": 2}},
            )
            assert len(list(page)) == 5
            with pytest.raises(openai.BadRequestError) as wrong:
                client.post("/memory", cast_to=object, body={"content": "x", "user_id": "8"})
            assert (wrong.value.param, wrong.value.code) == ("user_id", "unknown_parameter")
        with OpenAI(base_url=f"{site.url}/v1", api_key="bob_wrong", max_retries=0) as client:
            with pytest.raises(openai.AuthenticationError):
                client.get("/memory", cast_to=object)

    await asyncio.to_thread(stock)


async def test_a_conflict_is_not_tried_again_in_vain(site: Site) -> None:
    token = (await site.token()).token

    def conflict() -> None:
        with bobbin.Client(base_url=f"{site.url}/v1", api_key=token, max_retries=5) as client:
            made = client.memory.create("Contested.")
            client.memory.update(made.id, pinned=True)
            with pytest.raises(openai.ConflictError) as error:
                client.memory.update(made.id, pinned=False, version=made.version)
            assert error.value.code == "version_conflict"
            assert error.value.response.request.headers["x-stainless-retry-count"] == "0"

    await asyncio.to_thread(conflict)
