"""The simulated Discord, driven by the real discord.py client."""

from __future__ import annotations

import asyncio
import io
from functools import partial

import discord
import pytest
from discord.http import Route

from tests.simulators.discord_sim import DiscordSimulator
from tests.simulators.discord_sim.client import INTENTS, Client, running


async def test_mention_thread_send_edit(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator(scale=20) as sim:
        guild = await sim.add_guild("Loom")
        ada = sim.add_user("ada", "Ada")
        general = await sim.add_text_channel(guild)
        async with running(sim, monkeypatch) as client:
            asked = await sim.say(general, ada, f"{sim.mention} hello")
            heard = await client.next()
            assert heard.content == f"{sim.mention} hello"
            assert [user.id for user in heard.mentions] == [sim.bot.id]
            thread = await heard.create_thread(name="hello")
            assert thread.id == asked.id
            async with thread.typing():
                answer = await thread.send("Hello, Ada", nonce="abc", suppress_embeds=True)
            await thread.get_partial_message(answer.id).edit(
                content="Hello, Ada!", allowed_mentions=discord.AllowedMentions.none()
            )
            await answer.delete()
            await thread.send("Bye")
        made = sim.thread_of(asked)
        assert made is not None and made.name == "hello" and made.is_thread
        assert sim.message(answer.id).history == ["Hello, Ada", "Hello, Ada!"]
        assert sim.message(answer.id).deleted
        assert [item.content for item in sim.messages(made, by=sim.bot)] == ["Bye"]
        assert sim.typings[0].channel is made
        assert sim.violations == []
        assert "#general\nAda: @Bobbin hello\n    -> thread 'hello'" in sim.transcript(general)


async def test_slash_command_deferred_and_followed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator() as sim:
        guild = await sim.add_guild()
        ada = sim.add_user("ada", "Ada")
        general = await sim.add_text_channel(guild)
        thread = await sim.start_thread(general, None, "talk", ada)
        client = Client(sim)

        @client.tree.command(description="Forget it")
        async def forget(interaction: discord.Interaction, what: str, all: bool = False) -> None:
            await interaction.response.defer(ephemeral=True)
            assert isinstance(interaction.channel, discord.Thread)
            await interaction.followup.send(f"forgot {what} {all}")
            await interaction.edit_original_response(content=f"really forgot {what}")
            await interaction.followup.send("in public")

        async with running(sim, monkeypatch, client):
            await client.tree.sync()
            assert [command["name"] for command in sim.commands] == ["forget"]
            with pytest.raises(ValueError, match="required"):
                await sim.slash(thread, ada, "forget")
            call = await sim.slash(thread, ada, "forget", what="tea", all=True)
            assert (await call.answered()).history[1:2] == ["forgot tea True"]
            assert call.deferred and call.ephemeral
            await sim.until(lambda: len(call.responses) == 2)
        assert call.responses[0].content == "really forgot tea"
        assert call.responses[0].ephemeral and not call.responses[1].ephemeral
        assert [item.content for item in sim.ephemerals(thread, ada)] == ["really forgot tea"]
        assert [item.content for item in sim.messages(thread, by=sim.bot)] == ["in public"]
        assert sim.violations == []


async def test_missed_events_are_replayed_after_a_lost_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with DiscordSimulator() as sim:
        guild = await sim.add_guild()
        ada = sim.add_user("ada")
        general = await sim.add_text_channel(guild)
        async with running(sim, monkeypatch) as client:
            for lose in (sim.gateway.drop, sim.gateway.reconnect, lambda: sim.gateway.close(4000)):
                expected = client.resumed + 1
                lose()
                await sim.say(general, ada, f"number {expected}")
                assert (await client.next()).content == f"number {expected}"
                await sim.until(partial(client.has_resumed, expected))
                assert client.heard.empty()
        assert len(sim.identifies) == 1
        assert len(sim.gateway.resumes) == 3
        assert sim.gateway.heartbeats >= 4
        assert sim.world.session_starts_left == 999
        await sim.until(lambda: not sim.gateway.live)
        assert sim.violations == []


async def test_invalidated_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator() as sim:
        await sim.add_guild()
        async with running(sim, monkeypatch):
            sim.gateway.invalidate(resumable=True)
            await sim.until(lambda: len(sim.gateway.resumes) == 1)
            assert len(sim.identifies) == 1
            sim.gateway.invalidate()
            await sim.until(lambda: len(sim.identifies) == 2)
            assert sim.gateway.resumes[0].accepted
        # discord.py asks for the zlib stream but takes plain text frames.
        assert sim.identifies[1]["intents"] == INTENTS.value == 37377


async def test_refused_connections_and_forgotten_session(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator() as sim:
        async with running(sim, monkeypatch):
            sim.gateway.refuse(1)
            sim.gateway.drop()
            sim.gateway.forget()
            await sim.until(lambda: len(sim.identifies) == 2, 20)
            assert sim.gateway.refused == 1
            assert [item.accepted for item in sim.gateway.resumes] == [False]


async def test_content_intent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator(message_content=False) as sim:
        guild = await sim.add_guild()
        ada = sim.add_user("ada")
        general = await sim.add_text_channel(guild)
        with pytest.raises(discord.PrivilegedIntentsRequired):
            async with running(sim, monkeypatch) as client:
                raise AssertionError("connected")
        lean = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)
        async with running(sim, monkeypatch, Client(sim, lean)) as client:
            assert client.application_flags.gateway_message_content_limited is False
            plain = await sim.say(general, ada, "secret", attachments=[("a.txt", b"a")])
            heard = await client.next()
            assert (heard.content, heard.attachments) == ("", [])
            fetched = await heard.channel.fetch_message(plain.id)
            assert fetched.content == ""
            own = await heard.channel.send("mine")
            for spoken in (
                await sim.say(general, ada, f"{sim.mention} hi"),
                await sim.say(general, ada, "yes", reply_to=sim.message(own.id)),
                await sim.say(sim.open_dm(ada), ada, "direct"),
            ):
                assert (await client.next()).content == spoken.content
            await sim.say(general, ada, "quiet", reply_to=sim.message(own.id), ping=False)
            assert (await client.next()).content == ""


async def test_bad_token(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator() as sim:
        monkeypatch.setattr(Route, "BASE", sim.api_url)
        client = Client(sim)
        with pytest.raises(discord.LoginFailure):
            await client.login("wrong")
        await client.close()
        assert sim.requests[0].status == 401
        assert sim.invalid_requests == 1


async def test_token_revoked_before_identify(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator() as sim:
        sim.world.session_starts_left = 0
        with pytest.raises(discord.ConnectionClosed) as caught:
            async with running(sim, monkeypatch):
                raise AssertionError("connected")
        assert caught.value.code == 4004


async def test_every_live_session_gets_every_event(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator(identify_seconds=0.0) as sim:
        guild = await sim.add_guild()
        ada = sim.add_user("ada")
        general = await sim.add_text_channel(guild)
        async with running(sim, monkeypatch) as blue, running(sim, monkeypatch) as green:
            message = await sim.say(general, ada, "hello")
            await sim.redeliver(message)
            for client in (blue, green):
                ids = [(await client.next()).id, (await client.next()).id]
                assert ids == [message.id, message.id]


async def test_rate_limits_as_discord_py_sees_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator(scale=10) as sim:
        guild = await sim.add_guild()
        general = await sim.add_text_channel(guild)
        async with running(sim, monkeypatch) as client:
            channel = client.get_partial_messageable(general.id)
            for number in range(6):
                await channel.send(f"number {number}")
            assert not sim.refused
            sim.faults.rate_limit("POST /channels/{channel_id}/messages", 1.0, scope="shared")
            sim.faults.add("POST /channels/{channel_id}/messages", code=50001)
            with pytest.raises(discord.Forbidden):
                await channel.send("lost")
        route = "POST /channels/{channel_id}/messages"
        assert sim.refused == {route: 1}
        assert [item.status for item in sim.requests if item.route == route] == (
            [200] * 6 + [429, 403]
        )
        assert sim.invalid_requests == 1
        assert sim.faults.left == []


async def test_events_about_edits_deletes_and_previews(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator() as sim:
        guild = await sim.add_guild()
        ada = sim.add_user("ada")
        general = await sim.add_text_channel(guild)
        async with running(sim, monkeypatch) as client:
            message = await sim.say(general, ada, "see https://example.org/")
            await sim.unfurl(message)
            await sim.edit(message, "no link")
            await sim.delete(message)
            async with asyncio.timeout(50):
                preview, edit = await client.edits.get(), await client.edits.get()
                gone = await client.deletes.get()
        assert preview.message.edited_at is None and preview.message.embeds
        assert edit.message.edited_at is not None and edit.message.content == "no link"
        assert gone.message_id == message.id
        assert message.history == ["see https://example.org/", "no link"]


async def test_files_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator(scale=1) as sim:
        guild = await sim.add_guild()
        ada = sim.add_user("ada")
        general = await sim.add_text_channel(guild)
        async with running(sim, monkeypatch) as client:
            await sim.say(general, ada, "", attachments=[("a.txt", b"hello", "text/plain")])
            heard = await client.next()
            assert await heard.attachments[0].read() == b"hello"
            sent = await heard.reply(
                "done", file=discord.File(io.BytesIO(b"world"), "b.txt"), mention_author=False
            )
            assert await sent.attachments[0].read() == b"world"
            more = discord.File(io.BytesIO(b"!"), "c.txt")
            await sent.edit(content="more", attachments=[sent.attachments[0], more])
            names = [item.filename for item in sim.message(sent.id).attachments]
            assert names == ["b.txt", "c.txt"]
            url = sent.attachments[0].url
            with pytest.raises(discord.NotFound):
                await client.http.get_from_cdn(url.replace("hm=", "hm=0"))
        assert sim.message(sent.id).pings == set()
        assert sim.violations == []


async def test_forum_private_thread_and_dm(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator() as sim:
        guild = await sim.add_guild()
        ada = sim.add_user("ada")
        forum = await sim.add_forum_channel(guild)
        general = await sim.add_text_channel(guild)
        async with running(sim, monkeypatch) as client:
            post = await sim.start_thread(forum, None, "Question", ada, text=f"{sim.mention} why?")
            heard = await client.next()
            assert heard.id == heard.channel.id == post.id
            hidden = await sim.start_thread(general, None, "Secret", ada, private=True)
            await sim.say(hidden, ada, "not for bots")
            hidden.members.add(sim.bot.id)
            await sim.say(hidden, ada, "for bots")
            assert (await client.next()).content == "for bots"
            await sim.say(sim.open_dm(ada), ada, "psst")
            direct = await client.next()
            assert direct.guild is None
            await direct.channel.send("yes?")
            user = await client.fetch_user(ada.id)
            assert (await user.create_dm()).id == sim.open_dm(ada).id
            await sim.delete_thread(post)
            with pytest.raises(discord.NotFound) as caught:
                await client.fetch_channel(post.id)
            assert caught.value.code == 10003


async def test_buttons(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator() as sim:
        guild = await sim.add_guild()
        ada = sim.add_user("ada")
        general = await sim.add_text_channel(guild)

        class Buttons(discord.ui.View):
            @discord.ui.button(label="Stop", custom_id="stop")
            async def stop_it(
                self, interaction: discord.Interaction, _button: discord.ui.Button[Buttons]
            ) -> None:
                await interaction.response.edit_message(content="stopped", view=None)

            @discord.ui.select(custom_id="pick", options=[discord.SelectOption(label="tea")])
            async def pick(
                self, interaction: discord.Interaction, menu: discord.ui.Select[Buttons]
            ) -> None:
                await interaction.response.send_message(menu.values[0], ephemeral=True)

        async with running(sim, monkeypatch) as client:
            channel = client.get_partial_messageable(general.id)
            sent = await channel.send("working", view=Buttons())
            message = sim.message(sent.id)
            picked = await sim.choose(message, ada, "pick", "tea")
            assert (await picked.answered()).content == "tea"
            with pytest.raises(ValueError, match="cannot be chosen"):
                await sim.choose(message, ada, "pick", "coffee")
            call = await sim.click(message, ada, "stop")
            await call.acked()
            assert message.history == ["working", "stopped"]
            with pytest.raises(LookupError):
                await sim.click(message, ada, "stop")
        assert sim.violations == []


async def test_autocomplete_menu_and_late_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator() as sim:
        guild = await sim.add_guild()
        ada = sim.add_user("ada")
        general = await sim.add_text_channel(guild)
        client = Client(sim)
        late: asyncio.Queue[int] = asyncio.Queue()

        @client.tree.command(description="Take a persona")
        async def persona(interaction: discord.Interaction, name: str) -> None:
            try:
                await interaction.response.send_message(f"I am {name}")
            except discord.NotFound as error:
                late.put_nowait(error.code)

        @persona.autocomplete("name")
        async def names(
            _interaction: discord.Interaction, current: str
        ) -> list[discord.app_commands.Choice[str]]:
            return [discord.app_commands.Choice(name=current.title(), value=current)]

        @client.tree.context_menu(name="Sum up")
        async def sum_up(interaction: discord.Interaction, message: discord.Message) -> None:
            await interaction.response.send_message(message.content.upper(), ephemeral=True)

        async with running(sim, monkeypatch, client):
            await client.tree.sync()
            typed = await sim.autocomplete(general, ada, "persona", "name", "bob")
            assert [item["name"] for item in await typed.completed()] == ["Bob"]
            message = await sim.say(general, ada, "hello")
            summed = await sim.message_menu(message, ada, "Sum up")
            assert (await summed.answered()).content == "HELLO"
            assert "(only ada sees this): HELLO" in sim.transcript(general)
            call = await sim.slash(general, ada, "persona", name="bob")
            call.created -= 4.0
            async with asyncio.timeout(50):
                assert await late.get() == 10062


async def test_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator(identify_seconds=0.0) as sim:
        ada = sim.add_user("ada")
        rooms = [await sim.add_text_channel(await sim.add_guild(name)) for name in "abcd"]
        clients = [Client(sim, shard_id=number, shard_count=2) for number in (0, 1)]
        first, second = (running(sim, monkeypatch, client) for client in clients)
        async with first, second:
            await sim.say(sim.open_dm(ada), ada, "direct")
            assert (await clients[0].next()).content == "direct"
            for room in rooms:
                await sim.say(room, ada, room.guild.name if room.guild else "")
                heard = await clients[(room.guild.id >> 22) % 2 if room.guild else 0].next()
                assert heard.guild is not None and heard.content == heard.guild.name
            assert all(client.heard.empty() for client in clients)


async def test_log_ins_of_one_key_come_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with DiscordSimulator(identify_seconds=30.0) as sim:
        sim.world.max_concurrency = 2
        for shard in (0, 1):
            async with running(sim, monkeypatch, Client(sim, shard_id=shard, shard_count=4)):
                assert sim.violations == []
        client = Client(sim, shard_id=2, shard_count=4)
        await client.login(sim.world.token)
        connection = asyncio.create_task(client.connect())
        await sim.until(lambda: sim.violations)
        assert sim.gateway.live == []
        await client.close()
        await asyncio.wait({connection}, timeout=10)
        assert sim.violations[0].startswith("gateway: IDENTIFY of key 0")


async def test_what_discord_says_of_log_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator() as sim:
        sim.world.recommended_shards, sim.world.max_concurrency = 3, 16
        async with running(sim, monkeypatch) as client:
            shards, _, limit = await client.http.get_bot_gateway()
    assert shards == 3
    assert limit == {
        "total": 1000,
        "remaining": 999,
        "reset_after": 86_400_000,
        "max_concurrency": 16,
    }


async def test_malformed_event_reaches_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator() as sim:
        await sim.add_guild()
        async with running(sim, monkeypatch) as client:
            broken = asyncio.Event()

            def parse(data: dict[str, object]) -> None:
                assert data == {"id": "1"}
                broken.set()

            client._connection.parsers["MESSAGE_CREATE"] = parse
            await sim.raw_event("MESSAGE_CREATE", {"id": "1"})
            await asyncio.wait_for(broken.wait(), 10)


async def test_leaving_a_guild(monkeypatch: pytest.MonkeyPatch) -> None:
    async with DiscordSimulator() as sim:
        guild = await sim.add_guild("Loom")
        general = await sim.add_text_channel(guild)
        async with running(sim, monkeypatch) as client:
            left = client.wait_for("guild_remove", timeout=10)
            joined = client.wait_for("guild_join", timeout=10)
            await sim.leave_guild(guild)
            assert (await left).id == guild.id
            await sim.add_guild("Other")
            assert (await joined).name == "Other"
            with pytest.raises(discord.NotFound):
                await client.fetch_channel(general.id)
