"""Reading requests: bodies, addresses and headers, each refused with what is wrong with it."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from starlette.requests import Request

from bot.api.faults import Fault

LONGEST_KEY = 255
CHUNK_SECONDS = 30.0
"""How long a caller may take to send the next part of a body."""

_CODES = {
    "missing": "missing_required_parameter",
    "extra_forbidden": "unknown_parameter",
    "json_invalid": "invalid_json",
}

M = TypeVar("M", bound=BaseModel)


async def chunks(request: Request, most: int) -> AsyncIterator[bytes]:
    """A body part by part. Raises Fault for more than `most` bytes, or where it does not come."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > most:
        raise _too_large(most)
    total = 0
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(CHUNK_SECONDS):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise Fault(408, "timeout", "The body did not arrive in time.") from None
        if chunk is None:
            return
        total += len(chunk)
        if total > most:
            raise _too_large(most)
        yield chunk


async def whole(request: Request, most: int) -> bytes:
    """A body of at most so many bytes. Raises Fault."""
    return b"".join([chunk async for chunk in chunks(request, most)])


def media_type(request: Request, default: str) -> str:
    """What the body is said to be, or the default where nothing is said."""
    return request.headers.get("content-type", default).partition(";")[0].strip().lower()


async def shape(request: Request, shape: type[M], most: int) -> M:
    """A JSON body of this shape. Raises Fault."""
    if media_type(request, "application/json") != "application/json":
        raise Fault(415, "unsupported_media_type", "Send the body as application/json.")
    body = await whole(request, most)
    try:
        body.decode()
    except UnicodeDecodeError:
        raise Fault(400, "invalid_json", "The body is not UTF-8 text.") from None
    try:
        return shape.model_validate_json(body)
    except ValidationError as error:
        raise wrong(error) from None


def query(request: Request, shape: type[M]) -> M:
    """What the address says after "?". Raises Fault."""
    found: dict[str, str | list[str]] = {}
    for written, value in request.query_params.multi_items():
        name = written.removesuffix("[]")
        field = shape.model_fields.get(name)
        many = found.setdefault(name, []) if field and _repeats(field.annotation) else None
        if isinstance(many, list):
            many.append(value)
        elif name in found:
            raise Fault(400, "invalid_value", f"{name} is given twice.", field=name)
        else:
            found[name] = value
    try:
        return shape.model_validate(found)
    except ValidationError as error:
        raise wrong(error) from None


def idempotency_key(request: Request, person: str) -> str:
    """What makes this request safe to send again; empty for nothing. Raises Fault."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return ""
    if len(key) > LONGEST_KEY or not re.fullmatch(r"[!-~]+", key):
        why = f"1 to {LONGEST_KEY} letters, digits and signs of ASCII, without blanks."
        raise Fault(400, "invalid_value", why, field="Idempotency-Key")
    # The same word of another person, or for another path, is another key.
    return digest_of("\n".join((person, request.method, request.url.path, key)))


def digest_of(text: str) -> str:
    """Stands for a text and tells nothing of it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def if_match(request: Request) -> int | None:
    """The version that the caller wants to change; None for any. Raises Fault."""
    written = request.headers.get("if-match", "*").strip()
    if written == "*":
        return None
    if not (found := re.fullmatch(r'"([0-9]{1,15})"', written)):
        raise Fault(400, "invalid_value", 'Write it as the ETag is, like "3".', field="If-Match")
    return int(found[1])


def bearer(headers: Mapping[str, str]) -> str:
    """The token of a request; empty for none."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def wrong(error: ValidationError) -> Fault:
    """What is wrong with a request, without its values: the first thing of it."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    field = _named(first["loc"])
    return Fault(400, _CODES.get(first["type"], "invalid_value"), _told(first, field), field=field)


def _told(detail: ErrorDetails, field: str) -> str:
    if detail["type"] == "extra_forbidden":
        return f"{field} is not known here."
    if detail["type"] == "missing":
        return f"{field} is missing."
    return f"{field}: {detail['msg']}." if field else f"{detail['msg']}."


def _named(place: Sequence[int | str]) -> str:
    """Where in a request something is, as in "operations.3.content"."""
    return ".".join(map(str, place))[:200]


def _repeats(annotation: object) -> bool:
    return getattr(annotation, "__origin__", None) is list


def _too_large(most: int) -> Fault:
    return Fault(413, "too_large", f"The body has more than {most:,} bytes.")
