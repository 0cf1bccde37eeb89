"""What goes out: each message of ours becomes its line in the transcript and one outbox row a platform call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
import structlog

from channels import outbound
from channels.contract import Kind, OutboundFile, OutboundMessage
from channels.fit import fit
from channels.windows import PURPOSES, Purpose, Sender, Way, rule
from handlers import delivery, effects, handing, quoting, schedule
from handlers.drafting import LaneDraft
from handlers.model import EMPTY, OpenHandoff, Say, Tell
from handlers.texts import UnfilledVariable
from handlers.voice import NO_CHOICE, Choices
from storage import outbox
from storage.ids import new_id
from storage.outbox import SendJob
from storage.times import at

log = structlog.get_logger("engine")
# How long a message of a class is worth sending at all (reliability 2.5). D, what is scheduled, until the evening.
AGE_LIMIT_MS: Final = {"A": 30 * 60_000, "B": 24 * 3_600_000, "C": 72 * 3_600_000}


def say(draft: LaneDraft, said: Sequence[Say]) -> None:
    """Several texts of ours as one message. A text that cannot be filled is never sent: a person is asked."""
    voice = draft.place.voice
    pieces: list[str] = []
    for one in said:
        try:
            pieces.append(voice.words(one, draft.state))
        except UnfilledVariable as err:
            log.error("engine.text_unfilled", key=one.key, reason=str(err))  # noqa: TRY400
            handing.open_handoff(draft, OpenHandoff(reason="unfilled_text", priority=1))
    if not pieces:
        return
    choices = voice.choices(said, draft.state.lang)
    memory = draft.state.memory
    shown = bool(memory.get("contact_keyboard"))
    if choices.asks_contact != shown:
        rest = {key: value for key, value in memory.items() if key != "contact_keyboard"}
        draft.set(memory=rest | ({"contact_keyboard": True} if choices.asks_contact else {}))
    _out(
        draft,
        "\n\n".join(pieces),
        author="bot",
        advisor_id=None,
        klass=said[-1].klass,
        purpose=said[-1].purpose,
        choices=choices,
        clear=shown and not choices.asks_contact,
        keys=[one.key for one in said],
        template=_template(draft, said[-1]),
    )


def _template(draft: LaneDraft, said: Say) -> dict[str, Any] | None:
    """What we say first goes out as the platform's approved template where the window for our own words is closed."""
    carries, heard_at = draft.place.voice.capabilities, draft.lane.heard_at
    if said.klass != outbox.SCHEDULED or not carries.windows:
        return None
    last = None if heard_at is None else at(heard_at)
    purpose = PURPOSES.get(said.purpose, Purpose.ANSWER)
    ruled = rule(carries, sender=Sender.SYSTEM, purpose=purpose, now=draft.now, last=last, opened=draft.lane.opened)
    return _as_template(draft, said) if ruled.way is Way.TEMPLATE else None


def _as_template(draft: LaneDraft, said: Say) -> dict[str, Any]:
    purpose = PURPOSES.get(said.purpose, Purpose.ANSWER)
    values = draft.place.voice.values(said, draft.state)
    return {"thread": draft.lane.thread, "template": [purpose.value, values, str(draft.state.slots.get("phone") or "")]}


def tell(draft: LaneDraft, effect: Tell) -> None:
    """A person's own words, under the first of his files where there are any."""
    text = effect.text
    if effect.words is not None:
        try:
            text = draft.place.voice.words(effect.words, draft.state)
        except UnfilledVariable as err:  # the file tells it as well
            log.error("engine.text_unfilled", key=effect.words.key, reason=str(err))  # noqa: TRY400
    files: list[OutboundFile | None] = [draft.files[file_id] for file_id in effect.file_ids]
    quote = effect.quote
    for file in files or ([None] if text else []):
        _out(
            draft,
            text,
            author="advisor" if effect.by else "bot",
            advisor_id=effect.by.id if effect.by else None,
            klass=effect.klass,
            purpose=effect.purpose,
            file=file,
            mark=effect.mark,
            quote=quote,
            template=_as_template(draft, effect.words) if effect.template and effect.words is not None else None,
        )
        text, quote = "", EMPTY


def _out(
    draft: LaneDraft,
    text: str,
    *,
    author: str,
    advisor_id: str | None,
    klass: str,
    purpose: str,
    choices: Choices = NO_CHOICE,
    file: OutboundFile | None = None,
    clear: bool = False,
    keys: Sequence[str] = (),
    mark: Mapping[str, str] | None = None,
    template: Mapping[str, Any] | None = None,
    quote: Mapping[str, str] = EMPTY,
) -> None:
    message_id = new_id()
    body: dict[str, Any] = {"text": text}
    if choices.noted:
        body["buttons"] = choices.noted
    if keys:
        body["keys"] = keys
    if clear:
        body["clear"] = True
    if quote:
        body["quote"] = {name: quote[name] for name in ("id", "author", "text")}
    kind = Kind.TEXT
    if file is not None:
        kind = Kind.IMAGE if file.mime.startswith("image/") else Kind.FILE
        _attachment(draft, message_id, kind, file)
    if template is not None:
        body["template"] = template["template"][0]
        calls = [dict(template)]
    else:
        calls = _calls(draft, message_id, text, choices, file=file, clear=clear, quote=quote)
    human = author == "advisor" and klass == "B" and purpose == "advise"
    unasked = klass in (outbox.SCHEDULED, outbox.DOCUMENT) or purpose == delivery.PURPOSE
    if human or unasked:
        calls = [call | ({"human": True} if human else {"unasked": True}) for call in calls]
    # A call that says just what the transcript says is not written twice: storage.outbox reads it there.
    as_said = (
        not (human or unasked) and len(calls) == 1 and file is None and choices.whole and calls[0].get("text") == text
    )
    for at_part, call in enumerate(calls):
        _outbox(draft, message_id, call, at_part, len(calls), klass, purpose, as_said=as_said)
    draft.transcript(
        message_id,
        "outbound",
        author,
        kind.value,
        body,
        status="queued",
        advisor_id=advisor_id,
        said_at=draft.now_ms,
        event_id=draft.cause,
    )
    if mark and mark.get("delivery"):
        draft.rows.later.append(effects.delivery_sent_by(mark["delivery"], message_id, draft.contact_id))
    draft.preview_of(text, kind, by_bot=author == "bot")


def _calls(
    draft: LaneDraft,
    message_id: str,
    text: str,
    choices: Choices,
    *,
    file: OutboundFile | None,
    clear: bool,
    quote: Mapping[str, str] = EMPTY,
) -> list[dict[str, Any]]:
    """The platform calls that say it, as the outbox keeps them. What one call carries as it is has nothing to be fitted."""
    thread, limits = draft.lane.thread, draft.place.voice.capabilities
    answers = quote.get("external_id", "") if limits.replies else ""
    if quote and not answers:
        text = quoting.above(text, quote)
    if file is None and not choices.lines and 0 < len(text) <= limits.text_limit and not text.isspace():
        call: dict[str, Any] = {"thread": thread, "text": text}
        if choices.called:
            call["buttons"] = choices.called
        if clear:
            call["clear"] = True
        if answers:
            call["reply_to"] = answers
        return [call]
    whole = OutboundMessage(
        id=message_id,
        thread=thread,
        text=text,
        buttons=choices.buttons,
        file=file,
        clear_keyboard=clear,
        reply_to=answers,
    )
    beside = ""
    if file is not None and not limits.letters and not limits.carries_file(file.mime, file.size):
        beside = draft.place.voice.words(Say(key="link.file", values={"ten_tep": file.name}), draft.state)
    return [outbound.to_json(part) for part in fit(whole, limits, beside=beside)]


def _attachment(draft: LaneDraft, message_id: str, kind: Kind, file: OutboundFile) -> None:
    attachment_id = new_id()
    draft.attachment(
        message_id,
        kind.value,
        id=attachment_id,
        name_sealed=draft.seal("attachment", "name_sealed", attachment_id, file.name.encode()),
        mime=file.mime,
        size=file.size,
        source_sealed=None,
        state="stored",
        file_id=file.id,
    )


def _outbox(
    draft: LaneDraft,
    message_id: str,
    call: dict[str, Any],
    at_part: int,
    of: int,
    klass: str,
    purpose: str,
    *,
    as_said: bool,
) -> None:
    lane, now_ms = draft.lane, draft.now_ms
    row_id = new_id()
    not_after = _not_after(draft, klass)
    draft.out_seq += 1
    row = {
        "id": row_id,
        "cause": draft.cause,
        "step": draft.step,
        "account_id": lane.account_id,
        "point_id": lane.point_id,
        "contact_id": draft.contact_id,
        "conversation_id": draft.conversation_id,
        "message_id": message_id,
        "part": at_part,
        "last_part": at_part == of - 1,
        "out_seq": draft.out_seq,
        "klass": klass,
        "purpose": purpose,
        "state": "queued",
        "body_sealed": None if as_said else draft.seal("outbox", "body_sealed", row_id, orjson.dumps(call)),
        "not_before": now_ms,
        "not_after": not_after,
        "attempts": 0,
        "boot_id": "",
        "started_at": None,
        "error": "",
        "created_at": now_ms,
        "version": 0,
    }
    draft.rows.outbox.append(row)
    if not draft.step and not lane.out_open:
        job = SendJob(
            id=row_id,
            account_id=lane.account_id,
            point_id=lane.point_id,
            conversation_id=draft.conversation_id,
            message_id=message_id,
            klass=klass,
            attempts=0,
            not_after=not_after,
            created_at=now_ms,
            body=call,
        )
        draft.rows.jobs.append((row, job))
    draft.step += 1


def _not_after(draft: LaneDraft, klass: str) -> int:
    if klass == "D":
        return round(schedule.service_end(draft.now, draft.place.voice.business).timestamp() * 1000)
    return draft.now_ms + AGE_LIMIT_MS[klass]
