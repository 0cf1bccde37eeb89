"""`gateway demo`: a story of last week, then people come and go; `--once` plays one finite story and says whether it held."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, TextIO

from gateway.config import ConfigError
from gateway.demo import advisor as desk
from gateway.demo import arrivals, customers
from gateway.demo.checks import books, verified
from gateway.demo.customers import CAST, Character
from gateway.demo.player import Player
from gateway.demo.stage import Stage, staged
from gateway.process import CannotListen

NUDGE_MS: Final = 31 * 60_000
GAP_S: Final = (14.0, 34.0)  # between two arrivals; SOON_S while hardly anybody is here
SOON_S: Final = (3.0, 7.0)
BY_OTHER_WAYS: Final = 0.25  # arrivals at which somebody fills a form and somebody calls, too
AT_ONCE: Final = 9  # customers at one time
STAYS_S: Final = 240.0
ARRIVES_S: Final = 8.0  # for what is on its way when the story is broken off
PROLOGUE: Final = ("polite", "no_diacritics")


async def tell(stage: Stage, cast: Iterable[Character]) -> None:
    """One finite story, from the first word to the answer to the last question of the care plan."""
    stage.story.chapter("Mười ngày trước, chín giờ sáng: khách nhắn tới")
    others = arrivals.all_kinds(stage.page, stage.centre, stage.story, random.Random(len(stage.players)))
    await asyncio.gather(others, *(stage.enter(character, customers.AT_ONCE) for character in cast))
    await _settled(stage, "khách, trợ lý và tư vấn viên")
    stage.story.chapter("Nửa giờ sau: ai im lặng được nhắc một lần")
    await stage.move(stage.parts.clock.ms() + NUDGE_MS)
    if not await stage.nudged():
        stage.story.trouble("người im lặng không được nhắc")
    await _settled(stage, "lời nhắc")
    stage.story.chapter("Ngày hôm sau: khách đã nhận giấy chứng nhận chưa? (T+1)")
    if not await stage.asked("received"):
        stage.story.trouble("có khách chưa trả lời câu hỏi đã nhận giấy chứng nhận")
    await _settled(stage, "câu hỏi T+1")
    stage.story.chapter("Một tuần sau: khảo sát hài lòng (T+7)")
    if not await stage.asked("survey"):
        stage.story.trouble("có khách chưa trả lời khảo sát")
    await _settled(stage, "khảo sát T+7")
    await stage.move(time.time_ns() // 1_000_000)


async def _settled(stage: Stage, what: str) -> None:
    if not await stage.quiet():
        unanswered = ", ".join(player.name for player in stage.players if not player.rests)
        stage.story.trouble(f"chưa xong: {what} ({unanswered or 'hàng chờ, gửi hoặc đọc'})")


async def play_once(about: Path | None, port: int | None, seed: int, out: TextIO) -> int:
    """The finite story. 0 when everything held."""
    began = time.monotonic()
    async with staged(about=about, port=port, quick=True, seed=seed, out=out) as stage:
        story = stage.story
        story.write(
            f"Trình diễn một lượt (seed {seed}): {len(CAST)} khách trên Zalo, Messenger, Viber, Telegram và web chat, biểu mẫu, cuộc gọi, một tư vấn viên."
        )
        await tell(stage, CAST)
        story.chapter("Kết quả")
        for line in await verified(stage, CAST):
            story.write(line)
        story.write(f"{'CHƯA ĐẠT' if story.troubles else 'ĐẠT'} sau {time.monotonic() - began:.1f} giây")
        return 1 if story.troubles else 0


async def play_on(about: Path | None, port: int | None, seed: int, out: TextIO) -> int:
    """A story of last week, told quickly; then people come and go until Ctrl-C."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        if ended.is_set():
            os._exit(130)  # the second one: at once
        ended.set()

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, end)
    out.write(
        "Đang dựng bản trình diễn (thư mục tạm, chỉ trên máy này). Địa chỉ để mở xem hiện ra sau chuyện tuần trước.\n"
    )
    out.flush()
    async with staged(about=about, port=port, quick=False, seed=seed, out=out) as stage:
        prologue = asyncio.create_task(tell(stage, [one for one in CAST if one.key in PROLOGUE]))
        await _first(ended, prologue)
        if not ended.is_set():
            stage.advisor.pace = desk.HUMAN
            stage.story.write(invitation(stage))
            await _first(ended, asyncio.create_task(_arrivals(stage)))
        stage.story.write("\nĐang dừng…")
        await stage.halt()
        stage.story.chapter("Sổ hai bên: ta ghi gì, nền tảng nhận gì")
        for line in await books(stage, ARRIVES_S):
            stage.story.write(line)
    out.write(
        f"Đã dừng: {len(stage.players)} khách đã tới, {stage.advisor.record.taken} người được tư vấn. Thư mục tạm đã xóa.\n"
    )
    return 1 if stage.story.troubles else 0


async def _first(ended: asyncio.Event, task: asyncio.Task[None]) -> None:
    """Until the task is done or somebody wants the end."""
    waiting = asyncio.create_task(ended.wait())
    await asyncio.wait([waiting, task], return_when=asyncio.FIRST_COMPLETED)
    for one in (waiting, task):
        one.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _arrivals(stage: Stage) -> None:
    """People come at a human pace, everybody once before anybody's like comes again; who is done goes home."""
    coming: list[Character] = []
    while True:
        if not coming:
            coming = list(CAST)
            stage.rng.shuffle(coming)
        for player in [one for one in stage.players if one.wire.thread in stage.tasks and _done(one)]:
            await stage.leave(player)
        if len(stage.tasks) < AT_ONCE:
            await stage.enter(coming.pop(), customers.HUMAN)
        if stage.rng.random() < BY_OTHER_WAYS:
            await arrivals.some(stage.page, stage.centre, stage.story, stage.rng)
        await asyncio.sleep(stage.rng.uniform(*(GAP_S if len(stage.tasks) > 2 else SOON_S)))


def _done(player: Player) -> bool:
    """Nothing has been said to him or by him for long."""
    return player.rests and time.monotonic() - player.touched > STAYS_S


def invitation(stage: Stage) -> str:
    """Where to look, and what to try."""
    url, people = stage.url, stage.people
    return f"""
 ┌─ IBAOHIEM · bản trình diễn ─ khách, số điện thoại, hợp đồng đều là giả; mọi dữ liệu được đánh dấu "thử" ─
 │
 │  Trang công khai   {url}/
 │  Bàn tư vấn        {url}/desk/
 │     đăng nhập      {people.email}
 │     mật khẩu       {people.password}
 │  Điện thoại khách  {stage.telephones}/   Zalo, Messenger, Viber, Telegram như khách thấy
 │
 │  Thử xem
 │   1. Mở trang công khai (hay điện thoại khách), nhắn: mua bảo hiểm xe máy, rồi trả lời trợ lý. {people.advisor_name} sẽ tiếp chuyện.
 │   2. Mở bàn tư vấn, nhận một khách đang chờ trước {people.advisor_name}: khách sẽ nói chuyện với bạn.
 │   3. Biểu mẫu và cuộc gọi nhỡ đứng chung hàng chờ: mở một khách như vậy, ghi kết quả gọi, sàng lọc, xem gợi ý trùng.
 │   4. Tìm theo tên, bốn số cuối điện thoại hoặc mã IB-…; đọc lại chuyện tuần trước: giấy chứng nhận, T+1, T+7.
 │   5. Bảng giám sát, có tính khách thử của buổi này: {url}/desk/wall
 │   6. {url}/api/v1/openapi.json · {url}/health/ready · {url}/metrics
 │   7. Ở cửa sổ khác: {Path(sys.executable).with_name("gateway")} --config {stage.parts.config.path} channels status
 │
 └─ Khách tiếp tục tới. Ctrl-C để dừng; thư mục tạm sẽ bị xóa. ─
"""


def run(config_path: Path | None = None, *, port: int | None = None, once: bool = False, seed: int = 1) -> int:
    """Play until Ctrl-C, or once. 0 all well, 1 something did not hold, 2 a configuration that is refused.

    config_path -- what it says of the agency is said here too; nothing else of it is used
    """
    try:
        import uvloop

        runner: Any = uvloop.run
    except ImportError:
        runner = asyncio.run
    try:
        return int(runner((play_once if once else play_on)(config_path, port, seed, sys.stdout)))
    except ConfigError as err:
        print("\n".join(err.problems), file=sys.stderr)
        return 2
    except CannotListen as err:
        print(err, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception:  # the gateway's hook would log it, into a folder that is gone
        traceback.print_exc()
        return 1
