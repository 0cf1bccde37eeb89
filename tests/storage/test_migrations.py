"""The migrations make exactly the tables of the models, on both databases, and the audit trail is append-only there."""

from __future__ import annotations

import pytest

from storage import audit, migrations
from storage.db import Store
from storage.engines import make_engine
from storage.errors import SchemaNewer
from storage.keys import KeyRing
from storage.tables import METADATA


@pytest.fixture(scope="module")
def pg_template() -> None:
    """Nothing is there yet."""


def test_the_models_and_the_migrations_agree(database_url: str) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    engine = make_engine(database_url)
    with engine.connect() as conn:
        assert migrations.upgrade(engine, conn)
        assert not migrations.upgrade(engine, conn)
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_a_newer_schema_is_refused(database_url: str) -> None:
    engine = make_engine(database_url)
    with engine.connect() as conn:
        migrations.upgrade(engine, conn)
        with conn.begin():
            conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        with pytest.raises(SchemaNewer, match="9999"):
            migrations.upgrade(engine, conn)
    engine.dispose()


def test_audit_entries_are_chained_and_never_change(database_url: str) -> None:
    store = Store(database_url, KeyRing.ephemeral())
    store.open()
    try:
        for number in range(3):
            store.call(lambda tx, n=number: audit.write(tx, actor=f"a{n}", action="test"))
        assert store.call(audit.chain) == 3
        walked = store.call(lambda tx: audit.walk(tx, so_far=audit.Walk()))
        assert (walked.checked, walked.broken, walked.done) == (3, None, True)
        for statement in ("DELETE FROM audit_entry", "UPDATE audit_entry SET actor = 'x'"):
            with pytest.raises(Exception, match="audit"):
                store.call(lambda tx, statement=statement: tx.run(statement))
    finally:
        store.close()


def test_a_database_of_the_first_version_is_brought_up_to_date(database_url: str) -> None:
    """Who waited then has the clock that the desk showed him by: a quarter of an hour."""
    from alembic import command

    engine = make_engine(database_url)
    with engine.connect() as conn:
        with conn.begin():
            command.upgrade(migrations.configured(conn), "0001")
            conn.exec_driver_sql(
                "INSERT INTO handoff (id, conversation_id, contact_id, code, reason, priority, state, test, opened_at, outcome)"
                " VALUES ('h1', 'c1', 'k1', '', 'lead', 0, 'waiting', false, 1000, '')"
            )
        assert migrations.upgrade(engine, conn)
        assert conn.exec_driver_sql("SELECT due_at, late_at FROM handoff").one() == (901_000, None)
    engine.dispose()
