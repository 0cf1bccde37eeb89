"""After the sale: was it received, was it good. Once each, at decent hours, never while a person has the conversation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from channels.contract import Button
from channels.windows import Purpose, Sender, Way, rule
from handlers import advertising, cooling, renewal, schedule, waiting, wording
from handlers.draft import Draft
from handlers.hearing import Heard, reread
from handlers.model import EMPTY, WAITING, CareAnswered, Relabel, Stage, TimerFired
from handlers.taps import PRODUCTS

LATER: Final = timedelta(hours=2)
PATIENCE: Final = timedelta(days=1)  # a question that stayed open for so long gives way to the next one
LOW: Final = 2  # this score and below: a complaint candidate within the hour
CONTENT: Final = 5  # who gives it may be asked whether he wants to hear of more
ANSWER_WITHIN: Final = 60  # working minutes
COMMENT_MAX: Final = 1000
SHORT: Final = 4  # words: in a longer message a number counts something else

RECEIVED: Final = (Button(id="got:yes", label="received"), Button(id="got:no", label="not_received"))
SCORES: Final = tuple(Button(id=f"csat:{score}", label=f"csat_{score}") for score in range(5, 0, -1))
SKIP: Final = Button(id="skip", label="skip")
QUESTIONS: Final = {"check_t1": "received", "csat": "csat", **dict.fromkeys(renewal.TEXTS, renewal.ASKED)}
PURPOSES: Final = {"received": Purpose.CARE, "csat": Purpose.SURVEY, renewal.ASKED: Purpose.REMINDER}
KEPT: Final = (
    "task",
    "kind",
    "policy",
    "number",
    "product",
    "insurer",
    "ends_on",
)  # of the task's data, while it is open
LABELS: Final = (*(f"csat:{score}" for score in range(1, 6)), "care:received", "care:wrong_info", "care:not_received")
ASKED: Final = ("received", "csat", "csat_comment", renewal.ASKED)

WRONG: Final = re.compile(r"\b(?:sai|nham|khong dung|thieu|wrong|mistake|incorrect)\b")
NOT_YET: Final = re.compile(r"\b(?:chua|khong thay|ko thay|k thay|khong nhan|not yet|haven't|have not|didn't|no)\b")
GOT_IT: Final = re.compile(r"\b(?:roi|da nhan|nhan duoc|nhan dc|co nhan|received|got it|yes|du roi|ok|oke|dung)\b")
DIGIT: Final = re.compile(r"(?<![\d/.,:])([1-5])\s*(?:sao|diem|star|stars|point|points|/\s*5|\*)(?![\d])")
ALONE: Final = re.compile(r"(?:da |em cho |cho |duoc )?([1-5])(?: nhe| nha| a| em| di)*[ .!]*")
WORDS: Final = (  # from the most telling on
    (1, re.compile(r"\b(?:rat te|qua te|te qua|te hai|rat kem|qua kem|terrible|very bad|awful)\b")),
    (2, re.compile(r"\b(?:chua tot|khong tot|ko tot|k tot|te|kem|khong hai long|that vong|bad|poor|not good)\b")),
    (3, re.compile(r"\b(?:binh thuong|tam|tam duoc|tam on|cung duoc|okay|average|so so)\b")),
    (5, re.compile(r"\b(?:rat tot|qua tot|tot lam|tuyet|tuyet voi|xuat sac|rat hai long|excellent|great|perfect)\b")),
    (4, re.compile(r"\b(?:tot|hai long|on|good|fine|satisfied)\b")),
)


def due(draft: Draft, event: TimerFired) -> None:
    """A task is due: ask, ask later, or let it be."""
    data = event.data
    task, kind = str(data.get("task", "")), str(data.get("kind", ""))
    if task and kind in cooling.KINDS:
        cooling.due(draft, data)
        return
    if not task or kind not in QUESTIONS:
        return
    if draft.state.reminders_off or draft.state.stage is Stage.CLOSED_SPAM:
        draft.add(CareAnswered(task=task, state="skipped", reason="opted out"))
        return
    if kind != "check_t1" and draft.state.consents.get("C1") == "withdrawn":
        draft.add(CareAnswered(task=task, state="skipped", reason="consent withdrawn"))
        return
    if _stale(draft):
        put_away(draft)
    moment = _moment(draft)
    if moment > draft.now:
        draft.wake(f"care:{task}", moment, data)
        return
    if why := _forbidden(draft, QUESTIONS[kind]):
        draft.add(CareAnswered(task=task, state="skipped", reason=why))
        return
    _ask(draft, {key: str(data[key]) for key in KEPT if data.get(key)}, name=str(data.get("name") or ""))


def hear(draft: Draft, heard: Sequence[Heard]) -> bool:
    """An answer to the open care question; False when the customer speaks of something else."""
    asked = draft.state.asked
    if asked not in ASKED or not draft.state.care:
        return False
    if asked == "received":
        answered = _received(draft, heard)
    elif asked == "csat":
        answered = _scored(draft, heard)
    elif asked == renewal.ASKED:
        answered = renewal.hear(draft, heard)
    else:
        answered = _commented(draft, heard)
    return answered or _let_be(draft, heard)


def put_away(draft: Draft) -> None:
    """The question is not waited for any longer."""
    if draft.state.asked in ASKED:
        draft.set(asked="", tries=0)
    draft.set(care=EMPTY)


def _forbidden(draft: Draft, asked: str) -> str:
    """Why the platform does not take the question now, in whatever form; ''. A template is said in place of ours."""
    ruled = rule(
        draft.context.carries,
        sender=Sender.SYSTEM,
        purpose=PURPOSES[asked],
        now=draft.now,
        last=draft.context.heard_at,  # nothing that he edits or takes back opens a window
        opened=draft.context.opened,
    )
    return ruled.why if ruled.way is Way.NEVER else ""


def _moment(draft: Draft) -> datetime:
    """Now, when nobody else talks and the hour is decent; else when to look again."""
    state = draft.state
    busy = state.stage in WAITING | {Stage.WITH_ADVISOR} or bool(state.asked) or not draft.context.bot
    return schedule.next_service_time(draft.now + (LATER if busy else timedelta(0)), draft.business)


def _stale(draft: Draft) -> bool:
    """Is a question of ours open that he will hardly answer any more?"""
    asked_at = draft.state.care.get("at")
    return asked_at is not None and draft.now - datetime.fromisoformat(asked_at) >= PATIENCE


def _label(draft: Draft, label: str) -> None:
    """The answer, where people see it in their lists."""
    draft.add(Relabel(add=(label,), remove=tuple(one for one in LABELS if one != label and one[:4] == label[:4])))


def _ask(draft: Draft, care: dict[str, str], *, name: str) -> None:
    asked = QUESTIONS[care["kind"]]
    if asked == renewal.ASKED:
        renewal.say(draft, care, name)
        return
    if draft.context.letters:
        _write(draft, care, asked, name)
        return
    purpose = "delivery_check" if asked == "received" else "care"  # what storage.outbox asks about before it leaves
    if draft.state.stage is Stage.NEW:  # we speak first: who, and that it is a machine
        draft.move(Stage.GREETED)
        draft.say("greeting.bot_identity", klass="D", purpose=purpose)
    draft.set(asked=asked, care={**care, "at": draft.now.isoformat()}, tries=0)
    values: dict[str, str | tuple[str, ...]] = {"ten": name} if name else {}
    plain = "" if name or draft.state.slots.get("name") else "_plain"
    if asked == "received":
        values |= _policy(care)
        draft.say(f"delivery.check_t1{plain}", *RECEIVED, klass="D", purpose=purpose, **values)
    else:
        draft.say(f"care.csat_ask{plain}", *SCORES, klass="D", purpose=purpose, **values)
    draft.add(CareAnswered(task=care["task"], state="sent"))


def _policy(care: dict[str, str]) -> dict[str, str | tuple[str, ...]]:
    product = care.get("product", "")
    return {
        "san_pham": (f"product.{product}",) if product in PRODUCTS else product,
        "so_hop_dong": care.get("number", ""),
    }


def _write(draft: Draft, care: dict[str, str], asked: str, name: str) -> None:
    """By letter: without choices, and nothing waits here for the answer, which a person reads elsewhere."""
    named: dict[str, str | tuple[str, ...]] = {"ten": name} if name else {}
    plain = "" if name else "_plain"
    if asked == "received":
        draft.say(f"delivery.check_t1{plain}", klass="D", purpose="delivery_check", **named, **_policy(care))
    else:
        draft.say(f"care.csat_ask{plain}", klass="D", purpose="care", **named)
    draft.add(CareAnswered(task=care["task"], state="sent"))


def _received(draft: Draft, heard: Sequence[Heard]) -> bool:
    told = next((answer for one in reversed(heard) if (answer := _got(one))), "")
    if not told:
        return False
    insurer = draft.state.care.get("insurer", "")
    draft.add(CareAnswered(task=draft.state.care["task"], state="answered", answer=told))
    _label(draft, f"care:{told}")
    put_away(draft)
    if told == "received":
        draft.say("care.csat_high", purpose="care")
        return True
    if told == "wrong_info" and insurer:
        draft.say("delivery.wrong_info", cong_ty_bao_hiem=insurer, purpose="care")
    waiting.hand_over(draft, "care", consent_line=False)
    return True


def _got(one: Heard) -> str:
    if one.stale or one.wants("claim", "talk_to_human"):
        return ""
    said = one.folded
    if one.said.payload or not said:
        return {"yes": "received", "no": "not_received"}.get(one.intent, "")
    if WRONG.search(said):
        return "wrong_info"
    if NOT_YET.search(said) or one.intent == "no":
        return "not_received"
    return "received" if GOT_IT.search(said) or one.intent == "yes" else ""


def _scored(draft: Draft, heard: Sequence[Heard]) -> bool:
    score = next((found for one in reversed(heard) if (found := _score(one))), 0)
    if not score:
        return False
    care = draft.state.care
    draft.add(CareAnswered(task=care["task"], state="answered", answer=str(score)))
    _label(draft, f"csat:{score}")
    if score > LOW:
        draft.set(asked="csat_comment", care={**care, "score": str(score)}, tries=0)
        draft.say("care.csat_comment", SKIP, purpose="care")
        return True
    put_away(draft)
    until = wording.deadline(draft.now, draft.business, draft.state.lang, minutes=ANSWER_WITHIN)
    draft.say("care.csat_low", ma_yeu_cau=draft.request_code(), gio_hen_lai=until, purpose="care")
    waiting.hand_over(draft, "complaint", consent_line=False, told=True)
    return True


def _score(one: Heard) -> int:
    """1 to 5; 0 when he speaks of something else: not every number is a score ("xe 2 bánh", "nhà có 3 người")."""
    if one.stale or one.wants("claim", "buy", "ask_fee", "renewal", "talk_to_human"):
        return 0
    if one.said.payload:
        return int(one.entities.get("csat", 0))
    if digit := ALONE.fullmatch(one.folded) or DIGIT.search(one.folded):
        return int(digit[1])
    if said := next((score for score, pattern in WORDS if pattern.search(one.folded)), 0):
        return said
    return int(one.entities.get("csat", 0)) if len(one.folded.split()) <= SHORT else 0


def _commented(draft: Draft, heard: Sequence[Heard]) -> bool:
    """Whatever he writes is the comment ("a list of fees on the page would help" asks for none), unless it needs a
    person now, or is a right of his."""
    if any(_needs_a_person(one) for one in heard):
        return False
    content = int(draft.state.care.get("score", 0)) >= CONTENT
    if all(one.wants("skip", "no", "thanks") and len(one.folded.split()) <= SHORT for one in heard):
        put_away(draft)
        draft.say("care.csat_high", purpose="care")
        return True
    words = " ".join(one.said.text for one in heard if one.said.text.strip() and not one.said.payload)
    if not words:
        return False
    care = draft.state.care
    draft.add(
        CareAnswered(task=care["task"], state="answered", answer=care.get("score", ""), comment=words[:COMMENT_MAX])
    )
    put_away(draft)
    draft.say("care.csat_high", purpose="care")
    if content:
        advertising.offer(draft)
    return True


def _needs_a_person(one: Heard) -> bool:
    urgent = one.distress or one.minor or one.entities.get("topic") == "cancel_policy"
    return urgent or one.wants("claim", "complaint", "talk_to_human", "privacy_request")


def _plain(one: Heard, now: datetime) -> bool:
    """Nothing in it that he could want, read without the question in mind."""
    if one.said.payload:  # a button of another message that may still be pressed
        return not (_needs_a_person(one) or one.wants("buy", "ask_fee", "renewal", "call_me"))
    read = reread(one.said.text, now=now)
    return read.intent in ("other", "greeting", "yes", "no", "spam_abuse") and "topic" not in read.entities


def _let_be(draft: Draft, heard: Sequence[Heard]) -> bool:
    """No answer. Something else wanted: the question gives way. Nothing understood: ask once more, then let it be."""
    plain = all(one.stale or one.wordless or _plain(one, draft.now) for one in heard)
    if plain and not draft.state.tries and draft.state.asked in ("received", "csat"):
        draft.set(tries=1)
        draft.say("error.not_understood_1", *(RECEIVED if draft.state.asked == "received" else SCORES), purpose="care")
        return True
    put_away(draft)
    return False
