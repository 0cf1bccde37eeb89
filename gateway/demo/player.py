"""A customer who acts: reads what comes, thinks, types in his own way, and remembers who left him without an answer."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from gateway.demo import asked
from gateway.demo.certificate import snapshot
from gateway.demo.customers import Character, Tempo
from gateway.demo.story import Story
from gateway.demo.talks import FAREWELL

FORM: Final = re.compile(r"https?://\S+/form/\w[\w-]*")
QUIETLY: Final = "~"  # before a line: no answer is expected
ENOUGH: Final = 4  # answers to the same question: then he gives up


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """A message as a customer sees it. `buttons` -- id -> label; `contact` -- a key asks for his own number;
    `author` -- bot or advisor where the channel shows it, else ''; `file` -- its bytes."""

    text: str
    buttons: dict[str, str] = field(default_factory=dict)
    contact: bool = False
    author: str = ""
    file: bytes | None = None
    file_name: str = ""


class Wire(Protocol):
    """His app. `thread` -- as the gateway knows him."""

    channel: str
    thread: str
    inbox: asyncio.Queue[Got]

    async def say(self, text: str) -> None: ...
    async def tap(self, button: str) -> None: ...
    async def press_start(self) -> None: ...
    async def share_phone(self) -> None: ...
    async def send_picture(self, data: bytes, caption: str) -> None: ...
    async def close(self) -> None: ...


@dataclass(slots=True)
class Turn:
    """What he said at once, and whether anybody answered."""

    said: str
    answered: bool = False


class Player:
    """One character on one wire. `rests` while he waits for others, and has read all that came."""

    def __init__(
        self,
        character: Character,
        wire: Wire,
        story: Story,
        tempo: Tempo,
        seed: int,
        *,
        told: Callable[[str, str], bool],
        fill: Callable[[str, Mapping[str, str]], Awaitable[None]],
    ) -> None:
        """`told` -- has the story told these words to this thread already? · `fill` -- his browser: opens this link and sends
        its boxes."""
        self.character = character
        self.wire = wire
        self.story = story
        self.tempo = tempo
        self.turns: list[Turn] = []
        self.heard: list[Got] = []
        self.questions: Counter[str] = Counter()
        self.reading: list[Got] = []  # came, and he is still at it
        self.busy = True
        self.touched = time.monotonic()  # when he last heard or said something
        self._advised = 0
        self._told = told
        self._fill = fill
        self._rng = random.Random(seed)

    @property
    def name(self) -> str:
        return self.character.name

    @property
    def rests(self) -> bool:
        return not self.busy and self.wire.inbox.empty()

    async def play(self) -> None:
        """For ever: whoever plays the story ends it."""
        await self._turn(self.character.opening)
        while True:
            self.busy = False
            got = self.reading = [await self.wire.inbox.get()]
            self.busy = True
            await self._pause(self.tempo.read_s + len(got[0].text) * self.tempo.read_a_letter_s)
            while not self.wire.inbox.empty():
                got.append(self.wire.inbox.get_nowait())
            for each in got:
                self._hear(each)
            self.reading = []
            await self._react(got)

    def taken_in(self) -> None:
        """All that has come, at once and without a word: he plays no more."""
        while not self.wire.inbox.empty():
            self.reading.append(self.wire.inbox.get_nowait())
        self.heard += self.reading
        self.reading = []

    def _hear(self, got: Got) -> None:
        self.heard.append(got)
        self.touched = time.monotonic()
        for turn in self.turns:
            turn.answered = True
        if got.author == "bot" or asked.keys(got.text):
            self.story.bot(self.name, got.text, [*got.buttons.values(), *(["☎ số của tôi"] if got.contact else [])])
        elif got.text and not self._told(self.wire.thread, got.text):
            self.story.advisor("bàn làm việc", self.name, got.text)
        if got.file is not None:
            self.story.event(f"{self.name} nhận tệp {got.file_name} ({len(got.file)} byte)")

    async def _react(self, got: list[Got]) -> None:
        question = next((found for each in reversed(got) if (found := asked.question(each.text))), "")
        if question:
            await self._answer(question)
        if any(_from_person(each) for each in got):
            await self._to_advisor()

    async def _answer(self, question: str) -> None:
        lines = self.character.lines.get(question, ())
        before = self.questions[question]
        self.questions[question] += 1
        if lines and before < max(ENOUGH, len(lines)):
            await self._turn(lines[min(before, len(lines) - 1)])

    async def _to_advisor(self) -> None:
        lines = self.character.to_advisor
        if self._advised < len(lines):
            self._advised += 1
            await self._turn(lines[self._advised - 1])

    async def _turn(self, line: str | tuple[str, ...]) -> None:
        """A line, or several bubbles one after the other."""
        bubbles = (line,) if isinstance(line, str) else line
        for number, bubble in enumerate(bubbles):
            quiet = bubble.startswith(QUIETLY)
            words = bubble.removeprefix(QUIETLY)
            await self._pause(
                self.tempo.type_s + len(words) * self.tempo.type_a_letter_s if not number else self.tempo.bubble_s
            )
            if not quiet and not number:
                self.turns.append(Turn(" / ".join(bubbles)))
            await self._do(words)

    async def _do(self, words: str) -> None:
        """Words are said; [id] taps that button; [form] is filled in; [start], [phone] and [picture: caption] are what an app
        offers."""
        self.touched = time.monotonic()
        if not (words.startswith("[") and words.endswith("]")):
            self.story.customer(self.name, words)
            await self.wire.say(words)
            return
        act, _, more = words[1:-1].partition(": ")
        if act == "start":
            self.story.customer(self.name, "(bấm Start)")
            await self.wire.press_start()
        elif act == "phone":
            self.story.customer(self.name, "(chia sẻ số điện thoại của mình)")
            await self.wire.share_phone()
        elif act == "picture":
            self.story.customer(self.name, f"(gửi ảnh) {more}")
            await self.wire.send_picture(snapshot(["Giấy chứng nhận bảo hiểm xe máy", "Biển số 59X1-123.45"]), more)
        elif act == "form":
            self.story.customer(self.name, "(mở liên kết, điền biểu mẫu bảo mật)")
            links = [found[0] for got in self.heard if (found := FORM.search(got.text))]
            await self._fill(links[-1], self.character.filled)
        else:
            self.story.customer(self.name, f"(bấm [{self._label(act)}])")
            await self.wire.tap(act)

    def _label(self, button: str) -> str:
        return next((got.buttons[button] for got in reversed(self.heard) if button in got.buttons), button)

    async def _pause(self, seconds: float) -> None:
        if seconds:
            await asyncio.sleep(seconds * self._rng.uniform(0.7, 1.4))


def _from_person(got: Got) -> bool:
    """Words that want an answer: typed by a person, and no good-bye."""
    return bool(got.text) and not asked.keys(got.text) and not FAREWELL.search(got.text)
