"""What a person is told about his request, to begin with: the officer reads it, fills what is left, and sends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from handlers import wording
from handlers.model import Business
from handlers.texts import Texts

GROUNDS: Final[Mapping[str, Mapping[str, str]]] = {  # why not, or not all of it, in the customer's words
    "not_verified": {
        "vi": "chưa xác minh được người yêu cầu là chủ dữ liệu",
        "en": "we could not confirm that the request comes from the person whose data it is",
    },
    "nothing_held": {
        "vi": "IBAOHIEM không lưu dữ liệu nào của người yêu cầu",
        "en": "we hold no data about you",
    },
    "legal_duty": {
        "vi": "pháp luật buộc lưu giữ dữ liệu này (Điều 14 Luật Bảo vệ dữ liệu cá nhân)",
        "en": "the law obliges us to keep this data (Article 14, Personal Data Protection Law)",
    },
    "agreement": {
        "vi": "dữ liệu cần cho việc thực hiện hợp đồng với anh/chị (Điều 19 Luật Bảo vệ dữ liệu cá nhân)",
        "en": "the data is needed to perform the contract with you (Article 19, Personal Data Protection Law)",
    },
    "others_rights": {
        "vi": "yêu cầu liên quan đến dữ liệu của người khác",
        "en": "it would disclose or change another person's data",
    },
    "unclear": {
        "vi": "yêu cầu chưa đủ rõ và IBAOHIEM chưa nhận được phần bổ sung",
        "en": "the request is not clear enough and nothing was added to it",
    },
    "taken_back": {"vi": "anh/chị đã rút lại yêu cầu", "en": "you took the request back"},
}
KEPT: Final[Mapping[str, Mapping[str, str]]] = {  # what the law keeps (storage.holds), by its kind
    "policy": {"vi": "hồ sơ hợp đồng", "en": "the contract records"},
    "consents": {"vi": "bằng chứng đồng ý", "en": "the evidence of your consents"},
}
RESULTS: Final[Mapping[str, Mapping[str, str]]] = {
    "access": {"vi": "đã gửi bản sao dữ liệu", "en": "a copy of your data was given to you"},
    "rectify": {"vi": "đã sửa dữ liệu theo yêu cầu", "en": "your data was corrected"},
    "delete": {"vi": "đã xóa dữ liệu", "en": "your data was deleted"},
    "withdraw": {
        "vi": "đã dừng mọi việc dựa trên sự đồng ý đã rút lại",
        "en": "what rested on the consent has stopped",
    },
    "restrict": {"vi": "đã hạn chế việc xử lý dữ liệu", "en": "the use of your data is restricted"},
    "object": {"vi": "đã dừng việc xử lý bị phản đối", "en": "the use that you object to has stopped"},
    "protect": {"vi": "đã áp dụng biện pháp bảo vệ dữ liệu", "en": "your data is protected as you asked"},
    "complaint": {"vi": "đã xem xét và trả lời khiếu nại", "en": "your complaint was looked into and answered"},
}
PROOF: Final = {
    "vi": "em sẽ gọi lại số điện thoại đã lưu và hỏi một thông tin mà chỉ chủ dữ liệu biết",
    "en": "we call back the number that we have and ask for something that only you know",
}
LABELS: Final = {
    "access": "buttons.view_data",
    "rectify": "buttons.fix_data",
    "delete": "buttons.delete_data",
    "withdraw": "buttons.withdraw",
}
KEYS: Final[Mapping[str, str]] = {
    "acknowledge": "privacy.ack",
    "verify": "privacy.verify",
    "extend": "privacy.extended",
    "done": "privacy.done",
    "partly_done": "privacy.partial",
    "refuse": "privacy.refused",
    "erase": "privacy.will_erase",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`kept` -- kinds of what the law keeps, until `kept_until`; `due` -- by when it is to be done."""

    kind: str
    code: str
    received: datetime
    now: datetime
    due: datetime
    ground: str
    kept: tuple[str, ...] = ()
    kept_until: datetime | None = None
    salutation: str = ""


def begin(act: str, facts: Facts, *, lang: str, business: Business, texts: Texts) -> tuple[str, Mapping[str, str]]:
    """The text's key, and what is known of its values; '' for what a person has to say himself."""
    key = "privacy.will_erase_partly" if act == "erase" and facts.kept else KEYS[act]
    done, kept = RESULTS[facts.kind][lang], ", ".join(KEPT[kind][lang] for kind in facts.kept)
    return key, {
        "xung_ho": facts.salutation,
        "ma_yeu_cau": facts.code,
        "loai_yeu_cau": texts.label(LABELS.get(facts.kind, "buttons.privacy"), lang),
        "thoi_diem": wording.stamp(facts.received if act == "acknowledge" else facts.now, business, lang),
        "han_xu_ly": wording.date(facts.due, business),
        "email_bao_ve_du_lieu": business.dpo_email,
        "cach_xac_minh": PROOF[lang],
        "ket_qua": done,
        "phan_da_lam": "" if facts.kind == "delete" else done,
        "phan_con_giu": kept,
        "han_giu": wording.date(facts.kept_until, business) if facts.kept_until else "",
        "ly_do": "" if act == "extend" else GROUNDS[facts.ground][lang],
    }
