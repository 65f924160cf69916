"""The model that writes down what is said, against the simulated endpoint."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

import pytest

from bot.errors import ModelBusy, ModelError, ModelMisconfigured, ModelRefused, QuotaExhausted
from bot.model.create import create_ear
from bot.model.port import Finished, FinishReason, Model, Prompt, Purpose, Recording, TextDelta
from bot.model.prices import cost_micros
from bot.model.settings import TRANSCRIBER, ModelSettings
from bot.model.speech import SpeechModel
from tests.enclosures import OGG
from tests.simulators.openai_sim import OpenAISimulator

VOICE = Recording("recording.ogg", "audio/ogg", OGG)


def settings(sim: OpenAISimulator, name: str = TRANSCRIBER) -> ModelSettings:
    """Where the simulator is."""
    return ModelSettings(name, sim.api_key, sim.base_url)


@asynccontextmanager
async def hearing(sim: OpenAISimulator, name: str = TRANSCRIBER) -> AsyncIterator[Model]:
    """A model that hears, without a gate."""
    model = SpeechModel(settings(sim, name), seconds=2.0)
    try:
        yield model
    finally:
        await model.close()


async def heard(model: Model, recording: Recording | None = VOICE) -> tuple[str, Finished]:
    """What a model makes of a recording, and how that ended."""
    prompt = Prompt((), purpose=Purpose.TRANSCRIPT, recording=recording)
    async with aclosing(model.stream(prompt)) as events:
        found = [event async for event in events]
    end = found[-1]
    assert isinstance(end, Finished)
    return "".join(event.text for event in found if isinstance(event, TextDelta)), end


async def test_a_recording_is_written_down_and_has_a_price() -> None:
    async with OpenAISimulator() as sim, hearing(sim) as model:
        sim.spoken.append("Good morning.")
        text, end = await heard(model)
        assert (text, end.reason, end.model) == ("Good morning.", FinishReason.STOP, TRANSCRIBER)
        assert end.usage is not None
        assert end.usage.seconds == pytest.approx(len(OGG) / 4000, abs=0.01)
        assert cost_micros(end.model, end.usage) == round(end.usage.seconds / 60 * 4500)
        assert not sim.violations


async def test_silence_is_no_fault() -> None:
    async with OpenAISimulator() as sim, hearing(sim) as model:
        sim.spoken.append("")
        assert (await heard(model))[0] == ""


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (503, {"error": {"message": "busy"}}, ModelBusy),
        (429, {"error": {"code": "insufficient_quota", "message": "no credit"}}, QuotaExhausted),
        (400, {"error": {"message": "could not be decoded"}}, ModelRefused),
        (401, {"error": {"message": "bad key"}}, ModelMisconfigured),
        (200, b"<html>hello</html>", ModelBusy),
        (200, {"language": "en"}, ModelBusy),
        (200, {"text": 7}, ModelBusy),
    ],
)
async def test_other_answers(status: int, body: object, error: type[ModelError]) -> None:
    async with OpenAISimulator() as sim, hearing(sim) as model:
        html = isinstance(body, bytes)
        headers = {"Content-Type": "text/html" if html else "application/json"}
        sim.faults.add(status=status, body=body, headers=headers)  # type: ignore[arg-type]
        with pytest.raises(ModelError) as raised:
            await heard(model)
        assert type(raised.value) is error


async def test_time_outs_and_questions_in_writing_are_faults() -> None:
    async with OpenAISimulator() as sim:
        sim.faults.add(delay=5.0)
        model = SpeechModel(settings(sim), seconds=0.05)
        with pytest.raises(ModelBusy, match="in time"):
            await heard(model)
        with pytest.raises(ModelMisconfigured):
            await heard(model, None)
        await model.close()


async def test_a_passing_fault_is_tried_again_by_the_gate() -> None:
    async with OpenAISimulator() as sim:
        sim.faults.add(status=500, body=b"{}")
        sim.spoken.append("Again.")
        model = create_ear(settings(sim))
        assert (await heard(model))[0] == "Again."
        assert [request.status for request in sim.transcriptions] == [500, 200]
        await model.close()


def test_which_model_hears() -> None:
    ours = ModelSettings("gpt-6-luna", "sk-x")
    local = ModelSettings("llama", "", "http://127.0.0.1:1/v1")
    named = local.hearing("whisper")
    assert named is not None and (named.name, named.url) == ("whisper", local.url)
    assert ours.hearing(None) == ModelSettings(TRANSCRIBER, "sk-x")
    assert ours.hearing("off") is local.hearing(None) is None
