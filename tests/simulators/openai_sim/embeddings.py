"""The embeddings endpoint: deterministic unit vectors made from a hash of the input."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import struct
from collections.abc import Mapping
from typing import Any

from tests.simulators.openai_sim.catalogue import EmbeddingTraits
from tests.simulators.openai_sim.tokens import text_tokens
from tests.simulators.openai_sim.validate import reject

_FIELDS = ("input", "model", "dimensions", "encoding_format", "user")
MAX_REQUEST_TOKENS = 300_000


def _inputs(value: Any) -> list[Any]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list) or not value:
        raise reject("'$.input' is invalid. Please check the API reference.", None, None)
    if all(isinstance(item, int) for item in value):
        return [value]
    return value


def _size(item: Any) -> int:
    if item in ("", []) or not isinstance(item, str | list):
        raise reject("'$.input' is invalid. Please check the API reference.", None, None)
    return text_tokens(item) if isinstance(item, str) else len(item)


def vector(item: Any, dimensions: int) -> list[float]:
    """A unit vector that depends on nothing but the input."""
    block = hashlib.shake_256(json.dumps(item).encode()).digest(4 * dimensions)
    raw = [number / 2**31 - 1 for number in struct.unpack(f"<{dimensions}I", block)]
    length = math.sqrt(sum(number * number for number in raw))
    return [number / length for number in raw]


def embeddings(
    body: Mapping[str, Any], traits: EmbeddingTraits, *, lenient: bool = False
) -> dict[str, Any]:
    """Answer an embeddings request for a known model.

    Args:
        body: The request.
        traits: Of the model.
        lenient: As local servers do it: unknown fields are ignored, `encoding_format` among them.

    Raises:
        Rejected: Something is wrong with the request.
    """
    for name in body:
        if name not in _FIELDS and not lenient:
            raise reject(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    if "input" not in body:
        raise reject("Missing required parameter: 'input'.", "input", "missing_required_parameter")
    model = body["model"]
    largest = traits.dimensions
    dimensions = body.get("dimensions", largest)
    if not isinstance(dimensions, int) or not 1 <= dimensions <= largest:
        raise reject(f"Invalid value for 'dimensions': {dimensions}.", "dimensions")
    encoding = body.get("encoding_format", "float")
    if encoding not in ("float", "base64"):
        raise reject(f"Invalid value: '{encoding}'.", "encoding_format", "invalid_value")
    if lenient:
        dimensions, encoding = largest, "float"
    inputs = _inputs(body.get("input"))
    if len(inputs) > traits.inputs:
        raise reject(f"'$.input' has more than {traits.inputs} inputs.", "input", "invalid_value")
    sizes = [_size(item) for item in inputs]
    if max(sizes) > traits.window or sum(sizes) > MAX_REQUEST_TOKENS:
        raise reject(
            f"This model's maximum context length is {traits.window} tokens, however you "
            f"requested {max(sizes)} tokens. Please reduce your prompt.",
            "input",
        )
    data: list[dict[str, Any]] = []
    for index, item in enumerate(inputs):
        numbers = [traits.length * number for number in vector(item, dimensions)]
        packed = base64.b64encode(struct.pack(f"<{dimensions}f", *numbers)).decode()
        found = packed if encoding == "base64" else numbers
        data.append({"object": "embedding", "index": index, "embedding": found})
    usage = {"prompt_tokens": sum(sizes), "total_tokens": sum(sizes)}
    return {"object": "list", "data": data, "model": model, "usage": usage}
