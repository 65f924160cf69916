"""The simulated images endpoint is as strict as the real one."""

from __future__ import annotations

import base64
from typing import Any

import openai
import pytest

from tests.simulators.openai_sim import OpenAISimulator
from tests.simulators.openai_sim.images import picture
from tests.simulators.openai_sim.sdk import client_of

MODEL = "gpt-image-2.5-flare"


async def test_a_right_request_gets_a_picture_of_its_own() -> None:
    async with OpenAISimulator() as sim, client_of(sim) as asking:
        made = await asking.images.generate(model=MODEL, prompt="a cat", size="1536x864")
        assert made.data and made.usage
        assert base64.b64decode(made.data[0].b64_json or "") == picture("a cat")
        assert picture("a cat") != picture("a dog")
        assert sim.violations == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"model": "gpt-image-1"}, "model_not_found"),
        ({"response_format": "b64_json"}, "unknown_parameter"),
        ({"size": "100x100"}, "invalid_value"),
        ({"size": "1024x64"}, "invalid_value"),
        ({"n": 11}, "invalid_value"),
        ({"prompt": ""}, "missing_required_parameter"),
        ({"prompt": "x" * 32_001}, "string_above_max_length"),
        ({"extra_body": {"safety_identifier": "x" * 129}}, "string_above_max_length"),
    ],
)
async def test_a_wrong_request_is_refused(given: dict[str, Any], code: str) -> None:
    async with OpenAISimulator() as sim, client_of(sim) as asking:
        with pytest.raises(openai.APIStatusError) as refused:
            await asking.images.generate(**{"model": MODEL, "prompt": "a cat"} | given)
        assert refused.value.code == code
        assert len(sim.violations) == 1
