"""The description of REST for programs (OpenAPI 3.1) and the same as a page for people."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from bot.api.answers import ErrorShape
from bot.api.rest import FILES, Endpoint

Json = dict[str, Any]

REFUSALS: Mapping[int, str] = {
    400: "Something in the request is wrong; `param` says what.",
    401: "There is no token, or it is not in force.",
    403: "The token is for reading only, or the scope is full.",
    404: "Nothing with that id can be seen by this token.",
    408: "The body did not arrive in time.",
    409: "The memory is at another version.",
    412: "The memory is at another version than If-Match says.",
    413: "The body is too large.",
    415: "The body is of another media type.",
    422: "This may not be remembered, or the Idempotency-Key came with another body before; the "
    "message says which.",
    429: "The token was used too often; Retry-After says for how long to wait.",
    503: "The store cannot be reached.",
    504: "It took too long.",
}

_WITHOUT_BODY = {408, 413, 415, 422}
_OF_ONE = {404}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Bobbin's memory: REST</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
code {{ font-family: ui-monospace, monospace; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ text-align: left; vertical-align: top; padding: .3rem .6rem; }}
td {{ border-top: 1px solid #8884; }}
</style></head><body>
<h1>Bobbin's memory: REST</h1>
<p>Send the token as <code>Authorization: Bearer bob_…</code>. The same for programs:
<a href="/openapi.json">openapi.json</a>.</p>
{endpoints}
<h2>Refusals</h2>
<p>All of them are <code>{{"error": {{"message", "type", "param", "code"}}}}</code>.</p>
<table><tr><th>Status</th><th>Because</th></tr>
{refusals}
</table></body></html>
"""


def description(endpoints: Sequence[Endpoint], version: str) -> Json:
    """All of it as OpenAPI says it."""
    bodies = {each.body for each in endpoints if each.body}
    answers = {each.answer for each in endpoints if each.answer} | {ErrorShape}
    _, definitions = models_json_schema(
        [
            *((shape, "validation") for shape in _sorted(bodies)),
            *((shape, "serialization") for shape in _sorted(answers)),
        ],
        ref_template="#/components/schemas/{model}",
    )
    schemas: Json = definitions["$defs"]
    for name in ("ChangeShape", "UpdateItem"):
        for field in schemas[name]["properties"].values():
            # What is left out stays as it is; there is nothing that it is otherwise.
            field.pop("default", None)
    paths: dict[str, Json] = {}
    for each in endpoints:
        paths.setdefault(each.path, {})[each.method.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Bobbin's memory",
            "version": version,
            "description": "Long-term memory that people own. A token opens what its owner may "
            "read; nothing in a request opens more.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def page(endpoints: Sequence[Endpoint]) -> str:
    """All of it as HTML, which loads nothing from anywhere."""
    refusals = "\n".join(
        f"<tr><td>{status}</td><td>{_prose(why)}</td></tr>" for status, why in REFUSALS.items()
    )
    return _PAGE.format(endpoints="\n".join(map(_section, endpoints)), refusals=refusals)


def _operation(endpoint: Endpoint) -> Json:
    content = (
        {"application/json": {"schema": _ref(endpoint.answer)}}
        if endpoint.answer
        else {"application/x-ndjson": {"schema": {"type": "string"}}}
    )
    refusals = {
        str(status): {
            "description": why,
            "content": {"application/json": {"schema": _ref(ErrorShape)}},
        }
        for status, why in REFUSALS.items()
        if _may_come(endpoint, status)
    }
    found: Json = {
        "operationId": endpoint.act.__name__.strip("_") + "_memory",
        "summary": endpoint.summary,
        "parameters": list(_parameters(endpoint)),
        "responses": {
            str(endpoint.status): {"description": "It is done.", "content": content},
            **refusals,
        },
    }
    if endpoint.body:
        schema = {"application/json": {"schema": _ref(endpoint.body)}}
        found["requestBody"] = {"required": True, "content": schema}
    elif endpoint.file:
        schema = {each: {"schema": {"type": "string"}} for each in FILES}
        found["requestBody"] = {"required": True, "content": schema}
    return found


def _may_come(endpoint: Endpoint, status: int) -> bool:
    if status in _WITHOUT_BODY:
        return endpoint.body is not None or endpoint.file
    if status in _OF_ONE:
        return "{" in endpoint.path
    if status == 403:
        return endpoint.method != "GET"
    if status in (409, 412):
        return endpoint.versioned
    return True


def _parameters(endpoint: Endpoint) -> Iterable[Json]:
    for name in re.findall(r"{(\w+)}", endpoint.path):
        schema = {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    if endpoint.query:
        whole = endpoint.query.model_json_schema()
        shared = whole.get("$defs", {})
        for name, schema in whole["properties"].items():
            yield {"name": name, "in": "query", "schema": _flat(schema, shared)}
    if endpoint.repeatable:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "The same request with the same key is done once, for a day; "
            "another body with it is refused.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
        }
    if endpoint.versioned:
        yield {
            "name": "If-Match",
            "in": "header",
            "description": "The ETag of the version that is to be changed.",
            "schema": {"type": "string", "pattern": '^"[0-9]{1,15}"$'},
        }


def _flat(schema: Json, shared: Json) -> Json:
    """A parameter's schema with what it refers to written out."""
    if "$ref" in schema:
        return shared[schema["$ref"].rpartition("/")[2]]
    if "items" in schema:
        return {**schema, "items": _flat(schema["items"], shared)}
    if "anyOf" in schema:
        kinds = [each for each in schema["anyOf"] if each != {"type": "null"}]
        rest = {name: each for name, each in schema.items() if name not in ("anyOf", "default")}
        return {**rest, **kinds[0]} if len(kinds) == 1 else schema
    return schema


def _section(endpoint: Endpoint) -> str:
    rows: list[tuple[str, str]] = []
    for shape in (endpoint.query, endpoint.body):
        fields: Json = shape.model_json_schema()["properties"] if shape else {}
        rows += [(name, field.get("description", "")) for name, field in fields.items()]
    table = "".join(
        f"<tr><td><code>{escape(name)}</code></td><td>{_prose(why)}</td></tr>" for name, why in rows
    )
    return (
        f"<h2><code>{endpoint.method} {escape(endpoint.path)}</code></h2>"
        f"<p>{_prose(endpoint.summary)}</p>" + (f"<table>{table}</table>" if table else "")
    )


def _prose(text: str) -> str:
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))


def _ref(shape: type[BaseModel]) -> Json:
    return {"$ref": f"#/components/schemas/{shape.__name__}"}


def _sorted(shapes: Iterable[type[BaseModel]]) -> Sequence[type[BaseModel]]:
    return sorted(shapes, key=lambda shape: shape.__name__)
