"""The hands of the demo's people: they press what a message shows, by its label, and read what the bot answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox.answers import Answer
from bot.sandbox.sandbox import Sandbox
from bot.stage_watch import DemoFailed

TEXT, BUTTON, SELECT, FIELD = 10, 2, 3, 4
"""Discord's numbers of the components that people read, press, choose in and write in."""

Message = Mapping[str, Any]


@dataclass
class Hands:
    """`pressed` collects who did what and what the bot answered. `breath`: seconds before each, so that a person can
    follow. Every method raises DemoFailed where the bot does not answer or what is to be pressed is not there.
    """

    sandbox: Sandbox
    breath: float = 0.0
    pressed: list[dict[str, Any]] = field(default_factory=list)

    async def command(self, who: str, command: str, **options: str | int | bool) -> Answer:
        """Use a slash command in #general."""
        shown = " ".join([f"/{command}", *(f"{name}:{value}" for name, value in options.items())])
        return await self._do(who, shown, self.sandbox.slash(who, "#general", command, options))

    async def press(self, who: str, message: Message, label: str) -> Answer:
        """Press the button of the message whose label begins so."""
        button = _found(message, BUTTON, "label", label)
        return await self._do(who, button["label"], self.sandbox.press(who, message["id"], button["custom_id"]))

    async def choose(self, who: str, message: Message, menu: str, options: Sequence[str]) -> Answer:
        """Choose the options with these labels in the menu that says so."""
        select = _found(message, SELECT, "placeholder", menu)
        values = [option["value"] for option in select["options"] if option["label"] in options]
        shown = f"{select['placeholder']}: {', '.join(options)}"
        return await self._do(who, shown, self.sandbox.select(who, message["id"], select["custom_id"], values))

    async def use_menu(self, who: str, name: str, message_id: int, *, written: str) -> Answer:
        """Use an entry of a message's menu; where it opens a form, fill it in with `written` and send it."""
        answer = await self._do(who, name, self.sandbox.context_menu(who, name, message_id=message_id))
        return await self.send(who, answer, written) if answer.kind == "modal" else answer

    async def send(self, who: str, opened: Answer, written: str) -> Answer:
        """Write into every text field of the form that the answer opened, and send it."""
        if opened.modal is None:
            raise DemoFailed(f"{who} got no form to fill in, but: {text_of(opened.message or {}) or opened.kind}")
        fields = {each["custom_id"]: written for each in _walk(opened.modal) if each.get("type") == FIELD}
        sending = self.sandbox.submit_modal(who, opened.modal["id"], fields)
        return await self._do(who, f"{opened.modal['title']}: {written}", sending)

    async def _do(self, who: str, what: str, doing: Awaitable[Answer]) -> Answer:
        if self.breath:
            await asyncio.sleep(self.breath)
        answer = await doing
        while answer.kind in ("deferred", "thinking"):
            answer = await self.sandbox.after(answer)
        if answer.kind == "failed":
            raise DemoFailed(f"{who}, {what}: {answer.text}")
        self.pressed.append({"who": who, "pressed": what, "answer": _answer_text(answer)})
        return answer

    async def last_dm(self, who: str) -> Message:
        """The newest message in the conversation of that member and the bot."""
        opened = await self.sandbox.open_dm(who, self.sandbox.world.application.bot_id)
        messages = self.sandbox.channel(opened["id"]).messages
        if not messages:
            raise DemoFailed(f"{who} got no message of the bot.")
        return messages[max(messages)]


def text_of(message: Message) -> str:
    """Everything that the message says: its content, or the texts of a card in their order."""
    shown = [each["content"] for each in _walk(message) if each.get("type") == TEXT]
    return "\n".join([message["content"]] if message.get("content") else shown)


def _answer_text(answer: Answer) -> str:
    if answer.modal is not None:
        return f"a form: {answer.modal['title']}"
    return text_of(answer.message or {})


def _found(message: Message, kind: int, name: str, says: str) -> dict[str, Any]:
    offered = [each for each in _walk(message) if each.get("type") == kind and each.get(name)]
    for each in offered:
        if str(each[name]).startswith(says):
            return each
    there = ", ".join(str(each[name]) for each in offered) or "nothing to press"
    raise DemoFailed(f"There is no {says!r} on the message; there is: {there}.")


def _walk(part: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every component in the message, form or component, in its order."""
    inside = list(part.get("components") or [])
    if part.get("component"):
        inside.append(part["component"])
    for each in inside:
        yield each
        yield from _walk(each)
