"""Teams, who is of them, and what each of them may advise on."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from storage import audit
from storage.ids import new_id
from storage.tx import Tx

BEGUN: Final = "teams"  # the setting that says that a house has its first teams: one that it removed stays away
ID_MAX: Final = 26
MOST: Final = 200  # teams
CERTIFICATES: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """`members` -- advisor ids; minutes of working time, 0 = as the house."""

    id: str
    name: str
    first_minutes: int
    next_minutes: int
    members: tuple[str, ...] = ()


def begin(tx: Tx, names: Mapping[str, str]) -> None:
    """The first teams of a house, once for ever."""
    made = tx.run(
        "INSERT INTO setting (name, value, updated_at) VALUES (:name, 'begun', :now) ON CONFLICT (name) DO NOTHING",
        name=BEGUN,
        now=tx.now_ms,
    )
    for team_id, name in names.items() if made else ():
        tx.run(
            "INSERT INTO team (id, name, first_minutes, next_minutes, created_at) VALUES (:id, :name, 0, 0, :now)"
            " ON CONFLICT DO NOTHING",
            id=team_id,
            name=name,
            now=tx.now_ms,
        )


def listed(tx: Tx) -> list[Team]:
    """All of them, the oldest first."""
    members = defaultdict(list)
    for row in tx.all(
        "SELECT m.team_id, m.advisor_id FROM team_member m JOIN advisor a ON a.id = m.advisor_id"
        " WHERE a.disabled_at IS NULL ORDER BY a.name, a.id"
    ):
        members[row.team_id].append(row.advisor_id)
    rows = tx.all(
        "SELECT id, name, first_minutes, next_minutes FROM team ORDER BY created_at, id LIMIT :most", most=MOST
    )
    return [Team(**row._mapping, members=tuple(members[row.id])) for row in rows]


def find(tx: Tx, word: str) -> Team | None:
    """A team by its id, or by its name however it is written."""
    wanted = _plain(word)
    return next((team for team in listed(tx) if team.id == word or _plain(team.name) == wanted), None)


def meant(tx: Tx, word: str) -> frozenset[str]:
    """Ids of what a filter names: a team by id or name, or `advisor:…` for those that he is of."""
    kind, _, who = word.partition(":")
    if kind == "advisor" and who:
        return frozenset(of_one(tx, who))
    found = find(tx, word)
    return frozenset({found.id if found is not None else word})


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def of_advisors(tx: Tx) -> dict[str, list[str]]:
    """Ids of the teams that each is of."""
    found: dict[str, list[str]] = defaultdict(list)
    for row in tx.all(
        "SELECT m.advisor_id, m.team_id FROM team_member m JOIN team t ON t.id = m.team_id ORDER BY 1, 2"
    ):
        found[row.advisor_id].append(row.team_id)
    return found


def of_one(tx: Tx, advisor_id: str) -> list[str]:
    return [
        row.team_id
        for row in tx.all(
            "SELECT team_id FROM team_member WHERE advisor_id = :id ORDER BY team_id LIMIT :most",
            id=advisor_id,
            most=MOST,
        )
    ]


def add(tx: Tx, *, name: str, first_minutes: int, next_minutes: int, by: str) -> str:
    """Its id, a word made of the name; '' when another has the name."""
    if find(tx, name) is not None:
        return ""
    taken = {team.id for team in listed(tx)}
    word = _word(name)
    made = next(each for each in (word, *(f"{word[: ID_MAX - 4]}-{n}" for n in range(2, 1000))) if each not in taken)
    tx.insert("team", id=made, name=name, first_minutes=first_minutes, next_minutes=next_minutes, created_at=tx.now_ms)
    _changed(tx, by, "team.add", "team", made, ("name",))
    return made


def _word(name: str) -> str:
    """`Bồi thường xe` -> `boi-thuong-xe`."""
    plain = unicodedata.normalize("NFD", name.casefold().replace("đ", "d"))
    word = re.sub(r"[^a-z0-9]+", "-", "".join(each for each in plain if not unicodedata.combining(each))).strip("-")
    return word[:ID_MAX].strip("-") or new_id()[-8:]


def change(tx: Tx, team_id: str, *, by: str, **values: Any) -> bool:
    """`values` -- name, first_minutes, next_minutes, as far as given. False when another has the name."""
    if "name" in values:
        same = find(tx, values["name"])
        if same is not None and same.id != team_id:
            return False
    if values:
        sets = ", ".join(f"{name} = :{name}" for name in values)
        tx.run(f"UPDATE team SET {sets} WHERE id = :id", id=team_id, **values)  # noqa: S608 -- our own column names
        _changed(tx, by, "team.change", "team", team_id, tuple(values))
    return True


def set_members(tx: Tx, team_id: str, advisor_ids: Sequence[str], *, by: str) -> None:
    """These and nobody else."""
    tx.run("DELETE FROM team_member WHERE team_id = :id", id=team_id)
    tx.insert_many("team_member", [{"team_id": team_id, "advisor_id": each} for each in dict.fromkeys(advisor_ids)])
    _changed(tx, by, "team.change", "team", team_id, ("members",))


def remove(tx: Tx, team_id: str, *, by: str) -> bool:
    """What waits for it waits for anyone."""
    gone = tx.run("DELETE FROM team WHERE id = :id", id=team_id)
    if gone:
        tx.run("DELETE FROM team_member WHERE team_id = :id", id=team_id)
        tx.run("DELETE FROM shift WHERE owner = :owner", owner=f"team:{team_id}")
        tx.run("UPDATE handoff SET team = '' WHERE state = 'waiting' AND team = :id", id=team_id)
        tx.run("UPDATE conversation SET team = '' WHERE team = :id AND status <> 'closed'", id=team_id)
        _changed(tx, by, "team.remove", "team", team_id, ())
    return bool(gone)


def _changed(tx: Tx, by: str, action: str, kind: str, object_id: str, fields: tuple[str, ...]) -> None:
    audit.write(tx, actor=by, action=action, object_type=kind, object_id=object_id, fields=fields)
    tx.hint("routing", object_id)


# ---- certificates


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Days are YYYY-MM-DD, both counted; `products` () = all of the insurer's."""

    id: str
    advisor_id: str
    number: str
    insurer: str
    products: tuple[str, ...]
    valid_from: str
    valid_to: str


_CERTIFICATES: Final = (
    "SELECT c.id, c.advisor_id, c.number, c.insurer, c.products, c.valid_from, c.valid_to FROM agent_certificate c"
)


def _certificate(row: Any) -> Certificate:
    return Certificate(**{**row._mapping, "products": tuple(orjson.loads(row.products))})


def certificates(tx: Tx, advisor_id: str = "") -> list[Certificate]:
    """Of one person, or of all; the soonest to end first."""
    where = "WHERE c.advisor_id = :id" if advisor_id else "WHERE :id = ''"
    rows = tx.all(f"{_CERTIFICATES} {where} ORDER BY c.valid_to, c.id LIMIT :most", id=advisor_id, most=CERTIFICATES)
    return [_certificate(row) for row in rows]


def certificate(tx: Tx, certificate_id: str) -> Certificate | None:
    row = tx.one(f"{_CERTIFICATES} WHERE c.id = :id", id=certificate_id)
    return None if row is None else _certificate(row)


def gated(tx: Tx) -> bool:
    """Does this house record certificates? From the first one on nobody advises without."""
    return tx.value("SELECT 1 FROM agent_certificate LIMIT 1") is not None


def add_certificate(tx: Tx, *, advisor_id: str, by: str, products: Sequence[str], **values: str) -> str:
    """`values` -- number, insurer, valid_from, valid_to. Its id."""
    made = new_id()
    tx.insert(
        "agent_certificate",
        id=made,
        advisor_id=advisor_id,
        products=orjson.dumps(list(products)).decode(),
        updated_by=by,
        updated_at=tx.now_ms,
        **values,
    )
    _changed(tx, by, "certificate.add", "advisor", advisor_id, ("certificate",))
    return made


def change_certificate(tx: Tx, found: Certificate, *, by: str, products: Sequence[str], **values: str) -> None:
    tx.run(
        "UPDATE agent_certificate SET number = :number, insurer = :insurer, products = :products, valid_from = :valid_from,"
        " valid_to = :valid_to, swept_at = NULL, updated_by = :by, updated_at = :now WHERE id = :id",
        id=found.id,
        products=orjson.dumps(list(products)).decode(),
        by=by,
        now=tx.now_ms,
        **values,
    )
    _changed(tx, by, "certificate.change", "advisor", found.advisor_id, ("certificate",))


def remove_certificate(tx: Tx, found: Certificate, *, by: str) -> None:
    tx.run("DELETE FROM agent_certificate WHERE id = :id", id=found.id)
    _changed(tx, by, "certificate.remove", "advisor", found.advisor_id, ("certificate",))
