"""What a request took, in tokens and money."""

from __future__ import annotations

from bot.context.tokens import Tokenizer
from bot.model.port import Finished, Prompt, Usage
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
        prompt=sum(
            tokenizer.count_message(m.role, m.content) + sum(p.tokens for p in m.pictures)
            for m in prompt.messages
        ),
        completion=tokenizer.count(answer),
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
