"""All platforms of the demonstration, in its own time: who comes where, what each has on record, who broke its rules."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from gateway.demo.mailing import ACCOUNT
from gateway.demo.phones import MessengerWire, Phone, TelegramWire, ViberWire, ZaloWire
from gateway.demo.standins import mail
from gateway.demo.standins.facebook import FakeFacebook
from gateway.demo.standins.telegram import Clock as PlatformClock
from gateway.demo.standins.telegram import FakeTelegram
from gateway.demo.standins.viber import FakeViber
from gateway.demo.standins.zalo import FakeZalo
from gateway.parts import Clock

BOT: Final = "7011223344:demo-stand-in"
NAME: Final = "demo"  # of each account
APPS: Final = {"telegram": "Telegram", "zalo": "Zalo", "facebook": "Messenger", "viber": "Viber"}
# Approved at Zalo, as an agency has them: number -> its parameters, and which of our values each says.
TEMPLATES: Final = {
    "care": ("418821", {"policy_no": "so_hop_dong"}),
    "survey": ("418822", {"customer_name": "ten_goi"}),
}
WORDINGS: Final = {
    "418821": "Anh/chị ơi, giấy chứng nhận bảo hiểm số {policy_no} đã tới nơi chưa ạ? Thông tin trên đó có đúng không ạ?",
    "418822": "Anh/chị {customer_name} ơi, em xin một phút thôi ạ: anh/chị hài lòng với IBAOHIEM mức nào, từ 1 đến 5?",
}
UNLIMITED: Final = {"limits": {"inbound_per_s": 0, "outbound_per_s": 0, "per_chat_per_s": 0}}


class StoryClock(PlatformClock):
    """The platforms live in the gateway's time."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def now(self) -> float:
        return self._clock.ms() / 1000


@dataclass(frozen=True, slots=True)
class Shown:
    """What a platform took for somebody in one call: words, and the size of a file, 0 without one."""

    text: str = ""
    size: int = 0


class Platforms:
    """`urls` -- of each, once they run."""

    def __init__(self, clock: Clock, *, limits: bool, seed: int) -> None:
        time = StoryClock(clock)
        self.telegram = FakeTelegram(token=BOT, clock=time, limits=limits, seed=seed)
        self.zalo = FakeZalo(clock=time, answer_s=30)
        self.zalo.balance = 1000
        self.zalo.templates = {number: tuple(values) for number, values in TEMPLATES.values()}
        self.zalo.wordings = dict(WORDINGS)
        self.facebook = FakeFacebook(clock=time)
        self.viber = FakeViber(clock=time, answer_s=30)
        self.mail: mail.MailServer
        self.urls: dict[str, str] = {}
        self._limits = limits

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        async with contextlib.AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ibaohiem-mail-")))
            self.mail = mail.MailServer(mail.Authority(folder))
            await stack.enter_async_context(self.mail.running())
            for channel in APPS:
                self.urls[channel] = await stack.enter_async_context(getattr(self, channel).running())
            yield self

    def accounts(self) -> Iterator[dict[str, Any]]:
        """Of config.yaml: each as an agency would write it, at the stand-in's address."""
        own: dict[str, dict[str, Any]] = {
            "telegram": {
                "token": BOT,
                "secret": secrets.token_urlsafe(32),
                "receive": "webhook",
                "api_url": self.urls["telegram"],
            },
            "zalo": {
                "app_id": self.zalo.app_id,
                "oa_id": self.zalo.oa_id,
                "app_secret": self.zalo.app_secret,
                "oa_secret_key": self.zalo.oa_secret_key,
                "refresh_token": self.zalo.grants.first(),
                "api_url": self.urls["zalo"],
                "oauth_url": self.urls["zalo"],
                "zbs_url": self.urls["zalo"],
                "billed": True,
                "templates": {
                    purpose: " ".join([number, *(f"{name}={ours}" for name, ours in values.items())])
                    for purpose, (number, values) in TEMPLATES.items()
                },
            },
            "facebook": {
                "page_id": self.facebook.page_id,
                "page_token": self.facebook.token,
                "app_id": self.facebook.app_id,
                "app_secret": self.facebook.app_secret,
                "verify_token": secrets.token_urlsafe(16),
                "api_url": self.urls["facebook"],
            },
            "viber": {"token": self.viber.token, "api_url": self.urls["viber"]},
            "email": {
                "name": ACCOUNT,
                "host": mail.HOST,
                "port": self.mail.port,
                "username": mail.USER,
                "password": mail.PASSWORD,
                "sender": "IBAOHIEM <thu@ibaohiem.example>",
                "ca_file": str(self.mail.authority.pem),
                "secret": secrets.token_urlsafe(32),
            },
        }
        for channel, settings in own.items():
            yield {"channel": channel, "name": NAME, **settings} | ({} if self._limits else UNLIMITED)

    def hook(self, url: str) -> None:
        """What a person clicks together at Zalo and Meta; the others are told by `channels setup`."""
        self.zalo.hook(f"{url}/hooks/zalo/{NAME}")
        self.facebook.hook(f"{url}/hooks/facebook/{NAME}")

    def enter(self, channel: str, name: str, phone: str, language: str = "vi") -> Phone:
        """Somebody with this app on his telephone; `phone` as 09…"""
        abroad = f"84{phone.removeprefix('0')}"
        match channel:
            case "telegram":
                return TelegramWire(self.telegram.customer(first_name=name, language_code=language, phone=abroad))
            case "zalo":
                return ZaloWire(self.zalo.customer(name, phone=abroad))
            case "facebook":
                return MessengerWire(self.facebook.customer(name), phone)
            case "viber":
                return ViberWire(self.viber.customer(name, phone=abroad, language=language))
        raise ValueError(channel)

    @property
    def pending(self) -> int:
        """Deliveries to us that are not through."""
        return (
            len(self.telegram.updates.pending)
            + self.zalo.webhook.pending
            + self.facebook.pending
            + self.viber.webhook.pending
        )

    def violations(self) -> list[str]:
        apps = [f"{APPS[channel]}: {one}" for channel in APPS for one in getattr(self, channel).violations]
        return apps + [f"e-mail: {one}" for one in self.mail.violations]

    def record(self, channel: str, thread: str) -> list[Shown]:
        """What this platform took for him, the oldest first."""
        if channel == "telegram":
            sent = [one for one in self.telegram.sent if str(one.chat) == thread]
            return [Shown(one.text, len(one.file.content) if one.file else 0) for one in sent]
        if channel == "viber":
            took = [one for one in self.viber.sent if one.user == thread]
            return [Shown(one.text, self.viber.sizes.get(one.token, one.size)) for one in took]
        return [Shown(one.text, len(one.file)) for one in getattr(self, channel).sent if one.user == thread]
