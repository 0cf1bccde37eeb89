"""The ways themselves: a browser's push service, a letter, a group in a chat."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final, cast

import orjson

from channels.contract import OutboundMessage, Permanent
from channels.email.marks import plain
from gateway import staffmail
from gateway.desk.words import LANGUAGES, Words
from gateway.notices import push
from gateway.notices.said import LATER_S, TTL_S, Said
from gateway.notices.services import Gone, Services
from handlers import schedule
from storage import advisors, digests, listeners, tellings
from storage.listeners import Wishes
from storage.tellings import Errand
from storage.times import ms
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

URGENT_MS: Final = 10_000
GROUP_MS: Final = 60_000  # between two lines to one group; what comes in between is counted in the next one


class Ways:
    """Each returns 0 once it was told, or until when it is put off (ms). Raises ChannelError."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.vapid = push.Vapid.of(parts.store.keys)
        self.services = Services(parts.config.notices.push_services)
        self.said = Said(Words(), lambda: parts.config.public_url)
        self._by_way = {"push": self._push, "email": self._letter, "on_call": self._on_call, "group": self._group}
        self._lines: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)  # a group hears one line at a time
        self._spoken: dict[str, int] = {}  # group -> when this process wrote there last, ms

    async def take(self, errand: Errand) -> int:
        return await self._by_way[errand.way](errand)

    async def close(self) -> None:
        await self.services.close()

    # ---- a browser

    async def _push(self, errand: Errand) -> int:
        def read(tx: Tx) -> tuple[listeners.Browser | None, Wishes]:
            return listeners.browser(tx, errand.target), listeners.wishes(tx, errand.advisor_id)

        browser, wishes = await self._parts.store.read(read)
        if browser is None:
            raise Gone("the subscription was ended", reason="gone", code="ended")
        payload = orjson.dumps(self.said.payload(errand, wishes))
        try:
            body = push.seal(payload, p256dh=browser.p256dh, auth=browser.auth)
        except push.Unusable as err:
            raise Permanent("the browser's keys are none", code="bad_keys") from err
        now_s = self._parts.clock.ms() // 1000
        headers = {
            "Authorization": self.vapid.authorization(browser.endpoint, contact=self._contact(), now_s=now_s),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(TTL_S.get(errand.kind, LATER_S)),
            "Urgency": "high" if errand.kind != "digest" else "normal",
            "Topic": push.topic(errand.conversation_id or errand.notice_id),
        }
        await self.services.post(browser.endpoint, body, headers)
        return 0

    def _contact(self) -> str:
        """Where a push service writes when something of ours is wrong."""
        config = self._parts.config
        address = config.notices.push_contact or config.agency.dpo_email
        return f"mailto:{address}" if address else config.public_url if config.public_url.startswith("https:") else ""

    # ---- a letter

    async def _letter(self, errand: Errand) -> int:
        def read(tx: Tx) -> tuple[advisors.Person | None, Wishes]:
            return advisors.find(tx, errand.advisor_id), listeners.wishes(tx, errand.advisor_id)

        person, wishes = await self._parts.store.read(read)
        if person is None or person.disabled_at is not None or not person.email:
            raise Permanent("nobody to write to", reason="no_address")
        if errand.kind == "digest":
            subject, text = await self._digest(errand.advisor_id, person.name, wishes.lang)
        else:
            subject, text = self.said.letter(errand, name=person.name, lang=wishes.lang)
        await self._post(person.email, person.name, subject, text)
        return 0

    async def _digest(self, advisor_id: str, name: str, lang: str) -> tuple[str, str]:
        parts = self._parts
        here = schedule.local(parts.now(), parts.engine.business)
        today_ends = ms(schedule.at(here.date(), here.time().min, parts.engine.business)) + digests.DAY_MS
        figures = await parts.store.read(lambda tx: digests.figures(tx, advisor_id, today_ends=today_ends))
        return self.said.digest(
            lang, name=name, agency=parts.config.agency.name, date=f"{here:%d/%m/%Y}", figures=figures
        )

    async def _on_call(self, errand: Errand) -> int:
        subject, text = self.said.on_call(errand, LANGUAGES[0])
        await self._post(errand.target, "", subject, text)
        return 0

    async def _post(self, to: str, name: str, subject: str, text: str) -> None:
        account, address = staffmail.account_of(self._parts), plain(to)
        if account is None:
            raise Permanent("no e-mail account", code="no_account")
        named = "." in address.rpartition("@")[2]  # the first administrator's is admin@localhost until he changes it
        if not named or not address.isascii():
            raise Permanent("no address", reason="no_address")
        letter = staffmail.compose(account, to=address, name=name, subject=subject, text=text, now=self._parts.now())
        await cast(staffmail.Postman, self._parts.clients[account.id]).post(letter)

    # ---- a group

    async def _group(self, errand: Errand) -> int:
        async with self._lines[errand.target]:
            return await self._line(errand)

    async def _line(self, errand: Errand) -> int:
        parts, target = self._parts, errand.target

        def turn(tx: Tx) -> int | tellings.Line:
            if tellings.is_told(tx, errand):
                return 0  # the line before counted it
            rest_ms = URGENT_MS if errand.urgent else GROUP_MS
            until = tellings.turn(tx, errand, spoken_at=self._spoken.get(target, 0), rest_ms=rest_ms)
            return until or tellings.line(tx, errand)

        line = await parts.store.run(turn)
        if isinstance(line, int):
            return line
        account_id, _, thread = target.partition("/")
        account, client = parts.accounts.get(account_id), parts.clients.get(account_id)
        if account is None or client is None:
            raise Permanent("the group's account is not there", code="no_account")
        text = self.said.group(errand, LANGUAGES[0], line.waiting)
        request: Any = parts.adapters[account.channel].render(
            OutboundMessage(id=errand.id, thread=thread, text=text), account
        )
        await client.call(request)
        self._spoken[target] = parts.clock.ms()
        await parts.store.run(lambda tx: tellings.together(tx, line))
        return 0
