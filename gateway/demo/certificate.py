"""Papers of the demonstration: a certificate and a summary as PDF, a snapshot of an old one. All marked as samples.

The core fonts of PDF carry no Vietnamese letters and our dependencies bring no font that does: ASCII it is.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Final

MARK: Final = "MAU / DEMO - KHONG CO GIA TRI"
_LETTERS: Final = str.maketrans("đĐ–—…“”’", 'dD--.""\'')


def plain(text: str) -> str:
    """Without marks: `Nguyễn Thị Lan` -> `Nguyen Thi Lan`."""
    letters = unicodedata.normalize("NFD", text.translate(_LETTERS))
    return "".join(letter for letter in letters if ord(letter) < 127)


def prepare() -> None:
    """Import what draws: a second, so in a thread at the start."""
    import_module("fpdf")
    import_module("PIL.ImageDraw")


def certificate(values: Mapping[str, str], *, made_at: datetime) -> bytes:
    """A sample of an insurer's certificate. `values` -- label -> value, in their order."""
    return _page("GIAY CHUNG NHAN BAO HIEM DIEN TU", [f"{label}: {value}" for label, value in values.items()], made_at)


def summary(title: str, lines: Sequence[str], *, made_at: datetime) -> bytes:
    """A sample of the benefits and exclusions that a customer gets before he decides."""
    return _page(title, lines, made_at)


def _page(title: str, lines: Sequence[str], made_at: datetime) -> bytes:
    from fpdf import FPDF

    page = FPDF(format=(148, 210))
    page.set_creation_date(made_at)
    page.set_title(plain(title))
    page.add_page()
    page.set_font("helvetica", "B", 22)
    page.set_text_color(215, 215, 215)
    with page.rotation(35, 74, 105):
        page.text(8, 108, MARK)
    page.set_text_color(20, 20, 20)
    page.set_font("helvetica", "B", 14)
    page.multi_cell(0, 8, plain(title), align="C", new_x="LMARGIN", new_y="NEXT")
    page.set_font("helvetica", "", 9)
    page.multi_cell(0, 6, MARK, align="C", new_x="LMARGIN", new_y="NEXT")
    page.ln(6)
    page.set_font("helvetica", "", 11)
    for line in lines:
        page.multi_cell(0, 7, plain(line), new_x="LMARGIN", new_y="NEXT")
    return bytes(page.output())


def snapshot(lines: Sequence[str]) -> bytes:
    """A photograph of a paper, as a telephone takes it (JPEG)."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (900, 640), (118, 92, 66))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((60, 50, 850, 590), fill=(244, 240, 228))
    for number, line in enumerate([MARK, "", *lines]):
        draw.text((100, 90 + 48 * number), plain(line), fill=(40, 40, 60), font_size=30)
    out = io.BytesIO()
    picture.rotate(3, expand=True, fillcolor=(118, 92, 66)).save(out, "JPEG", quality=80)
    return out.getvalue()
