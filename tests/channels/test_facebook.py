"""Messenger's quirks: what is read from its events, whose signature counts, what a message is as a call."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import outbound
from channels.contract import (
    Account,
    Button,
    Delivery,
    InboundEvent,
    Kind,
    MalformedPayload,
    OutboundMessage,
    Receipt,
    SharedContact,
    WebhookRejected,
)
from channels.facebook.adapter import ADAPTER, parse, render, verify
from channels.facebook.answers import _ACCOUNT, _SUBCODES
from channels.facebook.signature import HEADER, sign
from channels.reading import KEPT_ASIDE
from tests.channels.samples import FACEBOOK, FACEBOOK_SETTINGS, FIXTURES, sign_facebook

PAGE, APP, USER = "102938475610293", "731905522817364", "24681357902468135"
OTHER = Account(channel="facebook", name="second", settings={**FACEBOOK_SETTINGS, "page_id": "555"})
PAIR = replace(FACEBOOK, siblings=(OTHER,))


def body(name: str) -> bytes:
    return (FIXTURES / "facebook" / f"{name}.json").read_bytes()


def events(payload: Any, account: Account = FACEBOOK) -> list[InboundEvent]:
    return parse(Delivery(headers={}, body=json.dumps(payload).encode()), account)


def read(name: str) -> InboundEvent:
    (found,) = events(json.loads(body(name)))
    return found


def item(**what: Any) -> dict[str, Any]:
    return {"sender": {"id": USER}, "recipient": {"id": PAGE}, "timestamp": 1793331004871, **what}


def one(**what: Any) -> InboundEvent:
    (found,) = events({"object": "page", "entry": [{"id": PAGE, "messaging": [item(**what)]}]})
    return found


# ---- reading


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("text", Kind.TEXT),
        ("text_from_ad", Kind.TEXT),
        ("text_empty", Kind.IGNORED),
        ("attachments_null", Kind.IGNORED),
        ("attachments_empty", Kind.IGNORED),
        ("message_string", Kind.IGNORED),
        ("message_unsupported", Kind.UNSUPPORTED),
        ("quick_reply", Kind.BUTTON),
        ("quick_reply_phone", Kind.CONTACT),
        ("quick_reply_email", Kind.BUTTON),
        ("image", Kind.IMAGE),
        ("images", Kind.IMAGE),
        ("image_with_text", Kind.IMAGE),
        ("image_without_url", Kind.IMAGE),
        ("audio", Kind.AUDIO),
        ("video", Kind.VIDEO),
        ("file", Kind.FILE),
        ("sticker_old", Kind.STICKER),
        ("sticker_both", Kind.STICKER),
        ("sticker_new", Kind.STICKER),
        ("sticker_without_url", Kind.STICKER),
        ("location", Kind.LOCATION),
        ("fallback_v6", Kind.TEXT),
        ("fallback_old", Kind.TEXT),
        ("fallback_nothing", Kind.UNSUPPORTED),
        ("template_product", Kind.TEXT),
        ("reel", Kind.TEXT),
        ("appointment", Kind.UNSUPPORTED),
        ("attachment_unknown", Kind.UNSUPPORTED),
        ("attachment_not_object", Kind.IGNORED),
        ("postback", Kind.BUTTON),
        ("postback_menu_no_mid", Kind.BUTTON),
        ("get_started", Kind.FOLLOW),
        ("get_started_old", Kind.FOLLOW),
        ("referral", Kind.FOLLOW),
        ("referral_ad", Kind.FOLLOW),
        ("optin_plugin", Kind.FOLLOW),
        ("optin_checkbox", Kind.IGNORED),
        ("optin_marketing", Kind.IGNORED),
        ("delivery", Kind.RECEIPT),
        ("delivery_no_mids", Kind.RECEIPT),
        ("read", Kind.RECEIPT),
        ("reaction", Kind.REACTION),
        ("unreact", Kind.REACTION),
        ("edit", Kind.EDIT),
        ("unsend", Kind.RETRACT),
        ("echo_ours", Kind.ECHO),
        ("echo_ours_metadata", Kind.ECHO),
        ("echo_human", Kind.ECHO),
        ("echo_without_flag", Kind.ECHO),
        ("echo_deleted", Kind.IGNORED),
        ("standby_text", Kind.TEXT),
        ("standby_postback", Kind.BUTTON),
        ("pass_thread_control", Kind.SYSTEM),
        ("take_thread_control", Kind.SYSTEM),
        ("request_thread_control", Kind.SYSTEM),
        ("app_roles", Kind.IGNORED),
        ("policy", Kind.IGNORED),
        ("account_linking", Kind.IGNORED),
        ("unknown_item", Kind.IGNORED),
        ("feed_change", Kind.IGNORED),
        ("template_status", Kind.IGNORED),
        ("dashboard_test", Kind.TEXT),
        ("instagram", Kind.IGNORED),
        ("entry_missing", Kind.IGNORED),
        ("user_ref", Kind.BUTTON),
    ],
)
def test_kinds(name: str, kind: Kind) -> None:
    found = read(name)
    assert found.kind is kind
    assert found.thread == ("" if kind is Kind.IGNORED else found.thread)


def test_a_text_whole() -> None:
    found = read("text")
    assert (found.thread, found.external_id, found.key) == (USER, "m_Qx01", "m:m_Qx01")
    assert found.text == "Bảo hiểm xe máy 🛵 bao nhiêu tiền ạ?"
    assert found.said_at == datetime.fromtimestamp(1793331005.871, UTC)
    assert read("text_reply").ref == "m_Ab1$-x"
    assert read("text_from_ad").extra == {
        "start": "agent=ng01",
        "source": "ADS",
        "ad_id": "120208",
        "ad_title": "TNDS ô tô",
    }


def test_times_in_seconds_milliseconds_and_texts() -> None:
    at = datetime.fromtimestamp(1793331004, UTC)
    assert read("text_seconds").said_at == at
    assert read("text_timestamp_string").said_at.replace(microsecond=0) == at
    assert read("text_without_timestamp").said_at.year == 2026


def test_a_long_mid_is_one_id_everywhere() -> None:
    found = read("text_long_mid")
    assert found.external_id.startswith("sha256:")
    edited = one(message_edit={"mid": "m_" + "L" * 240, "text": "x", "num_edit": 2})
    assert edited.ref == found.external_id
    receipt = one(delivery={"mids": ["m_" + "L" * 240], "watermark": 1}).receipt
    assert receipt is not None
    assert receipt.external_ids == (found.external_id,)


def test_quick_replies_decide_by_payload_and_a_number_is_his_own() -> None:
    assert (read("quick_reply").payload, read("quick_reply").text) == ("p:tnds_xe_may", "Xe máy")
    assert read("quick_reply_phone").contact == SharedContact(phone="+84912345678", own=True)
    email = read("quick_reply_email")
    assert (email.payload, email.text) == ("lan@example.com", "lan@example.com")
    bare = one(message={"mid": "m_e", "quick_reply": {"payload": "lan@example.com"}})
    assert (bare.kind, bare.payload, bare.text) == (Kind.BUTTON, "lan@example.com", "lan@example.com")


def test_one_sticker_however_it_comes() -> None:
    for name in ("sticker_old", "sticker_both", "sticker_new"):
        found = read(name)
        assert [file.kind for file in found.files] == [Kind.STICKER]
        assert found.extra["sticker"]


def test_every_file_and_its_name() -> None:
    assert len(read("images").files) == 3
    assert read("image_with_text").text == "cà vẹt đây ạ"
    named = read("file_vietnamese").files[0]
    assert (named.name, named.mime) == ("Giấy chứng nhận.pdf", "application/pdf")
    assert read("audio").files[0].source.endswith("?dl=1")


def test_nothing_that_was_shared_is_lost() -> None:
    assert read("fallback_v6").text == "xem này https://vnexpress.net/a"  # what only shows it is none of his words
    assert read("fallback_old").text == "Ảnh\nhttps://www.facebook.com/p/1"
    assert "https://www.facebook.com/h" in read("attachment_unknown").text
    assert "480.700đ" in read("template_product").text
    assert "CONFIRMED" in read("appointment").text
    place = read("location")
    assert place.location == (10.7769, 106.7009)
    assert "Vị trí của Lan" in place.text


def test_where_he_comes_from() -> None:
    assert read("get_started").extra == {"start": "agent=ng01_tnds", "source": "SHORTLINK"}
    assert read("referral").extra["start"] == "agent=ng02"
    assert read("optin_plugin").extra == {"start": "box7"}
    assert [read(name).payload for name in ("referral", "optin_plugin")] == ["agent=ng02", "box7"]
    led = one(message={"mid": "m_1", "referral": {"source": "ADS", "ad_id": "7"}})
    assert (led.kind, led.extra["ad_id"]) == (Kind.FOLLOW, "7")


def test_a_sample_of_the_dashboard_alone_is_read() -> None:
    (found,) = events({"field": "messaging_postbacks", "value": item(postback={"mid": "m", "title": "T"})})
    assert (found.kind, found.text, found.thread) == (Kind.BUTTON, "T", USER)


def test_a_page_that_is_not_ours_alarms_nobody() -> None:
    for name, entry in (("alarms", PAGE), ("", ELSEWHERE)):
        told = {"policy_enforcement": {"action": "block"}, "sender": None, "recipient": {"id": entry}}
        (found,) = events({"object": "page", "entry": [{"id": entry, "messaging": [item() | told]}]})
        assert (found.kind, bool(found.extra)) == (Kind.IGNORED, bool(name))


def test_a_postback_without_an_id_is_known_by_who_when_and_what() -> None:
    first, again = (one(postback={"payload": "fee", "title": title}) for title in ("Giá", "Price"))
    later = events({"entry": [{"id": PAGE, "messaging": [item(postback={"payload": "fee"}, timestamp=1793331004999)]}]})
    assert first.key == again.key != later[0].key


def test_receipts() -> None:
    told = read("delivery").receipt
    assert told is not None
    assert (told.status, told.external_ids) == ("delivered", ("m_Out1", "m_Out2"))
    mark = datetime.fromtimestamp(1793331200.112, UTC)
    assert read("delivery_no_mids").receipt == Receipt(status="delivered", watermark=mark)
    seen = read("read").receipt
    assert seen is not None
    assert (seen.status, seen.external_ids) == ("read", ())
    assert one(read={"watermark": "soon"}).kind is Kind.IGNORED


def test_edits_have_their_own_keys() -> None:
    keys = {one(message_edit={"mid": "m_1", "text": "x", "num_edit": n}).key for n in range(3)}
    assert len(keys) == 3
    assert read("edit").ref == read("unsend").ref == read("text").external_id
    assert read("edit").text == "Bảo hiểm ô tô"


def test_echoes_are_ours_or_a_persons() -> None:
    assert not read("echo_ours").by_human
    assert read("echo_ours").extra == {"sent_id": "01JD"}
    assert not read("echo_ours_metadata").by_human
    human = read("echo_human")
    assert (human.by_human, human.thread, human.text) == (True, USER, "Chị ơi em là Hoa")
    assert read("echo_human_image").files
    assert read("echo_without_flag").by_human
    assert not one(sender={"id": PAGE}, recipient={"id": USER}, message={"mid": "m", "app_id": APP}).by_human


@pytest.mark.parametrize(
    ("message", "by_human", "unsigned"),
    [
        ({"is_echo": True, "app_id": APP}, False, False),
        ({"is_echo": True, "app_id": None, "metadata": "gw:01JD"}, False, False),
        ({"is_echo": True, "app_id": 263902037430900}, True, False),
        ({"is_echo": True}, True, True),
        ({"is_echo": True, "app_id": None}, True, True),
        ({}, True, True),
    ],
)
def test_an_echo_that_names_nobody_says_so(message: dict[str, Any], by_human: bool, unsigned: bool) -> None:
    echo = one(sender={"id": PAGE}, recipient={"id": USER}, message={"mid": "m_X", "text": "Dạ", **message})
    assert (echo.kind, echo.external_id, echo.by_human, echo.unsigned) == (Kind.ECHO, "m_X", by_human, unsigned)


def test_what_is_said_to_another_app_stands_by() -> None:
    assert read("standby_text").standby
    assert read("standby_postback").text == "Báo giá"
    assert not read("text").standby
    assert [read(f"{name}_thread_control").extra["held_by"] for name in ("pass", "take", "request")] == [
        "us",
        "other",
        "asked",
    ]


def test_alarms_reach_people() -> None:
    assert "block" in read("policy").extra["alarm"]
    assert read("template_status").extra["alarm"]


def test_a_broken_event_loses_no_other() -> None:
    found = events(json.loads(body("entry_broken")))
    assert [event.kind for event in found] == [Kind.IGNORED] * 3 + [Kind.TEXT]
    assert [event.account for event in found] == [KEPT_ASIDE, "page", "page", "page"]
    three = [{"mid": "m_1", "text": "một"}, {"mid": "m_2", "text": {"a": 1}}, {"mid": "m_3", "text": "ba"}]
    found = events({"object": "page", "entry": [{"id": PAGE, "messaging": [item(message=each) for each in three]}]})
    assert [(event.account, event.text) for event in found] == [("page", "một"), (KEPT_ASIDE, ""), ("page", "ba")]
    assert found[1].reason == "text: a text was expected"
    assert events(json.loads(found[1].raw)) == [found[1]]
    assert [event.text for event in events(json.loads(body("batch")))] == ["một", "", "hai"]


@pytest.mark.parametrize(
    ("attachment", "kind", "name", "text"),
    [
        ({"type": "file", "payload": None}, Kind.FILE, "", ""),
        ({"type": "file"}, Kind.FILE, "", ""),
        ({"type": "file", "title": "Đơn.pdf", "payload": {"url": ""}}, Kind.FILE, "Đơn.pdf", ""),
        ({"type": "image", "payload": None}, Kind.IMAGE, "", ""),
        ({"type": "image", "payload": {"title": "xe của em"}}, Kind.IMAGE, "", "xe của em"),
        ({"type": "audio", "payload": {"url": None}}, Kind.AUDIO, "", ""),
    ],
)
def test_a_file_that_cannot_be_had_is_one(attachment: dict[str, Any], kind: Kind, name: str, text: str) -> None:
    event = one(message={"mid": "m_1", "attachments": [attachment]})
    (file,) = event.files
    assert (event.kind, file.kind, file.source, file.name, event.text) == (kind, kind, "", name, text)


@pytest.mark.parametrize(("known", "minutes"), [({}, 10), ({"id": True}, 0), ({"time": True}, 0)])
def test_what_has_neither_id_nor_time_is_known_by_its_bytes_for_a_while(known: dict[str, bool], minutes: int) -> None:
    """docs/adr/0153"""
    message = {"text": "ok"} | ({"mid": "m_1"} if known.get("id") else {})
    stamp = {} if known.get("time") else {"timestamp": None}
    assert one(message=message, **stamp).window_ms == minutes * 60_000


def hanging(kind: Any, payload: Any) -> dict[str, Any]:
    return {"message": {"mid": "m_1", "attachments": [{"type": kind, "payload": payload}]}}


@pytest.mark.parametrize(
    "what",
    [
        {"message": {"mid": "m_1", "text": {"a": 1}}},
        {"message": {"mid": "m_1", "text": ["a"]}},
        {"message": {"mid": {"a": 1}, "text": "a"}},
        {"message": [{"mid": "m_1", "text": "a"}]},
        {"message": None},
        {"message": 7},
        {"message": {"mid": "m_1", "text": "a"}, "sender": None},
        {"postback": {"payload": "a"}, "sender": {}},
        {"message": {"mid": "m_1", "text": "a", "quick_reply": ["x"]}},
        {"message": {"mid": "m_1", "text": "a"}, "sender": {"id": {"a": 1}}},
        {"message": {"mid": "m_1", "text": "a"}, "sender": ["1"]},
        {"message": {"mid": "m_1", "text": "a"}, "recipient": PAGE},
        {"message": {"mid": "m_1", "attachments": "x"}},
        {"message": {"mid": "m_1", "attachments": ["https://x.example/a"]}},
        hanging("image", [{"url": "https://a.fbcdn.net/1"}]),
        hanging("image", "https://a.fbcdn.net/1"),
        hanging("image", {"url": {"a": 1}}),
        hanging("location", {"coordinates": [1, 2]}),
        hanging("sticker", {"sticker_id": {"a": 1}}),
        hanging(["image"], {}),
        {"postback": ["FEE"]},
        {"postback": {"payload": {"a": 1}}},
        {"reaction": {"mid": ["m"]}},
        {"read": {"watermark": {"a": 1}}},
        {"delivery": {"mids": [{"a": 1}]}},
        {"message_edit": "x"},
    ],
)
def test_another_shape_is_kept_aside_alone(what: dict[str, Any]) -> None:
    found = one(**what)
    assert (found.account, found.thread, found.kind) == (KEPT_ASIDE, "", Kind.IGNORED)
    assert "expected" in found.reason or found.reason == "sender.id: said by nobody"


def test_what_nobody_knows_may_have_any_shape() -> None:
    assert one(**hanging("hologram", [{"z": 1}])).kind is Kind.UNSUPPORTED
    assert one(**hanging("template", [1])).kind is Kind.UNSUPPORTED
    assert one(**hanging("appointment_booking", {"status": ["x"]})).kind is Kind.UNSUPPORTED
    assert one(hologram=[1], timestamp={}).account == "page"
    assert one(message={"mid": "m_1", "text": "a", "nlp": [1], "commands": "x"}, foo=[1]).text == "a"
    assert one(message={"mid": "m_1", "text": "a"}, postback=None).text == "a"


ELSEWHERE = "999888"


@pytest.mark.parametrize(
    ("entry", "sender", "recipient", "account"),
    [
        (PAGE, USER, PAGE, "page"),
        (None, USER, PAGE, "page"),
        (PAGE, USER, None, "page"),
        (None, USER, None, "page"),
        (ELSEWHERE, USER, PAGE, f"?{ELSEWHERE}"),
        (PAGE, USER, ELSEWHERE, f"?{ELSEWHERE}"),
        (ELSEWHERE, USER, ELSEWHERE, f"?{ELSEWHERE}"),
        (ELSEWHERE, PAGE, USER, f"?{ELSEWHERE}"),
        (ELSEWHERE, ELSEWHERE, USER, f"?{ELSEWHERE}"),
        (PAGE, PAGE, USER, "page"),
        ("555", USER, "555", "second"),
        (PAGE, USER, "555", "second"),
        (PAGE, "555", PAGE, "page"),  # of our other page: no customer, so nobody is shown
    ],
)
@pytest.mark.parametrize("name", ["messaging", "standby"])
def test_an_entry_of_a_page_that_is_not_ours_is_not_ours(
    name: str, entry: str | None, sender: str, recipient: str | None, account: str
) -> None:
    pages = (PAGE, "555", ELSEWHERE)
    told = {"mid": "m_1", "text": "x"} | ({"is_echo": True} if recipient == USER else {})
    said = item(sender={"id": sender}, recipient={"id": recipient} if recipient else None, message=told)
    (found,) = events({"object": "page", "entry": [{"id": entry, name: [said]}]}, PAIR)
    assert found.account == account
    assert (found.kind is Kind.IGNORED) == (sender in pages and recipient in pages)


def test_a_batch_of_several_pages() -> None:
    def entry(page: str, number: int) -> dict[str, Any]:
        message = {"mid": f"m_{number}", "text": "x"}
        return {"id": page, "messaging": [item(recipient={"id": page}, message=message)]}

    found = events({"object": "page", "entry": [entry(PAGE, 1), entry("555", 2), entry("777", 3)]}, PAIR)
    assert [event.account for event in found] == ["page", "second", "?777"]


def test_a_page_of_another_app_is_not_family() -> None:
    stranger = replace(OTHER, settings={**OTHER.settings, "app_id": "1"})
    payload = {
        "object": "page",
        "entry": [{"id": "555", "messaging": [item(recipient={"id": "555"}, message={"text": "x"})]}],
    }
    (found,) = events(payload, replace(FACEBOOK, siblings=(stranger,)))
    assert found.account == "?555"


def test_a_redelivery_of_another_minute_is_the_same_bytes() -> None:
    payload = {
        "object": "page",
        "entry": [{"id": PAGE, "time": 1, "messaging": [item(message={"mid": "m", "text": "x"})]}],
    }
    (first,) = events(payload)
    payload["entry"][0]["time"] = 2  # type: ignore[index]
    assert events(payload) == [first]


def test_someone_whose_id_is_not_told_is_answered_by_the_boxs_reference() -> None:
    thread = read("user_ref").thread
    call = json.loads(render(OutboundMessage(id="1", thread=thread, text="x"), FACEBOOK).body)
    assert call["recipient"] == {"user_ref": "UR-2"}


@pytest.mark.parametrize("payload", [[], 7, "x", None])
def test_what_is_no_object_is_malformed(payload: Any) -> None:
    with pytest.raises(MalformedPayload):
        events(payload)


# ---- verifying


def test_the_signature_is_over_the_bytes_that_came() -> None:
    raw = b'{"text":"\\u1ea3 \\ud83d\\udc4d \\/"}'
    headers = sign_facebook(raw, FACEBOOK)
    verify(Delivery(headers=headers, body=raw), FACEBOOK)
    with pytest.raises(WebhookRejected):
        verify(Delivery(headers=headers, body=json.dumps(json.loads(raw)).encode()), FACEBOOK)


def test_two_secrets_are_good_while_one_takes_the_others_place() -> None:
    account = replace(FACEBOOK, settings={**FACEBOOK_SETTINGS, "app_secret": ["new", "old"]})
    for secret in ("new", "old"):
        verify(Delivery(headers={HEADER: sign(b"{}", secret)}, body=b"{}"), account)
    for given_one in (sign(b"{}", "other"), sign(b"{}", ""), sign(b"{}", "new").removeprefix("sha256=")):
        with pytest.raises(WebhookRejected):
            verify(Delivery(headers={HEADER: given_one}, body=b"{}"), account)


def greet(account: Account = FACEBOOK, **changes: str) -> bytes:
    query = {"mode": "subscribe", "verify_token": "verify-Nobody-May-See-0123", "challenge": "1158201444", **changes}
    assert ADAPTER.greet is not None
    named = {f"hub.{name}": value for name, value in query.items()}
    return ADAPTER.greet(Delivery(headers={}, body=b"", query=named, method="GET"), account)


def test_the_handshake_echoes_the_challenge_byte_for_byte() -> None:
    assert greet() == b"1158201444"
    assert greet(challenge="007-a_B") == b"007-a_B"


@pytest.mark.parametrize(
    "changes",
    [
        {"verify_token": "wrong"},
        {"verify_token": ""},
        {"verify_token": "đ\udcff"},
        {"mode": "unsubscribe"},
        {"challenge": "<script>"},
        {"challenge": ""},
        {"challenge": "x" * 65},
    ],
)
def test_every_other_handshake_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(WebhookRejected) as caught:
        greet(**changes)
    assert caught.value.status == 403


def test_without_a_word_of_ours_no_handshake() -> None:
    with pytest.raises(WebhookRejected):
        greet(replace(FACEBOOK, settings={**FACEBOOK_SETTINGS, "verify_token": ""}), verify_token="")


# ---- sending


def test_an_advisors_words_are_marked_through_the_outbox() -> None:
    message = OutboundMessage(id="1", thread=USER, text="x", by_human=True)
    assert outbound.from_json("1", outbound.to_json(message)) == message
    assert render(message, FACEBOOK).by_human
    assert not outbound.from_json("1", outbound.to_json(replace(message, by_human=False))).by_human


def test_the_tag_is_only_ever_human_agent() -> None:
    call = render(OutboundMessage(id="1", thread=USER, text="x"), FACEBOOK)
    assert json.loads(call.body)["messaging_type"] == "RESPONSE"
    asked = OutboundMessage(id="1", thread=USER, text="x", unasked=True, buttons=(Button(id="got:yes", label="Rồi"),))
    told = json.loads(render(asked, FACEBOOK).body)
    assert outbound.from_json("1", outbound.to_json(asked)) == asked
    assert (told["messaging_type"], len(told["message"]["quick_replies"])) == ("UPDATE", 1)
    tagged = json.loads(call.tagged().body)
    assert (tagged["messaging_type"], tagged["tag"]) == ("MESSAGE_TAG", "HUMAN_AGENT")


def test_seven_days_only_where_meta_granted_them() -> None:
    assert ADAPTER.carries(FACEBOOK).window_hours == 24
    granted = replace(FACEBOOK, settings={**FACEBOOK_SETTINGS, "human_agent": True})
    assert ADAPTER.carries(granted).window_hours == 168


def test_the_tables_of_codes_do_not_contradict_each_other() -> None:
    assert not _ACCOUNT.keys() & _SUBCODES.keys()


@given(st.text(st.characters(), max_size=40))
def test_any_text_comes_through(text: str) -> None:
    found = one(message={"mid": "m_1", "text": text + "."})
    assert found.kind is Kind.TEXT
    render(OutboundMessage(id="1", thread=USER, text=found.text), FACEBOOK).body.encode()
