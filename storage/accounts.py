"""The rows of our accounts: their state and their bot switch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from storage.tx import Tx

BOT: str = "bot"
BETWEEN_MS: Final = 60_000  # who works for less than this was not mended: it is the same trouble still


def ensure(tx: Tx, accounts: Sequence[tuple[str, str, str]]) -> None:
    """A row and a line of the loss accounting for each (id, channel, name). A start forgives: a token may be mended."""
    for account_id, channel, name in accounts:
        tx.run(
            "INSERT INTO account (id, channel, name, state, reason, bot, cursor, created_at) "
            "VALUES (:id, :channel, :name, 'ok', '', :bot, '', :now) ON CONFLICT (id) DO UPDATE SET state = 'ok', reason = '', paused_until = NULL, held_since = NULL, freed_at = NULL",
            id=account_id,
            channel=channel,
            name=name,
            bot=True,
            now=tx.now_ms,
        )
        tx.run(
            "INSERT INTO account_stat (account_id, deliveries, duplicates, rejected, events, messages, receipts, ignored, quarantined, pending) "
            "VALUES (:id, 0, 0, 0, 0, 0, 0, 0, 0, 0) ON CONFLICT (account_id) DO NOTHING",
            id=account_id,
        )


def stand(tx: Tx, account_id: str, state: str, reason: str, until: int | None) -> None:
    """Write how an account stands."""
    tx.run(
        "UPDATE account SET reason = :reason, paused_until = :until,"
        " held_since = CASE WHEN :state = 'ok' THEN held_since WHEN state <> 'ok' AND held_since IS NOT NULL THEN held_since"
        " WHEN freed_at > :edge AND held_since IS NOT NULL THEN held_since ELSE :now END,"
        " freed_at = CASE WHEN :state <> 'ok' THEN freed_at WHEN state <> 'ok' THEN :now ELSE freed_at END,"
        " state = :state WHERE id = :id AND state <> 'off'",
        id=account_id,
        state=state,
        reason=reason,
        until=until,
        now=tx.now_ms,
        edge=tx.now_ms - BETWEEN_MS,
    )
    tx.hint("account", account_id)


def switches(tx: Tx, *, default: bool) -> tuple[bool, dict[str, bool]]:
    """Is the bot on: for all, and by account id."""
    value = tx.value("SELECT value FROM setting WHERE name = :name", name=BOT)
    everywhere = default if value is None else value == "on"
    return everywhere, {row.id: bool(row.bot) for row in tx.all("SELECT id, bot FROM account")}


def switch(tx: Tx, on: bool, *, account_id: str | None = None) -> bool:
    """Turn the bot on or off, everywhere or for one account. False when there is no such account."""
    if account_id is not None:
        return bool(tx.run("UPDATE account SET bot = :on WHERE id = :id", id=account_id, on=on))
    tx.run(
        "INSERT INTO setting (name, value, updated_at) VALUES (:name, :value, :now) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
        name=BOT,
        value="on" if on else "off",
        now=tx.now_ms,
    )
    return True
