"""What is posted is bounded before it is read: one POST must not hold up everybody else."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import orjson
import pytest

from channels import formbody, hotline, leads, posted
from channels.contract import Account, Delivery, MalformedPayload

MEGABYTE = 1 << 20  # what the webhook takes
CPU_S = 0.5  # each of these takes far less than 0.1 by itself; before the bounds they took 1 to 200
FIELD = b'Content-Disposition: form-data; name="a"'


def multipart(*parts: bytes) -> bytes:
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + b"--b--\r\n"


def filled(piece: bytes, *, before: bytes = b"", after: bytes = b"") -> bytes:
    return before + piece * ((MEGABYTE - len(before) - len(after)) // len(piece)) + after


def named(name: str, rows: int) -> bytes:
    return orjson.dumps({name: [[{"a": ""}] * 190] * rows})


WORST: dict[str, Callable[[], bytes]] = {
    "a long name above many values": lambda: named("k" * 900_000, 50),
    "a long name with marks": lambda: named("k\u0300" * 200_000, 30),
    "json that a visitor typed": lambda: orjson.dumps({"message": named("k" * 400_000, 30).decode()}),
    "json in json in the holder": lambda: orjson.dumps({"data": named("k" * 4000, 10).decode()}),
    "one row's field beside a hundred rows": lambda: orjson.dumps({"x": "e\u0323\u0302" * 150_000, "data": [{}] * 100}),
    "empty objects": lambda: filled(b"{},", before=b"[", after=b"{}]"),
    "small objects": lambda: filled(b'{"a":1},', before=b"[", after=b"{}]"),
    "numbers": lambda: filled(b"1,", before=b'{"a":[', after=b"1]}"),
    "many small fields": lambda: orjson.dumps([{f"f{row}_{at}": "x" for at in range(28)} for row in range(100)]),
    "marks alone": lambda: orjson.dumps({f"f{at}": "\u0300\u0316" * 8_000 for at in range(30)}),
    "marks in middling texts": lambda: orjson.dumps({f"f{at}": "\u0300\u0316" * 495 for at in range(190)}),
    "marks in a name and a number": lambda: orjson.dumps(dict.fromkeys(("name", "phone", "from", "event"), "\u0300\u0316" * 36_000)),
    "brackets": lambda: filled(b"["),
    "parts": lambda: filled(b"--b\r\n" + FIELD + b"\r\n\r\nx\r\n"),
    "parameters": lambda: multipart(filled(b'; x*0="a"', before=FIELD)[:-99] + b"\r\n\r\nx"),
    "semicolons": lambda: multipart(filled(b"; ", before=FIELD)[:-99] + b"\r\n\r\nx"),
    "a head at its limit": lambda: multipart(*[FIELD + b';a="\\' * 980 + b"\r\n\r\nx"] * 190),
    "folded lines": lambda: multipart(*[FIELD + b"\r\n " * 1300 + b"\r\n\r\nx"] * 190),
    "a message in a message": lambda: multipart(b"Content-Type: message/rfc822\r\n\r\n" * 1800 + b"x"),
    "boundaries in one text": lambda: filled(b"\n--b ", before=b"--b\r\n" + FIELD + b"\r\n\r\n"),
    "quoted-printable": lambda: multipart(FIELD + b"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=41" * 300_000),
    "percent signs": lambda: filled(b"%41", before=b"a="),
    "percent signs everywhere": lambda: b"&".join([b"a=" + b"%41" * 1700] * 190),
    "ampersands": lambda: filled(b"&", before=b"a="),
}  # fmt: skip


@pytest.mark.parametrize("adapter", [leads, hotline], ids=["leads", "hotline"])
@pytest.mark.parametrize("make", WORST.values(), ids=WORST)
def test_the_worst_bodies_take_no_time(make: Callable[[], bytes], adapter: object) -> None:
    account = Account(channel=adapter.ADAPTER.name, name="x", settings={"secret": "s"}, thread_key=b"k" * 16)  # type: ignore[attr-defined]
    body = make()
    assert len(body) <= MEGABYTE
    assert min(_cpu_s(adapter, body, account) for _ in range(3)) < CPU_S  # the collector may pass by once


def _cpu_s(adapter: object, body: bytes, account: Account) -> float:
    begun = time.thread_time()
    with suppress(MalformedPayload):
        adapter.parse(Delivery(headers={}, body=body), account)  # type: ignore[attr-defined]
    return time.thread_time() - begun


@pytest.mark.parametrize("charset", ["idna", "punycode", "hex", "rot13", "undefined", "utf-7", "no such", "\u00e9"])
def test_only_charsets_of_texts_are_used(charset: str) -> None:
    assert formbody.pairs("a=Mộ".encode(), f"x; charset={charset}") == [("a", "Mộ")]


TOO_MUCH = {
    "parts": multipart(*[FIELD + b"\r\n\r\nx"] * 201),
    "fields": b"a=1&" * 200,
    "head": multipart(FIELD + b";a=b" * 1100 + b"\r\n\r\nx"),
    "nested": multipart(b"Content-Type: multipart/mixed; boundary=c\r\n\r\n--c--"),
    "values": orjson.dumps([[{"a": ""}] * 190] * 20),
    "json fields": orjson.dumps({f"f{at}": 1 for at in range(201)}),
    "entries": orjson.dumps([{"a": 1}] * 101),
    "letters": orjson.dumps({"a": "x" * 300_001}),
    "one field's text": b"a=" + b"x" * 200_001,
    "one part's text": multipart(FIELD + b"\r\n\r\n" + b"x" * 200_001),
    "a key twice": b'{"a":1,"a":2}',
    "base64": multipart(FIELD + b"\r\nContent-Transfer-Encoding: base64\r\n\r\nx"),
}


@pytest.mark.parametrize("body", TOO_MUCH.values(), ids=TOO_MUCH)
def test_more_than_a_form_has_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedPayload):
        posted.entries(Delivery(headers={}, body=body))


def test_as_much_as_a_form_may_have_is_kept() -> None:
    given = {f"f{at}": "1" for at in range(199)} | {"list": list(range(2_500))}
    (flat,) = posted.entries(Delivery(headers={}, body=orjson.dumps(given)))
    assert (len(flat), flat["list"].count(",")) == (200, 2_499)


def test_a_long_label_shows_that_it_was_cut() -> None:
    given = {"Q" * 300 + "a": "1", "Q" * 300 + "b": "2", "R" * 150: "3"}
    (flat,) = posted.entries(Delivery(headers={}, body=orjson.dumps(given)))
    assert list(flat.items()) == [("Q" * 199 + "…", "1"), ("Q" * 197 + "….2", "2"), ("R" * 150, "3")]


def test_a_visitor_s_text_is_no_field_of_ours() -> None:
    typed = '{"phone":"0999999999"}'
    assert posted.entries(Delivery(headers={}, body=orjson.dumps({"message": typed}))) == [{"message": typed}]


PARTS = [
    (FIELD + b"\r\n\r\nm\xe1\xbb\x99t\r\nhai", [("a", "một\r\nhai")]),
    (b"content-disposition: FORM-DATA;\r\n  name=a\r\nContent-Type: text/plain\r\n\r\nx", [("a", "x")]),
    (b'Content-Disposition: form-data; name="h\\"a;b"\r\n\r\nx', [('h"a;b', "x")]),
    (FIELD + b"\r\n\r\n", [("a", "")]),
    (FIELD + b"\r\nContent-Transfer-Encoding: base64\r\n\r\neA==", [("a", "x")]),
    (FIELD + b"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=78", [("a", "x")]),
    (FIELD + b'; filename="a.png"\r\nContent-Type: image/png\r\n\r\nx', []),
    (b"\r\nx", []),
]


@pytest.mark.parametrize("part, found", PARTS, ids=range(len(PARTS)))
def test_parts(part: bytes, found: list[tuple[str, str]]) -> None:
    assert formbody.pairs(multipart(part), "") == found


def test_parts_with_bare_newlines() -> None:
    assert formbody.pairs(b"--b\n" + FIELD + b"\n\nx\n--b--\n", "") == [("a", "x")]


AGAIN = [
    {"data": ['{"name":"Lan"}']},
    {"data": orjson.dumps({"name": "Lan", "message": "x" * 20_000}).decode()},
    {"x": [{"name": "a", "value": text} for text in "1123"], "x.a.2": "4", "phone": "5", "phone.2": "6"},
    {"x": {"data": ' {"phone":"1","data":"[1,2]"}'}},
    {"fields": [{"name": "data", "value": "{\u0001}"}], "data.data": "[]"},
    {"a": {"b": {"a": 1}}, "c": {"b": "2"}, "k" * 300: {"k" * 300: "3"}},
]


@pytest.mark.parametrize("given", AGAIN, ids=range(len(AGAIN)))
def test_what_was_read_reads_again_as_itself(given: object) -> None:
    first = posted.entries(Delivery(headers={}, body=orjson.dumps(given)))
    assert posted.entries(Delivery(headers={}, body=orjson.dumps(first[0]))) == first
