"""The openai package alone, streaming the same answers: `python -m benchmarks.bare 20 400`.

Prints as JSON the CPU time it took and when each first token came. This is what any bot in Python
pays that reads a stream of tokens through the package, and so the measure for what Bobbin adds.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any

from openai import AsyncOpenAI

from benchmarks.scene import answer, question


async def read(client: AsyncOpenAI, model: str, number: int) -> tuple[str, float]:
    """One answer, put together from its deltas, and the seconds until the first of them."""
    text, began, first = "", time.perf_counter(), 0.0
    stream = await client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": question(number)}],
        stream=True,
        stream_options={"include_usage": True},
    )
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            first = first or time.perf_counter() - began
            text += chunk.choices[0].delta.content
    return text, first


async def measure(count: int, tokens: int) -> dict[str, Any]:
    """CPU seconds of `count` answers at once, and the seconds to the first token of each."""
    async with AsyncOpenAI(max_retries=0) as client:
        model = os.environ["OPENAI_MODEL"]
        await client.models.list()
        cpu = time.process_time()
        answers = await asyncio.gather(*(read(client, model, number) for number in range(count)))
        cpu = time.process_time() - cpu
    if any(text != answer(tokens) for text, _ in answers):
        raise RuntimeError("an answer is not whole")
    return {"cpu": cpu, "first": [first for _, first in answers]}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(int(sys.argv[1]), int(sys.argv[2])))))
