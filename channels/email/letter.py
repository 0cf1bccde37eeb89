"""A message of ours as a letter: what must leave, as a value, and its bytes once its reader is known. Pure.

Seven bits only, so that no server on the way has to change a letter that the relay has signed.
"""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.errors import MessageError
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from channels.contract import Account, OutboundFile, OutboundMessage, Permanent
from channels.email import marks
from channels.email.settings import envelope, reply_to, sender
from channels.house import Letterhead
from channels.reading import clean, clean_name

ADS: Final = "ads"
SUBJECT: Final = 150  # code points
NAME: Final = 120
EARLIER: Final = 10  # letters that References names
PDF: Final = "application/pdf"

_LINK: Final = re.compile(r"https://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
_FOLDED: Final = re.compile(rb"(?mi)^(message-id|in-reply-to|references):\r\n <")  # lawful, and not understood by all
_SUBJECT: Final = "subject"  # stands where the subject will
_HIDDEN: Final = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """`row` -- of the outbox: a repetition of the call carries the same Message-ID."""

    row: str
    thread: str
    text: str = field(repr=False)
    file: OutboundFile | None = None
    by_human: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A letter with its envelope. `message_id` without angle brackets · `utf8` -- its address is not ASCII, so that the
    servers on its way must know SMTPUTF8."""

    message_id: str
    sender: str = field(repr=False)
    to: str = field(repr=False)
    data: bytes = field(repr=False)
    utf8: bool = False


def render(message: OutboundMessage, account: Account) -> Letter:
    """Raises Permanent for what is no letter."""
    del account
    if message.template is not None:
        raise Permanent("email: has no templates", reason="template_missing")
    return Letter(
        row=message.id,
        thread=message.thread,
        text=_plain(message.text),
        file=message.file,
        by_human=message.by_human,
    )


def compose(letter: Letter, head: Letterhead, account: Account, *, now_ms: int, link: str = "") -> Post:
    """The bytes. link -- in place of a file that is too large. Raises Permanent."""
    mark = marks.mark(account, letter.row, letter.thread)
    who = sender(account)
    to = _address(head.address)
    if not mark or not to:
        raise Permanent("email: no address to write to", reason="no_address")
    utf8 = not to.isascii()
    made = EmailMessage(policy=policy.SMTPUTF8 if utf8 else policy.SMTP)
    message_id = marks.message_id(mark, who.domain)
    try:
        _heads(made, letter, head, account, to, message_id)
        made["Date"] = format_datetime(datetime.fromtimestamp(now_ms // 1000, UTC))
        _body(made, letter, head, link)
        if head.language:
            made["Content-Language"] = head.language
        heads, gap, body = written(made, subject_of(head, who.name)).partition(b"\r\n\r\n")
        data = _FOLDED.sub(rb"\1: <", heads) + gap + body
    except (MessageError, ValueError, UnicodeError, IndexError) as err:
        problem = Permanent(f"email: cannot be written as a letter: {type(err).__name__}", reason="bad_request")
    else:
        return Post(message_id=message_id, sender=envelope(account, mark), to=to, data=data, utf8=utf8)
    raise problem  # outside the handler: the cause quotes the letter


def _heads(made: EmailMessage, letter: Letter, head: Letterhead, account: Account, to: str, message_id: str) -> None:
    who = sender(account)
    made["From"] = Address(display_name=line(who.name, NAME), addr_spec=who.address)
    local, _, domain = to.rpartition("@")  # not as addr_spec: that takes ASCII only
    made["To"] = Address(display_name=line(head.name, NAME), username=local, domain=domain)
    if answers := reply_to(account):
        made["Reply-To"] = Address(addr_spec=answers)
    made["Message-ID"] = f"<{message_id}>"
    if earlier := _earlier(head):  # the newest first
        made["In-Reply-To"] = f"<{earlier[0]}>"
        made["References"] = " ".join(f"<{one}>" for one in reversed(earlier))
    if not letter.by_human:
        made["Auto-Submitted"] = "auto-generated"
    if head.purpose == ADS:
        _unsubscribing(made, head, message_id)


def _earlier(head: Letterhead) -> list[str]:
    return [one for one in head.earlier if re.fullmatch(r"[\x21-\x3b\x3d\x3f-\x7e]{3,200}", one)][:EARLIER]


def subject_of(head: Letterhead, sender_name: str) -> str:
    """Never empty."""
    subject = line(head.subject, SUBJECT) or line(sender_name, SUBJECT) or "…"
    return f"Re: {subject}" if _earlier(head) else subject


def written(made: EmailMessage, subject: str) -> bytes:
    """The letter's bytes with its subject. The library's own folding loses a space between two encoded words (Python
    3.11: `vừa được` arrives as `vừađược`); its older one does not."""
    made["Subject"] = _SUBJECT
    told = Header(subject, None if subject.isascii() else "utf-8", header_name="Subject").encode(linesep="\r\n")
    return made.as_bytes().replace(f"Subject: {_SUBJECT}\r\n".encode(), f"Subject: {told}\r\n".encode(), 1)


def _unsubscribing(made: EmailMessage, head: Letterhead, message_id: str) -> None:
    """Advertising only: one click in the mail program posts there (RFC 8058)."""
    if head.hook.startswith("https://"):
        made["List-Unsubscribe"] = f"<{head.hook}?u={message_id.partition('@')[0]}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _body(made: EmailMessage, letter: Letter, head: Letterhead, link: str) -> None:
    pieces = [letter.text, f"{_plain(head.linked)}\n{link}" if link else "", _plain(head.footer)]
    text = "\n\n".join(piece for piece in pieces if piece) or "…"
    made.set_content(text + "\n", cte="quoted-printable")
    made.add_alternative(page(text, head.language), subtype="html", cte="quoted-printable")
    file = letter.file
    if file is None or link:
        return
    main, _, sub = (
        file.mime if re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", file.mime) else "application/octet-stream"
    ).partition("/")
    made.add_attachment(file.data, maintype=main, subtype=sub, filename=file_name(file))


def page(text: str, language: str) -> str:
    """The same words for programs that show HTML: paragraphs, and links to https only."""
    paragraphs = []
    for paragraph in text.split("\n\n"):
        shown, last = "", 0
        for found in _LINK.finditer(paragraph):
            href = html.escape(found[0])
            shown += html.escape(paragraph[last : found.start()]) + f'<a href="{href}">{href}</a>'
            last = found.end()
        shown += html.escape(paragraph[last:])
        paragraphs.append(f"<p>{shown.replace(chr(10), '<br>')}</p>")
    lang = f' lang="{html.escape(language)}"' if language else ""
    return (
        f'<!doctype html>\n<html{lang}><head><meta charset="utf-8"></head><body>\n'
        + "\n".join(paragraphs)
        + "\n</body></html>\n"
    )


def line(text: str, limit: int) -> str:
    """One line that cannot become two, or look like another."""
    flat = "".join(" " if unicodedata.category(char) in ("Cc", "Zl", "Zp") else char for char in clean(text))
    return " ".join(_HIDDEN.sub("", flat).split())[:limit].strip()


def file_name(file: OutboundFile) -> str:
    """As the reader saves it: no folder, no control character, ends in what it is."""
    name = clean_name(file.name) or "file"
    return f"{name}.pdf" if file.mime == PDF and not name.lower().endswith(".pdf") else name


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", clean(text)).replace("\r\n", "\n").replace("\r", "\n").strip()


def _address(given: str) -> str:
    """With its domain as the DNS has it; '' for what is none."""
    told = marks.plain(given)
    return told if told and not re.search(r"[\s<>()\[\],;:\\\"\x00-\x1f\x7f]", told) and len(told) <= 254 else ""
