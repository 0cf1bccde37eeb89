"""Who does not write: people who fill the form of a page, and people who call. They meet the queue of the chats."""

from __future__ import annotations

import random
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from gateway.demo.standins.callcentre import CallCentre
from gateway.demo.standins.forms import FormPage
from gateway.demo.story import Story

if TYPE_CHECKING:
    from gateway.demo.api import Api

WISHES: Final = (
    "mua bảo hiểm xe máy",
    "hỏi phí bảo hiểm ô tô",
    "bảo hiểm sức khỏe cho gia đình",
    "bảo hiểm du lịch Nhật Bản",
)
NAMES: Final = ("Đỗ Thị Hạnh", "Trịnh Quốc Dũng", "Mai Thanh Hà", "Vũ Đức Long", "Phan Thị Yến")
ZONE: Final = ZoneInfo("Asia/Ho_Chi_Minh")
SAME: Final = 0.5  # how often who filled the form calls too
CALLED: Final = frozenset({"leads", "hotline"})  # channels that cannot be answered in writing


def number(rng: random.Random) -> str:
    return f"0912{rng.randrange(10**6):06}"


def mailbox(phone: str) -> str:
    """His e-mail: in the form, or told on the telephone."""
    return f"khach.{phone.removeprefix('+84')[-6:]}@thu.example"


async def form(page: FormPage, story: Story, rng: random.Random) -> str:
    """Somebody fills the form; the builder posts it twice. Whose number it is."""
    name, phone, wish = rng.choice(NAMES), number(rng), rng.choice(WISHES)
    story.event(f"Biểu mẫu LadiPage: {name} để lại số và e-mail, {wish}")
    status = await page.submit(name=name, phone=phone, email=mailbox(phone), message=wish, lost_answer=True)
    if status != 200:
        story.trouble(f"biểu mẫu không được nhận: {status}")
    return phone


async def missed(centre: CallCentre, story: Story, phone: str) -> None:
    """Somebody calls and nobody takes it."""
    story.event("Tổng đài: một cuộc gọi nhỡ")
    await centre.missed(phone)


async def some(page: FormPage, centre: CallCentre, story: Story, rng: random.Random) -> None:
    """A form, and a call that nobody took: at times of the same person."""
    phone = await form(page, story, rng)
    await missed(centre, story, phone if rng.random() < SAME else number(rng))


async def all_kinds(page: FormPage, centre: CallCentre, story: Story, rng: random.Random) -> None:
    """For the story: two forms, the missed call of one of these people, and a call that was taken."""
    await form(page, story, rng)
    await missed(centre, story, await form(page, story, rng))
    story.event("Tổng đài: một cuộc gọi có người nghe")
    await centre.answered(number(rng), agent="Minh Anh", seconds=75)


async def call_back(api: Api, me: str, story: Story, name: str, conversation: dict[str, Any], *, first: bool) -> bool:
    """The advisor calls. Who left a form is reached at once; who called is busy the first time. Whether he was reached."""
    at = f"/conversations/{conversation['id']}"
    if first and conversation["channel"] == "hotline":
        tried = await api.post(f"{at}/attempts", {"result": "busy"}, as_advisor=me)
        again = datetime.fromisoformat(tried["next_attempt_at"]).astimezone(ZONE)
        story.event(f"Gọi lại {name}: máy bận, hẹn gọi tiếp {again:%H:%M %d/%m}")
        return False
    reached = await api.post(f"{at}/attempts", {"result": "reached", "consent": "given"}, as_advisor=me)
    prefill = reached["screening"]["prefill"]
    answers = {
        "real_person": True,
        "need": prefill.get("need") or "hỏi bảo hiểm xe",
        "product": prefill.get("product") or "",
    }
    await api.post(f"{at}/screening", {"outcome": "need", "answers": answers}, as_advisor=me)
    story.event(f"Gọi được {name}: đã đọc lời xin phép, khách đồng ý; phiếu sàng lọc: có nhu cầu")
    return True
