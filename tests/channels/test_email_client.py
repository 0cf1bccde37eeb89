"""E-mail against a strict mail server: what each of its answers comes to, what arrives, and what never arrives twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from channels.contract import (
    Account,
    ChannelError,
    DeliveryUnknown,
    NeedsReauth,
    OutboundFile,
    OutboundMessage,
    Permanent,
    RateLimited,
    Retryable,
)
from channels.email import client as client_module
from channels.email import marks, session
from channels.email.client import EmailClient
from channels.email.letter import Letter, render
from channels.house import Letterhead
from gateway.demo.standins.mail import HOST, PASSWORD, USER, Authority, MailServer
from storage.ids import new_id
from tests.support.errands import done

NOW_MS = 1_795_330_127_451
ADDRESS = "lan@mail.example"
HEAD = Letterhead(
    address=ADDRESS,
    name="Nguyễn Thị Hồng Diễm",
    language="vi",
    purpose="deliver",
    subject="Giấy chứng nhận bảo hiểm của chị",
    footer="Chị có thể trả lời thư này.",
    linked="Tệp lớn quá, chị tải tại đây:",
)
PDF = OutboundFile(
    id="f1", name="Giấy chứng nhận xe máy.pdf", mime="application/pdf", size=9, data=b"%PDF-1.7\r\n.\r\n..\n\x00\xff"
)


@dataclass
class FakeHouse:
    """What the gateway lends. Not a network: the letterhead is given."""

    head: Letterhead = HEAD
    linked: list[str] = field(default_factory=list)

    def now_ms(self) -> int:
        return NOW_MS

    async def letter(self, row_id: str) -> Letterhead:
        assert row_id
        return self.head

    async def protected(self, file_id: str, row_id: str) -> str:
        self.linked.append(file_id)
        return f"https://files.example/d/{row_id}"


@dataclass
class Post:
    """A client with its server."""

    server: MailServer
    client: EmailClient
    account: Account
    house: FakeHouse

    def letter(self, text: str = "Chào chị.", **more: Any) -> Letter:
        thread = marks.thread_of(self.account, self.house.head.address)
        return render(OutboundMessage(id=new_id(), thread=thread, text=text, **more), self.account)

    async def refused(self, error: type[ChannelError], letter: Letter | None = None) -> Any:
        with pytest.raises(error) as caught:
            await self.client.call(letter or self.letter())
        assert type(caught.value) is error
        assert PASSWORD not in str(caught.value)
        assert ADDRESS not in str(caught.value)
        return caught.value


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def account_at(port: int, authority: Authority, **more: Any) -> Account:
    settings = {
        "host": HOST,
        "port": port,
        "tls": "starttls",
        "username": USER,
        "password": PASSWORD,
        "sender": "IBAOHIEM <hello@ibaohiem.example>",
        "ca_file": str(authority.pem),
    }
    return Account(channel="email", name="smtp", settings=settings | more, thread_key=b"k" * 16)


def made(server: MailServer, account: Account) -> Post:
    post = Post(server, EmailClient(account), account, FakeHouse())
    post.client.attach(post.house)  # type: ignore[arg-type]
    return post


@pytest.fixture
async def post(authority: Authority) -> AsyncIterator[Post]:
    server = MailServer(authority)
    async with server.running() as port:
        one = made(server, account_at(port, authority))
        try:
            yield one
        finally:
            await one.client.close()
    assert server.violations == []


async def test_a_letter_arrives_as_it_was_meant(post: Post) -> None:
    letter = post.letter("Chào chị Diễm,\n\n.Dòng này bắt đầu bằng dấu chấm: đúng vậy.", file=PDF)
    named = await post.client.call(letter)
    (got,) = post.server.arrived
    message = got.message
    assert (got.id, got.to, got.sender) == (f"<{named}>", ADDRESS, "hello@ibaohiem.example")
    assert marks.read(post.account, named) == (named.partition("@")[0], letter.row, letter.thread)
    assert str(message["Subject"]) == HEAD.subject
    assert message["To"].addresses[0].display_name == HEAD.name
    assert str(message["Date"]) == "Sun, 22 Nov 2026 06:48:47 +0000"
    assert (message["Auto-Submitted"], message["List-Unsubscribe"]) == ("auto-generated", None)
    assert got.text == f"{letter.text}\n\n{HEAD.footer}\n"
    assert got.files == [(PDF.name, PDF.data)]
    html = message.get_body(("html",))
    assert html is not None
    assert "<br>" not in html.get_content()
    assert "Dòng này" in html.get_content()


async def test_one_connection_carries_them_all_and_a_dead_one_is_replaced(post: Post) -> None:
    for _ in range(3):
        await post.client.call(post.letter())
    assert (post.server.opened, len(post.server.arrived)) == (1, 3)
    post.server.rcpt.append("550 5.1.1 no such user")
    await post.refused(Permanent)
    await post.client.call(post.letter())
    assert post.server.opened == 1  # a refusal costs no connection
    post.server.hang_up()
    letter = post.letter()
    for _ in range(2):  # it may be noticed only as the next command goes out: nothing was sent by then
        try:
            await post.client.call(letter)
        except Retryable:
            continue
        break
    assert post.server.opened == 2
    assert set(post.server.ids().values()) == {1}


async def test_a_connection_that_was_silent_is_asked_whether_it_lives(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "IDLE_S", -1.0)
    await post.client.call(post.letter())
    await post.client.call(post.letter())
    assert post.server.opened == 1


@pytest.mark.parametrize(
    ("answer", "error", "reason"),
    [
        ("451 4.7.1 Greylisted, come back in five minutes", Retryable, ""),
        ("450 mailbox busy", Retryable, ""),
        ("452 4.2.2 mailbox full", Retryable, ""),
        ("450 4.7.28 too many messages, rate limited", RateLimited, ""),
        ("550 5.1.1 <lan@mail.example>: user unknown", Permanent, "no_mailbox"),
        ("550 5.2.1 account disabled", Permanent, "no_mailbox"),
        ("552 5.2.2 over quota", Permanent, "mailbox_full"),
        ("550 5.7.1 blocked: reputation of your network", Permanent, "spam"),
        ("550 no", Permanent, "refused"),
        ("530 5.7.0 Authentication required", NeedsReauth, ""),
    ],
    ids=lambda value: value.split(" ")[0] if isinstance(value, str) and value else None,
)
async def test_what_a_reader_is_refused_with(post: Post, answer: str, error: type[ChannelError], reason: str) -> None:
    post.server.rcpt.append(answer)
    err = await post.refused(error)
    assert getattr(err, "reason", "") == reason
    assert post.server.arrived == []


async def test_what_a_letter_is_refused_with(post: Post) -> None:
    for answer, reason in (("554 5.7.1 this looks like spam", "spam"), ("552 5.3.4 message too large", "too_large")):
        post.server.data.append(answer)
        assert (await post.refused(Permanent)).reason == reason
    post.server.data.append("451 4.3.0 try later")
    await post.refused(Retryable)
    assert post.server.arrived == []


async def test_who_may_not_write_parks_the_account(post: Post) -> None:
    post.server.mail.append("553 5.7.1 sender address rejected: not owned by user hello")
    await post.refused(NeedsReauth)
    post.server.mail.append("550 5.7.60 this client has no permission to send as this sender")
    with pytest.raises(NeedsReauth):
        await post.client.status()
    assert (await post.client.status())["login"] == "good"


async def test_a_wrong_password_parks_and_the_probe_says_when_it_is_right_again(post: Post) -> None:
    post.server.password = "another"
    await post.refused(NeedsReauth)
    with pytest.raises(NeedsReauth):
        await post.client.status()
    post.server.password = PASSWORD
    told = await post.client.status()
    assert (told["tls"], told["login"], told["largest"]) == ("starttls", "good", post.server.size)
    assert "no secret" in (await done(post.client.setup("https://x.example/hooks/email/smtp")))[1]
    await post.client.call(post.letter())


async def test_nothing_is_sent_in_the_clear(authority: Authority) -> None:
    server = MailServer(authority, tls=False)
    async with server.running() as port:
        post = made(server, account_at(port, authority))
        assert "STARTTLS" in str(await post.refused(NeedsReauth))
        await post.client.close()
    assert server.arrived == []


async def test_a_certificate_that_nobody_vouches_for_parks(authority: Authority) -> None:
    server = MailServer(authority)
    async with server.running() as port:
        post = made(server, account_at(port, authority, ca_file=""))
        assert "certificate" in str(await post.refused(NeedsReauth))
        await post.client.close()
    assert server.arrived == []


async def test_nobody_there(authority: Authority) -> None:
    server = MailServer(authority)
    async with server.running() as port:
        pass
    post = made(server, account_at(port, authority))
    await post.refused(Retryable)
    await post.client.close()


async def test_a_lost_answer_is_unknown_and_a_repetition_has_the_same_name(post: Post) -> None:
    post.server.drops = 1
    letter = post.letter()
    await post.refused(DeliveryUnknown, letter)
    assert [one.answered for one in post.server.arrived] == [False]
    await post.client.call(letter)
    assert list(post.server.ids().values()) == [2]  # one Message-ID: a mailbox shows it once
    assert post.server.opened == 2


async def test_an_answer_that_never_comes_is_unknown(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "FINAL_S", 0.2)
    post.server.hangs = 1
    await post.refused(DeliveryUnknown)
    post.server.release()


async def test_who_stops_waiting_leaves_no_half_letter_behind(post: Post) -> None:
    post.server.hangs = 1
    letter = post.letter()
    call = asyncio.create_task(post.client.call(letter))
    await post.server.wait(1)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    post.server.release()
    await post.client.call(post.letter())
    assert post.server.opened == 2  # the answer to come would have been taken for another's
    assert set(post.server.ids().values()) == {1}


async def test_while_people_ask_no_letter_leaves(post: Post) -> None:
    async with post.client._line:
        await post.refused(RateLimited)


async def test_a_file_that_is_too_large_is_linked_to(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "ATTACHED", 4)
    letter = post.letter(file=PDF)
    await post.client.call(letter)
    (got,) = post.server.arrived
    assert got.files == []
    assert f"{HEAD.linked}\nhttps://files.example/d/{letter.row}" in got.text


async def test_a_file_that_their_server_does_not_take_is_linked_to(authority: Authority) -> None:
    server = MailServer(authority, size=10_000)
    async with server.running() as port:
        post = made(server, account_at(port, authority))
        large = replace(PDF, data=b"x" * 10_000)
        await post.client.call(post.letter(file=large))  # it said so before
        server.data.append("552 5.3.4 message too large")
        await post.client.call(post.letter(file=PDF))  # it says so afterwards
        assert len(post.house.linked) == 2
        assert [one.files for one in server.arrived] == [[], []]
        assert (await post.refused(Permanent, post.letter("ệ" * 5_000))).reason == "too_large"
        await post.client.close()


async def test_an_address_beyond_ascii_and_one_that_is_gone(post: Post) -> None:
    post.house.head = replace(HEAD, address="lan.nguyễn@thư.example")
    await post.client.call(post.letter())
    (got,) = post.server.arrived
    assert got.to.startswith("lan.nguyễn@xn--")
    post.house.head = replace(HEAD, address="")
    assert (await post.refused(Permanent, replace(post.letter(), thread=f"mail-{'0' * 24}"))).reason == "no_address"


async def test_a_returned_letter_comes_back_to_its_mark(authority: Authority) -> None:
    server = MailServer(authority)
    async with server.running() as port:
        post = made(server, account_at(port, authority, bounces="bounces@ibaohiem.example"))
        named = await post.client.call(post.letter())
        await post.client.close()
    mark = named.partition("@")[0]
    assert server.arrived[0].sender == f"bounces+{mark}@ibaohiem.example"
    assert len(server.arrived[0].sender.partition("@")[0]) <= 64


async def test_a_thread_is_answered_and_nothing_can_be_slipped_in(post: Post) -> None:
    evil = "Xin chào\r\nBcc: everybody@mail.example\r\n\r\nBody"
    post.house.head = replace(
        HEAD, subject=evil, name='"; evil" <x@y.example>\r\nBcc: z@mail.example', earlier=("newest@x", "oldest@x", "bad>\r\nX: y")
    )  # fmt: skip
    file = replace(PDF, name='../../Hợp\r\nđồng\u202e".exe', mime='text/html; x="\r\nBcc: a@b"')
    await post.client.call(post.letter(evil, by_human=True, file=file))
    (got,) = post.server.arrived
    message = got.message
    assert message["Bcc"] is None
    assert message["X"] is None
    assert str(message["Subject"]).startswith("Re: Xin chào Bcc:")
    assert message["In-Reply-To"] == "<newest@x>"
    assert message["References"] == "<oldest@x> <newest@x>"
    assert message["Auto-Submitted"] is None  # a person's own words
    assert [one.addr_spec for one in message["To"].addresses] == [ADDRESS]
    ((name, _),) = got.files
    assert not set(name) & set("\r\n/\\\u202e")


async def test_advertising_can_be_stopped_by_one_click(post: Post) -> None:
    post.house.head = replace(HEAD, purpose="ads", hook="https://chat.example/hooks/email/smtp")
    named = await post.client.call(post.letter())
    message = post.server.arrived[0].message
    assert message["List-Unsubscribe"] == f"<https://chat.example/hooks/email/smtp?u={named.partition('@')[0]}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
