"""Messages that the bot sends: text, files, albums, places, contacts; and what it changes afterwards.

Source: https://core.telegram.org/bots/api (Bot API 10.3, read 2026-11); refusals as the open-source server words them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from . import markup
from .chats import Chat
from .entities import CAPTION_LIMIT, TEXT_LIMIT, formatted, limited
from .files import Stored, is_image, photo_sizes, shape
from .records import SentFile
from .state import State
from .wire import UPLOAD_BYTES, ApiError, Ask, FormFile, Json, bad, decoded, flag, integer

PHOTO_BYTES: Final = 10 * 1024 * 1024
DELETE_SECONDS: Final = 48 * 3600
URL_DOCUMENTS: Final = (".pdf", ".gif", ".zip")
ALBUM: Final = range(2, 11)
ACTIONS: Final = {
    *("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "record_audio"),
    *("upload_audio", "upload_document", "choose_sticker", "find_location", "pick_up_location", "record_video_note"),
    *("upload_video_note", "cancel"),
}
REPLY_MEMBERS: Final = {
    *("message_id", "chat_id", "allow_sending_without_reply", "quote", "quote_parse_mode", "quote_entities"),
    *("quote_position", "checklist_task_id", "poll_option_id", "ephemeral_message_id"),
}
_ITEM: Final = {"type", "media", "caption", "parse_mode", "caption_entities"}
_SIGHT: Final = {"show_caption_above_media", "has_spoiler"}
_FILM: Final = {"thumbnail", "cover", "start_timestamp", "width", "height", "duration", "supports_streaming"}
MEDIA_MEMBERS: Final = {
    "photo": _ITEM | _SIGHT,
    "document": _ITEM | {"thumbnail", "disable_content_type_detection"},
    "audio": _ITEM | {"thumbnail", "duration", "performer", "title"},
    "video": _ITEM | _SIGHT | _FILM,
}


# --- text -------------------------------------------------------------------------------------------------------


def _text(state: State, ask: Ask, name: str, limit: int, *, entities: str, empty: str = "") -> Json:
    """The text or caption of a message and its entities. Raises ApiError."""
    params = ask.params
    text = params.get(name)
    if text is None or text == "":
        if empty:
            raise bad(empty)
        return {}
    if not isinstance(text, str):
        state.note(ask.method, f"{name} must be a string")
        text = str(text)
    given = decoded(params, entities) if entities in params else None
    plain, found = formatted(text, params.get("parse_mode"), given)
    if not plain and empty:
        raise bad(empty)
    limited(plain, limit, "message is too long" if name == "text" else "message caption is too long")
    return {name: plain, entities: found} if found else {name: plain}


def _caption(state: State, ask: Ask) -> Json:
    return _text(state, ask, "caption", CAPTION_LIMIT, entities="caption_entities")


def _prepare(state: State, ask: Ask, chat: Chat) -> None:
    """Checks what every message may carry, and leaves the markup and the reply decoded in the parameters."""
    params = ask.params
    if "reply_markup" in params:
        given = params["reply_markup"] = decoded(params, "reply_markup")
        if given is not None:
            markup.check(given, lambda what: state.note(ask.method, what), private=chat.private)
    if "reply_parameters" in params:
        reply = params["reply_parameters"] = decoded(params, "reply_parameters")
        if reply is not None:
            _check_reply(state, ask, chat, reply)


def _check_reply(state: State, ask: Ask, chat: Chat, reply: Any) -> None:
    if not isinstance(reply, dict):
        raise bad("object expected as reply parameters")
    if unknown := reply.keys() - REPLY_MEMBERS:
        state.note(ask.method, f"unknown member of reply_parameters: {', '.join(sorted(unknown))}")
    if integer(reply, "message_id") not in chat.messages and not flag(reply, "allow_sending_without_reply"):
        raise bad("message to be replied not found")


def send_message(state: State, ask: Ask) -> Json:
    content = _text(state, ask, "text", TEXT_LIMIT, entities="entities", empty="message text is empty")
    chat = state.reach(ask.params)
    _prepare(state, ask, chat)
    return state.accept(chat, ask.method, ask.params, content)


# --- files ------------------------------------------------------------------------------------------------------


def _media(state: State, ask: Ask, kind: str, value: Any, name: str) -> tuple[Stored, SentFile]:
    """A file that is uploaded, known, or somewhere on the web. Raises ApiError."""
    attached = value.removeprefix("attach://") if isinstance(value, str) and value.startswith("attach://") else name
    upload = ask.files.get(attached)
    if upload is not None:
        stored = _upload(state, ask, kind, upload)
    elif not value or attached != name:
        raise bad(f"there is no {kind} in the request")
    elif str(value).startswith(("http://", "https://")):
        stored = _from_web(state, kind, str(value))
    else:
        stored = _known(state, kind, str(value))
    return stored, state.sent_file(name, stored, upload)


def _upload(state: State, ask: Ask, kind: str, upload: FormFile) -> Stored:
    size = len(upload.content)
    if not size:
        raise bad("file must be non-empty")
    if size > UPLOAD_BYTES:
        raise ApiError(413, "Request Entity Too Large")
    if kind == "photo":
        if size > PHOTO_BYTES:
            raise bad(f"file of size {size} bytes is too big for a photo; the maximum size is {PHOTO_BYTES} bytes")
        if not is_image(upload.content):
            raise bad("IMAGE_PROCESS_FAILED")
    if not upload.name.isascii() or "filename*" in upload.disposition or "%" in upload.name:
        state.note(ask.method, "a file name beyond ASCII does not survive the form: put it into the caption")
    return state.files.keep(kind, upload.content, name=upload.name, mime=upload.mime)


def _from_web(state: State, kind: str, url: str) -> Stored:
    """Nothing is fetched; what the platform could never fetch is refused."""
    path = url.partition("?")[0]
    if not markup.is_url(url):
        raise bad("wrong HTTP URL specified")
    if kind == "document" and not path.lower().endswith(URL_DOCUMENTS):
        raise bad("wrong type of the web page content")
    return state.files.keep(kind, url.encode(), name=path.rpartition("/")[2])


def _known(state: State, kind: str, file_id: str) -> Stored:
    stored = state.files.find(file_id)
    if stored is None:
        raise bad("wrong file identifier/HTTP URL specified")
    if stored.kind != kind:
        raise bad(f"can't use file of type {stored.kind.title()} as {kind.title()}")
    return stored


def _shown(state: State, stored: Stored) -> Any:
    return photo_sizes(state.files, stored.content) if stored.kind == "photo" else shape(stored)


def sender(kind: str) -> Callable[[State, Ask], Json]:
    def send(state: State, ask: Ask) -> Json:
        stored, file = _media(state, ask, kind, ask.params.get(kind), kind)
        caption = _caption(state, ask)
        chat = state.reach(ask.params)
        _prepare(state, ask, chat)
        return state.accept(chat, ask.method, ask.params, {kind: _shown(state, stored), **caption}, (file,))

    return send


def send_media_group(state: State, ask: Ask) -> list[Json]:
    items = decoded(ask.params, "media")
    if not isinstance(items, list) or len(items) not in ALBUM or not all(isinstance(one, dict) for one in items):
        raise bad("can't parse media: an Array of 2-10 InputMedia expected")
    kinds = {str(item.get("type")) for item in items}
    if len(kinds) > 1 and kinds != {"photo", "video"}:
        raise bad("documents and audio can't be mixed with other media in an album")
    parts = [_item(state, ask, item) for item in items]
    chat = state.reach(ask.params)
    _prepare(state, ask, chat)
    group = str(state.rng.randrange(10**16, 10**17))
    return [
        state.accept(chat, ask.method, ask.params, {"media_group_id": group, **content}, (file,))
        for content, file in parts
    ]


def _item(state: State, ask: Ask, item: Json) -> tuple[Json, SentFile]:
    kind = str(item.get("type"))
    members = MEDIA_MEMBERS.get(kind)
    if members is None:
        raise bad(f'can\'t parse InputMedia: type "{kind}" is unsupported')
    if unknown := item.keys() - members:
        state.note(ask.method, f"unknown member of InputMedia: {', '.join(sorted(unknown))}")
    stored, file = _media(state, ask, kind, item.get("media"), "media")
    caption = _caption(state, Ask(ask.method, item))
    return {kind: _shown(state, stored), **caption}, file


# --- other messages ---------------------------------------------------------------------------------------------


def send_location(state: State, ask: Ask) -> Json:
    latitude, longitude = _degrees(ask.params, "latitude", 90.0), _degrees(ask.params, "longitude", 180.0)
    chat = state.reach(ask.params)
    _prepare(state, ask, chat)
    return state.accept(chat, ask.method, ask.params, {"location": {"latitude": latitude, "longitude": longitude}})


def _degrees(params: Json, name: str, limit: float) -> float:
    value = params.get(name)
    if value is None or value == "":
        raise bad(f"{name} is empty")
    try:
        degrees = float(value)
    except (TypeError, ValueError):
        raise bad(f"can't parse {name}") from None
    if not -limit <= degrees <= limit:
        raise bad("wrong coordinates specified")
    return degrees


def send_contact(state: State, ask: Ask) -> Json:
    params = ask.params
    for name in ("phone_number", "first_name"):
        if not params.get(name):
            raise bad(f'parameter "{name}" is required')
    chat = state.reach(params)
    _prepare(state, ask, chat)
    contact = {name: params[name] for name in ("phone_number", "first_name", "last_name", "vcard") if params.get(name)}
    return state.accept(chat, ask.method, params, {"contact": contact})


def send_chat_action(state: State, ask: Ask) -> bool:
    if str(ask.params.get("action", "")).lower() not in ACTIONS:
        raise bad("wrong parameter action in request")
    state.reach(ask.params)
    return True


# --- changing what was sent -------------------------------------------------------------------------------------


def edit_message_text(state: State, ask: Ask) -> Json:
    content = _text(state, ask, "text", TEXT_LIMIT, entities="entities", empty="message text is empty")
    chat, message = _editable(state, ask)
    if "text" not in message:
        raise bad("there is no text in the message to edit")
    return _edited(state, ask, chat, message, {"entities": None, **content})


def edit_message_reply_markup(state: State, ask: Ask) -> Json:
    chat, message = _editable(state, ask)
    return _edited(state, ask, chat, message, {})


def _editable(state: State, ask: Ask) -> tuple[Chat, Json]:
    if ask.params.get("inline_message_id"):
        raise bad("message identifier is not specified")  # this bot has no inline mode
    chat, message = state.own_message(ask.params, "edit")
    if message["from"]["id"] != state.bot["id"]:
        raise bad("message can't be edited")
    _prepare(state, ask, chat)
    given = ask.params.get("reply_markup")
    if given and "inline_keyboard" not in given:
        raise bad("inline keyboard expected")
    return chat, message


def _edited(state: State, ask: Ask, chat: Chat, message: Json, content: Json) -> Json:
    """Leaving the markup out of an edit takes the buttons away: that is the platform's way."""
    rows = (ask.params.get("reply_markup") or {}).get("inline_keyboard")
    changes = {**content, "reply_markup": {"inline_keyboard": rows} if rows else None}
    if all(message.get(name) == value for name, value in changes.items()):
        raise bad(
            "message is not modified: specified new message content and reply markup are exactly the same "
            "as a current content and reply markup of the message"
        )
    edited = {**message, **changes, "edit_date": state.date()}
    edited = {name: value for name, value in edited.items() if value is not None}
    chat.messages[message["message_id"]] = edited
    return edited


def delete_message(state: State, ask: Ask) -> bool:
    chat, message = state.own_message(ask.params, "delete")
    if state.clock.now() - message["date"] > DELETE_SECONDS:
        raise bad("message can't be deleted for everyone")
    del chat.messages[message["message_id"]]
    return True
