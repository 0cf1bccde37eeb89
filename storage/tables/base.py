"""What every table is made with: the naming of constraints, and the columns that recur."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from typing import Any

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
METADATA: MetaData = SQLModel.metadata


def id_() -> Any:
    """Our own ids (storage.ids)."""
    return Field(primary_key=True, max_length=26)


def ms_(*, nullable: bool = False, index: bool = False) -> Any:
    """UTC milliseconds (storage.times)."""
    return Field(default=None if nullable else 0, sa_column=Column(BigInteger, nullable=nullable, index=index))


def sealed() -> Any:
    """AES-256-GCM (storage.keys), or NULL."""
    return Field(default=None, sa_column=Column(LargeBinary, nullable=True))


def blob() -> Any:
    """Bytes."""
    return Field(sa_column=Column(LargeBinary, nullable=False))
