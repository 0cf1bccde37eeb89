"""The closed list of what may be known of a customer (data dictionary 1), and how what people type of it becomes a value.

What is asked in an advisor's form or put right by hand is read here; what is said in a chat, by `handlers.understanding`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from handlers.hearing import reread
from handlers.taps import PRODUCTS
from handlers.understanding import dates, papers, plate, understand
from handlers.understanding.fold import flatten, fold

TEXT_MAX: Final = 2000
LINE_MAX: Final = 300
NAME_MAX, NAME_WORDS = 80, 8
TITLES: Final = re.compile(
    r"^(?:(?:anh|chị|em|cô|chú|bác|mr|ms|tên|mình là|em là|tôi là|gọi)\.?\s+)+(?=\S)", re.IGNORECASE
)
NAME_LETTERS: Final = re.compile(r"[^\W\d_][^\W\d_ '’.\-]*(?:[ '’.\-]+[^\W\d_]+)*\.?")
SERIAL: Final = re.compile(r"[A-Z0-9-]{6,25}")
FOREIGN_PASSPORT: Final = re.compile(r"[A-Z0-9]{6,12}")
COUNTRY: Final = re.compile(r"[A-Z]{2}")
GENDERS: Final[Mapping[str, str]] = {
    "nam": "nam", "male": "nam", "nu": "nữ", "female": "nữ", "khac": "khác", "khong neu": "khác", "other": "khác",
}  # fmt: skip


NUMBER: Final = re.compile(
    r"(\d{1,2}(?:[.,]\d{1,2})?)(?:\s?(?:chỗ|ghế|tấn|t|năm|seats?|years?|tonnes?))?", re.IGNORECASE
)
VEHICLES: Final = (
    "mo_to_duoi_50", "mo_to_tu_50", "three_wheeler", "xe_may_dien", "xe_gan_may_khac", "pickup", "van", "truck", "taxi", "bus",
    "ambulance", "driving_school", "cash_in_transit", "special_purpose", "tractor_unit", "tractor",
)  # fmt: skip
ALIASES: Final[Mapping[str, str]] = {
    "mo_to_3_banh": "three_wheeler",
    "pickup_minivan": "pickup",
}  # the catalogue's words
USES: Final = ("non_business", "business")


class Wrong(ValueError):
    """It is none. The code is for machines, and the desk has words for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


Read = Callable[[str, date], str]


@dataclass(frozen=True, slots=True)
class Field:
    """`stage` -- 1 contact, 2 advice, 3 application: from there on only by a form of ours, with C2 (F-2)."""

    read: Read
    stage: int
    label: str
    english: str
    kind: str = "text"  # of its box in a form: text, tel, email, date, choice, long


def read(field: str, typed: str, *, today: date) -> str:
    """The value of that field. Raises Wrong."""
    text = " ".join(unicodedata.normalize("NFC", typed).split())
    if not text:
        raise Wrong("empty")
    return FIELDS[field].read(text, today)


def _name(text: str, _today: date) -> str:
    name = TITLES.sub("", text)
    if not 2 <= len(name) <= NAME_MAX or len(name.split()) > NAME_WORDS or not NAME_LETTERS.fullmatch(name):
        raise Wrong("not_a_name")
    return name.title() if name.isupper() or name.islower() else name


def _phone(text: str, today: date) -> str:
    told = understand(text, "ask_phone", now=_at(today)).entities
    if found := told.get("phone"):
        return str(found)
    raise Wrong(str(told.get("phone_invalid") or "not_a_phone"))


def _email(text: str, today: date) -> str:
    found = understand(text, None, now=_at(today)).entities.get("email")
    if not found:
        raise Wrong("not_an_email")
    return str(found)


def _province(text: str, today: date) -> str:
    found = reread(text, now=_at(today)).place
    if not found:
        raise Wrong("unknown_province")
    return found


def _product(text: str, _today: date) -> str:
    if text not in PRODUCTS:
        raise Wrong("unknown_product")
    return text


def _long(text: str, _today: date) -> str:
    return text[:TEXT_MAX]


def _line(text: str, _today: date) -> str:
    return text[:LINE_MAX]


def _day(text: str) -> date:
    for day in dates.find_days(flatten(text), solid=True):
        if day.year and not day.two_digits and (found := day.on(day.year)) is not None:
            return found
    raise Wrong("no_such_day")


def _birthday(text: str, today: date) -> str:
    days = dates.find_days(flatten(text), solid=True)
    if not days:
        raise Wrong("no_such_day")
    found, wrong = dates.born(days[0], today.year)
    if wrong or date.fromisoformat(found) > today:
        raise Wrong(wrong or "future")
    return found


def _issued(text: str, today: date) -> str:
    found = _day(text)
    if found > today:
        raise Wrong("future")
    return found.isoformat()


def _expires(text: str, today: date) -> str:
    found = _day(text)
    if found < today:
        raise Wrong("expired")
    return found.isoformat()


def _gender(text: str, _today: date) -> str:
    if fold(text) not in GENDERS:
        raise Wrong("unknown_gender")
    return GENDERS[fold(text)]


def _country(text: str, _today: date) -> str:
    if not COUNTRY.fullmatch(text.upper()):
        raise Wrong("not_a_country")
    return text.upper()


def _paper(text: str, today: date) -> str:
    """A citizen's number of a real province and a birth that has been, or a passport. Nothing is derived from it."""
    bare = re.sub(r"[ .\-]", "", text).upper()
    if bare.isdigit():
        if len(bare) == 9:
            raise Wrong("cmnd_expired")
        century = {"0": 1900, "1": 1900, "2": 2000, "3": 2000}.get(bare[3:4])
        good = len(bare) == papers.CCCD_DIGITS and bare[:3] in papers.BIRTH_PROVINCES and century is not None
        if not good or (century or 0) + int(bare[4:6]) > today.year:
            raise Wrong("bad_id_number")
        return bare
    if papers.PASSPORT.fullmatch(bare.lower()) or FOREIGN_PASSPORT.fullmatch(bare):
        return bare
    raise Wrong("bad_id_number")


def _plate(text: str, _today: date) -> str:
    found = plate.find_plates(text, flatten(text), asked=True)
    if not found or found[0].invalid:
        raise Wrong(found[0].invalid if found else "bad_plate")
    return found[0].plate


def _serial(text: str, _today: date) -> str:
    bare = re.sub(r"\s", "", text).upper()
    if not SERIAL.fullmatch(bare):
        raise Wrong("bad_serial_no")
    return bare


def _vehicle(text: str, today: date) -> str:
    """A code, ours or the catalogue's, or its words: xe tải."""
    code = ALIASES.get(text.lower(), text.lower())
    if code not in VEHICLES:
        code = str(reread(text, now=_at(today)).entities.get("vehicle_kind") or "")
    if code not in VEHICLES:
        raise Wrong("unknown_vehicle")
    return code


def _use(text: str, today: date) -> str:
    code = text.lower()
    if code not in USES:
        code = str(reread(text, now=_at(today)).entities.get("use") or "")
    if code not in USES:
        raise Wrong("unknown_use")
    return code


def _between(least: float, most: float) -> Read:
    """A number with its unit behind it or without: 5, 5 chỗ, 3,5 tấn."""

    def number(text: str, _today: date) -> str:
        found = NUMBER.fullmatch(text)
        if found is None:
            raise Wrong("not_a_number")
        value = float(found[1].replace(",", "."))
        if not least <= value <= most or (least >= 1 and value % 1):
            raise Wrong("not_a_number")
        return f"{value:g}"

    return number


def _at(today: date) -> datetime:
    return datetime(today.year, today.month, today.day, 12).astimezone()


FIELDS: Final[Mapping[str, Field]] = {
    "name": Field(_name, 1, "Họ và tên", "Full name"),
    "phone": Field(_phone, 1, "Số điện thoại", "Phone number", "tel"),
    "email": Field(_email, 1, "Email", "E-mail", "email"),
    "province": Field(_province, 1, "Tỉnh/thành", "Province"),
    "need": Field(_long, 1, "Nhu cầu", "Need", "long"),
    "product": Field(_product, 1, "Sản phẩm quan tâm", "Product", "choice"),
    "occupation": Field(_line, 2, "Nghề nghiệp", "Occupation"),
    "plate": Field(_plate, 2, "Biển số xe", "Number plate"),
    "vehicle_kind": Field(_vehicle, 2, "Loại xe", "Kind of vehicle", "choice"),
    "use": Field(_use, 2, "Mục đích sử dụng xe", "Use of the vehicle", "choice"),
    "seats": Field(_between(1, 80), 2, "Số chỗ ngồi", "Seats"),
    "payload_t": Field(_between(0.05, 60), 2, "Tải trọng (tấn)", "Payload (tonnes)"),
    "term_years": Field(_between(1, 3), 3, "Thời hạn (1 đến 3 năm)", "Term (1 to 3 years)"),
    "dob": Field(_birthday, 3, "Ngày sinh", "Date of birth", "date"),
    "gender": Field(_gender, 3, "Giới tính", "Sex", "choice"),
    "nationality": Field(_country, 3, "Quốc tịch (mã 2 chữ)", "Nationality (2 letters)"),
    "id_number": Field(_paper, 3, "Số CCCD/căn cước hoặc hộ chiếu", "ID card or passport number"),
    "id_issue_date": Field(_issued, 3, "Ngày cấp giấy tờ", "Date of issue", "date"),
    "id_expiry": Field(_expires, 3, "Giấy tờ có giá trị đến", "Valid until", "date"),
    "residence": Field(_line, 3, "Nơi cư trú", "Residence"),
    "mailing_address": Field(_line, 3, "Địa chỉ nhận hợp đồng", "Address for the contract"),
    "chassis_no": Field(_serial, 3, "Số khung", "Chassis number"),
    "engine_no": Field(_serial, 3, "Số máy", "Engine number"),
}
CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "gender": ("nam", "nữ", "khác"),
    "product": PRODUCTS,
    "vehicle_kind": VEHICLES,
    "use": USES,
}
IN_CHAT: Final = ("name", "phone", "email", "need", "time", "province")  # questions that may be put in any chat
CONTACT: Final = 1
APPLICATION: Final = 3


def needs_c2(fields: frozenset[str]) -> bool:
    """Whether these need the consent to an application, beside the consent to be contacted."""
    return any(FIELDS[one].stage >= APPLICATION for one in fields)
