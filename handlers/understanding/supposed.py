"""Harm that has not happened: "nếu xe cháy thì có đền không" asks about cover, and an illness in a wish to buy is no claim.

Whoever tells of a harm tells when, or whose; whoever supposes one says "nếu", or asks what is paid and tells neither.
"""

from __future__ import annotations

from typing import Final

SUPPOSED: Final = "@supposed"
TERMS: Final = "@terms"  # what a cover pays for: "quyền lợi tử vong là bao nhiêu"
BACKGROUND: Final = "@background"  # "chồng cô mất lâu rồi": told beside a form or a wish, nothing is claimed for it
APPLIES: Final = "@applies"  # somebody ill wants to be insured, and hides nothing
HARM: Final = frozenset({"fatal", "urgent", "incident"})
DESPAIRS: Final = "@despairs"  # he says that he wants to: no question about cover takes that away
DESPAIR: Final = 9  # weight
COVER: Final = 5  # weight: as a question about benefits
# what tells of a harm beside an illness
HURT: Final = frozenset(
    {"fatal", "urgent", "incident", "date_past", "@hit", "@hurt", "@cardamage", "@happened", "@hides"}
)


def weigh(scores: dict[str, int], labels: set[str], values: dict[str, str]) -> None:
    """Take the claim out of a message that tells of none, and say in `labels` why."""
    if DESPAIRS in labels:
        labels.add("topic=self_harm")
        values["topic"] = "self_harm"
        scores["other"] = DESPAIR
    if "claim" not in scores and HARM.isdisjoint(labels):
        if _is_supposed(labels) and not scores.get("fraud"):
            values.setdefault("topic", "benefits")
        if _applies(scores, labels):
            labels.add(APPLIES)
        if "@longago" in labels and "@policy" not in labels:
            labels.add(BACKGROUND)
        return
    if _is_supposed(labels):
        labels.add(SUPPOSED)
        labels -= HARM
        scores.pop("claim", None)
        values.pop("claim_action", None)
        values.pop("sensitive", None)
        if max(scores.get("ask_fee", 0), scores.get("complaint", 0)) < COVER and not scores.get("fraud"):
            scores["other"] = max(COVER, scores.get("other", 0))
            values.setdefault("topic", "benefits")
    elif _is_background(scores, labels):
        labels.add(BACKGROUND)
        labels -= HARM
        scores.pop("claim", None)
        values.pop("claim_action", None)
    elif _applies(scores, labels) and "sensitive=health" in labels:
        labels.add(APPLIES)
        del scores["claim"]


def _is_supposed(labels: set[str]) -> bool:
    if TERMS in labels and labels.isdisjoint(("@somebody", "@happened", "@now")):
        return True
    if "@ask_cover" not in labels or "@happened" in labels or ("@now" in labels and "@feigned" not in labels):
        return False
    return "@if" in labels or ("@generic" in labels and "@somebody" not in labels and "fatal" not in labels)


def _is_background(scores: dict[str, int], labels: set[str]) -> bool:
    """A death of long ago beside a wish to buy, or where nothing of insurance is said; in a year, only beside the wish."""
    if "fatal" not in labels or scores.get("fraud") or not labels.isdisjoint(("urgent", "date_past")):
        return False
    wishes = "@wishes" in labels
    return ("@longago" in labels and (wishes or "@policy" not in labels)) or ("@inyear" in labels and wishes)


def _applies(scores: dict[str, int], labels: set[str]) -> bool:
    return "@insures" in labels and "@ill" in labels and HURT.isdisjoint(labels) and not scores.get("fraud")
