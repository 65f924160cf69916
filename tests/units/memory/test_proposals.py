"""What a fold proposes, on its way through the store."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.chat import MessageRef
from bot.memories import Kind, Scope
from bot.memory.gates import Admitted
from bot.memory.proposals import dump, load, propose
from bot.records import Entry

ENTRIES = [
    Entry("user", f"words {seq} \ud83d\n", 1.0, "u1", "Ada", (f"m{seq}",), seq=seq)
    for seq in (4, 5, 6)
]
ITEM = Admitted("Ada owns\u2028it", Kind.TASK, "Ada", ("a", "b"), 86_400.0, "u1", ("m4", "m6"))
BELOW = MessageRef("C|1", "m6")
SCOPE = Scope.of_channel("slack", "T", "C|1")


def test_they_come_back_as_they_were_on_one_line() -> None:
    proposals = propose("fold-1", SCOPE, 3, ENTRIES, [ITEM, replace(ITEM, tags=())], 1.5, BELOW)
    line = dump(proposals)
    assert line.splitlines() == [line] and line.isascii()
    assert load(line) == proposals
    assert (proposals.after, proposals.upto, set(proposals.said)) == (3, 6, {4, 6})


def test_what_an_earlier_version_has_proposed_is_read() -> None:
    proposals = propose("fold-1", SCOPE, 3, ENTRIES, [ITEM], 1.5, BELOW)
    earlier = json.dumps(json.loads(dump(proposals))[:6])
    assert load(earlier) == replace(proposals, at=0.0, below=MessageRef("", ""))


def test_only_what_still_reads_as_it_did_counts() -> None:
    proposals = propose("fold-1", SCOPE, 3, ENTRIES, [ITEM], 1.5, BELOW)
    changed = [ENTRIES[0], ENTRIES[1], replace(ENTRIES[2], text="other words")]
    assert proposals.still_said(changed) == {"m4"}
    assert proposals.still_said([]) == frozenset()


@pytest.mark.parametrize(
    "line", ["", "{}", "[]", "[1,2,3,4,5,6]", '["k","scope",0,1,[],[]]', '["k",1,0,1,[[]],[]]']
)
def test_anything_else_is_refused(line: str) -> None:
    with pytest.raises(ValueError):
        load(line)
