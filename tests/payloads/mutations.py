"""Spoiling JSON: keys dropped, types swapped, nested deeply, blown up, ids of somebody else."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

Path = tuple[str | int, ...]

DEPTH = 60


def _nested(kind: type) -> object:
    value: object = 1
    for _ in range(DEPTH):
        value = [value] if kind is list else {"id": value}
    return value


ODD: Sequence[object] = (
    None,
    True,
    False,
    0,
    -1,
    7,
    2**63,
    10**40,
    1.5,
    -0.0,
    1e300,
    float("inf"),
    float("nan"),
    "",
    " ",
    "0",
    "-5",
    "1e3",
    "null",
    "\x00",
    "\x02",
    "\x020\x03",
    "\ud83d",
    "٣" * 10,
    "9" * 400,
    "9" * 5000,
    "x" * 20_000,
    "<@" * 3000,
    "`" * 3001,
    [],
    {},
    [None],
    [[]],
    [{}],
    [0, "a", None],
    {"id": None},
    {"": ""},
    {"id": "1", "name": ["x"]},
    _nested(list),
    _nested(dict),
)
"""Values that no field expects, or only some."""


def paths(value: object, here: Path = ()) -> Iterator[Path]:
    """Every place in a JSON value, the value itself included."""
    yield here
    if isinstance(value, dict):
        for key, item in value.items():
            yield from paths(item, (*here, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from paths(item, (*here, number))


def _at(value: Any, path: Path) -> Any:
    for step in path:
        value = value[step]
    return value


def put(value: Any, path: Path, new: object) -> Any:
    """A copy of `value` with `new` in one place."""
    if not path:
        return new
    result = copy.deepcopy(value)
    _at(result, path[:-1])[path[-1]] = new
    return result


def drop(value: Any, path: Path) -> Any:
    """A copy of `value` without what is in one place."""
    result = copy.deepcopy(value)
    del _at(result, path[:-1])[path[-1]]
    return result


@st.composite
def mutated(
    draw: st.DrawFn, originals: Sequence[Mapping[str, Any]], *, most: int = 3, others: Any = ()
) -> Any:
    """One of `originals` with up to `most` things amiss, sometimes none.

    Args:
        originals: Payloads, which stay as they are.
        most: Changes at once.
        others: Further values to put in any place, such as ids that belong somewhere else.
    """
    value: Any = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(0, most))):
        places = [path for path in paths(value) if path]
        if not places:
            break
        path = draw(st.sampled_from(places))
        way = draw(st.sampled_from(("drop", "odd", "odd", "other", "swap", "wrap", "repeat")))
        old = _at(value, path)
        match way:
            case "drop":
                value = drop(value, path)
            case "odd":
                value = put(value, path, draw(st.sampled_from(ODD)))
            case "other":
                value = put(value, path, draw(st.sampled_from((*others, *ODD))))
            case "swap":
                value = put(value, path, _at(value, draw(st.sampled_from(places))))
            case "wrap":
                value = put(value, path, draw(st.sampled_from(([old], {"id": old}, str(old)))))
            case _:
                value = put(value, path, old * 3 if isinstance(old, list | str) else [old] * 3)
    return value
