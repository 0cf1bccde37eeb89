"""Two numbers of his own, "0912… hoặc 0987…": both are kept, and beside the read-back he is asked once which is called first."""

from __future__ import annotations

import re
from typing import Final

from handlers import wording
from handlers.draft import Draft
from handlers.hearing import ANOTHERS, Heard

TWO: Final = "two_numbers"  # in the memory: "open" until he is asked, then "asked"
SECOND: Final = re.compile(
    r"\b(?:so|cai|sdt|number) (?:dien thoai )?(?:thu )?(?:hai|2|sau|cuoi|duoi|ben duoi|kia|con lai)\b|\b(?:the )?(?:second|last|latter|other)(?: one| number)?\b"
)
FIRST: Final = re.compile(
    r"\b(?:so|cai|sdt|number) (?:dien thoai )?(?:thu )?(?:nhat|mot|1|dau(?: tien)?|tren|truoc)\b|\b(?:the )?(?:first|former)(?: one| number)?\b"
    r"|\b(?:ca hai|ca 2|hai so|so nao cung|either|both)\b"
)
PLACE: Final = re.compile(r"\b(?:so|cai|sdt) (?:dien thoai )?thu (?:hai|2)\b")
RANKED: Final = re.compile(  # he says himself which comes first, or what the other is for
    r"\b(?:so phu|du phong|zalo|viber|backup|neu (?:khong|ko|k)|(?:khong|ko|k) (?:\w+ ){0,3}thi|uu tien|truoc)\b"
)
PART: Final = re.compile(r"(?<!\d)\d{3,6}(?!\d)")  # "số 0987", "đuôi 321"


def note(draft: Draft, one: Heard) -> None:
    """He told two: are both his?"""
    sorted_ = ANOTHERS.search(one.folded) or RANKED.search(one.folded)
    both = bool(one.entities.get("phone_alt")) and sorted_ is None
    draft.remember(**{TWO: "open" if both else None})


def ask(draft: Draft) -> None:
    """Once, in the same turn as the read-back; whoever says nothing to it is called as he wrote them."""
    first, second = (wording.phone(str(draft.state.slots.get(slot) or "")) for slot in ("phone", "phone_alt"))
    if draft.state.memory.get(TWO) == "open" and second:
        draft.remember(**{TWO: "asked"})
        draft.say("ask.phone_two", so_1=first, so_2=second)


def is_second(draft: Draft, one: Heard) -> bool:
    """ "Số thứ hai" is no Monday."""
    return bool(draft.state.slots.get("phone_alt")) and PLACE.search(one.folded) is not None


def choose(draft: Draft, one: Heard) -> bool:
    """Put the one that he names first. Whether it was about them."""
    numbers = [str(draft.state.slots.get(slot) or "") for slot in ("phone", "phone_alt")]
    if not draft.state.memory.get(TWO) or not all(numbers) or one.said.payload:
        return False
    wanted = _named(one, numbers, asked=draft.state.memory[TWO] == "asked" and draft.state.asked == "confirm")
    if wanted is None:
        return False
    draft.put(phone=numbers[wanted], phone_alt=numbers[1 - wanted])
    draft.remember(**{TWO: None})
    return True


def _named(one: Heard, numbers: list[str], *, asked: bool) -> int | None:
    told = one.entities.get("phone")
    if told:
        return numbers.index(str(told)) if told in numbers and not one.entities.get("phone_alt") else None
    if not asked:
        return None
    written = [wording.phone(number).replace(" ", "") for number in numbers]
    for part in PART.findall(one.folded):
        fits = [at for at, number in enumerate(written) if number.startswith(part) or number.endswith(part)]
        if len(fits) == 1:
            return fits[0]
    if SECOND.search(one.folded):
        return 1
    return 0 if FIRST.search(one.folded) else None
