"""People of ours who hear of things: what each wants to hear of and how, and the browsers by which he can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from storage.advisors import ONLINE_MS
from storage.ids import new_id
from storage.tx import Row, Tx

KINDS: Final = ("waiting", "message", "assigned", "task", "sla")  # that a person may turn off for himself
CHIEFS: Final = frozenset({"admin", "supervisor"})
TAKERS: Final = frozenset({"admin", "supervisor", "intake", "advisor"})
BROWSERS: Final = 10  # of one person
TABLE: Final = "push_subscription"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """Of one person. `kinds` -- off, silent (shown) or sound, by kind; `quiet` -- (from, to) as HH:MM, ('', '') = never;
    `detail` -- what a system's notice says: none, channel, name (name only while the desk is open); `letters` -- write him an
    e-mail when nobody could be told otherwise; `digest` -- HH:MM of the daily letter, '' = none."""

    kinds: Mapping[str, str] = field(default_factory=lambda: dict.fromkeys(KINDS, "sound"))
    tone: str = "soft"
    quiet: tuple[str, str] = ("", "")
    detail: str = "channel"
    letters: bool = True
    digest: str = ""
    lang: str = "vi"

    def level(self, kind: str) -> str:
        """off, silent or sound; an offer is heard as what it asks for."""
        return self.kinds.get("assigned" if kind == "offered" else kind, "sound")

    def hears(self, kind: str) -> bool:
        return self.level(kind) != "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """`push` -- ids of his browsers; `here` -- at his desk a moment ago, and not away."""

    id: str
    name: str
    email: str
    role: str
    here: bool
    teams: frozenset[str]
    push: tuple[str, ...]
    wishes: Wishes

    @property
    def chief(self) -> bool:
        return self.role in CHIEFS


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """A subscription, opened. `p256dh`, `auth` -- base64url, as the browser gave them."""

    id: str
    advisor_id: str
    endpoint: str = field(repr=False)
    p256dh: str = field(repr=False)
    auth: str = field(repr=False)


def everybody(tx: Tx) -> list[Listener]:
    """Who works here and signs in."""
    rows = tx.all(
        "SELECT a.id, a.name, a.email, a.role, a.seen_at, s.data, v.away_at FROM advisor a"
        " LEFT JOIN notice_setting s ON s.advisor_id = a.id LEFT JOIN availability v ON v.advisor_id = a.id"
        " WHERE a.disabled_at IS NULL AND a.email IS NOT NULL ORDER BY a.id"
    )
    push: dict[str, list[str]] = {}
    for one in tx.all("SELECT id, advisor_id FROM push_subscription ORDER BY id"):
        push.setdefault(one.advisor_id, []).append(one.id)
    teams: dict[str, set[str]] = {}
    for one in tx.all("SELECT team_id, advisor_id FROM team_member"):
        teams.setdefault(one.advisor_id, set()).add(one.team_id)
    return [
        Listener(
            id=one.id,
            name=one.name,
            email=one.email,
            role=one.role,
            here=one.seen_at is not None and one.seen_at > tx.now_ms - ONLINE_MS and one.away_at is None,
            teams=frozenset(teams.get(one.id, ())),
            push=tuple(push.get(one.id, ())),
            wishes=_wishes(one.data),
        )
        for one in rows
        if one.role in TAKERS
    ]


def wishes(tx: Tx, advisor_id: str) -> Wishes:
    return _wishes(tx.value("SELECT data FROM notice_setting WHERE advisor_id = :id", id=advisor_id))


def wish(tx: Tx, advisor_id: str, wanted: Wishes) -> None:
    data = {
        "kinds": dict(wanted.kinds),
        "tone": wanted.tone,
        "quiet": list(wanted.quiet),
        "detail": wanted.detail,
        "letters": wanted.letters,
        "digest": wanted.digest,
        "lang": wanted.lang,
    }
    tx.run(
        "INSERT INTO notice_setting (advisor_id, data, updated_at) VALUES (:id, :data, :now)"
        " ON CONFLICT (advisor_id) DO UPDATE SET data = excluded.data, updated_at = excluded.updated_at",
        id=advisor_id,
        data=orjson.dumps(data).decode(),
        now=tx.now_ms,
    )


def _wishes(data: str | None) -> Wishes:
    if not data:
        return Wishes()
    said: dict[str, Any] = orjson.loads(data)
    said["quiet"] = tuple(said.get("quiet") or ("", ""))
    said["kinds"] = {**dict.fromkeys(KINDS, "sound"), **said.get("kinds", {})}
    return Wishes(**said)


# ---- browsers


def subscribe(tx: Tx, advisor_id: str, *, endpoint: str, p256dh: str, auth: str, host: str, agent: str) -> str:
    """The subscription's id. A browser that somebody else signed in with before is his from now on."""
    blind = tx.keys.blind("push", endpoint)
    tx.run("DELETE FROM push_subscription WHERE endpoint_blind = :blind", blind=blind)
    made = new_id()
    keys = orjson.dumps({"endpoint": endpoint, "p256dh": p256dh, "auth": auth})
    tx.insert(
        TABLE,
        id=made,
        advisor_id=advisor_id,
        endpoint_blind=blind,
        keys_sealed=tx.keys.seal_own(TABLE, "keys_sealed", made, keys),
        host=host,
        agent=agent[:120],
        created_at=tx.now_ms,
        used_at=None,
    )
    kept = tx.all(
        "SELECT id FROM push_subscription WHERE advisor_id = :id ORDER BY created_at DESC, id DESC", id=advisor_id
    )
    tx.run_among("DELETE FROM push_subscription WHERE id IN (:among)", [one.id for one in kept[BROWSERS:]])
    return made


def browsers(tx: Tx, advisor_id: str) -> list[Row]:
    """id, host, agent, created_at, used_at of his, the newest first."""
    return list(
        tx.all(
            "SELECT id, host, agent, created_at, used_at FROM push_subscription WHERE advisor_id = :id ORDER BY created_at DESC, id DESC",
            id=advisor_id,
        )
    )


def browser(tx: Tx, subscription_id: str) -> Browser | None:
    """Of somebody who still works here."""
    row = tx.one(
        "SELECT p.id, p.advisor_id, p.keys_sealed FROM push_subscription p JOIN advisor a ON a.id = p.advisor_id"
        " WHERE p.id = :id AND a.disabled_at IS NULL",
        id=subscription_id,
    )
    if row is None:
        return None
    keys = orjson.loads(tx.keys.open_own(TABLE, "keys_sealed", row.id, bytes(row.keys_sealed)))
    return Browser(id=row.id, advisor_id=row.advisor_id, **keys)


def used(tx: Tx, subscription_id: str) -> None:
    tx.run("UPDATE push_subscription SET used_at = :now WHERE id = :id", now=tx.now_ms, id=subscription_id)


def unsubscribe(tx: Tx, subscription_id: str, advisor_id: str = "") -> bool:
    """Gone; with `advisor_id` only when it is his."""
    return bool(
        tx.run(
            "DELETE FROM push_subscription WHERE id = :id AND (:advisor = '' OR advisor_id = :advisor)",
            id=subscription_id,
            advisor=advisor_id,
        )
    )
