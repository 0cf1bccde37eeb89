"""What stands in the holes of our texts: times, numbers and names as a person says them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date as date_
from datetime import datetime
from typing import Any, Final

from handlers import schedule, wanted
from handlers.model import Business, Say, State
from handlers.texts import Texts
from handlers.understanding.fold import flatten
from handlers.understanding.person import SURNAME_KEYS

WEEKDAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "Chủ nhật"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
SHORT_DAYS: Final[Mapping[str, tuple[str, ...]]] = {
    "vi": ("T2", "T3", "T4", "T5", "T6", "T7", "CN"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}
PARTS: Final = {"morning": "Sáng", "afternoon": "Chiều", "evening": "Tối"}
DAYS_AHEAD: Final = {"vi": ("", "mai"), "en": ("Today", "Tomorrow")}
BUTTON_MAX: Final = 20  # characters: the shortest of all platforms
ALWAYS: Final = {"vi": "24/7", "en": "24/7"}
SOON: Final = {"vi": "càng sớm càng tốt", "en": "as soon as possible"}
ON: Final = {"vi": "ngày", "en": "on"}
EMERGENCY: Final[Mapping[str, str]] = {"so_cap_cuu": "115", "so_cuu_hoa": "114", "so_cong_an": "113"}


def variables(
    say: Say, *, state: State, business: Business, texts: Texts, also: AbstractSet[str] = frozenset()
) -> dict[str, str]:
    """What the holes of `say`'s text, and `also`, need: its own values over what is known of the customer and of the
    agency."""
    lang = state.lang
    known: dict[str, str] = {}
    for name in texts.variables(say.key, lang) | also:
        if name in say.values:
            value = say.values[name]
            known[name] = value if isinstance(value, str) else ", ".join(texts.label(key, lang) for key in value)
        elif name in KNOWN:
            known[name] = KNOWN[name](say, state, business, texts)
    return known


def _name(say: Say, state: State) -> str:
    return str(say.values.get("ten") or state.slots.get("name", ""))


_Known = Callable[[Say, State, Business, Texts], str]
KNOWN: Final[Mapping[str, _Known]] = {  # what no `say` needs to give
    "xung_ho": lambda say, state, business, texts: address(state.salutation),
    "ten": lambda say, state, business, texts: _name(say, state),
    "ten_goi": lambda say, state, business, texts: called(_name(say, state), state.lang),
    "so_dien_thoai": lambda say, state, business, texts: phone(str(state.slots.get("phone", ""))),
    "ma_yeu_cau": lambda say, state, business, texts: state.code,
    "san_pham": lambda say, state, business, texts: wanted.wanted(state, texts),
    "hotline": lambda say, state, business, texts: business.hotline,
    "dia_chi": lambda say, state, business, texts: business.address,
    "ten_phap_ly": lambda say, state, business, texts: business.legal_name,
    "email_bao_ve_du_lieu": lambda say, state, business, texts: business.dpo_email,
    "link_chinh_sach": lambda say, state, business, texts: business.policy_url,
    "link_san_pham": lambda say, state, business, texts: business.product_url,
    "gio_lam_viec": lambda say, state, business, texts: hours(business, state.lang),
    "phien_ban": lambda say, state, business, texts: texts.version(say.key, state.lang).short,
    "so_cap_cuu": lambda say, state, business, texts: EMERGENCY["so_cap_cuu"],
    "so_cuu_hoa": lambda say, state, business, texts: EMERGENCY["so_cuu_hoa"],
    "so_cong_an": lambda say, state, business, texts: EMERGENCY["so_cong_an"],
}  # only what the text asks for is looked up: the table is on the path of every reply
FIXED: Final = frozenset(KNOWN) - {
    "ten",
    "ten_goi",
    "so_dien_thoai",
    "ma_yeu_cau",
    "san_pham",
}  # the same for all who are addressed alike


def address(salutation: str) -> str:
    """How the customer is spoken to. The bot calls itself `em`, so nobody else is: then the polite default."""
    return "" if salutation == "em" else salutation


def called(name: str, lang: str) -> str:
    """What somebody is called by: "chị Lan", who is Nguyễn Thị Lan. Only a whole name with its surname is shortened; an
    Anh keeps the word before it, because "anh Anh" is nobody. English takes the name as it was given."""
    words = name.split()
    if lang != "vi" or len(words) < 3 or flatten(words[0]) not in SURNAME_KEYS:
        return name
    return " ".join(words[-2:] if words[-1] == "Anh" else words[-1:])


def phone(number: str) -> str:
    """E.164 as people read it: 0912 345 678; a foreign number as it is."""
    if not number.startswith("+84"):
        return number
    national = "0" + number[3:]
    return f"{national[:4]} {national[4:7]} {national[7:]}" if len(national) == 10 else national


def clock(moment: datetime, business: Business) -> str:
    here = schedule.local(moment, business)
    return f"{here.hour:02}:{here.minute:02}"


def day(moment: datetime, business: Business, lang: str) -> str:
    """thứ Hai 23/11 · Monday 23/11: day first, in both languages."""
    here = schedule.local(moment, business)
    return f"{WEEKDAYS[lang][here.weekday()]} {here.day:02}/{here.month:02}"


def moment(when: datetime, business: Business, lang: str) -> str:
    """08:00 thứ Hai 23/11"""
    return f"{clock(when, business)} {day(when, business, lang)}"


def stamp(when: datetime, business: Business, lang: str) -> str:
    """For evidence: 14:05 ngày 22/11/2026"""
    here = schedule.local(when, business)
    return f"{here.hour:02}:{here.minute:02} {ON[lang]} {here.day:02}/{here.month:02}/{here.year}"


def date(when: datetime, business: Business) -> str:
    return schedule.local(when, business).strftime("%d/%m/%Y")


def appointment(state: State, business: Business) -> str:
    """The wished time of a call as 08:00–12:00 thứ Hai 23/11, or as soon as possible."""
    callback: Mapping[str, Any] = state.slots.get("callback_time", {})
    lang = state.lang
    if not callback and state.memory.get("wish"):
        return f'"{state.memory["wish"]}"'
    if state.memory.get("soon") or not callback:
        return SOON[lang]
    begins, ends = (datetime.fromisoformat(str(callback[key])) for key in ("from", "to"))
    if begins == ends:
        return moment(begins, business, lang)
    return f"{clock(begins, business)}–{clock(ends, business)} {day(begins, business, lang)}"


def part(name: str, begins: datetime, ends: datetime, today: date_, business: Business, lang: str) -> str:
    """The face of a button that offers a part of a day, with the hours that are kept of it: "Chiều (13h-17h)", "Sáng mai
    8h-12h", "Today 13:00-17:00"; of what is too long for a button the hours stay."""
    span = "-".join(_short(at, business, lang) for at in (begins, ends))
    ahead = (schedule.local(begins, business).date() - today).days
    on = DAYS_AHEAD[lang][ahead] if ahead < 2 else SHORT_DAYS[lang][schedule.local(begins, business).weekday()]
    if lang != "vi":
        return f"={on} {span}"
    word = PARTS[name]
    faces = (f"{word} {on} {span}", f"{on} {span}") if on else (f"{word} ({span})", f"{word} {span}")
    return "=" + next((face for face in faces if len(face) <= BUTTON_MAX), span)


def _short(moment: datetime, business: Business, lang: str) -> str:
    """13h, 13h30 · 13:00"""
    here = schedule.local(moment, business)
    minutes = f"{here.minute:02}" if here.minute else ""
    return f"{here.hour}h{minutes}" if lang == "vi" else f"{here.hour}:{here.minute:02}"


def hours(business: Business, lang: str) -> str:
    """T2–T6 08:00–12:00, 13:00–17:30; T7 08:00–12:00"""
    if business.hours is None:
        return ALWAYS[lang]
    runs: list[tuple[list[int], str]] = []
    for at, name in enumerate(schedule.DAYS):
        spans = ", ".join(f"{begins}–{ends}" for begins, ends in sorted(business.hours.get(name, ())))
        if spans and runs and runs[-1][1] == spans and runs[-1][0][-1] == at - 1:
            runs[-1][0].append(at)
        elif spans:
            runs.append(([at], spans))
    names = SHORT_DAYS[lang]
    return "; ".join(
        f"{names[days[0]]}{'–' + names[days[-1]] if len(days) > 1 else ''} {spans}" for days, spans in runs
    )


def deadline(now: datetime, business: Business, lang: str, *, minutes: int) -> str:
    """Until when people will have answered, in working time."""
    return moment(schedule.add_minutes(now, minutes, business), business, lang)
