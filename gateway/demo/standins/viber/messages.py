"""What may be sent, to whom and how often: forms and sizes, levels and fees, as the platform refuses them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from .records import Json, Sent, ViberError, dumps

if TYPE_CHECKING:
    from .customer import Customer
    from .server import FakeViber

TEXT: Final = 7000
CAPTION: Final = 768
WHOLE: Final = 30 * 1024
FILE_BYTES: Final = 50 << 20
SESSION_S: Final = 24 * 3600
UNANSWERED: Final = 100
HOUR_S: Final = 3600
PICTURES: Final = (".jpg", ".jpeg", ".png", ".gif")
COMMON: Final = frozenset({"receiver", "type", "sender", "tracking_data", "min_api_version", "keyboard", "auth_token"})
OWN: Final = {
    "text": {"text"},
    "picture": {"text", "media", "thumbnail"},
    "file": {"media", "size", "file_name"},
    "url": {"media"},
    "contact": {"contact"},
}
LEVELS: Final = {"reply": 1, "open-url": 1, "none": 1, "share-phone": 3, "location-picker": 3}


def take(fake: FakeViber, body: Json) -> Sent:
    """A message to a subscriber. Raises ViberError."""
    customer = fake.people.get(str(body.get("receiver")))
    if customer is None:
        raise ViberError(5, "receiverNotRegistered")
    if not customer.subscribed:
        raise ViberError(6, "receiverNotSubscribed")
    check(fake, body, customer, answer=False)
    now = fake.clock.now()
    customer.unanswered = [at for at in customer.unanswered if now - at < HOUR_S]
    if len(customer.unanswered) >= UNANSWERED:
        raise ViberError(12, "tooManyRequests")
    customer.unanswered.append(now)
    buttons = body.get("keyboard", {}).get("Buttons", ())
    return Sent(
        now,
        customer.id,
        fake.new_token(),
        kind=body["type"],
        text=body.get("text", ""),
        actions=tuple((one["ActionType"], one["ActionBody"]) for one in buttons),
        labels=tuple(one["Text"] for one in buttons),
        media=body.get("media", ""),
        size=body.get("size", 0),
        file_name=body.get("file_name", ""),
        billing=_charge(fake, customer, now),
        body=body,
    )


def _charge(fake: FakeViber, customer: Customer, now: float) -> int:
    if customer.session_at and now - customer.session_at <= SESSION_S:
        return 1
    if fake.balance is None:
        return 3
    if fake.balance <= 0:
        raise ViberError(24, "noBalance")
    fake.balance -= 1
    return 5


def check(fake: FakeViber, body: Any, customer: Customer, *, answer: bool) -> None:
    """Its form. `answer` -- to conversation_started, which has no receiver. Raises ViberError."""
    if not isinstance(body, dict):
        raise ViberError(3, "badData")
    if len(dumps(body)) > WHOLE:
        raise ViberError(3, "the message is larger than 30 KB")
    kind = body.get("type")
    if kind not in OWN:
        raise ViberError(3, f"type is not supported: {kind}")
    if unknown := set(body) - COMMON - OWN[kind]:
        raise ViberError(3, f"unknown members: {sorted(unknown)}")
    if answer and "receiver" in body:
        raise ViberError(3, "the answer to conversation_started has no receiver")
    name = body.get("sender", {}).get("name") if isinstance(body.get("sender"), dict) else None
    if not isinstance(name, str) or not 0 < len(name) <= 28:
        raise ViberError(4, "sender.name")
    if len(body.get("tracking_data", "")) > 4000:
        raise ViberError(3, "tracking_data")
    level = body.get("min_api_version", 1)
    if not isinstance(level, int) or level < 1:
        raise ViberError(3, "min_api_version")
    if level > customer.api_version:
        raise ViberError(13, "apiVersionNotSupported")
    _content(fake, kind, body)
    if "keyboard" in body:
        _keyboard(body["keyboard"], level)


def _content(fake: FakeViber, kind: str, body: Json) -> None:
    text = body.get("text")
    if kind == "text" and (not isinstance(text, str) or not text.strip() or len(text) > TEXT):
        raise ViberError(3, "text")
    if kind == "picture":
        if not isinstance(text, str) or len(text) > CAPTION:
            raise ViberError(3, "text is required beside a picture")
        if not _address(fake, body.get("media")).endswith(PICTURES):
            raise ViberError(3, "media must end in .jpg, .png or .gif")
    if kind == "file":
        size, name = body.get("size"), body.get("file_name")
        if not isinstance(size, int) or not 0 < size <= FILE_BYTES:
            raise ViberError(4, "size")
        if not isinstance(name, str) or "." not in name or len(name) > 256:
            raise ViberError(4, "file_name")
        if not _address(fake, body.get("media")).endswith("." + name.rpartition(".")[2].lower()):
            raise ViberError(3, "media must end in the file's extension")


def _address(fake: FakeViber, media: Any) -> str:
    """The path of a public address, in lower case."""
    if not isinstance(media, str) or len(media) > 2000:
        raise ViberError(4, "media")
    parts = urlsplit(media)
    if parts.scheme != "https" and not (fake.near and parts.hostname == "127.0.0.1"):
        raise ViberError(3, "media must be https")
    return parts.path.lower()


def _keyboard(keyboard: Any, level: int) -> None:
    if not isinstance(keyboard, dict) or keyboard.get("Type") != "keyboard" or not keyboard.get("Buttons"):
        raise ViberError(3, "keyboard is not valid")
    if set(keyboard) - {"Type", "DefaultHeight", "BgColor", "Buttons", "InputFieldState"}:
        raise ViberError(3, "keyboard is not valid: unknown members")
    cells = 0
    for button in keyboard["Buttons"]:
        columns, rows, action = button.get("Columns"), button.get("Rows"), button.get("ActionType")
        if columns not in range(1, 7) or rows not in (1, 2):
            raise ViberError(3, "keyboard is not valid: Columns or Rows")
        cells += columns * rows
        if LEVELS.get(action, 99) > level:
            raise ViberError(3, f'keyboard is not valid. [instance value ("{action}") not found in enum]')
        if not isinstance(button.get("ActionBody"), str) or not button["ActionBody"]:
            raise ViberError(3, "keyboard is not valid: ActionBody")
        label = button.get("Text")
        if not isinstance(label, str) or not label or len(label) > 250 or "<" in label:
            raise ViberError(3, "keyboard is not valid: Text")
    if cells > 24 * 6:
        raise ViberError(3, "keyboard is not valid: too many rows")
