"""Names and forms of files that leave: as the customer is to read them, and breaking nothing on the way."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP

import pytest

from channels.upload import folded, form, named


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
