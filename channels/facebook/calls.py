"""What a message is as a call of the Send API, as a value."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from channels.contract import Account, Button, OutboundFile, OutboundMessage, Permanent
from channels.facebook.settings import template_of
from channels.facebook.sides import BY_REF
from channels.facebook.updates import SENT
from channels.upload import named

TEXT: Final = 2000
TEMPLATE_TEXT: Final = 640
LINKS: Final = 3  # buttons of a template
TITLE: Final = 20
FILE_BYTES: Final = 25 << 20
PICTURES: Final = frozenset({"image/jpeg", "image/png", "image/gif"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that goes with its message: no address of a policy is ever public."""

    name: str
    mime: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One message. `body` -- its JSON · `by_human` -- an advisor's own words: they may go out after the window too."""

    body: str = field(repr=False)
    upload: Upload | None = None
    by_human: bool = False

    def tagged(self) -> Call:
        """The same as a person's answer outside the window."""
        body = json.loads(self.body) | {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
        return Call(body=_json(body), upload=self.upload, by_human=self.by_human)


def render(message: OutboundMessage, account: Account) -> Call:
    """Plain text: there is no markup. Raises Permanent for what Messenger carries in no way."""
    said: dict[str, Any]
    upload, kind = None, "UPDATE" if message.unasked else "RESPONSE"
    if message.template is not None:
        said, kind = _template(message, account), "UTILITY"
    elif message.file is not None:
        what, upload = _upload(message.file, account)
        said = {"attachment": {"type": what, "payload": {"is_reusable": False}}}
    else:
        said = _words(unicodedata.normalize("NFC", message.text), message.buttons)
    if kind != "UTILITY" and (replies := [_reply(one) for one in message.buttons if not one.url]):
        said["quick_replies"] = replies
    said["metadata"] = SENT + message.id
    body: dict[str, Any] = {"recipient": _to(message.thread), "messaging_type": kind, "message": said}
    if not message.notification:
        body["notification_type"] = "SILENT_PUSH"
    return Call(body=_json(body), upload=upload, by_human=message.by_human)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _to(thread: str) -> dict[str, str]:
    return {"user_ref": thread.removeprefix(BY_REF)} if thread.startswith(BY_REF) else {"id": thread}


def _words(text: str, buttons: Sequence[Button]) -> dict[str, Any]:
    """Addresses as buttons under a short text, as lines of a longer one; choices stand beneath either."""
    links = [one for one in buttons if one.url]
    text = text or next((one.label for one in buttons), "")
    if not links:
        return {"text": text}
    if len(text) <= TEMPLATE_TEXT and len(links) <= LINKS:
        shown = [{"type": "web_url", "url": one.url, "title": one.label[:TITLE]} for one in links]
        payload = {"template_type": "button", "text": text, "buttons": shown}
        return {"attachment": {"type": "template", "payload": payload}}
    text = "\n".join([text, *(f"{one.label}: {one.url}" for one in links)])
    if len(text) > TEXT:
        raise Permanent("facebook: too long with its links", reason="too_large")
    return {"text": text}


def _reply(button: Button) -> dict[str, str]:
    """A telephone number, or an address, is shown only to who has one in his profile."""
    if button.contact or button.email:
        return {"content_type": "user_phone_number" if button.contact else "user_email"}
    return {"content_type": "text", "title": button.label[:TITLE], "payload": button.id}


def _upload(file: OutboundFile, account: Account) -> tuple[str, Upload]:
    if max(file.size, len(file.data)) > FILE_BYTES:
        raise Permanent("facebook: a file of more than 25 MB", reason="too_large")
    what = "image" if file.mime in PICTURES else file.mime.partition("/")[0]
    what = what if what in ("image", "audio", "video") and (what != "image" or file.mime in PICTURES) else "file"
    name = named(file.name, ascii_only=bool(account.get("ascii_file_names")))
    return what, Upload(name=name, mime=file.mime, data=file.data)


def _template(message: OutboundMessage, account: Account) -> dict[str, Any]:
    """`purpose: name [language [parameter …]]`; without parameters all values, in their order."""
    template = message.template
    assert template is not None
    known = template_of(account, template.purpose)
    if not known:
        raise Permanent(f"facebook: no template for {template.purpose}", reason="template_missing")
    if not message.thread:
        raise Permanent("facebook: a template needs a thread", reason="template_not_allowed")
    language = known[1] if len(known) > 1 else "vi"
    names = known[2:] or list(template.values)
    missing = [name for name in names if name not in template.values]
    if missing:
        raise Permanent(f"facebook: the template has no value for {missing[0]}", reason="template")
    values = [unicodedata.normalize("NFC", template.values[name]) for name in names]
    said: dict[str, Any] = {"name": known[0], "language": {"code": language}}
    if values:
        said["components"] = [{"type": "body", "parameters": [{"type": "text", "text": one} for one in values]}]
    return {"template": said}
