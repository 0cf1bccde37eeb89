"""What a finished story came to: every promise is looked at from outside, as the customers and the advisor saw it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gateway.demo import arrivals, ledger
from gateway.demo.application import WHOLE
from gateway.demo.customers import Character
from gateway.demo.stage import Stage, called


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
    broken = stage.platforms.violations()
    hold(not broken, "không lỗi nào với bốn nền tảng và máy chủ thư", "; ".join(broken))
    for page in await ledger.pages(stage):
        hold(not page.wrong, page.line())
    leads = sum(character.lead for character in cast)
    hold(len(record.leads) >= leads, f"{len(record.leads)} khách tiềm năng vào hàng chờ (mong đợi {leads})")
    entries = {one.entry for one in record.letters if one.sizes}
    hold(
        entries >= arrivals.CALLED or not cast,
        f"{len(record.letters)} khách để lại biểu mẫu hoặc gọi đến được trả lời bằng thư có ảnh và PDF",
        f"chỉ có: {', '.join(sorted(entries))}",
    )
    lost = [text[:40] for thread, text in record.said if not _reached(stage, thread, text)]
    hold(bool(record.said) and not lost, f"{len(record.said)} câu của tư vấn viên tới nơi", "; ".join(lost))
    await _verify_policies(stage, cast, hold)
    await _verify_cases(stage, cast, hold)
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


async def books(stage: Stage, patience_s: float) -> list[str]:
    """Their ledgers beside ours, of a story that was broken off: line by line, as soon as they agree. What was still on
    its way when the patience ended is no trouble of the story."""
    found: list[ledger.Page] = []

    async def agree() -> bool:
        for player in stage.players:
            player.taken_in()
        found[:] = await ledger.pages(stage)
        return not any(page.wrong for page in found)

    await stage.news.until(agree, patience_s=patience_s, look_s=0.2)
    return [f"{'✖' if page.wrong else '✔'} {page.line()}" for page in found]


def _reached(stage: Stage, thread: str, text: str) -> bool:
    heard = [got.text for player in stage.players if player.wire.thread == thread for got in player.heard]
    return any(text in one for one in heard) or not called(stage.players, thread)  # a visitor of flesh and blood


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
    threads = {player.wire.thread for player in stage.players if player.character.buys and not player.character.asked}
    silent = {one.policy_id for one in record.issued if one.thread in threads}
    unproven = [
        one.number
        for one, all_of in zip(record.issued, deliveries, strict=True)
        if one.policy_id not in silent and all_of[-1]["state"] != "confirmed"
    ]
    hold(not unproven, "mỗi lần giao có xác nhận của khách được hỏi", "; ".join(unproven))
    for kind, what in (("received", "câu hỏi T+1"), ("survey", "khảo sát T+7")):
        tasks = await stage.care(kind)
        states = ", ".join(sorted(f"{task['state']} {task['reason']}".strip() for task in tasks))
        wanted = {task["policy_id"]: "skipped" if task["policy_id"] in silent else "answered" for task in tasks}
        hold(
            len(tasks) == len(record.issued) and all(task["state"] == wanted[task["policy_id"]] for task in tasks),
            f"{len(tasks) - len(silent)} {what} đã có câu trả lời, {len(silent)} không được gửi: Messenger và Viber đã quá 24 giờ",
            states,
        )


async def _verify_cases(stage: Stage, cast: Sequence[Character], hold: Any) -> None:
    """Each was walked to its end in order, and is what the policy's own state is now."""
    wanted = sum(bool(character.filled) for character in cast)
    cases = await stage.api.every("/cases")
    walked = [one for one in stage.advisor.record.applications if tuple(one.passed) == WHOLE]
    hold(
        len(walked) == len(cases) == wanted,
        f"{len(walked)} hồ sơ đi từ yêu cầu, biểu mẫu, cam kết, đồng ý, gửi hãng tới cấp hợp đồng (mong đợi {wanted})",
        "; ".join(" → ".join(one.passed) for one in stage.advisor.record.applications),
    )
    numbers = {one.policy_id for one in stage.advisor.record.issued}
    loose = [one["state"] for one in cases if one["policy_id"] not in numbers or one["missing"]]
    hold(not loose, "mỗi hồ sơ mang đúng hợp đồng đã cấp", "; ".join(loose))


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
