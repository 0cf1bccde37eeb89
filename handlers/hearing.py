"""What the customer said, read in the light of the one open question: words, taps, contact cards."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from channels.contract import MEDIA, Kind
from handlers import danger, offers
from handlers.model import EMPTY, Said, Stage, State
from handlers.taps import TAPS, TYPED
from handlers.understanding import understand
from handlers.understanding.address import beside
from handlers.understanding.fold import fold
from handlers.understanding.stop import writes_instead

CONTEXTS: Final[Mapping[str, str]] = {  # the open question -> the name under which understanding knows it
    "consent": "ask_consent",
    "menu": "ask_need",
    "name": "ask_name",
    "phone": "ask_phone",
    "phone_same": "confirm",
    "need": "ask_need",
    "product": "ask_product",
    "time": "ask_time",
    "province": "ask_province",
    "email": "ask_email",
    "confirm": "confirm",
    "edit": "confirm",
    "callback": "confirm",
    "received": "confirm",
    "csat": "csat",
    "csat_comment": "confirm",
    "renewal": "renewal_reminder",
    "scope": "ask_scope",
    "ads": "ask_consent",
}


_WORDLESS: Final = dict.fromkeys(MEDIA, "media") | {Kind.STICKER: "sticker", Kind.LOCATION: "media"}
RESUME: Final = frozenset(
    {"nhan tin", "nhan tin tro lai", "bat lai tin nhan", "nhan lai tin", "resume", "resume messages"}
)
# "Đừng gọi, nhắn ở đây thôi", asked for a number: no number, but no stop of our messages either
FOR_A_CALL: Final = frozenset({"name", "phone", "phone_same"})
RATHER_WRITES: Final = re.compile(
    r"\b(?:nhan tin|nhan|chat|trao doi|tra loi)\b.{0,24}\b(?:thoi|day|zalo|duoc roi)\b|\btext me\b"
)
READ_BACK: Final = frozenset({"confirm", "edit"})
UNSETTLED: Final = frozenset({"no", "other"})
TIMES: Final = ("day", "part", "time", "time_to", "time_after", "callback_from", "callback_to")
CORRECTIONS: Final = frozenset({"product", "name", "phone", "province", "topic", *TIMES})
PARTS_OF_A_DAY: Final = frozenset(
    "sang trua chieu toi mai mot t2 t3 t4 t5 t6 t7 cn morning afternoon evening tomorrow".split()
)
NAMELESS: Final = frozenset({"product", "phone", "time"})  # asked while the name may still be unknown
NAME_LENGTH: Final = 4  # words
NUMBERS: Final = frozenset({"hai", "ba", "ca"})  # "Hai" to the question which of the two covers
CHOICE: Final = re.compile(
    r"(?:em |minh |toi )?(?:chon )?(?:so |muc |cau |option |number )?\(?(\d{1,2})[.)]?(?: nhe| nha| a| em| di)*"
)
# to be called, and when; a bare "mai" may be a name and "toi" is oneself
APPOINTMENT: Final = re.compile(
    r"\b(?:goi|lien he|hen|doi gio|call)\b.*\b(?:\d{1,2} ?(?:h|gio)|(?:sang|trua|chieu|toi) (?:nay|mai|mot)|buoi (?:sang|trua|chieu|toi)"
    r"|(?:ngay|hom) mai|luc nao cung|gio nao cung|gio hanh chinh|tomorrow|(?:in the )?(?:morning|afternoon|evening)|any ?time)\b"
    r"|\b(?:mai|mot|sang|trua|chieu|toi)(?: \w+){0,2} (?:hay |thi |roi )?(?:goi|lien he|alo)\b(?! (?:roi|khong|ma))"
    r"|\b(?:sang|trua|chieu|toi) .{0,16}\b(?:ranh|nghe may)\b|^(?:da )?(?:luc|khi|gio) nao cung (?:duoc|dc|ok|tien)\b"
)
KIN: Final = r"(?:me|ma|ba|bo|cha|chong|vo|con|ban|chau|ong|sep|nguoi nha|nguoi yeu|(?:anh|chi|em) (?:trai|gai|ho))"
ANOTHERS: Final = re.compile(  # a number that is somebody else's
    rf"\d\D{{0,6}}\b(?:la )?(?:so )?cua (?:em |minh |toi )?{KIN}\b|\b(?:so|sdt|dt)(?: dien thoai)?(?: cua)? {KIN}(?: (?:em|minh|toi|tui|anh|chi))?\b\D{{0,6}}\d"
)
NOD: Final = re.compile(  # after the end: a nod, not a new beginning
    r"(?:(?:da|vang|u+m?|uh|oke?|okay|okie|oki|roi|vay|the|nha|nhe|a|ah|ha|em|e|ban|anh|chi|duoc|dc|tot|bye|chao|tam biet|cam on"
    r"|thanks?|thank you|tks|great|fine|noted|thoi|biet)\b[ .!,:)]*)+"
)
LETTER: Final = re.compile(r"[a-z]")
WISHES: Final = frozenset({"buy", "ask_fee", "renewal", "claim", "complaint"})
RENAMED: Final = re.compile(r"(?:(?:da|a|em|minh|toi|anh|chi|sua|doi|thanh) )*ten (?:la )?(\w+(?: \w+){0,3})[ .!]*")
DIGITS: Final = re.compile(r"\+?\d[\d .()-]{3,}")
AGREES: Final = re.compile(r"\b(?:dong y|i (?:agree|consent))\b")
WORRIES: Final = re.compile(  # about his data, asked for his consent: the long text answers that
    r"\b(?:thong tin|du lieu|sdt|so dien thoai|data|details)\b.*\b(?:lo|ro ri|bi ban|ban cho|an toan|bao mat|cho ai|leak\w*|safe|sold)\b"
)
WONDERS: Final = re.compile(  # whether it may come to that, not that it has
    r"\?|\b(?:khong|ko|k|hong|chua|a|ha)[ .!]*$|\b(?:co bi|so (?:bi|lo)|lo (?:bi|lang|so)|neu|lieu|if|afraid|worried)\b|^(?:is|are|will|do|does|can)\b"
)
ASKING_ABOUT: Final = ("other", "privacy_request")
REFUSAL: Final = 5  # words: "tôi không đồng ý với cách giải quyết đó" is of something else


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One thing that was said. `folded` -- its text without marks and case · `stale` -- a button of a question that
    is not open any more · `late` -- "đồng ý" or "không đồng ý", to the consent text that was shown before and is not
    the last thing asked · `place` -- a province that it names, whatever for · `despair` -- see `danger.read` · `doubted` -- see
    `Understanding`."""

    said: Said
    intent: str
    folded: str = ""
    entities: Mapping[str, Any] = EMPTY
    also: tuple[str, ...] = ()
    stale: bool = False
    late: bool = False
    speaks_as: str = ""
    surely: bool = False
    place: str = ""
    distress: bool = False
    despair: danger.Despair = ""
    minor: bool = False
    doubted: bool = False

    def wants(self, *intents: str) -> bool:
        if self.stale:
            return False
        return self.intent in intents or (bool(self.also) and any(one in intents for one in self.also))

    @property
    def wordless(self) -> bool:
        """A picture, a sticker, a place: nothing that can be read."""
        return not self.said.text.strip() and not self.said.payload and self.said.contact is None


def hear(said: Said, state: State, *, now: datetime) -> Heard:
    """Read one message against what was asked last."""
    if said.contact is not None:
        return _card(said, now=now)
    folded = fold(said.text)
    if "choices" in state.memory and not said.payload and (chosen := _numbered(folded, state.memory["choices"])):
        said = replace(said, payload=chosen, text="")
    payload = said.payload or (said.text.strip() if ":" in said.text else TYPED.get(folded.strip(" .!?"), ""))
    tap = TAPS.get(payload)
    open_now = tap is not None and (not tap.steps or (state.asked in tap.steps and state.asked != "menu"))
    if tap is not None and (said.payload or open_now):
        stale = bool(tap.steps) and state.asked not in tap.steps
        if not said.payload:
            said = replace(said, payload=payload, text="")  # its words are the button
        late = stale and payload in ("c1:yes", "c1:no") and _consent_left_open(state)
        return Heard(said=said, intent=tap.intent, entities=tap.entities, folded=folded, stale=stale, late=late)
    if not folded:
        return Heard(said=said, intent=_WORDLESS.get(said.kind, "nothing"))
    if folded in RESUME:
        return Heard(said=said, intent="opt_on", folded=folded)
    if (wish := _wish(said, folded, state, now=now)) is not None:
        return wish
    over = state.memory.get("ads_last")  # the offers were asked about after it: the yes may be to them
    late = AGREES.search(folded) is not None and not over and _consent_left_open(state)
    context = "ask_consent" if late else _context(state, folded)
    read = understand(said.text, context, now=now)
    if read.surely and "talk_to_human" in (read.intent, *read.also) and (rest := beside(said.text)) != said.text:
        # "gọi chị thôi em" puts right how he is called, and asks for no call
        read = replace(understand(rest, _context(state, fold(rest)), now=now), speaks_as=read.speaks_as, surely=True)
        if not rest:
            read = replace(read, intent="greeting")
    entities = read.entities
    if state.asked in READ_BACK and read.intent in UNSETTLED:
        entities = _looked_at_again(said.text, folded, entities, now=now)
    intent, entities = _weighed(said.text, folded, read.intent, entities, now=now)
    if state.asked == "name" and entities.get("phone") and not entities.get("name"):
        beside_it = understand(said.text, None, now=now).entities  # "Hương 0903222347 Hà Nội"
        entities = {**entities, **{key: beside_it[key] for key in ("name",) if key in beside_it}}
    if not entities and (bare := _bare_name(said.text, folded, state, now=now)):
        intent, entities = "give_name", {"name": bare}
    about = read.intent in ASKING_ABOUT and entities.get("request") in (None, "access", "inform")
    about = about or (read.intent == "complaint" and WONDERS.search(folded) is not None)
    if state.asked == "consent" and about and WORRIES.search(folded):
        return Heard(said=said, intent="details", folded=folded)
    if said.had_secret and intent in ("yes", "no", "give_name"):  # what was covered answers nothing
        intent, entities = "other", {key: told for key, told in entities.items() if key != "name"}
    rather_writes = (
        read.intent == "opt_out"
        and state.asked in FOR_A_CALL
        and entities.get("channel") == "call"
        and RATHER_WRITES.search(folded) is not None
    )
    if read.intent == "opt_out" and not rather_writes and writes_instead(folded):
        intent = "other"  # calls are what he forbids, and writing what he wants: no message of ours is stopped by it
    in_danger, despair = danger.read(said.text, folded, read.entities)
    return Heard(
        said=said,
        intent="no" if rather_writes else intent,
        entities=entities,
        folded=folded,
        also=tuple(read.also),
        speaks_as=read.speaks_as,
        surely=read.surely,
        place=read.place,
        distress=in_danger,
        despair=despair,
        minor=danger.minor(folded),
        doubted=read.doubted and not in_danger,
        late=late and (read.intent == "yes" or (read.intent == "no" and len(folded.split()) <= REFUSAL)),
    )


def _wish(said: Said, folded: str, state: State, *, now: datetime) -> Heard | None:
    """A wish to hear of offers, alone or beside something else; None when there is none, or he takes it back again."""
    other = offers.beside(said.text, folded)
    if other:
        told = hear(replace(said, text=other), state, now=now)
        grave = told.minor or told.distress or told.despair
        if told.wants("no", "opt_out") and not grave:
            return None
        if told.intent not in ("greeting", "thanks") or told.entities or told.also or grave:
            return replace(told, said=said, also=(*told.also, "want_ads"))
    return None if other is None else Heard(said=said, intent="want_ads", folded=folded)


def _consent_left_open(state: State) -> bool:
    """He has been shown what he is to agree to, and nothing else is asked that a yes could mean."""
    pending = bool(state.memory.get("consent_shown")) and state.consents.get("C1") != "given"
    return pending and state.asked in ("", "menu")


def _numbered(folded: str, choices: Sequence[str]) -> str:
    """ "2", "2.", "chọn số 2": the button of that number in the list that was shown last, or ''."""
    told = CHOICE.fullmatch(folded)
    return choices[int(told[1]) - 1] if told and 0 < int(told[1]) <= len(choices) else ""


def _looked_at_again(text: str, folded: str, entities: Mapping[str, Any], *, now: datetime) -> Mapping[str, Any]:
    """ "À không, xe máy", "sáng mai nhé": at the read-back a no, or nothing known, may hold the value that is meant
    instead. Then it is read as the answer to the questions that ask for such values."""
    if (len(folded.split()) < 2 and folded not in PARTS_OF_A_DAY) or not CORRECTIONS.isdisjoint(entities):
        return entities
    when = understand(text, "ask_time", now=now).entities
    # "buổi sáng chị ở nhà" speaks of no house to insure: beside a time, what is insured is named in full
    what = understand(text, None if when.keys() & set(TIMES) else "ask_product", now=now).entities
    return {
        **entities,
        **{key: what[key] for key in ("product",) if key in what},
        **{key: when[key] for key in TIMES if key in when},
    }


def _bare_name(text: str, folded: str, state: State, *, now: datetime) -> str:
    """ "Tuan", asked for something else while nobody knows his name; '' when it is none, or not written like one."""
    words = text.split()
    alone = 0 < len(words) <= NAME_LENGTH and all(word.istitle() and word.isalpha() for word in words)
    if state.asked not in NAMELESS or state.slots.get("name") or state.lang != "vi" or not alone or folded in NUMBERS:
        return ""
    read = understand(text, "ask_name", now=now)
    return str(read.entities.get("name", "")) if read.intent == "give_name" else ""


def _weighed(
    text: str, folded: str, intent: str, entities: Mapping[str, Any], *, now: datetime
) -> tuple[str, Mapping[str, Any]]:
    """ "1" and "09123" are no wish; and Loan, which offers of money begin with, is a name too."""
    if not entities and intent in WISHES and LETTER.search(folded) is None:
        return "other", entities
    if intent == "spam_abuse" and (renamed := RENAMED.fullmatch(folded)):
        told = " ".join(text.split()[-len(renamed[1].split()) :])
        if name := understand(told, "ask_name", now=now).entities.get("name"):
            return "give_name", {**entities, "name": name}
    return intent, entities


def appointed(one: Heard, *, now: datetime) -> Mapping[str, Any]:
    """When he wants to be called, said among other things: "Lan 0901234567, gọi chiều mai nhé"."""
    found = understand(one.said.text, "ask_time", now=now).entities
    return {key: found[key] for key in TIMES if key in found}


def _context(state: State, folded: str) -> str | None:
    """The question that a short answer belongs to; a consent that was let pass may still be answered, and an
    appointment changed."""
    if state.asked == "name" and DIGITS.fullmatch(folded):
        return "ask_phone"  # name and number are asked at once
    if not state.asked and (
        state.stage is Stage.CALLBACK_SCHEDULED or (state.stage is Stage.QUEUED and APPOINTMENT.search(folded))
    ):
        return "ask_time"
    lapsed = (
        state.stage in (Stage.GREETED, Stage.CLOSED_IDLE)
        and state.memory.get("consent_shown")
        and state.consents.get("C1") != "given"
    )
    return CONTEXTS.get(state.asked) or ("ask_consent" if lapsed else None)


def _card(said: Said, *, now: datetime) -> Heard:
    """A contact card: the sender's own number is taken, another's is only offered (he may be sending a friend's)."""
    read = understand(said.contact.phone if said.contact else "", "ask_phone", now=now)
    phone = read.entities.get("phone")
    if phone and not (said.contact and said.contact.own and not said.forwarded):
        return Heard(said=said, intent="give_phone", entities={"offered": phone})
    return Heard(said=said, intent="give_phone", entities=read.entities)


def reread(text: str, *, now: datetime) -> Heard:
    """A message of before the consent, read again for what it holds; nothing was asked then."""
    read = understand(text, None, now=now)
    return Heard(
        said=Said(message_id="", kind=Kind.TEXT, at=now, text=text),
        intent=read.intent,
        entities=read.entities,
        folded=fold(text),
        also=tuple(read.also),
        speaks_as=read.speaks_as,
        surely=read.surely,
        place=read.place,
    )
