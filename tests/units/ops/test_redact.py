"""Secrets are taken out of what is logged, whatever brought them there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ops.redact import MASK, Redactor, secrets_in
from bot.spec import Variable, VariableKind

CANARY = "zQ7canaryW2"

SECRETS = [
    f"redis://bobbin:{CANARY}@redis:6379/0",
    f"rediss://:{CANARY}@redis:6379",
    f"redis+cluster://u:{CANARY}@a:1,b:2",
    f"connecting to wss://wss-primary.slack.com/link/?ticket={CANARY}&app_id=A1",
    f"https://cdn.discordapp.com/attachments/1/2/x.png?ex=1&hm={CANARY}",
    f"https://hooks.slack.com/commands/T012AB3CD/123456/{CANARY}",
    f"http://127.0.0.1:80/actions/T012AB3CD/12/{CANARY}",
    f"https://hooks.slack.com/services/T012AB3CD/B012/{CANARY}",
    f"https://discord.com/api/v10/webhooks/12345678/{CANARY}/messages/@original",
    f"/api/v10/interactions/12345678/{CANARY}/callback",
    f"xoxb-123-456-{CANARY}",
    f"xoxe.xoxp-1-{CANARY}",
    f"xapp-1-A1-2-{CANARY}",
    f"sk-proj-{CANARY}",
    f"MTE5ODYyMjQ4MzQ3MTkyNTI0OA.Cl2FMQ.{CANARY}aaaaaaaaaaaaaaaaaaaa",
    f"Authorization: Bearer {CANARY}aaaaaaaaaa",
    f"Bot {CANARY}aaaaaaaaaaaaaaa",
    f'{{"token": "{CANARY}", "x": 1}}',
    f"password={CANARY} x",
    f"api_key='{CANARY}'",
    f"GET /link/?ticket={CANARY} HTTP/1.1",
    f"eyJhbGciOiJIUzI1NiJ9.{CANARY}.abc",
]


@pytest.mark.parametrize("text", SECRETS)
def test_known_shapes_are_masked(text: str) -> None:
    told = Redactor()(f"before {text} after")
    assert CANARY not in told
    assert told.startswith("before ") and MASK in told


@pytest.mark.parametrize("text", SECRETS)
def test_masking_twice_changes_nothing(text: str) -> None:
    once = Redactor()(text)
    assert Redactor()(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "Redis does not answer at redis:6379: check that it runs, and REDIS_URL.",
        "health and metrics at http://127.0.0.1:9400",
        "Slack does not accept SLACK_BOT_TOKEN: invalid_auth",
        "Create a new token at the platform and put it into the environment.",
        "The server refuses the key: check OPENAI_API_KEY.",
        "the model gpt-6-luna does not exist (status=404 code=model_not_found)",
        "turn d4g2kq1rv8n0a3b5c7e9f1h3 on discord: 100 + 20 tokens, is that so? yes",
        'File "/opt/bobbin/lib/python3.13/site-packages/bot/engine/turn.py", line 120, in run',
        "No thread in channel 1439281029384756, answering in place: 429, scope shared, 219.00 s",
    ],
)
def test_what_an_operator_needs_is_left(text: str) -> None:
    assert Redactor()(text) == text


@given(st.text(min_size=5, max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_the_settings_own_secrets_never_stand(secret: str, before: str, after: str) -> None:
    told = Redactor([secret])(before + secret + after)
    assert secret not in told or secret in MASK


def test_secrets_are_found_in_the_settings() -> None:
    table = (
        Variable("A", "", VariableKind.SECRET),
        Variable("B", "", VariableKind.URL),
        Variable("C", ""),
    )
    values = {"A": "one-secret", "B": "redis://u:two%2Fsecret@h:1/0", "C": "harmless"}
    assert secrets_in(values, table) == {"one-secret", "two%2Fsecret", "two/secret"}
    assert secrets_in({"B": "http://[bad"}, table) == set()


@pytest.mark.parametrize(
    ("address", "secrets"),
    [
        ("redis://h:1/0", set[str]()),
        ("redis://u:two%2fsecret@h:1/0", {"two%2fsecret", "two/secret"}),
        ("unix://u:secret@/run/redis.sock?db=1", {"secret"}),
        ("rediss+cluster://:secret@[::1]:1,b:2?ssl_cert_reqs=none", {"secret"}),
        ("redis+cluster://u:secret@b:2,[::1]:1", {"secret"}),
        (
            "redis+sentinel://u:secret@a,b/0?service=s&sentinel_password=a+b%2Fcde",
            {"secret", "a+b%2Fcde", "a b/cde"},
        ),
    ],
)
def test_passwords_are_found_in_the_address_of_redis(address: str, secrets: set[str]) -> None:
    assert secrets_in({"R": address}, (Variable("R", "", VariableKind.REDIS_URL),)) == secrets


def test_each_of_several_keys_and_headers_is_a_secret() -> None:
    table = (Variable("K", "", VariableKind.SECRET), Variable("H", "", VariableKind.SECRET))
    values = {"K": "first-key=, second-key=", "H": "x-team=hcaik01abcd,x-set=b"}
    redact = Redactor(secrets_in(values, table))
    assert redact("neither first-key= nor second-key=") == f"neither {MASK} nor {MASK}"
    assert redact("x-team: hcaik01abcd") == f"x-team: {MASK}"
