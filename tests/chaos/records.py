"""From what the simulators recorded to what is checked and told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from tests.chaos.ledger import Records, Said
from tests.chaos.plan import Plan, Platform
from tests.chaos.town import Acme, Weavers, side_of
from tests.chaos.weather import BREAKS, PretendModel

_END = re.compile(r"end-A(\d+)")
_WRITES = re.compile(r"(POST|PATCH) /channels/\{channel_id\}/messages(/\{message_id\})?$")
_SLACK_WRITES = frozenset({"chat.postMessage", "chat.update"})


@dataclass(slots=True)
class Arrivals:
    """When the end of each answer first reached its platform; reads each request once."""

    at: dict[int, float] = field(default_factory=dict[int, float])
    _read: Counter[Platform] = field(default_factory=Counter[Platform])

    def look(self, weavers: Weavers, acme: Acme) -> None:
        """Read what has arrived since the last look."""
        for platform, number, text, at in self._new(weavers, acme):
            self._read[platform] = number
            for mark in _END.findall(text):
                self.at.setdefault(int(mark), at)

    def _new(self, weavers: Weavers, acme: Acme) -> Iterator[tuple[Platform, int, str, float]]:
        posts = weavers.sim.requests
        for number in range(self._read["discord"], len(posts)):
            post = posts[number]
            if _WRITES.match(post.route) and isinstance(post.body, dict):
                yield "discord", number + 1, str(post.body.get("content")), post.at
        calls = acme.sim.requests
        for number in range(self._read["slack"], len(calls)):
            call = calls[number]
            if call.api in _SLACK_WRITES:
                # With controls under it the text stands in a block.
                said = (call.params.get(name) for name in ("markdown_text", "blocks"))
                yield "slack", number + 1, " ".join(map(str, said)), call.at


def collect(plan: Plan, weavers: Weavers, acme: Acme, model: PretendModel) -> Records:
    """Everything that is checked, as it stands now."""
    standing = [side_of(thread.platform, weavers, acme).standing(thread) for thread in plan.threads]
    broken = frozenset(asked.number for asked in model.asked if asked.fault in BREAKS)
    refused = frozenset(token for asked in model.asked if asked.fault for token in asked.tokens)
    return Records(
        said=[*weavers.said, *acme.said],
        standing=standing,
        homeless={"discord": list(weavers.homeless()), "slack": list(acme.homeless())},
        broken=broken,
        refused=refused,
        asked={asked.number: asked.tokens for asked in model.asked},
    )


@dataclass(frozen=True, slots=True, order=True)
class Wait:
    """How long somebody waited: seconds from a message to the end of the first answer to it."""

    seconds: float
    said: Said = field(compare=False)


def waits(
    said: Sequence[Said], model: PretendModel, arrivals: Mapping[int, float]
) -> Sequence[Wait]:
    """Of each message that was answered, the longest last."""
    answered: dict[str, float] = {}
    for asked in model.asked:
        at = arrivals.get(asked.number)
        if at is not None:
            for token in asked.tokens:
                answered[token] = min(at, answered.get(token, at))
    return sorted(
        Wait(answered[each.token] - each.at, each) for each in said if each.token in answered
    )


def refusals(weavers: Weavers, acme: Acme) -> Mapping[Platform, int]:
    """429 answers given."""
    return {
        "discord": sum(weavers.sim.refused.values()),
        "slack": sum(request.status == 429 for request in acme.sim.requests),
    }


def requests_of(said: Sequence[Said], model: PretendModel) -> int:
    """Requests to the model for answers on a platform."""
    tokens = {each.token for each in said}
    return sum(1 for asked in model.asked if asked.tokens and asked.tokens[0] in tokens)
