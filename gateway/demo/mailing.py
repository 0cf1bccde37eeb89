"""By letter to who left a form or called: there is no chat to answer in. The papers go along, as they do in a chat."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway.demo.api import Api
from gateway.demo.certificate import snapshot, summary
from gateway.demo.story import Story

ACCOUNT: Final = "thu"  # of the e-mail
HELLO: Final = (
    "Dạ em cảm ơn anh/chị đã nghe máy. Như đã hẹn, em gửi tóm tắt quyền lợi và loại trừ, "
    "kèm mẫu giấy chứng nhận để anh/chị xem trước ạ."
)
PAPERS: Final = "Hai tệp em gửi kèm là bản tóm tắt và mẫu giấy chứng nhận. Anh/chị cần hỏi gì cứ trả lời thư này ạ."
LINES: Final = (
    "Quyen loi: theo quy tac bao hiem cua cong ty bao hiem",
    "Loai tru: xem dieu khoan loai tru trong quy tac",
    "Phi: theo bieu phi cua cong ty bao hiem",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What went out to an address, in order: the words, and the sizes of the files."""

    address: str
    entry: str  # the channel that he came in by
    words: tuple[str, ...]
    sizes: tuple[int, ...]


async def answer(
    api: Api,
    me: str,
    story: Story,
    *,
    now: Callable[[], datetime],
    name: str,
    contact: dict[str, Any],
    address: str,
    entry: str,
) -> Written:
    """Write, send the papers, close."""
    if address not in contact["emails"]:  # told on the telephone
        await api.patch(f"/contacts/{contact['id']}", {"emails": [*contact["emails"], address]}, as_advisor=me)
    point = {"channel": "email", "account": ACCOUNT, "thread": address}
    begun = await api.post("/conversations", {"point": point, "text": HELLO}, as_advisor=me)
    at = f"/conversations/{begun['id']}"
    story.advisor("thư", name, HELLO)
    papers = [
        ("tom-tat-quyen-loi.pdf", "application/pdf", await _paper(now())),
        ("giay-chung-nhan-mau.jpg", "image/jpeg", await asyncio.to_thread(snapshot, ["Giay chung nhan mau"])),
    ]
    files = [
        await api.upload(called, data, mime, conversation=begun["id"], as_advisor=me) for called, mime, data in papers
    ]
    body = {"text": PAPERS, "attachment_ids": [file["id"] for file in files]}
    await api.post(f"{at}/messages", body, as_advisor=me)
    story.advisor("thư", name, f"{PAPERS} [{', '.join(called for called, _, _ in papers)}]")
    await api.post(f"{at}/close", {"reason": "đã gửi tài liệu", "outcome": "done"}, as_advisor=me)
    return Written(
        address=address, entry=entry, words=(HELLO, PAPERS), sizes=tuple(int(file["size"]) for file in files)
    )


async def _paper(made_at: datetime) -> bytes:
    return await asyncio.to_thread(summary, "Tom tat quyen loi va loai tru", LINES, made_at=made_at)
