"""What leaves the house as a table: for a purpose, within limits, written into the audit before its first line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from typing import Any, Final

import structlog
from aiohttp import web

from gateway import csvfile
from gateway.api import masks, models, routes_asks, show, wanting
from gateway.api import models_wall as wall
from gateway.api.declare import Call, Routes
from gateway.api.errors import HEADERS, ApiError
from gateway.boards import Answers
from gateway.desk.words import Words
from handlers import schedule
from handlers.taps import PRODUCTS
from storage import audit, exports, listing
from storage.ids import new_id
from storage.times import at
from storage.tx import Tx

routes = Routes("exports")
log = structlog.get_logger("api")
MOST: Final = 5000  # conversations of one table
PAGE: Final = 50  # opened in one read
DESK: Final = Words()  # a table says things as the desk does
ROUNDS: Final = 400  # windows that one table may look through
Row = Sequence[object]

_WORDS: Final[dict[str, dict[str, Any]]] = {
    "vi": {
        "conversations": ("Mã", "Kênh", "Tài khoản", "Tên", "Điện thoại", "Nhu cầu", "Sản phẩm", "Giai đoạn", "Tình trạng",
                          "Người giữ", "Nhóm", "Nhãn", "Bắt đầu", "Tin cuối", "Chờ từ", "Đóng lúc", "Kết quả"),
        "wall": ("Phần", "Mục", "Số", "Đã trả lời", "Trung vị (phút)", "90 % trong (phút)"),
        "parts": {"waiting": "Đang chờ", "late": "Quá hạn", "people": "Đang giữ", "all": "Trả lời", "channel": "Trả lời theo kênh",
                  "team": "Trả lời theo nhóm", "funnel": "Phễu", "lost": "Lý do mất", "score": "Hài lòng"},
        "steps": {"opened": "Mở đầu", "said": "Khách nhắn", "consented": "Đồng ý", "asked": "Xin gặp người", "taken": "Đã nhận",
                  "won": "Chốt được", "issued": "Đã cấp đơn", "delivered": "Đã giao đơn"},
        "status": {"open": "Bot đang trả lời", "waiting": "Đang chờ", "with_advisor": "Có người giữ", "closed": "Đã đóng"},
        "rest": "Lý do khác", "tests": "Tính cả hội thoại thử", "none": "Không ghi lý do", "total": "Tất cả", "cut": "Còn nữa: bảng dừng ở {n} dòng",
    },
    "en": {
        "conversations": ("Id", "Channel", "Account", "Name", "Phone", "Need", "Product", "Stage", "Status", "Assignee", "Team",
                          "Labels", "Begun", "Last message", "Waiting since", "Closed", "Outcome"),
        "wall": ("Part", "Item", "Count", "Answered", "Median (minutes)", "90 % within (minutes)"),
        "parts": {"waiting": "Waiting now", "late": "Late", "people": "Held now", "all": "Answers", "channel": "Answers by channel",
                  "team": "Answers by team", "funnel": "Funnel", "lost": "Lost because", "score": "Satisfaction"},
        "steps": {"opened": "Begun", "said": "Customer wrote", "consented": "Consented", "asked": "Asked for a person", "taken": "Taken",
                  "won": "Won", "issued": "Policy issued", "delivered": "Policy delivered"},
        "status": {"open": "With the bot", "waiting": "Waiting", "with_advisor": "With an advisor", "closed": "Closed"},
        "rest": "Other reasons", "tests": "Test conversations are counted too", "none": "No reason given", "total": "All", "cut": "There is more: this table ends after {n} lines",
    },
}  # fmt: skip


@routes.post("/exports/wall", may="export", keyed=False, proof=True, refuses=("too_many",))
async def export_wall(call: Call, body: wall.WallExport) -> web.StreamResponse:
    """The wall's figures as a table (CSV)."""

    async def rows() -> AsyncIterator[Iterable[Row]]:
        yield await _wall(call, body)

    return await _send(call, body, f"wall-{body.period}", ("figures",), rows())


@routes.post("/exports/conversations", may="export", keyed=False, proof=True, refuses=("too_many", "approval_needed"))
async def export_conversations(call: Call, body: wall.ConversationsExport) -> web.StreamResponse:
    """A filtered list of conversations as a table (CSV), at most 5,000 of them. With `personal` only what a second person has
    let go: `ask` is of `POST /exports/asks`."""
    if body.personal:
        return await _send(
            call, body, "conversations", ("personal", body.ask or ""), _conversations(call, body), _use(call, body)
        )
    return await _send(call, body, "conversations", ("masked",), _conversations(call, body))


def _use(call: Call, body: wall.ConversationsExport) -> Callable[[Tx], None]:
    """The approval is used up in the audit entry's own transaction."""

    def use(tx: Tx) -> None:
        what, by = routes_asks.wanted(body.query), call.actor.id
        try:
            exports.use(tx, body.ask or "", purpose=body.purpose, wanted=what, by=by)
        except exports.Refused as err:
            raise routes_asks.refused(err) from None

    return use


def _nothing(_tx: Tx) -> None:
    return None


async def _send(
    call: Call,
    body: wall.ExportOf,
    name: str,
    fields: tuple[str, ...],
    rows: AsyncIterator[Iterable[Row]],
    first: Callable[[Tx], None] = _nothing,
) -> web.StreamResponse:
    wait_s = call.api.exports.take(call.actor.id)
    if wait_s:
        log.warning("export.many", advisor=call.actor.id, reason=f"{csvfile.AN_HOUR} tables within an hour")
        raise ApiError("too_many", f"{csvfile.AN_HOUR} tables an hour", retry_s=wait_s)
    export_id, by, through = new_id(), call.actor.id, call.actor.through
    what = f"export.{name.partition('-')[0]}"

    def begin(tx: Tx) -> None:
        first(tx)
        audit.write(
            tx, actor=by, action=what, object_type="export", object_id=export_id,
            fields=(f"purpose:{body.purpose}", *fields), request_id=call.id, source=through,
        )  # fmt: skip

    await call.store.run(begin)
    day = schedule.local(call.parts.now(), call.parts.engine.business).date().isoformat()
    answer = web.StreamResponse(headers={**HEADERS, "X-Request-Id": call.id})
    answer.content_type, answer.charset = "text/csv", "utf-8"
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}-{day}.csv"'
    await answer.prepare(call.request)
    await answer.write(csvfile.MARK)
    sent = 0
    async for some in rows:
        lines = list(some)
        sent += len(lines)
        await answer.write(csvfile.lines(lines, body.separator))
    await answer.write_eof()
    await call.store.run(
        lambda tx: audit.write(
            tx, actor=by, action=f"{what}.done", object_type="export", object_id=export_id,
            fields=(f"lines:{sent}",), request_id=call.id, source=through,
        )
    )  # fmt: skip
    return answer


# ---- conversations


async def _conversations(call: Call, body: wall.ConversationsExport) -> AsyncIterator[Iterable[Row]]:
    query = models.ConversationQuery.model_validate(body.query.model_dump(exclude_none=True))
    wanted, after, left = wanting.wanted(call, query), None, MOST
    words = _WORDS[body.lang]
    yield [words["conversations"]]
    for _ in range(ROUNDS):
        page = await call.store.read(partial(listing.page, wanted=wanted, after=after, limit=min(PAGE, left)))
        yield [_line(call, one, body) for one in page.items]
        left -= len(page.items)
        after = page.after
        if after is None or left <= 0:
            break
    if after is not None:
        yield [[words["cut"].format(n=MOST - left)]]


def _line(call: Call, one: listing.Conversation, body: wall.ConversationsExport) -> Row:
    shown = show.conversation(call, one)
    plain = body.personal and not shown.masked
    slots = shown.slots if plain or shown.masked else masks.slots(shown.slots)
    words, said = _WORDS[body.lang], DESK.script(body.lang)
    return (
        one.id, said.get(f"channel_{one.channel}", one.channel), one.account,
        shown.name if plain or shown.masked else masks.name(shown.name),
        _phone(str(slots.get("phone") or "")),
        slots.get("need"), _product(call, slots.get("product"), body.lang), said.get(f"stage_{one.stage}", one.stage),
        words["status"][one.status], one.assignee[1] if one.assignee else "",
        one.team, ", ".join(one.labels), _moment(call, one.opened_at), _moment(call, one.last_message_at),
        _moment(call, one.waiting_since), _moment(call, one.closed_at), said.get(f"outcome_{shown.ending}", shown.ending),
    )  # fmt: skip


def _product(call: Call, code: object, lang: str) -> object:
    return call.parts.texts.button(f"p_{code}", lang) if code in PRODUCTS else code


def _phone(value: str) -> str:
    """`0912 345 678`: a spreadsheet would make a number of it and lose its zero, and a formula of `+84…`."""
    national = f"0{value[3:]}" if value.startswith("+84") else value
    return f"{national[:4]} {national[4:7]} {national[7:]}" if len(national) == 10 and national.isdigit() else national


def _moment(call: Call, ms: int | None) -> str:
    return "" if ms is None else schedule.local(at(ms), call.parts.engine.business).strftime("%d/%m/%Y %H:%M")


# ---- the wall


async def _wall(call: Call, body: wall.WallExport) -> list[Row]:
    boards = call.api.boards
    now, period = await boards.now(tests=body.tests), await boards.period(body.period, tests=body.tests)
    words = _WORDS[body.lang]
    parts = words["parts"]

    def channel(name: str) -> str:
        return DESK.script(body.lang).get(f"channel_{name}", name)

    def times(part: str, found: Iterable[Answers]) -> list[Row]:
        return [
            (parts[part], now.teams.get(each.of) or channel(each.of) or words["total"], each.asked, each.answered,
             _minutes(each.median), _minutes(each.p90))
            for each in found
        ]  # fmt: skip

    return [
        words["wall"],
        *([(words["tests"], words["total"], "")] if body.tests else []),
        (parts["waiting"], words["total"], len(now.waiting)),
        (parts["late"], words["total"], now.late),
        *((parts["waiting"], channel(of), count) for of, count in now.by(lambda one: one.channel)),
        *((parts["people"], one.name, one.active) for one in now.people),
        *times("all", period.answers()),
        *times("channel", period.answers("channel")),
        *times("team", (each for each in period.answers("team") if each.of)),
        *((parts["funnel"], words["steps"][step], count) for step, count in period.funnel),
        *((parts["lost"], words.get(each.key, each.words), each.count) for each in period.lost),
        *((parts["score"], score, count) for score, count in period.scores.items()),
    ]


def _minutes(value: float | None) -> int | str:
    """Whole minutes: a decimal sign is read differently from one region to the next."""
    return "" if value is None else round(value)
