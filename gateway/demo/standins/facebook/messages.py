"""The Send API's own rules: what it takes, and with which code it refuses the rest."""

from __future__ import annotations

import json
from email.parser import BytesParser
from email.policy import HTTP
from typing import TYPE_CHECKING, Any, Final

from .records import GraphError, Json, Sent

if TYPE_CHECKING:
    from .server import FakeFacebook

DAY_S: Final = 86_400
TOP: Final = frozenset({"recipient", "messaging_type", "message", "tag", "notification_type"})
MEMBERS: Final = frozenset({"text", "attachment", "quick_replies", "metadata", "template"})
ACTIONS: Final = frozenset({"mark_seen", "typing_on", "typing_off"})
FILE_BYTES: Final = 25 << 20


def read(content_type: str, raw: bytes) -> tuple[Json, str, bytes]:
    """Body, file name and bytes of JSON or of a form, whose members are JSON."""
    if content_type == "application/json":
        body = json.loads(raw)
        _need(isinstance(body, dict), "an object")
        return body, "", b""
    parsed = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + raw)
    body, name, data = {}, "", b""
    for part in parsed.iter_parts():
        field = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        if field == "filedata":
            name, data = utf8(part.get_filename() or ""), content
            _need(bool(name) and bool(data), "a named file")
        else:
            value = content.decode()
            body[str(field)] = json.loads(value) if value.startswith("{") else value
    return body, name, data


def utf8(name: str) -> str:
    """A file's name as its bytes stood in the form."""
    return name.encode("utf-8", "surrogateescape").decode()


def act(fake: FakeFacebook, body: Json) -> Json:
    """Seen, or typing: a request of its own. Raises GraphError."""
    _need(set(body) == {"recipient", "sender_action"}, "a sender_action stands alone")
    _need(body["sender_action"] in ACTIONS, "a known sender_action")
    user = fake.people.get(str(body["recipient"].get("id")))
    if user is None:
        raise GraphError(100, 2018001, "No matching user found")
    return {"recipient_id": user.id}


def take(fake: FakeFacebook, body: Json, file_name: str, file: bytes) -> Sent:
    """The message that is sent. Raises GraphError."""
    _need(TOP.issuperset(body), f"unknown members: {sorted(set(body) - TOP)}")
    to, message = body.get("recipient"), body.get("message")
    _need(isinstance(to, dict) and isinstance(message, dict), "recipient and message")
    assert isinstance(message, dict)
    assert isinstance(to, dict)
    user = fake.people.get(str(to.get("id")))
    if user is None:
        raise GraphError(100, 2018001, "No matching user found")
    if user.blocked:
        raise GraphError(551, 1545041, "This person isn't available right now")
    if fake.holder != fake.app_id:
        raise GraphError(10, 2018300, "Another app is controlling this thread")
    kind, tag = str(body.get("messaging_type")), str(body.get("tag") or "")
    _window(fake, user.acted_at, kind, tag)
    _need(MEMBERS.issuperset(message), f"unknown members: {sorted(set(message) - MEMBERS)}")
    _need(sum(name in message for name in ("text", "attachment", "template")) == 1, "one of text and attachment")
    _need(len(str(message.get("metadata", ""))) <= 1000, "metadata")
    said: dict[str, Any] = {}
    if kind == "UTILITY":
        said = _template(fake, message.get("template"))
    elif "text" in message:
        _need(isinstance(message["text"], str) and 0 < len(message["text"]) <= 2000, "text of 1 to 2000", 2018034)
        said = {"text": message["text"]}
    else:
        said = _attachment(message["attachment"], file_name, file)
    return Sent(
        fake.new_id(), user.id, kind, tag=tag, metadata=str(message.get("metadata", "")), **said, **_replies(message)
    )


def _need(good: bool, what: str, subcode: int = 0) -> None:
    if not good:
        raise GraphError(100, subcode, f"Invalid parameter: {what}")


def _window(fake: FakeFacebook, acted_at: float, kind: str, tag: str) -> None:
    age = fake.clock.now() - acted_at
    match kind, tag:
        case (("RESPONSE" | "UPDATE"), ""):
            good = age <= DAY_S
        case "MESSAGE_TAG", "HUMAN_AGENT":
            if not fake.human_agent:
                raise GraphError(100, 2018276, "(#100) The app may not use the tag")
            good = age <= 7 * DAY_S
        case "MESSAGE_TAG", _:
            raise GraphError(100, 1893061, "This tag is retired")
        case "UTILITY", "":
            good = True
        case _:
            raise GraphError(100, 0, "Invalid parameter: messaging_type")
    if not good:
        raise GraphError(10, 2018278, "This message is sent outside of allowed window.")


def _template(fake: FakeFacebook, template: Any) -> dict[str, Any]:
    _need(isinstance(template, dict) and isinstance(template.get("language"), dict), "template")
    wanted = fake.templates.get(str(template["name"]))
    parts = [one["parameters"] for one in template.get("components", ()) if one.get("type") == "body"]
    values = tuple(one["text"] for one in parts[0]) if parts else ()
    _need(wanted is not None and len(values) == wanted, "template parameters")
    return {"template": template["name"], "values": values}


def _attachment(attachment: Any, file_name: str, file: bytes) -> dict[str, Any]:
    _need(isinstance(attachment, dict) and isinstance(attachment.get("payload"), dict), "attachment")
    payload = attachment["payload"]
    if attachment["type"] == "template":
        _need(payload.get("template_type") == "button", "template_type")
        buttons = payload.get("buttons") or []
        _need(0 < len(payload.get("text", "")) <= 640 and 0 < len(buttons) <= 3, "button template")
        _need(all(one["type"] == "web_url" and 0 < len(one["title"]) <= 20 for one in buttons), "button")
        return {"text": payload["text"], "links": tuple(one["url"] for one in buttons)}
    _need(attachment["type"] in ("image", "file", "audio", "video") and bool(file), "attachment type", 2018294)
    _need(len(file) <= FILE_BYTES, "size", 2018109)
    return {"file": file, "file_name": file_name}


OWN: Final = frozenset({"user_phone_number", "user_email"})  # of the profile of who taps them


def _replies(message: Json) -> dict[str, Any]:
    replies = message.get("quick_replies", [])
    _need(isinstance(replies, list) and len(replies) <= 13, "quick_replies")
    titles, payloads, asked = [], [], []
    for one in replies:
        if one.get("content_type") == "text":
            _need(0 < len(one["title"]) <= 20 and 0 < len(one["payload"]) <= 1000, "quick reply")
            titles.append(one["title"])
            payloads.append(one["payload"])
        else:
            _need(set(one) == {"content_type"} and one["content_type"] in OWN, "quick reply")
            asked.append(one["content_type"])
    _need(len(set(asked)) == len(asked), "quick replies of the profile, one of each")
    return {
        "replies": tuple(titles),
        "payloads": tuple(payloads),
        "asks_phone": "user_phone_number" in asked,
        "asks_email": "user_email" in asked,
    }


PROFILE: Final = frozenset({"get_started", "greeting", "ice_breakers", "persistent_menu"})


def profile(known: Json, raw: bytes) -> Json:
    """What the page is to show. `known` -- what it shows already."""
    body: Json = json.loads(raw)
    _need(bool(body) and PROFILE.issuperset(body), "members of the Messenger profile")
    _need("persistent_menu" not in body or bool({**known, **body}.get("get_started")), "a start button before a menu")
    _need(all(len(one["text"]) <= 160 for one in body.get("greeting", ())), "greetings of at most 160 characters")
    for name, most, title in (("ice_breakers", 4, "question"), ("persistent_menu", 20, "title")):
        for one in body.get(name, ()):
            lines = one["call_to_actions"]
            _need(
                1 <= len(lines) <= most and all(line[title] and line["payload"] for line in lines), f"lines of {name}"
            )
        _need(name not in body or "default" in {one["locale"] for one in body[name]}, f"a default of {name}")
    return body
