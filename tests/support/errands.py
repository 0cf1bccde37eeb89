"""What a set-up said."""

from __future__ import annotations

from collections.abc import AsyncIterator


async def done(setup: AsyncIterator[str]) -> list[str]:
    """Its lines, when all of it went well."""
    return [line async for line in setup]
