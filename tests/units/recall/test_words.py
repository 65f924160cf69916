"""Taking texts apart: what finds what, and that nothing can go wrong with any text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.recall.words import LONGEST_WHOLE, Words

WORDS = Words()


def finds(question: str, text: str) -> bool:
    """Whether all that a question looks for is in a text."""
    asked = WORDS.asked(question)
    return bool(asked) and set(asked) <= set(WORDS.terms(text))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nodejs", "node.js"),
        ("NodeJS", "node.js"),
        ("node.js", "Node.js is old"),
        ("C++", "written in c++"),
        ("C#", "some C#, some F#"),
        ("c++17", "C++17"),
        (".NET", "on .NET"),
        ("v1.2.3", "version 1.2.3"),
        ("1.2", "since v1.2.3"),
        ("python 3.12", "python3.12"),
        ("foo_bar", "fooBar"),
        ("foo bar", "foo_bar"),
        ("foo-bar", "foobar and foo or bar"),
        ("ada@example.com", "Write to Ada@Example.com."),
        ("example.com", "ada@example.com"),
        ("/etc/nginx/nginx.conf", "it is in /etc/nginx/nginx.conf now"),
        ("nginx.conf", "/etc/nginx/nginx.conf"),
        ("#123", "see #123"),
        ("123", "see #123"),
        ("@ada", "Ada said so"),
        ("ada's", "Ada"),
        ("O’Brien", "O'Brien's"),
        ("CI/CD", "ci/cd"),
        ("USA", "U.S.A."),
        ("1,000,000", "1000000"),
        ("2024", "on 2024-05-01"),
        ("databases", "the database"),
        ("café", "CAFE"),
        ("straße", "STRASSE"),
        ("ｆｕｌｌ", "full"),
        ("базы", "базами данных"),
        ("ёлка", "Елка"),
        ("數據", "數據庫"),
        ("库", "数据库"),
        ("データベース", "データベースを移行する"),
        ("데이터베이스", "데이터베이스를"),
        ("ข้อมูล", "ฐานข้อมูล"),
        ("βάσεις", "βασεις"),
        ("كتاب", "كِتَاب"),
        ("🚀", "launch 🚀 today"),
        ("IT", "the IT department"),
        ("password", "pass\u200bword"),
        ("Donaudampf", "Donau\u00addampf"),
        ("میخواهم", "می\u200cخواهم"),
        ("123", "١٢٣"),
        # Younger than Python's tables of digits.
        ("loom", "loom \U0001ccf0\U0001e4f0"),
        ("v2", "since v2.1.3"),
    ],
)
def test_one_way_of_writing_finds_the_other(one: str, other: str) -> None:
    assert finds(one, other)


@pytest.mark.parametrize(
    ("question", "text"),
    [("C++", "C"), ("C#", "C"), ("1.2.3", "1.3.2"), ("数据", "据数"), ("#123", "1234")],
)
def test_what_differs_in_earnest_is_not_found(question: str, text: str) -> None:
    assert not finds(question, text)


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("what's my database?", ("databas",)),
        ("What database do I use?", ("databas", "use")),
        ("don't you know who we're with", ()),
        ("the who", ()),
    ],
)
def test_questions_look_for_what_says_something(question: str, asked: tuple[str, ...]) -> None:
    found = WORDS.asked(question)
    assert found == asked if asked else not set(found) & set(WORDS.terms(question))


@given(st.text())
def test_any_text_can_be_taken_apart_and_always_in_the_same_way(text: str) -> None:
    terms = WORDS.terms(text)
    assert terms == Words().terms(text) == WORDS.terms(text)
    assert WORDS.asked(text) == Words().asked(text)
    assert all(0 < len(term) <= LONGEST_WHOLE for term in terms)
    # However often a word is there, it is taken apart in the same way.
    assert set(WORDS.terms(f"{text} {text}")) == set(terms)


@given(st.text(alphabet="ab1.+-_#@/:'&,' \u0301中ーกК\ud800AZv"))
def test_heaps_of_signs_as_well(text: str) -> None:
    terms = set(WORDS.terms(text))
    assert all(term for term in terms)
    assert len(WORDS.asked(text)) == len(set(WORDS.asked(text)))


@given(st.lists(st.sampled_from("alpha node.js C++ v1.2 foo_bar 中文 what's x@y.z".split())))
def test_a_text_has_the_terms_of_its_parts(parts: list[str]) -> None:
    assert WORDS.terms(" ".join(parts)) == [term for part in parts for term in WORDS.terms(part)]


@pytest.mark.parametrize(
    "sign", ["a", "a.", "'", "a+", "/", "中", "1,", ".a", "aB", "a\u0301", "#", "a'", "1.", "://"]
)
def test_a_huge_text_takes_no_more_than_its_length(sign: str) -> None:
    """By the square of its length it would take hours, and the time-out would end it."""
    text = sign * 100_000
    assert len(WORDS.terms(text)) < 4 * len(text)
