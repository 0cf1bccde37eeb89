"""Alembic's entry: runs on the connection that the caller holds, inside his transaction."""

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy.types import TypeDecorator

from storage.tables import METADATA


def render_item(kind: str, obj: object, _context: AutogenContext) -> str | Literal[False]:
    """Types of ours are written as what they are in the database, so that a migration imports nothing of ours."""
    if kind == "type" and isinstance(obj, TypeDecorator):
        return "sa." + repr(obj.impl_instance)
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    compare_type=True,
    render_item=render_item,
)
context.run_migrations()
