"""Discord's markup, read and cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.discord.markup import MAX_CHARS, measure, pieces, quote, readable
from adapters.discord.values import Names, Own

OWN = Own("100000000000000001", "100000000000000002")
ME = f"<@{OWN.user}>"
ROLE = f"<@&{OWN.role}>"
NAMES = Names(
    users={"200000000000000001": "Ada", OWN.user: "Bobbin"},
    roles={"200000000000000002": "weavers", OWN.role: "Bobbin"},
    channels={"200000000000000003": "general"},
)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (f"{ME} hello", "hello"),
        (f"<@!{OWN.user}> hello", "hello"),
        (f"{ROLE} hello", "hello"),
        (f"{ME}, hello", "hello"),
        (f"{ME}: hello", "hello"),
        (f"  {ME}{ROLE}  hello", "hello"),
        (f"hey {ME} hello", "hey hello"),
        (f"hello {ME}", "hello"),
        (f"hello {ME}!", "hello!"),
        (f"so{ME}what", "sowhat"),
        (f"one\n{ME} two", "one\ntwo"),
        (f"one {ME}\ntwo", "one\ntwo"),
        (ME, ""),
        (f" {ME} {ME} ", ""),
        (f"{ME} :)", ":)"),
        ("<@200000000000000001> and <@!200000000000000001>", "@Ada and @Ada"),
        ("<@&200000000000000002> in <#200000000000000003>", "@weavers in #general"),
        ("<@300000000000000001> <@&300000000000000002>", "@user @role"),
        ("<#300000000000000003>", "#channel"),
        ("<:loom:400000000000000001><a:spin:400000000000000002>", ":loom::spin:"),
        ("</summary:400000000000000001>", "/summary"),
        ("<t:1700000000:R> <t:1700000000>", "2023-11-14 22:13 UTC 2023-11-14 22:13 UTC"),
        ("<t:999999999999>", "some time"),
        ("so ||it was <@200000000000000001>|| then", "so (spoiler: it was @Ada) then"),
        ("a || b", "a || b"),
        ("-# small\nx -# y", "small\nx -# y"),
        ("so\n>>> all\nof this", "so\n> all\n> of this"),
        (
            "<id:customize> <id:browse> <id:home>",
            "#Channels & Roles #Browse Channels #Server Guide",
        ),
        (f"`{ME}`", f"`{ME}`"),
        (f"```\n<@200000000000000001>\n``` {ME}", "```\n<@200000000000000001>\n```"),
        ("a < b <notamention> <@x>", "a < b <notamention> <@x>"),
        ("\0a\0", "a"),
        ("  spaced  ", "spaced"),
    ],
)
def test_mentions_become_names(raw: str, shown: str) -> None:
    assert readable(raw, NAMES, OWN) == shown


def test_without_an_own_identity_nothing_is_taken_out() -> None:
    assert readable(f"{ME} hello", NAMES) == "@Bobbin hello"


def test_quotes_keep_empty_lines() -> None:
    assert quote("a\n\nb") == "> a\n> \n> b"


@given(st.text())
def test_text_without_markup_stays(text: str) -> None:
    plain = text.replace("<", "").replace("\0", "")
    assert readable(plain, NAMES, OWN) == plain.strip()


@given(st.lists(st.sampled_from([ME, ROLE, " ", "\n", "x", ",", "`", "<", ">", "<@200>"])))
def test_reading_any_mixture_ends_and_leaves_no_blanks_at_the_ends(parts: list[str]) -> None:
    shown = readable("".join(parts), NAMES, OWN)
    assert shown == shown.strip()
    assert "\0" not in shown


@given(st.text())
def test_the_measure_is_at_least_every_way_of_counting_characters(text: str) -> None:
    assert measure(text) >= len(text)
    assert measure(text) == len(text.encode("utf-16-le", "surrogatepass")) // 2


def test_the_longest_text_is_within_what_discord_takes() -> None:
    assert 1900 <= MAX_CHARS <= 2000


@given(st.text(alphabet="ab \n\U0001f9f5", max_size=300), st.integers(4, 40))
def test_pieces_lose_no_word_and_fit(text: str, limit: int) -> None:
    parts = pieces(text, limit)
    assert all(part and measure(part) <= limit for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_pieces_are_cut_at_lines() -> None:
    assert pieces("one two\nthree four\nfive", 12) == ["one two", "three four", "five"]
