"""Forms (modals): checks as the bot opens one, and what a member's filled-in form becomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.sandbox.component_forms import ROW, SELECTS, STRING_SELECT, TEXT, TEXT_INPUT, check_options, walk
from bot.sandbox.errors import ApiError
from bot.sandbox.forms import Problems
from bot.sandbox.world import Json

LABEL, FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 18, 19, 21, 22, 23


def check_modal(data: Json) -> Json:
    """The form that the bot asks for, its components numbered. Raises 50035."""
    problems = Problems()
    problems.text("data.title", data.get("title"), least=1, most=45, required=True)
    problems.text("data.custom_id", data.get("custom_id"), least=1, most=100, required=True)
    top = problems.items("data.components", data.get("components"), least=1, most=5)
    seen: set[object] = set()
    for index, component in enumerate(top):
        path = f"data.components.{index}"
        problems.one_of(f"{path}.type", component.get("type"), (ROW, TEXT, LABEL))
        if component.get("type") == LABEL:
            problems.text(f"{path}.label", component.get("label"), least=1, most=45, required=True)
            problems.text(f"{path}.description", component.get("description"), most=100)
        for field in _fields([component]):
            _check_field(problems, path, field, in_label=component.get("type") == LABEL)
            if field.get("custom_id") in seen:
                text = "Component custom id cannot be duplicated"
                problems.add(f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", text)
            seen.add(field.get("custom_id"))
    problems.raise_any()
    numbers = iter(range(1, 1000))
    return {
        "custom_id": data["custom_id"],
        "title": data["title"],
        "components": [_numbered(component, numbers) for component in top],
    }


def filled_in(modal: Json, values: Mapping[str, Any]) -> list[Json]:
    """The submitted components. Raises a sentence where the client would not let the member send the form."""
    known = {field["custom_id"] for field in _fields(modal["components"])}
    for custom_id in values:
        if custom_id not in known:
            raise ApiError(400, 50035, f"The form has no field {custom_id!r}; it has: {', '.join(sorted(known))}.")
    return [_submitted(component, values) for component in modal["components"]]


def fields_of(modal: Json) -> dict[str, Json]:
    """The form's fields by custom_id."""
    return {field["custom_id"]: field for field in _fields(modal["components"])}


def _fields(components: list[Any]) -> list[Json]:
    return [each for each in walk(components) if each.get("type") not in (ROW, TEXT, LABEL)]


def _check_field(problems: Problems, path: str, field: Json, *, in_label: bool) -> None:
    kind = field.get("type")
    problems.one_of(f"{path}.type", kind, (TEXT_INPUT, *SELECTS, FILE_UPLOAD, RADIO, CHECKBOXES, CHECKBOX))
    problems.text(f"{path}.custom_id", field.get("custom_id"), least=1, most=100, required=True)
    if kind == TEXT_INPUT:
        problems.text(f"{path}.label", field.get("label"), least=0 if in_label else 1, most=45, required=not in_label)
        problems.text(f"{path}.placeholder", field.get("placeholder"), most=100)
        problems.text(f"{path}.value", field.get("value"), most=field.get("max_length") or 4000)
    elif kind == STRING_SELECT:
        check_options(problems, f"{path}.options", field.get("options"), most_chosen=field.get("max_values") or 1)


def _numbered(component: Json, numbers: Any) -> Json:
    shape: Json = {**component, "id": next(numbers)}
    if "components" in shape:
        shape["components"] = [_numbered(child, numbers) for child in shape["components"]]
    if "component" in shape:
        shape["component"] = _numbered(shape["component"], numbers)
    return shape


def _submitted(component: Json, values: Mapping[str, Any]) -> Json:
    shape: Json = {"type": component["type"], "id": component["id"]}
    if component["type"] == ROW:
        return {**shape, "components": [_submitted(child, values) for child in component["components"]]}
    if component["type"] == LABEL:
        return {**shape, "component": _submitted(component["component"], values)}
    if component["type"] == TEXT:
        return shape
    shape["custom_id"] = component["custom_id"]
    given = values.get(component["custom_id"])
    if component["type"] in (TEXT_INPUT, RADIO, CHECKBOX):
        return {**shape, "value": _one_value(component, given)}
    return {**shape, "values": _many_values(component, given)}


def _one_value(field: Json, given: Any) -> Any:
    if field["type"] == CHECKBOX:
        return bool(field.get("default") if given is None else given)
    if field["type"] == RADIO:
        return given
    text = str((field.get("value") or "") if given is None else given)
    if field.get("required", True) and not text.strip():
        raise ApiError(400, 50035, f"{field['custom_id']!r} must be filled in.")
    least, most = field.get("min_length") or 0, field.get("max_length") or 4000
    if text and not least <= len(text) <= most:
        raise ApiError(400, 50035, f"{field['custom_id']!r} takes {least} to {most} characters.")
    return text


def _many_values(field: Json, given: Any) -> list[str]:
    options = field.get("options") or []
    if given is None:
        given = [option["value"] for option in options if option.get("default")]
    chosen = [given] if isinstance(given, str) else [str(each) for each in given]
    allowed = {option["value"] for option in options}
    if field["type"] in (STRING_SELECT, CHECKBOXES) and not set(chosen) <= allowed:
        raise ApiError(400, 50035, f"{field['custom_id']!r} offers: {', '.join(sorted(allowed))}.")
    required = field.get("required", True)
    least = field.get("min_values", 1) if required else 0
    most = field.get("max_values") or (len(options) if field["type"] == CHECKBOXES else 1)
    if not least <= len(chosen) <= most:
        raise ApiError(400, 50035, f"{field['custom_id']!r} takes {least} to {most} choices.")
    return chosen
