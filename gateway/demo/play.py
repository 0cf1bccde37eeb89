"""`gateway demo`: the gateway, the stand-ins, simulated customers and an advisor, on a throw-away folder.

Real code paths only: customers write through webhooks and web sockets, the advisor works through the JSON API, time
passes by the gateway's own clock and ticks. `--once` plays one finite story quickly and says whether all of it held.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import random
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, TextIO

import aiohttp

from gateway import logs, setup
from gateway.app import CannotListen, running
from gateway.config import Config, ConfigError
from gateway.demo import advisor as desk
from gateway.demo import certificate, customers, setting
from gateway.demo.advisor import Advisor, Api, News
from gateway.demo.customers import CAST, Character, Tempo, cast_as
from gateway.demo.phones import TelegramWire
from gateway.demo.player import Player, Wire
from gateway.demo.setting import People
from gateway.demo.standins.telegram import Clock as PlatformClock
from gateway.demo.standins.telegram import FakeTelegram
from gateway.demo.story import Story
from gateway.demo.visitors import WebWire
from gateway.parts import Clock, Parts
from scheduler.app import UNITS
from storage.times import ms

BEGINS: Final = (10, 9)  # days ago, at this hour: a story with T+1 and T+7 ends before today
NUDGE_MS: Final = 31 * 60_000
PATIENCE_S: Final = 60.0  # for a whole scene on a busy machine
GAP_S: Final = (14.0, 34.0)  # between two arrivals; SOON_S while hardly anybody is here
SOON_S: Final = (3.0, 7.0)
AT_ONCE: Final = 9  # customers at one time
STAYS_S: Final = 240.0
PROLOGUE: Final = ("polite", "no_diacritics")
TOKEN: Final = "7011223344:demo-stand-in"


class NotHere(Exception):
    """The clock may be moved on this machine only."""


class StoryClock(PlatformClock):
    """The platform lives in the gateway's time."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock

    def now(self) -> float:
        return self._clock.ms() / 1000


@dataclass(slots=True, kw_only=True)
class Stage:
    """A running demonstration. `folder` -- its throw-away house, with config.yaml and gateway.log."""

    parts: Parts
    fake: FakeTelegram
    api: Api
    people: People
    story: Story
    news: News
    advisor: Advisor
    folder: Path
    session: aiohttp.ClientSession
    rng: random.Random
    players: list[Player] = field(default_factory=list)
    tasks: dict[str, asyncio.Task[None]] = field(default_factory=dict)  # by the player's thread

    @property
    def url(self) -> str:
        return self.parts.config.public_url

    # ---- customers

    async def enter(self, character: Character, tempo: Tempo) -> Player:
        """Somebody of this character comes and begins to write."""
        somebody = cast_as(character, self.rng, {player.name for player in self.players})
        wire: Wire
        if somebody.channel == "telegram":
            person = self.fake.customer(
                first_name=somebody.name, language_code=somebody.language, phone=f"84{somebody.phone[1:]}"
            )
            wire = TelegramWire(person)
        else:
            wire = await WebWire.enter(self.session, self.url, phone=somebody.phone)
        said = self.advisor.record.said
        player = Player(
            somebody,
            wire,
            self.story,
            tempo.times(somebody.pace),
            self.rng.randrange(2**31),
            told=lambda thread, text: (thread, text) in said,
        )
        self.story.event(f"Khách mới: {somebody.name}, {wire.channel}, {somebody.temper}")
        self.players.append(player)
        self.tasks[wire.thread] = asyncio.create_task(player.play(), name=f"customer {somebody.name}")
        return player

    async def leave(self, player: Player) -> None:
        task = self.tasks.pop(player.wire.thread, None)
        if task is not None:
            task.cancel()
            done = (await asyncio.gather(task, return_exceptions=True))[0]
            if isinstance(done, Exception):
                self.story.trouble(f"{player.name}: {type(done).__name__}: {done}")
        await player.wire.close()

    # ---- time

    async def move(self, to_ms: int) -> None:
        """Let the gateway's clock jump ahead, and tick at once. Raises NotHere."""
        if not self.parts.config.local:
            raise NotHere("the clock is moved on this machine only, never with a public host")
        self.parts.clock.offset_ms = max(self.parts.clock.offset_ms, to_ms - time.time_ns() // 1_000_000)
        for name, _, unit in UNITS:
            if name in ("timers", "care", "policies"):
                await self.parts.store.run(unit)

    # ---- waiting

    async def quiet(self, patience_s: float = PATIENCE_S) -> bool:
        """Until nobody has anything left to do: all is read, thought, sent, and answered."""

        looks = 0  # a frame may be on its way to a page: believe the second look

        async def still() -> bool:
            nonlocal looks
            looks = looks + 1 if await self._still() else 0
            return looks > 1

        return await self.news.until(still, patience_s=patience_s, look_s=0.1)

    async def _still(self) -> bool:
        if any(task.done() for task in self.tasks.values()):
            return True  # a customer broke: the checks say so
        busy = not self.advisor.rests or any(not player.rests for player in self.players)
        if busy or self.fake.updates.pending or await self.pending():
            return False
        waiting = await self.api.get("/handoffs", limit=100)
        return all(item["conversation"]["stage"] == "callback_scheduled" for item in waiting["items"])

    async def pending(self) -> int:
        """Events not thought about, and calls not made."""
        events, outbox = await asyncio.gather(
            self.api.get("/events", state="new", source="all"), self.api.get("/outbox")
        )
        return len(events["items"]) + len(outbox["items"])

    async def nudged(self) -> bool:
        """Until whoever fell silent was reminded."""

        async def all_of_them() -> bool:
            return all(player.questions["nudge"] for player in self.players if player.character.key == "silent")

        return await self.news.until(all_of_them, patience_s=PATIENCE_S, look_s=0.2)

    async def care(self, kind: str) -> list[dict[str, Any]]:
        return [task for task in await self.api.every("/care") if task["kind"] == kind]

    async def asked(self, kind: str) -> bool:
        """Move to where the care plan asks this question, until every customer has answered."""
        planned = [task for task in await self.care(kind) if task["state"] == "planned"]
        if not planned:
            return True
        due = max(ms(datetime.fromisoformat(task["due_at"])) for task in planned)
        await self.move(due + 2000)

        async def answered() -> bool:
            return all(task["state"] == "answered" for task in await self.care(kind))

        return await self.news.until(answered, patience_s=PATIENCE_S, look_s=0.3)


# ---- the stage


@contextlib.asynccontextmanager
async def staged(*, about: Path | None, port: int | None, quick: bool, seed: int, out: TextIO) -> AsyncIterator[Stage]:
    """The gateway with everything around it, ten days ago in the morning, ahead of its first customer."""
    agency = setting.agency(about)
    with tempfile.TemporaryDirectory(prefix="ibaohiem-demo-") as made:
        folder = Path(made)
        with (folder / "gateway.log").open("a", encoding="utf-8") as log:
            clock = Clock()
            clock.offset_ms = _begins() - clock.ms()
            fake = FakeTelegram(token=TOKEN, clock=StoryClock(clock), limits=not quick, seed=seed)
            async with contextlib.AsyncExitStack() as stack:
                api_url = await stack.enter_async_context(fake.running())
                config = setting.furnish(
                    folder, telegram=api_url, bot_token=TOKEN, about=agency, port=port, quick=quick
                )
                logs.setup(level=config.logging.level, format="json", secrets=config.secrets, stream=log)
                people, _ = await asyncio.gather(setting.let_in(config), asyncio.to_thread(certificate.prepare))
                parts = await stack.enter_async_context(running(config, clock=clock))
                stage = await _composed(stack, parts, fake, people, folder, seed=seed, out=out)
                await _registered(parts.config)
                try:
                    yield stage
                finally:
                    for player in stage.players:
                        await stage.leave(player)


def _begins() -> int:
    days, hour = BEGINS
    here = datetime.now(desk.ZONE) - timedelta(days=days)
    return ms(here.replace(hour=hour, minute=0, second=0, microsecond=0))


async def _composed(
    stack: contextlib.AsyncExitStack,
    parts: Parts,
    fake: FakeTelegram,
    people: People,
    folder: Path,
    *,
    seed: int,
    out: TextIO,
) -> Stage:
    session = await stack.enter_async_context(aiohttp.ClientSession())
    news = News()
    stack.callback(parts.hub.listen(news.tell))
    story = Story(out, lambda: parts.now().astimezone(desk.ZONE))
    api = Api(session, parts.config.public_url, people.token)
    players: list[Player] = []
    advisor = Advisor(
        api,
        people,
        news,
        story,
        desk.AT_ONCE,
        now=parts.now,
        names=lambda thread: _called(players, thread),
        seed=seed,
    )
    stage = Stage(
        parts=parts,
        fake=fake,
        api=api,
        people=people,
        story=story,
        news=news,
        advisor=advisor,
        folder=folder,
        session=session,
        rng=random.Random(seed),
        players=players,
    )
    working = asyncio.create_task(advisor.work(), name="advisor")
    stack.push_async_callback(_ended, working)
    return stage


def _called(players: Sequence[Player], thread: str) -> str:
    """How the story calls whom the platform knows by this thread, '' when it does not know him."""
    return next((player.name for player in players if player.wire.thread == thread), "")


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _registered(config: Config) -> None:
    good, lines = await setup.register(config)
    if not good:
        raise RuntimeError("; ".join(lines))


# ---- the story


async def tell(stage: Stage, cast: Iterable[Character]) -> None:
    """One finite story, from the first word to the answer to the last question of the care plan."""
    stage.story.chapter("Mười ngày trước, chín giờ sáng: khách nhắn tới")
    await asyncio.gather(*(stage.enter(character, customers.AT_ONCE) for character in cast))
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


async def verified(stage: Stage, cast: Sequence[Character]) -> list[str]:
    """What the story came to, line by line; what does not hold is a trouble of the story."""
    story, record = stage.story, stage.advisor.record
    told: list[str] = []

    def hold(true: bool, text: str, otherwise: str = "") -> None:
        told.append(f"{'✔' if true else '✖'} {text}{f': {otherwise}' if not true and otherwise else ''}")
        if not true:
            story.troubles.append(text)

    broken = [task.get_name() for task in stage.tasks.values() if task.done()]
    hold(not broken, f"{len(stage.players)} khách đều nói hết chuyện của mình", "; ".join(broken))
    left = [f"{player.name}: {turn.said}" for player in stage.players for turn in player.turns if not turn.answered]
    turns = sum(len(player.turns) for player in stage.players)
    hold(not left, f"{turns} lượt nói đều được trả lời", "; ".join(left))
    hold(not stage.fake.violations, "không lỗi nào với nền tảng Telegram", "; ".join(stage.fake.violations))
    leads = sum(character.lead for character in cast)
    hold(len(record.leads) >= leads, f"{len(record.leads)} khách tiềm năng vào hàng chờ (mong đợi {leads})")
    lost = [text[:40] for thread, text in record.said if not _reached(stage, thread, text)]
    hold(bool(record.said) and not lost, f"{len(record.said)} câu của tư vấn viên tới nơi", "; ".join(lost))
    await _verify_policies(stage, cast, hold)
    await _verify_books(stage, hold)
    stages = await _stages(stage)
    wrong = [
        f"{player.name} {stages.get(player.wire.thread)} ≠ {player.character.ends}"
        for player in stage.players
        if player.character.ends and stages.get(player.wire.thread) != player.character.ends
    ]
    hold(not wrong, "mỗi cuộc trò chuyện kết thúc đúng trạng thái", "; ".join(wrong))
    errors = errors_in(stage.folder / "gateway.log")
    hold(not errors, "nhật ký không có dòng lỗi nào", "; ".join(errors[:3]))
    return told


def _reached(stage: Stage, thread: str, text: str) -> bool:
    heard = [got.text for player in stage.players if player.wire.thread == thread for got in player.heard]
    return any(text in one for one in heard) or not _called(stage.players, thread)  # a visitor of flesh and blood


async def _verify_policies(stage: Stage, cast: Sequence[Character], hold: Any) -> None:
    record = stage.advisor.record
    buyers = sum(character.buys for character in cast)
    hold(len(record.issued) == buyers, f"{len(record.issued)} hợp đồng được cấp (mong đợi {buyers})")
    got = {
        (player.wire.thread, hashlib.sha256(one.file).hexdigest())
        for player in stage.players
        for one in player.heard
        if one.file is not None
    }
    missing = [one.number for one in record.issued if (one.thread, one.sha256) not in got]
    hold(not missing, "mỗi giấy chứng nhận tới đúng khách, đúng từng byte", "; ".join(missing))
    others = [
        one.number for one in record.issued if any(thread != one.thread and sha == one.sha256 for thread, sha in got)
    ]
    hold(not others, "không giấy chứng nhận nào tới nhầm người", "; ".join(others))
    deliveries = [(await stage.api.get(f"/policies/{one.policy_id}/deliveries"))["items"] for one in record.issued]
    unproven = [
        one.number for one, all_of in zip(record.issued, deliveries, strict=True) if all_of[-1]["state"] != "confirmed"
    ]
    hold(not unproven, "mỗi lần giao có xác nhận của khách", "; ".join(unproven))
    for kind, what in (("received", "câu hỏi T+1"), ("survey", "khảo sát T+7")):
        tasks = await stage.care(kind)
        states = ", ".join(sorted({task["state"] for task in tasks}))
        hold(
            len(tasks) == len(record.issued) and all(task["state"] == "answered" for task in tasks),
            f"{len(tasks)} {what} đã có câu trả lời",
            states,
        )


async def _verify_books(stage: Stage, hold: Any) -> None:
    items = (await stage.api.get("/stats"))["items"]
    balanced = all(
        item["deliveries"] == item["duplicates"] + item["rejected"] + item["events"]
        and item["events"] == sum(item[name] for name in ("messages", "receipts", "ignored", "quarantined", "pending"))
        for item in items
    )
    hold(balanced, "sổ sách khớp: " + ", ".join(f"{item['channel']} {item['deliveries']} tin" for item in items))
    bad = sum(item["quarantined"] for item in items)
    hold(not bad and not await stage.pending(), "không còn gì chờ xử lý, không tin nào bị giữ lại")
    failed = [
        item
        for state in ("failed", "expired", "unknown", "unconfirmed")
        for item in await stage.api.every("/outbox", state=state)
    ]
    hold(
        not failed, "mọi tin gửi đi đều thành công", "; ".join(f"{item['channel']} {item['error']}" for item in failed)
    )
    figures = (await stage.api.get("/stats/business"))["items"]
    hold(not any(item["opened"] for item in figures), "dữ liệu trình diễn không lẫn vào số liệu kinh doanh")


async def _stages(stage: Stage) -> dict[str, str]:
    return {item["thread"]: item["stage"] for item in reversed(await stage.api.every("/conversations"))}


def errors_in(log: Path) -> list[str]:
    """Lines of the log that say that something went wrong."""
    found = []
    for line in log.read_text("utf-8").splitlines():
        try:
            level = json.loads(line).get("level")
        except ValueError:
            level = "error"
        if level in ("error", "critical"):
            found.append(line[:300])
    return found


# ---- the two ways to play


async def play_once(about: Path | None, port: int | None, seed: int, out: TextIO) -> int:
    """The finite story. 0 when everything held."""
    began = time.monotonic()
    async with staged(about=about, port=port, quick=True, seed=seed, out=out) as stage:
        story = stage.story
        story.write(f"Trình diễn một lượt (seed {seed}): {len(CAST)} khách trên Telegram và web chat, một tư vấn viên.")
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
 │  Bàn làm việc      {url}/desk/
 │     đăng nhập      {people.email}
 │     mật khẩu       {people.password}
 │
 │  Thử xem
 │   1. Mở trang công khai, bấm "Trò chuyện ngay" và nhắn: mua bảo hiểm xe máy. {people.advisor_name} sẽ trả lời.
 │   2. Mở bàn làm việc, nhận một khách đang chờ trước {people.advisor_name}: khách sẽ nói chuyện với bạn.
 │   3. Tìm theo tên, bốn số cuối điện thoại hoặc mã IB-…; đọc lại chuyện tuần trước: giấy chứng nhận, T+1, T+7.
 │   4. {url}/api/v1/openapi.json · {url}/health/ready · {url}/metrics
 │   5. Ở cửa sổ khác: gateway --config {stage.parts.config.path} channels status
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
