"""May we write to this customer here and now, how, and where else? `channels.windows` decides; here are its facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from channels.contract import Capabilities
from channels.windows import PURPOSES, Purpose, Ruling, Sender, Way
from gateway import doclinks, letters
from gateway.api.errors import ApiError
from storage import blocks, contacts, files, listing, may_say, reach, troubles
from storage.times import ms, rfc3339
from storage.troubles import Trouble
from storage.tx import Tx

if TYPE_CHECKING:
    from gateway.parts import Parts

REASONS: Final = {
    "calls_only": "this channel carries calls and forms: there is no chat to answer in",
    "blocked": "the customer has blocked us on this channel",
    "no_mailbox": "letters to this address come back: nobody has it",
    "complaint": "the customer called our letters spam",
    "unsubscribed": "the customer wants no letters",
    "window": "the platform allows this only for {hours} hours after the customer's last message",
    "account": "this account is not configured any more",
    "template": "the platform takes only its approved template by now",
    "blocked_by_us": "we have blocked this customer here: unblock him first",
    "opt-out": "the customer has told us to stop: he writes first",
    "consent withdrawn": "the customer has taken his consent back: he writes first",
}
_CODES: Final = {words: code for code, words in REASONS.items()}
GONE: Final = Ruling(way=Way.NEVER, why="account", elsewhere=("chat", "email", "call"))


@dataclass(frozen=True, slots=True)
class Standing:
    """What may be said in a conversation. `advice` -- an advisor's own words · `bot` -- the machine's answer · `shut` -- why
    an advisor's words may not, None where they may · `held` -- why what may be said waits, None where it leaves."""

    advice: Ruling
    bot: Ruling
    shut: Shut | None
    held: Trouble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shut:
    """Why an advisor's words may not be said here now. `why` -- as `REASONS` names it · `ways` -- where else he may be written
    to or called, as accounts · `hours` -- so long the platform lets a person answer, 0 = it does not say · `closed_at` -- that
    ended then · `templates` -- purposes for which the account has approved templates, which take no words of ours."""

    why: str
    ways: tuple[str, ...]
    hours: int = 0
    closed_at: datetime | None = None
    templates: tuple[str, ...] = ()

    def refusal(self) -> ApiError:
        more = {
            "hours": str(self.hours or ""),
            "closed_at": rfc3339(ms(self.closed_at)) or "",
            "templates": ", ".join(self.templates),
        }
        return ApiError(
            "window_closed",
            REASONS.get(self.why, self.why).format(hours=self.hours),
            fields={
                "reason": self.why,
                "ways": ", ".join(self.ways) or "none: wait until the customer writes",
                **{name: value for name, value in more.items() if value},
            },
        )


def check(
    parts: Parts,
    tx: Tx,
    row: listing.Conversation,
    *,
    sender: Sender = Sender.ADVISOR,
    purpose: Purpose = Purpose.ADVICE,
    template: bool = False,
    required: bool = False,
) -> Ruling:
    """`template` -- it can be said as one · `required` -- the law or the contract demands it: he is told although he wants to
    hear no more of us. Raises ApiError window_closed, with the reason and what is lawful instead."""
    ruled = _ruled(parts, tx, row, sender, purpose, required=required)
    if ruled.allowed or (template and ruled.way is Way.TEMPLATE):
        return ruled
    raise _shut(parts, tx, row, ruled).refusal()


def _shut(parts: Parts, tx: Tx, row: listing.Conversation, ruled: Ruling) -> Shut:
    can, why = _carries(parts, f"{row.channel}:{row.account}"), reason(tx, row, ruled)
    shut = Shut(why=why, ways=tuple(_ways(parts, tx, row, ruled)))
    if can is None or why != "window":
        return shut
    purposes = {one for each in can.windows if each.way is Way.TEMPLATE and not each.needs for one in each.purposes}
    templates = tuple(sorted(one.value for one in purposes))
    return replace(shut, hours=can.window_hours, closed_at=ruled.shut_at, templates=templates)


def reason_of(words: str) -> str:
    """The code of a refusal's words, where the core said them."""
    return _CODES.get(words, words)


def check_files(parts: Parts, row: listing.Conversation, given: Sequence[files.StoredFile]) -> None:
    """What the channel does not carry goes as a link, where the customer can open one. Raises ApiError invalid."""
    account_id = f"{row.channel}:{row.account}"
    can = _carries(parts, account_id)
    if can is None or can.letters or doclinks.reachable(parts.config.files_url, parts.accounts.get(account_id)):
        return
    for at, file in enumerate(given):
        if not can.carries_file(file.mime, file.size) and not can.picture_bytes(file.mime, file.size):
            raise ApiError(
                "invalid",
                "this channel does not carry this file, and without an https address of ours there is no link to it",
                fields={"reason": "file_not_carried", f"attachment_ids.{at}": f"{can.title} does not carry it"},
            )


def reason(tx: Tx, row: listing.Conversation, ruled: Ruling) -> str:
    """Why not, as `REASONS` names it."""
    return _ended(tx, row.point_id) if ruled.why == "blocked" else ruled.why or ruled.way.value


def unwanted(why: str) -> ApiError:
    """The refusal of first words to somebody who does not want any."""
    return ApiError(
        "window_closed", REASONS[why], fields={"reason": why, "ways": "none: wait until the customer writes"}
    )


def may_advise(parts: Parts, tx: Tx, row: listing.Conversation) -> bool:
    """Whether `check` would let an advisor's words pass."""
    return _ruled(parts, tx, row, Sender.ADVISOR, Purpose.ADVICE).allowed


def no_letter(parts: Parts, tx: Tx, row: listing.Conversation | None, why: str) -> ApiError:
    """The refusal of a letter to whom nothing more may be written by e-mail. row -- of the chat that he has with us."""
    if row is None:
        return ApiError("window_closed", REASONS.get(why, why), fields={"reason": why, "ways": "call"})
    here = [f"chat:{row.channel}:{row.account}"] if may_advise(parts, tx, row) else []
    ruled = Ruling(way=Way.NEVER, why=why, elsewhere=("chat", "call"))
    ways = ", ".join([*here, *_ways(parts, tx, row, ruled)])
    return ApiError("window_closed", REASONS.get(why, why), fields={"reason": why, "ways": ways or "none"})


def _ended(tx: Tx, point_id: str) -> str:
    point = tx.one("SELECT blocked_at, unreachable_reason FROM contact_point WHERE id = :id", id=point_id)
    if point is not None and point.blocked_at is not None:
        return blocks.BY_US
    return point.unreachable_reason if point is not None and point.unreachable_reason in REASONS else "blocked"


def may_write(parts: Parts, tx: Tx, row: listing.Conversation) -> bool:
    """May the bot say something here of its own words?"""
    return _ruled(parts, tx, row, Sender.BOT, Purpose.ANSWER).allowed


def standing(parts: Parts, tx: Tx, row: listing.Conversation) -> Standing:
    """For the desk."""
    advice = _ruled(parts, tx, row, Sender.ADVISOR, Purpose.ADVICE)
    bot = _ruled(parts, tx, row, Sender.BOT, Purpose.ANSWER)
    shut = None if advice.allowed else _shut(parts, tx, row, advice)
    return Standing(advice, bot, shut, troubles.of(tx, f"{row.channel}:{row.account}"))


def over(tx: Tx, can: Capabilities, outbox_id: str, *, human: bool) -> bool:
    """Whether the platform does not take this row any more in the words that it has."""
    if not can.windows:
        return False
    row = tx.one(
        "SELECT o.purpose, p.id, p.last_inbound_at FROM outbox o JOIN contact_point p ON p.id = o.point_id WHERE o.id = :id",
        id=outbox_id,
    )
    if row is None:
        return False
    ruled = reach.ruling(
        tx,
        can,
        row.id,
        row.last_inbound_at,
        sender=Sender.ADVISOR if human else Sender.BOT,
        purpose=PURPOSES.get(row.purpose, Purpose.ANSWER),
    )
    return ruled.why == "window" or ruled.way is Way.TEMPLATE


def _ruled(
    parts: Parts, tx: Tx, row: listing.Conversation, sender: Sender, purpose: Purpose, *, required: bool = False
) -> Ruling:
    """Everything that rules it: what he wants (STOP, consent), blocks, the account, the platform's window."""
    wanted = purpose in (Purpose.ADVICE, Purpose.ANSWER) and not required
    if wanted and (why := may_say.why_not_begin(tx, row.contact_id, row.id)):
        return Ruling(way=Way.NEVER, why=why)
    can = _carries(parts, f"{row.channel}:{row.account}")
    if can is None:
        return GONE
    point = tx.one(
        "SELECT p.id, p.last_inbound_at FROM conversation c JOIN contact_point p ON p.id = c.point_id WHERE c.id = :id",
        id=row.id,
    )
    if point is None:
        return GONE
    return reach.ruling(
        tx, can, point.id, point.last_inbound_at, reachable=row.reachable, sender=sender, purpose=purpose
    )


def _carries(parts: Parts, account_id: str) -> Capabilities | None:
    """None when the account is not configured any more."""
    account = parts.accounts.get(account_id)
    return None if account is None else parts.adapters[account.channel].carries(account)


def _ways(parts: Parts, tx: Tx, row: listing.Conversation, ruled: Ruling) -> list[str]:
    """Where else he may be written to or called, of what the ruling finds lawful."""
    contact = contacts.view(tx, row.contact_id)
    if contact is None:
        return []
    ways = []
    for point in contact.points if "chat" in ruled.elsewhere else ():
        account = f"{point.channel}:{point.account}"
        can = _carries(parts, account)
        here = (point.channel, point.account, point.thread) == (row.channel, row.account, row.thread)
        if can is None or can.letters or here:
            continue
        there = reach.ruling(
            tx,
            can,
            point.id,
            point.last_inbound_at,
            reachable=point.reachable,
            sender=Sender.ADVISOR,
            purpose=Purpose.ADVICE,
        )
        if there.allowed:
            ways.append(f"chat:{account}")
    known = {"email": any(not way.ended for way in letters.ways(parts, tx, row.contact_id))}
    known["call"] = bool(contact.phones)
    return [*ways, *(way for way in ("email", "call") if way in ruled.elsewhere and known[way])]
