"""The images endpoint, as strict as OpenAI's: a small picture that is made from the prompt."""

from __future__ import annotations

import base64
import hashlib
import re
import struct
import zlib
from collections.abc import Mapping
from typing import Any

from tests.simulators.openai_sim.validate import reject

IMAGE_MODELS = ("gpt-image-2.5-flare", "gpt-image-2.5-sunburst", "gpt-image-1-mini")
LONGEST_PROMPT = 32_000

_FIELDS: Mapping[str, type | tuple[type, ...]] = {
    "model": str,
    "prompt": str,
    "n": int,
    "size": str,
    "quality": str,
    "background": str,
    "moderation": str,
    "output_format": str,
    "output_compression": int,
    "safety_identifier": str,
    "user": str,
}
_SIZE = re.compile(r"(\d{2,4})x(\d{2,4})")


def picture(prompt: str) -> bytes:
    """A PNG of one pixel, whose colour is made from the prompt."""
    pixel = hashlib.sha256(prompt.encode()).digest()[:3]
    header = struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" + pixel)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def images(body: Mapping[str, Any]) -> dict[str, Any]:
    """Answer a request for a known model.

    Raises:
        Rejected: Something is wrong with the request.
    """
    for name, value in body.items():
        if name not in _FIELDS:
            raise reject(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
        if not isinstance(value, _FIELDS[name]) or isinstance(value, bool):
            raise reject(f"Invalid type for '{name}'.", name, "invalid_type")
    prompt = body.get("prompt", "")
    if not prompt:
        raise reject(
            "Missing required parameter: 'prompt'.", "prompt", "missing_required_parameter"
        )
    if len(prompt) > LONGEST_PROMPT:
        raise reject("Invalid 'prompt': string too long.", "prompt", "string_above_max_length")
    if not 1 <= body.get("n", 1) <= 10:
        raise reject("Invalid 'n'.", "n", "invalid_value")
    if len(body.get("safety_identifier", "")) > 128:
        raise reject("Invalid 'safety_identifier'.", "safety_identifier", "string_above_max_length")
    _check_size(body.get("size", "auto"))
    spent = {"input_tokens": len(prompt) // 4 + 1, "output_tokens": 1056 * body.get("n", 1)}
    data = [{"b64_json": base64.b64encode(picture(prompt)).decode()}] * body.get("n", 1)
    return {
        "created": 1_795_000_000,
        "data": data,
        "output_format": body.get("output_format", "png"),
        "size": body.get("size", "1024x1024"),
        "usage": {
            **spent,
            "total_tokens": sum(spent.values()),
            "input_tokens_details": {"text_tokens": spent["input_tokens"], "image_tokens": 0},
        },
    }


def _check_size(size: str) -> None:
    if size == "auto":
        return
    match = _SIZE.fullmatch(size)
    width, height = (int(match[1]), int(match[2])) if match else (0, 0)
    shaped = width and height and max(width, height) <= 3 * min(width, height)
    if not shaped or width % 16 or height % 16 or width * height > 3840 * 2160:
        raise reject(f"Invalid size '{size}'.", "size", "invalid_value")
