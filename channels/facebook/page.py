"""What the page shows before anybody has written: start button, greeting, ice breakers, menu.

Source: Messenger Profile API reference (read 2026-11-22). Whatever is set replaces what was there. The payloads are those
of the bot's own first question, so that a tap here is a tap there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

START: Final = "GET_STARTED"
GREETING: Final[Mapping[str, str]] = {
    "default": "Trợ lý tự động tư vấn bảo hiểm, trả lời ngay; tư vấn viên sẽ gọi lại khi anh/chị cần.",
    "en_US": "An automated assistant answers at once; an advisor calls you back when you wish.",
}  # at most 160
CHOICES: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "default": (
        ("Mua bảo hiểm", "buy"),
        ("Hỏi phí", "fee"),
        ("Hỗ trợ bồi thường", "claim"),
        ("Gặp tư vấn viên", "human"),
    ),
    "en_US": (("Buy insurance", "buy"), ("Ask the price", "fee"), ("Claim support", "claim"), ("Talk to an advisor", "human")),
}  # fmt: skip
MENU: Final = ("buy", "claim", "human")  # three lines are shown on every phone


def profile() -> list[tuple[dict[str, Any], str]]:
    """Bodies for the edge `messenger_profile`, in the order in which Meta wants them, and what each does."""
    greeting = [{"locale": locale, "text": text} for locale, text in GREETING.items()]
    breakers = [
        {"locale": locale, "call_to_actions": [{"question": title, "payload": payload} for title, payload in choices]}
        for locale, choices in CHOICES.items()
    ]
    menu = [
        {
            "locale": locale,
            "composer_input_disabled": False,
            "call_to_actions": [
                {"type": "postback", "title": title, "payload": payload}
                for title, payload in choices
                if payload in MENU
            ],
        }
        for locale, choices in CHOICES.items()
    ]
    return [
        ({"get_started": {"payload": START}}, f"start button: {START}"),
        ({"greeting": greeting}, f"greeting: {', '.join(GREETING)}"),
        ({"ice_breakers": breakers}, f"ice breakers: {', '.join(title for title, _ in CHOICES['default'])}"),
        (
            {"persistent_menu": menu},
            f"menu: {', '.join(title for title, payload in CHOICES['default'] if payload in MENU)}",
        ),
    ]
