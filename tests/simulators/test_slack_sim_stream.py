"""The simulator's native streams, driven by the real slack_sdk."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.simulators.slack_sim import SlackSimulator
from tests.simulators.slack_sim.sdk import failing


@pytest.fixture
async def sim() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator(native_streams=True) as started:
        yield started


@pytest.fixture
async def client(sim: SlackSimulator) -> AsyncIterator[AsyncWebClient]:
    async with aiohttp.ClientSession() as session:
        yield AsyncWebClient(token=sim.workspace.token, base_url=sim.api_url, session=session)


async def test_stream_grows_and_stops(sim: SlackSimulator, client: AsyncWebClient) -> None:
    ada = sim.add_user("Ada")
    question = sim.say(sim.open_dm(ada), ada, "question")
    stream = await client.chat_stream(
        channel=question.channel, thread_ts=question.ts, buffer_size=1
    )
    for part in ("one ", "two ", "three"):
        await stream.append(markdown_text=part)
    session = sim.session(question)
    assert session is not None and session.status == "processing"
    await stream.stop()
    (answer,) = sim.replies(question)
    assert answer.text == "one two three"
    assert answer.stream is not None and answer.stream.state == "stopped"
    assert session.status == "active"
    assert sim.violations == []


async def test_stream_in_a_channel_needs_a_person(
    sim: SlackSimulator, client: AsyncWebClient
) -> None:
    ada, room = sim.add_user("Ada"), sim.add_channel("general")
    question = sim.say(room, ada, "question")
    call = client.chat_startStream(channel=room.id, thread_ts=question.ts)
    assert await failing(call) == "missing_recipient_user_id"
    await client.chat_startStream(
        channel=room.id,
        thread_ts=question.ts,
        recipient_user_id=ada.id,
        recipient_team_id=sim.workspace.id,
    )
    assert len(sim.replies(question)) == 1


async def test_stop_button_ends_the_stream(sim: SlackSimulator, client: AsyncWebClient) -> None:
    ada = sim.add_user("Ada")
    question = sim.say(sim.open_dm(ada), ada, "question")
    await client.chat_startStream(
        channel=question.channel, thread_ts=question.ts, markdown_text="a"
    )
    (answer,) = sim.replies(question)
    update = client.chat_update(channel=answer.channel, ts=answer.ts, text="b", parse="none")
    assert await failing(update) == "streaming_state_conflict"
    envelope = sim.stop_session(question, ada)
    assert envelope is not None
    assert envelope.payload["event"]["streaming_message_ts"] == [answer.ts]
    append = client.chat_appendStream(channel=answer.channel, ts=answer.ts, markdown_text="b")
    assert await failing(append) == "stopped_by_user"
    await client.chat_update(channel=answer.channel, ts=answer.ts, text="ab", parse="none")
    assert answer.text == "ab"


async def test_stream_ends_by_itself(sim: SlackSimulator, client: AsyncWebClient) -> None:
    ada = sim.add_user("Ada")
    question = sim.say(sim.open_dm(ada), ada, "question")
    await client.chat_startStream(channel=question.channel, thread_ts=question.ts)
    (answer,) = sim.replies(question)
    assert answer.stream is not None
    assert 300 < answer.stream.ends - sim.state.clock() <= 306
    answer.stream.ends = sim.state.clock() - 1
    append = client.chat_appendStream(channel=answer.channel, ts=answer.ts, markdown_text="b")
    assert await failing(append) == "message_not_in_streaming_state"


async def test_streams_are_unknown_unless_switched_on() -> None:
    async with SlackSimulator() as sim, aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=sim.workspace.token, base_url=sim.api_url, session=session)
        ada = sim.add_user("Ada")
        question = sim.say(sim.open_dm(ada), ada, "question")
        call = client.chat_startStream(channel=question.channel, thread_ts=question.ts)
        assert await failing(call) == "unknown_method"
        assert sim.violations == []
