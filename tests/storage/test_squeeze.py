"""What is stored gets smaller and comes back the same, now and after every later release."""

from __future__ import annotations

import hashlib

import orjson
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from storage import keys
from storage.keys import KeyMissing, pack, seal, unpack, unseal
from storage.squeeze import WORDS, squeeze, stretch

KEY = AESGCM(bytes(range(32)))
SAID = '{"text":"Dạ em xin họ tên để tiện xưng hô ạ?","keys":["ask.name"]}'.encode()


def test_the_dictionary_never_changes() -> None:
    """Rows of every installation are read with it: a better one is a new version beside it, not an edit."""
    assert hashlib.sha256(WORDS).hexdigest() == "55925f0fe4916143c182e93aab13a6ee85eaf286ed2e7a543250473aa55d8894"
    assert stretch(bytes.fromhex("c3c8e3e4b47c909a39d4360f00")) == SAID * 2


@given(st.binary(max_size=9000) | st.text(max_size=3000).map(str.encode))
def test_comes_back_the_same(data: bytes) -> None:
    small = squeeze(data)
    assert small is None or (len(small) < len(data) and stretch(small) == data)
    assert unseal(KEY, "t|c|1", seal(KEY, "t|c|1", data)) == data


def test_a_short_row_gets_smaller() -> None:
    """A few hundred bytes are what a row has: without the dictionary they hardly shrink."""
    update = {"update_id": 1, "message": {"message_id": 7, "date": 1793345010, "text": "xe máy"}}
    update["message"] |= {  # type: ignore[operator]
        "from": {"id": 5820113377, "is_bot": False, "first_name": "Hoa", "language_code": "vi"},
        "chat": {"id": 5820113377, "first_name": "Hoa", "type": "private"},
    }
    raw = orjson.dumps(update)
    assert len(seal(KEY, "inbox_event|body_sealed|1", raw)) < len(raw) / 2


def test_the_version_is_bound_in() -> None:
    """A squeezed value cannot be passed off as a plain one, nor the other way round."""
    for data in (SAID * 2, b"short"):
        sealed = seal(KEY, "t|c|1", data)
        other = bytes([3 - sealed[0]]) + sealed[1:]
        with pytest.raises(KeyMissing, match="sealed for another place or key"):
            unseal(KEY, "t|c|1", other)


def test_what_the_first_pre_releases_stored_can_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    import zlib

    monkeypatch.setattr(keys, "squeeze", lambda data: None)
    value = {"text": "Dạ em chào anh/chị! " * 30}
    old = seal(KEY, "t|c|1", zlib.compress(orjson.dumps(value), 1))
    assert unpack(unseal(KEY, "t|c|1", old)) == value
    assert unpack(unseal(KEY, "t|c|1", seal(KEY, "t|c|1", pack(value)))) == value
