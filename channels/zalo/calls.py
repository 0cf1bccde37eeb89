"""What a message is as a call, as a value: where to, which words, what must be uploaded before."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from channels.contract import Account, Button, OutboundFile, OutboundMessage, Permanent
from channels.upload import named
from channels.zalo.settings import template_of
from channels.zalo.tracking import tracking_id
from channels.zalo.updates import TAP

CS: Final = "/v3.0/oa/message/cs"
ANONYMOUS: Final = "/v2.0/oa/message"
GROUPS: Final = "/v3.0/oa/group/message"
BY_USER: Final = "/v3.0/oa/message/template"
BY_PHONE: Final = "/message/template"

GROUP: Final = "group:"  # before a group's id, where a customer's thread would stand; no event of a group gets one
PICTURE_BYTES: Final = 1 << 20
PICTURES: Final = frozenset({"image/jpeg", "image/png"})
DOCUMENTS: Final[Mapping[str, str]] = {  # what the upload takes -> the extension it goes by
    "application/pdf": "pdf",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "text/csv": "csv",
}
TITLE: Final = 100  # of the card that asks for the phone number
SUBTITLE: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file that must be with Zalo before the message. `what` -- image or file."""

    what: str
    name: str
    mime: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One message. `body` -- its JSON without what only the sender knows (the visit of an anonymous customer, the
    upload's token)."""

    thread: str
    body: str = field(repr=False)
    upload: Upload | None = None
    template: str = ""  # the path of a template message
    to_number: str = field(
        default="", repr=False
    )  # the same template to his telephone number, '' when that is not known

    @property
    def by_phone(self) -> bool:
        return self.template == BY_PHONE

    def by_number(self) -> Call:
        return Call(thread=self.thread, body=self.to_number, template=BY_PHONE)


def render(message: OutboundMessage, account: Account) -> Call:
    """Plain text: markup would be shown as it is written. Raises Permanent for what Zalo carries in no way."""
    if message.thread.startswith(GROUP):
        return _to_group(message)
    if message.template is not None:
        return _template(message, account)
    if message.file is not None:
        return _file(message, message.file, ascii_only=bool(account.get("ascii_file_names")))
    said = unicodedata.normalize("NFC", message.text)
    contact = next((button for button in message.buttons if button.contact), None)
    if contact is not None and len(said) <= SUBTITLE:
        return _call(message, _card(contact, said, account))
    plain = [button for button in message.buttons if not button.contact]
    body: dict[str, Any] = {"text": said}
    if plain:
        body["attachment"] = _payload({"buttons": [_button(button) for button in plain]})
    return _call(message, body)


def _to_group(message: OutboundMessage) -> Call:
    """A line for people of ours. Raises Permanent for all that is not words."""
    if message.template is not None or message.file is not None or message.buttons or not message.text:
        raise Permanent("zalo: a group is told in words only", reason="bad_request")
    return _call(message, {"text": unicodedata.normalize("NFC", message.text)})


def _call(message: OutboundMessage, body: Mapping[str, Any], upload: Upload | None = None) -> Call:
    return Call(thread=message.thread, body=_json(body), upload=upload)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _payload(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "template", "payload": payload}


def _card(contact: Button, said: str, account: Account) -> dict[str, Any]:
    """Asks for name and number; the answer is a user_submit_info."""
    element = {"title": contact.label[:TITLE], "subtitle": said or contact.label}
    if picture := str(account.get("contact_image_url") or ""):
        element["image_url"] = picture
    return {"attachment": _payload({"template_type": "request_user_info", "elements": [element]})}


def _button(button: Button) -> dict[str, Any]:
    if button.url:
        return {"title": button.label, "type": "oa.open.url", "payload": {"url": button.url}}
    return {"title": button.label, "type": "oa.query.hide", "payload": TAP + button.id}


def _file(message: OutboundMessage, file: OutboundFile, *, ascii_only: bool) -> Call:
    if file.mime in PICTURES:
        if file.size > PICTURE_BYTES:
            raise Permanent("zalo: a picture of more than 1 MB", reason="too_large")
        upload = Upload(
            what="image", name=named(file.name, "image", ascii_only=ascii_only), mime=file.mime, data=file.data
        )
        element = {"media_type": "image"}
        body: dict[str, Any] = {"attachment": _payload({"template_type": "media", "elements": [element]})}
        return _call(message, ({"text": message.text} if message.text else {}) | body, upload)
    extension = DOCUMENTS.get(file.mime)
    if extension is None:
        raise Permanent(f"zalo: carries no {file.mime}", reason="file_type")
    name = named(file.name, ascii_only=ascii_only)
    name = name if name.lower().endswith(f".{extension}") else f"{name}.{extension}"
    upload = Upload(what="file", name=name, mime=file.mime, data=file.data)
    return _call(message, {"attachment": {"type": "file", "payload": {}}}, upload)


def with_upload(body: str, upload: Upload, token: str) -> dict[str, Any]:
    """The message, once its file is there."""
    message: dict[str, Any] = json.loads(body)
    payload = message["attachment"]["payload"]
    if upload.what == "image":
        payload["elements"][0]["attachment_id"] = token
    else:
        payload["token"] = token
    return message


def _template(message: OutboundMessage, account: Account) -> Call:
    template = message.template
    assert template is not None
    approved = template_of(account, template.purpose)
    if not approved.number:
        raise Permanent(f"zalo: no template for {template.purpose}", reason="template_missing")
    if missing := sorted(set(approved.values.values()) - template.values.keys()):
        raise Permanent(f"zalo: the template has no value for {missing[0]}", reason="template")
    said = {name: template.values[known] for name, known in approved.values.items()} or template.values
    values = {name: unicodedata.normalize("NFC", value) for name, value in said.items()}
    body = {
        "template_id": approved.number,
        "template_data": values,
        "tracking_id": tracking_id(message.id, message.thread),
    }
    phone = re.sub(r"[^0-9]", "", template.phone)
    to_number = _json({"phone": phone} | body) if phone else ""
    if not approved.by_phone:
        to_person = _json({"user_id": message.thread} | body)
        return Call(thread=message.thread, body=to_person, template=BY_USER, to_number=to_number)
    if not to_number:
        raise Permanent(
            "zalo: the template goes to telephone numbers, and his is not known", reason="template_by_phone"
        )
    return Call(thread=message.thread, body=to_number, template=BY_PHONE)
