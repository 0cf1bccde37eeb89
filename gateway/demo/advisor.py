"""A simulated advisor: everything that she does goes through the JSON API with a token, as any program outside would.

She takes who has waited, reads, answers, writes notes, registers a policy with its certificate, delivers it, closes.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import aiohttp

from gateway.demo import application, arrivals, mailing
from gateway.demo.api import Api, News, Refused
from gateway.demo.application import AGREES, DECLARES, Application
from gateway.demo.certificate import certificate, snapshot, summary
from gateway.demo.setting import People
from gateway.demo.story import Story
from gateway.demo.talking import Talking, is_no, is_yes
from gateway.demo.talks import BYE, DELIVERED, INSURER, LOST, Sale, Talk, talk

ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")
PRODUCTS: Final = {
    "tnds_xe_may": "TNDS xe máy",
    "tnds_o_to": "TNDS ô tô",
    "vat_chat_o_to": "thân vỏ ô tô",
    "suc_khoe": "sức khỏe",
    "du_lich": "du lịch",
    "nha_tu_nhan": "nhà tư nhân",
    "tai_nan": "tai nạn",
    "nhan_tho": "nhân thọ",
}
REASONS: Final = {
    "lead": "khách mới",
    "callback": "đến hẹn gọi lại",
    "human": "muốn gặp người",
    "claim": "bồi thường, gấp",
    "complaint": "góp ý, khiếu nại",
    "invalid": "gõ sai số nhiều lần",
    "no_phone": "không để lại số",
    "unclear": "trợ lý không hiểu",
    "unanswered": "chờ trả lời quá lâu",
    "care": "sau bán hàng",
    "form": "biểu mẫu",
    "missed_call": "gọi nhỡ",
    "call": "đã gọi đến",
}
OUTCOMES: Final = {"won": "đã mua", "lost": "không mua", "done": "đã giải quyết", "no_need": "không có nhu cầu"}
URGENT: Final = 20  # from this priority on she drops what can wait
AHEAD: Final = timedelta(minutes=10)  # an appointment is kept when it is this near


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds: until she takes somebody, before she writes, a letter typed, how long she waits for an answer. `hands`
    -- conversations at one time."""

    take_s: float = 0
    think_s: float = 0
    letter_s: float = 0
    patience_s: float = 40
    hands: int = 30


AT_ONCE: Final = Pace()
HUMAN: Final = Pace(take_s=18, think_s=2.5, letter_s=0.02, patience_s=300, hands=4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """A certificate that went out: to whom, and which bytes."""

    policy_id: str
    conversation_id: str
    thread: str
    number: str
    sha256: str


@dataclass(slots=True)
class Record:
    """What she did, for whoever checks the story."""

    taken: int = 0
    leads: set[str] = field(default_factory=set)  # handoffs of finished forms
    said: list[tuple[str, str]] = field(default_factory=list)  # (thread, text)
    issued: list[Issued] = field(default_factory=list)
    applications: list[Application] = field(default_factory=list)
    closed: Counter[str] = field(default_factory=Counter)  # by outcome
    letters: list[mailing.Written] = field(default_factory=list)


class Advisor:
    """See the module. `names` -- thread -> how the story calls that customer."""

    def __init__(
        self,
        api: Api,
        people: People,
        news: News,
        story: Story,
        pace: Pace,
        *,
        now: Callable[[], datetime],
        names: Callable[[str], str],
        seed: int,
    ) -> None:
        self.record = Record()
        self._api, self._me, self._news, self._story, self.pace = api, people.advisor_id, news, story, pace
        self._name = people.advisor_name.split(maxsplit=1)[1]
        self._now, self._names = now, names
        self._seen: set[str] = set()
        self._told: set[str] = set()
        self._tried: set[str] = set()  # handoffs of whom she has called once
        self._tasks: set[asyncio.Task[None]] = set()
        self._rng = random.Random(seed)
        self._numbers = 0

    @property
    def rests(self) -> bool:
        """Nobody is being served."""
        return not self._tasks

    async def work(self) -> None:
        """For ever."""
        try:
            while True:
                try:
                    for item in (await self._api.get("/handoffs", as_advisor=self._me, limit=100))["items"]:
                        self._consider(item)
                except (aiohttp.ClientError, TimeoutError, Refused) as err:
                    self._story.trouble(f"{self._name}: hàng chờ không đọc được: {type(err).__name__}: {err}")
                await self._news.wait(1 if not self.pace.take_s else 3, "handoff")
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _consider(self, item: dict[str, Any]) -> None:
        """Somebody waits: whom she takes, and when."""
        handoff, conversation = item["handoff"], item["conversation"]
        name = self._names(conversation["thread"]) or conversation["name"] or "một khách"
        if handoff["id"] not in self._told:
            self._told.add(handoff["id"])
            self._announce(name, handoff, conversation)
        later = conversation["slots"].get("callback_time") if conversation["stage"] == "callback_scheduled" else None
        if conversation["channel"] in arrivals.CALLED:
            if handoff["id"] in self._tried and datetime.fromisoformat(handoff["due_at"]) > self._now():
                return  # planned for another part of the day
        elif handoff["id"] in self._seen or (later and datetime.fromisoformat(later["from"]) > self._now() + AHEAD):
            return
        key = f"{handoff['id']} {handoff['due_at']}" if conversation["channel"] in arrivals.CALLED else handoff["id"]
        if len(self._tasks) < self.pace.hands and key not in self._seen:
            self._seen.add(key)
            task = asyncio.create_task(self._guarded(name, handoff, conversation), name=f"serving {name}")
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._news.tell("handoff", "")

    def _announce(self, name: str, handoff: dict[str, Any], conversation: dict[str, Any]) -> None:
        if handoff["reason"] == "lead":
            self.record.leads.add(handoff["id"])
        wish = PRODUCTS.get(conversation["slots"].get("product", ""), "")
        about = ", ".join(part for part in (REASONS.get(handoff["reason"], handoff["reason"]), wish) if part)
        code = f", mã {conversation['code']}" if conversation["code"] else ""
        self._story.event(f"Hàng chờ: {name} ({about}{code})")

    async def _guarded(self, name: str, handoff: dict[str, Any], conversation: dict[str, Any]) -> None:
        try:
            hurry = 0.25 if handoff["priority"] >= URGENT else 1.0
            await asyncio.sleep(self.pace.take_s * hurry * self._rng.uniform(0.6, 1.4))
            if conversation["channel"] in arrivals.CALLED:
                await self._call(name, handoff, conversation)
            else:
                await self._serve(name, handoff, conversation["id"])
        except Refused as err:
            if err.code in ("taken", "not_yours", "wrong_state"):  # a person at the desk has it: it is his
                self._story.event(f"{name}: người khác đã nhận, {self._name} dừng ở đây")
            else:
                self._story.trouble(f"API từ chối {self._name} ({name}): {err}")
        except (aiohttp.ClientError, TimeoutError) as err:
            self._story.trouble(f"{self._name} ({name}): {type(err).__name__}: {err}")

    # ---- one conversation

    async def _call(self, name: str, handoff: dict[str, Any], conversation: dict[str, Any]) -> None:
        """By telephone: nothing can be written to him here."""
        first = handoff["id"] not in self._tried
        self._tried.add(handoff["id"])
        if not await arrivals.call_back(self._api, self._me, self._story, name, conversation, first=first):
            return
        self.record.taken += 1
        contact = await self._api.get(f"/contacts/{conversation['contact_id']}", as_advisor=self._me)
        written = await mailing.answer(
            self._api,
            self._me,
            self._story,
            now=self._now,
            name=name,
            contact=contact,
            address=arrivals.mailbox(contact["phones"][0]),
            entry=conversation["channel"],
        )
        self.record.letters.append(written)
        told = {"reason": "đã gửi tài liệu qua e-mail", "outcome": "done"}
        await self._api.post(f"/conversations/{conversation['id']}/close", told, as_advisor=self._me)
        self.record.closed["done"] += 1

    async def _serve(self, name: str, handoff: dict[str, Any], conversation_id: str) -> None:
        at = f"/conversations/{conversation_id}"
        taken = await self._api.post(f"{at}/take", {}, as_advisor=self._me)
        self.record.taken += 1
        self._story.event(f"{self._name} nhận {name}: trợ lý tự động im lặng từ đây")
        contact = await self._api.get(f"/contacts/{taken['contact_id']}", as_advisor=self._me)
        with_whom = Talking(
            at=at,
            name=name,
            thread=taken["thread"],
            salutation=contact["salutation"],
            seq=taken["last_seq"],
            contact=contact,
            own_page=taken["channel"] == "webchat",
        )
        plan = talk(reason=handoff["reason"], product=taken["slots"].get("product"), language=taken["lang"])
        with_whom.product = taken["slots"].get("product") or ""
        await self._api.post(f"{at}/notes", {"text": "Đã đọc cuộc trò chuyện và biểu mẫu."}, as_advisor=self._me)
        await (self._sell(with_whom, plan, plan.sale) if plan.sale else self._talk(with_whom, plan))

    async def _talk(self, one: Talking, plan: Talk) -> None:
        """Line by line, each after an answer."""
        for line in plan.lines:
            await self._say(one, line)
            answer = await self._answer(one)
            if not answer:
                await self._left_open(one)
                return
            if is_no(answer):
                await self._lost(one)
                return
        await self._note(one, plan)
        if plan.rests:
            until = (self._now() + timedelta(days=1)).isoformat()
            await self._api.post(f"{one.at}/snooze", {"until": until}, as_advisor=self._me)
            self._story.event(f"{self._name} hẹn xem lại {one.name} vào ngày mai")
        if plan.outcome:
            await self._say(one, BYE)
            await self._close(one, plan.outcome)

    async def _sell(self, one: Talking, plan: Talk, sale: Sale) -> None:
        """Offer with the paper, a clear yes, what is missing, the policy, its delivery."""
        title = f"Tóm tắt quyền lợi và loại trừ: {PRODUCTS[one.product]}"
        paper = await asyncio.to_thread(summary, title, sale.summary, made_at=self._now())
        file = await self._upload(one, f"tom-tat-{one.product.replace('_', '-')}.pdf", paper)
        picture = await asyncio.to_thread(snapshot, ["Giay chung nhan trong nhu the nay", PRODUCTS[one.product]])
        photo = await self._upload(one, "giay-chung-nhan-mau.jpg", picture, "image/jpeg")
        await self._say(one, plan.lines[0], photo["id"], file["id"])
        answer = await self._answer(one)
        if answer and not is_no(answer) and not is_yes(answer):
            await self._say(one, sale.again)
            answer = await self._answer(one)
        if not answer:
            await self._left_open(one)
            return
        if not is_yes(answer):
            await self._lost(one)
            return
        await self._note(one, plan)
        await self._say(one, sale.asks)
        details = await self._answer(one)
        case = None
        if one.own_page:  # a form of ours opens where no public https is needed
            case = await self._apply(one, sale, papers=(title,))
            if case is None:
                await self._left_open(one)
                return
        await self._issue(one, sale, details, case)
        await self._say(one, DELIVERED)
        await self._answer(one)
        await self._say(one, BYE)
        await self._close(one, plan.outcome)

    async def _apply(self, one: Talking, sale: Sale, *, papers: tuple[str, ...]) -> Application | None:
        """From the wish to the insurer; None when he does not go on."""
        case = await application.opened(
            self._api, self._me, conversation=one.id, product=one.product, insurer=INSURER, papers=papers
        )
        self.record.applications.append(case)
        self._story.event(f"{self._name} mở hồ sơ yêu cầu {PRODUCTS[one.product]} cho {one.name}, gửi biểu mẫu bảo mật")
        await self._api.post(f"{one.at}/forms", {"fields": await case.lacks()}, as_advisor=self._me)
        if not await self._news.until(case.filled, patience_s=self.pace.patience_s, about=one.id):
            return None
        await case.step("complete")
        await self._say(one, DECLARES)
        if not is_yes(words := await self._answer(one)):
            return None
        await case.declared(words)
        await self._say(one, AGREES.replace("{phi}", f"{sale.premium:,}".replace(",", ".")))
        if not is_yes(words := await self._answer(one)):
            return None
        await case.agreed(words, premium=sale.premium, starts_on=self._today().isoformat())
        await case.step("send")
        self._story.event(f"{one.name} đã khai và đồng ý, hồ sơ tới {INSURER}")
        return case

    def _today(self) -> date:
        return self._now().astimezone(ZONE).date()

    async def _issue(self, one: Talking, sale: Sale, details: str, case: Application | None) -> None:
        """Register the policy that the insurer issued (a sample), and send its certificate."""
        self._numbers += 1
        today = self._today()
        number = f"MAU-{today:%y%m%d}-{self._rng.randrange(10**4):04}{self._numbers:03}"
        ends = today + timedelta(days=364)
        stated = {
            "Số": number,
            "Công ty bảo hiểm": INSURER,
            "Sản phẩm": PRODUCTS[one.product],
            "Người được bảo hiểm": str(one.contact["name"]),
            "Chi tiết": details[:80],
            "Hiệu lực": f"{today:%d/%m/%Y} - {ends:%d/%m/%Y}",
            "Phí (đã gồm VAT)": f"{sale.premium:,} VND".replace(",", "."),
        }
        paper = await asyncio.to_thread(certificate, stated, made_at=self._now())
        file = await self._upload(one, f"giay-chung-nhan-{number}.pdf", paper)
        body = {
            "conversation_id": one.id,
            "insurer": INSURER,
            "product": one.product,
            "number": number,
            "starts_on": today.isoformat(),
            "ends_on": ends.isoformat(),
            "premium": sale.premium,
            "document_id": file["id"],
        }
        policy = await self._api.post("/policies", body, as_advisor=self._me)
        self._story.event(f"{INSURER} đã cấp {PRODUCTS[one.product]} số {number} cho {one.name}")
        if case is not None:
            await case.step("issue", policy_id=policy["id"])
        self._story.event(f"Giấy chứng nhận {number} đang tới {one.name}, trên kênh khách đã nhắn")
        await self._api.post(f"/policies/{policy['id']}/deliver", {"means": "chat"}, as_advisor=self._me)
        self.record.issued.append(
            Issued(
                policy_id=policy["id"],
                conversation_id=one.id,
                thread=one.thread,
                number=number,
                sha256=file["sha256"],
            )
        )

    async def _lost(self, one: Talking) -> None:
        await self._say(one, LOST)
        await self._close(one, "lost")

    async def _left_open(self, one: Talking) -> None:
        """No answer: it stays hers, for whoever looks at the desk."""
        await self._api.post(f"{one.at}/notes", {"text": "Khách chưa trả lời, để mở."}, as_advisor=self._me)
        self._story.event(f"{one.name} chưa trả lời, {self._name} để cuộc trò chuyện mở")

    # ---- single acts

    async def _say(self, one: Talking, line: str, *file_ids: str) -> None:
        text = one.filled(line)
        await asyncio.sleep((self.pace.think_s + len(text) * self.pace.letter_s) * self._rng.uniform(0.8, 1.2))
        body = {"text": text, "attachment_ids": list(file_ids)}
        self._story.advisor(self._name, one.name, text)
        self.record.said.append((one.thread, text))
        made = await self._api.post(f"{one.at}/messages", body, as_advisor=self._me)
        one.seq = made["seq"]

    async def _answer(self, one: Talking) -> str:
        """What the customer says next; '' when he says nothing for long."""
        found: list[str] = []

        async def came() -> bool:
            page = await self._api.get(f"{one.at}/messages", as_advisor=self._me, after=one.seq)
            found[:] = [
                item["text"] for item in page["items"] if item["direction"] == "inbound" and item["kind"] != "system"
            ]
            if found:
                one.seq = page["items"][-1]["seq"]
                await self._api.post(f"{one.at}/seen", {"seq": one.seq}, as_advisor=self._me)
            return bool(found)

        await self._news.until(came, patience_s=self.pace.patience_s, about=one.id)
        return " ".join(found)

    async def _note(self, one: Talking, plan: Talk) -> None:
        await self._api.post(f"{one.at}/notes", {"text": plan.note}, as_advisor=self._me)
        if plan.labels:
            await self._api.post(f"{one.at}/labels", {"add": list(plan.labels), "remove": []}, as_advisor=self._me)
        self._story.event(f"{self._name} ghi chú về {one.name}: {plan.note}")

    async def _upload(self, one: Talking, name: str, data: bytes, mime: str = "application/pdf") -> Any:
        return await self._api.upload(name, data, mime, conversation=one.id, as_advisor=self._me)

    async def _close(self, one: Talking, outcome: str) -> None:
        await self._api.post(f"{one.at}/close", {"reason": "trình diễn", "outcome": outcome}, as_advisor=self._me)
        self.record.closed[outcome] += 1
        self._story.event(f"{self._name} khép lại cuộc trò chuyện với {one.name}: {OUTCOMES.get(outcome, outcome)}")
