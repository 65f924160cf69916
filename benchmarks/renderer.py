"""What one streamed token costs the renderer, for answers of growing length, on each platform.

Each token is split and rendered, as if every one of them were shown: what an edit of the message
needs. An answer of a thousand characters and one of a hundred thousand should cost the same per
token, since parts that are complete are never looked at again, nor are finished blocks of the last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapters.discord import markup as discord_markup
from adapters.discord import render as discord
from adapters.slack import markup as slack_markup
from adapters.slack import render as slack
from benchmarks.figures import Spread, both, duration, table
from bot.markdown.rendering import Rendering
from bot.reply.split import Splitter

LENGTHS = (1_000, 10_000, 100_000)
TOKEN = 4
"""Characters."""

ANSWER = """\
## Setting up the loom

Make sure that **everything is unplugged** and that the *warp beam* turns freely. A good guide is
[the handbook](https://example.com/handbook?chapter=2), or `man loom`. ~~Fast is fine.~~

1. **Warp the loom**
   - Count the threads: `ends = width * sett`
   - Tie them in groups of *four*
2. **Wind the bobbin**, slowly

```python
def wind(bobbin, turns=200):
    for _ in range(turns):
        bobbin.turn()
```

| Loom | Width | Price |
|:-----|------:|:-----:|
| Rigid heddle | 60 | €180 |
| Table loom | 80 | €650 |

> Lift the beam with two people, and read the rest before you begin to lift it.

"""


@dataclass(frozen=True, slots=True)
class Platform:
    """How Markdown is shown on a platform, and how much of it a message holds."""

    limit: int
    rendering: Callable[[], Rendering]
    measure: Callable[[Rendering, str], int]


PLATFORMS: Mapping[str, Platform] = {
    "Discord": Platform(discord_markup.MAX_CHARS, discord.rendering, discord.measure_shown),
    "Slack": Platform(slack_markup.MAX_CHARS, slack.rendering, slack.measure_shown),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds for each token of an answer of so many characters, and for all of it."""

    platform: str
    length: int
    parts: int
    token: Spread
    total: float


def measure(name: str, length: int) -> Cost:
    """Stream an answer of `length` characters to a platform, all of its tokens shown."""
    platform = PLATFORMS[name]
    render = platform.rendering()
    splitter = Splitter(platform.limit, lambda text: platform.measure(render, text))
    answer = (ANSWER * (length // len(ANSWER) + 1))[:length]
    times: list[float] = []
    for end in range(TOKEN, length + TOKEN, TOKEN):
        text = answer[:end]
        began = time.perf_counter()
        parts = splitter.parts(text)
        if parts:
            render(parts[-1].text)
        times.append(time.perf_counter() - began)
    shown = splitter.parts(answer, final=True)
    if any(platform.measure(render, part.text) > platform.limit for part in shown):
        raise RuntimeError("the answer was not split as it should be")
    return Cost(name, length, len(shown), Spread.of(times), sum(times))


def report(lengths: tuple[int, ...] = LENGTHS) -> str:
    """The figures as Markdown."""
    costs = [measure(name, length) for name in PLATFORMS for length in lengths]
    rows = [
        (
            cost.platform,
            f"{cost.length:,}",
            str(cost.parts),
            both(cost.token),
            duration(cost.total / cost.token.count),
            duration(cost.total),
        )
        for cost in costs
    ]
    head = ("platform", "characters", "messages", "per token", "on average", "whole answer")
    return table(head, rows)
