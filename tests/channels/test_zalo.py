"""Zalo's quirks: what is read from its events, whose signature counts."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import (
    Account,
    Delivery,
    InboundEvent,
    Kind,
    MalformedPayload,
    WebhookRejected,
)
from channels.zalo.adapter import ADAPTER, parse, verify
from channels.zalo.attachments import plain_phone
from channels.zalo.signature import HEADER, mac, timestamp
from tests.channels.samples import FIXTURES, ZALO, ZALO_SETTINGS, sign_zalo

APP, OA = "9301774650812263549", "2745501938264417082"
USER = "5182290637741093865"
STAMP = "1795330127451"


def read(name: str) -> InboundEvent:
    return one(json.loads((FIXTURES / "zalo" / f"{name}.json").read_bytes()))


def one(event: Any, account: Account = ZALO) -> InboundEvent:
    found = parse(Delivery(headers={}, body=json.dumps(event).encode()), account)
    assert len(found) == 1
    return found[0]


def said(message: Any, event_name: str = "user_send_text", **more: Any) -> InboundEvent:
    body = {"app_id": APP, "sender": {"id": USER}, "recipient": {"id": OA}, "timestamp": STAMP, "message": message}
    return one(body | {"event_name": event_name} | more)


# ---- reading


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("text", Kind.TEXT),
        ("text_empty", Kind.UNSUPPORTED),
        ("text_menu_payload", Kind.TEXT),
        ("text_our_tap", Kind.BUTTON),
        ("image", Kind.IMAGE),
        ("image_several_caption", Kind.IMAGE),
        ("image_without_url", Kind.IMAGE),
        ("gif", Kind.IMAGE),
        ("link", Kind.TEXT),
        ("audio", Kind.AUDIO),
        ("video", Kind.VIDEO),
        ("sticker", Kind.STICKER),
        ("sticker_without_url", Kind.STICKER),
        ("location_strings", Kind.LOCATION),
        ("location_numbers_long", Kind.LOCATION),
        ("location_nowhere", Kind.UNSUPPORTED),
        ("business_card", Kind.CONTACT),
        ("business_card_not_json", Kind.CONTACT),
        ("file", Kind.FILE),
        ("file_and_image", Kind.FILE),
        ("unknown_kind", Kind.UNSUPPORTED),
        ("unknown_attachment", Kind.TEXT),
        ("anonymous_text", Kind.TEXT),
        ("anonymous_image", Kind.IMAGE),
        ("asking_product", Kind.IGNORED),
        ("unknown_event_with_words", Kind.UNSUPPORTED),
        ("reacted", Kind.REACTION),
        ("follow", Kind.FOLLOW),
        ("follow_without_follower", Kind.IGNORED),
        ("unfollow", Kind.UNFOLLOW),
        ("submit_info", Kind.CONTACT),
        ("submit_info_old", Kind.CONTACT),
        ("submit_info_empty", Kind.CONTACT),
        ("chatnow", Kind.BUTTON),
        ("click_button", Kind.BUTTON),
        ("withdraw", Kind.SYSTEM),
        ("widget_accepted", Kind.FOLLOW),
        ("received", Kind.RECEIPT),
        ("seen", Kind.RECEIPT),
        ("received_by_phone", Kind.RECEIPT),
        ("received_by_phone_untracked", Kind.IGNORED),
        ("echo_text", Kind.ECHO),
        ("echo_by_human", Kind.ECHO),
        ("echo_anonymous", Kind.ECHO),
        ("oa_reacted", Kind.IGNORED),
        ("group_text", Kind.IGNORED),
        ("group_echo", Kind.IGNORED),
        ("group_created", Kind.IGNORED),
        ("consent_to_call", Kind.IGNORED),
        ("shop_has_order", Kind.IGNORED),
        ("add_user_to_tag", Kind.IGNORED),
        ("feedback", Kind.FORM),
        ("feedback_untracked", Kind.IGNORED),
        ("response_button", Kind.BUTTON),
        ("template_status", Kind.IGNORED),
        ("permission_revoked", Kind.IGNORED),
        ("unknown_event", Kind.IGNORED),
        ("no_event_name", Kind.IGNORED),
    ],
)
def test_kinds(name: str, kind: Kind) -> None:
    event = read(name)
    assert event.kind is kind, event.reason
    assert (event.thread == "") is (kind is Kind.IGNORED)


def test_a_text() -> None:
    event = read("text")
    assert (event.thread, event.external_id, event.text) == (USER, f"{1:020x}", "Em muốn báo giá bảo hiểm nhà")
    assert event.said_at == datetime(2026, 11, 22, 6, 48, 47, 451000, tzinfo=UTC)
    assert event.key == f"m:{1:020x}"
    assert not event.at_limit
    assert read("text_at_limit").at_limit
    assert read("text_quote_by_app").ref == f"{1:020x}"
    assert read("text_nfd").text == "Tôi muốn mua bảo hiểm"


def test_ids_are_texts_whatever_they_came_as() -> None:
    assert read("text_ids_numbers").thread == USER
    huge = said({"text": "x", "msg_id": "m"}, sender={"id": "9" * 60}, timestamp=str(10**30))
    assert huge.thread == "9" * 60
    assert read("text_timestamp_number").said_at == read("text").said_at.replace(microsecond=453000)


def test_without_a_message_id_the_customer_and_the_time_make_the_key() -> None:
    event = read("text_without_msg_id")
    assert event.external_id == ""
    assert event.key == f"user_send_text::{USER}:{OA}:1795330127455"
    alike = {said({"text": text}, timestamp=None).key for text in ("a", "b")}
    assert len(alike) == 2


def test_said_by_nobody_is_kept_aside() -> None:
    for sender in ({}, {"id": ""}, {"id": None}, None, "x"):
        with pytest.raises(MalformedPayload):
            said({"text": "mất người gửi", "msg_id": "m"}, sender=sender)


@pytest.mark.parametrize("body", ["[]", "1", '"x"', "null", "{", ""])
def test_what_is_no_object_is_kept_aside(body: str) -> None:
    with pytest.raises(MalformedPayload):
        parse(Delivery(headers={}, body=body.encode()), ZALO)


def test_files() -> None:
    (file,) = read("file").files
    assert (file.name, file.mime, file.size) == ("Giấy đề nghị.pdf", "application/pdf", 318204)
    assert file.source == "https://zalo-file-dl3.zdn.vn/0f/58"
    (named,) = read("file_without_extension").files
    assert named.name == "cavet.docx"
    hostile, picture = read("file_and_image").files
    assert (hostile.name, picture.kind) == ("_.._a.pdf", Kind.IMAGE)
    assert read("file_and_image").text == "gửi anh"
    several = read("image_several_caption")
    assert [file.source[-5:] for file in several.files] == ["1.jpg", "2.jpg"]
    assert several.text == "hai mặt cà vẹt"
    assert [file.source for file in read("image_attachment_object").files] == ["https://f20-zpc.zdn.vn/3.png"]
    assert read("image").files[0].source.startswith("http://")  # as it came; it is fetched by https


def test_a_text_event_that_holds_a_file_loses_neither() -> None:
    event = said(
        {"text": "đây ạ", "msg_id": "m", "attachments": [{"type": "image", "payload": {"url": "https://a.zdn.vn/x"}}]}
    )
    assert (event.kind, event.text, len(event.files)) == (Kind.IMAGE, "đây ạ", 1)


@pytest.mark.parametrize(
    ("message", "more", "text", "files"),
    [
        (None, {"text": "ở ngoài"}, "ở ngoài", 0),
        ({"text": 123}, {}, "123", 0),
        ({"attachments": [{"type": "image", "url": "https://a.zdn.vn/1"}]}, {}, "", 1),
        ({"attachments": [{"type": "file", "payload": {"fileUrl": "https://a.zdn.vn/1"}}]}, {}, "", 1),
        ({"attachments": [{"type": "IMAGE", "payload": '{"url": "https://a.zdn.vn/1"}'}]}, {}, "", 1),
        (
            {"attachments": [None, {"type": None}, {"type": "mini_app", "payload": [1]}], "text": "vẫn còn"},
            {},
            "vẫn còn",
            0,
        ),
    ],
)
def test_no_spelling_loses_a_word_or_a_file(message: Any, more: dict[str, Any], text: str, files: int) -> None:
    event = said(message, **more)
    assert (event.text, len(event.files)) == (text, files)


@pytest.mark.parametrize(
    ("event_name", "attachment", "kind", "name"),
    [
        (
            "user_send_file",
            {"type": "file", "payload": {"name": "Giấy đề nghị.pdf", "size": "31"}},
            Kind.FILE,
            "Giấy đề nghị.pdf",
        ),
        (
            "user_send_file",
            {"type": "file", "payload": {"name": "Đơn", "type": "pdf", "url": ""}},
            Kind.FILE,
            "Đơn.pdf",
        ),
        ("user_send_file", {"type": "file"}, Kind.FILE, ""),
        ("user_send_image", {"type": "image", "payload": {"url": None}}, Kind.IMAGE, ""),
        ("user_send_image", {"type": "image", "payload": None}, Kind.IMAGE, ""),
        ("user_send_audio", {"type": "audio", "payload": {}}, Kind.AUDIO, ""),
    ],
)
def test_a_file_that_cannot_be_had_is_one(event_name: str, attachment: dict[str, Any], kind: Kind, name: str) -> None:
    event = said({"msg_id": "m", "attachments": [attachment]}, event_name)
    (file,) = event.files
    assert (event.kind, file.kind, file.source, file.name, event.text) == (kind, kind, "", name, "")


@pytest.mark.parametrize(
    "message", [{"text": "còn hàng không", "msg_id": "m"}, {"product_id": 5}, [], "a", None, {"text": {"a": 1}}]
)
def test_a_question_in_the_shop_is_none_for_us(message: Any) -> None:
    event = said(message, "user_asking_product")
    assert (event.kind, event.thread) == (Kind.IGNORED, "")
    assert event.reason


@pytest.mark.parametrize(("known", "minutes"), [({}, 10), ({"id": True}, 0), ({"time": True}, 0)])
def test_what_has_neither_id_nor_time_is_known_by_its_bytes_for_a_while(known: dict[str, bool], minutes: int) -> None:
    """docs/adr/0153"""
    message = {"text": "ok"} | ({"msg_id": "m"} if known.get("id") else {})
    assert said(message, timestamp=STAMP if known.get("time") else None).window_ms == minutes * 60_000


def hanging(kind: Any, payload: Any) -> dict[str, Any]:
    return {"msg_id": "m", "attachments": [{"type": kind, "payload": payload}]}


@pytest.mark.parametrize(
    ("event_name", "message", "more"),
    [
        ("user_send_text", {"text": {"a": 1}}, {}),
        ("user_send_text", {"text": ["a"]}, {}),
        ("user_send_text", {"text": True}, {}),
        ("user_send_text", "chỉ là chữ", {}),
        ("user_send_text", [{"text": "a"}], {}),
        ("user_send_text", None, {}),
        ("user_send_text", {}, {}),
        ("user_send_text", {"text": "a", "msg_id": {"a": 1}}, {}),
        ("user_send_text", {"text": "a", "msg_id": "m" * 129}, {}),
        ("user_send_text", {"text": "a"}, {"sender": {"id": {"$gt": ""}}}),
        ("user_send_text", {"text": "a"}, {"sender": [{"id": "1"}]}),
        ("user_send_text", {"text": "a"}, {"recipient": {"id": [1]}}),
        ("user_send_image", {"attachments": "none"}, {}),
        ("user_send_image", {"attachments": [7]}, {}),
        ("user_send_image", {"attachments": ["https://a.zdn.vn/x"]}, {}),
        ("user_send_image", hanging("image", [{"url": "https://a.zdn.vn/1"}]), {}),
        ("user_send_image", hanging("image", "https://a.zdn.vn/1"), {}),
        ("user_send_image", hanging("image", {"url": {"href": "https://a.zdn.vn/1"}}), {}),
        ("user_send_image", hanging({"a": 1}, {}), {}),
        ("user_send_location", hanging("location", {"coordinates": [1, 2]}), {}),
        ("user_submit_info", None, {"info": ["x"]}),
        ("follow", None, {"follower": ["x"]}),
        ("user_received_message", {"msg_id": {"a": 1}}, {}),
        ({"a": 1}, {"text": "a"}, {}),
    ],
)
def test_another_shape_is_kept_aside(event_name: Any, message: Any, more: dict[str, Any]) -> None:
    with pytest.raises(MalformedPayload):
        said(message, event_name, **more)


def test_what_nobody_knows_may_have_any_shape() -> None:
    assert said({"poll": {"q": [1]}}, "user_send_poll").kind is Kind.UNSUPPORTED
    assert said({"text": {"a": 1}}, "user_said_tomorrow").kind is Kind.IGNORED
    assert said(["x"], "brand_new", sender="x", recipient=7, timestamp={}).kind is Kind.IGNORED
    assert said({"text": "a", "mentions": [{"uid": 1}]}, user_id_by_app={}).text == "a"


def test_a_card_is_one_whatever_it_lacks() -> None:
    def card(**payload: Any) -> InboundEvent:
        return said(hanging("link", payload), "user_send_business_card")

    for given_one, phone, name, text in (
        ({"title": "Hoa", "description": '{"phone":"84912345678","qrCo'}, "+84912345678", "Hoa", ""),
        ({"title": "Hoa", "description": {"phone": 84912345678}}, "+84912345678", "Hoa", ""),
        ({"title": "Hoa", "description": '{"qrCodeUrl":"https://q.zdn.vn/q"}'}, "", "Hoa", "https://q.zdn.vn/q"),
        ({"title": "Hoa", "description": "{phone"}, "", "Hoa", "{phone"),
    ):
        event = card(**given_one)
        assert event.contact is not None
        assert (event.kind, event.contact.phone, event.contact.name) == (Kind.CONTACT, phone, name)
        assert event.text == text
    assert card().contact is None
    form = said(None, "user_submit_info", info={"name": "Châu", "phone": "chưa có"})
    assert form.contact is not None
    assert (form.kind, form.contact.name, form.contact.phone, form.text) == (Kind.CONTACT, "Châu", "", "chưa có")


@pytest.mark.parametrize(
    ("stamp", "found"),
    [
        (1795330127451, 1795330127.451),
        ("1795330127", 1795330127),
        ("1795330127.25", 1795330127.25),
        (1795330127451000, 1795330127.451),
        ("2026-11-22T13:48:47+07:00", 1795330127),
        ("2026-11-22T06:48:47Z", 1795330127),
        ("2026-11-22 06:48:47", 1795330127),
        ("2026-22-11T06:48:47Z", 0),
        ("0001-01-01T00:00:00+14:00", 0),
        ("mai", 0),
        (None, 0),
        ({}, 0),
        (10**19, 0),
    ],
)
def test_a_time_however_it_is_spelt(stamp: Any, found: float) -> None:
    assert said({"text": "x"}, timestamp=stamp).said_at == datetime.fromtimestamp(found, UTC)


def test_coordinates_in_one_text() -> None:
    event = said(
        {"attachments": [{"type": "location", "payload": {"coordinates": "10.5, 106.7"}}]}, "user_send_location"
    )
    assert event.location == (10.5, 106.7)


def test_an_admin_of_no_number_is_no_human() -> None:
    raw = {"event_name": "oa_send_text", "recipient": {"id": USER}, "message": {"text": "x", "msg_id": "m"}}
    for admin in ("0", 0, "", None):
        assert not one({**raw, "sender": {"id": OA, "admin_id": admin}}).by_human
    assert (
        one({**raw, "sender": {"id": OA, "admin_id": 7001122334455667788}}).extra["admin_id"] == "7001122334455667788"
    )


def test_links_and_cards() -> None:
    assert read("link").text == "https://ibaohiem.example/nha"  # what only shows it is none of his words
    alone = said(hanging("link", {"url": "https://i.example/a", "description": "Nhà"}), "user_send_link")
    assert (alone.kind, alone.text) == (Kind.TEXT, "Nhà\nhttps://i.example/a")
    card = read("business_card").contact
    assert card is not None
    assert (card.phone, card.name, card.own) == ("+84912345678", "Chị Hoa", False)
    broken = read("business_card_not_json")
    assert "https://zalo.me/x" in broken.text
    assert read("unknown_attachment").text == "xem\nhttps://h5.zdn.vn/app"


def test_places() -> None:
    assert read("location_strings").location == (10.762622, 106.660172)
    there = read("location_numbers_long")
    assert (there.location, there.text) == ((21.0278, 105.8342), "Hoàn Kiếm, Hà Nội")
    flat = said({"msg_id": "m", "latitude": "10", "longitude": 106}, "user_send_location")
    assert flat.location == (10.0, 106.0)
    in_text = said(
        {
            "msg_id": "m",
            "attachments": [{"type": "location", "payload": {"coordinates": '{"latitude":"1","longitude":"2"}'}}],
        },
        "user_send_location",
    )
    assert in_text.location == (1.0, 2.0)


def test_stickers_keep_their_number() -> None:
    assert read("sticker").files[0].source.endswith("eid=44235")
    assert read("sticker_without_url").extra["sticker"] == "44236"


def test_the_contact_form() -> None:
    event = read("submit_info")
    assert event.contact is not None
    assert (event.contact.phone, event.contact.name, event.contact.own) == ("+84912007345", "Đỗ Minh Châu", True)
    assert event.extra["address"] == "12 Lò Đúc, Hà Nội"
    old = read("submit_info_old").contact
    assert old is not None
    assert old.phone == "+84912007345"


@pytest.mark.parametrize(
    ("given", "plain"),
    [("84912007345", "+84912007345"), ("+84 912 007 345", "+84912007345"), ("0912007345", "0912007345"), ("", "")],
)
def test_phones(given: str, plain: str) -> None:
    assert plain_phone(given) == plain


def test_a_tap_of_ours_and_a_menu_of_the_oa() -> None:
    tap = read("text_our_tap")
    assert (tap.payload, tap.text) == ("c1:yes", "")
    assert read("text_menu_payload").text == "#bao_gia"


def test_a_visitor_is_answered_in_his_visit() -> None:
    assert read("anonymous_text").extra["conversation_id"] == "c8e2a5"


def test_receipts() -> None:
    delivered, seen = read("received").receipt, read("seen").receipt
    assert delivered is not None
    assert seen is not None
    assert (delivered.status, delivered.external_ids) == ("delivered", (f"{50:020x}",))
    assert (seen.status, seen.external_ids) == ("read", (f"{50:020x}", f"{51:020x}"))
    assert read("seen").thread == USER  # the sender is the OA
    by_phone = read("received_by_phone")
    assert by_phone.thread == USER  # of the tracking id, never the phone
    assert by_phone.said_at == datetime.fromtimestamp(1795331004, UTC)


def test_echoes() -> None:
    ours, human = read("echo_text"), read("echo_by_human")
    assert (ours.thread, ours.by_human, human.by_human) == (USER, False, True)
    assert (human.text, human.extra["admin_id"]) == ("Chào anh, em là Hà", "7001122334455667788")
    assert read("echo_image_by_human").files


def test_alarms_reach_people() -> None:
    for name in ("permission_revoked", "oa_quota", "template_status", "withdraw"):
        assert read(name).extra["alarm"]


def test_a_foreign_oa_is_nobodys() -> None:
    assert said({"text": "x", "msg_id": "m"}, recipient={"id": "111"}).account == "?111"
    assert said({"text": "x", "msg_id": "m"}, recipient={}).account == "oa"
    assert one({"event_name": "follow", "oa_id": "222", "follower": {"id": USER}}).account == "?222"
    assert said({"text": "x", "msg_id": "m"}, app_id="1", recipient={"id": "3"}).account == "?1"
    assert said({"text": "x", "msg_id": "m"}, sender={"id": USER}, oa_id="444").account == "?444"
    danger = {"event_name": "permission_revoked", "timestamp": STAMP}
    assert one(danger | {"oa_id": OA}).extra["alarm"]
    assert not one(danger | {"oa_id": "555"}).extra


def test_what_the_oa_itself_says_is_no_customers() -> None:
    for event_name in ("user_send_text", "user_reacted_message"):
        event = said({"text": "x", "msg_id": "m"}, event_name, sender={"id": OA})
        assert (event.kind, event.thread) == (Kind.IGNORED, "")


def test_several_accounts_share_a_webhook() -> None:
    second = Account(channel="zalo", name="two", settings={**ZALO_SETTINGS, "oa_id": "333", "oa_secret_key": "k2"})
    first = replace(ZALO, siblings=(second,))
    event = {"app_id": APP, "event_name": "follow", "oa_id": "333", "follower": {"id": USER}, "timestamp": STAMP}
    assert one(event, first).account == "two"
    body = json.dumps(event).encode()
    verify(Delivery(headers=sign_zalo(body, second), body=body), first)
    with pytest.raises(WebhookRejected, match="another account"):
        verify(Delivery(headers=sign_zalo(body, first), body=body), first)


# ---- signatures


def signed(body: bytes, header: str) -> Delivery:
    return Delivery(headers={HEADER: header}, body=body)


def test_the_mac_is_a_plain_sha256_of_what_came() -> None:
    body = b'{"timestamp":"1795330127451","text":"\\u1ebf \\/"}'
    digest = hashlib.sha256(APP.encode() + body + b"1795330127451" + ZALO.get("oa_secret_key").encode()).hexdigest()
    for header in (f"mac={digest}", digest, f" mac= {digest} ", digest.upper(), f"MAC={digest}"):
        verify(signed(body, header), ZALO)
    for header in ("", f"mac={digest[:-1]}0x", f"mac=mac={digest}"):
        with pytest.raises(WebhookRejected):
            verify(signed(body, header), ZALO)
    with pytest.raises(WebhookRejected):
        verify(signed(body.replace(b"\\/", b"/"), f"mac={digest}"), ZALO)
    with pytest.raises(WebhookRejected):  # the app's secret is another key
        verify(signed(body, mac(APP, body, b"1795330127451", "app-Nobody-May-See-0123").decode()), ZALO)


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"timestamp":"17"}', b"17"),
        (b'{"timestamp": 17 ,"a":1}', b"17"),
        (b'{"a":{"timestamp":"1"},"timestamp":"2"}', b"2"),
        (b'{"text":"\\"timestamp\\":\\"9\\"","timestamp":"2"}', b"2"),
        (b'{"a\\"timestamp":"9","timestamp":"2"}', b"2"),
        (b'{"timestamp":"1","timestamp":"2"}', None),
        (b'[{"timestamp":"1"}]', None),
        (b'{"a":{"timestamp":"1"}}', None),
        (b'{"timestamp":null}', None),
        (b'{"timestamp":1.5}', None),
        pytest.param(b'{"x' + b'"timestamp":1,' * 70_000, None, id="a_megabyte_of_them"),
        (b'{"timestamp":""}', None),
        (b"", None),
        (b"\xff\xfe", None),
    ],
)
def test_the_one_timestamp(body: bytes, found: bytes | None) -> None:
    assert timestamp(body) == found


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_verified(body: bytes) -> None:
    with pytest.raises(WebhookRejected):
        verify(signed(body, "mac=00"), ZALO)


@pytest.mark.parametrize("told", [APP, int(APP), "", None, ...])
def test_the_app_of_the_body_is_ours_or_not_told(told: Any) -> None:
    body = json.dumps({"timestamp": "1"} | ({} if told is ... else {"app_id": told})).encode()
    verify(signed(body, sign_zalo(body, ZALO)[HEADER]), ZALO)


@pytest.mark.parametrize("told", ["1", 1, APP + "0", "đ"])
def test_a_body_of_another_app_is_refused_though_the_key_fits(told: Any) -> None:
    body = json.dumps({"timestamp": "1", "app_id": told}).encode()
    with pytest.raises(WebhookRejected, match="another app") as caught:
        verify(signed(body, sign_zalo(body, ZALO)[HEADER]), ZALO)
    assert caught.value.status == 401


def test_what_was_signed_and_cannot_be_read_is_verified_all_the_same() -> None:
    body = b'{"timestamp":"1","a":' + b"[" * 40 + b"]" * 40 + b"}"
    verify(signed(body, sign_zalo(body, ZALO)[HEADER]), ZALO)


def test_the_answer_to_a_wrong_one_is_a_setting() -> None:
    for status in (401, 403, 200):
        account = Account(channel="zalo", name="oa", settings={**ZALO_SETTINGS, "bad_mac_status": str(status)})
        with pytest.raises(WebhookRejected) as caught:
            verify(signed(b"", ""), account)
        assert caught.value.status == status


def test_two_keys_while_one_is_reset() -> None:
    body = b'{"timestamp":"1"}'
    account = Account(channel="zalo", name="oa", settings={**ZALO_SETTINGS, "oa_secret_key": ["new", "old"]})
    for key in ("new", "old"):
        verify(signed(body, mac(APP, body, b"1", key).decode()), account)


def test_fixtures_are_all_looked_at() -> None:
    assert ADAPTER.name == "zalo"
    assert len(list(Path(FIXTURES / "zalo").glob("*.json"))) > 70
