"""`python -m tools.bench.find`: how long the desk's search box takes over a hundred thousand conversations.

Names, words and numbers as Vietnamese customers have them, common ones and rare ones; sealed, indexed and read through
the store itself, on SQLite and (with a server's URL, or `--postgres` and the tests' binaries) on PostgreSQL. What a
query costs is its reads through the store one after another, as the API does them.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

from storage import accounts, finding, search, wall, wall_period
from storage.db import Store
from storage.ids import new_id
from storage.keys import KeyRing
from storage.tx import Tx
from tools.bench.work import Work

ACCOUNT: Final = "telegram:main"
AT_ONCE: Final = 500  # conversations a transaction
DAY_MS: Final = 86_400_000
LAN: Final = "0" * 25 + "1"  # an advisor: one conversation in two thousand is his
MINH: Final = "another"  # has had all the others that were ever taken: 66,000
SIGHTS: Final = {"supervisor": "", "new advisor": LAN, "old advisor": MINH}

FAMILY: Final = (  # in per mille, as in the country
    ("Nguyễn", 384), ("Trần", 121), ("Lê", 95), ("Phạm", 70), ("Hoàng", 51), ("Phan", 45), ("Vũ", 39), ("Đặng", 21),
    ("Bùi", 20), ("Đỗ", 14), ("Hồ", 13), ("Ngô", 13), ("Dương", 10), ("Lý", 5), ("Quách", 2), ("Khuất", 1),
)  # fmt: skip
MIDDLE: Final = ("Văn", "Thị", "Đức", "Minh", "Ngọc", "Thanh", "Quốc", "Hữu", "Thu", "Kim", "Xuân", "Bảo")
GIVEN: Final = (
    "Hùng", "Hương", "Lan", "Anh", "Tuấn", "Dũng", "Linh", "Trang", "Hoa", "Mai", "Nam", "Sơn", "Hà", "Phương", "Quân",
    "Thảo", "Yến", "Khoa", "Long", "Bình", "Cường", "Đạt", "Giang", "Hạnh", "Khánh", "Loan", "Nga", "Oanh", "Phúc", "Vy",
)  # fmt: skip
SAID: Final = (
    "mình muốn mua bảo hiểm ô tô 5 chỗ không kinh doanh", "bên em có bảo hiểm xe máy 2 năm không", "phí bao nhiêu vậy shop",
    "cho mình hỏi bảo hiểm sức khỏe cho bé 3 tuổi", "gọi lại cho mình sau 5 giờ chiều nhé", "cảm ơn em nhiều", "xe tải 2 tấn rưỡi biển Bình Dương",
    "mình cần gấp để đăng kiểm ngày mai", "em ơi giấy chứng nhận chưa thấy gửi", "bảo hiểm du lịch Nhật Bản 7 ngày",
)  # fmt: skip
RARE: Final = ("kangaroo", "máy gặt đập", "bonsai", "thủy phi cơ", "sà lan")

QUERIES: Final = (  # what it is, how it is typed; {…} of one customer in the middle
    ("a rare name", "Khuất Oanh"),
    ("a name, no marks", "quach thi lan"),
    ("a beginning", "ng"),
    ("a common name", "Nguyễn Văn"),
    ("name being typed", "nguyen van hu"),
    ("three common words", "nguyen ô tô hùng"),
    ("four common words", "nguyễn văn bảo hiểm"),
    ("the same, no marks", "nguyen van bao hiem"),
    ("a whole sentence", "mình muốn mua bảo hiểm xe máy"),
    ("common, never meet", "giấy chứng nhận nhật bản đăng kiểm"),
    ("a common word", "bảo hiểm"),
    ("a rare word", "kangaroo"),
    ("a phone number", "{phone}"),
    ("its last four digits", "{last}"),
    ("a plate", "{plate}"),
    ("a policy number", "{policy}"),
    ("a request code", "{code}"),
    ("nothing", "zzzz qqqq"),
)


class Town:
    """People to fill with, the same each time."""

    def __init__(self, conversations: int) -> None:
        self._random = random.Random(7)  # noqa: S311 - no secret
        self._apart_ms = 30 * DAY_MS // conversations  # all of them within a month
        self._all = conversations
        self.sample: dict[str, str] = {}

    def name(self) -> str:
        family = self._random.choices([name for name, _ in FAMILY], [weight for _, weight in FAMILY])[0]
        return f"{family} {self._random.choice(MIDDLE)} {self._random.choice(GIVEN)}"

    def rows(self, tx: Tx, number: int) -> dict[str, list[dict[str, Any]]]:
        draw, keys = self._random, tx.keys
        name, phone = self.name(), f"+849{draw.randrange(10**8):08d}"
        plate, code = f"{draw.randrange(11, 99)}A-{draw.randrange(10**5):05d}", f"Y{number:06d}"
        policy = f"BH{number:08d}" if number % 5 == 0 else ""
        said = [draw.choice(SAID), draw.choice(SAID), draw.choice(RARE) if number % 5000 == 17 else ""]
        if number == 5:
            self.sample = {"phone": phone, "last": phone[-4:], "plate": plate, "policy": policy, "code": code}
        contact, conversation, point = new_id(), new_id(), new_id()
        _, wrapped = keys.new_contact_key(contact)
        at = tx.now_ms - (self._all - number) * self._apart_ms
        status = "waiting" if number % 1000 == 0 else "with_advisor" if number % 300 == 1 else "closed"
        state = {
            "stage": "won", "consents": {"C1": "given"}, "code": code,
            "slots": {"name": name, "phone": phone, "plate": plate, "product": "tnds_oto" if number % 2 else "tnds_moto"},
        }  # fmt: skip
        words = (
            search.of_name(name)
            | search.of_value(phone)
            | search.of_value(plate)
            | search.of_value(code)
            | search.of_value(policy)
        )
        words |= {word for line in said for word in search.words(line)}

        def seal(table: str, column: str, row: str, value: Any) -> bytes:
            return (
                keys.seal_for(tx, contact, table, column, row, value)
                if isinstance(value, str)
                else keys.seal_json(tx, contact, table, column, row, value)
            )

        found: dict[str, list[dict[str, Any]]] = {
            "contact": [{"id": contact, "name_sealed": seal("contact", "name_sealed", contact, name), "salutation": "", "lang": "vi", "test": False, "ads_off": False, "reminders_off": False, "version": 0, "created_at": at, "updated_at": at}],
            "contact_key": [{"contact_id": contact, "wrapped": wrapped, "created_at": at}],
            "contact_point": [{"id": point, "account_id": ACCOUNT, "thread": str(number), "contact_id": contact, "conversation_id": conversation, "seq": 3, "message_seq": 3, "out_seq": 0, "reachable": True, "unreachable_reason": "", "created_at": at}],
            "conversation": [{
                "id": conversation, "point_id": point, "contact_id": contact, "account_id": ACCOUNT, "channel": "telegram", "stage": "queued" if status == "waiting" else status if status == "with_advisor" else "won",
                "status": status, "assignee_id": LAN if number % 2100 == 1 else "another" if status == "with_advisor" else None, "labels": "[]", "test": False, "lang": "vi", "version": 3,
                "state_sealed": seal("conversation", "state_sealed", conversation, state), "outcome": "won", "opened_at": at, "last_message_at": at, "changed_at": at, "seen_seq": 3,
            }],
            "message": [],
            "policy": [],
            "consent": [],
            "handoff": [],
            "search_token": [{"token": search.token(keys, word), "conversation_id": conversation, "contact_id": contact} for word in sorted(words)],
        }  # fmt: skip
        for seq, line in enumerate(filter(None, said), 1):
            message = new_id()
            found["message"].append({"id": message, "conversation_id": conversation, "point_id": point, "contact_id": contact, "seq": seq, "direction": "inbound", "author": "customer", "kind": "text", "body_sealed": seal("message", "body_sealed", message, {"text": line}), "status": "received", "error": "", "route": "", "said_at": at, "received_at": at})  # fmt: skip
        if number % 3:
            row = new_id()
            found["consent"].append({"id": row, "contact_id": contact, "conversation_id": conversation, "purpose": "C1", "state": "given", "text_key": "", "text_version": "", "text_hash": "", "lang": "vi", "channel": "telegram", "account_id": ACCOUNT, "external_id": "", "at": at})  # fmt: skip
            found["handoff"].append({"id": row, "conversation_id": conversation, "contact_id": contact, "code": code, "reason": "lead", "priority": 0, "state": "closed", "test": False, "opened_at": at, "due_at": at, "taken_at": at + 60_000, "taken_by": "another", "outcome": "won", "first_reply_at": at + draw.randrange(10**7)})  # fmt: skip
        if policy:
            row = new_id()
            found["policy"].append({"id": row, "contact_id": contact, "conversation_id": conversation, "insurer": "BV", "product": "tnds_oto", "number_sealed": seal("policy", "number_sealed", row, policy), "number_blind": keys.blind("policy", policy), "starts_on": "2026-01-01", "ends_on": "2027-01-01", "state": "issued", "test": False, "created_by": "bench", "issued_at": at, "version": 0})  # fmt: skip
        return found


def fill(tx: Tx, town: Town, first: int) -> None:
    tables: dict[str, list[dict[str, Any]]] = {}
    for number in range(first, first + AT_ONCE):
        for table, rows in town.rows(tx, number).items():
            tables.setdefault(table, []).extend(rows)
    tables["search_token"].sort(key=lambda row: (row["token"], row["conversation_id"]))
    for table, rows in tables.items():
        tx.insert_many(table, rows)


async def ask(store: Store, query: str, sight: str, work: Work | None = None) -> tuple[float, float, int]:
    """(all of it, the longest read, reads), in ms."""
    look = finding.Look(query, sight=sight)
    step = work.of(look.step) if work else look.step
    took: list[float] = []
    begun = time.perf_counter()
    more = True
    while more:
        at = time.perf_counter()
        more = await store.read(step)
        took.append((time.perf_counter() - at) * 1000)
    return (time.perf_counter() - begun) * 1000, max(took), len(took)


async def measure(store: Store, town: Town, rounds: int) -> None:
    store.attach(asyncio.get_running_loop())
    await measure_wall(store)
    print(
        f"{'query':24} {'as':12} {'p50 ms':>8} {'p95 ms':>8} {'longest read':>13} {'reads':>6} {'statements':>10} {'rows':>6}"
        f" {'pages' if store.postgres else 'steps':>8}"
    )
    for who, sight in SIGHTS.items():
        for what, typed in QUERIES:
            query, work = typed.format(**town.sample), Work()
            await ask(store, query, sight, work)
            done = [await ask(store, query, sight) for _ in range(rounds)]
            whole = sorted(each[0] for each in done)
            print(
                f"{what:24} {who:12} {statistics.median(whole):8.1f} {whole[int(len(whole) * 0.95)]:8.1f}"
                f" {statistics.median(each[1] for each in done):13.1f} {done[-1][2]:6}"
                f" {work.statements:10} {work.rows:6} {work.effort:8}"
            )


async def measure_wall(store: Store) -> None:
    """What the supervisor's wall reads, as its process does it: the first time, and again when nothing has changed."""
    month = wall_period.Count(store.now_ms() - 30 * DAY_MS)
    for what, walk in (("the wall, now", wall.Now()), ("the wall, 30 days", month), ("the same again", month)):
        took: list[float] = []
        work, more = Work(), True
        while more:
            at = time.perf_counter()
            more = await store.read(work.of(walk.step))
            took.append((time.perf_counter() - at) * 1000)
        print(
            f"{what:24} {sum(took):8.1f} ms in {len(took)} reads, the median {statistics.median(took):.1f}, the longest {max(took):.1f};"
            f" {work.rows} rows, {work.effort} {'pages' if store.postgres else 'steps'}"
        )


def run(url: str, folder: Path, conversations: int, rounds: int) -> None:
    store = Store(url, KeyRing.load(folder / "keys"))
    store.open()
    town = Town(conversations)
    try:
        store.call(lambda tx: accounts.ensure(tx, [(ACCOUNT, "telegram", "main")]))
        begun = time.monotonic()
        for first in range(0, conversations, AT_ONCE):
            store.call(partial(fill, town=town, first=first))
        if store.postgres:
            _vacuum(url)
        rows = store.call(lambda tx: tx.value("SELECT COUNT(*) FROM search_token"))
        print(
            f"\n{url.partition(':')[0]}: {conversations} conversations, {rows} words, filled in {time.monotonic() - begun:.0f} s"
        )
        asyncio.run(measure(store, town, rounds))
    finally:
        store.close()


def _vacuum(url: str) -> None:
    """What the server does by itself in the hours in which such tables grow."""
    import psycopg

    with psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


@contextlib.contextmanager
def server() -> Iterator[str]:
    from tests.support.postgres import Databases, Postgres

    own = Postgres()
    own.start()
    databases = Databases(own.url, run="find", worker="bench")
    try:
        with databases.fresh() as url:
            yield url
    finally:
        databases.close()
        own.remove()


def main() -> None:
    parser = argparse.ArgumentParser(prog="find")
    parser.add_argument("--conversations", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--database", default="", help="a PostgreSQL that is empty, in place of an SQLite file")
    parser.add_argument("--postgres", action="store_true", help="a PostgreSQL of our own")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="find") as name:
        folder = Path(name)
        if wanted.postgres:
            with server() as url:
                run(url, folder, wanted.conversations, wanted.rounds)
        else:
            run(wanted.database or f"sqlite:///{folder / 'gateway.db'}", folder, wanted.conversations, wanted.rounds)


if __name__ == "__main__":
    main()
