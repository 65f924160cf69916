"""REST is what its description says: schemathesis sends what it allows, and what it does not."""

from __future__ import annotations

import asyncio
import os

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from tests.units.api.site import Site

pytestmark = pytest.mark.asyncio(loop_scope="module")

EXAMPLES = int(os.environ.get("BOBBIN_SCHEMA_EXAMPLES", "6"))
"""For each operation; a longer look is `BOBBIN_SCHEMA_EXAMPLES=200 pytest tests/units/api`."""

OPERATIONS = [
    ("GET", "/v1/memory"),
    ("POST", "/v1/memory"),
    ("POST", "/v1/memory/search"),
    ("POST", "/v1/memory/context"),
    ("POST", "/v1/memory/batch"),
    ("GET", "/v1/memory/stats"),
    ("GET", "/v1/memory/export"),
    ("POST", "/v1/memory/import"),
    ("GET", "/v1/memory/{id}"),
    ("PATCH", "/v1/memory/{id}"),
    ("POST", "/v1/memory/{id}/undo"),
    ("DELETE", "/v1/memory/{id}"),
    ("GET", "/v1/conversations/{thread}"),
]

TAKE_NOTHING = {
    ("GET", "/v1/memory/stats"),
    ("GET", "/v1/memory/{id}"),
    ("POST", "/v1/memory/{id}/undo"),
    ("DELETE", "/v1/memory/{id}"),
    ("POST", "/v1/memory/import"),
}
"""Nothing that could be wrong by its type: an id is any text, and so are lines."""

CONFIG = {
    "checks": {
        # What is well-formed may still be refused: a secret, a scope, an id.
        "positive_data_acceptance": {"expected-statuses": [200, 201, 400, 403, 404, 409, 412, 422]},
    },
}


@schemathesis.serializer("application/x-ndjson", "application/zip")
def lines(context: schemathesis.SerializationContext, value: object) -> bytes:
    """A body of lines is sent as it is."""
    return str(value).encode("utf-8", "surrogatepass")


async def test_everything_that_is_served_is_described(site: Site) -> None:
    async with httpx2.AsyncClient(base_url=site.url) as http:
        described = (await http.get("/openapi.json")).json()
    found = {
        (method.upper(), path) for path, methods in described["paths"].items() for method in methods
    }
    assert found == set(OPERATIONS)
    assert described["openapi"] == "3.1.0"


@pytest.mark.parametrize("mode", GenerationMode)
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
async def test_it_answers_as_described(
    site: Site, method: str, path: str, mode: GenerationMode
) -> None:
    if mode is GenerationMode.NEGATIVE and (method, path) in TAKE_NOTHING:
        return
    token = (await site.token()).token
    await asyncio.to_thread(_send, site.url, token, method, path, mode)


def _send(url: str, token: str, method: str, path: str, mode: GenerationMode) -> None:
    config = schemathesis.Config.from_dict(CONFIG)
    schema = schemathesis.openapi.from_url(f"{url}/openapi.json", config=config)
    cases = schema[path][method].as_strategy(generation_mode=mode)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def answers(case: schemathesis.Case) -> None:
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"})

    answers()
