"""Whatever is told of edits and deletions: it is read, left out or malformed, never of others."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack import changes
from adapters.slack.translate import incoming
from bot.chat import ThreadKey
from tests.examples import examples
from tests.payloads import changes as payloads
from tests.payloads import slack
from tests.payloads.mutations import mutated
from tests.units.fuzz.test_fuzz_discord import OTHERS, Gateway, gateway
from tests.units.fuzz.test_fuzz_slack import MALFORMED, NAMES, OWN, STAMP, is_sound

__all__ = ["gateway"]

NAMED = st.sampled_from(payloads.DISCORD).flatmap(
    lambda each: st.tuples(st.just(each[0]), mutated([each[1]], others=OTHERS))
)


@given(told=NAMED)
@examples(80)
def test_discord(gateway: Gateway, told: tuple[str, Any]) -> None:
    name, payload = told
    reader = gateway.say(name, payload)
    assert len(reader.edits) + len(reader.deletions) + reader.left_out <= 1
    assert reader.events == []
    for edit in reader.edits:
        ids = (edit.event_id, edit.ref.channel, edit.ref.message, edit.author.id)
        assert all(text.isascii() and text.isdecimal() for text in ids)
        assert math.isfinite(edit.edited) and edit.edited > 0
        assert ThreadKey.parse(str(edit.thread)) == edit.thread
    for what, space, *ids in reader.deletions:
        assert what in ("part", "messages", "thread", "channel")
        assert space == "@me" or space.lstrip("-").isdecimal()
        assert all(re.fullmatch(r"-?[0-9]+", each) for each in ids)


@pytest.mark.parametrize(("name", "payload"), payloads.DISCORD, ids=range(len(payloads.DISCORD)))
def test_the_payloads_of_discord_are_good(
    gateway: Gateway, name: str, payload: dict[str, Any]
) -> None:
    assert gateway.say(name, payload).left_out == 0


def test_previews_are_no_edits(gateway: Gateway) -> None:
    reader = gateway.say("MESSAGE_UPDATE", payloads.PREVIEW)
    assert (reader.edits, reader.deletions, reader.left_out) == ([], [], 0)
    assert gateway.say("MESSAGE_UPDATE", payloads.PART).deletions[0][0] == "part"


@given(mutated(payloads.SLACK, others=(*slack.EVENTS[:0], slack.BEN, slack.DIRECT, slack.ROOT)))
@examples(80)
def test_slack(body: Any) -> None:
    if not isinstance(body, dict):
        return
    try:
        removal = changes.removal(body, OWN)
        edit = changes.edit(body, OWN)
        event = incoming(edit.said, OWN, NAMES) if edit else None
    except MALFORMED:
        return
    assert removal is None or edit is None
    if event is not None and edit is not None:
        assert is_sound(event)
        assert math.isfinite(edit.at)
        assert event.author.id not in (slack.BOT_USER, slack.BOT_ID, "USLACK", "USLACKBOT")
    if removal is not None:
        assert (removal.platform, removal.space) == ("slack", slack.TEAM)
        assert len(removal.messages) == len(removal.events) <= 1
        assert bool(removal.person) != bool(removal.channel)
        for ts, name in zip(removal.messages, removal.events, strict=True):
            assert STAMP.fullmatch(ts)
            assert name == f"{slack.TEAM}:{removal.channel}:{ts}"
            assert removal.thread is not None and removal.thread.channel == removal.channel
            assert ThreadKey.parse(str(removal.thread)) == removal.thread


@pytest.mark.parametrize("body", payloads.SLACK, ids=range(len(payloads.SLACK)))
def test_the_payloads_of_slack_are_good(body: dict[str, Any]) -> None:
    removal, edit = changes.removal(body, OWN), changes.edit(body, OWN)
    assert (removal is None) == (body in (slack.CHANGED, payloads.PROFILE_CHANGED))
    assert (edit is not None) == (body is slack.CHANGED)
