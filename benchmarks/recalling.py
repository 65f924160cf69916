"""How well recall finds what answers questions, on the invented teams; and that it tells nothing
in a place that not everybody there may read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.figures import table
from benchmarks.hits import DEEPEST, Asked, cells, heads, recall
from benchmarks.library import KeptEmbedder, Library, open_library
from benchmarks.local_model import MISSING, by_meaning, open_local
from benchmarks.teams import CATEGORIES, LEAK, Team, load


@dataclass(slots=True)
class Result:
    """What one way of searching came to.

    Attributes:
        asked: Questions that have an answer where they are asked.
        leaks: Ids of questions, traps or not, with a hit that must not be read there.
        traps: How many questions are traps.
    """

    asked: list[Asked] = field(default_factory=list[Asked])
    leaks: list[str] = field(default_factory=list[str])
    traps: int = 0


async def measure() -> dict[str, Result]:
    """Ask everything by words alone, by embeddings alone and by both, as far as can be."""
    teams = load()
    results = {"words (BM25)": await searched(teams, None)}
    async with open_local() as embedder:
        if embedder is not None:
            results["embeddings (MiniLM)"] = await _by_meaning(teams, embedder)
            results["both"] = await searched(teams, embedder)
    return results


async def searched(teams: Sequence[Team], embedder: KeptEmbedder | None) -> Result:
    """What the bot's own search finds, from the store on."""
    result = Result()
    async with open_library(embedder) as library:
        for team in teams:
            await _take(library, team)
        for team in teams:
            await library.fill(team.grant(question) for question in team.questions)
            for question in team.questions:
                found = await library.find(team.grant(question), question.text, DEEPEST)
                if not team.readable(question.place).issuperset(found):
                    result.leaks.append(question.id)
                if question.category == LEAK:
                    result.traps += 1
                else:
                    result.asked.append(Asked(question.category, question.evidence, found))
    return result


async def _take(library: Library, team: Team) -> None:
    for talk in team.conversations:
        names = [f"{talk.id}.{number}" for number in range(1, len(talk.turns) + 1)]
        await library.take_talk(team.thread(talk), team.entries(talk), names, talk.confined)
    for each in team.memories:
        await library.take_memory(team.memory(each), each.id)


async def _by_meaning(teams: Sequence[Team], embedder: KeptEmbedder) -> Result:
    """The nearest of what may be read; the bot never searches like this."""
    result = Result()
    for team in teams:
        texts = dict(team.texts())
        for question in team.questions:
            if question.category != LEAK:
                among = team.readable(question.place)
                found = await by_meaning(embedder, question.text, texts, among, DEEPEST)
                result.asked.append(Asked(question.category, question.evidence, found))
    return result


def report(results: dict[str, Result]) -> str:
    """Totals, and recall at ten for each kind of question."""
    rows = [
        [
            way,
            *cells(result.asked),
            f"{len(result.leaks)} in {result.traps + len(result.asked)}" if result.traps else "–",
        ]
        for way, result in results.items()
    ]
    totals = table(["searched by", *heads(), "leaks"], rows)
    any_result = next(iter(results.values()))
    kinds = [kind for kind in CATEGORIES if kind != LEAK]
    parts = [
        [
            kind,
            str(sum(each.group == kind for each in any_result.asked)),
            *(
                f"{recall([each for each in result.asked if each.group == kind], 10):.3f}"
                for result in results.values()
            ),
        ]
        for kind in kinds
    ]
    by_kind = table(["R@10 of", "questions", *results], parts)
    told = f"{len(any_result.asked)} questions with an answer, {any_result.traps} traps."
    lacking = [] if len(results) > 1 else [MISSING]
    return "\n\n".join([totals, by_kind, told, *lacking])
