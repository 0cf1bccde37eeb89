"""The very first start: an administrator with a password that is shown once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from storage import advisors
from storage.passwords import Hasher, invent

if TYPE_CHECKING:
    from gateway.parts import Parts

EMAIL: Final = "admin@localhost"


async def ensure_administrator(parts: Parts) -> str:
    """Make and print the first administrator when nobody has an account yet; his password, else ''."""
    if await parts.store.read(lambda tx: tx.value("SELECT 1 FROM advisor WHERE email IS NOT NULL LIMIT 1")):
        return ""
    password = invent()
    hashed = await asyncio.to_thread(Hasher(parts.store.keys).hash, password)
    await parts.store.run(
        lambda tx: advisors.create(
            tx, email=EMAIL, name="Administrator", role="admin", password_hash=hashed, by="system"
        )
    )
    print(f"administrator: {EMAIL}  password: {password}", flush=True)
    return password
