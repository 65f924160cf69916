"""A command as it was typed, and what carries it out."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass

from bot.spec import AdapterSpec, Variable


@dataclass(frozen=True, slots=True)
class Typed:
    """What a command is given.

    Attributes:
        arguments: Of the parser in `bot.cli`.
        specs: All adapters that there are.
        environ: The environment over `.env`.
    """

    arguments: argparse.Namespace
    specs: tuple[AdapterSpec, ...]
    environ: Mapping[str, str | None]


Command = Callable[[Typed], Coroutine[None, None, int]]
"""Carries a command out and returns the exit code: 0 good, 1 failed, 2 wrong settings or usage.

Raises BobbinError.
"""


def optional(specs: Sequence[AdapterSpec]) -> Sequence[Variable]:
    """Variables that `run` has an option for, too."""
    return [each for spec in specs for each in spec.variables if each.option]
