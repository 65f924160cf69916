from __future__ import annotations

from datetime import date

from bot.model.check import check_model
from bot.model.create import create_model
from bot.model.demo import DemoModel
from bot.model.gated import GatedModel
from bot.model.settings import ModelSettings
from bot.spec import Finding
from tests.servers import free_port
from tests.simulators import openai_sim as wire
from tests.simulators.openai_sim import Answer, EndOfFile, OpenAISimulator
from tests.units.model.asking import MODEL, ask, settings_for, text_of


def bad(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if not finding.ok]


async def look(settings: ModelSettings | None, today: date = date(2026, 11, 21)) -> list[Finding]:
    return list(await check_model(settings, today=lambda: today))


async def test_all_is_well(sim: OpenAISimulator) -> None:
    sim.script.extend([Answer("ready"), Answer([wire.ToolCall("ready")])])
    findings = await look(settings_for(sim, api="responses"))
    assert bad(findings) == []
    assert MODEL in findings[0].detail
    assert "over the Responses API" in findings[0].detail
    assert (findings[1].subject, findings[1].detail) == ("tools", f"{MODEL} calls tools")
    assert len(sim.chats) == 2
    assert sim.violations == []


async def test_a_model_that_takes_no_tools(sim: OpenAISimulator) -> None:
    findings = await look(settings_for(sim))
    assert bad(findings) == []
    assert "over chat completions" in findings[0].detail
    assert "takes none" in findings[1].detail
    assert "OPENAI_API=responses" in findings[1].fix


async def test_a_model_that_calls_nothing(sim: OpenAISimulator) -> None:
    findings = await look(settings_for(sim, name="gpt-5.2"))
    assert "called none" in findings[1].detail


async def test_the_demo() -> None:
    (finding,) = await look(None)
    assert not finding.ok
    assert "OPENAI_API_KEY" in finding.fix


async def test_a_wrong_key(sim: OpenAISimulator) -> None:
    (finding,) = await look(settings_for(sim, api_key="sk-wrong-key-123456"))
    assert not finding.ok
    assert "OPENAI_API_KEY" in finding.fix
    assert "123456" not in finding.detail


async def test_a_misspelt_model(sim: OpenAISimulator) -> None:
    (finding,) = await look(settings_for(sim, name="gpt-6-lunar"))
    assert not finding.ok
    assert MODEL in finding.fix


async def test_no_credit(sim: OpenAISimulator) -> None:
    sim.script.append(wire.quota())
    (finding,) = await look(settings_for(sim))
    assert (finding.subject, finding.ok) == ("credit", False)


async def test_a_model_about_to_end(sim: OpenAISimulator) -> None:
    settings = settings_for(sim, name="gpt-5-mini")
    first = (await look(settings))[0]
    assert not first.ok
    assert "2026-12-11, in 20 days" in first.detail
    assert (await look(settings, date(2026, 9, 1)))[0].ok
    assert "was to be" in (await look(settings, date(2026, 12, 11)))[0].detail


async def test_an_answer_that_breaks_off(sim: OpenAISimulator) -> None:
    sim.script.append(Answer(["re", EndOfFile()]))
    (finding,) = await look(settings_for(sim))
    assert not finding.ok


async def test_nobody_listens() -> None:
    async with OpenAISimulator() as gone:
        settings = settings_for(gone)
    (finding,) = await look(settings)
    assert not finding.ok
    assert finding.detail == f"{settings.url} cannot be reached: Connection refused"
    assert settings.url in finding.fix


async def test_an_address_is_told_without_its_secrets() -> None:
    port = free_port()
    url = f"http://ada:hunter2@127.0.0.1:{port}/v1?key=hunter3"
    (finding,) = await look(ModelSettings("m", "hunter4", url))
    assert f"http://127.0.0.1:{port}/v1 " in finding.fix
    assert "hunter" not in finding.detail + finding.fix


async def test_addresses() -> None:
    open_key = await look(ModelSettings("m", "key", "http://model.example.com:1/v1"))
    assert "unencrypted" in bad(open_key)[0].detail
    broken = await look(ModelSettings("m", "key", "http://[::1/v1"))
    assert all("OPENAI_BASE_URL" in finding.detail + finding.fix for finding in broken)
    (nothing,) = await look(ModelSettings("m"))
    assert not nothing.ok


async def test_a_model_without_usage_and_price() -> None:
    async with OpenAISimulator(models=["llama"]) as sim:
        sim.script.append(Answer("ready", usage="absent"))
        findings = await look(settings_for(sim, name="llama"))
    assert bad(findings) == []
    assert {finding.subject for finding in findings} == {"model", "tools", "usage", "price"}


async def test_creation(sim: OpenAISimulator) -> None:
    assert isinstance(create_model(None), DemoModel)
    model = create_model(settings_for(sim))
    assert isinstance(model, GatedModel)
    assert model.name == MODEL
    assert "hello" in text_of(await ask(model))
    await model.close()
