"""Zalo: what a message is as a call, what its answers mean, consent and the pages that it wants to see."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels import outbound
from channels.contract import (
    Account,
    Button,
    ChannelError,
    Delivery,
    OutboundFile,
    OutboundMessage,
    Permanent,
    RateLimited,
    Template,
)
from channels.fit import fit
from channels.zalo import consent
from channels.zalo.adapter import ADAPTER, CAPABILITIES, outcome, parse, render, served, varies
from channels.zalo.answers import _ACCOUNT, _REASONS, _TEMPLATE_REASONS
from channels.zalo.calls import BY_PHONE, BY_USER, with_upload
from channels.zalo.tokens import read_pair
from channels.zalo.tracking import thread_of, tracking_id
from tests.channels.samples import ZALO

OA = "2745501938264417082"
USER = "5182290637741093865"


# ---- what leaves

MESSAGE = OutboundMessage(id="01KAB3D5F7H9JKMNPQRSTVWXYZ", thread=USER, text="Anh chị cần gì ạ?")
PDF = OutboundFile(id="f", name="Hợp đồng Đỗ.pdf", mime="application/pdf", size=5, data=b"%PDF-")
PHONE = Button(id="phone", label="Gửi số của tôi", contact=True)


def body(message: OutboundMessage, account: Account = ZALO) -> Any:
    return json.loads(render(message, account).body)


def test_a_text_is_plain_and_composed() -> None:
    assert body(replace(MESSAGE, text="Tôi *đậm*")) == {"text": "Tôi *đậm*"}


def test_the_phone_number_is_asked_for_by_a_card() -> None:
    (part,) = fit(replace(MESSAGE, buttons=(PHONE,)), CAPABILITIES)
    element = body(part)["attachment"]["payload"]["elements"][0]
    assert element == {"title": "Gửi số của tôi", "subtitle": "Anh chị cần gì ạ?"}
    assert body(replace(part, text="Dài " * 200)) == {"text": "Dài " * 200}  # no card holds it: the words count
    pictured = Account(channel="zalo", name="oa", settings={"contact_image_url": "https://a.vn/p.png"})
    assert body(part, pictured)["attachment"]["payload"]["elements"][0]["image_url"] == "https://a.vn/p.png"


def test_choices_are_numbered_lines_unless_buttons_are_on() -> None:
    asked = replace(
        MESSAGE, buttons=(Button(id="c1:yes", label="Đồng ý"), Button(id="site", label="Xem", url="https://a.vn"))
    )
    assert fit(asked, CAPABILITIES)[0].text.endswith("1. Đồng ý\n2. Xem: https://a.vn")
    on = Account(channel="zalo", name="oa", settings={"buttons": True})
    (part,) = fit(asked, varies(on))
    first, second = body(part, on)["attachment"]["payload"]["buttons"]
    assert first == {"title": "Đồng ý", "type": "oa.query.hide", "payload": "#!c1:yes"}
    assert second["payload"] == {"url": "https://a.vn"}
    tap = {
        "app_id": ZALO.get("app_id"),
        "event_name": "user_send_text",
        "sender": {"id": USER},
        "recipient": {"id": OA},
        "timestamp": "1795330127451",
        "message": {"text": first["payload"], "msg_id": "m"},
    }
    (event,) = parse(Delivery(headers={}, body=json.dumps(tap).encode()), ZALO)
    assert event.payload == "c1:yes"


def test_billing_opens_the_window() -> None:
    assert ADAPTER.carries(ZALO).window_hours == 48
    assert ADAPTER.carries(Account(channel="zalo", name="oa", settings={"billed": True})).window_hours == 168


def test_files_that_leave() -> None:
    call = render(replace(MESSAGE, text="", file=PDF), ZALO)
    assert call.upload is not None
    assert (call.upload.what, call.upload.name) == ("file", "Hợp đồng Đỗ.pdf")
    assert with_upload(call.body, call.upload, "t")["attachment"] == {"type": "file", "payload": {"token": "t"}}
    picture = render(replace(MESSAGE, file=replace(PDF, name="a", mime="image/png")), ZALO)
    assert picture.upload is not None
    assert with_upload(picture.body, picture.upload, "i")["attachment"]["payload"]["elements"] == [
        {"media_type": "image", "attachment_id": "i"}
    ]
    for refused in (replace(PDF, mime="video/mp4"), replace(PDF, mime="image/png", size=2 << 20)):
        with pytest.raises(Permanent):
            render(replace(MESSAGE, file=refused), ZALO)


def test_templates_by_user_and_by_phone() -> None:
    account = Account(channel="zalo", name="oa", settings={"templates": {"aftercare": "418820"}})
    message = replace(MESSAGE, template=Template(purpose="aftercare", values={"name": "Châu"}))
    again = outbound.from_json(message.id, outbound.to_json(message))
    assert again == message
    call = render(message, account)
    assert call.template == BY_USER
    told = json.loads(call.body)
    assert (told["user_id"], told["template_id"], told["template_data"]) == (USER, "418820", {"name": "Châu"})
    assert thread_of(told["tracking_id"]) == USER
    known = replace(message, template=Template(purpose="aftercare", phone="+84912007345"))
    first = render(known, account)
    assert (first.template, first.by_number().template) == (BY_USER, BY_PHONE)
    assert json.loads(first.by_number().body)["phone"] == "84912007345"
    numbers = replace(account, settings={"templates": {"aftercare": "418820 by_phone"}})
    assert render(known, numbers).template == BY_PHONE
    with pytest.raises(Permanent, match="telephone numbers"):
        render(message, numbers)
    with pytest.raises(Permanent, match="no template"):
        render(message, ZALO)
    named = replace(account, settings={"templates": {"aftercare": "418820 customer_name=name"}})
    assert json.loads(render(message, named).body)["template_data"] == {"customer_name": "Châu"}
    lacking = replace(account, settings={"templates": {"aftercare": "418820 policy_no=so_hop_dong"}})
    with pytest.raises(Permanent, match="no value for so_hop_dong"):
        render(message, lacking)


@given(st.text(max_size=40), st.from_regex(r"[0-9]{1,40}", fullmatch=True))
def test_a_tracking_id_is_short_and_plain(row: str, thread: str) -> None:
    made = tracking_id(row, thread)
    assert len(made) <= 48
    assert made.replace("-", "").isalnum() or not made.replace("-", "")


# ---- answers


def refusal(code: int, **options: Any) -> ChannelError:
    with pytest.raises(ChannelError) as caught:
        outcome(200, json.dumps({"error": code, "message": "words that name nobody"}).encode(), **options)
    assert caught.value.code == str(code)
    assert "words" not in str(caught.value)
    return caught.value


def test_every_code_is_a_decision() -> None:
    for code in _REASONS:
        found = refusal(code)
        assert isinstance(found, Permanent)
        assert found.reason == _REASONS[code]
    for code in _TEMPLATE_REASONS:
        found = refusal(code, template=True)
        assert isinstance(found, Permanent)
        assert found.reason == _TEMPLATE_REASONS[code]
    for code in _ACCOUNT:
        assert type(refusal(code)).__name__ == "NeedsReauth"


def test_what_may_not_be_said_at_night_waits_for_the_morning() -> None:
    for code, options in ((-234, {}), (-133, {"template": True}), (-144, {"template": True})):
        found = refusal(code, until_morning=1234.0, **options)
        assert isinstance(found, RateLimited)
        assert (found.retry_after, found.whole_account) == (1234.0, False)
    limited = refusal(-32)
    assert isinstance(limited, RateLimited)
    assert limited.whole_account


@pytest.mark.parametrize(
    ("answer", "life"),
    [('"90000"', 90000), ("90000", 90000), ("null", 3600), ('"x"', 3600), ("-1", 3600), ("1e999", 3600)],
)
def test_a_pair_and_its_life(answer: str, life: float) -> None:
    said = f'{{"access_token":"a","refresh_token":"r","expires_in":{answer}}}'.encode()
    pair = read_pair(200, said, "old")
    assert (pair.access, pair.refresh, pair.life_s) == ("a", "r", life)
    assert "a" not in repr(pair).removeprefix("Pair(").partition("life")[0]


# ---- consent, pages


def test_a_consent_link_comes_back_once_signed_and_dated() -> None:
    link = consent.link(ZALO, "https://g.vn", b"s", now_ms=1000)
    from urllib.parse import parse_qs, urlsplit

    query = {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()}
    assert query["redirect_uri"] == "https://g.vn/oauth/zalo/oa/callback"
    back = {"state": query["state"], "code": "c", "oa_id": OA}
    verifier, problem = consent.check(ZALO, back, (b"s",), now_ms=2000)
    assert not problem
    assert len(verifier) == 43
    for wrong in (
        back | {"state": query["state"] + "0"},
        back | {"state": ""},
        back | {"oa_id": "1"},
        back | {"code": ""},
        {},
    ):
        assert consent.check(ZALO, wrong, (b"s",), now_ms=2000)[1]
    assert consent.check(ZALO, back, (b"another",), now_ms=2000)[1]
    assert consent.check(ZALO, back, (b"s",), now_ms=1000 + consent.GOOD_MS + 1)[1]
    other = replace(ZALO, name="two")
    assert consent.check(other, back, (b"s",), now_ms=2000)[1]


def test_the_domains_page() -> None:
    account = Account(channel="zalo", name="oa", settings={"site_verification": "Abc_1"})
    ((path, page),) = served(account).items()
    assert path == "/zalo_verifierAbc_1.html"
    assert b'content="Abc_1"' in page
    assert served(ZALO) == {}
