"""Forms (modals): what may be opened, and what somebody sends off."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.simulators.discord_sim.errors import ApiError, invalid_form, problem
from tests.simulators.discord_sim.fields import (
    Check,
    Tree,
    anything,
    array,
    check_body,
    nested,
    one_of,
    optional,
    text,
    truth,
    whole,
)

LABEL, TEXT_INPUT = 18, 4


def _custom_id(value: Any) -> Tree | None:
    return text(1, 100)(value)


_INPUT: dict[str, Check] = {
    "type": one_of(TEXT_INPUT),
    "id": whole(),
    "custom_id": _custom_id,
    # Within a label it has none of its own, which clients may say.
    "label": optional(text(0, 45)),
    "style": one_of(1, 2),
    "min_length": optional(whole(0, 4000)),
    "max_length": optional(whole(1, 4000)),
    "required": truth,
    "value": optional(text(0, 4000)),
    "placeholder": optional(text(0, 100)),
}
_LABEL: dict[str, Check] = {
    "type": one_of(LABEL),
    "id": whole(),
    "label": text(1, 45),
    "description": optional(text(0, 100)),
    "component": nested(_INPUT, ("type", "custom_id", "style")),
}
_FORM: dict[str, Check] = {
    "custom_id": _custom_id,
    "title": text(1, 45),
    "components": anything,
}


def check_form(data: Any, where: str, violations: list[str]) -> dict[str, Any]:
    """Return a form when it is right; only labelled text inputs are known here.

    Raises:
        ApiError: a field is wrong or missing, or there are more than five fields.
    """
    body = check_body(data, _FORM, ("custom_id", "title", "components"), where, violations)
    tree = array(nested(_LABEL, ("type", "label", "component")), 5)(body["components"])
    if tree or not body["components"]:
        missing = problem("BASE_TYPE_REQUIRED", "This field is required")
        raise invalid_form({"components": tree or missing})
    for label in body["components"]:
        inner = label["component"]
        violations.extend(
            f"{where}: unknown field {name!r}" for name in label if name not in _LABEL
        )
        violations.extend(
            f"{where}: unknown field {name!r}" for name in inner if name not in _INPUT
        )
    for at, label in enumerate(body["components"]):
        inner = label["component"]
        most = inner.get("max_length") or 4000
        if len(inner.get("value") or "") > most:
            tree = problem("BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
            raise invalid_form({"components": {str(at): {"component": {"value": tree}}}})
    names = [label["component"]["custom_id"] for label in body["components"]]
    if len(set(names)) < len(names):
        raise ApiError(50035, message="Component custom id cannot be duplicated")
    return body


def filled(form: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """Return what an interaction says of a form that somebody has filled in.

    Raises:
        ValueError: a field is missing, unknown, too short or too long.
    """
    names = {label["component"]["custom_id"] for label in form["components"]}
    if unknown := set(values) - names:
        raise ValueError(f"no such fields: {sorted(unknown)}")
    return {"custom_id": form["custom_id"], "components": list(_filled(form, values))}


def _filled(form: Mapping[str, Any], values: Mapping[str, str]) -> Iterable[dict[str, Any]]:
    for at, label in enumerate(form["components"]):
        field = label["component"]
        value = values.get(field["custom_id"], "")
        least = max(field.get("min_length") or 0, 1 if field.get("required", True) else 0)
        most = field.get("max_length") or 4000
        if not least <= len(value) <= most:
            raise ValueError(f"{field['custom_id']!r} takes {least} to {most} characters")
        inner = {
            "type": TEXT_INPUT,
            "id": 2 * at + 2,
            "custom_id": field["custom_id"],
            "value": value,
        }
        yield {"type": LABEL, "id": 2 * at + 1, "component": inner}
