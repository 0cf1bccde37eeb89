"""Card numbers, codes and passwords are covered; everything else stays as it was, to the letter."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.understanding import mask
from handlers.understanding.secrets import luhn

COVERED = [
    ("4111 1111 1111 1111", "•••• •••• •••• ••••"),
    ("thẻ 4111111111111111 nhé", "thẻ •••••••••••••••• nhé"),
    ("thẻ 4111-1111-1111-1111 12/26", "thẻ ••••••••••••••••••• 12/26"),
    ("4111 1111 1111 1111 12/26 123", "•••• •••• •••• •••• 12/26 123"),
    ("5500 0000 0000 0004 gọi 0912345678", "•••• •••• •••• •••• gọi 0912345678"),
    ("９７０４ １９８５ ２６１９ １４３２ １９８", "•••• •••• •••• •••• •••"),
    ("mã otp 123456", "mã otp ••••••"),
    ("OTP là 998 877 nha", "OTP là ••• ••• nha"),
    ("123456 là mã otp", "•••••• là mã otp"),
    ("mã xác thực của em là 556677", "mã xác thực của em là ••••••"),
    ("cvv 123", "cvv •••"),
    ("CVC: 1234", "CVC: ••••"),
    ("mật khẩu: abc123", "mật khẩu: ••••••"),
    ("mật khẩu là hello123 nhé", "mật khẩu là •••••••• nhé"),
    ("mat khau ngan hang abc@123", "mat khau ngan hang •••••••"),
    ("password hunter2", "password •••••••"),
    ("mk: Abc@123", "mk: •••••••"),
    ("mã pin 1234", "mã pin ••••"),
]


@pytest.mark.parametrize("text, covered", COVERED)
def test_a_secret_is_covered(text: str, covered: str) -> None:
    assert mask(text) == (covered, True)
    assert mask(unicodedata.normalize("NFD", text))[1]


LEFT = [
    "0912 345 678", "0912 345 678 0387 654 321", "079090001234", "mk là Thảo", "mật khẩu của tôi bị quên rồi", "mã otp gì vậy shop", "quên mật khẩu thì sao",
    "em chưa nhận được mã otp", "mã đơn 123456", "mã yêu cầu YC-123456", "59X1-123.45", "1234567890123456", "phí 66.000 hay 480.700", "",
]  # fmt: skip


@pytest.mark.parametrize("text", LEFT)
def test_what_is_no_secret_stays(text: str) -> None:
    assert mask(text) == (text, False)


def _card(stem: str) -> str:
    return next(f"{stem}{digit}" for digit in "0123456789" if luhn(f"{stem}{digit}"))


@given(
    st.from_regex(r"[456]\d{14}", fullmatch=True).map(_card),
    st.sampled_from(["", " ", "-", "."]),
    st.text(alphabet="ab ,;xin chào", max_size=20),
)
def test_a_card_is_covered_wherever_it_stands(card: str, joint: str, around: str) -> None:
    written = joint.join([card[:4], card[4:8], card[8:12], card[12:]])
    text = f"{around} {written} {around}"
    masked, found = mask(text)
    if card.startswith(("4", "51", "52", "53", "54", "55", "6")):
        assert found
        assert card[4:] not in masked.replace(joint, "") if joint else card not in masked


@given(st.text())
def test_masking_never_raises_and_keeps_the_length(text: str) -> None:
    masked, found = mask(text)
    assert len(masked) in (len(text), len(unicodedata.normalize("NFC", text)))
    assert found or masked == text
    assert mask(masked)[0] == masked
