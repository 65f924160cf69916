"""Key names: one slot per channel, no two things under one name."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.chat import ThreadKey
from bot.storage.keys import BUCKETS, ThreadKeys, bucket_of, of_place, place_of

part = st.text("ab:{}/%é ", min_size=1, max_size=4)
thread_keys = st.builds(ThreadKey, part, part, part, part)


@given(thread_keys)
def test_all_keys_of_a_thread_carry_the_tag_of_its_channel(thread: ThreadKey) -> None:
    keys = ThreadKeys(thread)
    bucket = of_place(place_of(thread))
    names = [*keys.all(), keys.stage("n"), bucket.answer("n"), bucket.event("e"), bucket.usage("d")]
    for name in names:
        assert re.findall(r"\{.*?\}", name) == [f"{{b{bucket.bucket:03d}}}"]
        assert name.startswith("bobbin:{b")
    assert len(set(names)) == len(names)


@given(thread_keys, thread_keys)
def test_no_two_threads_share_a_key(one: ThreadKey, other: ThreadKey) -> None:
    if one != other:
        assert not set(ThreadKeys(one).all()[:7]) & set(ThreadKeys(other).all()[:7])


def test_buckets_are_fixed_for_good() -> None:
    assert BUCKETS == 128
    assert bucket_of(("discord", "g1", "c1")) == 118
    assert bucket_of(("slack", "T1", "C1")) == 126


def test_event_ids_are_not_kept() -> None:
    assert "secret" not in of_place(("a", "b", "c")).event("secret")
