"""What a notice says: the same few words for a browser, a letter and a group. No name, no word of a customer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from gateway.desk.words import Words
from storage import troubles
from storage.listeners import Wishes
from storage.tellings import Errand

TTL_S: Final[Mapping[str, int]] = {
    "waiting": 900,
    "sla": 600,
    "late": 1800,
    "message": 1800,
    "assigned": 3600,
    "task": 3600,
    "account": 3600,
}
LATER_S: Final = 600


class Said:
    """In both languages."""

    def __init__(self, words: Words, home: Callable[[], str]) -> None:
        """home -- our own origin: asked for when it is needed, the port may not be bound yet."""
        self._words = words
        self._home = home

    @property
    def _url(self) -> str:
        return self._home()

    def word(self, lang: str, key: str, /, **values: str | int) -> str:
        return self._words.script(lang)[key].format(**values)

    def channel(self, lang: str, channel: str) -> str:
        return self._words.script(lang).get(f"channel_{channel}", channel)

    def account(self, lang: str, account_id: str) -> str:
        """`Telegram · main`."""
        channel, _, name = account_id.partition(":")
        return f"{self.channel(lang, channel)} · {name}"

    def title(self, errand: Errand, lang: str) -> str:
        """`Zalo: khách mới đang chờ`."""
        if errand.kind == "account":
            account_id, what, _ = troubles.named(errand.key)
            title = self.word(lang, f"notice_title_account_{what}", account=self.account(lang, account_id))
        else:
            title = self.word(lang, f"notice_title_{errand.kind}", channel=self.channel(lang, errand.channel))
        return f"{self.word(lang, 'notice_urgent')}: {title}" if errand.urgent else title

    def link(self, errand: Errand) -> str:
        if errand.kind == "account":
            return f"{self._url}/desk/channels"
        return f"{self._url}/desk/c/{errand.conversation_id}" if errand.conversation_id else f"{self._url}/desk/"

    @property
    def settings(self) -> str:
        return f"{self._url}/desk/notices"

    def payload(self, errand: Errand, wishes: Wishes) -> dict[str, Any]:
        """For the service worker: what it shows and where a click leads."""
        plain = wishes.detail == "none"
        title = self.word(wishes.lang, "notice_plain_title") if plain else self.title(errand, wishes.lang)
        body = self.word(wishes.lang, "notice_plain_body" if plain else "notice_open")
        return {
            "notice": errand.notice_id,
            "tag": errand.conversation_id or errand.notice_id,
            "title": title,
            "body": body,
            "conversation": errand.conversation_id,
            "page": "/desk/channels" if errand.kind == "account" else "",
            "silent": wishes.level(errand.kind) != "sound",
        }

    def letter(self, errand: Errand, *, name: str, lang: str) -> tuple[str, str]:
        """Subject and text."""
        title = self.title(errand, lang)
        text = self.word(
            lang, "notice_letter_text", name=name, title=title, link=self.link(errand), settings=self.settings
        )
        return title, text

    def on_call(self, errand: Errand, lang: str) -> tuple[str, str]:
        if errand.kind == "account":
            title = self.title(errand, lang)
            text = self.word(lang, "notice_oncall_account", title=title, link=self.link(errand))
            return self.word(lang, "notice_oncall_account_title"), text
        text = self.word(lang, "notice_oncall_text", channel=self.channel(lang, errand.channel), link=self.link(errand))
        return self.word(lang, "notice_oncall_title"), text

    def group(self, errand: Errand, lang: str, waiting: int) -> str:
        return self.word(lang, "notice_group", title=self.title(errand, lang), count=waiting, link=f"{self._url}/desk/")

    def digest(self, lang: str, *, name: str, agency: str, date: str, figures: Mapping[str, int]) -> tuple[str, str]:
        title = self.word(lang, "digest_title", agency=agency, date=date)
        text = self.word(lang, "digest_text", name=name, link=f"{self._url}/desk/", settings=self.settings, **figures)
        return title, text
