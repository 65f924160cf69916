"""Finding adapters by entry point, and calling what their specs name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pkgutil import resolve_name

from bot.spec import AdapterSpec

logger = logging.getLogger(__name__)

GROUP = "bobbin.adapters"


def find_adapters() -> tuple[AdapterSpec, ...]:
    """The specs of all installed adapters, by name. Importing one loads no SDK.

    One that cannot be imported is left out and logged: it must not take the others down.
    """
    found: dict[str, AdapterSpec] = {}
    for point in entry_points(group=GROUP):
        try:
            spec = point.load()
        except ImportError as error:
            logger.warning("the adapter %s cannot be imported: %s", point.name, error)
            continue
        if isinstance(spec, AdapterSpec):
            found[spec.name] = spec
    return tuple(found[name] for name in sorted(found))


def resolve(target: str) -> Callable[..., object]:
    """What "module:function" names; this is where an adapter's SDK is imported."""
    found = resolve_name(target)
    if not callable(found):
        raise TypeError(f"{target} is not callable")
    return found


def values_for(spec: AdapterSpec, values: Mapping[str, str]) -> dict[str, str]:
    """The part of the settings that an adapter has asked for."""
    names = (*(variable.name for variable in spec.variables), *spec.uses)
    return {name: values[name] for name in names if name in values}
