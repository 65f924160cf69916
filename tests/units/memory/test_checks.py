"""What may be remembered: its form, its times, and that no secret gets in."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.memories import LONGEST_CONTENT, LONGEST_TAG, MOST_TAGS, MemoryText
from bot.memory import checks
from bot.memory.checks import digest_of, fault_in, has_secret, normalised

NOW = 1_700_000_000.0
ANY_TEXT = st.text(st.characters(), max_size=60)
TEXTS = st.builds(
    MemoryText,
    content=ANY_TEXT,
    tags=st.lists(ANY_TEXT, max_size=10).map(tuple),
    subject=ANY_TEXT,
    event_at=st.floats(),
    expires_at=st.floats(),
)


@given(TEXTS)
def test_what_is_accepted_is_in_the_form_that_is_promised(given_text: MemoryText) -> None:
    text = normalised(given_text)
    if fault_in(text, NOW):
        return
    assert 1 <= len(text.content) <= LONGEST_CONTENT
    assert text.content == text.content.strip()
    assert len(set(text.tags)) == len(text.tags) <= MOST_TAGS
    for tag in text.tags:
        assert 1 <= len(tag) <= LONGEST_TAG
        assert not set(tag) & set("#,\n ") or "#" in tag[1:]
        assert tag == tag.lower()
    everything = "".join((text.content, text.subject, *text.tags))
    assert all(
        unicodedata.category(sign) not in ("Cc", "Cs") or sign == "\n" for sign in everything
    )
    everything.encode("utf-8")
    assert math.isfinite(text.event_at) and (text.expires_at == 0 or text.expires_at > NOW)


@given(TEXTS)
def test_what_is_in_order_stays_as_it_is(given_text: MemoryText) -> None:
    once = normalised(given_text)
    twice = normalised(once)
    assert (twice.content, twice.tags, twice.subject) == (once.content, once.tags, once.subject)


@given(ANY_TEXT)
def test_case_blanks_and_a_full_stop_make_no_other_content(text: str) -> None:
    assert digest_of(f"  {text}\n") == digest_of(text)
    if text.isascii():
        assert digest_of(text.upper()) == digest_of(text.lower())
    assert digest_of(f"{text}.") == digest_of(text)


def test_different_words_are_different_contents() -> None:
    contents = ["C", "C++", "C#", "node.js", "nodejs", "not x", "x", "x?", "v1.2", "v12"]
    assert len({digest_of(each) for each in contents}) == len(contents)


def test_blanks_tags_and_directions_are_put_in_order() -> None:
    text = MemoryText(
        " a\t b\r\n\r\n\r\n\u200bc\u202e\U000e0041\U000e007f ",
        tags=("#Go Live", "go-live", " ", "Ä"),
    )
    assert normalised(text) == MemoryText("a b\n\nc", tags=("go-live", "ä"))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (MemoryText("  \n"), checks.NOTHING),
        (MemoryText("x" * 1_001), checks.TOO_LONG),
        (MemoryText("x", tags=tuple(map(str, range(9)))), checks.TOO_MANY_TAGS),
        (MemoryText("x", tags=("t" * 41,)), checks.LONG_TAG),
        (MemoryText("x", tags=("a,b",)), checks.ODD_TAG),
        (MemoryText("x", subject="s" * 101), checks.LONG_SUBJECT),
        (MemoryText("x\0"), checks.ODD_SIGNS),
        (MemoryText("x\x1b[2J"), checks.ODD_SIGNS),
        (MemoryText("half \ud83d"), checks.ODD_SIGNS),
        (MemoryText("x", tags=("\udc00",)), checks.ODD_SIGNS),
        (MemoryText("x", event_at=math.nan), checks.ODD_TIME),
        (MemoryText("x", event_at=1e18), checks.ODD_TIME),
        (MemoryText("x", expires_at=math.inf), checks.ODD_TIME),
        (MemoryText("x", expires_at=-5), checks.OVER),
        (MemoryText("x", expires_at=NOW), checks.OVER),
        (MemoryText("x", subject="password: hunter2"), checks.SECRET),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(text: MemoryText, why: str) -> None:
    assert fault_in(normalised(text), NOW) == why
    assert why.endswith(".")


def test_the_longest_that_may_be_is_accepted() -> None:
    text = MemoryText("x" * 1_000, tags=tuple(f"{each}" * 40 for each in "abcdefgh"))
    assert fault_in(normalised(text), NOW) == ""
    assert fault_in(replace(text, event_at=-1e9, expires_at=NOW + 1), NOW) == ""


SECRETS = [
    "the key is sk-proj-abcdEFGH1234ijklMNOP5678",
    "AKIAIOSFODNN7EXAMPLE is for the bucket",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "github_pat_11ABCDEFG0abcdefghijkl_mnop",
    "glpat-ABCdef123456_-xyz789",
    "xoxb-2345678901-abcdefGHIJKL",
    "AIzaSyA-1234567890abcdefghijklmnopqrstuv",
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "hf_abcdefghijklmnopqrstuvwxyz",
    "bob_" + "aB3-" * 11,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIE",
    "-----BEGIN OPENSSH PRIVATE KEY-----",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
    "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs",
    "postgres://app:s3cr3t@db.internal/prod",
    "https://discord.com/api/webhooks/123456/abcdefghijklmnopqrstuvwxyz",
    "https://hooks.slack.com/services/T000/B000/XXXX",
    "Authorization: Bearer abcDEF123456ghiJKL789",
    "password: hunter2",
    "Password: swordfish",
    "the wifi password is Corr3ctHorse!",
    "passwort = geheim99",
    "das Kennwort lautet Geheim99",
    "pwd=abc",
    "passwords: `letmein`",
    "密码：abc123",
    "api_key: 9f86d081884c7d659a2feaa0c55ad015",
    "client secret = Zk8~Q-aaaaBBBB1111",
    "The password for staging is hunter2!",
    "password of the admin account: hunter2",
    "passwort fürs WLAN: geheim123",
    "mot de passe du wifi : soleil42",
    "pw: hunter2!",
    "PIN: 4711",
    "my api key for stripe is 9f86d081884c7d659a2feaa0c55ad015",
    "the token for CI is 9f86d081884c7d659a2feaa0c55ad015",
    "card 4111 1111 1111 1111 exp 12/29",
    f"AccountKey={'Eby8vdM02xNOcqFlqUwJ' * 4}==",
    f"SG.{'ngeVfQFYQlKU0ufo8x5d1A'}.{'TwL2iGABf9DHoTf09kqeF8tAmbih'}",
    "token is 7f3a9c2e1b5d",
    "login: ada / hunter2",
    "Login for the loom portal: ada@weavers.example / Sp1ndle!",
    "credentials are admin / swordfish",
    "Zugangsdaten: weber / geheim99",
    "recovery codes: 4f7a-91bc 88d2-0c3e",
    "The backup code for GitHub is 58392017",
    "my 2FA codes: abcd-efgh-ijkl, mnop-qrst-uvwx",
    "code de secours : 993821",
    "pass\u200bword: hunter2",
    "pass\u00adwort: geheim99",
    "ｐａｓｓｗｏｒｄ：hunter2",
    "ghp_\u200b16C7e42F292c6912E7710c838347Ae178B4a",
    "AKIA\u2060IOSFODNN7EXAMPLE",
    "the wifi password hunter2!",
    "wachtwoord: abc123x",
    "hasło: abc123x",
    "パスワードは abc123x です",
    "密码是 abc123x",
    "비밀번호는 abc123x",
    "wifi: guest / hunter2pw",
    "Authorization: Basic dXNlcjpwYXNz",
    "export STRIPE_SECRET_KEY='abc123xyz'",
    "API_TOKEN=9f86d081884c",
    "token 9f86d081884c7d659a2feaa0c55ad015",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "the card is 4111111111111111",
    "card 3782 822463 10005",
    "PIN 4711",
    "seed phrase: loom warp weft yarn dye felt silk wool knot thread needle spool",
    "the password is correct horse battery staple",
    "The password for the wifi is correct horse battery staple, tell nobody",
    "password: Correct Horse Battery Staple",
    "passphrase: purple monkey dishwasher",
    "our pass phrase is `purple monkey dishwasher`",
    'the wifi password is "purple monkey dishwasher".',
    "das Passwort fürs WLAN ist Pferd Klammer Batterie richtig",
    "le mot de passe du wifi est cheval pile agrafe soleil",
    "the password is: correct horse battery staple",
    "the password is now correct horse battery staple",
    "I changed the wifi password to Sp1ndle!",
    "please set the password for the loom to correct horse battery staple",
    "KEY_PROD=9f86d081884c7d65",
    "I changed the PIN to 4711",
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_seen(text: str) -> None:
    assert has_secret(text)
    assert has_secret(f"Remember this:\n> {text}\nthanks")


@pytest.mark.parametrize(
    "text",
    [
        "Password resets go through Ben.",
        "Password: rotate it every 90 days.",
        "The password policy is strict, ask Dana.",
        "the password is rotated on Mondays",
        "Passwords are kept in the vault.",
        "We use token buckets: 20 per second.",
        "token limit: 8000",
        "The token is refreshed every hour.",
        "API keys: ask Ada for one.",
        "api key: see the wiki",
        "Our secret is good coffee.",
        "The password for staging is stored in the vault.",
        "The pin for the meeting is on the door.",
        "The token for CI is with Ben.",
        "ticket 4111 1111 1111 1112 is closed",
        "secrets: https://vault.example.com/team",
        "https://example.com/a?b=c&d=e",
        "ping ada@example.com or call +49 30 123456",
        "Release 2.4.1 ships on 2026-12-01 from commit 9fceb02d",
        "mem_01ARZ3NDEKTSV4RRFFQ69G5FAV is the one",
        "ssh://git@github.com/team/repo.git",
        "key-value store: Redis 7.2 with Valkey 9",
        "bob_the_builder is the deploy user",
        "The keynote is sk8ter themed",
        "Login: Google / GitHub",
        "Login: email / magic-link",
        "login: SSO / OAuth2 since Monday",
        "login: POST /api/v2/login",
        "The login is Keycloak / v24.0.1",
        "login page: /v1/login and /v2/login",
        "login: admin / user",
        "user: Ada / ben@weavers.example",
        "The recovery code is in restore.py",
        "Backup codes: ask Ada for them",
        "backup code: see-the-wiki",
        "The backup code is 2 files",
        "error code: 4031",
        "recovery code: since 2026-12-01 in the vault",
        "Seed phrase: never write it down anywhere, says Ben",
        "The password has 12-character words at least",
        "We hash each password sha256 and then bcrypt12",
        "Password OAuth2 flows are off",
        "password 2026-12-01 was the last change",
        "order 4111111111111112 is late",
        "the message 1442109876543210987 says so",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8 broke it",
        "MAX_TOKENS=4096 and API_VERSION=2026-11-01",
        "RETRY_KEY: see the wiki",
        "token bucket_with_words_only",
        "PIN pads stand in room 4",
        "パスワードは金曜日に変える",
        "wifi: guest / staff",
        "https://example.com/docs/Team2026/plan/Notes/abcdefgh/ijkl",
        "Compass: north, password-less login wins",
        "The password is stored safely in the vault of the team",
        "The password is really quite weak nowadays",
        "The password is twelve characters minimum length",
        "The password reset is broken again since Monday",
        "Password reset: users report broken mail links",
        "password: see the wiki page of the team",
        "The passphrase is kept by Ben",
        "The passphrase is four words long",
        "Das Passwort ist bei Ben im Tresor hinterlegt",
        "Our password is generated automatically each quarter",
        "The wifi password is printed beneath the router's lid",
        "Ben changed the password to version 2 of the vault",
        "We changed the password hash to bcrypt12",
        "Ada set the password length to 12-character words",
        "We reset each password to something random",
        "KEY_LAYOUT=de-latin1-nodeadkeys",
        "First pass: remove dead code paths",
        "Compass: Swedish design studio Malmö",
        "The ski pass is valid throughout winter season",
        "Der Pass ist wegen starkem Schneefall gesperrt",
        "The password is expiring next Tuesday morning",
        "Das Passwort ist seit gestern Abend abgelaufen",
        "Set the status pin to GPIO17",
        "Set the enable pin to 3.3V",
        "They changed the PIN to 6-digit codes",
        "We set the password length to 12 characters, and the password to 16+ signs",
        "set the pin to output mode first thing",
        "TOKEN_URL=login.weavers7.example/oauth2 and KEY_FILE=/etc/loom/key-2026.pem",
    ],
)
def test_talk_of_secrets_is_none(text: str) -> None:
    assert not has_secret(text)


@given(st.text(max_size=80))
def test_any_text_can_be_looked_through(text: str) -> None:
    assert has_secret(text) in (True, False)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "-",
        "password: ",
        "x.",
        "sk-",
        "http://a:",
        " ",
        "\n",
        "é",
        "SECRET_KEY_",
        "PIN ",
        "set password ",
        "a/B1",
    ],
)
def test_long_texts_take_no_long_time(unit: str) -> None:
    assert has_secret(unit * 20_000) in (True, False)
