"""Who takes what, and when: teams, certificates, shifts, days off, presence."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from storage.tables.base import id_, ms_


class Team(SQLModel, table=True):
    """People who wait for the same work. `id` -- a word made of its first name, as the API says it; minutes of working
    time, 0 = as the house: until the first answer, and until each next one."""

    __tablename__ = "team"
    id: str = id_()
    name: str = Field(unique=True)
    first_minutes: int = 0
    next_minutes: int = 0
    created_at: int = ms_()


class TeamMember(SQLModel, table=True):
    __tablename__ = "team_member"
    __table_args__ = (Index("ix_team_member_advisor", "advisor_id"),)
    team_id: str = Field(primary_key=True, max_length=26)
    advisor_id: str = Field(primary_key=True, max_length=26)


class Certificate(SQLModel, table=True):
    """What an agent may advise on: of an insurer, JSON list of product codes ([] = all), from a day to a day
    (YYYY-MM-DD, both counted). `swept_at` -- since when it is seen to that it has ended."""

    __tablename__ = "agent_certificate"
    __table_args__ = (Index("ix_agent_certificate_advisor", "advisor_id"),)
    id: str = id_()
    advisor_id: str
    number: str
    insurer: str
    products: str = "[]"
    valid_from: str
    valid_to: str
    swept_at: int | None = ms_(nullable=True)
    updated_by: str
    updated_at: int = ms_()


class Shift(SQLModel, table=True):
    """A period of work on a day of the week. `owner` -- `team:…` or `advisor:…`; weekday mon … sun; HH:MM."""

    __tablename__ = "shift"
    __table_args__ = (Index("ix_shift_owner", "owner"),)
    id: str = id_()
    owner: str
    weekday: str
    begins: str
    ends: str


class Holiday(SQLModel, table=True):
    """A day off (YYYY-MM-DD) beside those of the configuration; `works` -- one of theirs on which people work after
    all."""

    __tablename__ = "holiday"
    day: str = Field(primary_key=True, max_length=10)
    name: str
    works: bool = False
    updated_by: str
    updated_at: int = ms_()


class Availability(SQLModel, table=True):
    """What a person says of himself: away since then, or here; and how many conversations he has at once, 0 = as the
    house."""

    __tablename__ = "availability"
    advisor_id: str = id_()
    away_at: int | None = ms_(nullable=True)
    capacity: int = 0
