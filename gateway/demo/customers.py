"""Who comes: a dozen tempers as data. What a character says answers what the bot asked; nobody follows a script blindly.

A line is words, or a tuple of bubbles sent one after the other; `[id]` taps a button, `[start]`, `[phone]` and
`[picture: caption]` are what an app offers, `[form]` fills in the form whose link has come, `~` before a line means that no answer is expected. The n-th time that a
question is asked the n-th line is said. Names and numbers are invented: do not call them.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

Line = str | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tempo:
    """Seconds: before an answer, a letter read, before typing, a letter typed, between bubbles."""

    read_s: float = 0
    read_a_letter_s: float = 0
    type_s: float = 0
    type_a_letter_s: float = 0
    bubble_s: float = 0

    def times(self, factor: float) -> Tempo:
        return Tempo(
            read_s=self.read_s * factor,
            read_a_letter_s=self.read_a_letter_s * factor,
            type_s=self.type_s * factor,
            type_a_letter_s=self.type_a_letter_s * factor,
            bubble_s=self.bubble_s * min(factor, 1),  # whoever writes in bubbles is never slow between them
        )


AT_ONCE: Final = Tempo()
HUMAN: Final = Tempo(read_s=1.5, read_a_letter_s=0.008, type_s=0.8, type_a_letter_s=0.07, bubble_s=0.45)


@dataclass(frozen=True, slots=True, kw_only=True)
class Character:
    """`temper` -- for the story · `people` -- (called, full name) of those who have it · `lines` -- question -> what
    he answers the first time, the second … · `to_advisor` -- what he says to a person, in order · `pace` -- 1 is
    usual, more is slower · `ends` -- the stage in which the whole story leaves him."""

    key: str
    temper: str
    channel: Literal["telegram", "zalo", "facebook", "viber", "webchat"]
    people: tuple[tuple[str, str], ...]
    opening: Line
    lines: Mapping[str, Sequence[Line]] = field(default_factory=dict)
    to_advisor: Sequence[Line] = ()
    filled: Mapping[str, str] = field(default_factory=dict)  # into the boxes of a form of ours
    pace: float = 1.0
    language: str = "vi"
    ends: str = ""
    lead: bool = False  # reaches the queue by the form
    buys: bool = False  # gets a certificate
    asked: bool = True  # how he likes it, days later; not on Messenger and Viber, whose 24 hours are over by then
    name: str = ""
    phone: str = ""


CAST: Final = (
    Character(
        key="polite",
        temper="lịch sự, trả lời từng câu",
        channel="telegram",
        people=(
            ("Lan", "Nguyễn Thị Lan"),
            ("Hoa", "Trần Thị Hoa"),
            ("Ngọc", "Lê Thị Bích Ngọc"),
            ("Loan", "Phùng Kim Loan"),
        ),
        opening="[start]",
        lines={
            "menu": ["Chào em, chị muốn mua bảo hiểm xe máy"],
            "consent": ["[c1:yes]"],
            "name": ["Chị tên {ho_ten} em nhé"],
            "phone": ["[phone]"],
            "time": ["[t:now]"],
            "confirm": ["[ok]"],
            "received": ["[got:yes]"],
            "csat": ["[csat:5]"],
            "csat_comment": ["Em Minh Anh tư vấn dễ hiểu, làm nhanh lắm"],
        },
        to_advisor=[
            "Chị xem rồi, chị đồng ý làm 1 năm nhé",
            "Biển số xe chị là 59X1-123.45",
            "Chị nhận được rồi, cảm ơn em nhiều",
        ],
        ends="won",
        lead=True,
        buys=True,
    ),
    Character(
        key="no_diacritics",
        temper="gõ không dấu",
        channel="webchat",
        people=(("Tuấn", "Phạm Anh Tuấn"), ("Sơn", "Vũ Hoàng Sơn"), ("Cường", "Đoàn Mạnh Cường")),
        opening="toi can mua bao hiem bat buoc cho xe oto 5 cho, khong kinh doanh",
        lines={
            "consent": ["dong y"],
            "name": ["toi ten {ho_ten_khong_dau}"],
            "phone": ["{sdt}"],
            "time": ["goi ngay cung duoc", "[t:now]"],
            "confirm": ["dung roi"],
            "received": ["nhan duoc roi em"],
            "csat": ["4"],
            "csat_comment": ["[skip]"],
            "form": ["~[form]"],
        },
        to_advisor=[
            "ok em, toi dong y lam 1 nam",
            "bien so 51F-123.45",
            "toi da doc ky, dong y, khai dung su that",
            "dong y, lam luon cho toi",
            "nhan duoc roi, cam on em",
        ],
        filled={
            "name": "{ho_ten}",
            "phone": "{sdt}",
            "plate": "51F-123.45",
            "residence": "Số 1 đường Ví Dụ, Hà Nội",
            "use": "non_business",
            "seats": "5",
            "term_years": "1",
        },
        ends="won",
        lead=True,
        buys=True,
    ),
    Character(
        key="teencode",
        temper="teencode",
        channel="zalo",
        people=(("Vy", "Nguyễn Thảo Vy"), ("Khôi", "Đỗ Minh Khôi"), ("Ngân", "Huỳnh Kim Ngân")),
        opening="alo shop oi, e mún mua bh xe máy, bn tiền z ạ",
        lines={
            "consent": ["oki ạ", "[c1:yes]"],
            "name": ["e tên {ten} nha"],
            "phone": ["sdt e nè {sdt_cach}"],
            "time": ["[t:now]"],
            "confirm": ["chuẩn r ạ"],
            "received": ["nhận đc r ạ"],
            "csat": ["2 sao thui à"],
        },
        to_advisor=[
            "ok chốt lun ạ",
            "bs xe e 59X1-678.90 nha",
            "e nhận đc r, tks c",
            "tại e hỏi phí từ đầu mà phải chờ mới biết á",
            "dạ oki c, lần sau nhanh hơn xíu là đc ạ",
        ],
        pace=0.7,
        ends="won",
        lead=True,
        buys=True,
    ),
    Character(
        key="everything",
        temper="nói hết trong một tin",
        channel="facebook",
        people=(("Hà", "Lê Thu Hà"), ("Trang", "Bùi Thùy Trang"), ("Uyên", "Nguyễn Tú Uyên")),
        opening="Mình tên {ho_ten}, sđt {sdt_cach}, cần mua bảo hiểm du lịch đi Nhật 7 ngày cho 2 vợ chồng",
        lines={
            "consent": ["Đồng ý"],
            "name": ["{ho_ten}"],
            "phone": ["{sdt}"],
            "time": ["[t:now]"],
            "confirm": ["Đúng rồi bạn"],
        },
        to_advisor=[
            "Ok bạn, phí vậy được, mình đồng ý",
            "Bay ngày 20 tháng sau, về ngày 27; mình 33 tuổi, chồng mình 35",
            "Mình mở được tệp rồi, cảm ơn bạn",
        ],
        ends="won",
        lead=True,
        buys=True,
        asked=False,
    ),
    Character(
        key="impatient",
        temper="nóng vội, nhắn liên tục",
        channel="facebook",
        people=(("Dũng", "Hoàng Trí Dũng"), ("Long", "Mai Đức Long"), ("Hải", "Tạ Quang Hải")),
        opening=("alo", "co ai k", "mua bao hiem than vo oto", "con Xpander 2022", "nhanh nha dang gap"),
        lines={
            "consent": ["[c1:yes]"],
            "menu": ["mua than vo oto"],
            "name": ["{ten}"],
            "phone": ["{sdt}"],
            "time": ["[t:now]"],
            "confirm": [("ok", "nhanh nha")],
        },
        to_advisor=["bao nhieu 1 nam", "mac qua, thoi khong mua dau"],
        pace=0.4,
        ends="lost",
        lead=True,
    ),
    Character(
        key="refuses",
        temper="không muốn để lại thông tin",
        channel="webchat",
        people=(("Quỳnh", "Phan Như Quỳnh"), ("Thái", "Đinh Quốc Thái"), ("Giang", "Trương Lệ Giang")),
        opening="Cho hỏi bảo hiểm sức khỏe phí bao nhiêu vậy?",
        lines={
            "consent": ["[c1:no]"],
            "declined": ["~Vậy để mình xem thông tin trên trang, cảm ơn bạn"],
        },
        ends="closed_idle",
    ),
    Character(
        key="human",
        temper="đòi gặp người thật ngay",
        channel="webchat",
        people=(("Khánh", "Trịnh Gia Khánh"), ("Hiền", "Võ Thu Hiền"), ("Tâm", "Châu Minh Tâm")),
        opening="Cho tôi gặp người thật, tôi không muốn nói chuyện với máy",
        lines={"consent": ["[c1:yes]"], "phone": ["{sdt}"], "name": ["{ho_ten}"]},
        to_advisor=[
            "Bảo hiểm ô tô của tôi mua chỗ khác, tháng sau hết hạn, chuyển sang bên em được không?",
            "Được, vậy gần ngày hết hạn em nhắc tôi nhé",
        ],
        ends="closed_idle",
    ),
    Character(
        key="accident",
        temper="vừa gặp tai nạn",
        channel="zalo",
        people=(("Minh", "Nguyễn Quang Minh"), ("Thắng", "Lý Văn Thắng"), ("Hậu", "Bành Văn Hậu")),
        opening="xe tôi vừa bị tông ở ngã tư Hàng Xanh, có người bị thương, giờ làm sao em ơi",
        lines={"consent": ["Đồng ý"], "phone": ["{sdt}"], "name": ["{ho_ten}"]},
        to_advisor=[
            "Có một người bị gãy tay, tôi gọi 115 rồi, công an đang tới",
            "Tôi chụp ảnh hiện trường rồi, chưa dời xe",
            "Cảm ơn em, tôi gọi hotline ngay",
        ],
        pace=0.6,
        ends="closed_idle",
    ),
    Character(
        key="wrong_phone",
        temper="gõ sai số điện thoại",
        channel="viber",
        people=(("Phong", "Phạm Hải Phong"), ("Yến", "Cao Hoàng Yến"), ("Đức", "Lương Minh Đức")),
        opening="mình muốn mua bảo hiểm tai nạn 24/24 cho bản thân",
        lines={
            "consent": ["ừ đồng ý"],
            "name": ["{ho_ten}"],
            "phone": ["{sdt_thieu}", "{sdt_thua}", "à quên, {sdt}"],
            "time": ["[t:now]"],
            "confirm": ["đúng rồi"],
        },
        to_advisor=["Mình làm văn phòng, 29 tuổi, muốn mức 200 triệu", "~Được, bạn hỏi phí giúp mình nhé"],
        ends="with_advisor",
        lead=True,
    ),
    Character(
        key="changes_mind",
        temper="hay đổi ý",
        channel="webchat",
        people=(("Hạnh", "Đặng Mỹ Hạnh"), ("Thu", "Hồ Minh Thu"), ("Thảo", "Kiều Phương Thảo")),
        opening="Chị muốn mua bảo hiểm cho căn nhà chị đang ở",
        lines={
            "consent": ["Chị đồng ý"],
            "name": ["Chị {ten}"],
            "phone": ["{sdt}"],
            "need": ["bảo hiểm sức khỏe cho bé"],
            "province": ["chị ở Đà Nẵng em"],
            "time": ["9h sáng mai gọi chị"],
            "confirm": [
                "à khoan, chị đổi sang bảo hiểm sức khỏe cho bé 5 tuổi nhé",
                "nhầm số rồi, số đúng là {sdt_khac}",
                "Đúng rồi em",
            ],
            "edit": ["sản phẩm"],
        },
        to_advisor=[
            "Bé nhà chị 5 tuổi, chị muốn gói có nội trú, em gửi chị xem nhé",
            "~Ừ, để chị đọc rồi nhắn lại em",
        ],
        ends="with_advisor",
        lead=True,
    ),
    Character(
        key="english",
        temper="viết tiếng Anh",
        channel="webchat",
        people=(("Ken", "Ken"), ("Emma", "Emma"), ("Oliver", "Oliver")),
        opening="Hello, I would like to buy travel insurance for two people, 10 days",
        lines={
            "consent": ["I agree"],
            "name": ["{ten}"],
            "phone": ["{sdt_quoc_te}"],
            "time": ["[t:now]"],
            "confirm": ["Yes, that is correct"],
        },
        to_advisor=["Yes, please ask for a quote. We are 34 and 36, flying to Japan.", "~Great, thank you!"],
        language="en",
        ends="with_advisor",
        lead=True,
    ),
    Character(
        key="elderly",
        temper="lớn tuổi, gửi ảnh giấy tờ",
        channel="viber",
        people=(("bác Tư", "Nguyễn Văn Tư"), ("bác Bảy", "Trần Thị Bảy"), ("bác Năm", "Lê Văn Năm")),
        opening="Chào cháu. Bác muốn gia hạn bảo hiểm xe máy.",
        lines={
            "consent": ["Ừ, bác đồng ý."],
            "menu": ["Bác muốn gia hạn bảo hiểm xe máy"],
            "name": ["Bác tên là {ho_ten}."],
            "phone": ["[picture: Số của bác có ghi trong giấy này, cháu xem giúp]", "Số của bác là {sdt_cham}"],
            "time": ["Lúc nào cũng được cháu ạ", "[t:now]"],
            "confirm": ["Đúng rồi cháu"],
        },
        to_advisor=[
            "Bác không biết mở tệp, cháu nói cho bác nghe bao nhiêu tiền?",
            "Ừ, thế cháu làm cho bác 1 năm",
            "Biển số 59X1-543.21 cháu nhé",
            "Bác thấy giấy rồi. Cảm ơn cháu.",
        ],
        pace=2.2,
        ends="won",
        lead=True,
        buys=True,
        asked=False,
    ),
    Character(
        key="silent",
        temper="nhắn một câu rồi im lặng",
        channel="webchat",
        people=(("Quân", "Lâm Minh Quân"), ("Nhi", "Tô Yến Nhi"), ("Bình", "Ngô Thanh Bình")),
        opening="alo",
        ends="closed_idle",
    ),
    Character(
        key="spammer",
        temper="quảng cáo rác",
        channel="telegram",
        people=(("khách lạ 88", "Vay Nhanh 88"), ("khách lạ 24h", "Tiền Nhanh 24h")),
        opening="vay tiền nhanh giải ngân 5 phút lh zalo",
        lines={
            "spam": [
                "nổ hũ tặng code 88k",
                "mua bán tài khoản fb giá rẻ",
                "~tuyển ctv việc nhẹ lương cao",
            ]
        },
        pace=0.5,
        ends="closed_spam",
    ),
)


def cast_as(character: Character, rng: random.Random, taken: Collection[str] = ()) -> Character:
    """This character as somebody: with a name and a number in all that he says. `taken` -- who has been here."""
    name, full = rng.choice([one for one in character.people if one[0] not in taken] or character.people)
    digits = f"{rng.randrange(10**6):06}"
    other = f"{rng.randrange(10**6):06}"
    words = {
        "ten": name,
        "ho_ten": full,
        "ho_ten_khong_dau": _plain(full).lower(),
        "sdt": f"0900{digits}",
        "sdt_cach": f"0900 {digits[:3]} {digits[3:]}",
        "sdt_cham": f"0900.{digits[:3]}.{digits[3:]}",
        "sdt_quoc_te": f"+84 900 {digits[:3]} {digits[3:]}",
        "sdt_khac": f"0900{other}",
        "sdt_thieu": f"0900{digits[:5]}",
        "sdt_thua": f"0900{digits}7",
    }

    def said(line: Line) -> Line:
        return line.format(**words) if isinstance(line, str) else tuple(bubble.format(**words) for bubble in line)

    return replace(
        character,
        name=name,
        phone=words["sdt"],
        opening=said(character.opening),
        lines={question: [said(line) for line in lines] for question, lines in character.lines.items()},
        to_advisor=[said(line) for line in character.to_advisor],
        filled={box: value.format(**words) for box, value in character.filled.items()},
    )


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
