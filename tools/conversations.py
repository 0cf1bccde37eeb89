"""`python -m tools.conversations`: the demonstration's customers talk to the engine's core, and the transcripts are
printed; `--docs` writes the best of them into docs/conversations.md.

No network, no database, no clock: the same words every time, until a text or a rule changes.
"""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Final

from channels.contract import Kind
from gateway.demo import asked
from gateway.demo.customers import CAST, Character, Line, cast_as
from gateway.demo.talking import CLEAR
from gateway.demo.talks import BYE, DELIVERED, INSURER, LOST, talk
from handlers.model import WAITING, Advisor, Followed, OpenHandoff, Say, Tell, TimerFired
from handlers.understanding.fold import fold
from handlers.wording import address
from tests.stories.world import MONDAY, TEXTS, World, spoken

PAGE: Final = Path(__file__).parents[1] / "docs" / "conversations.md"
BEST: Final = ("polite", "teencode", "elderly")
ADVISOR: Final = Advisor(id="a1", name="Trần Minh Anh", code="DL-0001")
NUMBER: Final = "DEMO-2026-000123"
NO: Final = re.compile("khong mua|mac qua")
ENOUGH: Final = 4  # answers to the same question
NIGHT: Final = MONDAY.replace(hour=20)

# Beside the demonstration's: more ways in which people write
MORE: Final = (
    Character(
        key="night",
        temper="nhắn lúc tối",
        channel="telegram",
        people=(("Duyên", "Phan Mỹ Duyên"),),
        opening="giờ này còn ai tư vấn k ạ, e cần bh xe máy",
        lines={"consent": ["dạ đồng ý"], "name": ["e Duyên nha, {sdt_cach}"], "confirm": ["đúng r ạ"]},
    ),
    Character(
        key="corrects",
        temper="bị gọi nhầm",
        channel="telegram",
        people=(("Linh", "Đỗ Khánh Linh"),),
        opening="Anh ơi tư vấn giúp gói sức khỏe với",
        lines={
            "consent": ["mình là nữ nhé, gọi chị thôi em. chị đồng ý"],
            "name": ["{ho_ten} {sdt}"],
            "confirm": ["ok em"],
        },
    ),
    Character(
        key="asks_first",
        temper="hỏi kỹ rồi mới mua",
        channel="webchat",
        people=(("Phúc", "Trương Vĩnh Phúc"),),
        opening="bên mình là bot hay người vậy",
        lines={
            "menu": ["tnds oto 7 chỗ gia đình bao nhiêu tiền"],
            "consent": ["lưu thông tin làm gì vậy?", "[c1:more]", "ok đồng ý"],
            "name": ["{ten}, sđt {sdt}"],
            "confirm": ["giấy điện tử công an có chịu không?", "ok chốt"],
        },
    ),
    Character(
        key="stops",
        temper="không muốn nhận tin",
        channel="telegram",
        people=(("Kiên", "Vũ Trung Kiên"),),
        opening="dừng nhắn tin cho tôi",
        lines={"scope": ["dừng hết"]},
    ),
    Character(
        key="complains",
        temper="đang bực",
        channel="webchat",
        people=(("Hương", "Mai Thu Hương"),),
        opening="nhân viên bên mấy người tư vấn sai cho chị, bảo đền được mà giờ không ai nghe máy",
        lines={"consent": ["ừ đồng ý"]},
    ),
    Character(
        key="expat",
        temper="người nước ngoài",
        channel="telegram",
        people=(("Anna", "Anna Keller"),),
        opening="hi, do you have health insurance for foreigners?",
        lines={
            "consent": ["yes I agree"],
            "name": ["{ho_ten}, {sdt_quoc_te}"],
            "confirm": ["correct, thanks"],
        },
    ),
)


@dataclass(slots=True)
class Talk:
    """One conversation as it is played. `lines` -- who and what, in order."""

    character: Character
    world: World = field(default_factory=World)
    lines: list[tuple[str, str]] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    labels: dict[str, str] = field(default_factory=dict)  # of the buttons that he last saw
    reason: str = ""  # why a person is wanted

    def play(self) -> None:
        self._do(self.character.opening)
        while question := self._question():
            lines = self.character.lines.get(question, ())
            before = self.asked[question]
            self.asked[question] += 1
            if not lines or before >= max(ENOUGH, len(lines)):
                break
            self._do(lines[min(before, len(lines) - 1)])
        if self.character.to_advisor and self.world.state.stage in WAITING:
            self._advised()

    def _question(self) -> str:
        """What the bot wants to know last; '' when he is not asked, or has nothing to say."""
        words = [text for who, text in self.lines[-1:] if who == "bot"]
        return asked.question(words[0].partition("\n   [")[0]) if words else ""

    def _advised(self) -> None:
        """The simulated advisor's part, as far as the bot and the customer see it."""
        world, answers = self.world, iter(self.character.to_advisor)
        plan = talk(reason=self.reason, product=world.state.slots.get("product"), language=world.state.lang)
        world.act("take", ADVISOR)
        self._heard()
        answer = ""
        for line in plan.lines:
            answer = self._told(line, answers)
        if plan.sale and not CLEAR.search(fold(answer)) and not NO.search(fold(answer)):
            answer = self._told(plan.sale.again, answers)
        lost = NO.search(fold(answer)) is not None
        if plan.sale and not lost:
            self._told(plan.sale.asks, answers)
            self._delivered()
            self._told(DELIVERED, answers)
        if plan.outcome:
            self._tell(LOST if lost else BYE)
            world.act("close", ADVISOR, outcome="lost" if lost else plan.outcome)
            self._heard()
        if plan.sale and not lost:
            self._cared()

    def _told(self, line: str, answers: Iterator[Line]) -> str:
        """She says this line; what he answers."""
        self._tell(line)
        answer = next(answers, "")
        if answer:
            self._do(answer)
        return answer if isinstance(answer, str) else " ".join(answer)

    def _delivered(self) -> None:
        day = self.world.now.date()
        policy = {
            "insurer": INSURER,
            "product": self.world.state.slots["product"],
            "number": NUMBER,
            "starts_on": (day + timedelta(days=1)).isoformat(),
            "ends_on": (day + timedelta(days=365)).isoformat(),
        }
        self.world.act("deliver", ADVISOR, policy=policy, file_ids=("f1",), delivery="d1")
        self._heard()
        self.lines.append(("advisor", "(giấy chứng nhận điện tử, PDF)"))

    def _cared(self) -> None:
        """A day and a week later."""
        number = {"policy": "p1", "number": NUMBER, "product": str(self.world.state.slots.get("product"))}
        for kind, question, days in (("check_t1", "received", 1), ("csat", "csat", 6)):
            self.world.wait(timedelta(days=days))
            self.lines.append(("", f"{days} ngày sau"))
            data = {"task": kind, "kind": kind, **number}
            self.world.happens(TimerFired(name=f"care:{kind}", at=self.world.now, data=data))
            self._heard()
            for asked_now in (question, f"{question}_comment"):
                if lines := self.character.lines.get(asked_now):
                    self._do(lines[0])

    def _do(self, line: Line) -> None:
        bubbles = [bubble.removeprefix("~") for bubble in ((line,) if isinstance(line, str) else line)]
        first = bubbles[0]
        if first.startswith("[") and first.endswith("]"):
            self._act(*first[1:-1].partition(": ")[::2])
        else:
            self.lines += [("customer", bubble) for bubble in bubbles]
            self.world.say(*bubbles)
        self._heard()

    def _act(self, act: str, more: str) -> None:
        world = self.world
        if act == "start":
            self.lines.append(("customer", "(bấm Start)"))
            world.happens(Followed(message_id="m0", at=world.now))
        elif act == "phone":
            self.lines.append(("customer", "(chia sẻ số điện thoại của mình)"))
            world.share(self.character.phone, own=True)
        elif act == "picture":
            self.lines.append(("customer", f"(gửi ảnh) {more}"))
            world.send(Kind.IMAGE, text=more)
        else:
            self.lines.append(("customer", f"[{self.labels.get(act, act)}]"))
            world.tap(act)

    def _tell(self, line: str) -> None:
        called = address(self.world.state.salutation) or "anh/chị"
        words = line.replace("{xung_ho}", called)
        self.world.act("reply", ADVISOR, text=". ".join(part[:1].upper() + part[1:] for part in words.split(". ")))
        self.lines += [("advisor", told.text) for told in self.world.effects if isinstance(told, Tell)]

    def _heard(self) -> None:
        """What came back: texts that travel as one message are one line, with the buttons under the last."""
        wanted = [effect.reason for effect in self.world.effects if isinstance(effect, OpenHandoff)]
        self.reason = wanted[-1].removeprefix("urgent_") if wanted else self.reason
        said = [effect for effect in self.world.effects if isinstance(effect, Say)]
        for _, group in groupby(said, key=lambda say: (say.klass, say.purpose)):
            message = list(group)
            words = "\n\n".join(spoken(say, self.world.state) for say in message)
            self.labels |= {
                button.id: TEXTS.button(button.label, self.world.state.lang) for button in message[-1].buttons
            }
            faces = [TEXTS.button(button.label, self.world.state.lang) for button in message[-1].buttons]
            self.lines.append(("bot", words + (f"\n   [{'] ['.join(faces)}]" if faces else "")))
        self.world.effects = []


def talks() -> Iterator[Talk]:
    """Everybody once, each with the same dice."""
    for character in (*CAST, *MORE):
        one = Talk(cast_as(character, random.Random(character.key)))  # noqa: S311
        if character.key == "night":
            one.world.now = NIGHT
        one.world.context = replace(
            one.world.context, channel=character.channel, asks_contact=character.channel == "telegram"
        )
        one.play()
        yield one


def printed(one: Talk) -> str:
    width = {"customer": "KHÁCH", "bot": "BOT", "advisor": "TƯ VẤN", "": ""}
    lines = "\n".join(f"{width[who]:>7}: {text.replace(chr(10), chr(10) + ' ' * 9)}" for who, text in one.lines)
    state = one.world.state
    return f"=== {one.character.key} ({one.character.temper}) → {state.stage.value}, {dict(state.slots)}\n{lines}\n"


def page(found: Sequence[Talk]) -> str:
    """The page of docs."""
    head = (
        "# Conversations\n\nThree of the demonstration's customers, as they write and as they are answered. Made by"
        " `python -m tools.conversations --docs`; a test holds its words to those of today's texts.\n"
    )
    return head + "".join(_drawn(one) for one in found if one.character.key in BEST)


def _drawn(one: Talk) -> str:
    names = {"customer": one.character.name, "bot": "Bot", "advisor": ADVISOR.name}
    lines = [f"\n## {one.character.name}: {one.character.temper}\n"]
    for who, text in one.lines:
        if not who:
            lines.append(f"\n*{text}*\n")
            continue
        shown = text.replace("\n", "<br>").replace("<br>   [", "<br>[").replace("[", "\\[")
        lines.append(f"\n**{names[who]}**: {shown}\n")
    return "".join(lines)


def main() -> None:
    found = list(talks())
    if "--docs" in sys.argv:
        PAGE.write_text(page(found), "utf-8")
        return
    wanted = [name for name in sys.argv[1:] if not name.startswith("-")]
    print("\n".join(printed(one) for one in found if not wanted or one.character.key in wanted))


if __name__ == "__main__":
    main()
