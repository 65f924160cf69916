"""What is wrong with a request is told in one envelope, and nothing has changed then."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.api.asked import BatchShape, ChangeShape, NewShape, SearchShape
from bot.api.faults import Fault
from bot.api.reading import wrong
from tests.units.api.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def refusal(answer: httpx2.Response) -> tuple[int, str, str | None]:
    """Status, code and field of an answer that is nothing but a refusal."""
    assert list(answer.json()) == ["error"]
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    return answer.status_code, error["code"], error["param"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (400, "invalid_json", None)),
        (b"{", (400, "invalid_json", None)),
        (b'{"content": "\xff\xfe"}', (400, "invalid_json", None)),
        (b'{"content": "\\ud800"}', (400, "invalid_json", None)),
        (b"[]", (400, "invalid_value", None)),
        (b"null", (400, "invalid_value", None)),
        (b"[" * 10_000, (400, "invalid_json", None)),
        (b"{}", (400, "missing_required_parameter", "content")),
        (b'{"content": 7}', (400, "invalid_value", "content")),
        (b'{"content": ""}', (400, "invalid_value", "content")),
        (b'{"content": "x", "kind": "rumour"}', (400, "invalid_value", "kind")),
        (b'{"content": "x", "pinned": "yes"}', (400, "invalid_value", "pinned")),
        (b'{"content": "x", "tags": ["a", 1]}', (400, "invalid_value", "tags.1")),
        (b'{"content": "x", "expires_at": -1}', (400, "invalid_value", "expires_at")),
        (b'{"content": "x", "expires_at": 1e400}', (400, "invalid_value", "expires_at")),
        (b'{"content": "x", "user_id": "8"}', (400, "unknown_parameter", "user_id")),
        (b'{"content": "x", "scope": "everything"}', (400, "invalid_value", "scope")),
    ],
)
async def test_a_wrong_body_is_refused(
    site: Site, body: bytes, expected: tuple[int, str, str | None]
) -> None:
    async with site.http() as http:
        headers = {"Content-Type": "application/json"}
        answer = await http.post("/v1/memory", content=body, headers=headers)
        assert refusal(answer) == expected
        assert (await http.get("/v1/memory")).json()["data"] == []


async def test_what_is_too_long_is_refused(site: Site) -> None:
    async with site.http() as http:
        long = await http.post("/v1/memory", json={"content": "x" * 1001})
        assert refusal(long) == (400, "invalid_value", "content")
        huge = await http.post("/v1/memory", json={"content": "x" * 300_000})
        assert refusal(huge) == (413, "too_large", None)

        async def unannounced() -> AsyncIterator[bytes]:
            for _ in range(5):
                yield b" " * 100_000

        headers = {"Content-Type": "application/json"}
        piecemeal = await http.post("/v1/memory", content=unannounced(), headers=headers)
        assert refusal(piecemeal) == (413, "too_large", None)
        many = [{"op": "delete", "id": "mem_0"}] * 501
        batch = await http.post("/v1/memory/batch", json={"operations": many})
        assert refusal(batch) == (400, "invalid_value", "operations")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1_0", "limit"),
        ("limit=%205", "limit"),
        ("limit=ten", "limit"),
        ("limit=5&limit=6", "limit"),
        ("pinned=1", "pinned"),
        ("kinds=rumour", "kinds.0"),
        ("user=8", "user"),
        ("after=nothing", "after"),
        ("scopes=user:discord:@:::0", "scopes"),
    ],
)
async def test_a_wrong_address_is_refused(site: Site, query: str, field: str) -> None:
    async with site.http() as http:
        status, _, named = refusal(await http.get(f"/v1/memory?{query}"))
        assert (status, named) == (400, field)


async def test_a_wrong_header_is_refused(site: Site) -> None:
    async with site.http() as http:
        made = (await http.post("/v1/memory", json={"content": "Kept."})).json()
        path = f"/v1/memory/{made['id']}"
        keys = ["x" * 256, "a b", ""]
        headers = [{"If-Match": "3"}, {"If-Match": 'W/"1"'}]
        for header in (*headers, *({"Idempotency-Key": key} for key in keys)):
            answer = await http.patch(path, json={"pinned": True}, headers=header)
            assert refusal(answer) == (400, "invalid_value", next(iter(header)))
        form = await http.patch(path, data={"pinned": "true"})
        assert refusal(form) == (415, "unsupported_media_type", None)
        two = await http.patch(
            path, json={"pinned": True, "version": 7}, headers={"If-Match": '"1"'}
        )
        assert refusal(two) == (400, "invalid_value", "version")
        nothing = await http.patch(path, json={"version": made["version"]})
        assert refusal(nothing) == (400, "invalid_value", None)
        now = (await http.get(path)).json()
        assert now == {name: made[name] for name in now}


async def test_addresses_and_methods_that_are_none_are_told_in_the_envelope(site: Site) -> None:
    async with site.http() as http:
        assert refusal(await http.get("/v1/nothing")) == (404, "not_found", None)
        assert refusal(await http.put("/v1/memory")) == (405, "method_not_allowed", None)
        assert refusal(await http.get("/v1/conversations/not-a-thread")) == (404, "not_found", None)


async def test_secrets_are_not_remembered(site: Site) -> None:
    async with site.http() as http:
        key = "sk-proj-" + "a1B2c3D4" * 6
        answer = await http.post("/v1/memory", json={"content": f"The key is {key}."})
        assert refusal(answer) == (422, "refused", None)
        assert key not in answer.text
        assert (await http.get("/v1/memory")).json()["data"] == []


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=JSON)
async def test_no_body_breaks_the_server(site: Site, body: object) -> None:
    async with site.http() as http:
        content = json.dumps(body)
        headers = {"Content-Type": "application/json"}
        for path in ("", "/search", "/context", "/batch"):
            answer = await http.post(f"/v1/memory{path}", content=content, headers=headers)
            assert answer.status_code in (200, 201, 400, 422), answer.text


@given(
    st.sampled_from([NewShape, ChangeShape, SearchShape, BatchShape]),
    st.dictionaries(st.sampled_from(["content", "tags", "query", "operations", "x"]), JSON),
)
async def test_a_refusal_never_repeats_what_was_sent(shape: type, body: dict[str, object]) -> None:
    secret = "correct horse battery staple"
    text = json.dumps({**body, "content": [secret], "query": {secret[:7]: secret}})
    try:
        shape.model_validate_json(text)
    except ValidationError as error:
        fault: Fault = wrong(error)
        assert fault.status == 400
        assert secret not in fault.user_text
