"""The openai package alone, streaming the same answers: `python -m benchmarks.bare 20 400`.

Prints the CPU time it took as JSON. This is what any bot in Python pays that reads a stream of
tokens through the package, and so the measure for what Bobbin adds.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

from openai import AsyncOpenAI

from benchmarks.scene import answer, question


async def read(client: AsyncOpenAI, model: str, number: int) -> str:
    """One answer, put together from its deltas."""
    text = ""
    stream = await client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": question(number)}],
        stream=True,
        stream_options={"include_usage": True},
    )
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            text += chunk.choices[0].delta.content
    return text


async def measure(count: int, tokens: int) -> dict[str, float]:
    """CPU and real seconds of `count` answers at once, the connections made before."""
    async with AsyncOpenAI(max_retries=0) as client:
        model = os.environ["OPENAI_MODEL"]
        await client.models.list()
        cpu, real = time.process_time(), time.perf_counter()
        texts = await asyncio.gather(*(read(client, model, number) for number in range(count)))
        cpu, real = time.process_time() - cpu, time.perf_counter() - real
    if any(text != answer(tokens) for text in texts):
        raise RuntimeError("an answer is not whole")
    return {"cpu": cpu, "real": real}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(int(sys.argv[1]), int(sys.argv[2])))))
