"""Who may do what: one table a role, one function. What is not written here is forbidden."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from handlers.model import Advisor

Door = Literal["token", "session", "socket"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Who calls. `id` -- of the advisor; `role` -- what he may do now; `door` -- how he came in; `credential` -- the
    token or session, the scope of Idempotency-Keys; `own_role` -- of the token that acts for him, else his own;
    `through` -- the credential that acts for him, '' when he acts himself."""

    id: str
    name: str
    role: str
    code: str = ""
    door: Door
    credential: str
    own_role: str
    session: bytes = b""
    through: str = ""
    second_factor: bool = False
    proved_at: int = 0  # when who holds this session last showed that it is he
    enrolling: bool = False  # a second factor is required and he has none yet: he may see to that, and nothing else

    def advisor(self) -> Advisor:
        return Advisor(id=self.id, name=self.name, code=self.code, role=self.role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """What an act is about, as far as permission depends on it. `assignee` -- who has it, '' nobody; `waiting` -- it
    is in the queue, everybody's work; `mine` -- it is the actor's by another way (his upload, his customer)."""

    assignee: str = ""
    waiting: bool = False
    mine: bool = False


_READ: Final = frozenset(
    {"me", "advisor.list", "conversation.list", "conversation.read", "message.read", "contact.read", "stats.read"}
)
_DESK: Final = _READ | {
    "conversation.begin", "take", "reply", "transfer", "close", "reopen", "return", "snooze", "note", "label",
    "handoff.list", "contact.edit", "contact.merge", "file.add", "file.read", "switch.read",
    "attempt", "screen", "call.log", "canned.read", "filter.read",
    "policy.read", "policy.edit", "policy.deliver", "care.read", "case.read", "case.edit",
    "request.log", "presence.set", "team.read", "block", "task.read", "task.edit", "correct", "ask", "retell", "reveal",
}  # fmt: skip
_OVERSEE: Final = _DESK | {
    "assign",
    "event.read",
    "event.replay",
    "outbox.read",
    "outbox.resend",
    "switch.set",
    "account.read",
    "user.read",
    "canned.edit",
    "filter.share",
    "wall.read",
    "export",
    "export.approve",
    "routing.edit",
    "routing.read",
    "block.read",
}
# The rights of those whose data we hold; the officer sees nobody in a list, and all of one person when he answers him.
_RIGHTS: Final = frozenset(
    {
        "person.find",
        "person.export",
        "person.erase",
        "held.read",
        "request.read",
        "request.edit",
        "request.log",
        "export.approve",
    }
)
_OWN_HOUSE: Final = frozenset(
    {"user.manage", "guide.see", "token.manage", "audit.read", "audit.verify", "webhook.read", "webhook.manage"}
)

TABLE: Final[Mapping[str, frozenset[str]]] = {
    "admin": _OVERSEE | _OWN_HOUSE | _RIGHTS,
    "supervisor": _OVERSEE,
    "intake": _DESK | {"assign"},
    "advisor": _DESK,
    "dpo": _READ | _RIGHTS | {"audit.read", "audit.verify"},
    "integration": _DESK | {"assign", "event.read", "outbox.read", "account.read", "webhook.read"},
}
# The system's administrator, at the machine.
SOCKET_ONLY: Final = frozenset({"backup", "platform.ask", "keys.rotate", "person.erase_now"})
ACTIONS: Final = frozenset().union(*TABLE.values()) | SOCKET_ONLY
SEES_ALL: Final = frozenset({"admin", "supervisor", "integration"})  # personal fields unmasked, everywhere
# What intake and advisors may do only where nobody else has the conversation (the core decides the rest).
_OWN_WORK: Final = frozenset(
    {
        "reply", "transfer", "close", "return", "snooze", "assign", "attempt", "screen", "call.log", "policy.edit",
        "policy.deliver", "case.edit", "block", "correct", "ask", "retell", "task.edit",
    }
)  # fmt: skip
_MINE_ONLY: Final = frozenset({"contact.edit", "contact.merge", "file.read"})
# For whom a token may speak: an integration must not lift itself above the desk.
ACTS_FOR: Final[Mapping[str, frozenset[str]]] = {
    "admin": frozenset(TABLE),
    "integration": frozenset({"supervisor", "intake", "advisor", "integration"}),
}


def allow(actor: Actor, action: str, thing: Thing | None = None) -> bool:
    """Whether the actor may do this, to this thing when one is given. `unmask` -- see its personal fields."""
    if actor.enrolling:
        return action == "me"
    if action == "unmask":
        return sees(actor, thing or Thing())
    if action in SOCKET_ONLY:
        return actor.door == "socket"
    if action not in TABLE.get(actor.role, frozenset()):
        return False
    if thing is None or actor.role in SEES_ALL:
        return True
    if action in _OWN_WORK:
        return thing.assignee in ("", actor.id)
    if action in _MINE_ONLY:
        return thing.mine or thing.assignee == actor.id or thing.waiting
    return True


def sees(actor: Actor, thing: Thing) -> bool:
    """Personal fields: admin, supervisor and integration always; intake and advisors in their own work and in the
    queue; the data-protection officer never."""
    if actor.role in SEES_ALL or actor.own_role in SEES_ALL:
        return True
    if actor.role not in ("intake", "advisor"):
        return False
    return thing.mine or thing.waiting or thing.assignee == actor.id


def roles_for(action: str) -> list[str]:
    """Whom the documentation names."""
    return [role for role, actions in TABLE.items() if action in actions]
