"""The corpus: floors that may only rise, and safety that must be whole."""

from __future__ import annotations

import functools
import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from handlers.understanding import Understanding, understand, urgent
from handlers.understanding.fold import flatten

CORPUS = Path(__file__).parents[2] / "corpus"
INTENTS = frozenset(
    "greeting buy ask_fee claim renewal complaint talk_to_human opt_out yes no thanks give_name give_phone give_email give_plate privacy_request "
    "spam_abuse other".split()
)
EXACT = frozenset(
    {"phone", "phone_alt", "email", "plate", "cccd", "dob", "csat", "product", "phone_invalid", "email_invalid"}
)


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CORPUS / name).read_text("utf-8").splitlines()]


TRAIN, OWN = _rows("intents.train.jsonl"), _rows("intents.own.jsonl")
EVERY = TRAIN + OWN


@functools.cache
def readings() -> dict[str, Understanding]:
    """Each line as it is read, by its id; not at import, which every worker does."""
    return {row["id"]: understand(row["text"], row.get("context")) for row in EVERY}


def found(row: dict[str, Any]) -> Understanding:
    return readings()[row["id"]]


@pytest.mark.parametrize("rows, floor", [(TRAIN, 0.99), (OWN, 0.98)])
def test_intents(rows: list[dict[str, Any]], floor: float) -> None:
    wrong = [(row["text"], row["intent"], found(row).intent) for row in rows if found(row).intent != row["intent"]]
    assert 1 - len(wrong) / len(rows) >= floor, wrong


def test_no_intent_is_left_behind() -> None:
    for intent in INTENTS:
        mine = [row for row in EVERY if row["intent"] == intent]
        right = sum(found(row).intent == intent for row in mine)
        assert right / len(mine) >= 0.95, intent
    assert {reading.intent for reading in readings().values()} <= INTENTS


def test_entities() -> None:
    wrong, total = [], 0
    for row in EVERY:
        for key, value in row.get("entities", {}).items():
            total += 1
            given = found(row).entities.get(key)
            same = given == value if key in EXACT else _loose(given) == _loose(value)
            if not same:
                wrong.append((row["text"], key, value, given))
    assert 1 - len(wrong) / total >= 0.98, wrong
    assert not [line for line in wrong if line[1] in ("phone", "email", "plate", "cccd")]


def _loose(value: object) -> object:
    return flatten(unicodedata.normalize("NFC", value)) if isinstance(value, str) else value


def test_further_intents() -> None:
    for row in TRAIN:
        assert set(row.get("also", ())) <= set(found(row).also), row["text"]


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_every_stop_is_found(form: str) -> None:
    for row in EVERY:
        if row["intent"] == "opt_out":
            text = unicodedata.normalize("NFD", row["text"]) if form == "NFD" else row["text"]
            assert understand(text, row.get("context")).intent == "opt_out", text
            if not row.get("context"):
                assert urgent(text), text


def test_no_consent_by_mistake() -> None:
    for row in EVERY:
        if row.get("context", "").startswith("ask_consent") and row["intent"] != "yes":
            assert found(row).intent != "yes", row["text"]
    for row in EVERY:  # whatever else people write is no consent either
        if row["intent"] not in ("yes", "opt_out") or not row.get("context", "").startswith("ask_consent"):
            answered = understand(row["text"], "ask_consent_sensitive").intent
            assert answered != "yes" or row["intent"] == "yes", row["text"]


def test_danger_is_found() -> None:
    for row in EVERY:
        entities = row.get("entities", {})
        for flag in ("fatal", "urgent"):
            if row["intent"] == "claim" and entities.get(flag):
                assert (found(row).intent, found(row).entities.get(flag)) == ("claim", True), row["text"]
                assert urgent(row["text"]), row["text"]


def test_fraud_is_never_sold_to() -> None:
    for row in EVERY:
        if row.get("entities", {}).get("topic") == "fraud_signal":
            assert (found(row).intent, found(row).entities["topic"]) == ("other", "fraud_signal")


def test_a_human_is_urgent() -> None:
    missed = [row["text"] for row in EVERY if row["intent"] in ("talk_to_human", "claim") and not urgent(row["text"])]
    assert len(missed) <= 2, missed


def test_most_messages_may_wait() -> None:
    calm = [
        row for row in EVERY if row["intent"] in ("buy", "ask_fee", "greeting", "thanks", "give_name", "give_phone")
    ]
    assert sum(urgent(row["text"]) for row in calm) <= len(calm) * 0.1
