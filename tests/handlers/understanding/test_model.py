"""The model beside the rules: made from these lines and no others, and never louder than what is a matter of safety."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

import pytest

from handlers.understanding import Understanding, arbiter, intent, model, understand
from handlers.understanding.arbiter import settle
from handlers.understanding.facts import gather
from handlers.understanding.features import of_message, of_word
from handlers.understanding.fold import spell
from handlers.understanding.model import FLAGS, INTENTS, LABELS, Model, Opinion
from handlers.understanding.reading import read
from tools import train_intents, understanding

LEARNED_FROM = {name: train_intents.rows_of(name) for name in train_intents.FILES}
ROWS = [row for rows in LEARNED_FROM.values() for row in rows]


@functools.cache
def readings() -> Mapping[str, Understanding]:
    """Each line as it is read, by its id; not at import, which every worker does."""
    return {row["id"]: understand(row["text"], row.get("context")) for row in ROWS}


class Saying(Model):
    """A model that says one thing, whatever it is shown."""

    __slots__ = ("_said",)

    def __init__(self, intents: Mapping[str, float], flags: Mapping[str, float], known: float = 1.0) -> None:
        rest = (1 - sum(intents.values())) / (len(INTENTS) - len(intents))
        told = {name: intents.get(name, rest) for name in INTENTS}
        self._said = Opinion(told, {flag: flags.get(flag, 0.0) for flag in FLAGS}, known)

    def judge(self, *_: object) -> Opinion:
        return self._said


def settled(text: str, context: str = "", *, known: float = 1.0, **likely: float) -> tuple[str, str]:
    """What the rules say, and what comes of it beside a model that finds `likely`."""
    reading = read(text)
    facts = gather(reading, context, train_intents.NOW)
    ruled = intent.decide(reading, facts, context)
    flags: dict[str, float] = {name: likely.pop(name) for name in FLAGS if name in likely}
    return ruled.intent, settle(reading, facts, context, ruled, Saying(likely, flags, known)).intent


def test_the_data_file_was_made_from_these_lines() -> None:
    assert model.shipped().header.corpus == train_intents.corpus_hash(), "the corpus was edited: make train"


def test_the_data_file_is_small() -> None:
    assert model.DATA.stat().st_size <= 1_500_000


def test_the_sealed_lines_are_not_learned_from() -> None:
    assert not [name for name in train_intents.FILES if name.startswith(understanding.SEALED)]


def test_the_same_lines_give_the_same_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_intents, "ROUNDS", 1)
    few = train_intents.lines_of("intents.plain.jsonl")
    made = train_intents.packed(train_intents.learn(few), "one")
    assert made == train_intents.packed(train_intents.learn(train_intents.lines_of("intents.plain.jsonl")), "one")
    header = Model(made).header
    assert (header.corpus, len(header.bias)) == ("one", len(LABELS))


def test_it_learns() -> None:
    lines = [line for line in train_intents.lines_of("intents.own.jsonl") if not line.context]
    learned = Model(train_intents.packed(train_intents.learn(lines), ""))
    right = 0
    for line in lines:
        likely = learned.judge(line.reading, line.facts, line.context, line.ruled.intent).intents
        assert sum(likely.values()) == pytest.approx(1)
        right += max(likely, key=likely.__getitem__) == line.row["intent"]
    assert right / len(lines) > 0.95


def test_a_file_of_other_labels_is_refused() -> None:
    top, _, rest = model.DATA.read_bytes().partition(b"\n")
    told = json.loads(top) | {"labels": ["greeting"]}
    with pytest.raises(ValueError, match="make train"):
        Model(json.dumps(told).encode() + b"\n" + rest)


def test_features_hold_no_values() -> None:
    text = "em tên Lan, số 0912345678, lan.tran@gmail.com, xe 59X1-123.45"
    reading = read(text)
    names = of_message(reading, gather(reading, "ask_phone", train_intents.NOW), "ask_phone", "give_phone")
    names += [name for word in reading.words for name in of_word(word)]
    assert not [name for name in names if "0912345678" in name or "12345" in name]
    assert {"fphones", "femails", "fplates"} <= set(names)


def test_marks_tell_words_apart() -> None:
    forms = [set(of_word(spell(word))) for word in ("dừng", "đúng", "dùng", "dung")]
    assert all(one != other for at, one in enumerate(forms) for other in forms[:at])
    assert all("kdung" in form for form in forms)


def test_what_it_keeps_of_words_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "WORDS_KEPT", 8)
    mine = Model(model.DATA.read_bytes())
    said = [mine.judge(reading := read(f"mua bảo hiểm xe {at} tên {'ab' * (at + 1)} x y z"), gather(reading, "", train_intents.NOW), "", "buy") for at in range(5)]  # fmt: skip
    assert len(mine._words) <= 8
    assert all(one.intents["buy"] > 0 for one in said)


# --- safety, on every line that is not sealed ------------------------------------------------------------------


def told(row: Mapping[str, Any], key: str) -> Any:
    return row.get("entities", {}).get(key)


def test_every_stop_is_found() -> None:
    missed = [row["text"] for row in ROWS if row["intent"] == "opt_out" and readings()[row["id"]].intent != "opt_out"]
    assert not missed


def test_no_consent_is_invented() -> None:
    asked = [row for row in ROWS if row.get("context", "").startswith("ask_consent") and row["intent"] != "yes"]
    assert not [row["text"] for row in asked if readings()[row["id"]].intent == "yes"]


def test_a_consent_is_one_by_the_rules_alone() -> None:
    for row in ROWS:
        for context in ("ask_consent", "ask_consent_sensitive"):
            if row.get("context", "").startswith("ask_consent") and row["context"] != context:
                continue
            if understand(row["text"], context).intent == "yes":
                reading = read(row["text"])
                facts = gather(reading, context, train_intents.NOW)
                assert intent.decide(reading, facts, context).intent == "yes", row["text"]


@pytest.mark.parametrize("flag", ["fatal", "urgent"])
def test_danger_is_found(flag: str) -> None:
    claims = [row for row in ROWS if row["intent"] == "claim" and told(row, flag)]
    missed = [
        row["text"]
        for row in claims
        if (readings()[row["id"]].intent, readings()[row["id"]].entities.get(flag)) != ("claim", True)
    ]
    assert claims
    assert not missed


def test_fraud_is_never_sold_to() -> None:
    frauds = [row for row in ROWS if told(row, "topic") == "fraud_signal"]
    assert frauds
    assert not [row["text"] for row in frauds if readings()[row["id"]].intent in arbiter.SOLD]


def test_entities_belong_to_the_intent() -> None:
    for row in ROWS:
        found = readings()[row["id"]]
        keys = found.entities.keys()
        assert ("claim_action" in keys) <= (found.intent == "claim"), row["text"]
        assert ("fatal" in keys) <= (found.intent == "claim"), row["text"]
        assert ("request" in keys) <= (found.intent == "privacy_request"), row["text"]
        assert ("email_none" in keys) <= (found.intent == "give_email"), row["text"]
        assert ("plate_none" in keys) <= (found.intent == "give_plate"), row["text"]
        assert (found.entities.get("topic") == "fraud_signal") <= (found.intent == "other"), row["text"]
        if found.intent == "give_phone":
            assert keys & {"phone", "phone_invalid", "phone_same_as_channel"}, row["text"]


# --- who decides -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text, context, likely, ruled, together",
    [
        ("đừng nhắn nữa", "", {"buy": 0.99}, "opt_out", "opt_out"),
        ("ba tôi mất rồi", "", {"complaint": 0.99}, "claim", "claim"),
        ("xe em bị tông, có người bị thương nặng", "", {"other": 0.99}, "claim", "claim"),
        ("mua lùi ngày được không, hôm qua mới tông xe", "", {"buy": 0.99}, "other", "other"),
        ("số em 0912345678", "ask_phone", {"complaint": 0.9}, "give_phone", "give_phone"),
        ("lan.tran@gmail.com", "ask_email", {"other": 0.9}, "give_email", "give_email"),
        ("đồng ý", "ask_consent", {"yes": 0.9}, "yes", "yes"),
        ("đồng ý", "ask_consent", {"no": 0.9}, "yes", "other"),  # doubted, but nobody refused
        ("thì lưu, sao cũng được", "ask_consent", {"yes": 0.99}, "other", "other"),
        ("tôi không muốn", "ask_consent", {"yes": 0.99}, "no", "no"),
        ("nói hoài mệt ghê", "", {"opt_out": 0.9}, "other", "opt_out"),
        ("nói hoài mệt ghê", "", {"complaint": 0.9}, "other", "complaint"),
        ("gì mà kỳ", "", {"other": 0.4, "complaint": 0.5}, "other", "other"),
        ("Dũng", "", {"opt_out": 0.99}, "other", "other"),
        ("rồi sao nữa", "", {"give_email": 0.99}, "other", "other"),
    ],
)
def test_who_decides(text: str, context: str, likely: dict[str, float], ruled: str, together: str) -> None:
    assert settled(text, context, **likely) == (ruled, together)


@pytest.mark.parametrize(
    "text, likely, together",
    [
        ("hôm ấy trời tối mà nhà thì xa", {"fatal": 0.27, "claim": 0.2, "other": 0.6}, "claim"),
        ("hôm ấy trời tối mà nhà thì xa", {"fatal": 0.27, "other": 0.9}, "other"),  # nothing of a claim in it
        ("hôm ấy trời tối mà nhà thì xa", {"fatal": 0.2, "urgent": 0.2, "alarm": 0.4, "other": 0.9}, "claim"),
        ("hôm ấy trời tối", {"urgent": 0.27, "claim": 0.2, "other": 0.6}, "other"),  # too few words
        ("hôm ấy trời tối mà nhà thì xa", {"violence": 0.5, "alarm": 0.6, "other": 0.9}, "claim"),
        ("hôm ấy trời tối mà nhà thì xa", {"violence": 0.5, "alarm": 0.4, "other": 0.9}, "other"),
        ("ông xã đi nhậu rồi, tối chị hỏi ổng", {"fatal": 0.6, "claim": 0.2, "other": 0.6}, "other"),
        ("ông xã đi nhậu rồi, tối chị hỏi ổng", {"fatal": 0.9, "claim": 0.2, "other": 0.6}, "claim"),
        ("xe bán rồi", {"fatal": 0.6, "claim": 0.2, "other": 0.6}, "other"),
        ("đừng nhắn nữa", {"fatal": 0.9}, "opt_out"),
        ("hôm ấy trời tối mà nhà thì xa", {"fatal": 0.6, "fraud": 0.5, "other": 0.9}, "other"),
    ],
)
def test_what_is_suspected(text: str, likely: dict[str, float], together: str) -> None:
    assert settled(text, **likely)[1] == together


def test_deaths_and_dangers_are_learned_from_the_words_alone() -> None:
    """What the rules miss is seen by somebody who does not ask them."""
    lines = train_intents.lines_of("intents.opened.jsonl")[:40]
    places = [LABELS.index(flag) for flag in arbiter.DANGERS]
    learned = train_intents.learn(lines)
    by_rules = [row for name, row in learned.rows.items() if name[0] == "r"]
    assert any(any(row) for row in by_rules)
    assert not [row for row in by_rules if any(row[at] for at in places)]
    own = [row for name, row in learned.rows.items() if name in {"kba", "kem", "kanh"}]
    assert any(any(row) for row in own)
    assert not [row for row in own if any(row[at] for at in places)]  # what befell, not whom
    assert any(row[at] for row in learned.rows.values() for at in places)


def test_among_strange_words_the_rules_stay() -> None:
    assert settled("wie geht es dir", known=0.0, buy=0.99) == ("other", "other")


def test_a_fraud_that_only_the_model_sees_is_not_sold_to() -> None:
    assert settled("mua bảo hiểm xe", buy=0.9, fraud=0.9) == ("buy", "other")


@pytest.mark.parametrize("text", ["Tin số 10 dài", "Tin số 0", "đơn hàng 12", "số 4", "Dũng nhé", "hôm nay trời đẹp"])
def test_a_plain_word_that_nobody_has_met_alarms_nobody(text: str) -> None:
    """A stop, a warning or a summons takes more than the guess that is left over."""
    assert understand(text).intent == "other"
