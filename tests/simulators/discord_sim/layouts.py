"""Components V2: what a message may be made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tests.simulators.discord_sim.errors import ApiError, invalid_field, invalid_form, problem
from tests.simulators.discord_sim.fields import Tree, anything, array, nested, optional, text, truth
from tests.simulators.discord_sim.mentions import component_texts
from tests.simulators.discord_sim.model import COMPONENTS_V2

ROW, BUTTON, SELECT, TEXT, SECTION, CONTAINER, SEPARATOR = 1, 2, 3, 10, 9, 17, 14
TEXT_TOTAL = 4000
MOST = 40

# What may stand at the top of a message, and in what.
_TOP = {ROW, SECTION, TEXT, 12, 13, SEPARATOR, CONTAINER}
_WITHIN = {
    ROW: {BUTTON, SELECT, 5, 6, 7, 8},
    SECTION: {TEXT},
    CONTAINER: {ROW, TEXT, SECTION, 12, 13, SEPARATOR},
}
_ALONE = {SELECT, 5, 6, 7, 8}
_LEGACY = ("content", "embeds", "poll", "sticker_ids")


def every(components: Iterable[Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    """Return components and all that is in them."""
    for component in components:
        yield component
        yield from every(component.get("components") or ())
        if component.get("accessory"):
            yield component["accessory"]


def check_v2(body: Mapping[str, Any], components: Sequence[Mapping[str, Any]]) -> None:
    """Check a message of components.

    Raises:
        ApiError: it has other content too, nothing at all, too many components or too much text,
            or one of them stands where it cannot.
    """
    for name in _LEGACY:
        if body.get(name):
            raise invalid_field(
                name,
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
            )
    if not components:
        raise ApiError(50006)
    if sum(map(len, component_texts(components))) > TEXT_TOTAL:
        raise invalid_field(
            "components", "COMPONENT_MAX_TOTAL_LENGTH", f"Must be {TEXT_TOTAL} or fewer in length."
        )
    if len(list(every(components))) > MOST:
        raise invalid_field("components", "COMPONENT_MAX_TOTAL", f"Must be {MOST} or fewer.")
    _check_places(components, _TOP)


def check_legacy(components: Sequence[Mapping[str, Any]]) -> None:
    """Check the components of a message that has none of the new ones.

    Raises:
        ApiError: something else than five rows of buttons and lists.
    """
    if len(components) > 5:
        raise invalid_field("components", "BASE_TYPE_MAX_LENGTH", "Must be 5 or fewer in length.")
    _check_places(components, {ROW})


def check_kept(flags: int, before: int) -> None:
    """Check that a message stays one of components.

    Raises:
        ApiError: an edit takes the flag away.
    """
    if before & COMPONENTS_V2 & ~flags:
        raise invalid_field("flags", "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2", "V2 is for good.")


def _check_button(button: Mapping[str, Any]) -> None:
    style = button.get("style")
    # A link has an address in the place of an id.
    wanted = {5: "url", 6: "sku_id"}.get(style, "custom_id")
    if style is None or not button.get(wanted):
        raise invalid_field("components", "BASE_TYPE_REQUIRED", f"{wanted} is required")
    if not (button.get("label") or "").strip() and not button.get("emoji"):
        raise invalid_field(
            "components", "BUTTON_COMPONENT_MISSING_LABEL", "A button needs a label or an emoji."
        )


def _options(value: Any) -> Tree | None:
    tree = array(_OPTION, 25)(value)
    if tree is None and len({option["value"] for option in value}) < len(value):
        tree = problem("SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", "Values must be unique.")
    if tree is None and not value:
        tree = problem("BASE_TYPE_BAD_LENGTH", "Must be between 1 and 25 in length.")
    return tree


_OPTION = nested(
    {
        "label": text(1, 100),
        "value": text(1, 100),
        "description": optional(text(0, 100)),
        "emoji": anything,
        "default": truth,
    },
    ("label", "value"),
)


def _check_places(components: Sequence[Mapping[str, Any]], allowed: set[int]) -> None:
    names: set[str] = set()
    for component in every(components):
        custom_id = component.get("custom_id")
        if custom_id in names:
            raise invalid_field(
                "components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id duplicated"
            )
        names |= {custom_id} if custom_id else set()
    for component in components:
        kind = component["type"]
        if kind not in allowed:
            raise invalid_field(
                "components", "UNION_TYPE_CHOICES", f"Type {kind} not allowed here."
            )
        if kind == BUTTON:
            _check_button(component)
        if kind == SELECT and (tree := _options(component.get("options"))):
            raise invalid_form({"components": tree})
        if kind in _ALONE and len(components) > 1:
            raise invalid_field(
                "components", "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A list takes a whole row."
            )
        inner = component.get("components") or ()
        if kind == ROW and not 1 <= len(inner) <= 5:
            raise invalid_field("components", "BASE_TYPE_BAD_LENGTH", "Between 1 and 5.")
        if inner:
            _check_places(inner, _WITHIN.get(kind, set()))
