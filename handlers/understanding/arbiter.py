"""Rules and model at one table: what is a matter of safety or was understood exactly stays, the rest is the model's.

The thresholds are from cross-validation (docs/understanding.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from handlers.understanding import appointment, intent, model
from handlers.understanding.facts import Facts
from handlers.understanding.fold import flatten
from handlers.understanding.intent import CONSENT, GRAVE, Decision
from handlers.understanding.person import SURNAME_KEYS, Name
from handlers.understanding.reading import SPACED, Reading
from handlers.understanding.supposed import APPLIES, BACKGROUND, SUPPOSED

STOP: Final = 0.2  # a stop is believed early: a missed one costs more than one too many
STOP_IN_A_WORD: Final = 0.28  # in a few words of which the rules know nothing: "Tin số 10"
SENTENCE: Final = 5  # words
AGREED: Final = 0.5  # below it, what the rules took for a consent is none
FLAGGED: Final = 0.2  # death, danger, fraud: they too are believed early
DESPAIR: Final = ("self_harm", "violence")
DANGERS: Final = ("fatal", "urgent", "alarm")
DANGER: Final = 0.3  # a death or a danger by the words alone: whether all are safe is asked, and a person called
ALARMED: Final = 0.4  # one of the two in what is a claim anyway
SUSPECTED: Final = 0.25  # the same in a sentence that is nearly a claim
NEARLY: Final = 0.1
AT_LENGTH: Final = 8  # words: "giờ em phải làm sao" says nothing by itself
ASSURED: Final = 0.85  # a death that is sure enough to be condoled, even of somebody who may be only out
DISBELIEVED: Final = 0.05  # a word of death or danger in a message that tells of neither
DOUBTED: Final = "@doubted"  # only one of the two sees it
HARMLESS: Final = frozenset({"other", "buy", "renewal", "ask_fee", "complaint", "talk_to_human", "greeting", "thanks", "privacy_request"})  # fmt: skip
ALIVE: Final = "@alive"  # "ông xã đi nhậu rồi": only out
LOST: Final = re.compile(r"\bmat (?:giay|the|to|tam|so|bang|cavet|ca vet|cccd|cmnd|vi|hop dong)\b")  # a paper, nobody
BEFALLS: Final = frozenset({"fatal", "urgent", "incident", "@accident", "@hit", "@hurt", "@fire"})
SAFE: Final = ("@insures", "@pictures", "@dangkiem", "@sold")  # what is told by nobody in danger
TOLD: Final = ("@somebody", "@happened", "@now")
EXPLICIT: Final = 6  # weight
DESPERATE: Final = 0.3  # despair and violence that only the model sees
SURER: Final = 0.7  # of the likelihood of the best one: what the rules say has to have less to be overruled
LONGEST_NAME: Final = 8  # words
SUMMONS: Final = ("talk_to_human", "complaint", "privacy_request")  # a person is called for them: not on a guess
GUESSED: Final = 0.45
SPAM: Final = 0.6
MET: Final = 0.7  # of the words
FEW: Final = 3  # words
HONEST: Final = frozenset(
    {APPLIES, "cooling_off"}
)  # whoever tells of an illness, or asks for his money back, hides nothing
DOUBTFUL: Final = 0.6
SOLD: Final = frozenset({"buy", "yes", "renewal", "ask_fee"})  # never said to a fraud
UNEASY: Final = SPACED | {"nua"}  # names too, and words of a stop: "Dũng", "Từ Nay Ngừng"
NO_NAME: Final = re.compile(r"[\d/@?]")
CANCELS: Final = "topic=cancel_policy"  # ends a contract, which is neither a stop nor a purchase
NO_STOP: Final = frozenset({"@excuses", CANCELS, intent.CALLS_INSTEAD, intent.WRITES_INSTEAD})
HAPPENED: Final = frozenset({"incident", "urgent", "fatal"})
UNDECIDED: Final = frozenset(
    {"other", "buy", "talk_to_human", "greeting"}
)  # what the rules say of a time with no other word
CALM: Final = "other"
MISSENT: Final = "@missent"  # he meant to write to somebody else
NO_REFUSAL: Final = frozenset({"@unclear", "@noproblem"})  # "không biết", "không sao": no no


def settle(reading: Reading, facts: Facts, context: str, ruled: Decision, by: model.Model | None = None) -> Decision:
    """The intent that counts. Marks `reading` with the dangers that the model sees in a claim, with fraud and with despair.

    ruled -- what the rules decided; by -- another model than the shipped one
    """
    if _is_bare(reading, facts, ruled.intent):
        return ruled
    if ruled.intent in UNDECIDED and appointment.is_bare(reading.text, reading.flat, facts.when):
        reading.labels.add(intent.APPOINTS)
        wished = intent.appoints(reading, context)
        return ruled if wished == ruled.intent else Decision(wished, intent.beside(wished, reading, facts))
    judged = (by or model.shipped()).judge(reading, facts, context, ruled.intent)
    by_rules = not reading.labels.isdisjoint(DANGERS)
    flags = {flag for flag, likely in judged.flags.items() if likely >= FLAGGED}
    main = _main(reading, facts, context, ruled.intent, judged)
    if judged.flags.get("fraud", 0.0) < DOUBTFUL and not HONEST.isdisjoint(reading.labels):
        flags.discard("fraud")
    lives = "@pictures" in reading.labels or (_is_only_out(reading) and judged.flags.get("fatal", 0.0) < ASSURED)
    if lives:
        flags.discard("fatal")  # who takes pictures would say it
    if (grave := _despair(reading, facts, context, ruled.intent, judged)) is not None:
        reading.labels.add(f"topic={grave}")
        main = main if main == "opt_out" else CALM
    if main in HARMLESS and _suspects(reading, judged) and not _is_exact(reading, facts, context, main):
        main = "claim"
        reading.labels.add("urgent")
    if "fraud" in flags and main in SOLD:
        main = CALM
    if main == CALM and "fraud" in flags and reading.labels.isdisjoint(GRAVE):
        reading.scores["fraud"] = intent.STRONG
    if main == "claim":
        told = by_rules or ruled.intent == "claim"  # a harm, if not this one
        _mark(reading, judged, flags, lives=lives, told=told)
    if main == "give_phone" and not facts.phones:
        reading.labels.add("@same_phone")
    return ruled if main == ruled.intent else Decision(main, intent.beside(main, reading, facts))


def _mark(reading: Reading, judged: model.Opinion, flags: set[str], *, lives: bool, told: bool) -> None:
    """The dangers of a claim. `lives` -- who takes pictures, or is only out; `told` -- the rules know of some harm."""
    if judged.flags.get("alarm", 0.0) >= ALARMED and not lives:  # one of the two, and the likelier is told
        flags.add(max(("fatal", "urgent"), key=lambda flag: judged.flags.get(flag, 0.0)))
    if "fatal" in flags - reading.labels and judged.flags["fatal"] < ASSURED:
        reading.labels.add("urgent")  # a death that is only suspected is asked about, not condoled
    reading.labels |= flags & {"fatal", "urgent"}
    if not reading.labels.isdisjoint(DANGERS) and _seen(judged) < (DISBELIEVED if told else ASSURED):
        reading.labels.add(DOUBTED)


def _is_bare(reading: Reading, facts: Facts, ruled: str) -> bool:
    """A phone number or a full name, as everybody writes them and with nothing beside: the model is not
    asked, which knows few names."""
    if ruled == "give_phone":
        return bool(facts.phones and facts.phones[0].e164) and set(reading.sentence.keys) == {"#"}
    if ruled != "give_name" or reading.scores or facts.name is None:
        return False
    name = facts.name.name
    typed = name == reading.text and name.istitle() and flatten(name.partition(" ")[0]) in SURNAME_KEYS
    return typed and UNEASY.isdisjoint(reading.sentence.keys)


def _main(reading: Reading, facts: Facts, context: str, ruled: str, judged: model.Opinion) -> str:
    likely = judged.intents
    if _is_safety(reading, ruled):
        return ruled
    # a single word the rules know better: its marks alone tell dừng from Dũng
    if likely["opt_out"] >= _least(reading, judged) and len(reading.words) > 1 and NO_STOP.isdisjoint(reading.labels):
        return "opt_out"
    if context in CONSENT:
        return _consent(reading, context, ruled, judged)
    if not judged.known or _is_exact(reading, facts, context, ruled):
        return ruled
    barred = {name for name in likely if name.startswith("give_") and not _is_given(name, reading, facts, context)}
    barred.add("opt_out")
    if "@gave" in reading.labels or (intent.WRITES_INSTEAD in reading.labels and context not in intent.UNASKED):
        barred.add("no")
    if not reading.labels.isdisjoint((SUPPOSED, APPLIES)):
        barred.add("claim")
    if ruled == CALM and CANCELS in reading.labels:
        barred.add("buy")
    if facts.name is None and (ruled == "talk_to_human" or reading.scores.get(ruled, 0) >= EXPLICIT):
        barred.add("give_name")  # asked for his name he asks for a person: that he gets
    barred |= {name for name in SUMMONS if likely[name] < GUESSED and name not in reading.scores}
    if facts.trip and "renewal" not in reading.scores:
        barred |= {"renewal"} if ruled != "buy" or "claim" in reading.scores else {"renewal", "claim"}  # a trip's days
    if _asks_of_cover(reading) or (_is_only_out(reading) and "claim" not in reading.scores):
        barred.add("claim")
    if "complaint" not in reading.scores and appointment.is_named(reading.text, reading.flat, facts.when):
        barred.add("complaint")
    # nobody is warned, and muted at the third time, for words that are only unusual
    if not (reading.scores.get("spam_abuse") or ruled == "spam_abuse" or _is_surely_spam(reading, judged)):
        barred.add("spam_abuse")
    best = max((name for name in likely if name not in barred), key=likely.__getitem__)
    return ruled if likely[ruled] >= SURER * likely[best] else best


def _despair(reading: Reading, facts: Facts, context: str, ruled: str, judged: model.Opinion) -> str | None:
    """Despair or violence that only the model sees: in several words that it has met, where no death and no danger is
    told, and no answer in the form that was asked for."""
    grave = max(DESPAIR, key=lambda flag: judged.flags.get(flag, 0.0))
    if judged.flags.get(grave, 0.0) < DESPERATE or len(reading.words) < FEW or judged.known < MET:
        return None
    if grave == "violence" and judged.flags.get("alarm", 0.0) >= judged.flags[grave]:
        return None  # he who strikes is still there
    told = not reading.labels.isdisjoint(GRAVE) or (ruled != "opt_out" and _is_safety(reading, ruled))
    return None if told or _is_exact(reading, facts, context, ruled) else grave


def _suspects(reading: Reading, judged: model.Opinion) -> bool:
    """A death or a danger of which the rules have no word, in nothing that they know for something else."""
    likely = _seen(judged)
    nearly = judged.intents["claim"] >= NEARLY and len(reading.words) >= AT_LENGTH and judged.known >= MET
    if likely < (ASSURED if _is_only_out(reading) else SUSPECTED if nearly else DANGER):
        return False
    known = not reading.labels.isdisjoint((*GRAVE, *SAFE, SUPPOSED, APPLIES)) or LOST.search(reading.flat) is not None
    fraud = "fraud" in reading.scores or judged.flags.get("fraud", 0.0) >= FLAGGED
    of_cover = "@ask_cover" in reading.labels or "product" in reading.values
    asks = of_cover and reading.labels.isdisjoint(TOLD)
    of_old = BACKGROUND in reading.labels and judged.flags.get("urgent", 0.0) < FLAGGED
    return not (known or fraud or asks or of_old or _asks_of_cover(reading))


def _seen(judged: model.Opinion) -> float:
    """How likely a death or a danger is by the model."""
    return max(judged.flags.get(flag, 0.0) for flag in DANGERS)


def _is_only_out(reading: Reading) -> bool:
    """ "Ông xã đi nhậu rồi", and nothing befell him there; or a machine that died."""
    return ALIVE in reading.labels and reading.labels.isdisjoint(BEFALLS)


def _least(reading: Reading, judged: model.Opinion) -> float:
    """From which likelihood on a stop that only the model sees is one."""
    sentence = len(reading.words) >= SENTENCE and judged.known >= MET
    return STOP if sentence or reading.scores.get("opt_out") else STOP_IN_A_WORD


def _asks_of_cover(reading: Reading) -> bool:
    """Whether something would be paid is a question; nobody is hurt."""
    asks = reading.fact("topic") == "benefits" and "claim" not in reading.scores
    return asks and HAPPENED.isdisjoint(reading.labels)


def _is_surely_spam(reading: Reading, judged: model.Opinion) -> bool:
    """The model alone, of several words that it has met."""
    return judged.intents["spam_abuse"] >= SPAM and judged.known >= MET and len(reading.words) > 1


def _consent(reading: Reading, context: str, ruled: str, judged: model.Opinion) -> str:
    """A consent is never the model's: it may only doubt one. What it takes for one and the rules do not is asked again."""
    likely = judged.intents
    if ruled == "yes":
        return ruled if likely["yes"] + _given(likely) >= AGREED else _doubted(likely)
    best = max(likely, key=likely.__getitem__)
    if (best == "no" and (ruled != CALM or not NO_REFUSAL.isdisjoint(reading.told.bits))) or (
        best == "claim" and _asks_of_cover(reading)
    ):
        return ruled  # "mắc không": a question of the rules' is no refusal
    if ruled == "no" and MISSENT in reading.told.bits:
        return ruled
    if best != "yes":
        return ruled if likely[ruled] >= SURER * likely[best] or not judged.known else best
    return "no" if ruled == "no" else CALM


def _given(likely: Mapping[str, float]) -> float:
    """A number or a name beside an agreement does not take it back."""
    return sum(share for name, share in likely.items() if name.startswith("give_"))


def _doubted(likely: Mapping[str, float]) -> str:
    """What an agreement is that the model does not believe: something else, but no refusal, which nobody wrote."""
    best = max((name for name in likely if name != "yes"), key=likely.__getitem__)
    return CALM if best == "no" else best


def _is_safety(reading: Reading, ruled: str) -> bool:
    """What the rules say of stops, of death, danger and despair, of fraud, of authorities and of impostors is not up for
    discussion."""
    labels = reading.labels
    match ruled:
        case "opt_out":
            return True
        case "claim":
            return not labels.isdisjoint(("fatal", "urgent"))
        case "other":
            return "fraud" in reading.scores or not labels.isdisjoint(GRAVE)
        case "talk_to_human":
            return not labels.isdisjoint(("@authority", intent.CALLS_INSTEAD))
        case "complaint":
            return "topic=incident" in labels
    return False


def _is_exact(reading: Reading, facts: Facts, context: str, ruled: str) -> bool:
    """The open question has been answered in the form it wanted."""
    labels = reading.labels
    match context, ruled:
        case "ask_phone", "give_phone":
            return bool(facts.phones and facts.phones[0].e164)
        case "ask_email", "give_email":
            return bool(facts.emails and facts.emails[0].address)
        case "ask_plate", "give_plate":
            return bool(facts.plates and facts.plates[0].plate)
        case "ask_name", "give_name":
            name = facts.name
            return bool(
                name and (name.led or name.name == reading.text.strip() or _beside_number(name, reading, facts))
            )
        case "confirm", "give_phone":
            return bool(facts.phones and facts.phones[0].e164) and "@correction" in labels
        case "ask_dob", "other":
            return bool(facts.dob)
        case "ask_id", "other":
            return bool(facts.cccd)
    return False


def _beside_number(name: Name, reading: Reading, facts: Facts) -> bool:
    """ "Hằng 0912345678": name and number were asked for at once, and there is nothing else."""
    words = sum(key != "#" for key in reading.sentence.keys)
    return bool(facts.phones and facts.phones[0].e164) and words <= len(name.name.split())


def _is_given(name: str, reading: Reading, facts: Facts, context: str) -> bool:
    """Something is there that could be meant; to the question itself also that there is none, or "this number"."""
    match name:
        case "give_phone":
            return bool(facts.phones) or context == "ask_phone" or "@same_phone" in reading.labels
        case "give_email":
            return bool(facts.emails) or context == "ask_email"
        case "give_plate":
            return bool(facts.plates) or context == "ask_plate"
    if facts.name is not None or "kind=abuse" in reading.labels:
        return facts.name is not None
    return len(reading.words) <= LONGEST_NAME and NO_NAME.search(reading.flat) is None
