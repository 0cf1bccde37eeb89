"""Viber's quirks: what is read from its callbacks, what a message is as a call; viberbot reads them too."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from viberbot import Api, BotConfiguration
from viberbot.api.event_type import EventType

from channels.contract import (
    Account,
    Button,
    ChannelError,
    Delivery,
    InboundEvent,
    Kind,
    MalformedPayload,
    OutboundFile,
    OutboundMessage,
    Permanent,
    Receipt,
    SharedContact,
    Template,
    WebhookRejected,
)
from channels.viber.adapter import ADAPTER, CAPABILITIES, outcome, parse, render, reply, verify
from channels.viber.answers import _ACCOUNT, _REASONS
from channels.viber.calls import WHOLE_BYTES
from channels.viber.settings import sender
from channels.viber.signature import HEADER, mac
from handlers.receipts import REASONS
from tests.channels.samples import FIXTURES, VIBER, sign_viber

USER = "k3Jq0ZbT9mYx5w2VhC7r1A=="
TEXTS = {"welcome.vi": "Dạ chào anh/chị", "buy.vi": "Mua bảo hiểm", "welcome.en": "Hello", "buy.en": "Buy"}


def body(name: str) -> bytes:
    return (FIXTURES / "viber" / f"{name}.json").read_bytes()


def read(name: str) -> InboundEvent:
    return one(json.loads(body(name)))


def one(event: Any, account: Account = VIBER) -> InboundEvent:
    found = parse(Delivery(headers={}, body=json.dumps(event).encode()), account)
    assert len(found) == 1
    return found[0]


def said(message: Any, **more: Any) -> InboundEvent:
    return one({"event": "message", "message_token": 1, "sender": {"id": USER}, "message": message} | more)


# ---- reading

KINDS = {
    "text": Kind.TEXT,
    "text_nfd": Kind.TEXT,
    "text_empty": Kind.UNSUPPORTED,
    "text_at_limit": Kind.TEXT,
    "text_with_media_and_place": Kind.TEXT,
    "text_token_string": Kind.TEXT,
    "text_nulls": Kind.TEXT,
    "text_without_type": Kind.TEXT,
    "text_tracking_is_an_object": Kind.TEXT,
    "text_our_tap": Kind.BUTTON,
    "text_tap_of_share_phone_on_desktop": Kind.BUTTON,
    "text_sender_placeholder": Kind.TEXT,
    "text_in_group": Kind.IGNORED,
    "url": Kind.TEXT,
    "url_with_text": Kind.TEXT,
    "picture": Kind.IMAGE,
    "picture_caption": Kind.IMAGE,
    "picture_thumbnail_only": Kind.IMAGE,
    "picture_without_media": Kind.IMAGE,
    "video": Kind.VIDEO,
    "file": Kind.FILE,
    "file_hostile_name": Kind.FILE,
    "audio": Kind.AUDIO,
    "gif": Kind.IMAGE,
    "sticker": Kind.STICKER,
    "sticker_string_media": Kind.STICKER,
    "sticker_nothing": Kind.STICKER,
    "contact_shared": Kind.CONTACT,
    "contact_of_another": Kind.CONTACT,
    "contact_number_is_a_number": Kind.CONTACT,
    "contact_without_phone": Kind.CONTACT,
    "contact_null": Kind.CONTACT,
    "location": Kind.LOCATION,
    "location_strings_address": Kind.LOCATION,
    "location_nowhere": Kind.UNSUPPORTED,
    "rich_media": Kind.UNSUPPORTED,
    "unknown_kind_with_file": Kind.FILE,
    "conversation_started": Kind.FOLLOW,
    "conversation_started_subscribed": Kind.FOLLOW,
    "conversation_started_user_null": Kind.IGNORED,
    "subscribed": Kind.FOLLOW,
    "unsubscribed": Kind.UNFOLLOW,
    "delivered": Kind.RECEIPT,
    "seen": Kind.RECEIPT,
    "failed": Kind.RECEIPT,
    "failed_without_desc": Kind.RECEIPT,
    "delivered_without_user": Kind.IGNORED,
    "webhook": Kind.IGNORED,
    "action": Kind.IGNORED,
    "client_status": Kind.IGNORED,
    "unknown_event_with_words": Kind.TEXT,
    "no_event": Kind.IGNORED,
}


def test_the_table_knows_every_fixture() -> None:
    assert set(KINDS) == {path.stem for path in (FIXTURES / "viber").glob("*.json")}


@pytest.mark.parametrize(("name", "kind"), KINDS.items(), ids=KINDS)
def test_kinds(name: str, kind: Kind) -> None:
    event = read(name)
    assert event.kind is kind, event.reason
    assert (event.thread == "") is (kind is Kind.IGNORED)


def test_a_text() -> None:
    event, raw = read("text"), json.loads(body("text"))
    assert raw["message_token"] > 1 << 53
    assert (event.thread, event.text) == (USER, "Tôi muốn mua bảo hiểm xe")
    assert event.external_id == str(raw["message_token"])
    assert event.key == f"message:{raw['message_token']}:{USER}"
    assert event.said_at == datetime.fromtimestamp(raw["timestamp"] // 1000, UTC).replace(microsecond=124000)
    assert event.profile is not None
    assert (event.profile.name, event.profile.language) == ("Trần Thị Mai", "vi")
    assert event.extra == {"tracking_data": "intake:42"}
    assert read("text_at_limit").at_limit
    assert read("text_nfd").text == "Tôi muốn mua bảo hiểm"


@pytest.mark.parametrize("token", [9_007_199_254_740_993, 18_446_744_073_709_551_615, 4912661846655238145])
def test_tokens_beyond_53_bits_are_the_same_as_number_and_as_text(token: int) -> None:
    number, text = said(message(), message_token=token), said(message(), message_token=str(token))
    assert number.external_id == text.external_id == str(token)
    assert number.key == text.key


def test_without_a_token_the_body_is_the_key() -> None:
    keys = {said(message(text=text), message_token=None).key for text in ("a", "b")}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("message", "kind", "name"),
    [
        ({"type": "picture"}, Kind.IMAGE, ""),
        ({"type": "picture", "media": "", "file_name": "xe.jpg"}, Kind.IMAGE, "xe.jpg"),
        ({"type": "file", "file_name": "Đơn.pdf", "size": 10}, Kind.FILE, "Đơn.pdf"),
        ({"type": "video", "media": None}, Kind.VIDEO, ""),
    ],
)
def test_a_file_that_cannot_be_had_is_one(message: dict[str, Any], kind: Kind, name: str) -> None:
    event = said(message)
    (file,) = event.files
    assert (event.kind, file.kind, file.source, file.name, event.text) == (kind, kind, "", name, "")


@pytest.mark.parametrize(("known", "minutes"), [({}, 10), ({"id": True}, 0), ({"time": True}, 0)])
def test_what_has_neither_id_nor_time_is_known_by_its_bytes_for_a_while(known: dict[str, bool], minutes: int) -> None:
    """docs/adr/0153"""
    event = said(
        {"type": "text", "text": "ok"},
        message_token=57 if known.get("id") else None,
        timestamp=1793331004871 if known.get("time") else None,
    )
    assert event.window_ms == minutes * 60_000


def test_odd_shapes_lose_no_words() -> None:
    assert read("text_with_media_and_place").text == "a message to the service"
    assert read("text_with_media_and_place").extra["media"] == "http://example.com"
    assert read("picture_without_media").text == "ảnh đâu"
    assert read("rich_media").text == "thẻ"
    assert read("contact_without_phone").contact == SharedContact(phone="", name="Anh Không Số")
    assert read("contact_null").contact is None
    odd = said({"type": "contact", "contact": {"name": "B", "phone_number": "hỏi sau"}})
    assert (odd.kind, odd.contact, odd.text) == (Kind.CONTACT, SharedContact(phone="", name="B"), "hỏi sau")
    assert read("url").text == "https://example.com/bang-gia"
    assert read("url_with_text").text == "xem giúp em\nhttps://example.com/a"
    assert said({"type": "text", "media": "https://dl.viber.com/a.jpg"}).files[0].source == "https://dl.viber.com/a.jpg"
    assert said({"type": "TEXT", "text": 15}).text == "15"
    assert said({"type": "file", "media": "www.images.com/a.doc"}).files[0].source == "www.images.com/a.doc"
    assert said({"type": "url", "media": "www.website.com/go_here"}).text == "www.website.com/go_here"
    assert said({"type": "rich_media", "alt_text": "ba gói"}).text == "ba gói"
    assert said({"type": "text", "text": "a", "contact": "x", "location": [1]}).text == "a"  # neither is a text's


def message(**changes: Any) -> dict[str, Any]:
    return {"type": "text", "text": "a"} | changes


@pytest.mark.parametrize(
    ("given", "more"),
    [
        (None, {}),
        ("gọi lại cho tôi nhé", {}),
        (["x"], {}),
        ([message()], {}),
        ({}, {}),
        (message(text={"a": 1}), {}),
        (message(text=["a"]), {}),
        (message(text=True), {}),
        (message(type={"a": 1}), {}),
        (message(type="picture", media={"url": "https://a.vn/1"}), {}),
        (message(type="picture", media=["https://a.vn/1"]), {}),
        (message(type="file", media="https://a.vn/1", size={"a": 1}), {}),
        (message(type="sticker", sticker_id=[1]), {}),
        (message(type="contact", contact=[{"name": "A"}]), {}),
        (message(type="contact", contact="0901234567"), {}),
        (message(type="contact", contact={"phone_number": {"n": 1}}), {}),
        (message(type="location", location=[10, 106]), {}),
        (message(type="location", location={"lat": [10], "lon": 106}), {}),
        (message(), {"sender": ["x"]}),
        (message(), {"sender": {"id": {"a": 1}}}),
        (message(), {"sender": {"id": True}}),
        (message(), {"message_token": {"a": 1}}),
        (message(), {"message_token": "1" * 129}),
        (message(), {"event": {"a": 1}}),
        (message(), {"event": "subscribed", "user": ["x"], "sender": None}),
    ],
)
def test_another_shape_is_kept_aside(given: Any, more: dict[str, Any]) -> None:
    with pytest.raises(MalformedPayload):
        said(given, **more)


def test_what_nobody_knows_or_waits_for_may_have_any_shape() -> None:
    assert said({"type": "poll", "text": ["a"]}).kind is Kind.UNSUPPORTED
    assert said(["x"], event="brand_new").kind is Kind.IGNORED
    assert one({"event": "client_status", "user": "x", "message_token": [], "timestamp": {}}).kind is Kind.IGNORED
    assert said(message(tracking_data={"a": 1}), sender={"id": USER, "name": {"x": 1}}, timestamp={}).text == "a"


def test_whoever_says_something_is_named() -> None:
    with pytest.raises(MalformedPayload):
        said(message(), sender={})
    assert said(message(), sender=None, user={"id": "u"}).thread == "u"
    assert said(message(), sender=None, user_id="u2").thread == "u2"


def test_a_tap_is_told_from_words() -> None:
    assert (read("text_our_tap").payload, read("text_our_tap").text) == ("p:tnds_xe_may", "")
    assert read("text_tap_of_share_phone_on_desktop").payload == "phone"
    assert said(message(text="btn: hai chữ")).kind is Kind.TEXT


def test_files() -> None:
    picture, file = read("picture").files[0], read("file").files[0]
    assert picture.source.endswith("Key-Pair-Id=K")
    assert (picture.name, picture.size) == ("IMG_01.jpg", 481233)
    assert (file.name, file.size) == ("Hợp đồng cũ.pdf", 120345)
    assert read("file_hostile_name").files[0].size == 77
    assert "/" not in read("file_hostile_name").files[0].name
    assert read("picture_thumbnail_only").files[0].source.endswith("t2.jpg")
    assert read("picture_caption").text == "Giấy đăng ký xe của em"
    assert read("sticker").extra["sticker"] == "46105"
    assert read("sticker_string_media").files[0].source.startswith("http://content.cdn.viber.com/")


def test_only_our_own_button_vouches_for_a_number() -> None:
    shared = read("contact_shared").contact
    assert shared is not None
    assert (shared.phone, shared.own, read("contact_shared").text) == ("+84901234567", True, "")
    other = read("contact_of_another").contact
    assert other is not None
    assert (other.phone, other.own) == ("+84912345678", False)
    number = read("contact_number_is_a_number").contact
    assert number is not None
    assert number.phone == "+84987654321"
    local = said({"type": "contact", "contact": {"phone_number": "0912\u00a0345 678"}}).contact
    assert local is not None
    assert local.phone == "0912345678"


def test_places() -> None:
    assert read("location").location == (10.7769, 106.7009)
    assert read("location_strings_address").location == (21.0278, 105.8342)
    assert read("location_strings_address").text == "Hoàn Kiếm, Hà Nội"
    assert said({"type": "location", "location": {"lat": 91, "lon": 0}}).kind is Kind.UNSUPPORTED


def test_opening_the_chat_is_no_subscription() -> None:
    opened = read("conversation_started")
    assert opened.extra == {"welcomed": "yes", "start": "landing=xe-may", "opened": "open"}
    assert opened.payload == "landing=xe-may"
    assert "welcomed" not in read("subscribed").extra


def test_receipts() -> None:
    token = str(json.loads(body("seen"))["message_token"])
    assert read("seen").receipt == Receipt(status="read", external_ids=(token,), and_before=True)
    failed = read("failed").receipt
    assert failed is not None
    assert (failed.status, failed.reason) == ("failed", "refused")
    assert read("failed_without_desc").receipt is not None
    again = one(json.loads(body("delivered")) | {"timestamp": 1})
    assert again.key == read("delivered").key  # one for every device


# ---- viberbot agrees

PEER = Api(BotConfiguration(name="IBAOHIEM", avatar="", auth_token=VIBER.settings["token"]))
READABLE = [  # it raises on the others: unknown events and kinds, null members
    name
    for name in KINDS
    if name.split("_")[0] in {"text", "url", "picture", "video", "file", "sticker", "location", "delivered", "seen", "subscribed"}
    and name not in {"text_in_group", "text_without_type", "delivered_without_user"}
] + ["contact_shared", "contact_of_another", "conversation_started", "unsubscribed", "failed", "webhook"]  # fmt: skip


@pytest.mark.parametrize("name", READABLE)
def test_viberbot_reads_the_same(name: str) -> None:
    theirs, ours = PEER.parse_request(body(name)), read(name)
    assert PEER.verify_signature(body(name), sign_viber(body(name), VIBER)[HEADER])
    if theirs.event_type == EventType.MESSAGE:
        assert str(theirs.message_token) == ours.external_id
        assert theirs.sender.id == (ours.thread or theirs.sender.id)
        if getattr(theirs.message, "text", None) and ours.kind is Kind.TEXT and name != "text_nfd":
            assert theirs.message.text in ours.text
        if getattr(theirs.message, "media", None) and ours.files:
            assert theirs.message.media == ours.files[0].source
    elif theirs.event_type in (EventType.CONVERSATION_STARTED, EventType.SUBSCRIBED):
        assert theirs.user.id == ours.thread
    elif theirs.event_type in (EventType.DELIVERED, EventType.SEEN, EventType.FAILED):
        assert ours.receipt is not None
        assert ours.receipt.external_ids == (str(theirs.message_token),)
        assert theirs.user_id == ours.thread


# ---- whose signature counts


def test_a_signature_is_over_the_bytes_with_either_token() -> None:
    account = replace(VIBER, settings={"token": ["n" * 32, "o" * 32]})
    for token in ("n" * 32, "o" * 32):
        verify(Delivery(headers={HEADER.lower(): mac(token, b"{ }")}, body=b"{ }"), account)
        for other in (b"{}", b"{ }\n", b" { }"):
            with pytest.raises(WebhookRejected):
                verify(Delivery(headers={HEADER: mac(token, b"{ }")}, body=other), account)


# ---- rendering

MESSAGE = OutboundMessage(id="01JDOUT", thread=USER, text="Anh chị cần bảo hiểm gì ạ?")
PDF = OutboundFile(id="f1", name="Hợp đồng", mime="application/pdf", size=5, data=b"%PDF-")


def made(**changes: Any) -> Any:
    return json.loads(render(replace(MESSAGE, **changes), VIBER).body)


def test_a_message_is_plain_text() -> None:
    assert made() == {"receiver": USER, "sender": {"name": "IBAOHIEM"}, "type": "text", "text": MESSAGE.text}
    assert VIBER.settings["token"] not in render(MESSAGE, VIBER).body


def test_buttons() -> None:
    asks = Button(id="phone", label="Gửi số của tôi", contact=True)
    call = render(replace(MESSAGE, buttons=(asks, Button(id="skip", label="A < B"))), VIBER)
    shown = json.loads(call.body)
    assert shown["min_api_version"] == 3
    assert [(one["ActionType"], one["ActionBody"], one["Text"]) for one in shown["keyboard"]["Buttons"]] == [
        ("share-phone", "btn:phone", "Gửi số của tôi"),
        ("reply", "btn:skip", "A &lt; B"),
    ]
    assert json.loads(call.plain)["text"] == f"{MESSAGE.text}\n\n1. A < B"
    assert "keyboard" not in call.plain
    link = made(buttons=(Button(id="x", label="Mở", url="https://i.example/a"),))["keyboard"]["Buttons"][0]
    assert (link["ActionType"], link["ActionBody"]) == ("open-url", "https://i.example/a")


def test_the_widest_message_still_fits() -> None:
    buttons = tuple(Button(id=f"choice:{index}", label="ạ" * 100) for index in range(24))
    whole = render(replace(MESSAGE, text="🙂" * 7000, buttons=buttons), VIBER)
    assert len(whole.body.encode()) <= WHOLE_BYTES
    assert json.loads(whole.body)["text"] == "🙂" * 7000


def test_files_by_what_they_are() -> None:
    assert made(text="", file=PDF)["file_name"] == "Hợp đồng.pdf"
    assert made(text="", file=PDF)["size"] == 5
    assert made(text="", file=replace(PDF, name="x.JPG", mime="image/jpeg"))["type"] == "picture"
    large = replace(PDF, mime="image/png", size=2 << 20, data=b"")
    assert made(text="", file=large)["type"] == "file"
    for wrong, reason in ((replace(MESSAGE, file=replace(PDF, size=51 << 20, data=b"")), "too_large"), (replace(MESSAGE, template=Template(purpose="x")), "template_missing")):  # fmt: skip
        with pytest.raises(Permanent) as caught:
            render(wrong, VIBER)
        assert caught.value.reason == reason


def test_who_speaks() -> None:
    account = replace(VIBER, settings={"sender_name": "An", "avatar_url": "https://i.example/a.png"})
    assert sender(account) == {"name": "An", "avatar": "https://i.example/a.png"}


def test_what_costs_money_goes_out_only_when_that_is_wanted() -> None:
    assert ADAPTER.carries(VIBER).window_hours == CAPABILITIES.window_hours == 24
    assert ADAPTER.carries(replace(VIBER, settings={"billed": True})).window_hours == 0


# ---- the welcome


def welcome(name: str, **changes: Any) -> Any:
    event = json.loads(body(name)) | changes
    said = reply(Delivery(headers={}, body=json.dumps(event).encode()), VIBER, TEXTS)
    return None if said is None else json.loads(said)


def test_the_welcome_is_for_who_opens_the_chat_and_nobody_else() -> None:
    said = welcome("conversation_started")
    assert "receiver" not in said
    assert said["text"] == "Dạ chào anh/chị"
    assert said["keyboard"]["Buttons"][0]["ActionBody"] == "btn:buy"
    assert welcome("conversation_started", user={"id": "x", "language": "en-GB"})["text"] == "Hello"
    assert welcome("conversation_started", user=["x"]) is None
    for name in KINDS:
        if name != "conversation_started":
            assert welcome(name) is None, name
    assert reply(Delivery(headers={}, body=b"["), VIBER, TEXTS) is None
    assert reply(Delivery(headers={}, body=body("conversation_started")), VIBER, {}) is None


# ---- answers


def test_every_reason_is_a_word_that_the_desk_knows() -> None:
    assert set(_REASONS.values()) <= set(REASONS)
    assert not set(_REASONS) & set(_ACCOUNT)


@pytest.mark.parametrize("token", [b"5741311803571721087", b'"5741311803571721087"'])
def test_the_token_of_an_answer_keeps_all_its_digits(token: bytes) -> None:
    assert outcome(200, b'{"status":0,"message_token":' + token + b"}") == "5741311803571721087"


@pytest.mark.parametrize("code", range(1, 30))
def test_a_status_is_never_taken_for_success(code: int) -> None:
    with pytest.raises(ChannelError) as caught:
        outcome(200, json.dumps({"status": code, "message_token": 1}).encode())
    assert caught.value.code == str(code)
