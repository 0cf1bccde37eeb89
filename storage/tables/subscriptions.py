"""Who outside is told what happens here, and what became of each telling."""

# No `from __future__ import annotations`: SQLModel resolves its fields at class creation.
from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from storage.tables.base import blob, id_, ms_, sealed


class Subscription(SQLModel, table=True):
    """An address outside. `types`, `include` -- JSON lists · `old_secret_sealed` -- signs too until `old_until` ·
    `reason` -- why it is off: '' (by hand), gone, failing · `failing_since` -- no success since then · `paused_until` --
    it asked for a rest · `owner_id` -- the advisor, mostly an integration, that may read it."""

    __tablename__ = "subscription"
    id: str = id_()
    url: str
    name: str
    types: str
    include: str
    secret_sealed: bytes = blob()
    old_secret_sealed: bytes | None = sealed()
    old_until: int | None = ms_(nullable=True)
    enabled: bool = True
    reason: str = ""
    failing_since: int | None = ms_(nullable=True)
    paused_until: int | None = ms_(nullable=True)
    last_ok_at: int | None = ms_(nullable=True)
    owner_id: str
    created_at: int = ms_()
    updated_at: int = ms_()
    version: int = 0


class Announcement(SQLModel, table=True):
    """What happened, in words for outside and without anything personal. `about` -- id of what it is about · `lane` --
    what keeps its order: a conversation or a policy."""

    __tablename__ = "announcement"
    __table_args__ = (Index("ix_announcement_at", "at"), Index("ix_announcement_lane", "lane"))
    id: str = id_()
    type: str
    about: str
    lane: str
    data: str
    at: int = ms_()


class Announced(SQLModel, table=True):
    """One announcement for one subscription. state: waiting, calling, done, failed. `status`, `took_ms` -- of the last
    try · `lease_until` -- then another may try."""

    __tablename__ = "announced"
    __table_args__ = (
        Index("ix_announced_due", "state", "next_at"),
        Index(
            "ix_announced_fresh",
            "subscription_id",
            "announcement_id",
            sqlite_where=text("state = 'waiting' AND attempts = 0"),
            postgresql_where=text("state = 'waiting' AND attempts = 0"),
        ),
        Index(
            "ix_announced_tried",
            "subscription_id",
            "next_at",
            sqlite_where=text("state IN ('waiting','calling') AND attempts > 0"),
            postgresql_where=text("state IN ('waiting','calling') AND attempts > 0"),
        ),
        Index(
            "ix_announced_lane",
            "subscription_id",
            "lane",
            "announcement_id",
            sqlite_where=text("state IN ('waiting','calling')"),
            postgresql_where=text("state IN ('waiting','calling')"),
        ),
        Index("ix_announced_announcement", "announcement_id"),
    )
    subscription_id: str = id_()
    announcement_id: str = id_()
    lane: str
    state: str
    attempts: int = 0
    next_at: int = ms_()
    lease_until: int | None = ms_(nullable=True)
    boot_id: str = ""
    status: int | None = None
    error: str = ""
    took_ms: int | None = None
    created_at: int = ms_()
    done_at: int | None = ms_(nullable=True)


class AnnouncedTry(SQLModel, table=True):
    """One call. `status` -- of the answer, NULL without one · `error` -- our word for what went wrong · `answer` -- its
    first kilobyte; of who is told more than ids, who may say it back, only how much it was."""

    __tablename__ = "announced_try"
    __table_args__ = (Index("ix_announced_try_of", "subscription_id", "announcement_id", "at"),)
    id: str = id_()
    subscription_id: str
    announcement_id: str
    at: int = ms_()
    took_ms: int = 0
    status: int | None = None
    error: str = ""
    answer: str = Field(default="")
