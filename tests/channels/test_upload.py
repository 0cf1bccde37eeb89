"""Names and forms of files that leave: as the customer is to read them, and breaking nothing on the way."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP

import pytest

from channels.contract import Account, OutboundFile, OutboundMessage
from channels.telegram.adapter import render
from channels.telegram.client import TelegramClient
from channels.upload import folded, form, named
from gateway.demo.standins.telegram import Customer, FakeTelegram, error
from gateway.demo.standins.telegram.files import jpeg


@pytest.mark.parametrize(
    ("name", "shown", "plain"),
    [
        ("Hợp đồng Đỗ.pdf", "Hợp đồng Đỗ.pdf", "Hop_dong_Do.pdf"),
        ("", "file", "file"),
        ("..", "file", "file"),
        ("../../etc/passwd", "_.._etc_passwd", "etc_passwd"),
        ('a"; filename="b.exe', 'a"; filename="b.exe', "a_filename_b.exe"),
        ("保险.pdf", "保险.pdf", "pdf"),
        ("a\r\nX-Y: z.pdf", "a X-Y: z.pdf", "a_X-Y_z.pdf"),
    ],
)
def test_names(name: str, shown: str, plain: str) -> None:
    assert named(name) == shown
    assert folded(name) == plain
    assert named(name, ascii_only=True).isascii()


def test_a_form_is_read_as_it_was_meant() -> None:
    data = b"%PDF-\r\n--x--\r\n\xff"
    kind, body = form({"recipient": {"id": "1"}, "type": "é"}, "filedata", name='Hợp "đồng".pdf', mime="application/pdf", data=data)  # fmt: skip
    parsed = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    fields = {part.get_param("name", header="content-disposition"): part for part in parsed.iter_parts()}
    assert list(fields) == ["recipient", "type", "filedata"]
    assert fields["recipient"].get_payload(decode=True) == b'{"id": "1"}'
    assert fields["filedata"].get_payload(decode=True) == data
    assert 'filename="Hợp %22đồng%22.pdf"'.encode() in body


UPLOADS = ("sendDocument", "sendPhoto")


async def test_telegram_gets_a_file_once() -> None:
    """Its file_id is good for ever; when Telegram knows it no more, the file goes up again, and the message once."""
    fake = FakeTelegram()
    async with fake.running() as url:
        account = Account(channel="telegram", name="main", settings={"token": fake.token, "api_url": url})
        client, lan, nam = TelegramClient(account), fake.customer(), fake.customer()
        await lan.start()
        await nam.start()
        file = OutboundFile(id="f", name="Hợp đồng.pdf", mime="application/pdf", size=9, data=b"%PDF-1.4\n")
        picture = OutboundFile(id="p", name="a.jpg", mime="image/jpeg", size=9, data=jpeg())

        async def send(person: Customer, what: OutboundFile) -> str:
            return await client.call(render(OutboundMessage(id="1", thread=str(person.id), file=what), account))

        for person in (lan, nam, nam):
            assert await send(person, file)
            assert await send(person, picture)
        named = [
            call.params.get("document") or call.params.get("photo") for call in fake.calls if call.method in UPLOADS
        ]
        assert [bool(one) for one in named] == [False, False, True, True, True, True]
        assert [one.file.content for one in fake.sent if one.file] == [file.data, picture.data] * 3
        assert all(one.message["caption"] == "Hợp đồng.pdf" for one in fake.sent if "document" in one.message)
        fake.next(error(400, "Bad Request: wrong file identifier/HTTP URL specified"), method="sendDocument")
        assert await send(lan, file)
        assert len([one for one in fake.sent if "document" in one.message]) == 4
        await client.close()
