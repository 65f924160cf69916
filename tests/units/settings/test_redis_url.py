"""REDIS_URL taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.redis_url import RedisAddress, RedisUrlError, Topology, parse_redis_url


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("redis://h", RedisAddress(Topology.SINGLE, (("h", 6379),))),
        ("redis://h:1/3", RedisAddress(Topology.SINGLE, (("h", 1),), db=3)),
        ("redis://h?db=4", RedisAddress(Topology.SINGLE, (("h", 6379),), db=4)),
        (
            "rediss://u%40x:p%2Fw@[::1]:6380/0?ssl_ca_certs=/a%20b/ca.pem&ssl_check_hostname=no",
            RedisAddress(
                Topology.SINGLE,
                (("::1", 6380),),
                username="u@x",
                password="p/w",
                tls={"ssl_ca_certs": "/a b/ca.pem", "ssl_check_hostname": False},
            ),
        ),
        ("redis://:pw@h", RedisAddress(Topology.SINGLE, (("h", 6379),), password="pw")),
        (
            "unix://u:p@/run/r%20s.sock?db=2",
            RedisAddress(Topology.SINGLE, socket="/run/r s.sock", db=2, username="u", password="p"),
        ),
        (
            "redis+cluster://u:p@a:7000,b,[fd00::1]:7002/0",
            RedisAddress(
                Topology.CLUSTER,
                (("a", 7000), ("b", 6379), ("fd00::1", 7002)),
                username="u",
                password="p",
            ),
        ),
        ("rediss+cluster://a", RedisAddress(Topology.CLUSTER, (("a", 6379),), tls={})),
        (
            "redis+sentinel://a,b:1",
            RedisAddress(Topology.SENTINEL, (("a", 26379), ("b", 1)), service="mymaster"),
        ),
        (
            "rediss+sentinel://:p@a/1?service=w&sentinel_username=su&sentinel_password=s%26p",
            RedisAddress(
                Topology.SENTINEL,
                (("a", 26379),),
                db=1,
                service="w",
                password="p",
                sentinel_username="su",
                sentinel_password="s&p",
                tls={},
            ),
        ),
    ],
)
def test_what_it_means(url: str, address: RedisAddress) -> None:
    assert parse_redis_url(url) == address


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redis://", "names no host"),
        ("redis://a,b", "redis+cluster"),
        ("redis://a/x", "no number"),
        ("redis://a:x", "port"),
        ("redis://a:70000", "port"),
        ("redis+cluster://a/1", "only one"),
        ("redis+cluster://a,,b", "names no host"),
        ("redis+cluster://a?db=0", "an option that I don't know (db)"),
        ("redis+sentinel://?service=x", "names no host"),
        ("redis+sentinel://a?service=", "without a value"),
        ("redis://h?service=x", "(service)"),
        ("redis://h?ssl_ca_certs=x", "rediss://"),
        ("redis+cluster://h?ssl_ca_certs=x", "rediss+cluster://"),
        ("rediss://h?ssl_check_hostname=perhaps", "true or false"),
        ("rediss://h?ssl_cert_reqs=some", "required"),
        ("redis://h?socket_timeout=5", "(socket_timeout)"),
        ("unix://", "names no socket"),
        ("http://h", "right kind"),
    ],
)
def test_what_it_cannot_mean(url: str, told: str) -> None:
    with pytest.raises(RedisUrlError) as caught:
        parse_redis_url(url)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://u:sesame@h", "h:6379"),
        ("unix://u:sesame@/run/s", "the socket /run/s"),
        ("redis+cluster://u:sesame@a:1,[::1]:2", "the cluster at a:1, [::1]:2"),
        (
            "redis+sentinel://u:sesame@a?service=w&sentinel_password=sesame",
            "w by the sentinels at a:26379",
        ),
    ],
)
def test_passwords_are_not_shown(url: str, shown: str) -> None:
    address = parse_redis_url(url)
    assert str(address) == shown
    assert "sesame" not in repr(address)


@given(
    st.sampled_from(["redis", "rediss+cluster", "redis+sentinel", "unix", "x"]),
    st.text(max_size=40),
)
def test_anything_is_read_or_refused(scheme: str, rest: str) -> None:
    try:
        parse_redis_url(f"{scheme}://u:hunter2@{rest}")
    except RedisUrlError as error:
        assert "hunter2" not in str(error) or "hunter2" in rest
