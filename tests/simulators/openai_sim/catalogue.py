"""The models that the simulator serves, and what each accepts on Chat Completions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tools = Literal["yes", "effort_unset_or_none", "only_effort_none", "no"]


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """What sets a model apart.

    Attributes:
        window: Input tokens it takes.
        max_output: The largest token limit a request may ask for.
        efforts: Values of `reasoning_effort` it takes; empty for models that do not reason.
        default_effort: What applies when the request names none.
        tools: When function tools pass on Chat Completions.
        cache_breakpoints: Caches by breakpoint and bills the writes (gpt-5.6 and later).
        shutdown: Announced date, ISO; None when there is none.
        vision: Takes pictures.
        calls: Takes function tools at all, over any API.
    """

    id: str
    window: int
    max_output: int
    efforts: tuple[str, ...] = ()
    default_effort: str | None = None
    tools: Tools = "yes"
    cache_breakpoints: bool = False
    shutdown: str | None = None
    vision: bool = True
    calls: bool = True

    @property
    def reasons(self) -> bool:
        """Whether the model reasons, and so takes `max_completion_tokens` only."""
        return bool(self.efforts)


_FIRST = ("minimal", "low", "medium", "high")
_WITH_NONE = ("none", "low", "medium", "high")
_LATER = ("none", "low", "medium", "high", "xhigh")
_SIX = ("none", "low", "medium", "high", "xhigh", "max")
_SIX_ALWAYS = ("low", "medium", "high", "xhigh", "max")


def _six(
    name: str, efforts: tuple[str, ...] = _SIX, tools: Tools = "only_effort_none"
) -> ModelTraits:
    return ModelTraits(name, 922_000, 128_000, efforts, "medium", tools, cache_breakpoints=True)


_CHAT = (
    _six("gpt-6-astra", _SIX_ALWAYS, "no"),
    _six("gpt-6.1-sol", _SIX_ALWAYS, "no"),
    _six("gpt-6.1-terra"),
    _six("gpt-6-sol"),
    _six("gpt-6-luna"),
    _six("gpt-5.6-sol", _LATER),
    _six("gpt-5.6-terra", _LATER),
    _six("gpt-5.6-luna", _LATER),
    ModelTraits("gpt-5.5", 1_050_000, 128_000, _LATER, "none", "effort_unset_or_none"),
    ModelTraits("gpt-5.4", 1_050_000, 128_000, _LATER, "none", "effort_unset_or_none"),
    ModelTraits("gpt-5.4-mini", 272_000, 128_000, _LATER, "none", "effort_unset_or_none"),
    ModelTraits("gpt-5.2", 272_000, 128_000, _LATER, "none"),
    ModelTraits("gpt-5.1", 272_000, 128_000, _WITH_NONE, "none", shutdown="2027-04-01"),
    ModelTraits("gpt-5", 272_000, 128_000, _FIRST, "medium", shutdown="2026-12-11"),
    ModelTraits("gpt-5-mini", 272_000, 128_000, _FIRST, "medium", shutdown="2026-12-11"),
    ModelTraits("gpt-4.1", 1_047_576, 32_768, shutdown="2027-01-14"),
    ModelTraits("gpt-4.1-mini", 1_047_576, 32_768, shutdown="2027-01-14"),
    ModelTraits("gpt-4o", 128_000, 16_384, shutdown="2027-01-14"),
    ModelTraits("gpt-4o-mini", 128_000, 16_384, shutdown="2027-01-14"),
)
CHAT_MODELS: dict[str, ModelTraits] = {traits.id: traits for traits in _CHAT}


@dataclass(frozen=True, slots=True)
class EmbeddingTraits:
    """What sets a model of embeddings apart.

    Attributes:
        dimensions: Numbers of a vector, at most.
        window: Tokens of one input.
        inputs: Of one request.
        length: Of a vector.
    """

    dimensions: int
    window: int = 8192
    inputs: int = 2048
    length: float = 1.0


EMBEDDERS: dict[str, EmbeddingTraits] = {
    "text-embedding-3-small": EmbeddingTraits(1536),
    "text-embedding-3-large": EmbeddingTraits(3072),
}


def local_model(name: str, window: int = 8192) -> ModelTraits:
    """A model as a local server runs it: no reasoning rules, tools allowed, no pictures."""
    return ModelTraits(name, window, window, vision=False)
