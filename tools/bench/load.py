"""The other side of the benchmark: customers in a closed loop, on the strict stand-in, and what they measured."""

from __future__ import annotations

import asyncio
import os
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.demo.standins.telegram import FakeTelegram

FAMILY: Final = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương")
MIDDLE: Final = ("Văn", "Thị", "Minh", "Thu", "Quốc", "Ngọc", "Thanh", "Đức")
GIVEN: Final = ("An", "Bình", "Châu", "Dũng", "Hà", "Hùng", "Lan", "Mai", "Nam", "Phúc", "Quân", "Sơn", "Trang", "Vy")
NEEDS: Final = ("xe máy", "ô tô 5 chỗ", "sức khỏe cho cả nhà", "du lịch Thái Lan", "nhà ở", "tai nạn", "xe tải 2 tấn")
TIMES: Final = ("chiều mai", "9h sáng mai", "tối nay", "sáng thứ 2", "14h chiều mai")


def lines(rng: random.Random) -> tuple[str, ...]:
    """What one customer says in six turns: alike in kind, never in words."""
    name = f"{rng.choice(FAMILY)} {rng.choice(MIDDLE)} {rng.choice(GIVEN)}"
    phone = f"09{rng.choice('01234678')}{rng.randint(1_000_000, 9_999_999)}"  # 095 is nobody's: it would be asked again
    need = f"{rng.choice(('chào shop, ', 'alo, ', 'em ơi ', ''))}mình muốn mua bảo hiểm {rng.choice(NEEDS)}"
    return (
        need,
        rng.choice(("đồng ý", "tôi đồng ý", "ok đồng ý")),
        name,
        phone,
        rng.choice(TIMES),
        rng.choice(("đúng rồi", "đúng rồi em", "chuẩn rồi")),
    )


TURNS: Final = 6
PATIENCE_S: Final = 20.0
TICKS: Final = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Measured:
    """turns -- replied · lost -- no reply in time · extra -- replies that nobody asked for · cpu_s -- of the process."""

    seconds: float = 0
    cpu_s: float = 0
    turns: int = 0
    lost: int = 0
    extra: int = 0
    waits: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return self.turns / self.seconds if self.seconds else 0.0

    @property
    def cpu_us(self) -> float:
        return self.cpu_s / self.turns * 1e6 if self.turns else 0.0

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000 if ordered else 0.0


def cpu_of(pid: int, *, thread: int = 0) -> float:
    """User and system seconds of a process, its threads included; or of that thread alone."""
    path = f"/proc/{pid}/task/{thread}/stat" if thread else f"/proc/{pid}/stat"
    fields = Path(path).read_bytes().rpartition(b")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(pid: int) -> int:
    """Bytes resident."""
    return int(Path(f"/proc/{pid}/statm").read_bytes().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def closed_loop(fake: FakeTelegram, pid: int, *, customers: int, warm_s: float, seconds: float) -> Measured:
    """`customers` at a time; each says its next line once the reply to the last one arrived; after six a new one comes."""
    measured = Measured()
    begins = asyncio.Event()
    ends = asyncio.Event()

    async def one(rng: random.Random) -> None:
        while not ends.is_set():
            chat = fake.customer()
            for line in lines(rng):
                if ends.is_set():
                    return
                said = time.perf_counter()
                await chat.say(line)
                try:
                    await chat.next_message(PATIENCE_S)
                except TimeoutError:
                    measured.lost += 1
                    return
                if begins.is_set() and not ends.is_set():
                    measured.turns += 1
                    measured.waits.append(time.perf_counter() - said)
            measured.extra += len(chat.inbox) - TURNS

    tasks = [asyncio.create_task(one(random.Random(seed))) for seed in range(customers)]  # noqa: S311
    await asyncio.sleep(warm_s)
    begins.set()
    started, cpu = time.perf_counter(), cpu_of(pid)
    await asyncio.sleep(seconds)
    measured.seconds, measured.cpu_s = time.perf_counter() - started, cpu_of(pid) - cpu
    ends.set()
    await asyncio.gather(*tasks)
    return measured
