"""What a request costs and until when a model is offered, as far as prices.json knows.

The figures are dated and stay estimates: discounts, service tiers and later changes are not in
them. A model that is not listed has no price, which is not the same as costing nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from importlib.resources import files

from bot.model.port import Usage
from bot.model.wire import mapping, string

LONG_PROMPT = 272_000
"""Tokens; a prompt over it is billed at the higher rates as a whole."""

_SNAPSHOT = re.compile(r"-\d{4}-\d{2}-\d{2}$")


@dataclass(frozen=True, slots=True)
class Rates:
    """US dollars per million tokens, which is millionths of a dollar per token."""

    prompt: float
    cached: float
    written: float
    completion: float

    def cost(self, usage: Usage) -> float:
        """Millionths of a dollar; cached and written tokens are part of the prompt's."""
        plain = max(0, usage.prompt - usage.cached - usage.written)
        return (
            plain * self.prompt
            + usage.cached * self.cached
            + usage.written * self.written
            + usage.completion * self.completion
        )


@dataclass(frozen=True, slots=True)
class PriceList:
    """Rates by model, the higher ones for long prompts, and the days models are switched off.

    `minutes` are US dollars for a minute of sound.
    """

    rates: Mapping[str, Rates]
    long_rates: Mapping[str, Rates]
    retirements: Mapping[str, date]
    minutes: Mapping[str, float] = field(default_factory=dict[str, float])

    @classmethod
    def parse(cls, text: str) -> PriceList:
        """Read the format of prices.json.

        Raises:
            ValueError: It is not JSON, or a figure or date in it is none.
        """
        data = mapping(json.loads(text))
        rates: dict[str, Rates] = {}
        long_rates: dict[str, Rates] = {}
        for name, value in mapping(data.get("models")).items():
            figures = mapping(value)
            rates[name] = base = _rates(figures, {})
            if above := mapping(figures.get("above_272k")):
                dearer = _figure(above, "input", base.prompt) / base.prompt if base.prompt else 1.0
                long_rates[name] = _rates(above, {**figures, "cache_write": base.written * dearer})
        retirements = {
            name: date.fromisoformat(string(day))
            for name, day in mapping(data.get("retires")).items()
        }
        heard = mapping(data.get("minutes"))
        minutes = {name: _figure(heard, name, None) for name in heard}
        return cls(rates, long_rates, retirements, minutes)

    def knows(self, model: str) -> bool:
        """There is a price for this model."""
        return _listed(model, self.rates) is not None

    def cost_micros(self, model: str, usage: Usage) -> int | None:
        """See the function of this name."""
        if usage.seconds and (heard := _listed(model, self.minutes)) is not None:
            return round(usage.seconds / 60 * self.minutes[heard] * 1e6)
        name = _listed(model, self.rates)
        if name is None:
            return None
        long = usage.prompt > LONG_PROMPT
        rates = self.long_rates.get(name, self.rates[name]) if long else self.rates[name]
        return round(rates.cost(usage))

    def retires_on(self, model: str) -> date | None:
        """See the function of this name."""
        name = _listed(model, self.retirements)
        return None if name is None else self.retirements[name]


def cost_micros(model: str, usage: Usage) -> int | None:
    """Estimated cost of a request in millionths of a US dollar, None for an unknown model.

    Args:
        model: Its name, with or without the date of a snapshot.
        usage: Tokens, of which `completion` includes reasoning; or seconds of sound.
    """
    return BUNDLED.cost_micros(model, usage)


def retires_on(model: str) -> date | None:
    """The day the provider switches the model off, None when none was announced.

    Args:
        model: Its name, with or without the date of a snapshot.
    """
    return BUNDLED.retires_on(model)


def _listed(model: str, table: Mapping[str, object]) -> str | None:
    if model in table:
        return model
    family = _SNAPSHOT.sub("", model)
    return family if family in table else None


def _rates(figures: Mapping[str, object], defaults: Mapping[str, object]) -> Rates:
    """Rates with what is missing taken from `defaults`, else from the price of plain input."""
    merged = {**defaults, **figures}
    prompt = _figure(merged, "input", None)
    return Rates(
        prompt=prompt,
        cached=_figure(merged, "cached", prompt),
        written=_figure(merged, "cache_write", prompt),
        completion=_figure(merged, "output", None),
    )


def _figure(figures: Mapping[str, object], name: str, default: float | None) -> float:
    value = figures.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise ValueError(f"no usable price for {name}: {value!r}")
    return float(value)


BUNDLED = PriceList.parse(files("bot.model").joinpath("prices.json").read_text(encoding="utf-8"))
"""The list that comes with Bobbin."""
