"""Requests of Slack's: signatures, and what is read of bodies."""

from __future__ import annotations

import json
from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from adapters.slack.http import FORM, Signatures, read
from tests.simulators.slack_sim.posts import body_of, signature

SECRET = "0123456789abcdef0123456789abcdef"
NOW = 1_790_000_000
HERE = Signatures(SECRET, lambda: NOW + 0.5)

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=10,
)
PAYLOADS = st.dictionaries(st.text(max_size=9), JSON_VALUES, min_size=1, max_size=5)
FORMS = st.dictionaries(
    st.text(min_size=1, max_size=9).filter(lambda key: key != "payload"),
    st.text(max_size=30),
    min_size=1,
)


def headers(timestamp: object, signed: str) -> dict[str, str]:
    return {"X-Slack-Request-Timestamp": str(timestamp), "X-Slack-Signature": signed}


@given(st.text(max_size=200).map(str.encode), st.integers(-400, 400))
def test_signed_bodies_fit_for_five_minutes(body: bytes, age: int) -> None:
    at = NOW - age
    expected = -299 <= age <= 299
    if abs(age) != 300:
        assert HERE.fit(headers(at, signature(SECRET, at, body)), body) is expected


@given(st.binary(max_size=60), st.text(max_size=20), st.text(max_size=80))
def test_nothing_else_fits_and_nothing_raises(body: bytes, timestamp: str, signed: str) -> None:
    assert not HERE.fit(headers(timestamp, signed), body)
    assert not HERE.fit(headers(NOW, signed), body)
    assert not HERE.fit({}, body)


@given(PAYLOADS)
def test_events_and_choices_are_read_as_they_were_written(payload: dict[str, object]) -> None:
    for kind in ("events_api", "interactive"):
        assert read(*body_of(kind, payload)) == (kind, payload)


@given(FORMS)
def test_commands_are_read_as_they_were_typed(form: dict[str, str]) -> None:
    assert read(urlencode(form).encode(), FORM) == ("slash_commands", form)


@given(st.binary(max_size=200), st.sampled_from(["application/json", FORM, "text/plain", ""]))
def test_any_body_is_read_or_refused(body: bytes, content_type: str) -> None:
    try:
        _, payload = read(body, content_type)
    except ValueError:
        return
    json.dumps(payload)
