"""Checks of message components, in rows (the old form) and as Components V2, and how Discord stores them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from bot.sandbox.forms import Problems
from bot.sandbox.world import Json

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT = 5, 6, 7, 8
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
SELECTS = (STRING_SELECT, USER_SELECT, ROLE_SELECT, MENTIONABLE_SELECT, CHANNEL_SELECT)
LINK, PREMIUM = 5, 6
MOST_COMPONENTS, MOST_TEXT = 40, 4000

_TOP_V2 = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER)
_IN_CONTAINER = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR)


def walk(components: list[Any]) -> Iterator[Json]:
    """Every component in reading order, nested ones and accessories too."""
    for component in components:
        yield component
        yield from walk(component.get("components") or [])
        for key in ("accessory", "component"):
            if isinstance(component.get(key), dict):
                yield from walk([component[key]])


def shown_text(components: list[Any]) -> str:
    """The text displays' contents, one a line: what can mention somebody and what counts against 4,000."""
    return "\n".join(each.get("content", "") for each in walk(components) if each.get("type") == TEXT)


def check_components(problems: Problems, components: object, *, v2: bool, filenames: Collection[str]) -> None:
    """Note what Discord refuses. `filenames` are those that attachment:// addresses may name."""
    top = problems.items("components", components, most=MOST_COMPONENTS if v2 else 5)
    check = _Check(problems, filenames)
    for index, component in enumerate(top):
        check.component(f"components.{index}", component, _TOP_V2 if v2 else (ROW,))
    if v2 and not top:
        problems.add("components", "BASE_TYPE_REQUIRED", "This field is required")
    if check.count > MOST_COMPONENTS:
        text = f"The number of components in this message is more than {MOST_COMPONENTS}"
        problems.add("components", "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", text)
    if check.text_length > MOST_TEXT:
        text = f"The total length of the text in this message is more than {MOST_TEXT} characters"
        problems.add("components", "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", text)


class _Check:
    """One walk over a message's components; counts on the way."""

    def __init__(self, problems: Problems, filenames: Collection[str]) -> None:
        self.problems = problems
        self.filenames = filenames
        self.count = 0
        self.text_length = 0
        self._custom_ids: set[str] = set()
        self._checks: dict[int, Callable[[str, Json], None]] = {
            ROW: self._row,
            BUTTON: self._button,
            **dict.fromkeys(SELECTS, self._select),
            SECTION: self._section,
            TEXT: self._text,
            THUMBNAIL: self._thumbnail,
            GALLERY: self._gallery,
            FILE: self._file,
            CONTAINER: self._container,
        }

    def component(self, path: str, component: Any, allowed: Collection[int]) -> None:
        if not isinstance(component, dict):
            self.problems.add(path, "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
            return
        kind = component.get("type")
        if kind not in allowed:
            listed = ", ".join(str(each) for each in sorted(allowed))
            self.problems.add(f"{path}.type", "BASE_TYPE_CHOICES", f"Value must be one of {{{listed}}}.")
            return
        self.count += 1
        check = self._checks.get(component["type"])
        if check is not None:
            check(path, component)

    def _text(self, path: str, text: Json) -> None:
        content = self.problems.text(f"{path}.content", text.get("content"), least=1, most=MOST_TEXT, required=True)
        self.text_length += len(content)

    def _thumbnail(self, path: str, thumbnail: Json) -> None:
        self._media(f"{path}.media", thumbnail.get("media"))

    def _gallery(self, path: str, gallery: Json) -> None:
        for index, item in enumerate(self.problems.items(f"{path}.items", gallery.get("items"), least=1, most=10)):
            self._media(f"{path}.items.{index}.media", item.get("media"))

    def _file(self, path: str, file: Json) -> None:
        self._media(f"{path}.file", file.get("file"), attached_only=True)

    def _container(self, path: str, container: Json) -> None:
        for index, child in enumerate(self.problems.items(f"{path}.components", container.get("components"), most=40)):
            self.component(f"{path}.components.{index}", child, _IN_CONTAINER)

    def _row(self, path: str, row: Json) -> None:
        children = self.problems.items(f"{path}.components", row.get("components"), least=1, most=5)
        if len(children) > 1 and any(isinstance(each, dict) and each.get("type") in SELECTS for each in children):
            self.problems.add(
                f"{path}.components",
                "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
                "The specified component exceeds the maximum width",
            )
        for index, child in enumerate(children):
            self.component(f"{path}.components.{index}", child, (BUTTON, *SELECTS))

    def _section(self, path: str, section: Json) -> None:
        for index, child in enumerate(
            self.problems.items(f"{path}.components", section.get("components"), least=1, most=3)
        ):
            self.component(f"{path}.components.{index}", child, (TEXT,))
        self.component(f"{path}.accessory", section.get("accessory"), (BUTTON, THUMBNAIL))

    def _button(self, path: str, button: Json) -> None:
        style = self.problems.whole(f"{path}.style", button.get("style"), least=1, most=6)
        self.problems.text(f"{path}.label", button.get("label"), most=80)
        if not button.get("label") and not button.get("emoji") and style != PREMIUM:
            self.problems.add(path, "BUTTON_COMPONENT_INVALID", "A button needs a label or an emoji")
        if style == LINK:
            self.problems.text(f"{path}.url", button.get("url"), least=1, most=512, required=True)
            if button.get("custom_id"):
                self.problems.add(
                    path,
                    "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
                    "A custom id and url cannot both be specified",
                )
        elif style != PREMIUM:
            self._custom_id(path, button)

    def _select(self, path: str, select: Json) -> None:
        self._custom_id(path, select)
        self.problems.text(f"{path}.placeholder", select.get("placeholder"), most=150)
        self.problems.whole(f"{path}.min_values", select.get("min_values", 1), least=0, most=25)
        most = self.problems.whole(f"{path}.max_values", select.get("max_values", 1), least=1, most=25)
        if select["type"] == STRING_SELECT:
            check_options(self.problems, f"{path}.options", select.get("options"), most_chosen=most)

    def _custom_id(self, path: str, component: Json) -> None:
        custom_id = self.problems.text(
            f"{path}.custom_id", component.get("custom_id"), least=1, most=100, required=True
        )
        if custom_id in self._custom_ids:
            self.problems.add(
                f"{path}.custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated"
            )
        self._custom_ids.add(custom_id)

    def _media(self, path: str, media: object, *, attached_only: bool = False) -> None:
        url = media.get("url") if isinstance(media, dict) else None
        url = self.problems.text(f"{path}.url", url, least=1, most=2048, required=True)
        if url.startswith("attachment://"):
            if url.removeprefix("attachment://") not in self.filenames:
                self.problems.add(
                    f"{path}.url",
                    "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
                    f"The referenced attachment `{url}` was not found",
                )
        elif url and (attached_only or not url.startswith(("http://", "https://"))):
            self.problems.add(
                f"{path}.url", "URL_TYPE_INVALID_SCHEME", f'Scheme "{url.partition(":")[0]}" is not supported here.'
            )


def check_options(problems: Problems, path: str, value: object, *, most_chosen: int) -> None:
    """Note bad options of a string select: 1 to 25, with values that differ."""
    options = problems.items(path, value, least=1, most=25)
    values = [option.get("value") for option in options if isinstance(option, dict)]
    for index, option in enumerate(options):
        problems.text(f"{path}.{index}.label", option.get("label"), least=1, most=100, required=True)
        problems.text(f"{path}.{index}.value", option.get("value"), least=1, most=100, required=True)
        problems.text(f"{path}.{index}.description", option.get("description"), most=100)
        if option.get("value") in values[:index]:
            problems.add(
                f"{path}.{index}.value",
                "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
                "The specified option value is already used",
            )
    if options and most_chosen > len(options):
        problems.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {most_chosen} and 25 in length.")


def stored_components(components: list[Any], urls: dict[str, Json]) -> list[Json]:
    """Components as a message carries them: numbered, with attachment:// addresses filled in from `urls`."""
    numbers = iter(range(1, 1000))

    def stored(value: Any) -> Any:
        if isinstance(value, list):
            return [stored(each) for each in value]
        if not isinstance(value, dict):
            return value
        shape = {"id": next(numbers)} if isinstance(value.get("type"), int) and "value" not in value else {}
        shape |= {key: stored(each) for key, each in value.items() if key != "id" or not shape}
        return _unfurled(shape, urls)

    return stored(components)


def _unfurled(shape: Json, urls: dict[str, Json]) -> Json:
    for key in ("media", "file"):
        media = shape.get(key)
        if not isinstance(media, dict) or "url" not in media:
            continue
        name = media["url"].removeprefix("attachment://")
        found = urls.get(name) if media["url"].startswith("attachment://") else None
        if found is None:
            found = {"url": media["url"], "proxy_url": media["url"]}
        else:
            shape |= {"name": found["filename"], "size": found["size"]} if key == "file" else {}
            found = {
                **{each: found.get(each) for each in ("url", "proxy_url", "width", "height", "content_type")},
                "attachment_id": found["id"],
            }
        shape[key] = {"width": None, "height": None, "loading_state": 2, "flags": 0, **found}
    return shape
