"""One conversation around the pure core: a clock that is turned by hand, timers that fire, a transcript in memory.

It plays the engine's part as far as the core can notice it, and holds every decision to what must always be true.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

from channels.contract import Button, InboundFile, Kind, SharedContact
from handlers import wording
from handlers.core import decide, listen
from handlers.model import (
    Acted,
    Advisor,
    Business,
    Context,
    Decision,
    Edited,
    Effect,
    Event,
    OpenHandoff,
    Refused,
    Said,
    Say,
    SendEnded,
    Stage,
    State,
    TimerFired,
    Turn,
    Unwake,
    WakeAt,
    state_from_json,
    state_to_json,
)
from handlers.texts import Texts
from handlers.understanding import secrets

HANOI: Final = ZoneInfo("Asia/Ho_Chi_Minh")
MONDAY: Final = datetime(2026, 11, 23, 9, 0, tzinfo=HANOI)
DAY: Final = (("08:00", "12:00"), ("13:00", "17:30"))
OFFICE: Final = Business(
    legal_name="Công ty mẫu",
    address="1 Đường Mẫu, Hà Nội",
    hotline="1900 0000",
    dpo_email="dulieu@example.vn",
    policy_url="https://example.vn/chinh-sach",
    product_url="https://example.vn/san-pham",
    hours=dict.fromkeys(("mon", "tue", "wed", "thu", "fri", "sat"), DAY),
)
TEXTS: Final = Texts.load()
MAI: Final = Advisor(id="a1", name="Trần Mai", code="DL-0001")
NAM: Final = Advisor(id="a2", name="Lê Nam")
CHIEF: Final = Advisor(id="a9", name="Phạm Thu", code="DL-0009", role="supervisor")
PEOPLE: Final = {"mai": MAI, "nam": NAM, "chief": CHIEF}
ASKS: Final = {  # what a text of ours asks for
    "ask.name": ("name",),
    "ask.name_retry": ("name",),
    "ask.name_phone": ("name", "phone"),
    "ask.phone": ("phone",),
    "ask.need": ("need",),
    "ask.time": ("callback_time",),
    "ask.province": ("province",),
}
SPOKEN_BY_ACTS: Final = ("handoff.", "queue.entered")
MESSENGER: Final = 2000  # characters of one message on the tightest platform


@dataclass(slots=True, kw_only=True)
class World:
    """`said` -- keys of the last step, in order; `shown` -- the buttons under it."""

    now: datetime = MONDAY
    state: State = field(default_factory=State)
    context: Context = field(
        default_factory=lambda: Context(
            business=OFFICE, channel="telegram", conversation_id="c1", buttons=20, queue_position=1
        )
    )
    history: list[str] = field(default_factory=list)
    timers: dict[str, tuple[datetime, Mapping[str, Any]]] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    count: int = 0

    # ---- what happens

    def say(self, *texts: str, later: timedelta = timedelta(seconds=20)) -> Decision:
        self.now += later
        return self.happens(*(self._said(Kind.TEXT, text=text) for text in texts))

    def tap(self, payload: str) -> Decision:
        self.now += timedelta(seconds=10)
        return self.happens(self._said(Kind.BUTTON, payload=payload))

    def send(self, *kinds: Kind, text: str = "") -> Decision:
        """A file, or an album in one go; the words stand under the first."""
        self.now += timedelta(seconds=10)
        words = [text, *[""] * (len(kinds) - 1)]
        return self.happens(
            *(
                self._said(kind, text=caption, files=(InboundFile(kind=kind, source="f1"),))
                for kind, caption in zip(kinds, words, strict=True)
            )
        )

    def share(self, phone: str, *, own: bool, forwarded: bool = False) -> Decision:
        self.now += timedelta(seconds=10)
        card = SharedContact(phone=phone, own=own)
        return self.happens(self._said(Kind.CONTACT, contact=card, forwarded=forwarded))

    def edit(self, text: str) -> Decision:
        """What he said last now reads so; the transcript too."""
        self.history[-1:] = [text]
        return self.happens(Edited(message_id="", at=self.now, text=text))

    def act(self, name: str, by: Advisor, **data: Any) -> Decision:
        self.now += timedelta(seconds=10)
        return self.happens(Acted(name=name, by=by, at=self.now, data=data))

    def wait(self, how_long: timedelta) -> None:
        """Let time pass; what falls due on the way fires in its order."""
        until = self.now + how_long
        effects: list[Effect] = []
        while due := sorted((at, name) for name, (at, _) in self.timers.items() if at <= until):
            at, name = due[0]
            data = self.timers.pop(name)[1]
            self.now = max(self.now, at)
            effects += self.happens(TimerFired(name=name, at=self.now, data=data)).effects
        self.now = until
        self.effects = effects

    def happens(self, *events: Event) -> Decision:
        """One turn: decide, hold the decision to the rules, take it over as the engine would."""
        before = self.state
        turn = Turn(events=events, history=() if before.consents.get("C1") == "given" else tuple(self.history))
        now, kept = self.now.astimezone(UTC), deepcopy(before)
        decision = decide(before, turn, now=now, context=self.context)
        assert before == kept, "the state that was given is not the core's to change"
        listened = replace(turn, heard=listen(events, before, now=now))
        assert decide(before, listened, now=now, context=self.context) == decision, "read beforehand, it is the same"
        held(before, decision, events, self.context.business)
        self.effects = list(decision.effects)
        self.state = decision.state
        for effect in decision.effects:
            if isinstance(effect, WakeAt):
                self.timers[effect.name] = (effect.at, effect.data)
                self.state = replace(self.state, armed={**self.state.armed, effect.name: effect.at.isoformat()})
            elif isinstance(effect, Unwake):
                self.timers.pop(effect.name, None)
            elif isinstance(effect, OpenHandoff) and not self.state.handoff:
                self.state = replace(self.state, handoff=f"h{self.count}")
        self.history += [event.text for event in events if isinstance(event, Said) and event.text]
        self.state = state_from_json(state_to_json(self.state))
        return decision

    # ---- what can be seen

    @property
    def said(self) -> list[str]:
        return [effect.key for effect in self.effects if isinstance(effect, Say)]

    @property
    def shown(self) -> list[str]:
        return [button.id for effect in self.effects if isinstance(effect, Say) for button in effect.buttons]

    @property
    def words(self) -> str:
        return "\n".join(spoken(effect, self.state) for effect in self.effects if isinstance(effect, Say))

    def found(self, kind: type[Effect]) -> list[Any]:
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def _said(self, kind: Kind, *, text: str = "", **values: Any) -> Said:
        """As the engine makes it of what came in: without secrets."""
        self.count += 1
        masked, secret = secrets.mask(text) if text else ("", False)
        return Said(message_id=f"m{self.count}", kind=kind, at=self.now, text=masked, had_secret=secret, **values)


def spoken(say: Say, state: State, business: Business = OFFICE) -> str:
    """The words; a text that cannot be filled raises, as it would never be sent."""
    values = wording.variables(say, state=state, business=business, texts=TEXTS)
    return TEXTS.render(say.key, state.lang, **values)


def held(before: State, decision: Decision, events: Sequence[Event], business: Business) -> None:
    """What is true of every decision, whatever happened."""
    state, effects = decision.state, decision.effects
    says = [effect for effect in effects if isinstance(effect, Say)]
    acted = any(isinstance(event, Acted) for event in events)
    if state.consents.get("C1") != "given":
        assert not state.slots, "slots before consent"
    if before.stage is Stage.WITH_ADVISOR and state.stage is Stage.WITH_ADVISOR and not acted:
        assert all(say.key.startswith("optout.") for say in says), "the bot speaks over an advisor"
    for _, group in groupby(says, key=lambda say: (say.klass, say.purpose)):
        message = list(group)
        words = "\n\n".join(spoken(say, state, business) for say in message)
        assert len(words) <= MESSENGER
        assert not any(say.buttons for say in message[:-1]), "buttons belong under the last text"
        _buttons(message[-1].buttons, state.lang)
    keys = [say.key for say in says]
    assert len(keys) == len(set(keys)), f"said twice: {keys}"
    ended = any(isinstance(event, SendEnded) for event in events)  # something of ours had reached him before
    if before.stage is Stage.NEW and says and not acted and not ended and keys[0] != "maintenance.bot_off":
        assert {"greeting.first", "greeting.bot_identity", "greeting.bot_calls"} & set(keys) or keys[0].startswith(
            "optout."
        ), "who speaks?"
    _asks_only_what_is_missing(before, state, keys)
    assert all(
        effect.at >= state.last_inbound_at for effect in effects if isinstance(effect, WakeAt) and state.last_inbound_at
    )
    assert state_from_json(state_to_json(state)) == state


def _buttons(buttons: Sequence[Button], lang: str) -> None:
    ids = [button.id for button in buttons]
    assert len(ids) == len(set(ids))
    for button in buttons:
        assert button.id.isascii()
        assert len(button.id) <= 24
        assert 0 < len(TEXTS.button(button.label, lang)) <= 20


def _asks_only_what_is_missing(before: State, state: State, keys: Sequence[str]) -> None:
    editing = {"time": "callback_time"}.get(str(state.memory.get("editing")), state.memory.get("editing"))
    asked = [ASKS[key] for key in keys if key in ASKS]
    assert len(asked) <= 1, f"two questions at once: {keys}"
    for slot in (slot for slots in asked for slot in slots):
        known = state.slots.get("product") or state.slots.get("need") if slot == "need" else state.slots.get(slot)
        assert not known or slot == editing, f"asks for what is known: {slot}"


__all__ = ["CHIEF", "MAI", "MONDAY", "NAM", "OFFICE", "PEOPLE", "Refused", "World", "held", "spoken"]
