"""The simulator's Web API: what the SDK gets, and what strictness says to raw calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.simulators.slack_sim import SlackSimulator
from tests.simulators.slack_sim.manifest import BOT_SCOPES
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


async def raw(
    session: aiohttp.ClientSession, sim: SlackSimulator, method: str, **options: Any
) -> dict[str, Any]:
    """POST to a method without the SDK."""
    headers = {"Authorization": f"Bearer {sim.workspace.token}"}
    async with session.post(sim.api_url + method, headers=headers, **options) as answer:
        assert answer.status == 200
        return dict(await answer.json())


async def test_auth_test_names_the_bot_and_shows_the_scopes(
    sim: SlackSimulator, client: AsyncWebClient
) -> None:
    answer = await client.auth_test()
    assert answer["user_id"] == sim.workspace.bot.id
    assert answer["team_id"] == sim.workspace.id
    assert set(answer.headers["x-oauth-scopes"].split(",")) == set(BOT_SCOPES)


@pytest.mark.parametrize(("token", "error"), [("xoxb-1-wrong", "invalid_auth"), ("", "not_authed")])
async def test_bad_bot_token(
    sim: SlackSimulator, session: aiohttp.ClientSession, token: str, error: str
) -> None:
    client = AsyncWebClient(token=token, base_url=sim.api_url, session=session)
    assert await failing(client.auth_test()) == error
    assert len(sim.violations) == 1


async def test_bad_app_token(sim: SlackSimulator, client: AsyncWebClient) -> None:
    assert await failing(client.apps_connections_open(app_token="xapp-1-bad")) == "invalid_auth"
    wrong_kind = client.apps_connections_open(app_token=sim.workspace.token)
    assert await failing(wrong_kind) == "not_allowed_token_type"


async def test_ticket_of_a_socket_is_good_once(
    sim: SlackSimulator, session: aiohttp.ClientSession, client: AsyncWebClient
) -> None:
    opened = await client.apps_connections_open(app_token=sim.workspace.app.token)
    async with session.ws_connect(opened["url"]) as socket:
        hello = await socket.receive_json()
        assert (hello["type"], hello["num_connections"]) == ("hello", 1)
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(opened["url"])


async def test_eleventh_socket_is_sent_away(
    sim: SlackSimulator, session: aiohttp.ClientSession, client: AsyncWebClient
) -> None:
    sim.limits.enabled = False
    sockets, hellos = [], []
    for _ in range(11):
        opened = await client.apps_connections_open(app_token=sim.workspace.app.token)
        sockets.append(await session.ws_connect(opened["url"]))
        hellos.append(await sockets[-1].receive_json())
    assert [hello.get("num_connections") for hello in hellos[:10]] == list(range(1, 11))
    assert hellos[10] == {"type": "disconnect", "reason": "too_many_websockets"}
    for socket in sockets:
        await socket.close()
    assert len(sim.violations) == 1


async def test_strange_frames_on_a_socket_are_violations(
    sim: SlackSimulator, session: aiohttp.ClientSession, client: AsyncWebClient
) -> None:
    opened = await client.apps_connections_open(app_token=sim.workspace.app.token)
    ada = sim.add_user("Ada")
    async with session.ws_connect(opened["url"]) as socket:
        await socket.receive_json()
        sim.say(sim.open_dm(ada), ada, "hi")
        envelope = await socket.receive_json()
        await socket.send_str("no json")
        await socket.send_json({"envelope_id": "unknown"})
        await socket.send_json({"envelope_id": envelope["envelope_id"], "extra": 1})
        await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {}})
        await socket.send_json({"envelope_id": envelope["envelope_id"]})
        await sim.until(lambda: len(sim.violations) == 5)
    assert (envelope["retry_attempt"], envelope["retry_reason"]) == (0, "")
    assert sim.acks[0].envelope_id == envelope["envelope_id"]


async def test_missing_scope_says_what_is_needed(
    session: aiohttp.ClientSession,
) -> None:
    async with SlackSimulator(scopes=["chat:write"]) as sim:
        client = AsyncWebClient(token=sim.workspace.token, base_url=sim.api_url, session=session)
        room, ada = sim.add_channel("general"), sim.add_user("Ada")
        message = sim.say(room, ada, "hello")
        with pytest.raises(SlackApiError) as caught:
            await client.conversations_replies(channel=room.id, ts=message.ts)
        assert caught.value.response["needed"] == "channels:history"
        assert caught.value.response["provided"] == "chat:write"
        assert sim.envelopes == []


async def test_unsubscribed_events_are_not_sent() -> None:
    manifest = {
        "display_information": {"name": "Quiet"},
        "settings": {"event_subscriptions": {"bot_events": ["message.im"]}},
    }
    async with SlackSimulator(manifest=manifest) as sim:
        ada, room = sim.add_user("Ada"), sim.add_channel("general")
        sim.say(room, ada, f"{sim.mention} hello")
        assert sim.envelopes == []
        sim.say(sim.open_dm(ada), ada, "hello")
        assert len(sim.envelopes) == 1


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"json": {"channel": "C", "text": "x", "colour": "red"}}, "invalid_arguments"),
        ({"json": {"channel": "C", "text": 5}}, "invalid_arguments"),
        ({"json": {"channel": "C", "text": None}}, "invalid_arguments"),
        ({"json": {"text": "x"}}, "invalid_arguments"),
        ({"json": {"channel": "C", "text": "x", "unfurl_links": "no"}}, "invalid_arguments"),
        ({"json": {"channel": "C", "text": "x", "thread_ts": "17"}}, "invalid_arguments"),
        ({"json": {"channel": "C", "text": "x", "blocks": "{["}}, "invalid_arguments"),
        ({"json": ["x"]}, "json_not_object"),
        ({"data": b"{", "headers": {"Content-Type": "application/json"}}, "invalid_json"),
        ({"json": {"channel": "C0000", "text": "x"}}, "channel_not_found"),
    ],
)
async def test_malformed_calls_are_refused(
    sim: SlackSimulator, session: aiohttp.ClientSession, options: dict[str, Any], error: str
) -> None:
    headers = {"Authorization": f"Bearer {sim.workspace.token}", **options.pop("headers", {})}
    url = sim.api_url + "chat.postMessage"
    async with session.post(url, headers=headers, **options) as answer:
        assert (await answer.json())["error"] == error
    assert bool(sim.violations) == (error != "channel_not_found")


async def test_json_form_and_query_all_work_where_slack_takes_them(
    sim: SlackSimulator, session: aiohttp.ClientSession
) -> None:
    room = sim.add_channel("general")
    body = {"channel": room.id, "text": "x"}
    assert (await raw(session, sim, "chat.postMessage", json=body))["ok"]
    assert (await raw(session, sim, "chat.postMessage", data=body))["ok"]
    assert (await raw(session, sim, "chat.postMessage", params=body))["ok"]
    refused = await raw(session, sim, "conversations.info", json={"channel": room.id})
    assert refused["error"] == "invalid_arguments"
    unknown = await raw(session, sim, "chat.shout", json={})
    assert unknown["error"] == "unknown_method"


async def test_where_the_app_may_write(sim: SlackSimulator, client: AsyncWebClient) -> None:
    away = sim.add_channel("away", bot_member=False)
    secret = sim.add_channel("secret", private=True, bot_member=False)
    old = sim.add_channel("old")
    sim.archive(old)
    for channel, error in [
        (away, "not_in_channel"),
        (secret, "channel_not_found"),
        (old, "is_archived"),
    ]:
        assert await failing(client.chat_postMessage(channel=channel.id, text="x")) == error


async def test_length_rules(sim: SlackSimulator, client: AsyncWebClient) -> None:
    room = sim.add_channel("general")
    posted = await client.chat_postMessage(channel=room.id, text="x" * 4001)
    ts = posted["ts"]
    long = client.chat_update(channel=room.id, ts=ts, text="x" * 4001, parse="none")
    assert await failing(long) == "msg_too_long"
    markdown = client.chat_postMessage(channel=room.id, markdown_text="x" * 12_001)
    assert await failing(markdown) == "msg_too_long"
    assert len(sim.violations) == 2
    await client.chat_update(channel=room.id, ts=ts, markdown_text="x" * 12_000, parse="none")
    cut = await client.chat_postMessage(channel=room.id, text="y" * 40_001)
    message = sim.message(cut["ts"])
    assert message is not None and len(message.text) == 40_000
    assert "truncated" in sim.violations[2]


async def test_content_rules(
    sim: SlackSimulator, session: aiohttp.ClientSession, client: AsyncWebClient
) -> None:
    room, ada = sim.add_channel("general"), sim.add_user("Ada")
    body: dict[str, Any] = {"channel": room.id, "text": "", "markdown_text": "x"}
    conflict = await raw(session, sim, "chat.postMessage", json=body)
    assert conflict["error"] == "markdown_text_conflict"
    empty = await raw(session, sim, "chat.postMessage", json={"channel": room.id, "text": " "})
    assert empty["error"] == "no_text"
    bad = [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]
    blocks = client.chat_postMessage(channel=room.id, text="x", blocks=bad)
    assert await failing(blocks) == "invalid_blocks"
    root = sim.say(room, ada, "root")
    reply = sim.say(room, ada, "reply", thread=root)
    below = client.chat_postMessage(channel=room.id, text="x", thread_ts=reply.ts)
    assert await failing(below) == "cannot_reply_to_message"
    assert len(sim.violations) == 4


async def test_only_own_messages_can_be_changed(
    sim: SlackSimulator, client: AsyncWebClient
) -> None:
    room, ada = sim.add_channel("general"), sim.add_user("Ada")
    theirs = sim.say(room, ada, "mine")
    update = client.chat_update(channel=room.id, ts=theirs.ts, text="x", parse="none")
    assert await failing(update) == "cant_update_message"
    assert await failing(client.chat_delete(channel=room.id, ts=theirs.ts)) == "cant_delete_message"
    posted = await client.chat_postMessage(channel=room.id, text="x")
    await client.chat_delete(channel=room.id, ts=posted["ts"])
    gone = client.chat_update(channel=room.id, ts=posted["ts"], text="x", parse="none")
    assert await failing(gone) == "message_not_found"
    assert [m.text for m in sim.deleted_messages(room)] == ["x"]
    note = await client.chat_postEphemeral(channel=room.id, user=ada.id, text="psst")
    ephemeral = client.chat_update(channel=room.id, ts=note["message_ts"], text="x", parse="none")
    assert await failing(ephemeral) == "message_not_found"
    assert [e.text for e in sim.ephemerals(room, ada)] == ["psst"]


@pytest.mark.parametrize(
    ("arguments", "pings"),
    [
        ({"text": "hi <!channel> and <@U1|ada>"}, ("<!channel>", "<@U1>")),
        ({"markdown_text": "hi <!here> and <!subteam^S1>"}, ("<!here>", "<!subteam^S1>")),
        ({"markdown_text": "`<!here>`\n```\n<@U1>\n```"}, ()),
        ({"text": "&lt;!channel&gt; @channel @ada"}, ()),
        ({"text": "@channel @ada @nobody", "parse": "full"}, ("@channel", "@ada")),
        ({"text": "@here", "link_names": True}, ("@here",)),
        ({"text": "mail ada@ada.example", "parse": "full"}, ()),
        (
            {"text": "x", "blocks": [{"type": "markdown", "text": "<!everyone>"}]},
            ("<!everyone>",),
        ),
    ],
)
async def test_who_is_pinged(
    sim: SlackSimulator, client: AsyncWebClient, arguments: dict[str, Any], pings: tuple[str, ...]
) -> None:
    sim.add_user("Ada")
    room = sim.add_channel("general")
    await client.chat_postMessage(channel=room.id, **arguments)
    assert sim.messages(room)[0].pings == pings


async def test_an_update_pings_names_unless_parse_is_none(
    sim: SlackSimulator, client: AsyncWebClient
) -> None:
    room = sim.add_channel("general")
    ts = (await client.chat_postMessage(channel=room.id, text="x"))["ts"]
    await client.chat_update(channel=room.id, ts=ts, text="@here", parse="none")
    (message,) = sim.messages(room)
    assert message.pings == ()
    await client.chat_update(channel=room.id, ts=ts, text="@here")
    await client.chat_update(channel=room.id, ts=ts, text="gone")
    assert message.pings == ("@here",)


async def test_links_unfurl_unless_switched_off(
    sim: SlackSimulator, client: AsyncWebClient
) -> None:
    room = sim.add_channel("general")
    link = "see https://example.com"
    await client.chat_postMessage(channel=room.id, text=link)
    await client.chat_postMessage(
        channel=room.id, text=link, unfurl_links=False, unfurl_media=False
    )
    assert [m.unfurled for m in sim.messages(room)] == [True, False]


async def test_replies_come_oldest_first_in_pages(
    sim: SlackSimulator, client: AsyncWebClient
) -> None:
    room, ada = sim.add_channel("general"), sim.add_user("Ada")
    root = sim.say(room, ada, "root")
    written = [root, *(sim.say(room, ada, f"reply {n}", thread=root) for n in range(5))]
    first = await client.conversations_replies(channel=room.id, ts=root.ts, limit=4)
    assert [m["ts"] for m in first["messages"]] == [m.ts for m in written[:4]]
    assert first["has_more"]
    assert first["messages"][0]["reply_count"] == 5
    assert first["messages"][1]["parent_user_id"] == ada.id
    cursor = first["response_metadata"]["next_cursor"]
    second = await client.conversations_replies(channel=room.id, ts=root.ts, limit=4, cursor=cursor)
    assert [m["ts"] for m in second["messages"]] == [m.ts for m in written[4:]]
    assert not second["has_more"]
    ranged = await client.conversations_replies(
        channel=room.id, ts=root.ts, oldest=written[3].ts, latest=written[5].ts
    )
    assert [m["text"] for m in ranged["messages"]] == ["root", "reply 3"]
    inclusive = await client.conversations_replies(
        channel=room.id, ts=root.ts, oldest=written[4].ts, inclusive=True
    )
    assert [m["text"] for m in inclusive["messages"]] == ["root", "reply 3", "reply 4"]
    history = await client.conversations_history(channel=room.id)
    assert [m["text"] for m in history["messages"]] == ["root"]
    assert sim.violations == []


async def test_metadata_is_read_back_only_on_request(
    sim: SlackSimulator, client: AsyncWebClient
) -> None:
    room = sim.add_channel("general")
    metadata = {"event_type": "turn", "event_payload": {"id": "t1"}}
    posted = await client.chat_postMessage(channel=room.id, text="x", metadata=metadata)
    plain = await client.conversations_history(channel=room.id)
    full = await client.conversations_history(channel=room.id, include_all_metadata=True)
    assert "metadata" not in plain["messages"][0]
    assert full["messages"][0]["metadata"] == metadata
    assert posted["message"]["metadata"] == metadata


async def test_wire_text_is_escaped_once(sim: SlackSimulator, client: AsyncWebClient) -> None:
    room, ada = sim.add_channel("general"), sim.add_user("Ada")
    sim.say(room, ada, f"a < b & c &amp; {sim.mention} <https://e.example|e>")
    history = await client.conversations_history(channel=room.id)
    expected = f"a &lt; b &amp; c &amp; {sim.mention} <https://e.example|e>"
    assert history["messages"][0]["text"] == expected
