"""The graph of the memory server for MCP: its `memory.jsonl`, or what its `read_graph` returns.

Each observation becomes a memory about its entity, and each relation one sentence.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from bot.memories import Kind
from bot.memory.formats.items import Broken, Learnt
from bot.memory.formats.shape import digest, mapping, sequence, text, texts
from bot.memory.formats.streams import Element


def read_lines(lines: Iterable[tuple[int, str]]) -> Iterator[Learnt | Broken]:
    """The memories of numbered lines in order."""
    for number, line in lines:
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            value = json.loads(line)
        except RecursionError:
            yield Broken(where, "not valid JSON: nested too deeply")
        except ValueError:
            yield Broken(where, "not valid JSON")
        else:
            yield from _learnt(where, text(mapping(value).get("type")), value)


def read_graph(elements: Iterable[Element]) -> Iterator[Learnt | Broken]:
    """The memories of a graph that is one object."""
    kinds = {"entities": "entity", "relations": "relation"}
    for element in elements:
        yield from _learnt(
            f"entry {element.number}", kinds.get(element.key, element.key), element.value
        )


def _learnt(where: str, kind: str, value: Any) -> Iterator[Learnt | Broken]:
    part = mapping(value)
    match kind:
        case "entity":
            name, observations = text(part.get("name")).strip(), part.get("observations")
            said = texts(observations)
            if not name:
                yield Broken(where, "the entity has no name")
            elif not isinstance(observations, list) or len(said) != len(sequence(observations)):
                yield Broken(where, "observations: it should be an array of texts")
            else:
                yield from _entity(where, name, text(part.get("entityType")), said)
        case "relation":
            ends = [text(part.get(key)).strip() for key in ("from", "relationType", "to")]
            if all(ends):
                source, how, target = ends
                yield Learnt(
                    where,
                    f"mcp-memory:{digest('relation', *ends)}",
                    f"{source} {how.replace('_', ' ')} {target}",
                    Kind.FACT,
                    subject=source,
                )
            else:
                yield Broken(where, "a relation has from, to and relationType")
        case _:
            yield Broken(where, "this is neither an entity nor a relation")


def _entity(where: str, name: str, kind: str, observations: tuple[str, ...]) -> Iterator[Learnt]:
    if not observations:
        content = f"{name} ({kind})" if kind.strip() else name
        link = f"mcp-memory:{digest('entity', name)}"
        yield Learnt(where, link, content, Kind.FACT, (kind,), name)
    for observation in observations:
        # Alone, an observation would not say whom it is about.
        about = name.casefold() in observation.casefold()
        yield Learnt(
            where,
            f"mcp-memory:{digest('observation', name, observation)}",
            observation if about else f"{name}: {observation}",
            Kind.FACT,
            (kind,),
            name,
        )
