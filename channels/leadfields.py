"""What the fields of a form mean: theirs under our names, and all else under its own. No value is lost on the way.

Of two fields of one meaning the one that says it better is taken; the other's value stays under its own label, but that
messages are put together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from channels.contract import Account
from channels.fieldnames import bare, mapped, plain
from channels.posted import HOLDERS
from channels.telephone import number

# our name -> what builders call it, without marks and case (fieldnames.plain); the first whose value fits counts
FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "name": (
        "full_name", "fullname", "ho_ten", "ho_va_ten", "hoten", "hovaten", "ten", "ten_khach_hang", "ho_ten_khach_hang",
        "khach_hang", "ten_day_du", "ho_ten_cua_ban", "ten_cua_ban", "your_name", "customer_name", "contact_name", "ho_va_ten_cua_ban",
    ),
    "phone": (
        "phone_number", "phonenumber", "sdt", "so_dien_thoai", "dien_thoai", "so_dt", "sodienthoai", "dt", "di_dong", "tel",
        "telephone", "mobile", "mobile_phone", "mobile_number", "cell", "so_dien_thoai_cua_ban", "sdt_cua_ban", "your_phone",
        "customer_phone", "contact_phone", "so_zalo", "zalo", "sdt_zalo", "whatsapp", "your_tel",
        "so_dien_thoai_zalo", "sdt_lien_he", "so_dien_thoai_lien_he", "phone1",
    ),
    "email": ("e_mail", "mail", "email_address", "your_email", "thu_dien_tu", "dia_chi_email", "customer_email", "email_cua_ban"),
    "message": (
        "noi_dung", "noidung", "loi_nhan", "tin_nhan", "ghi_chu", "nhu_cau", "yeu_cau", "cau_hoi", "content", "note", "notes",
        "comment", "comments", "your_message", "description", "mo_ta", "need", "question", "text",
    ),
    "product": (
        "san_pham", "sanpham", "san_pham_quan_tam", "goi_bao_hiem", "loai_bao_hiem", "loai_hinh", "bao_hiem", "goi", "product_name",
        "products", "service", "dich_vu", "interest", "ban_quan_tam",
    ),
    "province": ("tinh", "tinh_thanh", "tinh_thanh_pho", "thanh_pho", "khu_vuc", "noi_o", "city", "area", "region", "state"),
    "time": ("gio_goi", "gio_lien_he", "thoi_gian_lien_he", "thoi_gian_goi_lai", "gio_hen", "callback_time", "preferred_time"),
}  # fmt: skip
# our name -> words of a longer label, a question even, where no field is called so
WITHIN: Final[Mapping[str, tuple[str, ...]]] = {
    "phone": (
        "so_dien_thoai", "dien_thoai", "sdt", "so_dt", "phone", "mobile", "tel", "telephone", "zalo", "contact_number",
        "so_lien_he",
    ),
    "email": ("email", "e_mail", "mail", "thu_dien_tu"),
    "name": (
        "ho_ten", "ho_va_ten", "ten_gi", "ten_la_gi", "ten_cua", "ten_khach", "ten_day_du", "ten_lien_he", "nguoi_lien_he", "full_name",
        "fullname", "your_name", "customer_name", "contact_name", "ten_anh_chi", "ten_anh", "ten_chi", "ten_ban", "ten_goi",
    ),
    "product": ("san_pham", "goi_bao_hiem", "loai_bao_hiem", "dich_vu", "product", "quan_tam"),
    "message": (
        "noi_dung", "loi_nhan", "tin_nhan", "ghi_chu", "nhu_cau", "yeu_cau", "cau_hoi", "can_tu_van", "message", "comment", "note",
    ),
    "province": ("tinh_thanh", "thanh_pho", "tinh", "khu_vuc", "noi_o"),
}  # fmt: skip
LIKE: Final[Mapping[str, re.Pattern[str]]] = {  # what such a value looks like
    "phone": re.compile(r"(?:\D*\d){8,15}\D*"),
    "email": re.compile(r"\s*[^\s@,;]+@[^\s@]+\.[^\s@]+.*", re.DOTALL),
    "name": re.compile(r"[^\d@]{1,80}"),
}
# Nobody's number or address stands in these, whatever it looks like.
NOBODYS: Final = frozenset(
    {"id", "ip", "url", "link", "time", "date", "token", "code", "page", "form", "hotline", "created", "timestamp"}
)
MOBILE: Final = re.compile(r"\+84[35789]\d{8}")
FIRST_LAST: Final = (("last_name", "first_name"), ("ho", "ten"), ("lastname", "firstname"), ("last", "first"))
OTHERS: Final = frozenset(  # labels that hold such a word and mean something else
    "utm_content form_name page_name campaign_name ad_name adset_name site_name company_name ten_cong_ty product_id message_id".split()
)
GENERIC: Final = frozenset({"name", "ten"})  # a form's own title stands under them too
# How a form or its page is called, not a person; without marks only where no name sounds like it (Trang, Nhân, Bảo Gia).
TITLE: Final = re.compile(
    r"(?:form|bieu_mau|mau_(?:dang_ky|lien_he)|lien_he|dang_ky_(?:tu_van|nhan|mua|lai_thu|ngay|bao_hiem|thong_tin)|yeu_cau|bao_hiem"
    r"|bao_gia_\w+|tu_van_(?:bao|mien_phi|ngay|san_pham|xe|suc_khoe)|nhan_(?:bao_gia|tu_van|uu_dai|thong_tin)|landing|popup|website"
    r"|trang_(?:chu|web|dich)|contact|quote|request|newsletter|email|lead|leads|sign_up|signup|subscribe|khuyen_mai|uu_dai|chien_dich"
    r"|campaign)(?:_.*)?"
    r"|.*_(?:form|popup|website|landing_page)(?:_\w{1,3})?"
)
MARKED: Final = ("tư vấn", "đăng ký", "đăng kí", "báo giá", "nhận ", "mẫu ", "trang ch")  # the same with its marks
ALTERNATIVE: Final = "phone_alt"  # a further number, as the slots call it
APART: Final = re.compile(r"[,;/|\n]|\s-\s|\s(?:hoặc|và|or|and)\s", re.IGNORECASE)


def read(flat: Mapping[str, str], account: Account) -> tuple[dict[str, str], dict[str, str]]:
    """What has a name of ours, and what none took, under its own label. What is empty is not there."""
    more = {label: text for label, text in flat.items() if text}
    known: dict[str, str] = {}
    claimed = {name: ours for ours in FIELDS for name in reversed(mapped(account, ours))}
    for ours in FIELDS:
        labels = _called(ours, more, account, claimed)
        label = _best(ours, labels, more, mapped(account, ours))
        if label:
            known[ours] = _taken(ours, label, labels, more)
    name = _whole_name(flat)
    if name and known.get("name", name) in name:
        known["name"] = name
    for ours in WITHIN:
        if ours not in known and (label := _meant(ours, more)):
            known[ours] = more.pop(label)
    if further := _further(known, flat, account, claimed):
        known[ALTERNATIVE] = further
    return known, more


def first_number(text: str) -> str:
    """As `telephone.number`; of several in one field the first."""
    return next(_numbers(text), "") or number(text)


def _called(ours: str, fields: Mapping[str, str], account: Account, claimed: Mapping[str, str]) -> list[str]:
    """Labels of fields that are called so: as the account says first, then in the order of the table."""
    usual = (*mapped(account, ours), *(() if ours in (account.get("fields") or {}) else (ours,)), *FIELDS[ours])
    ranks = {name: rank for rank, name in reversed(list(enumerate(usual))) if claimed.get(name, ours) == ours}
    found: list[tuple[int, int, str]] = []
    for label in fields:
        rank = min((ranks[name] for name in (plain(label), bare(label)) if name in ranks), default=None)
        if rank is not None:
            found.append((rank, len(found), label))
    return [label for _, _, label in sorted(found)]


def _best(ours: str, labels: list[str], fields: Mapping[str, str], own: list[str]) -> str:
    """The one that the account named, else the first whose value looks like it; '' = none."""
    if not labels or bare(labels[0]) in own or plain(labels[0]) in own:
        return labels[0] if labels else ""
    if ours == "name":
        of_people = [label for label in labels if bare(label) not in GENERIC]
        general = [one for one in labels if one not in of_people and not _title(fields[one])]
        labels = of_people + sorted(general, key=_of_a_thing)
    return next((label for label in labels if _looks(ours, fields[label])), labels[0] if labels else "")


def _of_a_thing(label: str) -> bool:
    """Is it a machine's label that stands by itself: not one that people wrote (`Tên`), nor below what holds the answers?"""
    above = plain(label.rpartition(".")[0].rpartition(".")[2])
    return label == plain(label.rpartition(".")[2]) and above not in HOLDERS


def _title(text: str) -> bool:
    return text[:100].casefold().startswith(MARKED) or TITLE.fullmatch(plain(text)) is not None


def _taken(ours: str, label: str, labels: list[str], more: dict[str, str]) -> str:
    """Its value, out of the rest with all that says the same again."""
    if ours == "message":
        told = dict.fromkeys(more.pop(one) for one in list(more) if one in labels)
        return "\n".join(told)
    text = more.pop(label)
    for other in labels:
        if other in more and same(ours, more[other]) == same(ours, text):
            del more[other]
    return text


def same(ours: str, text: str) -> str:
    """What two spellings of one value have in common: of a number E.164, unless there is more than that in it."""
    if ours == "phone" and LIKE["phone"].fullmatch(text) and len(text) <= 40 and not any(map(str.isalpha, text)):
        return number(text)
    return " ".join(text.split()).casefold()


def _looks(ours: str, text: str) -> bool:
    if ours == "phone" and next(_numbers(text), ""):
        return True
    fits = LIKE.get(ours)
    return fits is None or fits.fullmatch(text) is not None


def _numbers(text: str) -> Iterator[str]:
    """Numbers of one field: `0912345678 / 0987654321` are two."""
    whole = LIKE["phone"].fullmatch(text)
    for one in [text] if whole else APART.split(text[:200]):
        if LIKE["phone"].fullmatch(one):
            yield number(one)


def _further(known: Mapping[str, str], flat: Mapping[str, str], account: Account, claimed: Mapping[str, str]) -> str:
    """A second number of his, under another label or in the same field; '' = none."""
    first = first_number(known.get("phone", ""))
    filled = {label: text for label, text in flat.items() if text}
    texts = [known.get("phone", ""), *(filled[label] for label in _called("phone", filled, account, claimed))]
    return next((found for text in texts for found in _numbers(text) if first and found != first), "")


def _meant(ours: str, more: Mapping[str, str]) -> str:
    """Which of their fields says it though none is called so: by a word in its label, else by what stands in it; '' = none."""
    labels = {theirs: plain(theirs.rpartition(".")[2]) for theirs in more}
    likely = [theirs for theirs, text in more.items() if _looks(ours, text)]
    for part in WITHIN[ours]:
        for theirs in likely:
            if f"_{part}_" in f"_{labels[theirs]}_" and labels[theirs] not in OTHERS:
                return theirs
    return next(
        (theirs for theirs in likely if NOBODYS.isdisjoint(labels[theirs].split("_")) and _tells(ours, more[theirs])),
        "",
    )


def _tells(ours: str, text: str) -> bool:
    """Nothing else looks like it."""
    if ours == "phone":
        return len(text) <= 20 and MOBILE.fullmatch(number(text)) is not None
    return ours == "email" and len(text.split()) == 1


def _whole_name(flat: Mapping[str, str]) -> str:
    """Of a name in two fields, the family's first, as names go here."""
    names = {plain(key.rpartition(".")[2]): text for key, text in flat.items() if text}
    for family, given in FIRST_LAST:
        if names.get(family) and names.get(given):
            return f"{names[family]} {names[given]}"
    return next((names[given] for _, given in FIRST_LAST if names.get(given)), "")
