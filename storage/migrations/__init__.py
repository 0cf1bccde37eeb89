"""Migrations: forward only, each in a transaction. A start compares the revision by plain SQL and imports Alembic only
when the database is behind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, inspect

from storage.errors import SchemaNewer

if TYPE_CHECKING:
    from alembic.config import Config

HEAD: Final = "0024"
KNOWN: Final = frozenset({*(f"{number:04d}" for number in range(1, int(HEAD))), HEAD})
FOLDER: Final = Path(__file__).parent


def revision(conn: Connection) -> str | None:
    """The database's revision; None for an empty one."""
    if not inspect(conn).has_table("alembic_version"):
        return None
    row = conn.exec_driver_sql("SELECT version_num FROM alembic_version").first()
    return None if row is None else str(row[0])


def upgrade(engine: Engine, conn: Connection) -> bool:
    """Bring an empty or older database up to date; True when something was done. Raises SchemaNewer."""
    with conn.begin():
        current = revision(conn)
    if current == HEAD:
        return False
    if current is not None and current not in KNOWN:
        raise SchemaNewer(f"the database has schema {current}, this version knows up to {HEAD}: run the newer gateway")
    from alembic import command

    with conn.begin():
        if engine.dialect.name == "postgresql":
            conn.exec_driver_sql("SELECT pg_advisory_xact_lock(7419)")
            if revision(conn) == HEAD:
                return False
        command.upgrade(configured(conn), "head")
    return True


def configured(conn: Connection) -> Config:
    """Alembic's configuration for this connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    config.attributes["connection"] = conn
    return config
