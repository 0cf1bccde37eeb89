"""What people at the desk correct of a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from storage import audit, contacts, contacts_write, search
from storage.tx import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a person at the desk corrects; None = leave it. Lists replace what was there."""

    name: str | None = field(default=None, repr=False)
    salutation: str | None = None
    lang: str | None = None
    phones: tuple[str, ...] | None = field(default=None, repr=False)
    emails: tuple[str, ...] | None = field(default=None, repr=False)
    test: bool | None = None

    def fields(self) -> tuple[str, ...]:
        names = ("name", "salutation", "lang", "phones", "emails", "test")
        return tuple(name for name in names if getattr(self, name) is not None)


def change(tx: Tx, contact_id: str, wanted: Change, *, by: str, version: int | None = None) -> str:
    """Write the change; the id of whom it was written to. Raises Conflict."""
    resolved = contacts.resolve(tx, contact_id)
    if resolved is None:
        raise contacts.Conflict("not_found", "no such contact")
    if version is not None and version != tx.value("SELECT version FROM contact WHERE id = :id", id=resolved):
        raise contacts.Conflict("conflict", "somebody changed this contact since you read it")
    words: set[str] = set()
    if wanted.name is not None:
        contacts_write.set_name(tx, resolved, wanted.name)
        words |= search.of_name(wanted.name)
    for kind, values in (("phone", wanted.phones), ("email", wanted.emails)):
        if values is not None:
            _replace(tx, resolved, kind, values, by)
            words.update(*(search.of_value(value) for value in values))
    for column in ("salutation", "lang", "test"):
        value = getattr(wanted, column)
        if value is not None:
            tx.run(f"UPDATE contact SET {column} = :value WHERE id = :id", value=value, id=resolved)  # noqa: S608
    tx.run("UPDATE contact SET version = version + 1, updated_at = :now WHERE id = :id", now=tx.now_ms, id=resolved)
    for row in tx.all("SELECT id FROM conversation WHERE contact_id = :id ORDER BY id DESC LIMIT 20", id=resolved):
        search.put(tx, row.id, resolved, words)
    audit.write(tx, actor=by, action="contact.edit", object_type="contact", object_id=resolved, fields=wanted.fields())
    tx.hint("contact", resolved)
    return resolved


def _replace(tx: Tx, contact_id: str, kind: str, values: Sequence[str], by: str) -> None:
    keep = [tx.keys.blind(kind, value) for value in values]
    for each in contacts.family(tx, contact_id):
        for row in tx.all(
            "SELECT id, value_blind FROM contact_value WHERE contact_id = :id AND kind = :kind", id=each, kind=kind
        ):
            if bytes(row.value_blind) not in keep:
                tx.run("DELETE FROM contact_value WHERE id = :id", id=row.id)
    for value in values:
        contacts_write.add_value(tx, contact_id, kind, value, source=by, confirmed=True)
