"""Models of a person's rights and of the keys that seal what we hold."""

from __future__ import annotations

from gateway.api.fields import Answer, Time


class Old(Answer):
    """A version of the master key that nothing in the database needs any more. `file` '' where it lives in memory only;
    archives made before `since` of the newest one open with it."""

    version: int
    file: str


class Rotated(Answer):
    """`version` seals from `since` on; `again`: a rotation that was begun before went on; `rewrapped` values by table;
    `left` values that older versions still seal; `waits`: why no old version was put away, '' when all were."""

    version: int
    since: Time
    again: bool
    rewrapped: dict[str, int]
    left: int
    put_away: list[Old]
    waits: str
