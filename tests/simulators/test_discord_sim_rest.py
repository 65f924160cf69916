"""The REST side of the simulated Discord: rules, limits, and what it notices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from tests.simulators.discord_sim import Channel, DiscordSimulator, User

POST = "POST /channels/{channel_id}/messages"
NOBODY = {"parse": []}


class Caller:
    """Raw calls with the bot's token in a guild with one person and one channel."""

    def __init__(
        self, sim: DiscordSimulator, http: aiohttp.ClientSession, ada: User, general: Channel
    ) -> None:
        self.sim, self.http, self.ada, self.general = sim, http, ada, general
        assert general.guild is not None
        self.guild = general.guild

    async def __call__(
        self, method: str, path: str, body: Any = None, token: str | None = None, **params: Any
    ) -> tuple[int, Any]:
        """Return status and decoded body of a call."""
        headers = {"Authorization": f"Bot {token or self.sim.world.token}"}
        url = self.sim.api_url + path
        extra = {} if body is None else {"json": body}
        async with self.http.request(
            method, url, headers=headers, params=params, **extra
        ) as answer:
            if answer.status == 204:
                return 204, None
            assert answer.headers["Content-Type"] == "application/json"
            return answer.status, await answer.json()

    async def code(self, *call: Any, **params: Any) -> int:
        """Return the error code of a call that must fail."""
        status, body = await self(*call, **params)
        assert status >= 400
        return body["code"]

    @property
    def here(self) -> str:
        """Path of the channel's messages."""
        return f"/channels/{self.general.id}/messages"


@asynccontextmanager
async def calling(**options: Any) -> AsyncIterator[Caller]:
    """Run a simulator with one guild."""
    async with DiscordSimulator(**options) as sim, aiohttp.ClientSession() as http:
        guild = await sim.add_guild()
        ada = sim.add_user("ada", "Ada")
        yield Caller(sim, http, ada, await sim.add_text_channel(guild))


@pytest.fixture
async def call() -> AsyncIterator[Caller]:
    async with calling(limits=False) as caller:
        yield caller


async def test_paging(call: Caller) -> None:
    ids = [(await call.sim.say(call.general, call.ada, str(at))).id for at in range(7)]

    async def page(**params: Any) -> list[int]:
        status, body = await call("GET", call.here, **params)
        assert status == 200
        return [ids.index(int(item["id"])) for item in body]

    assert await page(limit=3) == [6, 5, 4]
    assert await page(limit=2, before=ids[4]) == [3, 2]
    assert await page(limit=2, after=ids[1]) == [3, 2]
    assert await page(limit=3, around=ids[3]) == [4, 3, 2]
    assert await page(after=0) == [6, 5, 4, 3, 2, 1, 0]
    assert await call.code("GET", call.here, limit=101) == 50035
    assert await call.code("GET", call.here, before=ids[0], after=ids[0]) == 50035
    await call.sim.deny(call.general, "read_message_history")
    assert await page() == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"content": "x" * 2001}, 50035),
        ({"content": " \n"}, 50006),
        ({"content": 5}, 50035),
        ({"content": "x", "nonce": "n" * 26}, 50035),
        ({"content": "x", "flags": 64}, 50035),
        ({"content": "x", "allowed_mentions": {"parse": ["all"]}}, 50035),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, 50035),
        ({"content": "x", "message_reference": {"message_id": "1"}}, 50035),
        ({"content": "x", "flags": 1 << 15, "components": []}, 50035),
        ({"flags": 1 << 15, "components": [{"type": 10, "content": "x" * 3000}] * 2}, 50035),
        ({"content": "x", "attachments": [{"id": 0, "filename": "a"}]}, 50035),
        ([], 50035),
    ],
)
async def test_bad_messages(call: Caller, body: Any, code: int) -> None:
    assert await call.code("POST", call.here, body) == code
    assert len(call.sim.violations) == 1
    assert call.sim.messages(call.general) == []


async def test_unknown_things_are_violations(call: Caller) -> None:
    status, _ = await call("POST", call.here, {"content": "x", "colour": 1})
    assert status == 200
    assert await call.code("GET", "/nowhere") == 0
    assert len(call.sim.violations) == 2
    status, body = await call("GET", "/users/@me", token="wrong")
    assert (status, body["message"]) == (401, "401: Unauthorized")


async def test_nonce_makes_posts_idempotent(call: Caller) -> None:
    body = {"content": "once", "nonce": "turn-1", "enforce_nonce": True}
    _, first = await call("POST", call.here, body)
    _, second = await call("POST", call.here, body)
    assert first["id"] == second["id"]
    _, third = await call("POST", call.here, {**body, "enforce_nonce": False})
    assert third["id"] != first["id"]
    assert len(call.sim.messages(call.general)) == 2
    await call.sim.delete(call.sim.message(third["id"]))
    assert await call.code("POST", call.here, body) == 10008


async def test_after_effect_faults(call: Caller) -> None:
    body = {"content": "once", "nonce": "n", "enforce_nonce": True}
    call.sim.faults.add(POST, drop=True, after_effect=True)
    call.sim.faults.add(POST, status=503, body={"message": "down"})
    with pytest.raises(aiohttp.ClientError):
        await call("POST", call.here, body)
    assert (await call("POST", call.here, body))[0] == 503
    assert (await call("POST", call.here, body))[0] == 200
    assert len(call.sim.messages(call.general)) == 1
    gate = asyncio.Event()
    fault = call.sim.faults.add(lambda request: request.method == "GET", gate=gate)
    held = asyncio.create_task(call("GET", call.here))
    await asyncio.wait_for(fault.arrived.wait(), 10)
    assert call.sim.requests[-1].status == 0
    gate.set()
    assert (await held)[0] == 200


async def test_whom_messages_notify(call: Caller) -> None:
    sim, bea = call.sim, call.sim.add_user("bea")
    role = await sim.add_role(call.guild, "team")
    text = f"@everyone {bea.mention} {role.mention}"
    _, quiet = await call("POST", call.here, {"content": text, "allowed_mentions": NOBODY})
    message = sim.message(quiet["id"])
    assert message.pings == set()
    await call("PATCH", f"{call.here}/{message.id}", {"content": text + "."})
    assert message.pings == {"@everyone", bea.mention, role.mention}
    await sim.deny(call.general, "mention_everyone")
    asked = await sim.say(call.general, call.ada, "well?")
    reply = {"content": text, "message_reference": {"message_id": str(asked.id)}}
    _, loud = await call("POST", call.here, reply)
    assert sim.message(loud["id"]).pings == {bea.mention, call.ada.mention}
    reply["allowed_mentions"] = {"users": [str(bea.id)], "replied_user": False}
    _, some = await call("POST", call.here, reply)
    assert sim.message(some["id"]).pings == {bea.mention}


async def test_previews_come_back_when_an_edit_clears_the_flag(call: Caller) -> None:
    body = {"content": "see https://example.org/ now", "flags": 4}
    _, posted = await call("POST", call.here, body)
    message = call.sim.message(posted["id"])
    await call("PATCH", f"{call.here}/{message.id}", {"content": "https://example.org/ again"})
    assert not message.unfurled
    await call("PATCH", f"{call.here}/{message.id}", {"flags": 0})
    assert message.unfurled


async def test_thread_rules(call: Caller) -> None:
    sim = call.sim
    asked = await sim.say(call.general, call.ada, "hello")
    path = f"{call.here}/{asked.id}/threads"
    await sim.deny(call.general, "create_public_threads")
    assert await call.code("POST", path, {"name": "a"}) == 50013
    await sim.allow(call.general, "create_public_threads")
    assert await call.code("POST", path, {"name": ""}) == 50035
    assert await call.code("POST", path, {"name": "x" * 101}) == 50035
    assert await call.code("POST", f"{call.here}/1/threads", {"name": "a"}) == 10008
    status, thread = await call("POST", path, {"name": "a"})
    assert status == 200 and thread["id"] == str(asked.id)
    assert await call.code("POST", path, {"name": "a"}) == 160004
    made = sim.thread_of(asked)
    assert made is not None
    inside = await sim.say(made, call.ada, "more")
    there = f"/channels/{made.id}/messages"
    assert await call.code("POST", f"{there}/{inside.id}/threads", {"name": "b"}) == 50024
    _, listed = await call("GET", there)
    assert [item["type"] for item in listed] == [0, 21]
    assert listed[1]["referenced_message"]["content"] == "hello"

    _, answer = await call("POST", there, {"content": "answer"})
    await sim.archive(made)
    edit = ("PATCH", f"{there}/{answer['id']}", {"content": "edited"})
    assert await call.code(*edit) == 50083
    status, _ = await call("POST", there, {"content": "awake"})
    assert status == 200 and not made.archived
    assert (await call(*edit))[0] == 200
    await sim.archive(made, locked=True)
    assert await call.code("POST", there, {"content": "no"}) == 160005
    assert await call.code("PATCH", f"/channels/{made.id}", {"archived": False}) == 160005
    assert sim.requests[-1].route == "PATCH /channels/{channel_id}"


async def test_places_without_threads_or_messages(call: Caller) -> None:
    sim, guild = call.sim, call.guild
    for add in (sim.add_voice_channel, sim.add_stage_channel):
        channel = await add(guild)
        said = await sim.say(channel, call.ada, "here")
        path = f"/channels/{channel.id}/messages/{said.id}/threads"
        assert await call.code("POST", path, {"name": "a"}) == 50024
    forum = await sim.add_forum_channel(guild)
    assert await call.code("POST", f"/channels/{forum.id}/messages", {"content": "x"}) == 50008
    body = {"name": "post", "message": {"content": "first"}}
    status, post = await call("POST", f"/channels/{forum.id}/threads", body)
    assert status == 200 and post["id"] == post["message"]["id"]
    news = await sim.add_announcement_channel(guild)
    said = await sim.say(news, call.ada, "news")
    path = f"/channels/{news.id}/messages/{said.id}/threads"
    assert (await call("POST", path, {"name": "a"}))[1]["type"] == 10


async def test_missing_permissions(call: Caller) -> None:
    sim = call.sim
    asked = await sim.say(call.general, call.ada, "mine")
    mine = f"{call.here}/{asked.id}"
    assert await call.code("PATCH", mine, {"content": "x"}) == 50005
    assert await call.code("DELETE", mine) == 50013
    await sim.deny(call.general, "send_messages")
    assert await call.code("POST", call.here, {"content": "x"}) == 50013
    await sim.deny(call.general, "view_channel")
    assert await call.code("GET", f"/channels/{call.general.id}") == 50001
    direct = sim.open_dm(call.ada)
    await sim.deny(direct, "send_messages")
    assert await call.code("POST", f"/channels/{direct.id}/messages", {"content": "x"}) == 50007
    assert sim.invalid_requests == 5
    assert sim.violations == []


async def test_buckets_are_per_channel_and_route() -> None:
    async with calling(scale=10) as call:
        other = await call.sim.add_text_channel(call.guild, "b")
        for _ in range(5):
            assert (await call("POST", call.here, {"content": "x"}))[0] == 200
        status, body = await call("POST", call.here, {"content": "x"})
        assert status == 429 and 0 < body["retry_after"] <= 0.5 and not body["global"]
        assert (await call("POST", f"/channels/{other.id}/messages", {"content": "x"}))[0] == 200
        message = call.sim.messages(call.general)[0]
        edit = ("PATCH", f"{call.here}/{message.id}", {"content": "y"})
        assert [(await call(*edit))[0] for _ in range(6)] == [200] * 5 + [429]
        assert call.sim.refused[POST] == 1
        call.sim.limits.block(POST, other.id, 219.0)
        status, body = await call("POST", f"/channels/{other.id}/messages", {"content": "x"})
        assert status == 429 and body["retry_after"] > 20


async def test_rate_limit_headers_and_global_limit() -> None:
    async with calling(scale=0.01) as call:
        headers = {"Authorization": f"Bot {call.sim.world.token}"}
        url = call.sim.api_url + call.here
        async with call.http.post(url, json={"content": "x"}, headers=headers) as answer:
            found = answer.headers
            assert (found["X-RateLimit-Limit"], found["X-RateLimit-Remaining"]) == ("5", "4")
            assert 400 < float(found["X-RateLimit-Reset-After"]) <= 500
        statuses = [(await call("GET", "/users/@me"))[0] for _ in range(50)]
        assert statuses == [200] * 49 + [429]
        async with call.http.get(call.sim.api_url + "/users/@me", headers=headers) as answer:
            assert answer.headers["X-RateLimit-Global"] == "true"
            assert answer.headers["Via"] and int(answer.headers["Retry-After"]) > 1
        # Interaction endpoints do not count.
        assert await call.code("POST", "/interactions/1/t/callback", {"type": 5}) == 10062


async def test_too_many_bad_calls_lead_to_a_ban(call: Caller) -> None:
    call.sim.limits.ban_after = 3
    for _ in range(3):
        assert (await call("GET", "/users/@me", token="wrong"))[0] == 401
    headers = {"Authorization": f"Bot {call.sim.world.token}"}
    async with call.http.get(call.sim.api_url + "/users/@me", headers=headers) as answer:
        assert answer.status == 429 and "Via" not in answer.headers


async def test_renames_have_an_allowance_of_their_own() -> None:
    async with calling(scale=1) as call:
        _, thread = await call(
            "POST", f"/channels/{call.general.id}/threads", {"name": "a", "type": 11}
        )
        path = f"/channels/{thread['id']}"
        statuses = [(await call("PATCH", path, {"name": name}))[0] for name in "bcd"]
        assert statuses == [200, 200, 429]


def _command(**changes: Any) -> dict[str, Any]:
    return {"name": "ask", "description": "Ask", **changes}


@pytest.mark.parametrize(
    "command",
    [
        _command(name="Ask"),
        _command(name="two words"),
        _command(description=""),
        _command(description="x" * 101),
        _command(options=[{"type": 3, "name": "a", "description": "d"}] * 26),
        _command(
            options=[
                {"type": 3, "name": "a", "description": "d"},
                {"type": 3, "name": "b", "description": "d", "required": True},
            ]
        ),
        {"name": "Menu", "type": 3, "description": "no"},
    ],
)
async def test_bad_commands(call: Caller, command: dict[str, Any]) -> None:
    path = f"/applications/{call.sim.world.application_id}/commands"
    assert await call.code("PUT", path, [command]) == 50035
    assert call.sim.commands == []


async def test_commands_keep_their_ids(call: Caller) -> None:
    path = f"/applications/{call.sim.world.application_id}/commands"
    _, first = await call("PUT", path, [_command(), {"name": "Menu Item", "type": 3}])
    _, second = await call("PUT", path, [_command(description="Other")])
    assert first[0]["id"] == second[0]["id"]
    await call("POST", path, _command(name="more"))
    _, listed = await call("GET", path)
    assert [item["name"] for item in listed] == ["ask", "more"]
    with pytest.raises(LookupError):
        await call.sim.slash(call.general, call.ada, "gone")


async def test_interaction_rules(call: Caller) -> None:
    sim = call.sim
    application = sim.world.application_id
    await call("PUT", f"/applications/{application}/commands", [_command(contexts=[0])])
    with pytest.raises(LookupError):
        await sim.slash(sim.open_dm(call.ada), call.ada, "ask")
    asked = await sim.slash(call.general, call.ada, "ask")
    callback = f"/interactions/{asked.id}/{asked.token}/callback"
    hook = f"/webhooks/{application}/{asked.token}"
    assert await call.code("POST", hook, {"content": "early"}) == 10015
    assert await call.code("POST", callback, {"type": 7}) == 50035
    body = {"type": 4, "data": {"content": "hi", "flags": 64}}
    status, answer = await call("POST", callback, body, with_response="1")
    assert status == 200 and answer["interaction"]["response_message_ephemeral"]
    assert await call.code("POST", callback, body) == 40060
    assert (await call("PATCH", f"{hook}/messages/@original", {"content": "ho"}))[0] == 200
    assert (await call("DELETE", f"{hook}/messages/@original"))[0] == 204
    assert await call.code("GET", f"{hook}/messages/@original") == 10008
    asked.created -= 900.0
    assert await call.code("POST", hook, {"content": "late"}) == 50027
    assert asked.responses[0].history == ["hi", "ho"] and asked.ephemeral


async def test_until_tells_what_happened(call: Caller) -> None:
    await call.sim.say(call.general, call.ada, f"hello {call.sim.mention}")
    never: Callable[[], bool] = bool
    with pytest.raises(TimeoutError, match="Ada: hello @Bobbin"):
        await call.sim.until(never, 0.01)


async def test_replies_to_missing_messages(call: Caller) -> None:
    asked = await call.sim.say(call.general, call.ada, "soon gone")
    await call.sim.delete(asked)
    reference: dict[str, Any] = {"message_id": str(asked.id)}
    body = {"content": "x", "message_reference": reference}
    assert await call.code("POST", call.here, body) == 50035
    reference["fail_if_not_exists"] = False
    status, posted = await call("POST", call.here, body)
    assert status == 200 and posted["type"] == 0


async def test_ids_repeat_with_a_given_start() -> None:
    start = datetime(2026, 11, 21, tzinfo=UTC)

    async def made(seed: int) -> tuple[int, int, str]:
        async with calling(start=start, seed=seed) as call:
            said = await call.sim.say(call.general, call.ada, "x")
            return call.general.id, said.id, call.sim.world.secret("x")

    assert await made(1) == await made(1)
    assert (await made(1))[2] != (await made(2))[2]


async def test_late_answer_to_a_call_that_took_effect(call: Caller) -> None:
    gate = asyncio.Event()
    call.sim.faults.add(POST, gate=gate, after_effect=True)
    waiting = asyncio.create_task(call("POST", call.here, {"content": "there"}))
    await call.sim.until(lambda: call.sim.messages(call.general))
    assert not waiting.done()
    gate.set()
    assert (await waiting)[0] == 200


async def test_stopping_cuts_calls_that_hang() -> None:
    async with calling() as call:
        fault = call.sim.faults.add(POST, gate=asyncio.Event())
        hanging = asyncio.create_task(call("POST", call.here, {"content": "x"}))
        socket = await call.http.ws_connect(call.sim.gateway_url + "?v=10")
        assert (await socket.receive_json())["op"] == 10
        await asyncio.wait_for(fault.arrived.wait(), 10)
        await call.sim.stop()
        with pytest.raises(aiohttp.ClientError):
            await hanging
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSED


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("no json", 4002),
        ('{"op": 3, "d": {}}', 4003),
        ('{"op": 2, "d": {"token": "wrong", "properties": {}, "intents": 1}}', 4004),
        ('{"op": 2, "d": {"token": "TOKEN", "properties": {}}}', 4013),
        ('{"op": 2, "d": {"token": "TOKEN", "properties": {}, "intents": 2}}', 4014),
    ],
)
async def test_gateway_closes_on_bad_frames(call: Caller, frame: str, code: int) -> None:
    async with call.http.ws_connect(call.sim.gateway_url + "?v=10&encoding=json") as socket:
        assert (await socket.receive_json())["d"]["heartbeat_interval"] == 41250
        await socket.send_str(frame.replace("TOKEN", call.sim.world.token))
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == code


async def test_things_that_know_each_other_are_shown_briefly(call: Caller) -> None:
    for number in range(40):
        said = await call.sim.say(call.general, call.ada, f"number {number}")
        await call.sim.start_thread(call.general, said, "thread", call.ada)
    for thing in (said, call.general, call.guild, call.ada):
        assert len(repr(thing)) < 120
