"""What `bobbin tokens create` takes."""

from __future__ import annotations

import argparse

import pytest

from bot.shell.tokens import add_tokens_parser


def _read(*options: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_tokens_parser(parser.add_subparsers())
    return parser.parse_args(["tokens", "create", "slack:T1:U7", *options])


def test_what_it_opens_is_read() -> None:
    read = _read("--channel", "T1:C2", "--channel", "T1:C3", "--workspace", "T1", "--days", "0")
    assert read.channel == [("T1", "C2"), ("T1", "C3")]
    assert (read.workspace, read.direct, read.days) == (["T1"], [], 0)


@pytest.mark.parametrize(
    "wrong",
    [
        *(("--days", each) for each in ("-3", "x", "1.5", "99999999")),
        *(("--channel", each) for each in ("C2", ":C2", "T1:", "T1:C2:3")),
        *(("--workspace", each) for each in ("", "T1:C2")),
        ("--direct", "T1:U7"),
    ],
)
def test_what_opens_nothing_or_ends_at_no_time_is_refused(
    wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        _read(*wrong)
    assert ended.value.code == 2
    assert repr(wrong[1]) in capsys.readouterr().err
