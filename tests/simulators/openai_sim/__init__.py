"""An OpenAI-compatible server on loopback, for tests.

async with OpenAISimulator() as sim:
    client = AsyncOpenAI(**keys from sim.environment())
    sim.script.append(Answer("Hello Ada"))
    sim.on(lambda request: "weather" in request.last_user_text, rate_limited(retry_after=1))
"""

from tests.simulators.openai_sim.answer import (
    Answer,
    Chunk,
    Cut,
    EndOfFile,
    HttpError,
    Piece,
    Raw,
    Reasoning,
    Refusal,
    Stall,
    ToolCall,
    Usage,
    comment,
    empty_data,
    error_event,
    error_object,
    malformed_json,
    no_choices,
    null_choices,
    null_delta,
    ping_event,
    without_ids,
    words,
)
from tests.simulators.openai_sim.errors import (
    bad_gateway,
    context_overflow,
    dropped,
    failure,
    overloaded,
    quota,
    rate_limited,
)
from tests.simulators.openai_sim.limits import RateLimit
from tests.simulators.openai_sim.request import Disconnect, Message, Request
from tests.simulators.openai_sim.script import echo
from tests.simulators.openai_sim.server import OpenAISimulator

__all__ = [
    "Answer",
    "Chunk",
    "Cut",
    "Disconnect",
    "EndOfFile",
    "HttpError",
    "Message",
    "OpenAISimulator",
    "Piece",
    "RateLimit",
    "Raw",
    "Reasoning",
    "Refusal",
    "Request",
    "Stall",
    "ToolCall",
    "Usage",
    "bad_gateway",
    "comment",
    "context_overflow",
    "dropped",
    "echo",
    "empty_data",
    "error_event",
    "error_object",
    "failure",
    "malformed_json",
    "no_choices",
    "null_choices",
    "null_delta",
    "overloaded",
    "ping_event",
    "quota",
    "rate_limited",
    "without_ids",
    "words",
]
