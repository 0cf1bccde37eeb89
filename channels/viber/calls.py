"""What a message is as a call, as a value; and the welcome, which goes in the answer to a callback."""

from __future__ import annotations

import html
import json
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from channels.contract import Account, Button, Delivery, MalformedPayload, OutboundFile, OutboundMessage, Permanent
from channels.loose import at, ident, perhaps, words
from channels.reading import clean_name, read_json
from channels.viber.settings import sender
from channels.viber.updates import TAP

SEND: Final = "/pa/send_message"
WHOLE_BYTES: Final = 30_000  # of the JSON: 30 KB are published
PICTURE_BYTES: Final = 1 << 20  # iPhones show no more, Android phones 3 MB
FILE_BYTES: Final = 50 << 20
FILE_NAME: Final = 256
LABEL: Final = 100
WELCOME: Final = "welcome"
ROWS: Final = 12  # of buttons one below the other; more stand two in a row
NARROW: Final = 14  # labels up to this many letters stand two in a row
WITH_KEYBOARD: Final = 3  # min_api_version of share-phone
PICTURES: Final[Mapping[str, tuple[str, ...]]] = {  # the address must end in one of them
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
}
EXTENSIONS: Final[Mapping[str, str]] = {
    "application/pdf": "pdf",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/webp": "webp",
    "image/heic": "heic",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One message. `body` -- its JSON; a file's address is still missing in it · `plain` -- the same for old apps,
    choices as lines; '' where it is the same · `file` -- to be linked to under `file_name`."""

    thread: str
    body: str = field(repr=False)
    plain: str = field(default="", repr=False)
    file: str = ""
    file_name: str = ""


def render(message: OutboundMessage, account: Account) -> Call:
    """Plain text. A keyboard stays until the next message without one, so nothing has to take it away. Raises
    Permanent for what Viber carries in no way."""
    if message.template is not None:
        raise Permanent("viber: has no templates", reason="template_missing")
    head = {"receiver": message.thread, "sender": sender(account)}
    what, name = _text(message.text), ""
    if message.file is not None:
        name = file_name(message.file)
        what = _file(message.file, name, message.text)
    plain = ""
    if message.buttons:
        lines = _lines(message.buttons)
        said = {**what, "text": "\n\n".join(piece for piece in (message.text, lines) if piece)} if lines else what
        plain = _json({**head, **(said if message.file is None else what)})
        what = {**what, "min_api_version": WITH_KEYBOARD, "keyboard": keyboard(message.buttons)}
    body = _json({**head, **what})
    if plain and len(body.encode()) > WHOLE_BYTES:  # thousands of emoji and a keyboard: the words come first
        body, plain = _json({**head, **_text(message.text)}), ""
    return Call(
        thread=message.thread,
        body=body,
        plain=plain,
        file=message.file.id if message.file is not None else "",
        file_name=name,
    )


def _json(value: Any) -> str:
    """Half an emoji, which is none, as a replacement."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace").decode()


def _text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": unicodedata.normalize("NFC", said)}


def _file(file: OutboundFile, name: str, said: str) -> dict[str, Any]:
    size = len(file.data) or file.size
    if size > FILE_BYTES:
        raise Permanent("viber: a file of more than 50 MB", reason="too_large")
    if file.mime in PICTURES and size <= PICTURE_BYTES:
        return {"type": "picture", "text": said, "media": ""}
    return {"type": "file", "media": "", "size": size, "file_name": name}


def file_name(file: OutboundFile) -> str:
    """Ends in the extension of what it is: Viber believes the address, not the content."""
    name = clean_name(file.name) or "file"
    wanted = PICTURES.get(file.mime) or ((EXTENSIONS[file.mime],) if file.mime in EXTENSIONS else ())
    if wanted and name.rpartition(".")[2].lower() not in wanted:
        name = f"{name}.{wanted[0]}"
    return name[-FILE_NAME:]


# ---- buttons


def keyboard(buttons: Sequence[Button]) -> dict[str, Any]:
    """Under the text field, six columns wide."""
    narrow = len(buttons) > ROWS or all(len(button.label) <= NARROW for button in buttons)
    shown = []
    for index, button in enumerate(buttons):
        alone = not narrow or button.contact or (index == len(buttons) - 1 and index % 2 == 0)
        shown.append(_button(button, 6 if alone else 3))
    return {"Type": "keyboard", "DefaultHeight": False, "Buttons": shown}


def _button(button: Button, columns: int) -> dict[str, Any]:
    """`Silent` keeps the ActionBody, which is not for people, out of the customer's chat."""
    made: dict[str, Any] = {"Columns": columns, "Rows": 1, "Text": html.escape(button.label, quote=False)}
    if button.contact:
        return made | {"ActionType": "share-phone", "ActionBody": TAP + button.id}
    if button.url:
        return made | {"ActionType": "open-url", "ActionBody": button.url}
    return made | {"ActionType": "reply", "ActionBody": TAP + button.id, "Silent": True}


def _lines(buttons: Sequence[Button]) -> str:
    """The choices for an app that shows no keyboard; the number can be typed anyway."""
    plain = [button for button in buttons if not button.contact]
    return "\n".join(
        f"{number}. {button.label}" + (f": {button.url}" if button.url else "")
        for number, button in enumerate(plain, 1)
    )


# ---- the welcome


def reply(delivery: Delivery, account: Account, texts: Mapping[str, str]) -> bytes | None:
    """The answer to conversation_started: one message without a receiver, free, and the only one that may be said
    before he subscribes. None for every other callback, and for who is subscribed and knows us. `texts` -- by language:
    `welcome.vi`, and what can be tapped: `buy.vi`. Raises nothing."""
    try:
        raw = read_json(delivery.body)
        if words(raw, "event").strip().lower() != "conversation_started" or at(raw, "subscribed") is True:
            return None
        if not ident(raw, "user", "id"):
            return None
    except MalformedPayload:
        return None
    spoken = perhaps(words, raw, "user", "language", default="")
    language = ".en" if spoken.lower().startswith("en") else ".vi"
    here = {key.removesuffix(language): said for key, said in texts.items() if key.endswith(language)}
    if not (welcome := here.pop(WELCOME, "")):
        return None
    said: dict[str, Any] = {"sender": sender(account), **_text(welcome)}
    if here:  # his tap is a message, and a message subscribes
        said |= {"keyboard": keyboard([Button(id=tap, label=label) for tap, label in here.items()])}
    return _json(said).encode()
