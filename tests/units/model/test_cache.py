"""What a provider's prompt cache makes of our prompts."""

from __future__ import annotations

import pytest

from bot.model.chat import ChatModel
from bot.model.dialect import Dialect
from bot.model.port import Message, Prompt
from bot.model.settings import ModelSettings
from tests.simulators.openai_sim import OpenAISimulator, failure
from tests.units.model.asking import ask, end_of, settings_for

LONG = "weft and warp " * 600


def turn(number: int) -> Prompt:
    """The prompt of a conversation's n-th turn, as the window makes it."""
    messages = [Message("system", "You are Bobbin. " + LONG)]
    for each in range(number):
        messages += [Message("user", f"Ada: {each}"), Message("assistant", f"Answer {each}")]
    messages.append(Message("user", f"Ada: {number}\n\n[Now: {number}]"))
    return Prompt(tuple(messages), cache_key="one", user="u")


@pytest.mark.parametrize("name", ["gpt-6-luna", "gpt-5.6-terra", "gpt-5.4-mini"])
async def test_a_long_prefix_is_read_from_the_cache(sim: OpenAISimulator, name: str) -> None:
    model = ChatModel(settings_for(sim, name=name, dialect="openai"))
    for number in range(1, 5):
        usage = end_of(await ask(model, turn(number))).usage
        assert usage is not None
    assert usage.cached > 0.9 * usage.prompt
    assert sim.violations == []
    await model.close()


def test_only_models_that_need_breakpoints_get_them() -> None:
    marked = Dialect(ModelSettings("gpt-6-luna", "k"))
    assert marked.fields(turn(3))["prompt_cache_options"] == {"mode": "explicit"}
    contents = [message["content"] for message in marked.messages(turn(3))]
    assert [isinstance(content, list) for content in contents] == [
        False, False, False, True, False, True, False, False,
    ]  # fmt: skip
    for settings in (
        ModelSettings("gpt-5.4-mini", "k"),
        ModelSettings("gpt-6-luna", "k", "http://proxy/v1"),
    ):
        plain = Dialect(settings)
        assert "prompt_cache_options" not in plain.fields(turn(3))
        assert all(isinstance(message["content"], str) for message in plain.messages(turn(3)))


async def test_a_server_that_refuses_breakpoints_is_asked_without(sim: OpenAISimulator) -> None:
    refusal = failure(
        400,
        message="Unknown parameter: 'messages[1].content[0].prompt_cache_breakpoint'.",
        param="messages[1].content[0].prompt_cache_breakpoint",
    )
    sim.script.append(refusal)
    model = ChatModel(settings_for(sim, dialect="openai"))
    assert end_of(await ask(model, turn(2))).usage is not None
    assert "prompt_cache_options" not in sim.chats[-1].body
    await model.close()
