"""The bot's answers to interactions: the first one, and what its token may send, edit and delete afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from bot.sandbox import messages
from bot.sandbox.attachments import Upload
from bot.sandbox.errors import bad_form, problem, unknown
from bot.sandbox.forms import Problems
from bot.sandbox.interactions import AUTOCOMPLETE, COMMAND, COMPONENT, MODAL, Hidden, Interaction, Interactions
from bot.sandbox.message_forms import EPHEMERAL, LOADING
from bot.sandbox.modal_forms import check_modal
from bot.sandbox.permissions import channel_permissions
from bot.sandbox.shapes import user_json
from bot.sandbox.world import Event, Json

MESSAGE, THINKING, DEFERRED, UPDATE, CHOICES, FORM = 4, 5, 6, 7, 8, 9


def answer(book: Interactions, interaction: Interaction, body: Json, uploads: Sequence[Upload]) -> Json:
    """Take the first answer. The response of the callback with `with_response`; raises 50035 for what does not fit."""
    kind = body.get("type")
    if kind not in _allowed(interaction):
        listed = ", ".join(str(each) for each in sorted(_allowed(interaction)))
        raise bad_form({"type": problem("BASE_TYPE_CHOICES", f"Value must be one of {{{listed}}}.")})
    data: Json = body.get("data") or {}
    resource: Json | None = {"type": kind}
    if kind in (MESSAGE, THINKING):
        message = _first_message(book, interaction, data, uploads, thinking=kind == THINKING)
        resource = {"type": kind, "message": message}
    elif kind == UPDATE:
        resource = {"type": kind, "message": _update_pressed(book, interaction, data, uploads)}
    elif kind == DEFERRED:
        _remember_pressed(interaction)
        book.note(interaction, "deferred")
    elif kind == CHOICES:
        problems = Problems()
        choices = problems.items("data.choices", data.get("choices"), most=25)
        problems.raise_any()
        book.note(interaction, "choices", choices=tuple(choices))
    else:
        _open_form(book, interaction, data)
    interaction.state = "answered"
    return {"interaction": _described(book, interaction), "resource": resource}


def follow_up(book: Interactions, interaction: Interaction, body: Json, uploads: Sequence[Upload]) -> Json:
    """Send another message. Where the member still sees "thinking...", this is what they waited for."""
    if interaction.thinking:
        return edit(book, interaction, interaction.original_id, body, uploads)
    message = _compose(book, interaction, body, uploads)
    return _show(book, interaction, message)


def get(book: Interactions, interaction: Interaction, message_id: int | None) -> Json:
    """A message of the interaction; None is `@original`. Raises 10008."""
    message_id = interaction.original_id if message_id is None else message_id
    if message_id is None or message_id not in interaction.message_ids:
        raise unknown("Message")
    if message_id in book.hidden:
        return book.hidden[message_id].message
    return book.world.message(interaction.channel.id, message_id)


def edit(
    book: Interactions, interaction: Interaction, message_id: int | None, body: Json, uploads: Sequence[Upload]
) -> Json:
    """Change a message of the interaction; None is `@original`."""
    standing = get(book, interaction, message_id)
    awaited = interaction.thinking and int(standing["id"]) == interaction.original_id
    if awaited:
        standing = {**standing, "flags": standing["flags"] & ~LOADING}
    revised = messages.revise(
        book.world,
        channel=interaction.channel,
        message=standing,
        body=body,
        uploads=uploads,
        held=_held(book, interaction),
    )
    if awaited:
        interaction.thinking = False
        revised["edited_timestamp"] = None
    _store(book, interaction, revised)
    pressed = interaction.message is not None and interaction.message["id"] == revised["id"]
    kind = "update" if pressed or not awaited else "message"
    book.note(interaction, kind, message=revised, ephemeral=bool(revised["flags"] & EPHEMERAL))
    return revised


def delete(book: Interactions, interaction: Interaction, message_id: int | None) -> None:
    """Delete a message of the interaction; None is `@original`."""
    gone = int(get(book, interaction, message_id)["id"])
    interaction.message_ids.discard(gone)
    interaction.thinking = interaction.thinking and gone != interaction.original_id
    hidden = book.hidden.pop(gone, None)
    if hidden is None:
        messages.remove(book.world, interaction.channel, gone)
    else:
        book.tell("EPHEMERAL_DELETE", hidden, {"id": str(gone)})
    book.note(interaction, "deleted")


def _allowed(interaction: Interaction) -> tuple[int, ...]:
    if interaction.type == AUTOCOMPLETE:
        return (CHOICES,)
    if interaction.type == COMMAND:
        return (MESSAGE, THINKING, FORM)
    forms = () if interaction.type == MODAL else (FORM,)
    updates = () if interaction.message is None else (DEFERRED, UPDATE)
    return (MESSAGE, THINKING, *updates, *forms)


def _described(book: Interactions, interaction: Interaction) -> Json:
    shape: Json = {"id": str(interaction.id), "type": interaction.type}
    if interaction.original_id is not None:
        shape |= {
            "response_message_id": str(interaction.original_id),
            "response_message_loading": interaction.thinking,
            "response_message_ephemeral": interaction.original_id in book.hidden,
        }
    return shape


def _held(book: Interactions, interaction: Interaction) -> int:
    return channel_permissions(book.world, interaction.channel, book.world.application.bot_id)


def _compose(
    book: Interactions, interaction: Interaction, body: Json, uploads: Sequence[Upload], *, loading: bool = False
) -> Json:
    user = book.world.user(interaction.user_id)
    metadata = {
        "id": str(interaction.id),
        "type": interaction.type,
        "user": user_json(user),
        "authorizing_integration_owners": {},
    }
    extra: Json = {"interaction_metadata": metadata, "flags": LOADING if loading else 0}
    if interaction.type == COMMAND and interaction.original_id is None:
        extra["type"] = 20
    if interaction.name is not None:
        metadata["name"] = interaction.name
    if interaction.type == COMPONENT and interaction.message is not None:
        metadata["interacted_message_id"] = interaction.message["id"]
    return messages.compose(
        book.world,
        author_id=book.world.application.bot_id,
        channel=interaction.channel,
        body=body,
        uploads=uploads,
        held=_held(book, interaction),
        extra=extra,
    )


def _first_message(
    book: Interactions, interaction: Interaction, data: Json, uploads: Sequence[Upload], *, thinking: bool
) -> Json:
    body = {"flags": int(data.get("flags") or 0) & EPHEMERAL} if thinking else data
    message = _compose(book, interaction, body, uploads, loading=thinking)
    interaction.original_id = int(message["id"])
    interaction.thinking = thinking
    return _show(book, interaction, message)


def _show(book: Interactions, interaction: Interaction, message: Json) -> Json:
    message_id = int(message["id"])
    interaction.message_ids.add(message_id)
    ephemeral = bool(message["flags"] & EPHEMERAL)
    if ephemeral:
        hidden = Hidden(interaction.user_id, interaction.channel, message)
        book.hidden[message_id] = hidden
        book.tell("EPHEMERAL", hidden, {"message": message})
    else:
        messages.publish(book.world, interaction.channel, message)
    kind = "thinking" if message["flags"] & LOADING else "message"
    book.note(interaction, kind, message=message, ephemeral=ephemeral)
    return message


def _store(book: Interactions, interaction: Interaction, revised: Json) -> None:
    hidden = book.hidden.get(int(revised["id"]))
    if hidden is None:
        messages.replace(book.world, interaction.channel, revised)
    else:
        hidden.message = revised
        book.tell("EPHEMERAL_UPDATE", hidden, {"message": revised})


def _remember_pressed(interaction: Interaction) -> int:
    assert interaction.message is not None, "only offered where a component's message is known"
    interaction.original_id = int(interaction.message["id"])
    interaction.message_ids.add(interaction.original_id)
    return interaction.original_id


def _update_pressed(book: Interactions, interaction: Interaction, data: Json, uploads: Sequence[Upload]) -> Json:
    pressed = _remember_pressed(interaction)
    return edit(book, interaction, pressed, data, uploads)


def _open_form(book: Interactions, interaction: Interaction, data: Json) -> None:
    modal = {"id": str(interaction.id), **check_modal(data)}
    book.modals[interaction.id] = modal
    seen = {"user_id": str(interaction.user_id), "channel_id": str(interaction.channel.id), "modal": modal}
    book.world.emit(Event("MODAL", seen, audience="page"))
    book.note(interaction, "modal", modal=modal)
