"""What a spreadsheet makes of our tables."""

from __future__ import annotations

import csv
import io

import pytest

from gateway import csvfile


@pytest.mark.parametrize(
    "evil",
    [
        "=1+1", "+84912345678", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '=HYPERLINK("http://x";"y")', "＝1+1", "＋1", "－1", "＠x",
        " =1", "\u00a0=1", "\u200b=1", "\ufeff=cmd|' /C calc'!A0", "\u2212 1",
    ],
)  # fmt: skip
def test_a_cell_that_would_run_does_not(evil: str) -> None:
    assert csvfile.safe(evil) == f"'{evil}"


@pytest.mark.parametrize("plain", ["", "Nguyễn Văn Hùng", "0912 345 678", "a=b", "12-5", "'x", "5 > 4"])
def test_words_stay_as_they_are(plain: str) -> None:
    assert csvfile.safe(plain) == plain


def test_numbers_of_ours_are_numbers() -> None:
    assert [csvfile.safe(each) for each in (-5, 0, 3.5, None, True)] == ["-5", "0", "3.5", "", "True"]


@pytest.mark.parametrize(("name", "sign"), [("semicolon", ";"), ("comma", ",")])
def test_what_is_written_is_read_again(name: csvfile.Separator, sign: str) -> None:
    rows = [["Tên", "Nói"], ["Đỗ Thị Ánh", 'a;b,c "d"\nhai dòng'], ["x\x00y", 7]]
    data = csvfile.MARK + csvfile.lines(rows, name)
    assert data.startswith(b'\xef\xbb\xbf"T')
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=sign))
    assert read == [["Tên", "Nói"], ["Đỗ Thị Ánh", 'a;b,c "d"\nhai dòng'], ["xy", "7"]]
