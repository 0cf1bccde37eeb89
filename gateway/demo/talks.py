"""What the simulated advisor says, by what the customer wants. Published facts, fees of the law, and samples marked so.

`{xung_ho}` how he is spoken to. An advisor promises no payout and no approval.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

INSURER: Final = "Bảo hiểm Mẫu (DEMO)"
HELLO: Final = "Dạ em chào {xung_ho}, em là Minh Anh, tư vấn viên của IBAOHIEM. "
READ: Final = "Em đã đọc yêu cầu nên {xung_ho} không cần nhắc lại ạ. "
BYE: Final = "Dạ em cảm ơn {xung_ho}. Cần gì thêm {xung_ho} cứ nhắn tại đây ạ."


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """What is sold on a yes: a sample policy of one year, `premium` in VND. `asks` -- before the certificate;
    `again` -- when he answered neither yes nor no; `summary` -- lines of the paper that goes with the offer."""

    premium: int
    asks: str
    again: str
    summary: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """`lines` -- said one after the other, each after an answer · `note` -- for colleagues · `outcome` -- how it is
    closed, '' = it stays hers, out of sight until tomorrow when it `rests`."""

    lines: tuple[str, ...]
    note: str
    sale: Sale | None = None
    outcome: str = "done"
    rests: bool = False
    labels: tuple[str, ...] = ()


LOST: Final = "Dạ vâng, em cảm ơn {xung_ho} đã quan tâm. Khi nào cần {xung_ho} nhắn lại em ạ."
DELIVERED: Final = "Dạ em vừa gửi giấy chứng nhận điện tử (bản MẪU của buổi trình diễn). {xung_ho} kiểm tra giúp em tên, hiệu lực và nhắn em nếu có gì chưa đúng ạ."
_TNDS: Final = (
    "Bản tóm tắt MẪU, không thay quy tắc bảo hiểm",
    "Quyền lợi: bồi thường cho bên thứ ba khi xe gây tai nạn",
    "Người: tối đa 150 triệu đồng/người/vụ",
    "Tài sản: tối đa {tai_san} triệu đồng/vụ",
    "Không bồi thường: cố ý gây thiệt hại; bỏ chạy; không có giấy phép lái xe phù hợp; nồng độ cồn, ma túy theo quy định",
    "Bắt buộc theo luật; tách riêng với bảo hiểm tự nguyện; không khuyến mại, không giảm giá",
)

TALKS: Final[Mapping[str, Talk]] = {
    "tnds_xe_may": Talk(
        lines=(
            HELLO
            + READ
            + "TNDS xe máy bồi thường cho bên thứ ba khi xe mình gây tai nạn. Phí theo biểu phí Nhà nước quy định: 66.000 đồng một năm, đã gồm VAT (xe từ 50cc trở lên). Em gửi kèm bản tóm tắt quyền lợi và các trường hợp không bồi thường. {xung_ho} xem giúp em rồi cho em biết có đồng ý làm không nhé.",
        ),
        note="Đã gửi tóm tắt quyền lợi và loại trừ, báo phí theo biểu phí Nhà nước.",
        sale=Sale(
            premium=66_000,
            asks="Dạ vâng. {xung_ho} cho em xin biển số xe để ghi vào giấy chứng nhận ạ.",
            again="Dạ phí là 66.000 đồng một năm ạ, không thu thêm khoản nào khác. Em làm cho {xung_ho} một năm nhé?",
            summary=tuple(line.replace("{tai_san}", "50") for line in _TNDS),
        ),
        outcome="won",
    ),
    "tnds_o_to": Talk(
        lines=(
            HELLO
            + READ
            + "TNDS ô tô không kinh doanh dưới 6 chỗ: phí theo biểu phí Nhà nước quy định là 480.700 đồng một năm,"
            " đã gồm VAT. Em gửi kèm bản tóm tắt quyền lợi và các trường hợp không bồi thường. {xung_ho} xem giúp em rồi cho em biết có đồng ý làm không nhé.",
        ),
        note="Đã gửi tóm tắt quyền lợi và loại trừ, báo phí theo biểu phí Nhà nước.",
        sale=Sale(
            premium=480_700,
            asks="Dạ vâng. {xung_ho} cho em xin biển số xe để ghi vào giấy chứng nhận ạ.",
            again="Dạ phí là 480.700 đồng một năm ạ. Em làm cho {xung_ho} một năm nhé?",
            summary=tuple(line.replace("{tai_san}", "100") for line in _TNDS),
        ),
        outcome="won",
    ),
    "du_lich": Talk(
        lines=(
            HELLO
            + READ
            + "Bảo hiểm Mẫu (DEMO) báo phí cho chuyến đi của hai người là 420.000 đồng (số liệu MẪU). Em gửi kèm bản tóm tắt quyền lợi và các trường hợp không chi trả. {xung_ho} xem giúp em rồi cho em biết có đồng ý làm không nhé.",
        ),
        note="Đã gửi tóm tắt quyền lợi và loại trừ, báo phí của hãng (mẫu).",
        sale=Sale(
            premium=420_000,
            asks="Dạ vâng. {xung_ho} cho em xin ngày đi, ngày về và tuổi của từng người ạ.",
            again="Dạ phí hãng báo là 420.000 đồng cho hai người ạ (số liệu MẪU). Em làm cho {xung_ho} nhé?",
            summary=(
                "Quyền lợi: chi phí y tế, vận chuyển cấp cứu, trễ chuyến, mất hành lý theo gói",
                "Không chi trả: bệnh có sẵn chưa kê khai; môn thể thao nguy hiểm ngoài gói; mua sau ngày khởi hành",
                "Số liệu MẪU của buổi trình diễn",
            ),
        ),
        outcome="won",
    ),
    "vat_chat_o_to": Talk(
        lines=(
            HELLO
            + READ
            + "Phí thân vỏ do hãng báo sau khi xem xe: theo giá trị xe, đời xe, mục đích sử dụng và mức khấu trừ. {xung_ho} cho em biết xe dùng gia đình hay kinh doanh để em hỏi hãng nhé?",
            "Dạ với xe tương tự, hãng mẫu báo khoảng 9 đến 11 triệu đồng một năm, chỉ là ước tính ạ. {xung_ho} muốn em xin báo phí chính thức không?",
        ),
        note="Khách hỏi phí thân vỏ; đã nói rõ chỉ là ước tính, phí chính thức do hãng báo.",
        labels=("chờ báo phí",),
    ),
    "suc_khoe": Talk(
        lines=(
            HELLO
            + READ
            + "Em nhắn {xung_ho} về bảo hiểm sức khỏe. Để hỏi phí đúng gói, {xung_ho} cho em biết muốn có nội trú, ngoại trú hay thai sản ạ? Thông tin sức khỏe cụ thể mình kê khai sau, qua biểu mẫu bảo mật.",
            "Dạ em ghi nhận. Em gửi {xung_ho} bảng quyền lợi kèm thời gian chờ và loại trừ, {xung_ho} đọc trước rồi mình trao đổi tiếp nhé.",
        ),
        note="Đang chờ khách đọc quyền lợi, thời gian chờ và loại trừ.",
        outcome="",
        labels=("chờ khách",),
    ),
    "claim": Talk(
        lines=(
            "Dạ em là Minh Anh, tư vấn viên của IBAOHIEM, em đang ở đây với {xung_ho}. Mọi người đã an toàn chưa, có ai cần cấp cứu không ạ?",
            "Dạ {xung_ho} làm rất đúng. {xung_ho} giữ nguyên hiện trường tới khi công an cho phép, chụp thêm toàn cảnh và biển số các xe. Việc có được bồi thường hay không là do hãng xem xét, em không quyết định thay được ạ.",
            "Bây giờ {xung_ho} gọi hotline ghi trên giấy chứng nhận của mình để hãng mở hồ sơ và cử giám định, rồi gửi thông báo tai nạn bằng văn bản hoặc điện tử trong 5 ngày làm việc. Em theo dõi cùng {xung_ho}.",
        ),
        note="Tai nạn: đã hỏi an toàn, hướng dẫn giữ hiện trường và báo hãng. Không hứa kết quả bồi thường.",
        labels=("bồi thường",),
    ),
    "complaint": Talk(
        lines=(
            "Dạ em là Minh Anh. Em đã đọc góp ý của {xung_ho}, em xin lỗi vì chưa làm {xung_ho} hài lòng. {xung_ho} cho em biết điều gì chưa tốt để em báo lại ngay ạ?",
            "Dạ em ghi nhận và đã chuyển góp ý cho trưởng nhóm. Em cảm ơn {xung_ho} đã nói thẳng ạ.",
        ),
        note="Khách góp ý, đã xin lỗi và chuyển trưởng nhóm.",
        labels=("góp ý",),
    ),
    "human": Talk(
        lines=(
            "Dạ em là Minh Anh, người thật đây ạ. {xung_ho} cần em hỗ trợ việc gì?",
            "Dạ được ạ. Hợp đồng cũ vẫn có hiệu lực tới ngày hết hạn, mình chỉ cần mua trước ngày đó để không bị gián đoạn. Em ghi lại để nhắc {xung_ho} nhé?",
        ),
        note="Khách muốn nói chuyện với người; đã trả lời, hẹn nhắc lại khi tới hạn.",
    ),
    "other": Talk(
        lines=(
            HELLO
            + READ
            + "{xung_ho} cho em biết thêm nghề nghiệp, tuổi và mức bảo hiểm mong muốn để em hỏi phí của hãng nhé?",
            "Dạ em đã ghi đủ. Phí và điều kiện do hãng báo, em gửi {xung_ho} kèm các trường hợp loại trừ ngay khi có ạ.",
        ),
        note="Đã đủ thông tin để hỏi phí của hãng.",
        outcome="",
        rests=True,
        labels=("chờ báo phí",),
    ),
}
ENGLISH: Final = Talk(
    lines=(
        "Hello, this is Minh Anh, an advisor at IBAOHIEM. I have read your request, so you need not repeat it. The fee depends on where you travel, for how long and on your ages; the insurer quotes it. Shall I ask for a quote?",
        "Thank you. I have asked the insurer (a sample, this is a demonstration). I will send the benefits, the exclusions and the fee here before you decide anything.",
    ),
    note="Khách viết tiếng Anh. Đang hỏi phí của hãng (mẫu).",
    outcome="",
    rests=True,
    labels=("chờ báo phí",),
)
FAREWELL: Final = re.compile(r"cứ nhắn tại đây|nhắn lại em ạ")  # nobody answers a good-bye


def talk(*, reason: str, product: str | None, language: str) -> Talk:
    """What to say to somebody who waits for this reason, with this product in mind."""
    if reason in ("claim", "complaint"):
        return TALKS[reason]
    if language == "en":
        return ENGLISH
    if reason in ("lead", "callback") or product:
        return TALKS.get(product or "", TALKS["other"])
    return TALKS["human"]
