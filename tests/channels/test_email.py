"""E-mail's own quirks: marks that nobody else can make, relays' words for one thing, reports of mail servers, hostile ones too."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.contract import (
    Delivery,
    InboundEvent,
    Kind,
    MalformedPayload,
    OutboundFile,
    OutboundMessage,
    Permanent,
    Template,
    WebhookRejected,
)
from channels.email import answers, bounces, dsn, letter, marks, session
from storage.ids import new_id
from tests.channels.samples import EMAIL, FIXTURES

REPORTS = FIXTURES / "email_reports"
LAN = "lan@mail.example"
SECRET = str(EMAIL.get("secret"))


def told(body: bytes, **headers: str) -> list[InboundEvent]:
    return bounces.parse(Delivery(headers=headers, body=body), EMAIL)


def short(event: InboundEvent) -> tuple[str, str, str]:
    """Status, reason, what it ends; '-' for what is ignored."""
    found = event.receipt
    return ("-", "", "") if found is None else (found.status, found.reason, found.ends)


FATES = {  # fixture -> of each of its events
    "dashed_hard_bounce": [("failed", "no_mailbox", "no_mailbox")],
    "dashed_soft_bounce": [("failed", "mailbox_full", "")],
    "dotted_bounced": [("failed", "no_mailbox", "no_mailbox")],
    "dotted_bounced_transient": [("failed", "bounced", "")],
    "dotted_complained": [("", "complaint", "complaint")],
    "dotted_delivery_delayed": [("-", "", "")],
    "list_bounce_delivered": [
        ("failed", "no_mailbox", "no_mailbox"),
        ("failed", "spam", ""),
        ("delivered", "", ""),
        ("failed", "unsubscribed", "unsubscribed"),
        ("", "complaint", "complaint"),
        ("-", "", ""),
    ],
    "list_dropped": [
        ("failed", "refused", ""),
        ("failed", "no_mailbox", "no_mailbox"),
        ("failed", "no_mailbox", "no_mailbox"),
        ("failed", "complaint", "complaint"),
    ],
    "nested_failed_permanent": [("failed", "no_mailbox", "no_mailbox")],
    "nested_failed_temporary": [("failed", "mailbox_full", "")],
    "notified_bounce": [("failed", "no_mailbox", "no_mailbox")],
    "notified_complaint_not_spam": [("-", "", "")],
    "notified_delivery": [("delivered", "", "")],
    "plain_bounced_hard": [("failed", "no_mailbox", "no_mailbox")],
    "plain_delivered": [("delivered", "", "")],
    "plain_not_ours": [("-", "", "")],
    "plain_unknown_event": [("-", "", "")],
    "plain_unsubscribed": [("", "unsubscribed", "unsubscribed")],
    "record_bounce_by_address": [("failed", "no_mailbox", "no_mailbox")],
    "record_complaint_by_address": [("", "complaint", "complaint")],
    "record_subscription_complaint": [("", "complaint", "complaint")],
    "record_subscription_hard_bounce": [("failed", "no_mailbox", "no_mailbox")],
    "record_subscription_resumed": [("-", "", "")],
    "record_subscription_stopped": [("", "unsubscribed", "unsubscribed")],
    "subscription_confirmation": [("-", "", "")],
    "wrapped_complaint": [("", "complaint", "complaint")],
    "wrapped_suppress_unsubscribe": [("failed", "unsubscribed", "unsubscribed")],
}


@pytest.mark.parametrize("name", sorted(FATES))
def test_what_relays_say(name: str) -> None:
    found = told((FIXTURES / "email" / f"{name}.json").read_bytes())
    assert [short(event) for event in found] == FATES[name]
    for event in found:
        if event.receipt is not None and event.receipt.external_ids:
            assert event.thread == marks.thread_of(EMAIL, LAN)
            assert event.receipt.external_ids[0].startswith(event.extra["sent_id"])
        assert bounces.parse(Delivery(headers={}, body=event.raw), EMAIL) == [event]


def test_every_fixture_is_looked_at() -> None:
    assert set(FATES) == {path.stem for path in (FIXTURES / "email").glob("*.json")}


def test_other_names_by_the_accounts_own_mapping() -> None:
    mark = marks.mark(EMAIL, new_id(), marks.thread_of(EMAIL, LAN))
    body = f'{{"loai":"delivered","thu":"{mark}"}}'.encode()
    account = replace(EMAIL, settings={**EMAIL.settings, "fields": {"event": "loai"}})
    (event,) = bounces.parse(Delivery(headers={}, body=body), account)
    assert short(event) == ("delivered", "", "")


def test_a_form_with_events_in_a_field() -> None:
    mark = marks.mark(EMAIL, new_id(), marks.thread_of(EMAIL, LAN))
    body = (
        b"mandrill_events=%5B%7B%22event%22%3A%22hard_bounce%22%2C%22msg%22%3A%7B%22id%22%3A%22"
        + mark.encode()
        + b"%22%7D%7D%5D"
    )
    assert [short(event) for event in told(body)] == [("failed", "no_mailbox", "no_mailbox")]


# ---- mail servers' reports


def report(name: str) -> bytes:
    return (REPORTS / f"{name}.eml").read_bytes()


@pytest.mark.parametrize(
    ("name", "fate"),
    [
        ("failed", ("failed", "no_mailbox", "no_mailbox")),
        ("full_by_verp", ("failed", "mailbox_full", "")),
        ("delayed", ("-", "", "")),
        ("absent", ("-", "", "")),
        ("forged", ("-", "", "")),
    ],
)
def test_a_report_finds_its_letter_or_is_nobodys_business(name: str, fate: tuple[str, str, str]) -> None:
    for headers in ({}, {"Content-Type": "message/rfc822"}):
        (event,) = told(report(name), **headers)
        assert short(event) == fate
        assert bounces.parse(Delivery(headers={}, body=event.raw), EMAIL) == [event]
    assert (event.kind is Kind.IGNORED) == (fate[0] == "-")
    if fate[0] != "-":
        assert event.thread == marks.thread_of(EMAIL, LAN)


HOSTILE = {
    "nested": b"".join(
        b'Content-Type: multipart/report; boundary="b%d"\r\n\r\n--b%d\r\n' % (depth, depth) for depth in range(20_000)
    ),
    "parts": b"Content-Type: multipart/report; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 80_000,
    "heads": b"Subject: x\r\n" * 80_000,
    "folds": b"Subject: x\r\n" + b" y\r\n" * 200_000,
    "one line": b"Subject: " + b"x" * 1_000_000,
    "spaces": b"Content-Type: multipart/report;" + b" " * 500_000 + b"boundary=b\r\n\r\n",
    "quotes": b'Content-Type: multipart/report; boundary="' + b'"boundary="' * 50_000 + b"\r\n\r\n",
    "marks": b"To: " + b"0" * 54 + b" " + (b"a" * 54 + b" ") * 15_000 + b"\r\n\r\n",
    "groups": b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
    + b"Action: failed\r\nStatus: 5.1.1\r\n\r\n" * 20_000
    + b"\r\n--b--\r\n",
    "dots": b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n"
    b"Diagnostic-Code: " + b"1.1.1." * 100_000 + b"\r\n--b--\r\n",
    "base64": b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QUFB" * 200_000 + b"\r\n--b--\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_report_costs_little_and_says_nothing(name: str) -> None:
    body = HOSTILE[name][: 1 << 20]
    began = process_time()
    found = told(body, **{"Content-Type": "message/rfc822"})
    assert process_time() - began < 2.0  # measured: up to 30 ms
    assert len(found) <= dsn.RECIPIENTS
    assert all(event.kind is Kind.IGNORED for event in found)


@given(cut=st.integers(0, 2000), junk=st.binary(max_size=40))
def test_a_spoilt_report_raises_nothing_else(cut: int, junk: bytes) -> None:
    body = report("failed")
    for event in told(body[:cut] + junk + body[cut + len(junk) :], **{"Content-Type": "message/rfc822"}):
        event.key.encode()
        event.reason.encode()


@pytest.mark.parametrize("body", [b"", b"[]", b"[1,2]", b"null", b'"x"', b"mandrill_events=", b"mandrill_events=%ff"])
def test_what_is_no_event_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedPayload):
        told(body)


# ---- who may post


def posted(body: bytes = b"{}", secret: str = "", query: str | None = None, **headers: str) -> Delivery:
    return Delivery(headers=headers, body=body, secret=secret, query={} if query is None else {"u": query})


def test_a_secret_a_signature_or_a_readers_own_mark() -> None:
    mark = marks.mark(EMAIL, new_id(), marks.thread_of(EMAIL, LAN))
    mac = hmac.new(SECRET.encode(), b"{}", hashlib.sha256).hexdigest()
    for good in (
        posted(secret=SECRET),
        posted(Authorization=f"Bearer {SECRET}"),
        posted(**{"X-Webhook-Signature": mac}),
        posted(**{"X-Webhook-Signature": f"sha256={mac}"}),
        posted(query=mark),
        posted(query=mark.upper()),
    ):
        bounces.verify(good, EMAIL)
    spoilt = mark[:-1] + ("0" if mark[-1] != "0" else "1")
    for bad in (
        posted(),
        posted(secret=SECRET[:-1]),
        posted(b"{ }", **{"X-Webhook-Signature": mac}),
        posted(secret=SECRET, **{"X-Webhook-Signature": "0" * 64}),
        posted(query=spoilt),
        posted(query=""),
        posted(secret=SECRET, query=spoilt),
        posted(query=f"{mark} {mark}"),
        posted(query="\udcff"),
    ):
        with pytest.raises(WebhookRejected):
            bounces.verify(bad, EMAIL)
    with pytest.raises(WebhookRejected):
        bounces.verify(posted(secret="", **{"X-Webhook-Signature": mac}), replace(EMAIL, settings={}))


def test_one_click_stops_letters_and_looking_does_not() -> None:
    thread = marks.thread_of(EMAIL, LAN)
    mark = marks.mark(EMAIL, new_id(), thread)
    (event,) = bounces.parse(posted(b"List-Unsubscribe=One-Click", query=mark), EMAIL)
    assert (short(event), event.thread) == (("", "unsubscribed", "unsubscribed"), thread)
    assert bounces.parse(Delivery(headers={}, body=event.raw), EMAIL) == [event]
    assert "quảng cáo".encode() in bounces.greet(posted(query=mark), EMAIL)
    with pytest.raises(WebhookRejected):
        bounces.greet(posted(query="x"), EMAIL)


# ---- marks


def test_a_mark_says_row_and_thread_and_belongs_to_one_installation() -> None:
    row, thread = new_id(), marks.thread_of(EMAIL, " LAN@Mail.example ")
    assert thread == marks.thread_of(EMAIL, "<lan@mail.EXAMPLE>")
    mark = marks.mark(EMAIL, row, thread)
    assert len(mark) == 54
    assert mark.isalnum()
    assert LAN not in mark
    for text in (mark, f"<{mark}@ibaohiem.example>", f"bounces+{mark.upper()}@x", f"x {'0' * 54} {mark}"):
        assert marks.read(EMAIL, text) == (mark, row, thread)
    elsewhere = replace(EMAIL, thread_key=b"another" * 4)
    assert marks.read(elsewhere, mark) is None
    for at in range(54):
        forged = mark[:at] + ("1" if mark[at] != "1" else "2") + mark[at + 1 :]
        assert marks.read(EMAIL, forged) is None
    assert marks.read(EMAIL, f"{mark}0") is None
    assert marks.mark(EMAIL, "no row", thread) == marks.mark(EMAIL, row, "telegram") == ""


@pytest.mark.parametrize("address", ["", "lan", "@x.example", "lan@", "a@" + "x" * 400, "a@x..example", "a@\udcff"])
def test_what_is_no_address_has_no_thread(address: str) -> None:
    assert marks.thread_of(EMAIL, address) == ""


def test_a_domain_beyond_ascii_is_one_domain() -> None:
    assert marks.plain("Lan@THƯ.example") == marks.plain("lan@thư.example")
    assert marks.plain("lan@thư.example").isascii()


# ---- the letter


@pytest.mark.parametrize(
    ("name", "mime", "shown"),
    [
        ("Hợp đồng.pdf", "application/pdf", "Hợp đồng.pdf"),
        ("Hợp đồng", "application/pdf", "Hợp đồng.pdf"),
        ("gcn.PDF", "application/pdf", "gcn.PDF"),
        ("../../etc/passwd", "text/plain", "_.._etc_passwd"),
        ("", "image/png", "file"),
    ],
)
def test_the_name_of_a_file(name: str, mime: str, shown: str) -> None:
    file = OutboundFile(id="f", name=name, mime=mime, size=1)
    assert letter.file_name(file) == shown


def test_html_is_the_same_words() -> None:
    page = letter.page('Chào <b>chị</b> & anh.\nXem https://a.example/x?y=1&z=2.\n\nHết "rồi"', "vi")
    assert '<a href="https://a.example/x?y=1&amp;z=2">' in page
    assert "&lt;b&gt;" in page
    assert page.count("<p>") == 2
    assert "<b>" not in page
    assert "javascript" not in letter.page("javascript:alert(1) http://a.example", "vi").replace(
        "javascript:alert(1)", ""
    )


def test_templates_are_not_known_here() -> None:
    with pytest.raises(Permanent) as caught:
        letter.render(OutboundMessage(id="x", thread="y", template=Template(purpose="care")), EMAIL)
    assert caught.value.reason == "template_missing"


def test_what_mail_says_beside_the_sender() -> None:
    post = letter.Post(message_id="mark@x.example", sender="a@x.example", to="b@x.example", data=b"12345")
    assert session.mail_options({}, post) == []
    assert session.mail_options({"size": "", "dsn": ""}, post) == ["SIZE=5", "RET=HDRS", "ENVID=mark"]
    beyond = replace(post, utf8=True)
    assert session.mail_options({"smtputf8": ""}, beyond) == ["SMTPUTF8", "BODY=8BITMIME"]
    with pytest.raises(Permanent) as caught:
        session.mail_options({"size": ""}, beyond)
    assert caught.value.reason == "bad_address"


# ---- answers

WORDS = [
    (550, "", "5.1.1 The email account that you tried to reach does not exist", "no_mailbox"),
    (550, "", "Requested action not taken: mailbox unavailable", "refused"),
    (550, "", "No such user here", "no_mailbox"),
    (552, "", "Message size exceeds fixed maximum message size", "too_large"),
    (552, "", "mailbox is over quota", "mailbox_full"),
    (552, "2.2", "", "mailbox_full"),
    (554, "7.1", "Message rejected under suspicion of SPAM", "spam"),
    (550, "7.26", "not authenticated", "spam"),
    (553, "", "sorry", "bad_address"),
    (556, "1.10", "null MX", "no_mailbox"),
    (571, "", "go away", "refused"),
    (550, "7.1", "Sender address rejected: user unknown", "spam"),
    (550, "1.0", "Sender address rejected: domain not found", "spam"),
    (550, "1.8", "<no-reply@agency.example>: Sender address rejected: Domain not found", "spam"),
    (550, "1.7", "invalid address", "spam"),
    (550, "1.1", "Sender address rejected: User unknown in local recipient table", "spam"),
    (550, "", "Verification failed for <no-reply@agency.example>\nNo such user here\nSender verify failed", "spam"),
    (550, "", "SPF check failed: unknown user", "spam"),
    (550, "", "Helo command rejected: mailbox not found", "spam"),
    (550, "", "Callout verification failed:\n550 5.1.1 No such user", "no_mailbox"),
    (550, "", "No such user, the letter is returned to sender", "no_mailbox"),
    (550, "7.1", "Recipient address rejected: user unknown", "no_mailbox"),
    (552, "", "Message size exceeds what this sender may send", "too_large"),
]


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
def test_a_refused_sender_never_ends_the_readers_address(step: str) -> None:
    for words in ("5.7.1 Sender address rejected: user unknown", "5.1.0 Sender address rejected: domain not found"):
        found = answers.refusal(550, words, step)
        assert isinstance(found, Permanent)
        assert found.reason == "spam"


@pytest.mark.parametrize(
    ("status", "detail", "words", "reason"), WORDS, ids=[f"{one[0]}-{at}" for at, one in enumerate(WORDS)]
)
def test_reasons(status: int, detail: str, words: str, reason: str) -> None:
    assert answers.reason_of(status, detail, words) == reason


@given(
    status=st.integers(-1, 999), text=st.text(max_size=200), step=st.sampled_from(["greeting", "MAIL", "RCPT", "DATA"])
)
def test_no_error_quotes_the_server(status: int, text: str, step: str) -> None:
    shown = str(answers.refusal(status, f"lan@mail.example {text}", step))
    assert "lan@" not in shown
    assert step == "DATA" or "no readable answer, " not in shown


def test_no_space_of_a_subject_is_lost_on_the_way() -> None:
    """The library's own folding turns `vừa được` into `vừađược`."""
    for subject in ("Mật khẩu Bàn tư vấn IBAOHIEM vừa được đổi", "plain words", " ".join(["một"] * 30)):
        made = EmailMessage(policy=policy.SMTP)
        made.set_content("x")
        data = letter.written(made, subject)
        assert message_from_bytes(data, policy=policy.default)["Subject"] == subject
        assert max(map(len, data.split(b"\r\n"))) <= 78
