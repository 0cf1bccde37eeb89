"""What may be sent, to whom and when: forms and sizes, windows and money, as the platform refuses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .records import Json, Sent, ZaloError

if TYPE_CHECKING:
    from .server import FakeZalo

TEXT: Final = 2000
FREE_S: Final = 48 * 3600
LAST_S: Final = 7 * 86_400
ASSET_S: Final = 7 * 86_400
BUTTONS: Final = 5
FILE_BYTES: Final = 5 << 20
PICTURE_BYTES: Final = 1 << 20
DOCUMENTS: Final = (".pdf", ".doc", ".docx", ".csv")
KEYS: Final = frozenset({"text", "attachment", "quote_message_id"})


def consult(fake: FakeZalo, body: Json) -> Sent:
    """A consultation message to a user. Raises ZaloError."""
    user = _text(body.get("recipient"), "user_id")
    chat = fake.people.get(user)
    if chat is None or chat.anonymous:
        raise ZaloError(-201, "user_id is invalid!")
    age = fake.clock.now() - chat.interacted_at
    if chat.interacted_at == 0 or age > LAST_S:
        raise ZaloError(-230, "User has not interacted with the OA in the past 7 days")
    if chat.blocked:
        raise ZaloError(-244, "User restricts this type of message from the OA")
    billed = age > FREE_S
    sent = _message(fake, user, body.get("message"), billed=billed)
    if billed:
        _charge(fake)
    return sent


def to_group(fake: FakeZalo, body: Json) -> Sent:
    """Words to a group of people that the OA is in. Raises ZaloError."""
    to, message = body.get("recipient"), body.get("message")
    if not isinstance(to, dict) or set(to) != {"group_id"} or not _text(to, "group_id"):
        raise ZaloError(-201, "group_id is invalid!")
    group = _text(to, "group_id")
    if group not in fake.groups:
        raise ZaloError(-403, "OA is not a member of the group")
    if not isinstance(message, dict) or set(message) != {"text"}:
        raise ZaloError(-233, "Message type is invalid or not support")
    return _message(fake, group, message, billed=False)


def to_visitor(fake: FakeZalo, body: Json) -> Sent:
    """To somebody without a Zalo identity, in his visit. Raises ZaloError."""
    to = body.get("recipient")
    chat = fake.people.get(_text(to, "anonymous_id"))
    if chat is None or not chat.anonymous or _text(to, "conversation_id") != chat.visit:
        raise ZaloError(-201, "anonymous_id or conversation_id is invalid!")
    return _message(fake, chat.id, body.get("message"), billed=False)


def template(fake: FakeZalo, body: Json, *, by_phone: bool) -> Sent:
    """An approved template. Raises ZaloError."""
    number, tracking = str(body.get("template_id", "")), str(body.get("tracking_id", ""))
    wanted = fake.templates.get(number)
    if wanted is None:
        raise ZaloError(-131 if by_phone else -201, "template_id is invalid!")
    values = body.get("template_data")
    if not isinstance(values, dict) or set(values) != set(wanted):
        raise ZaloError(-1121, "template data is missing a parameter")
    if by_phone:
        phone = str(body.get("phone", ""))
        if not phone.isdecimal() or not phone.startswith("84"):
            raise ZaloError(-108, "phone is invalid")
        if not tracking or len(tracking) > 48 or not tracking.replace("-", "").isalnum():
            raise ZaloError(-111, "tracking_id is invalid")
        chat = next((one for one in fake.people.values() if one.phone == phone), None)
        if chat is None:
            raise ZaloError(-118, "Zalo account not existed")
    else:
        chat = fake.people.get(str(body.get("user_id", "")))
        if chat is None:
            raise ZaloError(-201, "user_id is invalid!")
        if number in fake.numbers_only:
            raise ZaloError(-249, "This template is not supported by UID")
    _charge(fake, -115 if by_phone else -321)
    wording = fake.wordings.get(number, "")
    text = wording.format(**values) if wording else " ".join(str(value) for value in values.values())
    return Sent(
        fake.clock.now(),
        chat.id,
        fake.new_id(),
        text=text,
        billed=True,
        template=number,
        values=values,
        tracking=tracking,
    )


def _charge(fake: FakeZalo, empty: int = -321) -> None:
    if fake.balance is None:
        raise ZaloError(-320, "The app is not linked to a Zalo Cloud account")
    if fake.balance <= 0:
        raise ZaloError(empty, "The Zalo Cloud account is out of money")
    fake.balance -= 1


def _message(fake: FakeZalo, user: str, message: Any, *, billed: bool) -> Sent:
    if not isinstance(message, dict) or not message or not KEYS.issuperset(message):
        raise ZaloError(-201, "message is invalid!")
    text = message.get("text", "")
    if not isinstance(text, str) or ("text" in message and not text.strip()):
        raise ZaloError(-201, "text is invalid!")
    if len(text) > TEXT:
        raise ZaloError(-210, "text exceeds the limit of 2000 characters")
    more: Json = {}
    if (attachment := message.get("attachment")) is not None:
        more = _attachment(fake, attachment, text)
    elif not text:
        raise ZaloError(-201, "message is invalid!")
    return Sent(fake.clock.now(), user, fake.new_id(), text=more.pop("text", text), billed=billed, **more)


def _attachment(fake: FakeZalo, attachment: Any, text: str) -> Json:
    payload = attachment.get("payload") if isinstance(attachment, dict) else None
    if not isinstance(payload, dict):
        raise ZaloError(-201, "attachment is invalid!")
    if attachment.get("type") == "file":
        if text:
            raise ZaloError(-233, "no text beside a file")
        return _asset(fake, "file", payload.get("token"))
    if attachment.get("type") != "template":
        raise ZaloError(-233, "Message type is invalid or not support")
    match payload.get("template_type"):
        case "media":
            return _asset(fake, "image", _one(payload).get("attachment_id"))
        case "request_user_info":
            card = _one(payload)
            title, subtitle = _text(card, "title"), _text(card, "subtitle")
            if not title or len(title) > 100 or not subtitle or len(subtitle) > 500:
                raise ZaloError(-201, "elements is invalid!")
            return {"asks_contact": True, "text": subtitle, "buttons": (title,)}
        case None if payload.get("buttons"):
            return _buttons(fake, payload["buttons"])
    raise ZaloError(-233, "Message type is invalid or not support")


def _buttons(fake: FakeZalo, buttons: Any) -> Json:
    if not fake.buttons:
        raise ZaloError(-233, "Message type is invalid or not support")
    if not isinstance(buttons, list) or len(buttons) > BUTTONS:
        raise ZaloError(-210, "too many buttons")
    for one in buttons:
        if not 0 < len(_text(one, "title")) <= 100 or one.get("type") not in {"oa.open.url", "oa.query.hide"}:
            raise ZaloError(-201, "buttons is invalid!")
    return {"buttons": tuple(one["title"] for one in buttons)}


def _asset(fake: FakeZalo, what: str, token: Any) -> Json:
    kind, name, data, at = fake.assets.get(str(token), ("", "", b"", 0.0))
    if kind != what:
        raise ZaloError(-201, f"{'token' if what == 'file' else 'attachment_id'} is invalid!")
    if fake.clock.now() - at > ASSET_S:
        raise ZaloError(-100, "attachment_id was expired")
    return {"file": data, "file_name": name}


def upload(fake: FakeZalo, what: str, name: str, data: bytes) -> Json:
    """Raises ZaloError."""
    if what == "file" and (len(data) > FILE_BYTES or not name.lower().endswith(DOCUMENTS)):
        raise ZaloError(-210, "the file is too large or of another kind")
    if what == "image" and (len(data) > PICTURE_BYTES or not data.startswith((b"\x89PNG", b"\xff\xd8"))):
        raise ZaloError(-210, "the image is too large or none")
    token = f"asset-{fake.new_id()}"
    fake.assets[token] = (what, name, data, fake.clock.now())
    return {"token": token} if what == "file" else {"attachment_id": token}


def _one(payload: Json) -> Json:
    elements = payload.get("elements")
    if not isinstance(elements, list) or len(elements) != 1 or not isinstance(elements[0], dict):
        raise ZaloError(-201, "elements is invalid!")
    return elements[0]


def _text(raw: Any, name: str) -> str:
    value = raw.get(name) if isinstance(raw, dict) else None
    return value if isinstance(value, str) else ""
