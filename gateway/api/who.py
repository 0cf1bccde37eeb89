"""Whom somebody means: an id, or a number or address in any habit of writing."""

from __future__ import annotations

import re
from typing import Any, Final

from channels.reading import clean
from gateway.api import values
from gateway.api.errors import ApiError
from handlers.understanding.email import find_emails
from handlers.understanding.fold import flatten
from handlers.understanding.phone import find_phones

_ID: Final = re.compile(r"[0-9a-v]{26}")


def read(said: str) -> dict[str, Any]:
    """Arguments of storage.people.found. Raises ApiError invalid for what is none of these."""
    if _ID.fullmatch(said):
        return {"contact_id": said}
    if "@" in said:
        emails = sorted({*_strict(values.emails, said), *(each.address for each in find_emails(clean(said)))})
        if emails:
            return {"emails": emails}
    text = clean(said)
    heard = (phone.e164 for phone in find_phones(text, flatten(text), asked=True) if phone.e164)
    phones = sorted({*_strict(values.phones, said), *heard})
    if phones:
        return {"phones": phones}
    raise ApiError(
        "invalid", "some fields are not right", fields={"who": "an id, a telephone number or an e-mail address"}
    )


def _strict(read_: Any, said: str) -> tuple[str, ...]:
    try:
        found: tuple[str, ...] = read_([said])
    except ApiError:
        return ()
    return found
