"""A store that thinks, in front of a platform that takes everything: what follows a sale, without a network and with a
clock that is turned by hand. It can be closed and opened again between any two steps."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, TypeVar

import orjson

from channels.contract import Account, Capabilities, InboundEvent, Kind, Receipt
from handlers.engine import Engine
from handlers.model import Advisor, Business
from handlers.texts import Texts
from storage import accounts, deliveries, files, inbox, outbox, outbox_sweep, policies
from storage.db import Store
from storage.ids import new_id
from storage.keys import KeyRing
from storage.outbox import Outcome, SendJob
from storage.tx import Tx
from tests.support import tables
from tests.support.waits import until

T = TypeVar("T")
ACCOUNT: Final = Account(channel="telegram", name="main", settings={})
CHANNEL: Final = Capabilities(
    title="Test", text_limit=4096, buttons=12, button_label_limit=40, button_data_bytes=64, file_bytes=20 << 20
)
TEXTS: Final = Texts.load()
MAI: Final = Advisor(id="a1", name="Trần Mai", code="DL-01")
START: Final = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday, 09:00 in Viet Nam
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS


@dataclass(frozen=True, slots=True)
class Customer:
    """Who bought. `thread` -- of his chat."""

    thread: str
    contact_id: str
    conversation_id: str
    point_id: str


@dataclass(frozen=True, slots=True)
class Out:
    """A call that reached the platform. `keys` -- of the texts in it."""

    at: int
    thread: str
    text: str
    file: str
    keys: tuple[str, ...]


@dataclass(slots=True)
class Shop:
    """`fate` says what becomes of a call; None = it is taken."""

    url: str
    keys: KeyRing = field(default_factory=KeyRing.ephemeral)
    ms: int = round(START.timestamp() * 1000)
    sent: list[Out] = field(default_factory=list)
    fate: Callable[[SendJob], str] | None = None
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    store: Store = field(init=False)
    engine: Engine = field(init=False)

    async def open(self) -> Shop:
        self.store = Store(self.url, self.keys, now_ms=lambda: self.ms)
        self.engine = Engine(
            accounts={ACCOUNT.id: ACCOUNT},
            capabilities={"telegram": CHANNEL},
            parse=_parse,
            texts=TEXTS,
            business=Business(hotline="1900 0000"),
            keys=self.keys,
        )
        tables.lay(self.store)
        await asyncio.to_thread(self.store.open)
        self.store.attach(asyncio.get_running_loop())
        self.store.gates.configure(ACCOUNT.id, rate=0, chat_rate=0)
        self.store.on_commit = lambda hints, sends: self._take(sends)
        await self.store.run(lambda tx: accounts.ensure(tx, [(ACCOUNT.id, "telegram", "main")]))
        await self.store.run(lambda tx: outbox_sweep.recover(tx, idempotent=()))
        self.store.start_thinking(self.engine)
        return self

    async def close(self, *, clean: bool = True) -> None:
        await asyncio.to_thread(lambda: self.store.close(clean=clean))

    async def again(self) -> None:
        """A restart."""
        await self.close()
        await self.open()

    def _take(self, jobs: list[SendJob]) -> None:
        for job in jobs:
            state = self.fate(job) if self.fate else "sent"
            if state in ("sent", "unknown"):
                body = job.body
                self.sent.append(Out(self.ms, body["thread"], body.get("text", ""), (body.get("file") or [""])[0], ()))
            self.store.gates.release(job.account_id)
            taken = state == "sent"
            self.store.mark(
                Outcome(
                    job=job,
                    state=state,
                    external_id=f"x{next(self.numbers)}" if taken else "",
                    error="" if taken else "answer_lost" if state == "unknown" else "blocked",
                    not_before=0 if taken else self.ms + 60_000,
                    started_at=self.ms,
                )
            )

    # ---- what happens

    def pass_(self, **span: float) -> None:
        """Time goes by."""
        self.ms += round(timedelta(**span).total_seconds() * 1000)

    async def settled(self) -> None:
        """Until nothing is left to think or to send."""

        async def nothing() -> bool:
            if not await self.store.run(_left):
                return True
            self.store.wake()
            return False

        await until(nothing, "rest", pause=0.001)

    async def hears(self, thread: str, text: str = "", *, payload: str = "", receipt: Receipt | None = None) -> None:
        """The customer says or taps something, or the platform tells of a message; and all that follows."""
        await self.arrives(thread, text, payload=payload, receipt=receipt)
        await self.settled()

    async def arrives(self, thread: str, text: str = "", *, payload: str = "", receipt: Receipt | None = None) -> None:
        """It is in the inbox, and no more than that."""
        kind = Kind.RECEIPT if receipt else Kind.BUTTON if payload else Kind.TEXT
        number = next(self.numbers)
        event = InboundEvent(
            channel="telegram",
            account="main",
            key=f"k{number}",
            kind=kind,
            thread=thread,
            said_at=datetime.fromtimestamp(self.ms / 1000, UTC),
            raw=b"",
            external_id=f"c{number}",
            text=text,
            payload=payload,
            receipt=receipt,
        )
        arrival = inbox.Arrival(
            account_id=ACCOUNT.id, key=event.key, kind=kind.value, thread=thread, body=_bytes(event)
        )
        self.engine.remember(arrival.id, event)
        await self.store.ingest([arrival])

    async def customer(self, thread: str, name: str = "Lan") -> Customer:
        """Somebody who agreed and gave his name, and whom an advisor has served."""
        await self.hears(thread, "mình muốn mua bảo hiểm xe máy")
        await self.hears(thread, payload="c1:yes")
        await self.hears(thread, f"mình tên {name}, số 0912345678")
        conversation = await self.store.read(
            lambda tx: tx.value("SELECT conversation_id FROM contact_point WHERE thread = :t", t=thread)
        )
        await self.act(conversation, "take")
        await self.act(conversation, "close", outcome="won")
        await self.settled()
        row = await self.store.read(
            lambda tx: tx.one("SELECT id, contact_id, conversation_id FROM contact_point WHERE thread = :t", t=thread)
        )
        assert row is not None
        return Customer(thread, row.contact_id, row.conversation_id, row.id)

    async def act(self, conversation_id: str, name: str, by: Advisor = MAI, **data: Any) -> None:
        await self.store.run(lambda tx: self.engine.act(tx, conversation_id, name, by=by, data=data))

    async def sold(self, customer: Customer, number: str = "XM-0001", **changes: Any) -> str:
        """A policy of this customer, registered now."""
        return await self.store.run(lambda tx: self.issue(tx, customer, number, **changes))

    def issue(self, tx: Tx, customer: Customer, number: str = "XM-0001", **changes: Any) -> str:
        begins = date.fromisoformat(policies.today(tx))
        values: dict[str, Any] = {
            "conversation_id": customer.conversation_id,
            "insurer": "Hãng Mẫu",
            "product": "tnds_xe_may",
            "number": number,
            "starts_on": begins.isoformat(),
            "ends_on": (begins + timedelta(days=365)).isoformat(),
            "premium": 66_000,
            "document_id": document(tx, customer.contact_id),
        }
        return policies.create(tx, policies.New(**{**values, **changes}), by=MAI.id)

    async def deliver(self, policy_id: str) -> str:
        """The certificate goes out; the delivery's id."""

        def unit(tx: Tx) -> str:
            parcel = deliveries.begin(tx, policy_id, by=MAI.id)
            data = {"delivery": parcel.delivery_id, "file_ids": (parcel.document_id,), "policy": dict(parcel.values)}
            self.engine.act(tx, parcel.conversation_id, "deliver", by=MAI, data=data)
            return parcel.delivery_id

        made = await self.store.run(unit)
        await self.settled()
        return made

    # ---- what can be seen

    async def row(self, table: str, row_id: str) -> Any:
        found = await self.store.read(lambda tx: tx.one(f"SELECT * FROM {table} WHERE id = :id", id=row_id))
        assert found is not None
        return found

    async def task(self, policy_id: str, kind: str) -> Any:
        """The policy's last task of this kind."""
        found = await self.store.read(
            lambda tx: tx.one(
                "SELECT * FROM care_task WHERE policy_id = :p AND kind = :k ORDER BY id DESC LIMIT 1",
                p=policy_id,
                k=kind,
            )
        )
        assert found is not None
        return found


def _left(tx: Tx) -> int:
    """What is still to be thought or sent; what may leave now, leaves."""
    outbox.claim(tx, accounts=[ACCOUNT.id])
    return int(
        tx.value(
            "SELECT (SELECT COUNT(*) FROM inbox_event WHERE state = 'new')"
            " + (SELECT COUNT(*) FROM outbox WHERE state = 'sending')"
        )
    )


def document(tx: Tx, contact_id: str | None, *, mime: str = "application/pdf", by: str = MAI.id) -> str:
    """A file's row; its bytes are nowhere."""
    file_id = new_id()
    files.create(
        tx,
        file_id=file_id,
        key=files.new_key(),
        name="gcn.pdf",
        mime=mime,
        size=1000,
        sha256=hashlib.sha256(file_id.encode()).hexdigest(),
        contact_id=contact_id,
        created_by=by,
    )
    return file_id


def _bytes(event: InboundEvent) -> bytes:
    return orjson.dumps(
        {
            "key": event.key,
            "kind": event.kind.value,
            "thread": event.thread,
            "at": event.said_at.isoformat(),
            "text": event.text,
            "payload": event.payload,
            "receipt": [event.receipt.status, event.receipt.external_ids] if event.receipt else None,
        }
    )


def _parse(account_id: str, body: bytes) -> InboundEvent:
    told = orjson.loads(body)
    return InboundEvent(
        channel="telegram",
        account="main",
        key=told["key"],
        kind=Kind(told["kind"]),
        thread=told["thread"],
        said_at=datetime.fromisoformat(told["at"]),
        raw=body,
        external_id="c" + told["key"],
        text=told["text"],
        payload=told["payload"],
        receipt=Receipt(status=told["receipt"][0], external_ids=tuple(told["receipt"][1]))
        if told.get("receipt")
        else None,
    )
