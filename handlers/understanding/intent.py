"""What the customer wants done next: the corpus's closed list of intents, in the light of the question that is open."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from handlers.understanding import answers, appointment
from handlers.understanding.consent import Manner, consent
from handlers.understanding.facts import Facts
from handlers.understanding.noise import is_gibberish
from handlers.understanding.reading import Reading
from handlers.understanding.several import WISHES, wishes
from handlers.understanding.stop import (
    calls_instead,
    cancels,
    forbids_calls,
    stop_word,
    stops_in_a_clause,
    writes_instead,
)

CONSENT: Final = {
    "ask_consent": Manner(),
    "ask_consent_sensitive": Manner(sensitive=True),
    "ask_declare": Manner(declaring=True),
}
YES_OR_NO: Final = frozenset({"confirm", "offer_buy", "ask_declare", "ask_received"})  # "dung" is đúng here
AFTER_OURS: Final = frozenset({"", "ad_sent", "renewal_reminder", "csat"})  # "dung" is dừng here
GRAVE: Final = ("topic=self_harm", "topic=violence")  # no claim, and no other wish counts beside it
UNASKED: Final = frozenset({"ad_sent", "renewal_reminder"})  # we wrote first
CALLS_INSTEAD: Final = "@calls_instead"  # he forbids to write because he wants to be called
WRITES_INSTEAD: Final = "@writes_instead"  # he wants no call because he wants it in writing
APPOINTS: Final = "@appoints"  # a time to be called, and nothing else
IN_THE_FORM: Final = frozenset({*CONSENT, "ask_name", "ask_phone", "ask_email", "ask_plate", "ask_time", "ask_dob", "ask_id", "ask_delivery", "ask_province", "confirm"})  # fmt: skip
FORBIDDING: Final = frozenset({"opt_out", "@forbids", "@negation"})
FEW: Final = 7  # words
THINGS: Final = frozenset({"@car", "@moto", "@tnds", "@truck"})
# at equal weight, the first: what hurts most when missed
RANK: Final = (
    "fraud", "claim", "privacy_request", "talk_to_human", "complaint", "renewal", "other", "ask_fee", "spam_abuse", "buy", "thanks", "greeting",
)  # fmt: skip
STRONG: Final = 4
# questions about a product that a question for its price outranks
BESIDE_PRICE: Final = frozenset(
    {"benefits", "products", "insurers", "waiting_period", "ecert_validity", "underwriting", "compulsory", "payment"}
)
# reported beside another intent from this weight on
REPORTED: Final = {"opt_out": 6, "claim": 5, "complaint": 6, "privacy_request": 6, "talk_to_human": 5}
NO_WORD: Final = frozenset({"khong", "nhan"})
HELLO_SIGNS: Final = "👋🙋🤚✋"
THANK_SIGNS: Final = "🙏❤💕😘🥰💖♥"
CALLED: Final = re.compile(r"\bcall me (?!back|now|later|at|on|in|when|again|please|asap|tomorrow|today)[a-z]+\W*\Z")
SWITCH: Final = re.compile(r"\b(?:doi|chuyen|sua)\b(?: \w+){0,3}? (?:sang|qua|thanh)\b")  # to another product


class Decision(NamedTuple):
    """The main intent and the further ones a good reader reports."""

    intent: str
    also: tuple[str, ...] = ()


def decide(reading: Reading, facts: Facts, context: str) -> Decision:
    """The intent. Stop words come before everything, then danger, then the open question, then the strongest phrase."""
    scores = _adjusted(reading, facts)
    main = (
        _stop(reading, scores, context)
        or _danger(reading, scores)
        or _consent(reading, context)
        or ("other" if scores.get("fraud") else "")
        or _answered(reading, facts, scores, context)
        or _strongest(scores)
        or _left_over(reading, facts, context)
    )
    return Decision(main, _also(main, reading, scores, facts))


def appoints(reading: Reading, context: str) -> str:
    """What a bare appointment is: beside the form's own question a value of the form, elsewhere a wish for a call."""
    return "other" if context in IN_THE_FORM or not appointment.calls(reading.flat) else "talk_to_human"


def beside(main: str, reading: Reading, facts: Facts) -> tuple[str, ...]:
    """The further intents, when the main one was decided elsewhere."""
    return _also(main, reading, _adjusted(reading, facts), facts)


def _adjusted(reading: Reading, facts: Facts) -> dict[str, int]:
    scores = dict(reading.scores)
    labels = reading.labels
    thing = "product" in reading.values or not THINGS.isdisjoint(labels)
    if thing or ("buy" in scores and "@abroad" in labels):
        scores["buy"] = scores.get("buy", 1) + 1
    if scores.get("ask_fee", 0) >= STRONG and scores.get("other", 0) < 7 and reading.fact("topic") in BESIDE_PRICE:
        scores.pop("other", None)
    if scores.get("ask_fee", 0) >= STRONG and "buy" in scores:
        scores["buy"] = min(scores["buy"], scores["ask_fee"] - 1)  # whoever asks the price wants the price next
    if scores.get("complaint", 0) >= 5 and scores.get("spam_abuse", 0) <= scores["complaint"] + 2:
        scores.pop("spam_abuse", None)
    if facts.emails and scores.get("other", 0) <= 3:
        scores.pop("other", None)
    if "opt_out" in scores and _limited(labels):
        scores["opt_out"] = 1
    if "talk_to_human" in scores and scores["talk_to_human"] <= 7 and any(found.e164 for found in facts.phones):
        del scores["talk_to_human"]
    return scores


def _limited(labels: AbstractSet[str]) -> bool:
    """A stop for a time of day, an old number or a way of writing, not for good: a hint, and the model decides."""
    return "@othernumber" in labels or ("@limited" in labels and labels.isdisjoint(("@nomore", "@neither")))


def _stop(reading: Reading, scores: dict[str, int], context: str) -> str:
    words = reading.words
    word = stop_word(reading.sentence)
    if word == "dung":
        if context in YES_OR_NO:
            return "yes"
        if context in CONSENT:
            return "other"  # neither a clear yes nor a clear stop: it is asked again
        if context == "ask_name" and len(words) == 1:
            return ""  # Dung is a name
        return "opt_out"
    if word:
        return "no" if cancels(words) and context not in AFTER_OURS else "opt_out"
    if stops_in_a_clause(reading.text, reading.sentence):
        return "opt_out"
    if context in UNASKED and (
        {word.key for word in words[:2]} == NO_WORD or ("@fedup" in reading.labels and len(words) <= FEW)
    ):
        return "opt_out"
    of_a_price = "@tnds" in reading.labels and "ask_fee" in scores  # "tnds có khuyến mãi không"
    if context == "ask_scope" and reading.fact("scope") and not of_a_price:
        return "opt_out"
    about_cover = "claim" in scores or "buy" in scores
    if "fatal" in reading.labels and about_cover and "@forbids" not in reading.labels:
        return ""  # a death outranks a stop that is not plainly one; it is reported beside it
    stops = scores.get("opt_out", 0) >= 6 or ("@forbids" in reading.labels and not _limited(reading.labels))
    if not reading.labels.isdisjoint(FORBIDDING) and calls_instead(reading.flat):
        reading.labels.add(CALLS_INSTEAD)
        return "talk_to_human"
    if writes_instead(reading.flat):
        reading.labels.add(WRITES_INSTEAD)
        return "opt_out" if forbids_calls(reading.flat) else ""
    return "opt_out" if stops else ""


def _danger(reading: Reading, scores: dict[str, int]) -> str:
    if "fatal" in reading.labels:
        return "claim"
    if not reading.labels.isdisjoint(GRAVE):
        return "other"
    hurt = scores.get("claim", 0) >= STRONG and "urgent" in reading.labels
    return "claim" if hurt and not scores.get("fraud") else ""


def _consent(reading: Reading, context: str) -> str:
    return consent(reading, CONSENT[context]) if context in CONSENT else ""


def _answered(reading: Reading, facts: Facts, scores: dict[str, int], context: str) -> str:
    """The intent of an answer to the open question, or '' when the message is something else."""
    if context in CONSENT:
        return ""
    pressing = max(scores.get("claim", 0), scores.get("complaint", 0), scores.get("privacy_request", 0))
    if context == "ask_received" and (said := answers.answer(reading)):
        return said
    corrects = context == "confirm" and answers.turns_back(reading)
    if pressing >= 5 and not corrects and context != "ask_delivery":
        return ""
    labels = reading.labels
    if (
        context == "ask_name"
        and facts.name
        and not _busy(reading, scores, titled=bool(facts.name.salutation or CALLED.search(reading.flat)))
    ):
        return "give_name"
    if corrects and _names_another(reading):
        return "buy"
    if facts.phones and (context == "ask_phone" or (corrects and facts.phones[0].e164)):
        return "give_phone"
    if context == "ask_phone" and "@same_phone" in labels:
        return "give_phone"
    if context == "ask_email" and (facts.emails or "@none" in labels):
        return "give_email"
    if context == "ask_plate" and (facts.plates or "@none" in labels):
        return "give_plate"
    if (context == "ask_dob" and (facts.dob or facts.dob_invalid or facts.yob)) or (context == "ask_id" and facts.cccd):
        return "other"
    if context == "csat" and facts.csat:
        return "other"
    return _yes_or_no(reading, facts, scores, context)


def _names_another(reading: Reading) -> bool:
    """The product is put right: "đổi sang bảo hiểm sức khỏe", but not "không phải bảo hiểm sức khỏe"."""
    named = "@moto" in reading.labels or "product" in reading.values
    meant = SWITCH.search(reading.flat) is not None or "@negation" not in reading.labels
    return named and meant and "?" not in reading.text


def _yes_or_no(reading: Reading, facts: Facts, scores: dict[str, int], context: str) -> str:
    if context == "renewal_reminder" and "@sold" in reading.labels:
        return "no"
    said = answers.answer(reading)
    if not said:
        said = _late_no(reading, context)
    if not said:
        timed = context == "ask_time" and facts.when
        return "other" if timed or (context == "ask_delivery" and reading.fact("delivery")) else ""
    strongest = max(
        (score for intent, score in scores.items() if intent not in ("thanks", "greeting", "buy")), default=0
    )
    if context in YES_OR_NO or context == "renewal_reminder":
        asks_more = said == "yes" and strongest >= STRONG and context in ("offer_buy", "renewal_reminder")
        return "" if asks_more else said
    if context == "ask_time" and said == "yes":
        return said
    if context == "ask_delivery" and reading.fact("delivery"):
        return "other"
    if said == "no" and context in ("ask_need", "ask_product", "ad_sent") and strongest < STRONG:
        named = "product" in reading.values
        return "" if named or "@idk" in reading.labels else said
    if facts.phones or facts.emails or facts.plates or facts.when:
        return ""
    if strongest < STRONG and (scores.get("buy", 0) < STRONG or said == "no") and answers.is_short(reading):
        return "" if scores.get("thanks") else said
    return said if said == "no" and context and strongest < STRONG else ""


def _late_no(reading: Reading, context: str) -> str:
    """A no that does not begin the message: "tên chưa đúng", "năm nay không mua nữa"."""
    wrong = context == "confirm" and answers.turns_back(reading) and "?" not in reading.text
    refused = context in ("offer_buy", "renewal_reminder") and answers.refuses(reading)
    return "no" if wrong or refused else ""


def _busy(reading: Reading, scores: dict[str, int], *, titled: bool) -> bool:
    """More than a name: a want in several words. One word may be part of a name (Phí, Tệ, Mai)."""
    harmless = ("greeting", "thanks", "talk_to_human") if titled else ("greeting", "thanks")  # "cứ gọi chú Ba"
    return any(
        size >= 2 and mark.weight >= 3 and mark.label in scores and mark.label not in harmless
        for mark, _, size in reading.hits
    )


def _strongest(scores: dict[str, int]) -> str:
    if not scores:
        return ""
    best = max(RANK, key=lambda intent: scores.get(intent, 0))  # the first of equals
    return best if scores.get(best, 0) >= 2 and best not in ("thanks", "greeting") else ""


def _left_over(reading: Reading, facts: Facts, context: str) -> str:
    """No phrase spoke: what was given, then manners, then noise."""
    for intent, given in (
        ("give_phone", facts.phones),
        ("give_email", facts.emails),
        ("give_plate", facts.plates),
        ("give_name", facts.name),
    ):
        if given:
            return intent
    if reading.scores.get("thanks") or any(sign in THANK_SIGNS for sign in reading.text):
        return "thanks"
    if reading.scores.get("greeting") or any(sign in HELLO_SIGNS for sign in reading.text):
        return "greeting"
    if is_gibberish(reading):
        return "spam_abuse"
    if facts.amounts and not context:
        return "ask_fee"
    asks = "@question" in reading.labels or "@idk" in reading.labels or "?" in reading.text
    return "buy" if context in ("ask_need", "ask_product") and reading.words and not asks else "other"


def _also(main: str, reading: Reading, scores: dict[str, int], facts: Facts) -> tuple[str, ...]:
    also: list[str] = []
    if main == "spam_abuse":
        return ()
    if main not in ("claim", "renewal", "complaint", "privacy_request"):
        if facts.phones and any(found.e164 for found in facts.phones):
            also.append("give_phone")
        if facts.emails and any(found.address for found in facts.emails):
            also.append("give_email")
        if facts.plates and any(found.plate for found in facts.plates):
            also.append("give_plate")
    if facts.name and facts.name.led and main in ("buy", "ask_fee", "give_phone", "yes"):
        also.append("give_name")
    if not REPORTED.keys().isdisjoint(scores) and not scores.get("fraud"):
        also += [intent for intent, least in REPORTED.items() if scores.get(intent, 0) >= least]
    if not reading.labels.isdisjoint((CALLS_INSTEAD, WRITES_INSTEAD)):
        also = [intent for intent in also if intent != "opt_out"]
    if main == "give_name":
        return tuple(intent for intent in also if intent != "talk_to_human")
    if main.startswith("give_") or main == "yes":
        also += [intent for intent in ("ask_fee", "buy", "renewal") if scores.get(intent, 0) >= STRONG]
    elif main == "ask_fee" and scores.get("renewal", 0) > STRONG:
        also.append("renewal")
    if main in WISHES:
        also += wishes(reading, scores, main)
    return tuple(intent for intent in dict.fromkeys(also) if intent != main)
