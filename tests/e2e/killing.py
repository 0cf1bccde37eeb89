"""The kill loop: customers talk on a webhook and by polling, advisors act through the API, clocks run out; meanwhile
the gateway dies again and again, and then the books must balance.

Used by the suite (short) and by `make chaos` (long).
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import signal
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import aiohttp

from gateway.demo.standins.telegram import Clock, Customer, FakeTelegram, drop
from storage.db import Store
from storage.keys import KeyRing
from storage.killpoints import NAMES
from tests.support.gatewayd import Gatewayd, Zygote, alive, installed, telegram, webhook

LINES: Final = (
    "chào shop mình muốn mua bảo hiểm xe máy",
    "đồng ý",
    "Nguyễn Văn An",
    "0912 345 678",
    "chiều mai",
    "đúng rồi",
    "cảm ơn em",
)
# Killed by tests of their own: these customers have no Zalo, and nobody of ours has a browser that is told.
ELSEWHERE: Final = {"token.before_commit", "tell.claimed", "tell.told"}  # test_token_kill.py, test_told.py
POINTS: Final = tuple(sorted(NAMES - ELSEWHERE))
AT_RANDOM: Final = ""  # in a plan: no kill point, just any moment
SELDOM: Final = ("act.", "timer.", "poll.")  # points that are passed once in a while: the first or second passing
POLLED: Final = "7011223355:stand-in"
LED: Final = 2  # customers of a round whom an advisor takes up
SWALLOWED: Final = (3, 5)  # these customers of a round: the answer to one send is lost
PATIENCE_S: Final = (
    150.0  # until somebody passes a kill point; longer, and one that nobody passes any more goes unnoticed
)
REST_S: Final = 150.0  # until all have finished what they began
ORPHANED_MS: Final = 61_000  # so much later a call of a dead process may be made again under its key
PASSING: Final = ("in_progress", "too_many", "busy", "unavailable")  # refusals after which one tries again
LOST: Final = ("unknown", "unconfirmed")  # nobody heard what became of them
UNREACHED: Final = "Retryable: not reached"  # no line within five seconds, on a machine that does much else
OPEN: Final = "gateway_oldest_event_seconds"  # 0 when none is
WOKEN: Final = "Đến giờ đã hẹn xem lại."


@dataclass(slots=True)
class Deed:
    """One call of an advisor, made again under the same key until it is answered."""

    thread: str
    account: str
    path: str
    body: dict[str, Any]
    key: str = field(default_factory=lambda: secrets.token_hex(8))
    status: int = 0
    answer: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Books:
    """What everybody said, did and was told, beside what the gateway kept. Faults are lines for people."""

    acknowledged: int = 0
    sent: int = 0
    unknown: int = 0
    swallowed: int = 0
    deeds: int = 0
    woken: int = 0
    hits: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)


class Town:
    """One installation with its customers and an advisor. `plan`s are played by `die`; `rest` ends it."""

    def __init__(self, gateway: Gatewayd, fakes: dict[str, FakeTelegram], advisor: str, seed: int) -> None:
        self.gateway = gateway
        self.fakes = fakes  # by account
        self.hits: Counter[str] = Counter()
        self.deeds: list[Deed] = []
        self._advisor = advisor  # his token
        self._dice = random.Random(seed)
        self._over = False
        self._acting: asyncio.TaskGroup
        self._session: aiohttp.ClientSession

    # ---- customers and advisors

    async def traffic(self, customers: int) -> None:
        """Rounds of new customers until `rest`."""
        async with aiohttp.ClientSession() as self._session, asyncio.TaskGroup() as self._acting:
            while not self._over:
                await self.round(customers)

    async def round(self, customers: int) -> None:
        """Everybody says every line, each once the platform has delivered the one before; nobody waits for the bot."""
        talking = []
        for number in range(customers):
            account = "poll" if number % 3 == 2 else "main"
            fake = self.fakes[account]
            customer = fake.customer()
            if number in SWALLOWED:
                fake.next(drop(accepted=True), method="sendMessage", chat=customer.id)
            talking.append(self.talk(fake, customer))
            if number < LED:
                self.lead(account, str(customer.id))
        await asyncio.gather(*talking)

    async def talk(self, fake: FakeTelegram, customer: Customer) -> None:
        for line in LINES:
            update = await customer.say(line)
            await fake.acked(update, timeout=90)
            await asyncio.sleep(self._dice.random() * 0.02)

    def lead(self, account: str, thread: str) -> None:
        """An advisor takes this customer up: he writes, notes, and wants to be reminded in a moment."""
        mine = secrets.token_hex(4)
        deeds = [
            Deed(thread, account, "messages", {"text": f"Dạ em nghe đây ạ ({mine} 1)"}),
            Deed(thread, account, "messages", {"text": f"Em gửi phí ngay ạ ({mine} 2)"}),
            Deed(thread, account, "notes", {"text": f"gọi lại buổi chiều ({mine} 3)"}),
            Deed(thread, account, "snooze", {}),
        ]
        self.deeds += deeds
        for deed in deeds:
            self._acting.create_task(self._do(deed))

    async def _do(self, deed: Deed) -> None:
        found: list[Any] = []
        while not found:
            path = f"/conversations?channel=telegram&account={deed.account}&thread={deed.thread}"
            found = (await self._call("GET", path, None, ""))[1].get("items", [])
        if deed.path == "snooze":
            deed.body = {"until": (datetime.now(UTC) + timedelta(milliseconds=400)).isoformat()}
        path = f"/conversations/{found[0]['id']}/{deed.path}"
        deed.status, deed.answer = await self._call("POST", path, deed.body, deed.key)

    async def _call(self, method: str, path: str, body: Any, key: str) -> tuple[int, dict[str, Any]]:
        """Until it is answered, whatever dies meanwhile."""
        headers = {"Authorization": f"Bearer {self._advisor}"} | ({"Idempotency-Key": key} if key else {})
        while True:
            try:
                async with self._session.request(
                    method, f"{self.gateway.url}/api/v1{path}", json=body, headers=headers
                ) as answer:
                    said = await answer.json()
                    refused = said["error"]["code"] if answer.status >= 400 else ""
                    if refused not in PASSING and (method == "POST" or said["items"]):
                        return answer.status, said
            except (aiohttp.ClientError, OSError, ValueError):
                pass  # it died in the middle of it
            await asyncio.sleep(0.1)

    # ---- dying

    async def die(self, plan: Sequence[str], *, cold_every: int = 0) -> None:
        """The gateway dies once for each of `plan`: a kill point, or AT_RANDOM. It is not running afterwards."""
        if alive(self.gateway.pid):
            await self.gateway.kill()
        for number, point in enumerate(plan, 1):
            cold = cold_every > 0 and number % cold_every == 0
            if point:
                await self._die_at(point, cold=cold)
            else:
                await self._die_somewhere(cold=cold)

    async def _die_at(self, point: str, *, cold: bool) -> None:
        passing = self._dice.randint(1, 2 if point.startswith(SELDOM) else 12)
        await self.gateway.start(kill_at=f"{point}:{passing}", cold=cold)
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while alive(self.gateway.pid):
            if asyncio.get_running_loop().time() > deadline:
                raise AssertionError(f"nothing passes {point} for the {passing}. time")
            await asyncio.sleep(0.005)
        status = await self.gateway.ended()
        if status != -signal.SIGKILL:
            raise AssertionError(f"ended with {status} instead of dying at {point}: {self.gateway.log[-2000:]}")
        self.hits[point] += 1

    async def _die_somewhere(self, *, cold: bool) -> None:
        """In a third of the cases while it still starts."""
        early = self._dice.random() < 1 / 3
        await self.gateway.start(cold=cold, wait=not early)
        await asyncio.sleep(self._dice.random() * (2.0 if cold and early else 0.4))
        await self.gateway.kill()
        self.hits[AT_RANDOM] += 1

    async def rest(self, traffic: asyncio.Task[None]) -> None:
        """It lives again, a minute later; all finish what they began; nothing is pending; it stops."""
        self._over = True
        await self.gateway.start(ahead_ms=ORPHANED_MS)
        try:
            async with asyncio.timeout(REST_S):
                await traffic
        except TimeoutError:
            raise AssertionError(f"it does not come to rest: {self._open()}") from None
        await self._woken()
        await settle(self.gateway, patience_s=120)
        status = await self.gateway.stop()
        if status:
            raise AssertionError(f"stopped with {status}: {self.gateway.log[-2000:]}")

    def _open(self) -> str:
        """What is not finished yet, for people."""
        unheard = {account: list(fake.updates.pending) for account, fake in self.fakes.items()}
        undone = [f"{deed.account} {deed.thread} {deed.path}" for deed in self.deeds if not deed.status]
        return f"updates {unheard} are not taken, acts {undone} are not answered"

    async def _woken(self) -> None:
        """Until every snooze has ended; if one does not, the books will say so."""
        asleep = [deed.answer["id"] for deed in self.deeds if deed.path == "snooze" and deed.status == 200]
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while asleep and asyncio.get_running_loop().time() < deadline:
            found = await self.gateway.api("GET", f"/conversations/{asleep[-1]}")
            if found["snoozed_until"] is None:
                asleep.pop()
            else:
                await asyncio.sleep(0.1)


async def campaign(
    zygote: Zygote,
    folder: Path,
    database: str,
    *,
    plan: Sequence[str],
    seed: int,
    customers: int = 6,
    cold_every: int = 0,
) -> Books:
    """A fresh installation, a death for each of `plan`, then the books."""
    async with contextlib.AsyncExitStack() as stack:
        fakes = {
            "main": FakeTelegram(clock=Clock(speed=100)),
            "poll": FakeTelegram(POLLED),
        }  # redelivers 100 times faster
        url = {name: await stack.enter_async_context(fake.running()) for name, fake in fakes.items()}
        accounts = telegram(url["main"], fakes["main"].token) + telegram(
            url["poll"], POLLED, receive="polling", name="poll"
        )
        gateway = stack.enter_context(installed(zygote, folder, database, accounts=accounts))
        gateway.token = gateway.command("token", "add", "--name", "books", "--role", "admin")
        advisor = gateway.command("token", "add", "--name", "Hằng", "--role", "advisor")
        town = Town(gateway, fakes, advisor, seed)
        await stack.enter_async_context(webhook(fakes["main"], gateway))
        async with asyncio.TaskGroup() as tasks:
            traffic = tasks.create_task(town.traffic(customers))
            await town.die(plan, cold_every=cold_every)
            await town.rest(traffic)
        return await asyncio.to_thread(audit, database, KeyRing.load(folder / "keys"), town)


async def settle(gateway: Gatewayd, *, patience_s: float = 60) -> None:
    """Until nothing is to be thought about (of our own events neither) and nothing waits to be sent."""
    deadline = asyncio.get_running_loop().time() + patience_s
    while True:
        stats = (await gateway.api("GET", "/stats"))["items"]
        waiting = [
            row
            for state in ("queued", "sending")
            for row in (await gateway.api("GET", f"/outbox?state={state}"))["items"]
        ]
        if not waiting and all(item["pending"] == 0 for item in stats) and not await gateway.figure(OPEN):
            return
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not settled: {stats} {waiting[:3]}")
        await asyncio.sleep(0.05)


# ---- the books


def audit(database: str, keys: KeyRing, town: Town) -> Books:
    """Compare the database with the stand-ins' record and the advisors'. The gateway must be stopped."""
    books = Books(hits=town.hits, deeds=len(town.deeds))
    store = Store(database, keys)
    store.open(visiting=True)
    try:
        events = store.call(lambda tx: tx.all("SELECT account_id, source, kind, key, state, reason FROM inbox_event"))
        said = store.call(_messages)
        outbox = store.call(
            lambda tx: tx.all(
                "SELECT o.message_id, o.state, o.external_id, o.attempts, o.account_id, p.thread, (SELECT COUNT(*) FROM attempt a"
                " WHERE a.outbox_id = o.id AND a.outcome = 'retry_wait' AND a.detail LIKE :unreached) AS unreached FROM outbox o "
                "JOIN contact_point p ON p.id = o.point_id ORDER BY o.account_id, p.thread, o.out_seq",
                unreached=f"{UNREACHED}%",
            )
        )
        stats = store.call(lambda tx: tx.all("SELECT * FROM account_stat"))
        timers = store.call(lambda tx: tx.value("SELECT COUNT(*) FROM timer WHERE name = 'snooze'"))
    finally:
        store.close(clean=False)
    _events(books, events, town)
    texts = {row["id"]: row["text"] for rows in said.values() for row in rows}
    sends: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in outbox:
        sends[row.account_id, row.thread].append(row)
    for account, fake in town.fakes.items():
        for chat in fake.chats.values():
            where = (f"telegram:{account}", str(chat.id))
            heard = [row["text"] for row in said[where] if row["direction"] == "inbound"]
            if heard != list(LINES):
                books.faults.append(f"{where}: said {list(LINES)}, kept {heard}")
            _outbound(books, where, chat, sends[where], texts)
        books.swallowed += sum(call.accepted and call.fault == "drop" for call in fake.calls)
        books.faults += [f"{account}: the stand-in found {fake.violations}"] * bool(fake.violations)
    if books.unknown < books.swallowed:
        books.faults.append(f"{books.swallowed} answers were swallowed, {books.unknown} sends are unknown")
    for deed in town.deeds:
        _deed(books, deed, said[f"telegram:{deed.account}", deed.thread])
    for where, rows in said.items():
        _silence(books, where, rows)
    if timers:
        books.faults.append(f"{timers} timers never fired")
    for stat in stats:
        if stat.deliveries != stat.duplicates + stat.rejected + stat.events:
            books.faults.append(f"the sums do not hold: {stat}")
        if stat.events != stat.messages + stat.receipts + stat.ignored + stat.quarantined + stat.pending:
            books.faults.append(f"the sums do not hold: {stat}")
    return books


def _events(books: Books, events: Sequence[Any], town: Town) -> None:
    kept = {(row.account_id, row.key) for row in events}
    for account, fake in town.fakes.items():
        posted = {delivery.update_id for delivery in fake.deliveries if delivery.status == 200}
        taken = posted if account == "main" else set(fake.updates.history) - set(fake.updates.pending)
        books.acknowledged += len(taken)
        books.faults += [
            f"acknowledged and lost: {account}, update {number}"
            for number in taken
            if (f"telegram:{account}", f"u:{number}") not in kept
        ]
    books.faults += [f"{row.kind} {row.key} is {row.state} ({row.reason})" for row in events if row.state != "done"]


def _messages(tx: Any) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """The transcripts, by account and thread."""
    rows = tx.all(
        "SELECT m.id, m.contact_id, m.direction, m.author, m.kind, m.body_sealed, p.account_id, p.thread FROM message m "
        "JOIN contact_point p ON p.id = m.point_id ORDER BY m.point_id, m.seq"
    )
    found: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        body = tx.keys.open_json(tx, row.contact_id, "message", "body_sealed", row.id, row.body_sealed)
        found[row.account_id, row.thread].append(
            {"id": row.id, "direction": row.direction, "author": row.author, "kind": row.kind, "text": body["text"]}
        )
    return found


def _outbound(books: Books, where: tuple[str, str], chat: Any, rows: list[Any], texts: dict[str, str]) -> None:
    """What arrived, against the rows in their order: each `sent` row once, an `unknown` one at most once, nothing else."""
    known = {row.external_id for row in rows if row.state == "sent"}
    todo = iter(rows)
    for sent in chat.inbox:
        number = str(sent.message_id)
        for row in todo:
            if row.state == "sent" and row.external_id == number:
                break
            if number not in known and row.state in LOST and texts[row.message_id] == sent.text:
                break
            if row.state == "sent":
                books.faults.append(f"{where}: out of order, doubled or lost: {sent.text!r} at the place of {row}")
                return
        else:
            books.faults.append(f"{where}: {sent.text!r} arrived and no row is left for it")
            return
    if any(row.state == "sent" for row in todo):
        books.faults.append(f"{where}: marked sent, never arrived")
    for row in rows:
        books.sent += row.state == "sent"
        books.unknown += row.state in LOST
        if row.state not in ("sent", *LOST):
            books.faults.append(f"{where}: a row is left {row.state}")
        if row.attempts - row.unreached > 1:
            books.faults.append(f"{where}: a send was repeated")


def _deed(books: Books, deed: Deed, said: list[dict[str, Any]]) -> None:
    if deed.path == "snooze":
        woken = sum(row["text"] == WOKEN for row in said)
        books.woken += woken
        if (deed.status, woken) not in ((200, 1), (422, 0)):  # 422: its moment had passed when it could be made at last
            books.faults.append(f"thread {deed.thread}: snoozed ({deed.status}), woken {woken} times")
        return
    times = sum(row["text"] == deed.body["text"] for row in said)
    if deed.status not in (200, 202) or times != 1:
        books.faults.append(f"{deed.path} {deed.body} was answered {deed.status} {deed.answer}, is there {times} times")


def _silence(books: Books, where: tuple[str, str], said: list[dict[str, Any]]) -> None:
    """From an advisor's first word on the bot says nothing."""
    first = next(
        (at for at, row in enumerate(said) if row["author"] == "advisor" and row["direction"] == "outbound"), -1
    )
    if first >= 0 and any(row["author"] == "bot" for row in said[first:]):
        books.faults.append(f"{where}: the bot spoke while an advisor had the conversation")
