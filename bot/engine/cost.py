"""What a request took, in tokens and money."""

from __future__ import annotations

from collections.abc import Sequence

from bot.context.tokens import Tokenizer, tool_tokens
from bot.model.port import Finished, Message, Prompt, ToolCall, Usage
from bot.model.prices import cost_micros
from bot.records import Tally


def estimate(model: str, prompt: int, completion: int) -> Tally:
    """What a request will probably take; `prompt` and `completion` are tokens."""
    cost = cost_micros(model, Usage(prompt=prompt, completion=completion))
    return Tally(prompt=prompt, completion=completion, cost_micros=cost or 0)


def tally_of(finished: Finished, prompt: Prompt, answer: str, tokenizer: Tokenizer) -> Tally:
    """The figures of one request: the provider's, or our own estimate where it sent none.

    `turns` is left at 0: the caller knows whether this was an answer.
    """
    usage = finished.usage or Usage(
        prompt=prompt_tokens(prompt, tokenizer),
        completion=tokenizer.count(answer) + _call_tokens(finished.calls, tokenizer),
    )
    cost = cost_micros(finished.model, usage)
    return Tally(
        prompt=usage.prompt,
        cached=usage.cached,
        completion=usage.completion,
        cost_micros=cost or 0,
        unpriced=int(cost is None),
        estimated=int(finished.usage is None),
    )


def prompt_tokens(prompt: Prompt, tokenizer: Tokenizer) -> int:
    """About what a prompt has, counted anew."""
    messages = sum(_tokens(message, tokenizer) for message in prompt.messages)
    return tool_tokens(prompt.tools, tokenizer) + messages


def _tokens(message: Message, tokenizer: Tokenizer) -> int:
    shown = sum(picture.tokens for picture in message.pictures)
    calls = _call_tokens(message.calls, tokenizer)
    return tokenizer.count_message(message.role, message.content) + shown + calls


def _call_tokens(calls: Sequence[ToolCall], tokenizer: Tokenizer) -> int:
    return sum(tokenizer.count(f"{call.name} {call.arguments}") for call in calls)
