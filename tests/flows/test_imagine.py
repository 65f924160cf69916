"""/imagine: images, where the deployment has them switched on."""

from __future__ import annotations

import pytest

from adapters.discord.interactions import NO_FILES
from bot.commands import texts
from tests.flows.acme import acme, words
from tests.flows.meadow import ADA, a_meadow
from tests.flows.weavers import weavers
from tests.servers import Valkey
from tests.simulators.openai_sim.images import picture

ON = {"OPENAI_IMAGE_MODEL": "gpt-image-2.5-flare"}
CAT = "a cat at a loom"


async def test_off_it_is_not_offered(server: Valkey) -> None:
    async with a_meadow(server) as here:
        inbox = await here.meadow.inbox()
        assert "imagine" not in {spec.name for spec in inbox.commands}
        reply = await here.meadow.call("imagine", here.meadow.event(), options={"prompt": CAT})
        assert reply.text == texts.UNKNOWN and here.stage.openai.painted == []


async def test_on_discord_it_is_shown_to_all_or_to_the_caller(server: Valkey) -> None:
    async with weavers(server, extra=ON) as here:
        assert "imagine" in {command["name"] for command in here.sim.commands}
        call = await here.sim.slash(here.general, here.ada, "imagine", prompt=CAT)
        await call.answered()
        shown = await here.sim.until(
            lambda: next((post for post in here.posts(here.general) if post.attachments), None)
        )
        assert shown is not None and (shown.content, shown.ephemeral) == (f"> {CAT}", False)
        [image] = shown.attachments
        assert image.data == picture(CAT) and image.filename.endswith(".png")

        call = await here.sim.slash(here.general, here.ada, "imagine", prompt=CAT, only_me=True)
        told = await call.answered()
        assert call.ephemeral and told.attachments[0].data == picture(CAT)
        assert len(here.posts(here.general)) == 1
        asked = here.openai.painted[0].body
        assert asked is not None and asked["size"] == "1024x1024"
        assert CAT not in await here.stored()


async def test_typed_on_discord_where_no_files_are_allowed_it_says_so(server: Valkey) -> None:
    async with weavers(server, extra=ON) as here:
        await here.sim.deny(here.general, "attach_files")
        await here.ask(here.ada, f"!imagine {CAT}")
        await here.until_said(here.general, f"> {CAT}\n\n{NO_FILES}")


async def test_on_slack_it_is_shown_in_the_channel(server: Valkey) -> None:
    async with acme(server, extra=ON) as here:
        call = here.sim.slash(here.general, here.ada, "/bobbin", f"imagine {CAT}")
        assert words(await here.told(call)) == "Shown to everybody here."
        [file] = here.sim.state.files.values()
        assert file.data == picture(CAT)
        assert [channel for channel, _ in file.shares] == [here.general.id]


async def test_typed_in_a_thread_it_is_shown_there(server: Valkey) -> None:
    async with a_meadow(server, ON) as here:
        await here.meadow.say(here.meadow.event(ADA, f"!imagine {CAT}"))
        await here.meadow.until_told(1)
        [(_, reply)] = here.meadow.told
        assert not reply.private and reply.files[0].content == picture(CAT)
        assert CAT not in await here.stored()


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (
            {"status": 400, "body": {"error": {"message": "no", "code": "moderation_blocked"}}},
            "refused this request",
        ),
        ({"status": 500, "body": {"error": {"message": "no"}}}, "too busy"),
    ],
)
async def test_refusals_and_faults_are_said(
    server: Valkey, fault: dict[str, object], told: str
) -> None:
    async with a_meadow(server, ON) as here:
        here.stage.openai.faults.add("/v1/images/generations", **fault)
        reply = await here.meadow.call("imagine", here.meadow.event(), options={"prompt": CAT})
        assert told in reply.text and not reply.files
        # It may have been paid for: it is not asked for again unasked.
        assert len(here.stage.openai.painted) == 1


async def test_it_waits_when_the_server_asks_for_patience(server: Valkey) -> None:
    async with a_meadow(server, ON) as here:
        headers = {"retry-after-ms": "20"}
        body = {"error": {"message": "slow", "code": "rate_limit_exceeded"}}
        here.stage.openai.faults.add(
            "/v1/images/generations", status=429, body=body, headers=headers
        )
        reply = await here.meadow.call("imagine", here.meadow.event(), options={"prompt": CAT})
        assert reply.files and len(here.stage.openai.painted) == 2


async def test_there_are_only_so_many_a_day_and_each_has_its_price(server: Valkey) -> None:
    extra = {
        **ON,
        "BOBBIN_IMAGES_PER_DAY": "2",
        "BOBBIN_IMAGE_PRICE": "0.04",
        "BOBBIN_BUDGET_SPACE_COST": "1",
    }
    async with a_meadow(server, extra) as here:
        event = here.meadow.event()
        for _ in range(2):
            reply = await here.meadow.call("imagine", event, options={"prompt": CAT})
            assert reply.files
        reply = await here.meadow.call("imagine", event, options={"prompt": CAT})
        assert reply.text.startswith("You may have 2 images a day. The next one is yours in")
        assert len(here.stage.openai.painted) == 2
        assert "|c" in await here.stored() and "80000" in await here.stored()


async def test_a_budget_stands_before_it(server: Valkey) -> None:
    extra = {**ON, "BOBBIN_IMAGE_PRICE": "0.04", "BOBBIN_BUDGET_USER_COST": "0.05"}
    async with a_meadow(server, extra) as here:
        event = here.meadow.event()
        replies = [
            await here.meadow.call("imagine", event, options={"prompt": CAT}) for _ in range(2)
        ]
        assert replies[0].files and "You have used your share" in replies[1].text
        assert len(here.stage.openai.painted) == 1
