"""What a message of ours has come to: a status only moves forward, whatever order the news comes in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# state -> what may come next by our own doing; failed and unconfirmed go on as a new row only
NEXT: Final[Mapping[str, frozenset[str]]] = {
    "queued": frozenset({"sending", "cancelled", "expired", "failed", "quarantined"}),
    "sending": frozenset({"sent", "retry_wait", "unknown", "failed", "quarantined"}),
    "retry_wait": frozenset({"sending", "cancelled", "expired", "failed", "quarantined"}),
    "sent": frozenset({"delivered", "read", "failed_late"}),
    "delivered": frozenset({"read"}),
    "read": frozenset(),
    "unknown": frozenset({"sent", "retry_wait", "unconfirmed"}),
    "unconfirmed": frozenset({"closed"}),
    "failed": frozenset(),
    "failed_late": frozenset(),
    "expired": frozenset(),
    "cancelled": frozenset(),
    "quarantined": frozenset({"queued"}),
    "closed": frozenset(),
}
REPEATABLE: Final = frozenset({"A", "C"})  # classes that a machine may send once more after an unknown fate

# What a platform tells of a message that it has. A receipt is proof that it was taken, so it also settles a message
# whose answer was lost; what was refused, withdrawn or never sent stays what it is.
_HEIGHT: Final[Mapping[str, int]] = {"sent": 1, "delivered": 2, "read": 3}
_OPEN_TO_PROOF: Final = frozenset({"sending", "retry_wait", "unknown", "unconfirmed"})

SHOWN: Final[Mapping[str, str]] = {
    "retry_wait": "queued",
    "failed_late": "failed",
    "quarantined": "failed",
    "closed": "unconfirmed",
}

# What people at the desk read of a message that did not arrive
ENDED: Final[Mapping[str, str]] = {
    "failed": "Tin không gửi được",
    "failed_late": "Tin không gửi được",
    "expired": "Tin quá hạn nên không gửi",
    "unknown": "Không rõ tin đã tới khách chưa",
    "unconfirmed": "Không rõ tin đã tới khách chưa",
    "ended": "Không viết cho khách qua kênh này được nữa",
}
ENDS: Final = frozenset({"blocked", "no_mailbox", "complaint", "unsubscribed"})  # nothing more reaches him there
REASONS: Final[Mapping[str, str]] = {  # a test holds them to all that the code can give
    "answer_lost": "không nhận được trả lời của nền tảng",
    "bad_address": "số điện thoại hoặc địa chỉ này không nhận được tin của kênh",
    "bad_request": "nền tảng không nhận nội dung này",
    "blocked": "khách đã chặn",
    "bounced": "thư bị trả lại",
    "calls_only": "kênh này chỉ có cuộc gọi và biểu mẫu",
    "complaint": "khách đã báo thư của mình là thư rác",
    "consent withdrawn": "khách đã rút lại đồng ý",
    "no consent to advertising": "khách chưa đồng ý nhận quảng cáo trên kênh này",
    "three advertisements a day": "hôm nay khách đã nhận đủ ba tin quảng cáo",
    "deactivated": "tài khoản của khách không còn hoạt động",
    "file_gone": "không còn tệp",
    "file_type": "kênh không nhận loại tệp này",
    "gave_up": "đã thử nhiều lần mà nền tảng không nhận",
    "gone": "nền tảng không còn giữ nội dung này",
    "hosting": "nền tảng không tải được tệp từ máy chủ của mình",
    "mark_lost": "hệ thống bị gián đoạn trong lúc gửi",
    "mailbox_full": "hộp thư của khách đã đầy",
    "moved": "cuộc trò chuyện đã chuyển sang nơi khác",
    "no_address": "khách không còn để lại địa chỉ e-mail này",
    "no_mailbox": "địa chỉ e-mail này không có người nhận",
    "never_started": "khách chưa từng nhắn trên kênh này",
    "not_found": "nền tảng không tìm thấy khách",
    "opt-out": "khách đã dừng nhận tin",
    "process_ended": "hệ thống khởi động lại trong lúc gửi",
    "rate": "gửi quá nhanh",
    "refused": "nền tảng từ chối",
    "sent_again": "đã gửi lại trong một tin khác",
    "spam": "máy chủ của khách coi đây là thư rác",
    "template": "mẫu tin sai hoặc chưa được duyệt",
    "template_missing": "chưa cài mẫu tin cho mục đích này",
    "template_not_allowed": "nền tảng chưa cho dùng mẫu tin",
    "too_large": "tệp quá lớn",
    "too_old": "kênh gián đoạn quá lâu",
    "unreadable": "nội dung không đọc lại được",
    "unsubscribed": "khách đã ngừng nhận thư",
    "window": "hết thời gian nền tảng cho phép trả lời",
    "billing": "tài khoản của mình trên kênh chưa trả phí hoặc hết tiền, cần quản lý nạp",
    "content": "nền tảng không cho gửi nội dung này, hãy viết lại",
    "customer_quota": "khách đã nhận đủ số tin nền tảng cho phép, chờ khách nhắn lại",
    "file": "nền tảng không nhận được tệp này, hãy gửi tệp khác",
    "no_profile": "nền tảng không cho biết ai nhận tin này",
    "not_following": "khách chưa quan tâm trang của mình",
    "not_ours": "cuộc trò chuyện đang do ứng dụng khác trả lời, nhắn trong ứng dụng đó",
    "phone": "số điện thoại không đúng",
    "template_by_phone": "mẫu tin này gửi theo số điện thoại mà chưa có số của khách",
    "template_quota": "hết lượt gửi mẫu tin",
    "unreachable": "khách không dùng hoặc không nhận tin trên kênh này",
    "unwanted": "khách không nhận loại tin này",
}


def may_become(state: str, new: str, *, klass: str = "A") -> bool:
    """Whether our own machinery may move an outbox row from `state` to `new`."""
    if state == "unknown" and new == "retry_wait":
        return klass in REPEATABLE
    return new in NEXT.get(state, frozenset())


def told(state: str, news: str) -> str:
    """The state after a platform's receipt: sent, delivered, read or failed. Stale or absurd news changes nothing."""
    if news == "failed":
        if state == "sent":
            return "failed_late"
        return "failed" if state in _OPEN_TO_PROOF - {"unconfirmed"} else state
    height = _HEIGHT.get(news, 0)
    if state in _OPEN_TO_PROOF:
        return news if height else state
    return news if height > _HEIGHT.get(state, height) else state


def shown(state: str) -> str:
    """The state in the words of the JSON API."""
    return SHOWN.get(state, state)


def explain(state: str, reason: str) -> str:
    """Why a message of ours did not arrive, for the people at the desk; '' when there is nothing to tell."""
    told = ENDED.get(state, "")
    why = REASONS.get(reason, "")  # a code of an earlier version says nothing to them
    return f"{told}: {why}" if told and why else told
