"""Tool calls of a chat completion, put together from pieces that servers cut in their own ways.

OpenAI numbers its calls and sends an id with the first piece of each. Others leave the number out,
give every call the number 0, send no ids, repeat the id with every piece, or send a call whole.
So a call begins where an id has not been seen before; a piece without one goes on with the call
that has its number, or else with the latest.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model.port import ToolCall
from bot.model.wire import encodable, mapping, sequence, string

MOST_CALLS = 64
LONGEST_ARGUMENTS = 1_000_000
"""Characters of all arguments together; more is no call and must not fill the memory."""

_KNOWN = ("index", "id", "type", "function")


@dataclass(frozen=True, slots=True)
class CallPiece:
    """What one delta says of one call.

    `number` is None where the server gave none; `extra` holds fields that belong to the server.
    """

    number: int | None = None
    id: str = ""
    name: str = ""
    arguments: str = ""
    extra: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(slots=True)
class _Call:
    number: int | None
    id: str
    name: str
    arguments: str = ""
    extra: dict[str, object] = field(default_factory=dict[str, object])


class CallCollector:
    """Puts the calls of one answer together."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._size = 0

    def add(self, piece: CallPiece) -> None:
        """Take a piece. Raises ValueError when there is no end of them."""
        call = self._meant(piece)
        if call is None:
            call = _Call(piece.number, piece.id, piece.name)
            self._calls.append(call)
        call.id = call.id or piece.id
        call.name = call.name or piece.name
        call.arguments += piece.arguments
        call.extra.update(piece.extra)
        self._size += len(piece.arguments)
        if len(self._calls) > MOST_CALLS or self._size > LONGEST_ARGUMENTS:
            raise ValueError("the calls of tools have no end")

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The calls that have a name; those without an id, or with one that is taken, get one."""
        found: list[ToolCall] = []
        taken: set[str] = set()
        for number, call in self._named():
            id_ = encodable(call.id)
            id_ = id_ if id_ and id_ not in taken else f"call_{number}"
            taken.add(id_)
            found.append(ToolCall(id_, encodable(call.name), encodable(call.arguments)))
        return tuple(found)

    @property
    def extras(self) -> tuple[str, ...]:
        """What servers have put beside calls: JSON, by the call's id."""
        named = zip(self.calls, self._named(), strict=True)
        return tuple(
            encodable(json.dumps({**call.extra, "id": told.id}, ensure_ascii=False))
            for told, (_, call) in named
            if call.extra
        )

    def _named(self) -> list[tuple[int, _Call]]:
        return [(number, call) for number, call in enumerate(self._calls) if call.name]

    def _meant(self, piece: CallPiece) -> _Call | None:
        """The call that a piece goes on with; None where it begins one."""
        if piece.id:
            same = [call for call in self._calls if call.id == piece.id]
            # An id may come later than the number.
            late = [] if same else self._of_number(piece.number)
            same += [call for call in late[-1:] if not call.id and not call.arguments]
            return same[-1] if same else None
        if piece.number is not None:
            numbered = self._of_number(piece.number)
            if numbered and not _begins(piece, numbered[-1]):
                return numbered[-1]
            return None
        latest = self._calls[-1] if self._calls else None
        return None if latest is None or _begins(piece, latest) else latest

    def _of_number(self, number: int | None) -> list[_Call]:
        return [] if number is None else [call for call in self._calls if call.number == number]


def _begins(piece: CallPiece, call: _Call) -> bool:
    """A piece without an id, but with a name, that cannot belong to `call`."""
    if not piece.name or not call.name:
        return False
    return piece.name != call.name or _is_whole(call.arguments)


def _is_whole(arguments: str) -> bool:
    if not arguments.rstrip().endswith("}"):
        return False
    try:
        json.loads(arguments)
    except (ValueError, RecursionError):
        return False
    return True


def as_pieces(value: object) -> list[CallPiece]:
    """What `tool_calls` of a delta holds; what is not understood is passed over."""
    return [_piece(call) for each in sequence(value) if (call := mapping(each))]


def _piece(call: Mapping[str, object]) -> CallPiece:
    function = mapping(call.get("function"))
    number = call.get("index")
    arguments = function.get("arguments")
    if isinstance(arguments, dict):
        arguments = json.dumps(arguments)
    return CallPiece(
        number if isinstance(number, int) else None,
        string(call.get("id")),
        string(function.get("name")),
        string(arguments),
        {name: each for name, each in call.items() if name not in _KNOWN and each is not None},
    )
