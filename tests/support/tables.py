"""Empty tables for a test without the migrations: those run once a worker, what they made is copied."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from storage import migrations
from storage.db import Store
from storage.engines import make_engine


def lay(store: Store) -> None:
    """Give a store that is not open yet its tables, where its SQLite file is still to be made."""
    if store.path is not None and not store.path.exists():
        store.path.write_bytes(_sqlite())


def make(url: str) -> None:
    """Run the migrations on an empty database."""
    engine = make_engine(url)
    with engine.connect() as conn:
        migrations.upgrade(engine, conn)
    engine.dispose()


@functools.cache
def _sqlite() -> bytes:
    with tempfile.TemporaryDirectory(prefix="tables") as folder:
        path = Path(folder) / "gateway.db"
        make(f"sqlite:///{path}")
        assert [each.name for each in Path(folder).iterdir()] == [path.name], "its log holds pages still"
        return path.read_bytes()
