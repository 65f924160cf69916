"""Error answers as api.openai.com and its imitators word them."""

from __future__ import annotations

import math
from typing import Any, Literal

from tests.simulators.openai_sim.answer import Answer, HttpError


def error_body(
    message: str, *, kind: str = "invalid_request_error", param: str | None = None, code: Any = None
) -> dict[str, Any]:
    """The JSON body of an OpenAI error."""
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def failure(
    status: int,
    message: str = "The server had an error while processing your request. Sorry about that!",
    *,
    kind: str = "server_error",
    param: str | None = None,
    code: Any = None,
    headers: dict[str, str] | None = None,
) -> Answer:
    """An answer with this status (500, 502, 503, 529 …) and a proper error body."""
    body = error_body(message, kind=kind, param=param, code=code)
    return Answer(error=HttpError(status, body, headers or {}))


def bad_gateway(status: int = 502) -> Answer:
    """A proxy's HTML page instead of JSON."""
    page = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"
    return Answer(error=HttpError(status, page, {"Content-Type": "text/html"}))


def dropped() -> Answer:
    """The connection is closed before any response."""
    return Answer(error=HttpError(0, b""))


def seconds_text(seconds: float, *, whole: bool) -> str:
    """A `retry-after` value: OpenAI sends whole seconds, a scaled clock needs the fraction."""
    return str(math.ceil(seconds)) if whole else f"{seconds:.3f}"


def reset_text(seconds: float) -> str:
    """A duration as in `x-ratelimit-reset-*`: "120ms", "1.5s", "6m0s"."""
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(seconds, 60)
    if minutes >= 1:
        return f"{int(minutes)}m{rest:.3f}".rstrip("0").rstrip(".") + "s"
    return f"{rest:.3f}".rstrip("0").rstrip(".") + "s"


def rate_limited(
    *,
    retry_after: float | None = None,
    retry_after_ms: float | None = None,
    reset_requests: str | None = None,
    reset_tokens: str | None = None,
    kind: Literal["requests", "tokens"] = "requests",
) -> Answer:
    """429 rate_limit_exceeded with the headers given; times are sent exactly as given."""
    headers = {
        "retry-after": None if retry_after is None else f"{retry_after:g}",
        "retry-after-ms": None if retry_after_ms is None else f"{retry_after_ms:g}",
        "x-ratelimit-reset-requests": reset_requests,
        "x-ratelimit-reset-tokens": reset_tokens,
    }
    return failure(
        429,
        f"Rate limit reached on {kind} per min. Please try again later.",
        kind=kind,
        code="rate_limit_exceeded",
        headers={name: value for name, value in headers.items() if value is not None},
    )


def quota(code: str = "insufficient_quota") -> Answer:
    """429 for an account without credit; trying again is useless."""
    return failure(
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        kind="insufficient_quota",
        code=code,
    )


def overloaded(status: int = 503, code: str = "slow_down") -> Answer:
    """The service is short of capacity: 429 or 503 `slow_down`, 503 `server_is_overloaded`, 529."""
    return failure(
        status,
        "The engine is currently overloaded, please try again later.",
        kind="service_unavailable_error",
        code=code,
    )


OverflowStyle = Literal["openai", "vllm", "vllm-model-len", "llama.cpp", "lmstudio", "gemini"]


def context_overflow(
    style: OverflowStyle = "openai", *, limit: int = 8192, tokens: int = 9000
) -> Answer:
    """A prompt over the window, worded as the given server words it."""
    return Answer(error=overflow_error(style, limit=limit, tokens=tokens))


def overflow_error(style: OverflowStyle, *, limit: int, tokens: int) -> HttpError:
    """The error of `context_overflow`."""
    if style == "openai":
        message = (
            f"This model's maximum context length is {limit} tokens. However, your messages "
            f"resulted in {tokens} tokens. Please reduce the length of the messages."
        )
        body = error_body(message, param="messages", code="context_length_exceeded")
    elif style == "vllm":
        message = (
            f"This model's maximum context length is {limit} tokens. However, your request has "
            f"{tokens} input tokens. Please reduce the length of the input messages."
        )
        body = error_body(message, kind="BadRequestError", code=400)
    elif style == "vllm-model-len":
        message = (
            f"The decoder prompt (length {tokens}) is longer than the maximum model length of "
            f"{limit}. Make sure that `max_model_len` is no smaller than the prompt."
        )
        body = error_body(message, kind="BadRequestError", code=400)
    elif style == "llama.cpp":
        message = "the request exceeds the available context size, try increasing it"
        body = error_body(message, kind="exceed_context_size_error", code=400)
        body["error"] |= {"n_prompt_tokens": tokens, "n_ctx": limit}
    elif style == "lmstudio":
        message = (
            "The number of tokens to keep from the initial prompt is greater than the context "
            "length. Try to load the model with a larger context length."
        )
        return HttpError(400, {"error": message})
    else:
        message = (
            f"The input token count ({tokens}) exceeds the maximum number of tokens allowed "
            f"({limit})."
        )
        body = error_body(message, kind="INVALID_ARGUMENT", code=400)
    return HttpError(400, body)
