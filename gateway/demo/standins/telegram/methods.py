"""The methods of the Bot API that the stand-in plays, and the parameters that each of them takes.

Source: https://core.telegram.org/bots/api (Bot API 10.3, read 2026-11); refusals as the open-source server words them.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from . import sending
from .state import QUERY_SECONDS, State
from .webhook import Hook
from .wire import Ask, Json, bad, decoded, flag, integer, units

LOOPBACK: Final = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])[:/]")  # here, and only here, without TLS


Run = Callable[[State, Ask], Any]


def get_me(state: State, _: Ask) -> Json:
    return {
        **state.bot,
        "can_join_groups": False,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def set_my_commands(state: State, ask: Ask) -> bool:
    commands = decoded(ask.params, "commands")
    if not isinstance(commands, list) or len(commands) > 100:
        raise bad("expected an Array of BotCommand")
    for command in commands:
        if not isinstance(command, dict) or not re.fullmatch(r"[a-z0-9_]{1,32}", str(command.get("command", ""))):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    state.commands = commands
    return True


def set_chat_menu_button(_: State, ask: Ask) -> bool:
    button = decoded(ask.params, "menu_button")
    if not isinstance(button, dict) or button.get("type") not in ("commands", "default"):
        raise bad("can't parse MenuButton")
    return True


def set_description(name: str, limit: int) -> Run:
    def run(_: State, ask: Ask) -> bool:
        if units(str(ask.params.get(name) or "")) > limit:
            raise bad("BOT_DESCRIPTION_TOO_LONG" if limit > 120 else "BOT_ABOUT_TOO_LONG")
        return True

    return run


def get_chat(state: State, ask: Ask) -> Json:
    chat = state.known(ask.params)
    gifts = {"unlimited_gifts": True, "limited_gifts": True, "unique_gifts": True, "premium_subscription": True}
    full = {
        "accent_color_id": 3,
        "max_reaction_count": 11,
        "accepted_gift_types": {**gifts, "gifts_from_channels": True},
    }
    if username := chat.face.get("username"):
        full["active_usernames"] = [username]
    return {**chat.face, **full}


def get_file(state: State, ask: Ask) -> Json:
    file_id = ask.params.get("file_id")
    if not file_id:
        raise bad("file_id not specified")
    return state.files.link(str(file_id))


async def get_updates(state: State, ask: Ask) -> list[Json]:
    params, updates = ask.params, state.updates
    updates.ask(decoded(params, "allowed_updates"))
    return await updates.poll(
        integer(params, "offset", low=-(2**31)),
        integer(params, "limit", 100, low=1, high=100),
        integer(params, "timeout", high=50),
    )


async def set_webhook(state: State, ask: Ask) -> bool:
    params = ask.params
    url, secret = str(params.get("url") or ""), str(params.get("secret_token") or "")
    if not url:
        return await delete_webhook(state, ask)
    if not url.startswith("https://") and not LOOPBACK.match(url):
        raise bad("bad webhook: HTTPS URL must be provided for webhook")
    if len(secret) > 256:
        raise bad("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad("secret token contains unallowed characters")
    state.updates.ask(decoded(params, "allowed_updates"))
    hook = Hook(url=url, secret=secret, max_connections=integer(params, "max_connections", 40, low=1, high=100))
    await state.updates.set_webhook(hook, drop_pending=flag(params, "drop_pending_updates"))
    return True


async def delete_webhook(state: State, ask: Ask) -> bool:
    await state.updates.set_webhook(None, drop_pending=flag(ask.params, "drop_pending_updates"))
    return True


def get_webhook_info(state: State, _: Ask) -> Json:
    updates, webhook = state.updates, state.updates.webhook
    answer: Json = {
        "url": webhook.hook.url if webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(updates.pending),
    }
    if webhook:
        answer["max_connections"] = webhook.hook.max_connections
        answer["ip_address"] = "127.0.0.1"
        if webhook.last_error:
            answer |= {"last_error_date": int(webhook.last_error_at), "last_error_message": webhook.last_error}
    if updates.allowed:
        answer["allowed_updates"] = sorted(updates.allowed)
    return answer


def answer_callback_query(state: State, ask: Ask) -> bool:
    asked = state.queries.pop(str(ask.params.get("callback_query_id", "")), None)
    if asked is None or state.clock.now() - asked > QUERY_SECONDS:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    if units(str(ask.params.get("text") or "")) > 200:
        raise bad("MESSAGE_TOO_LONG")
    return True


# --- the tables -------------------------------------------------------------------------------------------------

_GROUP: Final = {
    *("chat_id", "business_connection_id", "message_thread_id", "direct_messages_topic_id", "disable_notification"),
    *("protect_content", "allow_paid_broadcast", "message_effect_id", "reply_parameters"),
}
_SEND: Final = _GROUP | {
    *("suggested_post_parameters", "reply_markup", "ephemeral_message_parameters", "receiver_user_id"),
    "callback_query_id",
}
_TEXT: Final = {"text", "parse_mode", "entities", "link_preview_options"}
_CAPTION: Final = {"caption", "parse_mode", "caption_entities"}
_SIGHT: Final = {"show_caption_above_media", "has_spoiler"}
_PLACE: Final = {"latitude", "longitude", "horizontal_accuracy", "live_period", "heading", "proximity_alert_radius"}
_PERSON: Final = {"phone_number", "first_name", "last_name", "vcard"}
_EDIT: Final = {"business_connection_id", "chat_id", "message_id", "inline_message_id", "reply_markup"}
_HOOK: Final = {
    *("url", "certificate", "ip_address", "max_connections", "allowed_updates", "drop_pending_updates"),
    "secret_token",
}
_PLAYED: Final[dict[str, tuple[Run, set[str]]]] = {
    "sendMessage": (sending.send_message, _SEND | _TEXT),
    "sendPhoto": (sending.sender("photo"), _SEND | _CAPTION | _SIGHT | {"photo"}),
    "sendDocument": (
        sending.sender("document"),
        _SEND | _CAPTION | {"document", "thumbnail", "disable_content_type_detection"},
    ),
    "sendVoice": (sending.sender("voice"), _SEND | _CAPTION | {"voice", "duration"}),
    "sendMediaGroup": (sending.send_media_group, _GROUP | {"media"}),
    "sendLocation": (sending.send_location, _SEND | _PLACE),
    "sendContact": (sending.send_contact, _SEND | _PERSON),
    "sendChatAction": (
        sending.send_chat_action,
        {"chat_id", "action", "business_connection_id", "message_thread_id"},
    ),
    "editMessageText": (sending.edit_message_text, _EDIT | _TEXT | {"rich_message"}),
    "editMessageReplyMarkup": (sending.edit_message_reply_markup, _EDIT),
    "deleteMessage": (sending.delete_message, {"chat_id", "message_id"}),
    "answerCallbackQuery": (
        answer_callback_query,
        {"callback_query_id", "text", "show_alert", "url", "cache_time"},
    ),
    "setMyCommands": (set_my_commands, {"commands", "scope", "language_code"}),
    "setChatMenuButton": (set_chat_menu_button, {"chat_id", "menu_button"}),
    "setMyShortDescription": (
        set_description("short_description", 120),
        {"short_description", "language_code"},
    ),
    "setMyDescription": (set_description("description", 512), {"description", "language_code"}),
    "getMe": (get_me, set()),
    "getChat": (get_chat, {"chat_id"}),
    "getFile": (get_file, {"file_id"}),
    "getUpdates": (get_updates, {"offset", "limit", "timeout", "allowed_updates"}),
    "setWebhook": (set_webhook, _HOOK),
    "deleteWebhook": (delete_webhook, {"drop_pending_updates"}),
    "getWebhookInfo": (get_webhook_info, set()),
}


@dataclass(frozen=True, slots=True)
class Method:
    """`counts`: it puts a message into a chat, so the sending limits count it."""

    name: str
    run: Run
    params: frozenset[str]
    counts: bool


def _method(name: str, run: Run, params: set[str]) -> Method:
    return Method(name, run, frozenset(params), name.startswith("send") and name != "sendChatAction")


METHODS: Final = {name.lower(): _method(name, *played) for name, played in _PLAYED.items()}


def carry_out(state: State, method: Method, ask: Ask) -> Any | Awaitable[Any]:
    """Raises ApiError."""
    if unknown := ask.params.keys() - method.params:
        state.note(method.name, f"unknown parameter: {', '.join(sorted(unknown))}")
    return method.run(state, ask)
