"""Bodies as builders of forms post them, and who may post."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from channels import leads
from channels.contract import Account, Delivery, InboundEvent, Kind, MalformedPayload, WebhookRejected
from channels.fieldnames import plain
from channels.telephone import number

ACCOUNT = Account(channel="leads", name="ladipage", settings={"secret": "s3cret-of-the-form"}, thread_key=b"k" * 16)
PHONE = "+84912345678"


def one(body: bytes, *, account: Account = ACCOUNT, content_type: str = "application/json") -> InboundEvent:
    (event,) = leads.parse(Delivery(headers={"Content-Type": content_type}, body=body), account)
    return event


def multipart(**fields: str) -> bytes:
    parts = [f'--X1\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n' for key, text in fields.items()]
    return ("".join(parts) + "--X1--\r\n").encode()


SAME: list[tuple[str, bytes, str]] = [
    ("json", '{"name":"Lan","phone":"0912345678","message":"xe máy"}'.encode(), "application/json"),
    ("text", '{"name":"Lan","phone":"0912345678","message":"xe máy"}'.encode(), "text/plain"),
    (
        "bom",
        b"\xef\xbb\xbf" + '{"name":"Lan","phone":"+84 912 345 678","message":"xe máy"}'.encode(),
        "application/json",
    ),
    ("digits", '{"name":"Lan","phone":912345678,"message":"xe máy"}'.encode(), "application/json"),
    ("float", '{"name":"Lan","phone":84912345678.0,"message":"xe máy"}'.encode(), "application/json"),
    ("nested", '{"ok":true,"data":{"form":{"name":"Lan","phone":"0912345678","message":"xe máy"}}}'.encode(), ""),
    ("labels", '{"Họ tên":"Lan","SĐT":"0912.345.678","Nội dung":"xe máy"}'.encode(), "application/json"),
    ("humps", '{"fullName":"Lan","phoneNumber":"0912345678","yourMessage":"xe máy"}'.encode(), "application/json"),
    (
        "pairs",
        '{"fields":[{"label":"Họ và tên","value":"Lan"},{"label":"Số điện thoại","value":"0912345678"},'
        '{"label":"Lời nhắn","value":"xe máy"}]}'.encode(),
        "application/json",
    ),
    (
        "fields that describe themselves",
        '{"form":{"name":"Tư vấn bảo hiểm"},"fields":{"name":{"id":"name","title":"Tên","type":"text","value":"Lan"},'
        '"field_3a7b9c1":{"id":"field_3a7b9c1","title":"Số điện thoại","type":"tel","value":"0912345678"},'
        '"message":{"id":"message","title":"","type":"textarea","value":"xe máy"}}}'.encode(),
        "application/json",
    ),
    (
        "fields with keys that no person made",
        '{"data":{"formName":"Tư vấn","fields":[{"key":"question_3X0Djl","label":"Họ tên","value":"Lan"},'
        '{"key":"question_w7AZ0a","label":"Số điện thoại","value":"+84912345678"},'
        '{"key":"question_9dKq1b","label":"Lời nhắn","value":"xe máy"}]}}'.encode(),
        "application/json",
    ),
    (
        "numbered fields with parts",
        '{"q3_fullName":{"last":"","first":"Lan"},"q4_phoneNumber":{"full":"(091) 234-5678"},"q5_message":"xe máy"}'.encode(),
        "application/json",
    ),
    (
        "names in brackets",
        urlencode(
            {"form_fields[name]": "Lan", "form_fields[phone]": "0912345678", "form_fields[message]": "xe máy"}
        ).encode(),
        "application/x-www-form-urlencoded",
    ),
    (
        "fields in brackets that describe themselves",
        urlencode(
            {
                "form[name]": "Tư vấn",
                "fields[name][value]": "Lan",
                "fields[field_12ab][title]": "Điện thoại",
                "fields[field_12ab][value]": "0912345678",
                "fields[message][type]": "textarea",
                "fields[message][value]": "xe máy",
            }
        ).encode(),
        "application/x-www-form-urlencoded",
    ),
    (
        "contact form",
        '{"your-name":"Lan","your-tel":"0912345678","your-message":"xe máy"}'.encode(),
        "application/json",
    ),
    ("in a list", '[{"name":"Lan","phone":"0912345678","message":"xe máy"}]'.encode(), "application/json"),
    ("in a wrapper", '{"leads":[{"name":"Lan","phone":"0912345678","message":"xe máy"}]}'.encode(), ""),
    (
        "form",
        urlencode({"name": "Lan", "phone": "0912345678", "message": "xe máy", "email": ""}).encode(),
        "application/x-www-form-urlencoded; charset=UTF-8",
    ),
    (
        "form in another charset",
        urlencode({"name": "Lan", "phone": "0912345678", "message": "xe máy"}, encoding="utf-16-le").encode(),
        "application/x-www-form-urlencoded; charset=utf-16-le",
    ),
    (
        "form without percent signs",
        "Họ tên=Lan&SĐT=0912 345 678&Nội dung=xe máy".encode(),
        "application/x-www-form-urlencoded",
    ),
    (
        "json in a form",
        urlencode({"data": '{"name":"Lan","phone":"0912345678","message":"xe máy"}'}).encode(),
        "application/x-www-form-urlencoded",
    ),
    ("multipart", multipart(name="Lan", phone="0912345678", message="xe máy"), "multipart/form-data; boundary=X1"),
    ("empty beside", '{"name":"Lan","phone":"","sdt":"0912345678","message":"xe máy","note":null}'.encode(), ""),
]


@pytest.mark.parametrize("body, content_type", [case[1:] for case in SAME], ids=[case[0] for case in SAME])
def test_every_shape_is_the_same_lead(body: bytes, content_type: str) -> None:
    event = one(body, content_type=content_type)
    wanted = one(SAME[0][1])
    assert (event.kind, event.extra["name"], number(event.extra["phone"])) == (Kind.FORM, "Lan", PHONE)
    assert (event.extra["message"], event.thread) == ("xe máy", wanted.thread)
    assert event.key == wanted.key or set(event.extra) != set(wanted.extra)  # with more in it, it is another


FOUND: list[tuple[Any, str, str, str]] = [  # posted; name, phone, e-mail that are found in it
    ({"Anh/chị tên gì?": "Lan", "Số điện thoại liên hệ của anh chị": "0912345678"}, "Lan", "0912345678", ""),
    ({"Tên khách": "Lan", "SĐT khách": "0912345678", "Mail khách": "l@x.vn"}, "Lan", "0912345678", "l@x.vn"),
    ({"Your full name": "Lan", "Mobile Number": "0912345678", "Contact email address": "l@x.vn"}, "Lan", "0912345678", "l@x.vn"),
    ({"tên": "Lan", "số phone": "0912345678"}, "Lan", "0912345678", ""),
    ({"Tên công ty": "TNHH ABC", "Người liên hệ": "Lan", "Điện thoại": "0912345678"}, "Lan", "0912345678", ""),
    ({"form_id": "3", "1.3": "Lan", "3": "0912345678", "4": "l@x.vn"}, "", "0912345678", "l@x.vn"),
    ({"name": "Lan", "lead_id": "0912345678", "page_id": "0987654321", "hotline": "0912000111"}, "Lan", "", ""),
    (
        {"lead_id": "g1", "user_column_data": [{"column_id": "FULL_NAME", "string_value": "Lan"}, {"column_id": "PHONE_NUMBER", "string_value": "0912345678"}]},
        "Lan", "0912345678", "",
    ),
    ({"questions": [{"question": "Full name", "answer": "Lan"}, {"question": "Phone number", "answer": "0912345678"}]}, "Lan", "0912345678", ""),
    (
        {"answers": [{"type": "text", "text": "Lan", "field": {"ref": "ho_ten"}}, {"type": "phone_number", "phone_number": "0912345678", "field": {"ref": "sdt"}}]},
        "Lan", "0912345678", "",
    ),
    (b"fields[0][name]=ho_ten&fields[0][value]=Lan&fields[1][name]=sdt&fields[1][value]=0912345678", "Lan", "0912345678", ""),
]  # fmt: skip


@pytest.mark.parametrize("body, name, phone, email", FOUND, ids=[str(at) for at in range(len(FOUND))])
def test_who_it_is_stands_under_whatever_label(body: Any, name: str, phone: str, email: str) -> None:
    """And what no label says, its own look does; ids and the house's own number are nobody's."""
    found = one(body if isinstance(body, bytes) else orjson.dumps(body)).extra
    assert (found.get("name", ""), found.get("phone", ""), found.get("email", "")) == (name, phone, email)


def test_the_account_s_own_names_come_first() -> None:
    mapped = Account(
        channel="leads",
        name="x",
        settings={"secret": "s", "fields": {"phone": "Số A, so_b", "name": "khach"}},
        thread_key=b"k" * 16,
    )
    event = one(b'{"khach":"Ba","name":"Form 1","so_b":"0912345678","phone":"19001234"}', account=mapped)
    assert (event.extra["name"], event.extra["phone"]) == ("Ba", "0912345678")


def test_what_nobody_knows_is_kept_and_read() -> None:
    event = one('{"phone":"0912345678","utm_source":"fb","Biển số":"59X1-12345","tags":["a","b"],"x":{"y":7}}'.encode())
    assert {key: event.extra[key] for key in ("utm_source", "Biển số", "tags", "y")} == {
        "utm_source": "fb",
        "Biển số": "59X1-12345",
        "tags": "a, b",
        "y": "7",
    }
    assert event.text.splitlines()[0] == "Điện thoại: 0912345678"
    assert "Biển số: 59X1-12345" in event.text


TWICE: dict[str, tuple[str, ...]] = {  # labels of one meaning
    "message": ("message", "note", "Ghi chú", "Nội dung", "Lời nhắn", "Yêu cầu", "comment", "content", "Câu hỏi"),
    "name": ("name", "full_name", "Họ và tên", "customer_name", "Tên khách hàng"),
    "phone": ("phone", "sdt", "mobile", "tel", "zalo", "Số điện thoại"),
    "email": ("email", "mail", "Thư điện tử"),
    "product": ("product", "Sản phẩm quan tâm", "Gói bảo hiểm"),
    "time": ("time", "Thời gian gọi lại", "Giờ liên hệ"),
    "province": ("province", "Tỉnh", "city", "Thành phố"),
}
VALUES = {"name": ("Chị Hà", "Anh Ba"), "phone": ("0912345678", "0933000111"), "email": ("a@x.vn", "b@x.vn")}
PAIRS = [
    (ours, first, other) for ours, labels in TWICE.items() for first in labels for other in labels if first != other
]


@pytest.mark.parametrize("ours", TWICE)
def test_no_value_is_lost_to_another_of_its_meaning(ours: str) -> None:
    values = VALUES.get(ours, ("sáng mai", "chiều mốt"))
    for _, first, other in (pair for pair in PAIRS if pair[0] == ours):
        told = dict(zip((first, other), values, strict=True))
        for event in (
            one(orjson.dumps(told)),
            one(urlencode(told).encode(), content_type="application/x-www-form-urlencoded"),
        ):
            shown = event.text.split("\n")
            assert [value for value in values if not any(value in line for line in shown)] == [], told
            assert set(values) <= {part for text in event.extra.values() for part in text.split("\n")}, told


READ: list[tuple[Any, dict[str, str]]] = [
    (
        {"name": "Form liên hệ", "ho_ten": "Chị Hà", "phone": "0912345678", "dien_thoai": "0933000111", "message": "m1", "loi_nhan": "m2"},
        {"name": "Chị Hà", "phone": "0912345678", "message": "m1\nm2", "phone_alt": "+84933000111", "name_": "Form liên hệ", "dien_thoai": "0933000111"},
    ),
    ({"triggerType": "form_submission", "payload": {"name": "Liên hệ", "data": {"Họ tên": "Chị Hà"}}}, {"name": "Chị Hà", "name_": "Liên hệ"}),
    ({"payload": {"name": "Hero", "data": {"Name": "Chị Hà"}}}, {"name": "Chị Hà", "name_": "Hero"}),
    ({"payload": {"name": "Hero", "data": {"name": "Chị Hà"}}}, {"name": "Chị Hà", "name_": "Hero"}),
    ({"name": "Contact form", "phone": "0912345678"}, {"phone": "0912345678", "name_": "Contact form"}),
    ({"name": "Trang"}, {"name": "Trang"}),
    ({"name": "Bảo Gia"}, {"name": "Bảo Gia"}),
    ({"name": "Tú Vân"}, {"name": "Tú Vân"}),
    ({"name": "Form A", "ho_ten": "Hà", "name_": "x"}, {"name": "Hà", "name_": "Form A", "name__": "x"}),
    ({"zalo": "có", "Điện thoại": "0912345678"}, {"phone": "0912345678", "zalo": "có"}),
    ({"phone": "0912 345 678", "mobile": "+84912345678", "email": "a@x.vn", "mail": "A@x.vn"}, {"phone": "0912 345 678", "email": "a@x.vn"}),
    ({"phone": "0912345678", "sdt": "", "Điện thoại": None}, {"phone": "0912345678"}),
    (b"phone=0912345678&phone=0933000111&note=a&note=b", {"phone": "0912345678, 0933000111", "phone_alt": "+84933000111", "message": "a, b"}),
    ({"fields": [{"name": "message", "value": text} for text in "abc"]}, {"message": "a\nb\nc"}),
    ({"fields": [{"name": "Xe", "value": text} for text in "aabc"]}, {"Xe": "a", "fields.Xe": "a", "fields.Xe.2": "b", "fields.Xe.3": "c"}),
    ({"x": [{"a": 1}, {"a": 2}], "y": ["b", "c"], "z": '{"a":1}'}, {"a": "1", "x.1.a": "2", "y": "b, c", "z": '{"a":1}'}),
    (
        urlencode({"page_name": "LP", "data.json": '{"name":["Chị Hà"],"phone":["0912345678"],"Biển số":["29A1-11111"]}'}).encode(),
        {"name": "Chị Hà", "phone": "0912345678", "page_name": "LP", "Biển số": "29A1-11111"},
    ),
]  # fmt: skip


@pytest.mark.parametrize("body, read", READ, ids=[str(at) for at in range(len(READ))])
def test_all_that_was_sent_is_there(body: Any, read: dict[str, str]) -> None:
    event = one(body if isinstance(body, bytes) else orjson.dumps(body))
    assert {key: text for key, text in event.extra.items() if key != "triggerType"} == read
    assert one(event.raw) == event


def test_a_long_answer_is_kept_whole() -> None:
    """What people read first ends in …; the field itself has all of it."""
    event = one(orjson.dumps({"phone": "0912345678", "message": "x" * 40_000, "Câu": "e\u0323\u0302" * 17_000}))
    assert (len(event.extra["message"]), event.extra["Câu"]) == (40_000, "ệ" * 17_000)
    assert event.text.endswith("…")


def test_a_number_among_several_makes_the_thread() -> None:
    assert one(b"phone=0912345678&phone=0933000111").thread == one(b"phone=0912345678").thread


def test_family_name_first() -> None:
    assert one(b'{"first_name":"Lan","last_name":"Tran","phone":"0912345678"}').extra["name"] == "Tran Lan"


def test_the_thread_tells_nobody_the_number() -> None:
    event = one(SAME[0][1])
    assert event.thread.startswith("lead-")
    assert "912345678" not in event.thread + event.key
    assert one(SAME[0][1], account=replace(ACCOUNT, thread_key=b"l" * 16)).thread != event.thread


def test_a_new_secret_does_not_make_new_people() -> None:
    turned = replace(ACCOUNT, settings={"secret": ("new-secret", "s3cret-of-the-form")})
    assert one(SAME[0][1], account=turned) == one(SAME[0][1])


KEYS: list[tuple[dict[str, Any], bool]] = [  # beside the first one: is it the same submission?
    ({"ip": "203.0.113.9", "sent_at": 1700000001}, True),  # the builder's second try
    ({"message": "xe máy và ô tô"}, False),
    ({"url_page": "https://example.vn/khac"}, False),
    ({"phone": "0912345679"}, False),
    ({"form_id": "F2"}, False),
    ({"Biển số": "30F-22222"}, False),
    ({"ghi_chu_them": "y"}, False),
    ({"mobile": "0933000111"}, False),
    ({"citizen_id": "1"}, False),
    ({"date": "2026-12-01"}, False),
    ({"ngay_sinh": "1990-01-01T00:00:00Z"}, False),
    ({"phone": "+84 912 345 678"}, True),
    ({"utm_source": "fb"}, True),
    ({"fbclid": "abc"}, True),
    ({"user_agent": "Mozilla"}, True),
    ({"submittedAt": "2026-11-23"}, True),
    ({"time": "2026-11-23T10:00:01Z"}, True),
    ({"date_and_time": "1700000000123"}, True),
    ({"g-recaptcha-token": "abc"}, True),
    ({"page_id": "4"}, True),
    ({"id": "4"}, True),
    ({"of": "123e4567-e89b-12d3-a456-426614174000"}, True),
]


@pytest.mark.parametrize("change, same", KEYS, ids=[str(at) for at in range(len(KEYS))])
def test_a_repetition_is_known_by_what_was_written(change: dict[str, Any], same: bool) -> None:
    first = {
        "name": "Lan",
        "phone": "0912345678",
        "message": "xe máy",
        "ip": "203.0.113.7",
        "sent_at": 1700000000,
        "Biển số": "29A1-11111",
    }
    one_, other = one(orjson.dumps(first)), one(orjson.dumps(first | change))
    assert one_.window_ms == leads.WINDOW_MS
    assert (one_.key == other.key) is same


def test_the_builder_s_own_id_counts_for_ever() -> None:
    body = {"submission_id": "S-1", "phone": "0912345678"}
    event = one(orjson.dumps(body))
    assert (event.key, event.window_ms, event.external_id) == ("id:S-1", 0, "S-1")
    assert one(orjson.dumps(body | {"form_id": "F", "submission_id": "S-2"})).key != event.key


UNREADABLE = [b"", b"   ", b"null", b"17", b'"x"', b"{", b"{}", b"[]", b"hello", b"--", b"\xff\xfe{", b'{"a":NaN}']


@pytest.mark.parametrize("body", UNREADABLE, ids=[str(at) for at in range(len(UNREADABLE))])
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedPayload):
        one(body)


def test_a_form_without_a_word_is_no_lead() -> None:
    assert one(b'{"name":"","phone":null,"email":" "}').kind is Kind.IGNORED


ALLOWED = [
    Delivery(headers={}, body=b"", secret="s3cret-of-the-form"),
    Delivery(headers={"Authorization": "Bearer s3cret-of-the-form"}, body=b""),
    Delivery(headers={"Authorization": "bearer  s3cret-of-the-form"}, body=b""),
    Delivery(headers={"X-Webhook-Token": "s3cret-of-the-form"}, body=b""),
    Delivery(headers={"Authorization": "Basic abc"}, body=b"", secret="s3cret-of-the-form"),
]
REFUSED = [
    Delivery(headers={}, body=b""),
    Delivery(headers={}, body=b"", secret="s3cret-of-the-for"),
    Delivery(headers={}, body=b"", secret="S3CRET-OF-THE-FORM"),
    Delivery(headers={"Authorization": "s3cret-of-the-form"}, body=b""),
    Delivery(headers={"Authorization": "Basic s3cret-of-the-form"}, body=b""),
    Delivery(headers={"X-Webhook-Token": "đ\udcff"}, body=b""),
    Delivery(headers={}, body=b"", query={"secret": "s3cret-of-the-form"}),
]


@pytest.mark.parametrize("delivery", ALLOWED, ids=range(len(ALLOWED)))
def test_three_ways_to_show_the_secret(delivery: Delivery) -> None:
    leads.ADAPTER.verify(delivery, ACCOUNT)


@pytest.mark.parametrize("delivery", REFUSED, ids=range(len(REFUSED)))
def test_nothing_else_opens(delivery: Delivery) -> None:
    with pytest.raises(WebhookRejected):
        leads.ADAPTER.verify(delivery, ACCOUNT)


def test_two_secrets_while_one_takes_the_other_s_place() -> None:
    both = Account(channel="leads", name="x", settings={"secret": ("new-secret", "old-secret")})
    for secret in ("new-secret", "old-secret"):
        leads.ADAPTER.verify(Delivery(headers={}, body=b"", secret=secret), both)
    with pytest.raises(WebhookRejected):
        leads.ADAPTER.verify(Delivery(headers={}, body=b"", secret="older-secret"), both)


NUMBERS = [
    ("0912345678", PHONE), ("+84 912 345 678", PHONE), ("84912345678", PHONE), ("0084912345678", PHONE), ("912345678", PHONE),
    ("+84(0)912345678", PHONE), ("sip:0912345678@pbx.vn", PHONE), ("０９１２３４５６７８", PHONE), ("+1 650 555 0100", "+16505550100"),
    ("02838221234", "+842838221234"), ("19001234", "19001234"), ("", ""), ("ẩn", ""),
]  # fmt: skip


@pytest.mark.parametrize("typed, told", NUMBERS, ids=[str(at) for at in range(len(NUMBERS))])
def test_two_spellings_of_a_number_are_one(typed: str, told: str) -> None:
    assert number(typed) == told


def test_names_of_fields_are_read_without_marks() -> None:
    assert {plain(name) for name in ("Họ và tên:", "ho-va-ten", "hoVaTen", "HO_VA_TEN")} == {"ho_va_ten"}
