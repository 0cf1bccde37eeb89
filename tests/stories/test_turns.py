"""How many turns of a customer an intake takes: the demonstration's customers, and people who say it all at once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from statistics import median
from typing import Final

import pytest

from channels.contract import Kind
from channels.registry import ADAPTERS
from gateway.demo import asked
from gateway.demo.customers import CAST, Character, Line, cast_as
from handlers.model import Followed, Say, Stage
from tests.stories.world import World, spoken
from tools.conversations import MORE

DICE: Final = 4  # times each character is played, as other people with other numbers
PATIENCE: Final = 12  # turns
DONE: Final = "confirm.saved"


def asks(world: World) -> str:
    """What the bot wants to know, read from its words as a customer reads them."""
    return asked.question("\n\n".join(spoken(say, world.state) for say in world.effects if isinstance(say, Say)))


@dataclass(slots=True)
class Intake:
    """One customer on his way to a request. `turns` -- of his; bubbles in one go are one · `said` -- keys of ours."""

    character: Character
    world: World = field(default_factory=World)
    turns: int = 0
    said: list[str] = field(default_factory=list)
    answered: Counter[str] = field(default_factory=Counter)

    @property
    def completed(self) -> bool:
        return DONE in self.said

    def play(self) -> Intake:
        character = self.character
        carries = ADAPTERS[character.channel].capabilities
        self.world.context = replace(
            self.world.context, channel=character.channel, asks_contact=carries.asks_contact, buttons=carries.buttons
        )
        line: Line | None = character.opening
        while line is not None and not self.completed and self.turns < PATIENCE:
            self._say(line)
            line = self._answer()
        return self

    def _answer(self) -> Line | None:
        question = asks(self.world)
        lines: Sequence[Line] = self.character.lines.get(question, ())
        before = self.answered[question]
        self.answered[question] += 1
        return lines[min(before, len(lines) - 1)] if lines else None

    def _say(self, line: Line) -> None:
        bubbles = (line,) if isinstance(line, str) else line
        if bubbles[0] == "[start]":
            self.world.happens(Followed(message_id="m", at=self.world.now))
        elif bubbles[0] == "[phone]":
            self.world.share(self.character.phone, own=True)
        elif bubbles[0].startswith("[picture: "):
            self.world.send(Kind.IMAGE, text=bubbles[0][10:-1])
        elif bubbles[0].startswith("["):
            self.world.tap(bubbles[0][1:-1])
        else:
            self.world.say(*bubbles)
        self.turns += bubbles[0] != "[start]"  # pressing Start is how an app opens a chat, nothing that he says
        self.said += self.world.said


@cache
def intakes() -> tuple[Intake, ...]:
    """Everybody who wants to buy by the form, and leaves a number."""
    cast = [one for one in (*CAST, *MORE) if one.lead or one.key in ("corrects", "expat")]
    return tuple(Intake(cast_as(one, random.Random(f"{one.key} {die}"))).play() for one in cast for die in range(DICE))


def test_everybody_who_wants_to_buy_gets_there() -> None:
    lost = {one.character.key: one.said[-3:] for one in intakes() if not one.completed}
    assert not lost
    assert all(one.world.state.stage in (Stage.QUEUED, Stage.CALLBACK_SCHEDULED) for one in intakes())


def test_the_median_intake_takes_at_most_five_turns() -> None:
    turns = sorted(one.turns for one in intakes())
    assert median(turns) <= 5, Counter(turns)
    assert turns[-1] <= 8, {one.character.key: one.turns for one in intakes() if one.turns > 8}


ALL_AT_ONCE: Final = (
    "Mình tên Lê Thu Hà, sđt 0912 345 678, cần mua bảo hiểm du lịch đi Nhật 7 ngày cho 2 vợ chồng",
    "Chào em, chị tên Nguyễn Thị Lan, 0901234567, muốn mua bảo hiểm xe máy, gọi chị 3h chiều mai nhé",
    "toi ten tran van nam sdt 0387654321 can mua bao hiem bat buoc oto 5 cho, o ha noi",
    "em tên Thảo 0987654321, mua bảo hiểm sức khỏe cho bé 5 tuổi ở Đà Nẵng, sáng mai gọi em",
    "anh Tuấn đây, số 0909 123 456, anh cần thân vỏ cho Mazda CX5 2021",
    "Hello, my name is Ken, phone +84 912 345 678, I would like travel insurance for Japan",
    "mk tên Vy, sdt 0933.444.555, bh tai nạn cho 2 ng, tối nay gọi e",
    "bác tên là Trần Văn Tư, số 0168 234 5678, bác muốn gia hạn bảo hiểm xe máy",
    "Tôi là Hoàng Trí Dũng, 0977123456, nhà ở Cần Thơ, muốn mua bảo hiểm cháy nổ cho nhà riêng",
    "tư vấn nhân thọ cho anh, anh tên Quang, đt 0903123456",
)


@pytest.mark.parametrize("at", range(len(ALL_AT_ONCE)))
def test_who_says_it_all_at_once_is_asked_for_consent_and_the_read_back_only(at: int) -> None:
    world = World()
    questions = []
    for words in (ALL_AT_ONCE[at], "I agree" if at == 5 else "đồng ý", "Yes" if at == 5 else "đúng rồi"):
        world.say(words)
        questions.append(asks(world))
    assert questions == ["consent", "confirm", ""], (questions, world.said, dict(world.state.slots))
    assert world.state.stage in (Stage.QUEUED, Stage.CALLBACK_SCHEDULED)
