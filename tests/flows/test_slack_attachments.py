"""What people attach on Slack, up to what the model gets."""

from __future__ import annotations

from dataclasses import replace

from tests import enclosures
from tests.flows.acme import Acme, acme
from tests.flows.stage import QUICK
from tests.flows.test_discord_attachments import is_caption
from tests.flows.weavers import asked_last
from tests.servers import Valkey
from tests.simulators.openai_sim import Answer, Request
from tests.simulators.slack_sim import File, Message

BEGINNING = "First of all you had better oil the loom, as everybody in the mill will tell you."
EARS = {"OPENAI_TRANSCRIPTION_MODEL": "gpt-transcribe"}


async def asked(here: Acme, *files: File, text: str = "look", answer: str = "Well.") -> Message:
    """A mention with files, once it is answered."""
    here.openai.on(lambda request: not is_caption(request), Answer(answer))
    root = here.sim.say(here.general, here.ada, f"{here.mention} {text}", files=files)
    await here.sim.until(lambda: here.said(root) and here.said(root)[-1].startswith(answer))
    await here.settled()
    return root


def question(here: Acme) -> Request:
    """What the model was asked last, beside captions."""
    return [request for request in here.openai.chats if not is_caption(request)][-1]


async def test_pictures_texts_pdfs_and_recordings_are_read(server: Valkey) -> None:
    async with acme(server, extra=EARS) as here:
        here.openai.on(is_caption, Answer("A red square."))
        here.openai.spoken.append("Is it square?")
        add = here.sim.add_file
        root = await asked(
            here,
            add(here.ada, "loom.png", enclosures.picture(), mimetype="image/png"),
            add(here.ada, "a.py", b"print('hi')\n", mimetype="text/plain"),
            add(here.ada, "r.pdf", enclosures.pdf("Cotton."), mimetype="application/pdf"),
            add(here.ada, "c.m4a", enclosures.OGG, mimetype="audio/mp4", subtype="slack_audio"),
        )
        assert here.said(root) == ["Well."]
        [seen] = question(here).pictures
        assert (seen.media_type, seen.size) == ("image/jpeg", (64, 48))
        assert asked_last(question(here)) == (
            'Ada: look\n\n[Picture 1. Attached: "loom.png", 64×48 pixels]\n\n'
            "[Attached: \"a.py\"]\n```python\nprint('hi')\n```\n\n"
            '[Attached: "r.pdf", PDF, 1 page]\n```\nCotton.\n```\n\n'
            "[Attached: the voice message, as a program has written it down]\nIs it square?"
        )
        stored = await here.stored()
        assert "A red square" in stored
        assert "files-pri" not in stored


async def test_a_snippet_counts_as_the_message(server: Valkey) -> None:
    async with acme(server) as here:
        root = await here.conversation()
        here.openai.script.append(Answer("Fine."))
        snippet = here.sim.add_file(here.ada, "Untitled", b"a long\npaste", mode="snippet")
        here.sim.say(here.general, here.ada, "", thread=root, files=[snippet])
        await here.sim.until(lambda: here.said(root)[-1] == "Fine.")
        assert asked_last(here.openai.chats[-1]) == "Ada: a long\npaste"


async def test_what_is_no_plain_file_is_read_as_slack_hands_it_out(server: Valkey) -> None:
    async with acme(server) as here:
        here.openai.on(is_caption, Answer("A red square."))
        add, base = here.sim.add_file, here.sim.environment()["SLACK_API_URL"].removesuffix("/api/")

        def made(name: str, data: bytes, mimetype: str) -> str:
            file = add(here.ada, name, data, mimetype=mimetype)
            return f"{base}/files-pri/{file.team}-{file.id}/{name}"

        page = b'<div class="quip-canvas-content"><h1>Plan</h1><p>Oil the <b>loom</b>.</p></div>'
        canvas = add(here.ada, "Plan", page, mimetype="text/html", mode="quip", size=0)
        canvas.fields["mimetype"] = "application/vnd.slack-docs"
        pdf = made("plan.pdf", enclosures.pdf("Cotton."), "application/pdf")
        small = made("loom.png", enclosures.picture(), "image/png")
        archive = b"PK\x03\x04" + bytes(40)
        root = await asked(
            here,
            add(here.ada, "of-others.txt", b"weave at dawn", stub=True),
            canvas,
            add(here.ada, "plan.docx", archive, mimetype="application/zip", converted_pdf=pdf),
            add(here.ada, "loom.heic", b"\0\0\0 ftypheic", mimetype="image/heic", thumb_360=small),
            add(here.ada, "sums.xlsx", archive, mimetype="application/zip"),
        )
        said = asked_last(question(here))
        assert "weave at dawn" in said and "# Plan\n\nOil the **loom**." in said
        assert '[Attached: "plan.docx", PDF, 1 page]\n```\nCotton.' in said
        assert len(question(here).pictures) == 1
        left = '"sums.xlsx" (it is an Office document, which I can read as a PDF)'
        assert here.said(root) == [f"Well.\n\n*(Not read: {left}.)*"]
        assert len(here.sim.calls("files.info")) == 4


async def test_without_the_scope_the_log_in_page_is_not_taken_for_the_file(
    server: Valkey,
) -> None:
    scopes = {
        "app_mentions:read",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "users:read",
    }
    async with acme(server, slack={"scopes": scopes}) as here:
        file = here.sim.add_file(here.ada, "plan.txt", b"weave at dawn")
        root = await asked(here, file)
        assert here.said(root) == ['Well.\n\n*(Not read: "plan.txt" (I may not read it).)*']
        assert "Sign in" not in question(here).text


async def test_what_lies_elsewhere_or_is_too_large_is_not_fetched(server: Valkey) -> None:
    async with acme(server, extra={"BOBBIN_ATTACHMENT_MB": "1"}) as here:
        add = here.sim.add_file
        foreign = "http://127.0.0.1:1/files-pri/T1-F1/away.txt"
        root = await asked(
            here,
            add(here.ada, "away.txt", b"x", url_private=foreign, url_private_download=foreign),
            add(here.ada, "drive", b"x", mode="external", is_external=True),
            add(here.ada, "gone.txt", b"x", mode="tombstone"),
            add(here.ada, "liar.txt", b"a" * 8_000_000, announced=10),
            add(here.ada, "huge.txt", b"a" * 2_000_000),
        )
        [said] = here.said(root)
        assert said.endswith(
            '*(Not read: "away.txt" (I may not read it); "drive" (it is kept at another place); '
            '"gone.txt" (it is there no more); "liar.txt" (it has more than 1 MB); '
            '"huge.txt" (it has more than 1 MB).)*'
        )
        fetched = [call for call in here.sim.requests if call.route.startswith("/files-pri")]
        assert len(fetched) == 1


async def test_a_turn_that_is_taken_over_reads_again(server: Valkey) -> None:
    async with acme(server, timing=replace(QUICK, grace=0.05)) as here:
        here.openai.script.append(Answer([BEGINNING, " Then weave."]).hold(1))
        file = here.sim.add_file(here.ada, "plan.txt", b"weave at dawn")
        root = here.sim.say(here.general, here.ada, f"{here.mention} look", files=[file])
        await here.until_said(root, BEGINNING)
        here.openai.script.append(Answer("Once more, all of it."))
        assert await here.stage.stop() == 0
        await here.stage.start()
        await here.until_said(root, "Once more, all of it.")
        first, second = (asked_last(request) for request in here.openai.chats)
        assert first == second
        assert "weave at dawn" in second


async def test_what_a_deleted_file_said_is_forgotten(server: Valkey) -> None:
    async with acme(server) as here:
        add = here.sim.add_file
        plan = add(here.ada, "plan.txt", b"weave at dawn")
        await asked(here, plan, add(here.ada, "names.txt", b"Hildegard"))
        stored = await here.stored()
        assert "weave at dawn" in stored and "Hildegard" in stored
        here.sim.delete_file(plan)
        await here.sim.settled()
        stored = await here.stored()
        assert "weave at dawn" not in stored and "Hildegard" in stored
