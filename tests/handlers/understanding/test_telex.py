"""Telex and VNI without an input method, and everything else that is plain letters."""

from __future__ import annotations

import pytest

from handlers.understanding import understand
from handlers.understanding.telex import decoded

TYPED = [
    ("mua baor hieemr xe mays 2 nawm nhes", "mua bảo hiểm xe máy 2 năm nhé"),
    ("ddoongf ys", "đồng ý"),
    ("khoong ddoongf ys", "không đồng ý"),
    ("tuwf choois nhaanj tin", "từ chối nhận tin"),
    ("dduwngf nhawns nuwax", "đừng nhắn nữa"),
    ("mua thaan vor oo too 1 nawm", "mua thân vỏ ô tô 1 năm"),
    ("em teen laf Nguyeenx Thij Hueej", "em tên là Nguyễn Thị Huệ"),
    ("to6i ca62n mua ba3o hie63m", "tôi cần mua bảo hiểm"),
    ("d9o62ng y1", "đồng ý"),
    ("gia1 bao nhie6u va65y em", "giá bao nhiêu vậy em"),
]
PLAIN = [
    "dong y", "how do i see my fees now", "as soon as you can", "is this as good as it was", "need insurance for my 7 seater car asap", "cheers, see you soon",
    "mua xe 4n3d di thai", "xe ex150 va vf3", "xe cx5 vf8", "em o q7 tphcm", "tks ad nhe", "has 3 cars", "59x1 12345", "loan.tran@gmail.com", "đồng ý", "book a room soon",
    "cho em hoi phi bao hiem xe may mot nam bao nhieu vay shop", "so 0912345678 nhe", "a1 b2 c3", "",
]  # fmt: skip


@pytest.mark.parametrize("typed, meant", TYPED)
def test_what_was_typed_is_what_was_meant(typed: str, meant: str) -> None:
    assert decoded(typed) == meant


@pytest.mark.parametrize("text", PLAIN)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert decoded(text) == text


def test_a_stop_is_a_stop() -> None:
    assert understand("dduwngf nhawns nuwax").intent == "opt_out"
