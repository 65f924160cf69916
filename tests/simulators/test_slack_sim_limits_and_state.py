"""The simulator's limits, statuses, files, views and faults, seen through the SDK."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from tests.simulators.slack_sim import SlackSimulator
from tests.simulators.slack_sim.sdk import failing


@pytest.fixture
async def sim() -> AsyncIterator[SlackSimulator]:
    async with SlackSimulator(scale=20, seed=5) as started:
        yield started


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
def client(sim: SlackSimulator, session: aiohttp.ClientSession) -> AsyncWebClient:
    return AsyncWebClient(token=sim.workspace.token, base_url=sim.api_url, session=session)


async def test_tier_three_is_fifty_calls_a_minute(
    sim: SlackSimulator, client: AsyncWebClient
) -> None:
    room = sim.add_channel("general")
    ts = (await client.chat_postMessage(channel=room.id, text="x"))["ts"]
    calls = [
        client.chat_update(channel=room.id, ts=ts, text=f"v{number}", parse="none")
        for number in range(50)
    ]
    # All at once: the minute is three seconds long.
    await asyncio.gather(*calls)
    with pytest.raises(SlackApiError) as caught:
        await client.chat_update(channel=room.id, ts=ts, text="one more", parse="none")
    assert caught.value.response.status_code == 429
    assert caught.value.response["error"] == "ratelimited"
    assert 1 <= int(caught.value.response.headers["Retry-After"]) <= 3
    assert sim.rate_limited == {"chat.update": 1}
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
    await client.chat_update(channel=room.id, ts=ts, text="one more", parse="none")
    assert sim.messages(room)[0].text == "one more"


async def test_messages_keep_up_with_a_clock_and_never_go_back(sim: SlackSimulator) -> None:
    noon = sim.state.unix_time + 7200
    sim.state.catch_up(noon)
    sim.state.catch_up(noon - 3600)
    assert int(float(sim.state.next_ts())) == noon


async def test_posting_allows_a_burst_then_one_a_second(session: aiohttp.ClientSession) -> None:
    async with SlackSimulator() as sim:
        client = AsyncWebClient(token=sim.workspace.token, base_url=sim.api_url, session=session)
        room, other = sim.add_channel("general"), sim.add_channel("other")
        for _ in range(4):
            await client.chat_postMessage(channel=room.id, text="x")
        with pytest.raises(SlackApiError) as caught:
            await client.chat_postMessage(channel=room.id, text="x")
        assert caught.value.response.headers["Retry-After"] == "1"
        await client.chat_postMessage(channel=other.id, text="x")


async def test_restricted_history_is_one_call_a_minute(session: aiohttp.ClientSession) -> None:
    async with SlackSimulator(history_restricted=True) as sim:
        client = AsyncWebClient(token=sim.workspace.token, base_url=sim.api_url, session=session)
        room, ada = sim.add_channel("general"), sim.add_user("Ada")
        for number in range(20):
            sim.say(room, ada, f"message {number}", deliver=False)
        page = await client.conversations_history(channel=room.id, limit=200)
        assert len(page["messages"]) == 15
        again = client.conversations_history(channel=room.id)
        assert await failing(again) == "ratelimited"


async def test_status_is_cleared_by_the_reply_and_by_time(
    sim: SlackSimulator, client: AsyncWebClient
) -> None:
    room, ada = sim.add_channel("general"), sim.add_user("Ada")
    question = sim.say(room, ada, "question")
    set_status = client.assistant_threads_setStatus
    await set_status(channel_id=room.id, thread_ts=question.ts, status="is thinking")
    assert sim.status(question) == "is thinking"
    await client.chat_postMessage(channel=room.id, thread_ts=question.ts, text="x")
    assert sim.status(question) == ""
    assert [(s.status, s.ended_by) for s in sim.statuses] == [("is thinking", "reply")]


async def test_status_expires_after_two_minutes(session: aiohttp.ClientSession) -> None:
    async with SlackSimulator(scale=1000) as sim:
        client = AsyncWebClient(token=sim.workspace.token, base_url=sim.api_url, session=session)
        room, ada = sim.add_channel("general"), sim.add_user("Ada")
        question = sim.say(room, ada, "question")
        await client.assistant_threads_setStatus(
            channel_id=room.id, thread_ts=question.ts, status="is thinking"
        )
        await sim.until(lambda: sim.statuses[0].ended_by == "timeout")


async def test_session_warns_when_the_stop_event_is_not_subscribed(
    session: aiohttp.ClientSession,
) -> None:
    manifest = {"display_information": {"name": "Quiet"}}
    async with SlackSimulator(manifest=manifest) as sim:
        client = AsyncWebClient(token=sim.workspace.token, base_url=sim.api_url, session=session)
        ada = sim.add_user("Ada")
        question = sim.say(sim.open_dm(ada), ada, "question")
        answer = await client.agents_sessions_setStatus(
            channel_id=question.channel, thread_ts=question.ts, status="processing", title="Tea"
        )
        assert answer["warning"] == "missing_agent_session_stopped_event_subscription"
        found = sim.session(question)
        assert found is not None and (found.status, found.title) == ("processing", "Tea")


async def test_reactions(sim: SlackSimulator, client: AsyncWebClient) -> None:
    room, ada = sim.add_channel("general"), sim.add_user("Ada")
    message = sim.say(room, ada, "hello")
    await client.reactions_add(channel=room.id, name="eyes", timestamp=message.ts)
    assert message.reactions == {"eyes": [sim.workspace.bot.id]}
    twice = client.reactions_add(channel=room.id, name="eyes", timestamp=message.ts)
    assert await failing(twice) == "already_reacted"
    await client.reactions_remove(channel=room.id, name="eyes", timestamp=message.ts)
    assert message.reactions == {}
    strange = client.reactions_add(channel=room.id, name=":eyes:", timestamp=message.ts)
    assert await failing(strange) == "invalid_name"


async def test_upload_in_three_steps_and_download_with_the_token(
    sim: SlackSimulator, client: AsyncWebClient, session: aiohttp.ClientSession
) -> None:
    room, ada = sim.add_channel("general"), sim.add_user("Ada")
    question = sim.say(room, ada, "question")
    done = await client.files_upload_v2(
        channel=room.id, thread_ts=question.ts, content="print(1)", filename="a.py"
    )
    (shared,) = sim.replies(question)
    assert shared.files == [done["file"]["id"]]
    info = await client.files_info(file=done["file"]["id"])
    url = info["file"]["url_private_download"]
    headers = {"Authorization": f"Bearer {sim.workspace.token}"}
    async with session.get(url, headers=headers) as answer:
        assert await answer.text() == "print(1)"
    async with session.get(url) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html")
    assert sim.violations == []


async def test_files_of_people_come_with_the_message(sim: SlackSimulator) -> None:
    room, ada = sim.add_channel("general"), sim.add_user("Ada")
    plan = sim.add_file(ada, "plan.txt", b"tea")
    stub = sim.add_file(ada, "far.txt", b"far", stub=True)
    sim.say(room, ada, "look", files=[plan, stub])
    event = sim.envelopes[0].payload["event"]
    assert event["subtype"] == "file_share"
    assert event["files"][0]["url_private"].startswith(sim.base_url)
    assert event["files"][1]["file_access"] == "check_file_info"


async def test_edits_deletions_and_unfurls_tell_what_changed(sim: SlackSimulator) -> None:
    room, ada = sim.add_channel("general"), sim.add_user("Ada")
    message = sim.say(room, ada, "first", deliver=False)
    sim.edit(message, "second")
    sim.unfurl(message, "https://example.com")
    sim.delete(message)
    edited, unfurled, deleted = (e.payload["event"] for e in sim.envelopes)
    assert edited["message"]["text"] == "second"
    assert edited["message"]["edited"]["user"] == ada.id
    assert edited["previous_message"]["text"] == "first"
    assert unfurled["message"]["text"] == unfurled["previous_message"]["text"] == "second"
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", message.ts)
    assert message.texts == ["first", "second", "second"]
    assert sim.messages(room) == []


async def test_faults_drop_before_or_after_the_effect(
    sim: SlackSimulator, client: AsyncWebClient
) -> None:
    room = sim.add_channel("general")
    client.retry_handlers.clear()
    sim.faults.add("chat.postMessage", drop=True)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=room.id, text="lost")
    assert sim.messages(room) == []
    sim.faults.add("chat.postMessage", drop=True, after_effect=True)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=room.id, text="done unnoticed")
    assert [m.text for m in sim.messages(room)] == ["done unnoticed"]
    sim.faults.add("chat.postMessage", error="internal_error")
    assert await failing(client.chat_postMessage(channel=room.id, text="x")) == "internal_error"
    left = sim.faults.add("auth.test", status=503, body="busy")
    assert sim.faults.left == [left]
    assert [r.error for r in sim.requests] == ["dropped", "dropped", "internal_error"]


async def test_uninstalling_kills_the_token_and_says_so(
    sim: SlackSimulator, client: AsyncWebClient
) -> None:
    sim.uninstall()
    types = [e.payload["event"]["type"] for e in sim.envelopes]
    assert types == ["tokens_revoked", "app_uninstalled"]
    assert await failing(client.auth_test()) == "account_inactive"


async def test_home_tab_and_hash_conflict(sim: SlackSimulator, client: AsyncWebClient) -> None:
    ada = sim.add_user("Ada")
    view = {"type": "home", "blocks": [{"type": "divider"}]}
    published = await client.views_publish(user_id=ada.id, view=view)
    home = sim.home(ada)
    assert home is not None and home.hash == published["view"]["hash"]
    await client.views_publish(user_id=ada.id, view=view, hash=home.hash)
    stale = client.views_publish(user_id=ada.id, view=view, hash=published["view"]["hash"])
    assert await failing(stale) == "hash_conflict"


async def test_trigger_opens_one_modal_and_expires(
    sim: SlackSimulator, client: AsyncWebClient
) -> None:
    ada = sim.add_user("Ada")
    title = {"type": "plain_text", "text": "Hello"}
    view = {"type": "modal", "title": title, "blocks": [{"type": "divider"}]}
    first = sim.shortcut("bobbin_threads", None, ada).trigger
    assert first is not None
    first.expires = sim.state.clock() + 1000
    await client.views_open(trigger_id=first.id, view=view)
    assert await failing(client.views_open(trigger_id=first.id, view=view)) == (
        "exchanged_trigger_id"
    )
    second = sim.shortcut("bobbin_threads", None, ada).trigger
    assert second is not None
    second.expires = sim.state.clock() - 1
    late = client.views_open(trigger_id=second.id, view=view)
    assert await failing(late) == "expired_trigger_id"


async def test_same_seed_same_world() -> None:
    def build(sim: SlackSimulator) -> list[Any]:
        ada, room = sim.add_user("Ada"), sim.add_channel("general")
        for _ in range(5):
            sim.say(room, ada, f"{sim.mention} hello")
        stamps = [m.ts for m in sim.messages(room)]
        assert stamps == sorted(set(stamps))
        return [stamps, [e.payload for e in sim.envelopes], sim.workspace.token]

    worlds = []
    for _ in range(2):
        async with SlackSimulator(seed=9) as sim:
            worlds.append(build(sim))
    assert worlds[0] == worlds[1]


async def test_until_tells_what_happened_when_time_runs_out(sim: SlackSimulator) -> None:
    room, ada = sim.add_channel("general"), sim.add_user("Ada")
    sim.say(room, ada, "anybody?", deliver=False)
    with pytest.raises(TimeoutError, match=r"Ada: anybody\?"):
        await sim.until(lambda: sim.acks, 0.01)


async def test_stop_leaves_nothing_behind(session: aiohttp.ClientSession) -> None:
    before = asyncio.all_tasks()
    sim = SlackSimulator()
    await sim.start()
    client = AsyncWebClient(token=sim.workspace.token, base_url=sim.api_url, session=session)
    opened = await client.apps_connections_open(app_token=sim.workspace.app.token)
    ada = sim.add_user("Ada")
    question = sim.say(sim.open_dm(ada), ada, "question")
    await client.assistant_threads_setStatus(
        channel_id=question.channel, thread_ts=question.ts, status="is thinking"
    )
    async with session.ws_connect(opened["url"]) as socket:
        await socket.receive_json()
        await sim.stop()
        assert (await socket.receive()).type in (
            aiohttp.WSMsgType.CLOSED,
            aiohttp.WSMsgType.ERROR,
            aiohttp.WSMsgType.CLOSE,
        )
    assert asyncio.all_tasks() <= before
    with pytest.raises(aiohttp.ClientConnectorError):
        await session.get(sim.api_url)
