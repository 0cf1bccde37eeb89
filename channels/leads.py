"""Forms of pages: LadiPage's webhook and any other builder's.

Sources: the fields that LadiPage's integration "Webhook" lets a form map, as its help pages list them (read 2026-11-22),
and what builders have been seen to post. There is no signature: the secret stands in the address or in a header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import orjson

from channels import posted
from channels.contract import UNSAID, Account, Adapter, Capabilities, Delivery, InboundEvent, Kind, Profile
from channels.reading import clean, clean_name

WINDOW_MS: Final = 3_600_000  # the same words again within this are a repetition, later they are a new wish
CAPABILITIES: Final = Capabilities(
    title="Lead forms",
    text_limit=4000,
    inbound="webhook of the page builder",
    conversational=False,
)
# our name -> what builders call it, without marks and case (posted.plain); the first that is filled counts
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
SUBMISSION: Final = (
    "submission_id", "submissionid", "submit_id", "lead_id", "leadid", "leadgen_id", "entry_id", "response_id", "event_id",
    "ma_dang_ky",
)  # fmt: skip
OTHERS: Final = frozenset(  # labels that hold such a word and mean something else
    "utm_content form_name page_name campaign_name ad_name adset_name site_name company_name ten_cong_ty product_id message_id".split()
)
ADDRESS: Final = ("url_page", "page_url", "url", "link", "form_id", "formid")  # of the form: one person may fill two
LABELS: Final[Mapping[str, str]] = {
    "name": "Họ tên",
    "phone": "Điện thoại",
    "email": "Email",
    "product": "Sản phẩm",
    "message": "Nội dung",
    "province": "Tỉnh, thành",
    "time": "Giờ liên hệ",
}


def parse(delivery: Delivery, account: Account) -> list[InboundEvent]:
    """One event a lead. Raises MalformedPayload."""
    return [_event(flat, account) for flat in posted.entries(delivery)]


def _event(flat: Mapping[str, str], account: Account) -> InboundEvent:
    known, more = _read(flat, account)
    digest = _digest(known, more, account)
    kept = _together(known, more)
    phone = posted.number(known.get("phone", ""))
    empty = not kept
    return InboundEvent(
        channel=account.channel,
        account=account.name,
        key=_key(flat, digest),
        window_ms=0 if _submission(flat) else WINDOW_MS,
        kind=Kind.IGNORED if empty else Kind.FORM,
        reason="an empty form" if empty else "",
        thread="" if empty else "lead-" + posted.veiled(account, phone or known.get("email", "").lower() or digest),
        said_at=UNSAID,
        external_id=_submission(flat)[:128],
        text=clean("\n".join(f"{LABELS.get(key, key)}: {text}" for key, text in kept.items())),
        profile=Profile(name=clean_name(known["name"])) if known.get("name") else None,
        extra=kept,
        raw=orjson.dumps(dict(flat)),
    )


def fields(flat: Mapping[str, str], account: Account) -> dict[str, str]:
    """What a filled form says: under our names what has one, all else under its own."""
    return _together(*_read(flat, account))


def _read(flat: Mapping[str, str], account: Account) -> tuple[dict[str, str], dict[str, str]]:
    known = posted.named(flat, account, FIELDS)
    more = posted.others(flat, known, account, FIELDS)
    name = _whole_name(flat)
    if name and known.get("name", name) in name:
        known["name"] = name
    for ours in WITHIN:
        if ours not in known and (theirs := _meant(ours, more)):
            known[ours] = more.pop(theirs)
    return known, more


def _meant(ours: str, more: Mapping[str, str]) -> str:
    """Which of their fields says it though none is called so: by a word in its label, else by what stands in it; '' = none."""
    fits = LIKE.get(ours)
    labels = {theirs: posted.plain(theirs.rpartition(".")[2]) for theirs in more}
    likely = [theirs for theirs, text in more.items() if fits is None or fits.fullmatch(text)]
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
        return len(text) <= 20 and MOBILE.fullmatch(posted.number(text)) is not None
    return ours == "email" and len(text.split()) == 1


def _together(known: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    return {**known, **{key if key not in FIELDS else f"{key}_": text for key, text in more.items()}}


def _whole_name(flat: Mapping[str, str]) -> str:
    """Of a name in two fields, the family's first, as names go here."""
    names = {posted.plain(key.rpartition(".")[2]): text for key, text in flat.items() if text}
    for family, given in FIRST_LAST:
        if names.get(family) and names.get(given):
            return f"{names[family]} {names[given]}"
    return next((names[given] for _, given in FIRST_LAST if names.get(given)), "")


def _submission(flat: Mapping[str, str]) -> str:
    """What the builder itself calls this very submission."""
    names = {posted.plain(key.rpartition(".")[2]): text for key, text in flat.items() if text}
    found = next((names[key] for key in SUBMISSION if names.get(key)), "")
    return found if found.isprintable() else ""


def _key(flat: Mapping[str, str], digest: str) -> str:
    own = _submission(flat)
    return f"id:{own[:128]}" if own else f"form:{digest}"


def _digest(known: Mapping[str, str], more: Mapping[str, str], account: Account) -> str:
    """Of what the person wrote, and on which form; not of what changes from one try of the builder to the next."""
    told = {key: posted.number(text) or text if key == "phone" else text for key, text in known.items()}
    where = {key: text for key, text in more.items() if posted.plain(key) in ADDRESS}
    what = {**told, **where} if told else dict(more)
    return posted.veiled(account, orjson.dumps(what, option=orjson.OPT_SORT_KEYS))


ADAPTER: Final = Adapter(
    name="leads",
    capabilities=CAPABILITIES,
    verify=posted.verify,
    parse=parse,
    render=posted.render,
    client=posted.Mute,
    problems=posted.problems,
    refuses_unreadable=True,
)
