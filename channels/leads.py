"""Forms of pages: LadiPage's webhook and any other builder's.

Sources: the fields that LadiPage's integration "Webhook" lets a form map, as its help pages list them (read 2026-11-22),
and what builders have been seen to post. There is no signature: the secret stands in the address or in a header.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import orjson

from channels import fieldnames, leadfields, mute, posted, veil, webhook_secret
from channels.contract import UNSAID, Account, Adapter, Capabilities, Delivery, InboundEvent, Kind, Profile
from channels.reading import clean, clean_name

WINDOW_MS: Final = 3_600_000  # the same words again within this are a repetition, later they are a new wish
CAPABILITIES: Final = Capabilities(
    title="Lead forms",
    text_limit=4000,
    inbound="webhook of the page builder",
    conversational=False,
)
SUBMISSION: Final = (
    "submission_id", "submissionid", "submit_id", "lead_id", "leadid", "leadgen_id", "entry_id", "response_id", "event_id",
    "ma_dang_ky",
)  # fmt: skip
# What changes from one try of a builder to the next and is not the person's: by words of the label.
NOISE: Final = tuple(
    """_utm_ _ip_ _ip_address_ _ua_ _user_agent_ _referrer_ _referer_ _token_ _nonce_ _csrf_ _captcha_ _recaptcha_ _cookie_ _cookies_
    _signature_ _hash_ _uuid_ _guid_ _fbclid_ _gclid_ _gbraid_ _wbraid_ _ttclid_ _msclkid_ _zclid_ _fbc_ _fbp_ _ttp_ _timestamp_ _ts_
    _submitted_ _created_ _updated_ _received_ _retry_ _retries_ _attempt_ _honeypot_ _data_xml_""".split()
)
THEIRS: Final = re.compile(  # ids of what a builder keeps, not of a person or a thing (citizen_id)
    r"id|(?:.*_)?(?:page|ad|adset|campaign|request|session|visitor|client|visit|user|site|variant|block|element|popup|workspace"
    r"|tracking|transaction|message|row|record|response|submit|hit|view|log|webhook|delivery)_id"
)
TIMES: Final = frozenset({"at", "on", "date", "time", "datetime", "ngay", "gio", "gian"})
# As machines tell the time: seconds or milliseconds since 1970, or a clock to the second; midnight is somebody's day.
MACHINE: Final = re.compile(
    r"\A1\d{9}(?:\.\d+|\d{3})?\Z|\b\d{1,2}:\d{2}:\d{2}(?<!00:00:00)(?!\d)|T\d\d:\d\d:\d\d(?<!00:00:00)"
)
UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
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
    known, more = leadfields.read(flat, account)
    digest = _digest(known, more, account)
    lines = {LABELS[key]: text for key, text in known.items() if key in LABELS}
    phone = leadfields.first_number(known.get("phone", ""))
    empty = not known and not more
    return InboundEvent(
        channel=account.channel,
        account=account.name,
        key=_key(flat, digest),
        window_ms=0 if _submission(flat) else WINDOW_MS,
        kind=Kind.IGNORED if empty else Kind.FORM,
        reason="an empty form" if empty else "",
        thread="" if empty else "lead-" + veil.veiled(account, phone or known.get("email", "").lower() or digest),
        said_at=UNSAID,
        external_id=_submission(flat)[:128],
        text=clean("\n".join(f"{label}: {text}" for label, text in (*lines.items(), *more.items()))),
        profile=Profile(name=clean_name(known["name"])) if known.get("name") else None,
        extra=_together(known, more),
        raw=orjson.dumps(dict(flat)),
    )


def fields(flat: Mapping[str, str], account: Account) -> dict[str, str]:
    """What a filled form says: under our names what has one, all else under its own."""
    return _together(*leadfields.read(flat, account))


def _together(known: Mapping[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """One mapping; a label of theirs that is a name of ours is told apart by a line behind it."""
    found = dict(known)
    for label, text in more.items():
        name = label
        while name in found or name in LABELS or name == leadfields.ALTERNATIVE:
            name += "_"
        found[name] = text
    return found


def _submission(flat: Mapping[str, str]) -> str:
    """What the builder itself calls this very submission."""
    names = {fieldnames.plain(key.rpartition(".")[2]): text for key, text in flat.items() if text}
    found = next((names[key] for key in SUBMISSION if names.get(key)), "")
    return found if found.isprintable() else ""


def _key(flat: Mapping[str, str], digest: str) -> str:
    own = _submission(flat)
    return f"id:{own[:128]}" if own else f"form:{digest}"


def _digest(known: Mapping[str, str], more: Mapping[str, str], account: Account) -> str:
    """Of all that the person wrote, and on which form; not of what changes from one try of the builder to the next."""
    told = [(key, leadfields.same(key, text) if key == "phone" else text) for key, text in known.items()]
    what = sorted([*told, *((fieldnames.plain(label), text) for label, text in more.items())])
    says = [(label, text) for label, text in what if not _noise(label, text)]
    return veil.veiled(account, orjson.dumps(says or what))


def _noise(label: str, text: str) -> bool:
    if label in ADDRESS:
        return False
    within = f"_{label}_"
    if any(word in within for word in NOISE) or THEIRS.fullmatch(label) or UUID.fullmatch(text):
        return True
    return not TIMES.isdisjoint(label.split("_")) and MACHINE.search(text[:100]) is not None


ADAPTER: Final = Adapter(
    name="leads",
    capabilities=CAPABILITIES,
    verify=webhook_secret.verify,
    parse=parse,
    render=mute.render,
    client=mute.Mute,
    problems=webhook_secret.problems,
    refuses_unreadable=True,
)
