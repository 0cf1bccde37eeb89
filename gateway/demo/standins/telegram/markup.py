"""Keyboards: what the platform accepts under a message.

Source: https://core.telegram.org/bots/api#inlinekeyboardbutton and #keyboardbutton (Bot API 10.3, read 2026-11)
"""

from __future__ import annotations

import functools
import ipaddress
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlsplit

from .wire import Json, bad, dumps

Note = Callable[[str], None]  # writes down what the platform would let pass and a strict reader does not

CALLBACK_BYTES: Final = 64
MAX_BUTTONS: Final = 100  # more were seen refused; the documentation gives no number
PLACEHOLDER: Final = 64
COPY_TEXT: Final = 256
MAX_CLEAN: Final = 4096

LOOKS: Final = {"text", "icon_custom_emoji_id", "style"}
INLINE_ACTIONS: Final = {
    *("url", "callback_data", "web_app", "login_url", "switch_inline_query", "switch_inline_query_current_chat"),
    *("switch_inline_query_chosen_chat", "copy_text", "callback_game", "pay", "disabled"),
}
KEY_ACTIONS: Final = {
    *("request_users", "request_chat", "request_managed_bot", "request_contact", "request_location", "request_poll"),
    "web_app",
}
KINDS: Final = {
    "inline_keyboard": {"inline_keyboard", "force_reply"},
    "keyboard": {
        *("keyboard", "is_persistent", "resize_keyboard", "one_time_keyboard", "input_field_placeholder", "selective"),
        "force_reply",
    },
    "remove_keyboard": {"remove_keyboard", "selective"},
    "force_reply": {"force_reply", "input_field_placeholder", "selective"},
}
STYLES: Final = ("danger", "success", "primary", None)


_clean: set[bytes] = set()  # keyboards found without fault: a bot shows the same few again and again


def check(markup: Any, note: Note, *, private: bool) -> None:
    """Raises ApiError for what the platform refuses."""
    known = dumps([markup, private])
    if known in _clean:
        return
    remarks: list[str] = []
    _check(markup, remarks.append, private=private)
    for remark in remarks:
        note(remark)
    if not remarks and len(_clean) < MAX_CLEAN:
        _clean.add(known)


def _check(markup: Any, note: Note, *, private: bool) -> None:
    if not isinstance(markup, dict):
        raise bad("object expected as reply markup")
    kinds = [kind for kind in KINDS if markup.get(kind)]
    if len(set(kinds) - {"force_reply"}) > 1:
        note(f"only one kind of markup in a message, not {' and '.join(kinds)}")
        raise bad("can't parse reply keyboard markup JSON object")
    if not kinds:
        return  # an empty keyboard is no keyboard
    if unknown := markup.keys() - KINDS[kinds[0]]:
        note(f"unknown member of {kinds[0]}: {', '.join(sorted(unknown))}")
    _placeholder(markup)
    match kinds[0]:
        case "inline_keyboard":
            _rows(markup["inline_keyboard"], "inline_keyboard", lambda button: _inline(button, note))
        case "keyboard":
            _rows(markup["keyboard"], "keyboard", lambda button: _key(button, note, private=private))


def _placeholder(markup: Json) -> None:
    placeholder = markup.get("input_field_placeholder")
    if placeholder is not None and not 1 <= len(str(placeholder)) <= PLACEHOLDER:
        raise bad("input field placeholder must be 1-64 characters long")


def _rows(rows: Any, name: str, check_button: Callable[[Any], None]) -> None:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad(f'field "{name}" must be an Array of Arrays')
    if sum(map(len, rows)) > MAX_BUTTONS:
        raise bad("reply markup is too long")
    for row in rows:
        for button in row:
            check_button(button)


def _look(button: Json, members: set[str], note: Note, what: str) -> None:
    text = button.get("text")
    if not isinstance(text, str):
        raise bad(f'can\'t parse {what} button: Field "text" must be of type String')
    if not text.strip():
        raise bad(f"{what} button text must be non-empty")
    if unknown := button.keys() - members - LOOKS:
        note(f"unknown member of a {what} button: {', '.join(sorted(unknown))}")
    if button.get("style") not in STYLES:
        raise bad(f"can't parse {what} button: invalid button style specified")


def _inline(button: Any, note: Note) -> None:
    if not isinstance(button, dict):
        raise bad("can't parse inline keyboard button: InlineKeyboardButton must be an Object")
    _look(button, INLINE_ACTIONS, note, "inline keyboard")
    actions = [action for action in INLINE_ACTIONS if button.get(action) is not None]
    if not actions:
        raise bad("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        note(f"an inline button does one thing, not {' and '.join(sorted(actions))}")
    match actions[0]:
        case "callback_data":
            _callback(button["callback_data"])
        case "url":
            if not is_url(str(button["url"])):
                raise bad(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")
        case "copy_text":
            text = button["copy_text"].get("text") if isinstance(button["copy_text"], dict) else None
            if not isinstance(text, str) or not 1 <= len(text) <= COPY_TEXT:
                raise bad("BUTTON_COPY_TEXT_INVALID")


def _callback(given: Any) -> None:
    if not isinstance(given, str):
        raise bad('can\'t parse inline keyboard button: Field "callback_data" must be of type String')
    if not 1 <= len(given.encode()) <= CALLBACK_BYTES:
        raise bad("BUTTON_DATA_INVALID")


def _key(button: Any, note: Note, *, private: bool) -> None:
    if isinstance(button, str):
        button = {"text": button}
    if not isinstance(button, dict):
        raise bad("can't parse keyboard button: KeyboardButton must be a String or an Object")
    _look(button, KEY_ACTIONS, note, "keyboard")
    actions = [action for action in KEY_ACTIONS if button.get(action)]
    if len(actions) > 1:
        note(f"a keyboard button does one thing, not {' and '.join(sorted(actions))}")
    if not private and {"request_contact", "request_location"} & set(actions):
        raise bad("phone number and location can be requested in private chats only")


@functools.lru_cache(maxsize=1024)
def is_url(url: str) -> bool:
    """A link that Telegram puts under a button: a public looking host, or an address; never `localhost`."""
    if url.startswith("tg://"):
        return True
    if not url or any(letter.isspace() for letter in url):
        return False
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host = parts.hostname or ""
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and port_is_fine and _is_host(host)


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." in host.strip(".") and all(0 < len(label) <= 63 for label in host.strip(".").split("."))
    return True
