"""What a bot shows before anybody has written: commands, the button beside the text, who it is. Imports aiogram: late.

Source: Bot API, setMyCommands, setChatMenuButton, setMyShortDescription, setMyDescription (read 2026-11-22). Whatever is
set replaces what was there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from channels.telegram import calls

START: Final[Mapping[str, str]] = {"": "Bắt đầu tư vấn bảo hiểm", "en": "Start"}
SHORT: Final[Mapping[str, str]] = {
    "": "Tư vấn bảo hiểm: trợ lý tự động trả lời ngay, tư vấn viên gọi lại.",
    "en": "Insurance advice: an automated assistant answers at once, an advisor calls back.",
}  # at most 120; on the bot's page and beside shared links
LONG: Final[Mapping[str, str]] = {
    "": "Trợ lý tự động tư vấn bảo hiểm. Nhấn Bắt đầu và viết anh/chị cần gì; tư vấn viên sẽ gọi lại khi anh/chị đồng ý.",
    "en": "An automated assistant for insurance. Press Start and write what you need; an advisor calls you back if you agree.",
}  # at most 512; in the empty chat


def steps() -> list[tuple[calls.TelegramMethod[Any], str]]:
    """Calls, and what each does; '' where the next line says it."""
    found: list[tuple[calls.TelegramMethod[Any], str]] = []
    for language, words in START.items():
        command = calls.BotCommand(command="start", description=words)
        found.append((calls.SetMyCommands(commands=[command], language_code=language), language and "commands: /start"))
    button = calls.MenuButtonCommands(type="commands")  # type: ignore[arg-type]  # the lean session sends what is set
    found.append((calls.SetChatMenuButton(menu_button=button), "menu button: the commands"))
    for language, words in SHORT.items():
        found.append(
            (
                calls.SetMyShortDescription(short_description=words, language_code=language),
                language and "short description",
            )
        )
    for language, words in LONG.items():
        found.append((calls.SetMyDescription(description=words, language_code=language), language and "description"))
    return found
