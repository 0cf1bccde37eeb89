"""An application for a policy, step by step as an advisor takes it: the form, what he declares, what he agrees to, the
insurer, the issue. Each of his steps has his own words as its evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from gateway.demo.api import Api

DECLARES: Final = "Dạ em đã nhận đủ thông tin qua biểu mẫu. {xung_ho} xác nhận giúp em là đã đọc tóm tắt quyền lợi, loại trừ và những gì đã khai là đúng sự thật ạ?"
AGREES: Final = "Dạ {xung_ho} đồng ý tham gia với phí {phi} đồng, giấy chứng nhận điện tử, hiệu lực từ hôm nay chứ ạ? Em gửi hãng ngay khi {xung_ho} đồng ý."
WHOLE: Final = ("requested", "info_complete", "declared", "agreed", "sent_to_insurer", "issued")


@dataclass(slots=True)
class Application:
    """One case at the API. `papers` -- what he was given to read; `passed` -- the states that it went through."""

    api: Api
    me: str
    id: str
    papers: tuple[str, ...]
    passed: list[str] = field(default_factory=list)

    async def lacks(self) -> list[str]:
        """What the checklist still lacks."""
        found: list[str] = (await self.api.get(f"/cases/{self.id}", as_advisor=self.me))["missing"]
        return found

    async def filled(self) -> bool:
        return not await self.lacks()

    async def step(self, act: str, **told: Any) -> None:
        made = await self.api.post(f"/cases/{self.id}/{act}", told, as_advisor=self.me)
        self.passed.append(made["steps"][-1]["after"])

    async def declared(self, words: str) -> None:
        await self.step("declare", documents=list(self.papers), evidence=f"nhắn: {words}"[:200])

    async def agreed(self, words: str, *, premium: int, starts_on: str) -> None:
        evidence = f"nhắn: {words}"[:200]
        await self.step("agree", premium=premium, form="electronic", starts_on=starts_on, evidence=evidence)


async def opened(
    api: Api, me: str, *, conversation: str, product: str, insurer: str, papers: tuple[str, ...]
) -> Application:
    """His wish becomes a case."""
    wish = {"conversation_id": conversation, "product": product, "insurer": insurer}
    made = await api.post("/cases", wish, as_advisor=me)
    return Application(api, me, made["id"], papers, [made["state"]])
