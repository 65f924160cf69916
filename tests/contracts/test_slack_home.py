"""The Home tab: what it shows, what can be pressed on it, and that it stays up to date."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.slack import home
from adapters.slack.manifest import manifest
from adapters.slack.modals import GOES, WORKING
from adapters.slack.mrkdwn import LONGEST_SECTION, mrkdwn, sections
from adapters.slack.shortcuts import UNSEEN
from adapters.slack.values import Own
from bot.chat import EVERYTHING, SURE, CommandReply, Overview, ThreadChoice, ThreadKey
from bot.errors import StoreUnavailable
from bot.panels import MOST_BUTTONS, MOST_ENTRIES, Button, Entry
from tests.contracts.slack_rig import ADDRESS, Rig, connected, simulator
from tests.contracts.test_slack_shortcuts import ASKED, opened, says, text
from tests.simulators.slack_sim import Message, View
from tests.simulators.slack_sim.methods_views import check_view

USED = "Used today:\n- you: 1,200 of 5,000 tokens"
SETTINGS = "- model: gpt-6-luna\n- kept for 90 days"


@pytest.fixture(params=["sockets", "http"])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    http = request.param == "http"
    async with connected(simulator(manifest=manifest(ADDRESS if http else ""))) as made:
        yield made
        assert made.sim.violations == []
        assert made.inbox.malformed_events == []


def root_of(rig: Rig) -> Message:
    root = rig.sim.say(rig.room, rig.ada, "tea?", deliver=False)
    choice = ThreadChoice(rig.key(root), "about <tea> & milk", 1_790_000_000.0)
    rig.inbox.kept = Overview((choice,), USED, SETTINGS)
    return root


async def page(rig: Rig) -> View:
    """Ada's page, opened and filled."""
    rig.sim.open_home(rig.ada)
    found = await rig.until(lambda: rig.sim.home(rig.ada))
    assert found is not None
    return found


async def test_it_shows_conversations_use_and_what_is_kept(rig: Rig) -> None:
    root = root_of(rig)
    shown = text(await page(rig))
    assert f"<{rig.sim.permalink(root)}|about &lt;tea&gt; &amp; milk>" in shown
    assert "• you: 1,200 of 5,000 tokens" in shown
    assert "• model: gpt-6-luna" in shown
    assert rig.inbox.looked_at == [("slack", rig.sim.workspace.id, rig.ada.id)]
    (call,) = rig.sim.calls("views.publish")
    assert "hash" not in call.params


async def test_the_messages_tab_shows_nothing_of_ours(rig: Rig) -> None:
    rig.sim.open_home(rig.ada, "messages")
    await rig.sim.settled()
    assert rig.inbox.looked_at == []
    assert rig.sim.home(rig.ada) is None


async def test_a_page_that_was_seen_before_never_replaces_a_newer_one(rig: Rig) -> None:
    await page(rig)
    rig.inbox.kept = Overview((), "newer", "")
    rig.sim.open_home(rig.ada)
    view = rig.sim.home(rig.ada)
    assert view is not None
    await rig.until(lambda: "newer" in text(view))
    _, second = rig.sim.calls("views.publish")
    assert "hash" in second.params
    rig.sim.faults.add("views.publish", error="hash_conflict")
    rig.sim.open_home(rig.ada)
    await rig.until(lambda: len(rig.sim.calls("views.publish")) == 3)
    await rig.sim.settled()


@pytest.mark.parametrize(("deed", "title"), [("summary", "Summary"), ("usage", "What it took")])
async def test_a_row_is_summed_up_in_a_window(rig: Rig, deed: str, title: str) -> None:
    root = root_of(rig)
    gate = asyncio.Event()
    view = await page(rig)
    rig.sim.faults.add("conversations.info", gate=gate)
    rig.sim.click(view, home.MENU, rig.ada, value=f"{deed} {rig.key(root)}")
    window = await opened(rig)
    assert text(window) == WORKING
    gate.set()
    await says(rig, window, "done")
    assert window.view["title"]["text"] == title
    (call,) = rig.inbox.calls
    assert (call.name, call.thread, call.channel) == (deed, rig.key(root), rig.room.id)
    assert call.visible


async def test_a_row_is_forgotten_after_a_question_and_is_gone(rig: Rig) -> None:
    root = root_of(rig)
    view = await page(rig)
    rig.sim.click(view, home.MENU, rig.ada, value=f"forget {rig.key(root)}")
    window = await opened(rig)
    assert text(window).startswith(GOES)
    rig.inbox.kept = Overview()
    await rig.sim.submit(window, rig.ada, {}).acked()
    await rig.until(lambda: home.NONE in text(view))
    await says(rig, window, "done")
    assert [call.name for call in rig.inbox.calls][-1] == "forget"


async def test_everything_is_forgotten_after_a_question(rig: Rig) -> None:
    root_of(rig)
    view = await page(rig)
    rig.inbox.replies = [ASKED, CommandReply("done")]
    rig.sim.click(view, home.FORGET_ALL, rig.ada)
    window = await opened(rig)
    await says(rig, window, ASKED.text)
    rig.inbox.kept = Overview()
    await rig.sim.submit(window, rig.ada, {}).acked()
    await rig.until(lambda: home.NONE in text(view))
    asked, call = rig.inbox.calls
    assert (asked.name, asked.thread, asked.options) == ("forget", None, {EVERYTHING: "true"})
    assert (call.name, call.thread, call.options) == (
        "forget",
        None,
        {EVERYTHING: "true", SURE: "true"},
    )
    assert (call.author.id, call.space) == (rig.ada.id, rig.sim.workspace.id)


async def test_help_and_refresh(rig: Rig) -> None:
    view = await page(rig)
    rig.inbox.replies = [CommandReply("This is how.")]
    rig.sim.click(view, home.HELP, rig.ada)
    window = await opened(rig)
    await says(rig, window, "This is how.")
    assert window.view["title"]["text"] == "How to talk to me"
    root_of(rig)
    rig.sim.click(view, home.REFRESH, rig.ada)
    await rig.until(lambda: "1,200 of 5,000" in text(view))


async def test_too_late_for_a_window_is_said_on_the_page(rig: Rig) -> None:
    root = root_of(rig)
    view = await page(rig)
    rig.sim.faults.add("views.open", error="expired_trigger_id")
    rig.sim.click(view, home.MENU, rig.ada, value=f"forget {rig.key(root)}")
    await rig.until(lambda: UNSEEN in text(view))
    assert rig.inbox.calls == []


async def test_while_the_store_is_away_that_is_said(rig: Rig) -> None:
    rig.inbox.blind = StoreUnavailable("away")
    view = await page(rig)
    assert "I can't reach my memory right now" in text(view)
    rig.inbox.blind = None
    root_of(rig)
    rig.sim.click(view, home.REFRESH, rig.ada)
    await rig.until(lambda: "1,200 of 5,000" in text(view))


async def test_further_pages_of_what_was_said_stand_where_the_first_one_stood(rig: Rig) -> None:
    """And what is remembered stays above them."""
    kept = CommandReply("What I remember here:", entries=(Entry("> a loom"),))
    rig.inbox.kept = Overview((), USED, SETTINGS, memories=kept)
    view = await page(rig)
    more = Button("More ▶", "recall", "1:yarn")
    found = CommandReply("Said about “yarn”:", entries=(Entry("> one"),), buttons=(more,))
    rig.inbox.replies = [CommandReply("About “yarn”:"), found]
    rig.sim.click(view, home.SEARCH, rig.ada, value="yarn")
    await rig.until(lambda: "> one" in plainly(view))
    rig.inbox.replies = [CommandReply("Said about “yarn” (page 2):", entries=(Entry("> two"),))]
    rig.sim.click(view, named(view, "More ▶"), rig.ada)
    await rig.until(lambda: "> two" in plainly(view))
    shown = plainly(view)
    assert "> one" not in shown
    assert shown.index("What I remember for you") < shown.index("a loom")
    assert shown.index("a loom") < shown.index("What was said") < shown.index("> two")


def plainly(view: View) -> str:
    """All of a page, headings too, without what Slack escapes."""
    return str(view.view["blocks"]).replace("&gt;", ">")


def named(view: View, label: str) -> str:
    """The action of a button."""
    elements = [each for block in view.view["blocks"] for each in block.get("elements", ())]
    return next(each["action_id"] for each in elements if each["text"]["text"] == label)


OWN = Own("T1", "U1", host="acme.slack.com")
labels = st.text(max_size=400)
keys = st.builds(
    ThreadKey,
    st.just("slack"),
    st.just("T1"),
    st.from_regex(r"C[A-Z0-9]{8}", fullmatch=True),
    st.from_regex(r"\d{10}\.\d{6}", fullmatch=True),
)
threads = st.lists(st.builds(ThreadChoice, keys, labels, st.floats(0, 4e9)), max_size=40)


@given(threads, st.text(max_size=5000), st.text(max_size=500), st.text(max_size=200))
def test_whatever_it_shows_slack_takes_it(
    shown: list[ThreadChoice], used: str, settings: str, note: str
) -> None:
    view = home.home(Overview(tuple(shown), used, settings), OWN, mrkdwn(note)[:2900].strip())
    check_view(view, "home")
    assert len(view["blocks"]) <= 100


words = st.text(max_size=3000)
buttons = st.lists(
    st.builds(Button, st.text(min_size=1, max_size=30), st.just("memories"), st.text(max_size=75)),
    max_size=MOST_BUTTONS,
).map(tuple)
panels = st.builds(
    CommandReply,
    words,
    entries=st.lists(st.builds(Entry, words, buttons), max_size=MOST_ENTRIES).map(tuple),
    buttons=buttons,
)


@settings(max_examples=25)
@given(panels, panels, panels)
def test_as_full_as_it_can_be_slack_takes_it(
    memories: CommandReply, said: CommandReply, channel: CommandReply
) -> None:
    chats = tuple(
        ThreadChoice(ThreadKey("slack", "T1", "C1", f"179000{number:04}.000001"), "x" * 400, 1.0)
        for number in range(40)
    )
    view = home.home(Overview(chats, "x" * 9000, "x" * 9000), OWN, "x", memories, said, channel)
    check_view(view, "home")
    assert len(view["blocks"]) <= 100


MARKS = st.text(st.sampled_from("ab *_~`[]()<>&!@#|\n-1."), max_size=300)


@given(st.one_of(st.text(max_size=20_000), MARKS, MARKS.map(lambda text: text * 60)))
def test_no_section_is_too_long_and_none_notifies(words: str) -> None:
    made = sections(words)
    assert all(0 < len(block["text"]["text"]) <= LONGEST_SECTION for block in made)
    for block in made:
        shown = block["text"]["text"]
        assert "<!" not in shown
        assert "<@" not in shown
        assert "<#" not in shown


@pytest.mark.parametrize("words", ["a & b " * 600, "word " * 900])
@pytest.mark.parametrize("most", [1, 2])
def test_what_does_not_fit_is_cut_and_not_left_out(words: str, most: int) -> None:
    made: list[str] = [block["text"]["text"] for block in sections(words * most, most)]
    assert len(made) == most
    shown = " ".join(made).removesuffix("_…and more, which does not fit here._").rstrip()
    assert (words * most).replace("&", "&amp;").startswith(shown)
    assert made[-1].endswith("does not fit here._") and len(made[-1]) <= LONGEST_SECTION


@pytest.mark.parametrize(
    ("markdown", "shown"),
    [
        ("**bold** and *slanted*", "*bold* and _slanted_"),
        ("# Head **strong**\ntext", "*Head strong*\ntext"),
        ("- one\n  * two", "• one\n  • two"),
        ("~~gone~~ [tea](https://t.example/a_b)", "~gone~ <https://t.example/a_b|tea>"),
        ("`**x** <!here>` **y**", "`**x** &lt;!here&gt;` *y*"),
        ("```python\na = b * c * d\n```", "```\na = b * c * d\n```"),
        ("<!channel> <@U1> & co", "&lt;!channel&gt; &lt;@U1&gt; &amp; co"),
        ("[x](javascript:alert)", "[x](javascript:alert)"),
        ("[x](ftp://t.example)", "x (`ftp://t.example`)"),
        ("[bank.com](https://evil.example)", "bank.com (<https://evil.example>)"),
        (
            "![plan](https://t.example/a.png) <https://t.example>",
            "<https://t.example/a.png|plan> <https://t.example>",
        ),
        ("| a | b |\n|---|---|\n| 1 | **2** |", "```\na  b\n─  ─\n1  2\n```"),
        ("1. **One**\n   - it\n2) two\n\n- [x] done", "1. *One*\n   • it\n2. two\n\n• ☑ done"),
        ("Title\n===\na<br>b $x^2$ H<sub>2</sub>O", "*Title*\na\nb `x^2` H₂O"),
        ("~~~py\nx < `1`\n~~~\n\n---\n> said", "```\nx &lt; `1`\n```\n\n────────────\n> said"),
        ("un**bold**ed and **two\nlines**", "un\u200b*bold*\u200bed and *two lines*"),
        ("2 * 3 * 4", "2 * 3 * 4"),
    ],
)
def test_markdown_becomes_slacks_own_markup(markdown: str, shown: str) -> None:
    assert mrkdwn(markdown) == shown


def test_a_fence_that_is_cut_is_closed_and_opened_again() -> None:
    code = "\n".join(f"line {number} of some code" for number in range(300))
    made: list[Any] = [block["text"]["text"] for block in sections(f"```py\n{code}\n```")]
    assert len(made) > 2
    assert all(part.startswith("```\n") and part.endswith("```") for part in made)
