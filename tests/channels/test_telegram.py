"""Telegram's quirks: what each odd update is, how a message is rendered, what each answer means, who agrees with us."""

import json
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.contract import (
    UNSAID,
    Button,
    ChannelError,
    Delivery,
    DeliveryUnknown,
    InboundEvent,
    InboundFile,
    Kind,
    MalformedPayload,
    NeedsReauth,
    OutboundFile,
    OutboundMessage,
    Permanent,
    Profile,
    RateLimited,
    Retryable,
    SharedContact,
)
from channels.fit import fit
from channels.http import Http
from channels.telegram.adapter import CAPABILITIES, parse, render, verify
from channels.telegram.answers import answer, outcome
from channels.telegram.client import TelegramClient, split_updates
from channels.telegram.settings import wanted
from tests.channels.samples import FIXTURES, TELEGRAM

FOLDER = FIXTURES / "telegram"
NAMES = sorted(path.stem for path in FOLDER.glob("*.json"))
LAN = "5820113377"
SAID_AT = datetime(2026, 10, 30, 7, 23, 30, tzinfo=UTC)


def body(name: str) -> bytes:
    return (FOLDER / f"{name}.json").read_bytes()


def event(name: str) -> InboundEvent:
    (found,) = parse(Delivery(headers={}, body=body(name)), TELEGRAM)
    return found


# ---- reading

CASES: dict[str, dict[str, Any]] = {
    "text_plain": {
        "kind": Kind.TEXT,
        "key": "u:718204501",
        "thread": LAN,
        "external_id": "3412",
        "said_at": SAID_AT,
        "text": "Cho em hỏi bảo hiểm ô tô",
        "profile": Profile(name="Lan Nguyễn", language="vi"),
        "at_limit": False,
        "forwarded": False,
    },
    "text_nfd": {"text": "Tôi muốn mua bảo hiểm sức khỏe"},
    "text_emoji_entities": {"text": "🚗 Xe em 🇻🇳 https://example.com/xe gọi 0901234567"},
    "text_huge_ids": {"thread": "4503599627370495", "external_id": "2147483650"},
    "text_message_id_zero": {"kind": Kind.TEXT, "external_id": ""},
    "text_at_limit": {"at_limit": True},
    "text_reply_with_quote": {"ref": "3410", "text": "Đúng rồi ạ"},
    "text_forwarded_user": {"kind": Kind.TEXT, "forwarded": True},
    "text_forwarded_unknown_origin": {"kind": Kind.TEXT, "forwarded": True, "thread": LAN},
    "text_unknown_entity_and_field": {"kind": Kind.TEXT, "text": "loại mới"},
    "start_plain": {"kind": Kind.FOLLOW, "extra": {}, "external_id": "3420"},
    "start_payload": {"kind": Kind.FOLLOW, "payload": "qr-quan7_A", "extra": {"start": "qr-quan7_A"}},
    "start_at_bot_payload": {"kind": Kind.FOLLOW, "extra": {"start": "x"}},
    "start_link": {
        "kind": Kind.FOLLOW,
        "extra": {"start": "tnds_o_to", "source": "facebook", "campaign": "tet_2027"},
    },
    "start_with_words": {"kind": Kind.TEXT, "text": "/start tôi muốn hỏi giá"},
    "photo_caption": {
        "kind": Kind.IMAGE,
        "text": "Cà vẹt xe ạ",
        "files": (InboundFile(kind=Kind.IMAGE, source="AgACAgUAAxkBAAIxvX2c", mime="image/jpeg", size=181223),),
    },
    "photo_album_1": {"album": "13812098712345678", "text": "Ba tấm nhé"},
    "photo_album_2": {"album": "13812098712345678", "text": ""},
    "photo_album_3": {"album": "13812098712345678", "external_id": "3427"},
    "document_pdf": {
        "kind": Kind.FILE,
        "files": (
            InboundFile(
                kind=Kind.FILE, source="BQACAgUAAxkBAAIND2c", name="Hợp đồng.pdf", mime="application/pdf", size=482113
            ),
        ),
    },
    "document_hostile_name": {
        "files": (
            InboundFile(
                kind=Kind.FILE, source="BQACAgUAAxkBAAINEGc", name="_.._anhgpj.exe", mime="image/jpeg", size=2212113
            ),
        )
    },
    "animation": {
        "kind": Kind.VIDEO,
        "files": (
            InboundFile(kind=Kind.VIDEO, source="CgACAgQAAxkBAAINEWc", name="giphy.mp4", mime="video/mp4", size=51230),
        ),
    },
    "video": {"kind": Kind.VIDEO, "text": "Xe bị quẹt ạ"},
    "video_note": {"kind": Kind.VIDEO},
    "voice": {"kind": Kind.AUDIO},
    "audio": {"kind": Kind.AUDIO},
    "sticker_animated": {"kind": Kind.STICKER, "extra": {"emoji": "👍"}, "text": ""},
    "location": {"kind": Kind.LOCATION, "location": (10.776889, 106.700806)},
    "location_live": {"kind": Kind.LOCATION},
    "edited_location_live": {"kind": Kind.EDIT, "ref": "3439", "location": (10.778001, 106.701502)},
    "venue": {
        "kind": Kind.LOCATION,
        "location": (10.8016, 106.7114),
        "text": "Garage Minh Phát, 12 Điện Biên Phủ, Bình Thạnh",
    },
    "contact_own_without_plus": {"contact": SharedContact(phone="+84901234567", name="Lan", own=True), "ref": "3410"},
    "contact_own_with_plus": {"contact": SharedContact(phone="+84901234567", name="Lan Nguyễn", own=True)},
    "contact_of_another": {"contact": SharedContact(phone="0912345678", name="Chồng em", own=False)},
    "contact_forwarded": {"contact": SharedContact(phone="+84901234567", name="Lan", own=False), "forwarded": True},
    "edited_text": {
        "kind": Kind.EDIT,
        "ref": "3412",
        "external_id": "",
        "text": "Cho em hỏi bảo hiểm xe máy",
        "said_at": datetime(2026, 10, 30, 7, 25, tzinfo=UTC),
    },
    "callback": {
        "kind": Kind.BUTTON,
        "thread": LAN,
        "payload": "need:car",
        "text": "Ô tô",
        "external_id": "24997196712345678",
        "ref": "3410",
        "extra": {"callback_id": "24997196712345678"},
        "said_at": UNSAID,
    },
    "callback_inaccessible_message": {"kind": Kind.BUTTON, "thread": LAN, "payload": "agree", "text": "", "ref": "102"},
    "member_kicked": {"kind": Kind.UNFOLLOW, "thread": LAN},
    "member_back": {"kind": Kind.FOLLOW, "thread": LAN},
    "rich_message": {"kind": Kind.TEXT, "text": "Câu hỏi\nEm cần bảo hiểm ô tô gấp\nVios 2019\nTP HCM"},
    "rich_message_of_pictures": {"kind": Kind.UNSUPPORTED, "reason": "rich_message"},
    "paid_media": {"kind": Kind.UNSUPPORTED, "reason": "paid_media", "text": "xem đi"},
    "dice": {"kind": Kind.UNSUPPORTED, "reason": "dice"},
    "poll": {"kind": Kind.UNSUPPORTED, "reason": "poll"},
    "unknown_content": {"kind": Kind.UNSUPPORTED, "reason": "thought_wave"},
    "gift": {"kind": Kind.UNSUPPORTED, "reason": "gift"},
    "web_app_data": {
        "kind": Kind.FORM,
        "text": '{"name":"Lan","so_dien_thoai":"0901 234 567","goi":2}',
        "extra": {"name": "Lan", "phone": "0901 234 567", "product": "2"},
    },
    "web_app_words": {"kind": Kind.FORM, "text": "gói=2; tuổi=30", "extra": {"message": "gói=2; tuổi=30"}},
    "callback_inline_message": {"kind": Kind.BUTTON, "thread": LAN, "payload": "x", "text": "", "ref": ""},
    "reaction": {
        "kind": Kind.REACTION,
        "thread": LAN,
        "ref": "3412",
        "external_id": "",
        "said_at": SAID_AT,
        "extra": {"reaction": "❤", "action": "react"},
    },
    "reaction_taken_back": {"kind": Kind.REACTION, "ref": "3412", "extra": {"action": "unreact"}},
    "reaction_custom_and_paid": {"extra": {"reaction": "custom_emoji⭐", "action": "react"}},
}
IGNORED = {
    "business_connection": "update: business_connection",
    "business_message": "update: business_message",
    "business_message_edited": "update: edited_business_message",
    "business_message_of_advisor": "update: business_message",
    "business_messages_deleted": "update: deleted_business_messages",
    "callback_game": "a button that carries nothing (a game)",
    "callback_in_group": "chat: supergroup",
    "channel_post": "update: channel_post",
    "edited_in_group": "chat: supergroup",
    "from_bot": "from a bot",
    "group_anonymous_admin": "chat: supergroup",
    "group_message": "chat: supergroup",
    "inline_query": "update: inline_query",
    "member_added_to_group": "chat: supergroup",
    "member_unknown_status": "member status: muted_forever",
    "reaction_in_group": "chat: supergroup",
    "poll_answer": "update: poll_answer",
    "service_pinned": "service message: pinned_message",
    "service_write_access": "service message: write_access_allowed",
    "unknown_update": "update: telepathy",
}


def test_every_fixture_is_expected() -> None:
    assert sorted({*CASES, *IGNORED}) == NAMES


@pytest.mark.parametrize("name", CASES)
def test_what_an_update_says(name: str) -> None:
    found = event(name)
    assert {key: getattr(found, key) for key in CASES[name]} == CASES[name]


@pytest.mark.parametrize("name", IGNORED)
def test_what_is_not_for_us(name: str) -> None:
    found = event(name)
    assert (found.kind, found.thread, found.reason) == (Kind.IGNORED, "", IGNORED[name])
    assert (found.text, found.files, found.profile) == ("", (), None)


@pytest.mark.parametrize(
    ("given", "own", "wanted"),
    [
        ("84901234567", True, "+84901234567"),
        ("+84 90 123-45-67", True, "+84901234567"),
        ("0901234567", True, "0901234567"),
        ("14155550100", True, "+14155550100"),
        ("14155550100", False, "14155550100"),
        ("84901234567", False, "+84901234567"),
        ("(090) 123.4567", False, "0901234567"),
        ("", True, ""),
    ],
)
def test_phone_numbers_come_in_every_spelling(given: str, own: bool, wanted: str) -> None:
    raw = json.loads(body("contact_own_with_plus"))
    raw["message"]["contact"] |= {"phone_number": given, "user_id": int(LAN) if own else 1}
    (found,) = parse(Delivery(headers={}, body=json.dumps(raw).encode()), TELEGRAM)
    assert found.contact is not None
    assert (found.contact.phone, found.contact.own) == (wanted, own)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"[]",
        b"{}",
        b'{"update_id":1.5}',
        b'{"update_id":true,"message":{}}',
        b'{"update_id":1,"message":[]}',
        b'{"update_id":1,"message":{"chat":{"type":"private"},"from":{"id":7},"message_id":1,"text":"x"}}',
        b'{"update_id":1,"message":{"chat":{"type":"private","id":7},"from":{"id":7},"message_id":1,"text":{"$ne":1}}}',
        b'{"update_id":1,"message":{"chat":{"type":"private","id":7},"from":{"id":7},"message_id":1,"photo":[]}}',
        b'{"update_id":1,"message":{"chat":{"type":"private","id":7},"from":{"id":7},"message_id":1,"voice":{}}}',
        b'{"update_id":1,"message":{"chat":{"type":"private","id":7},"from":{"id":7},"date":1793345010000,"message_id":1,"text":"x"}}',
    ],
)
def test_unreadable(bad: bytes) -> None:
    with pytest.raises(MalformedPayload):
        parse(Delivery(headers={}, body=bad), TELEGRAM)


CHANGES: list[dict[str, Any]] = [
    {"chat": None}, {"chat": "5"}, {"chat": {"id": 5}}, {"chat": {"id": 5, "type": ["private"]}}, {"chat": {"id": 5.5, "type": "private"}},
    {"from": "Lan"}, {"from": {"id": 5, "is_bot": {"a": 1}}}, {"from": {"id": 5, "first_name": {"a": 1}}}, {"date": "hôm nay"},
    {"text": 5}, {"text": None, "photo": {"file_id": "x"}}, {"text": None, "photo": ["x"]}, {"text": None, "voice": "x"},
    {"text": None, "document": [1]}, {"text": None, "sticker": []}, {"text": None, "contact": "0901"}, {"text": None, "web_app_data": "x"},
    {"text": None, "location": {"latitude": "10", "longitude": 1}}, {"reply_to_message": []}, {"media_group_id": {}},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=[str(at) for at in range(len(CHANGES))])
def test_a_wrong_shape_is_kept_aside(change: dict[str, Any]) -> None:
    """And what is merely new is not: see `text_unknown_entity_and_field`."""
    raw = json.loads(body("text_plain"))
    raw["message"] |= change
    with pytest.raises(MalformedPayload):
        parse(Delivery(headers={}, body=json.dumps(raw).encode()), TELEGRAM)


@pytest.mark.parametrize("told", [{"data": "x"}, {"data": {"a": 1}, "from": {"id": 5}}, {"data": "x", "from": {}}])
def test_a_tap_of_a_wrong_shape_is_kept_aside(told: dict[str, Any]) -> None:
    raw = {"update_id": 1, "callback_query": {"id": "1", "chat_instance": "1", **told}}
    with pytest.raises(MalformedPayload):
        parse(Delivery(headers={}, body=json.dumps(raw).encode()), TELEGRAM)


def test_a_service_message_is_one_whatever_new_stands_beside_it() -> None:
    raw = json.loads(body("service_pinned"))
    raw["message"] = {"frame_of_tomorrow": 1, "text": None, "dice": None, **raw["message"]}
    (found,) = parse(Delivery(headers={}, body=json.dumps(raw).encode()), TELEGRAM)
    assert (found.kind, found.reason) == (Kind.IGNORED, "service message: pinned_message")


def test_half_an_emoji_is_replaced() -> None:
    raw = body("text_plain").replace(b"Cho em", rb"\ud83d Cho em")
    assert parse(Delivery(headers={}, body=raw), TELEGRAM)[0].text.startswith("\ufffd Cho em")


def test_an_update_of_an_unknown_kind_with_members_we_know_is_not_misread() -> None:
    (found,) = parse(
        Delivery(headers={}, body=b'{"update_id":5,"guest_message":{"text":"hi","chat":{"type":"private"}}}'), TELEGRAM
    )
    assert (found.kind, found.key, found.reason) == (Kind.IGNORED, "u:5", "update: guest_message")


@pytest.mark.parametrize(
    ("payload", "extra"),
    [
        ("qr-quan7_A", {"start": "qr-quan7_A"}),
        ("--zalo", {"source": "zalo"}),
        ("--zalo--tet--2027", {"source": "zalo", "campaign": "tet--2027"}),
        ("du_lich----tet", {"start": "du_lich", "campaign": "tet"}),
        ("", {}),
    ],
)
def test_a_link_says_where_he_comes_from(payload: str, extra: dict[str, str]) -> None:
    raw = json.loads(body("start_payload"))
    raw["message"]["text"] = f"/start {payload}"
    (found,) = parse(Delivery(headers={}, body=json.dumps(raw).encode()), TELEGRAM)
    assert (found.kind, found.extra) == (Kind.FOLLOW, extra)


@pytest.mark.parametrize("name", ["callback_game", "callback_in_group"])
def test_a_tap_that_is_not_ours_stops_turning_too(name: str) -> None:
    assert event(name).extra == {"callback_id": json.loads(body(name))["callback_query"]["id"]}


# ---- an advisor's own chats

BUSINESS = replace(TELEGRAM, settings={"business": True})


def told(name: str) -> list[InboundEvent]:
    return parse(Delivery(headers={}, body=body(name)), BUSINESS)


def test_what_a_customer_writes_to_an_advisor_is_kept_and_answered_by_nobody() -> None:
    (found,) = told("business_message")
    assert (found.kind, found.thread, found.standby, found.external_id) == (Kind.TEXT, LAN, True, "bc_1:3461")
    (edited,) = told("business_message_edited")
    assert (edited.kind, edited.ref, edited.standby) == (Kind.EDIT, found.external_id, True)
    raw = json.loads(body("business_message"))
    raw["business_message"]["text"] = "/start x"
    (command,) = parse(Delivery(headers={}, body=json.dumps(raw).encode()), BUSINESS)
    assert (command.kind, command.text, command.extra) == (Kind.TEXT, "/start x", {})


def test_what_he_deletes_there_is_taken_back_here() -> None:
    found = told("business_messages_deleted")
    assert [(one.kind, one.ref, one.key) for one in found] == [
        (Kind.RETRACT, "bc_1:3461", "u:718204604:bc_1:3461"),
        (Kind.RETRACT, "bc_1:3463", "u:718204604:bc_1:3463"),
    ]
    assert all(one.standby and parse(Delivery(headers={}, body=one.raw), BUSINESS) == [one] for one in found)


@pytest.mark.parametrize("name", ["business_message_of_advisor", "business_connection"])
def test_an_advisors_own_words_there_are_not_ours(name: str) -> None:
    (found,) = told(name)
    assert (found.kind, found.thread) == (Kind.IGNORED, "")


def test_business_updates_are_asked_for_only_where_they_are_wanted() -> None:
    assert not any("business" in kind for kind in wanted(TELEGRAM))
    assert sum("business" in kind for kind in wanted(BUSINESS)) == 4


# ---- verifying


def test_two_secrets_are_good_during_a_change() -> None:
    account = replace(TELEGRAM, settings={"secret": ["n" * 32, "o" * 32]})
    for secret in ("n" * 32, "o" * 32):
        verify(Delivery(headers={"x-telegram-bot-api-secret-token": secret}, body=b""), account)


# ---- rendering

SAY = OutboundMessage(id="o", thread=LAN, text="Chào <b>chị</b> & gia đình")


def sent(message: OutboundMessage) -> dict[str, Any]:
    request = render(message, TELEGRAM)
    return {"method": request.__api_method__} | request.model_dump(mode="json", exclude_unset=True)


def test_plain_text_without_a_parse_mode() -> None:
    assert sent(SAY) == {"method": "sendMessage", "chat_id": int(LAN), "text": SAY.text}
    assert sent(replace(SAY, notification=False))["disable_notification"] is True


def test_renderings_compare() -> None:
    from aiogram.methods import SendMessage

    assert render(SAY, TELEGRAM) == SendMessage(chat_id=int(LAN), text=SAY.text)
    file = OutboundFile(id="f", name="a.pdf", mime="application/pdf", size=4, data=b"%PDF")
    document = replace(SAY, file=file)
    assert render(document, TELEGRAM) == render(document, TELEGRAM)
    assert render(document, TELEGRAM) != render(replace(document, file=replace(file, data=b"%PDX")), TELEGRAM)


def test_inline_buttons_two_in_a_row_while_they_are_short() -> None:
    short = tuple(Button(id=f"n:{index}", label=f"Nút {index}") for index in range(3))
    assert sent(replace(SAY, buttons=short))["reply_markup"] == {
        "inline_keyboard": [
            [{"text": "Nút 0", "callback_data": "n:0"}, {"text": "Nút 1", "callback_data": "n:1"}],
            [{"text": "Nút 2", "callback_data": "n:2"}],
        ]
    }
    wide = (Button(id="a", label="Bảo hiểm vật chất xe"), Button(id="", label="Xem", url="https://example.com"))
    assert sent(replace(SAY, buttons=wide, clear_keyboard=True))["reply_markup"] == {
        "inline_keyboard": [
            [{"text": "Bảo hiểm vật chất xe", "callback_data": "a"}],
            [{"text": "Xem", "url": "https://example.com"}],
        ]
    }


def test_the_phone_number_is_asked_for_under_the_text_field_and_taken_away_again() -> None:
    ask = (Button(id="phone", label="Gửi số", contact=True), Button(id="skip", label="Để sau"))
    assert sent(replace(SAY, buttons=ask))["reply_markup"] == {
        "keyboard": [[{"text": "Gửi số", "request_contact": True}], [{"text": "Để sau"}]],
        "resize_keyboard": True,
        "one_time_keyboard": True,
    }
    assert sent(replace(SAY, clear_keyboard=True))["reply_markup"] == {"remove_keyboard": True}


@pytest.mark.parametrize(
    ("mime", "size", "method"),
    [
        ("image/jpeg", 5, "sendPhoto"),
        ("image/jpeg", (10 << 20) + 1, "sendDocument"),
        ("image/heic", 5, "sendDocument"),
        ("application/pdf", 5, "sendDocument"),
    ],
)
def test_pictures_and_documents(mime: str, size: int, method: str) -> None:
    file = OutboundFile(id="f", name="Hợp đồng Đỗ Thị\r\nX: y.pdf", mime=mime, size=size, data=b"12345")
    request = render(replace(SAY, file=file), TELEGRAM)
    upload = getattr(request, "photo", None) or getattr(request, "document", None)
    assert request.__api_method__ == method
    assert (upload.data, upload.filename) == (b"12345", "Hop_dong_Do_Thi_X_y.pdf")
    assert getattr(request, "caption", "") == SAY.text
    unsaid = getattr(render(replace(SAY, text="", file=file), TELEGRAM), "caption", None)
    assert unsaid == (None if method == "sendPhoto" else "Hợp đồng Đỗ Thị X: y.pdf")


@pytest.mark.parametrize(
    ("name", "plain"), [("", "file"), ("bảng giá", "bang_gia"), ("保险.pdf", "pdf"), ("..", "file")]
)
def test_file_names_are_ascii(name: str, plain: str) -> None:
    file = OutboundFile(id="f", name=name, mime="application/pdf", size=1, data=b"1")
    assert getattr(render(replace(SAY, file=file), TELEGRAM), "document").filename == plain  # noqa: B009


def test_a_long_caption_becomes_a_text_after_the_file() -> None:
    file = OutboundFile(id="f", name="a.pdf", mime="application/pdf", size=1, data=b"1")
    first, second = fit(replace(SAY, text="Dạ. " * 300, file=file), CAPABILITIES)
    assert getattr(render(first, TELEGRAM), "caption") is None  # noqa: B009
    assert sent(second)["method"] == "sendMessage"


# ---- what the answers mean


def refused(code: int, description: str, **parameters: Any) -> bytes:
    return json.dumps({"ok": False, "error_code": code, "description": description, "parameters": parameters}).encode()


@pytest.mark.parametrize(
    ("code", "description", "error", "reason"),
    [
        (400, "Bad Request: chat not found", Permanent, "not_found"),
        (400, "Bad Request: user not found", Permanent, "not_found"),
        (400, "Bad Request: message to be replied not found", Permanent, "bad_request"),
        (400, "Bad Request: wrong file identifier/HTTP URL specified", Permanent, "gone"),
        (400, "Bad Request: can't parse entities: Unsupported start tag", Permanent, "bad_request"),
        (400, "Bad Request: message is too long", Permanent, "too_large"),
        (400, "Bad Request: message text is empty", Permanent, "bad_request"),
        (400, "Bad Request: BUTTON_DATA_INVALID", Permanent, "bad_request"),
        (400, "Bad Request: file is too big", Permanent, "too_large"),
        (400, "Bad Request: group chat was upgraded to a supergroup chat", Permanent, "moved"),
        (401, "Unauthorized", NeedsReauth, ""),
        (404, "Not Found", NeedsReauth, ""),
        (403, "Forbidden: bot was blocked by the user", Permanent, "blocked"),
        (403, "Forbidden: user is deactivated", Permanent, "deactivated"),
        (403, "Forbidden: bot can't initiate conversation with a user", Permanent, "never_started"),
        (403, "Forbidden: bot was kicked from the group chat", Permanent, "blocked"),
        (403, "Forbidden: something new", Permanent, "refused"),
        (409, "Conflict: terminated by other getUpdates request", NeedsReauth, ""),
        (413, "Request Entity Too Large", Permanent, "too_large"),
        (420, "Flood", Permanent, "refused"),
        (500, "Internal Server Error: restart", DeliveryUnknown, ""),
        (502, "Bad Gateway", DeliveryUnknown, ""),
        (503, "Service Unavailable", Retryable, ""),
        (504, "Gateway Timeout", DeliveryUnknown, ""),
        (307, "Moved", Retryable, ""),
        (408, "Request Timeout", DeliveryUnknown, ""),
    ],
)
def test_what_a_refusal_means(code: int, description: str, error: type[ChannelError], reason: str) -> None:
    for status, answered in ((code, refused(code, description)), (200, refused(code, description))):
        with pytest.raises(ChannelError) as caught:
            outcome(status, answered)
        assert type(caught.value) is error
        assert getattr(caught.value, "reason", "") == reason
        assert caught.value.code == str(code)
    if error is not Permanent or code == 413:
        with pytest.raises(error):  # the edge answers with a page, not with JSON
            outcome(code, b"<html>nginx</html>")


@pytest.mark.parametrize(
    ("body", "after"),
    [
        (refused(429, "Too Many Requests: retry after 7", retry_after=7), 7.0),
        (refused(429, "Too Many Requests: retry after 0", retry_after=0), 0.0),
        (refused(429, "Too Many Requests"), 5.0),
        (refused(429, "Too Many Requests", retry_after="soon"), 5.0),
        (b"<html>slow down</html>", 5.0),
    ],
)
def test_too_fast_is_waited_out_to_the_second(body: bytes, after: float) -> None:
    with pytest.raises(RateLimited) as caught:
        outcome(429, body)
    assert (caught.value.retry_after, caught.value.whole_account) == (after, False)


@pytest.mark.parametrize("status", [200, 201])
@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"ok":1}', b"null", b'{"result":{}}', b"\xff", b'{"ok":false}']
)
def test_an_answer_that_nobody_can_read(status: int, body: bytes) -> None:
    with pytest.raises(DeliveryUnknown):
        outcome(status, body)


def test_went_through() -> None:
    assert outcome(200, b'{"ok":true,"result":{"message_id":3413,"text":"\\ud83d"}}') == "3413"
    assert outcome(200, b'{"ok":true,"result":true}') == ""


@pytest.mark.parametrize(
    "description",
    [
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
        "Bad Request: message is not modified: specified new message content is exactly the same",
    ],
)
def test_harmless_refusals(description: str) -> None:
    assert outcome(400, refused(400, description)) == ""
    assert answer(400, refused(400, description)) is None


def test_what_telegram_quotes_is_not_passed_on() -> None:
    quoted = 'Bad Request: can\'t parse "0901234567 Lan" at https://x.test/bot1:AA for 5820113377 of @lan_vidu'
    with pytest.raises(Permanent) as caught:
        outcome(400, refused(400, quoted))
    assert str(caught.value) == "telegram: Bad Request: can't parse … at … for … of …"


# ---- a poll's answer

ONE, TWO = b'{"update_id":7,"message":{"text":"\\ud83d ]}, \xc3\xb4"}}', b'{"update_id":9, "x":[1,{"a":1,"a":2}]}'


@pytest.mark.parametrize(
    ("body", "updates"),
    [
        (b'{"ok":true,"result":[]}', []),
        (b'{"ok":true,"result":[' + ONE + b"," + TWO + b"]}", [(7, ONE), (9, TWO)]),
        (b' { "ok" : true , "result" : [ ' + ONE + b" , \n" + TWO + b" ] } ", [(7, ONE), (9, TWO)]),
        (b'{"result":[' + ONE + b'],"ok":true}', [(7, ONE)]),
        (b'{"ok":true,"result":[' + ONE + b',{"no":"id"}]}', [(7, ONE)]),
        (b'{"ok":true,"result":[' + ONE, [(7, ONE)]),
        (b'{"ok":true,"result":[{"no":"id"}]}', None),
        (b'{"ok":true,"result":true}', None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_each_update_keeps_its_own_bytes(body: bytes, updates: list[tuple[int, bytes]] | None) -> None:
    assert split_updates(body) == updates


# ---- others who read the same updates

UNREADABLE_TO_AIOGRAM = {"text_forwarded_unknown_origin", "member_unknown_status", "rich_message_of_pictures"}


PERSON = {"id": 7, "first_name": "Lan"}
TOLD = {"message_id": 5, "date": 1793345010, "from": PERSON, "chat": {"id": 7, "type": "private"}, "text": "a"}


@pytest.mark.parametrize(
    ("update", "named"),
    [
        ({"message": TOLD}, "5"),
        ({"message": TOLD | {"message_id": 0}}, ""),
        ({"edited_message": TOLD | {"edit_date": 1793345020}}, ""),
        ({"callback_query": {"id": "438", "from": PERSON, "data": "c1:yes"}}, "438"),
    ],
)
def test_the_same_message_in_two_updates_has_one_name(update: dict[str, Any], named: str) -> None:
    """The key is the update's; what is said has its own, by which it is known in another (handlers/repeats.py)."""
    first, second = (
        parse(Delivery(headers={}, body=json.dumps({"update_id": number, **update}).encode()), TELEGRAM)[0]
        for number in (1, 2)
    )
    assert (first.key, second.key) == ("u:1", "u:2")
    assert first.external_id == second.external_id == named
    assert first.enveloped


def agree(found: InboundEvent, update_id: int, message: Any, said: str | None, sender: Any) -> None:
    assert found.key == f"u:{update_id}"
    if message is None or found.kind is Kind.IGNORED:
        return
    assert found.thread == str(message.chat.id)
    if found.kind in {Kind.TEXT, Kind.IMAGE, Kind.EDIT} and said:
        assert found.text == unicodedata.normalize("NFC", said)
    assert found.profile is not None
    assert found.profile.name == sender.full_name


@pytest.mark.parametrize("name", NAMES)
def test_python_telegram_bot_reads_the_same(name: str) -> None:
    from telegram import Update

    update = Update.de_json(json.loads(body(name)), None)
    message = update.message or update.edited_message
    found = event(name)
    agree(found, update.update_id, message, message and (message.text or message.caption), update.effective_user)
    if message is not None and message.photo and found.files:
        assert found.files[0].source == max(message.photo, key=lambda size: size.width * size.height).file_id
    if update.callback_query is not None and found.kind is Kind.BUTTON:
        assert (found.payload, found.external_id) == (update.callback_query.data, update.callback_query.id)
    if message is not None and found.kind is not Kind.IGNORED:
        assert found.said_at == (message.edit_date or message.date)
        assert (found.external_id or found.ref or "0") == str(message.message_id)


@pytest.mark.parametrize("name", NAMES)
def test_aiogram_reads_the_same_where_it_reads_at_all(name: str) -> None:
    from pydantic import ValidationError

    from channels.telegram import calls  # noqa: F401 - its way of importing aiogram
    from aiogram.types import Update  # isort: skip

    try:
        update = Update.model_validate_json(body(name))
    except ValidationError:
        assert name in UNREADABLE_TO_AIOGRAM
        return
    assert name not in UNREADABLE_TO_AIOGRAM
    message = update.message or update.edited_message
    agree(
        event(name),
        update.update_id,
        message,
        message and (message.text or message.caption),
        message and message.from_user,
    )
    if update.callback_query is not None and event(name).kind is Kind.BUTTON:
        assert (event(name).payload, event(name).external_id) == (update.callback_query.data, update.callback_query.id)


async def test_what_goes_over_the_wire_is_what_the_model_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """The body is written without pydantic, keyboards from memory: for every kind of keyboard it must not show."""
    from channels.telegram import calls

    monkeypatch.setattr(calls, "KEPT", 2)
    bodies: list[bytes] = []

    class Wire(Http):
        async def post(self, path: str, body: bytes, headers: Any, **limits: Any) -> tuple[int, bytes]:
            bodies.append(body)
            return 200, b'{"ok":true,"result":{"message_id":7}}'

    account = replace(TELEGRAM, settings={"token": "1:x"})
    client = TelegramClient(account, http=Wire("http://127.0.0.1:1"))
    messages = [
        SAY,
        replace(SAY, notification=False, clear_keyboard=True, text='Chị "Lan" 🚗\n'),
        *(replace(SAY, buttons=(Button(id=f"n:{n}", label=f"Nút {n}"), Button(id="", label="?", url="https://a.vn")))
          for n in range(4)),
        replace(SAY, buttons=(Button(id="phone", label="Gửi số", contact=True), Button(id="x", label="Để sau"))),
        replace(SAY, thread="@nobody"),
    ]  # fmt: skip
    for message in [*messages, *messages]:
        request = render(message, account)
        validated = type(request).model_validate(request.model_dump(exclude_unset=True))
        assert await client.call(request) == "7"
        assert json.loads(bodies[-1]) == validated.model_dump(mode="json", exclude_unset=True)
        assert request.model_fields_set == validated.model_fields_set
