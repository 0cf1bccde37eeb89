"""docs/channels/quality.yaml says how far each channel is; here it is held to the code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from channels import registry

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "channels"
LEVELS = ("bronze", "silver", "gold", "platinum")
HEADINGS = ("Set up", "What it carries", "Known limits", "How it fails and what to do", "First[ -]day", "Sources")
PAGE: Mapping[str, Any] = yaml.safe_load((PAGES / "quality.yaml").read_text(encoding="utf-8"))
RULES = {rule: (level, told) for level in LEVELS for rule, told in PAGE["rules"][level].items()}


def stands(channel: str, rule: str) -> tuple[str, str]:
    """done, todo or exempt, with the test or the reason."""
    told = PAGE["channels"][channel].get(rule)
    if told is None:
        return "done", RULES[rule][1].get("proof", "")
    ((state, why),) = told.items()
    return state, why


@cache
def named_in(path: str) -> frozenset[str]:
    return frozenset(re.findall(r"^(?:async )?def (test_\w+)", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE))


def level(channel: str) -> str:
    """The highest of which, and of all below it, nothing is left to do; '' = not even the first."""
    reached = ""
    for name in LEVELS:
        if any(stands(channel, rule)[0] == "todo" for rule in PAGE["rules"][name]):
            break
        reached = name
    return reached


@pytest.mark.parametrize("channel", sorted(registry.ADAPTERS))
def test_every_rule_is_answered_for(channel: str) -> None:
    answers = PAGE["channels"][channel]
    assert set(answers) - {"level"} <= set(RULES), "rules that there are"
    for rule in RULES:
        state, why = stands(channel, rule)
        assert state in ("done", "todo", "exempt"), rule
        if state != "done":
            assert len(why) > 20, f"{rule}: a reason"
            continue
        path, _, name = why.partition("::")
        assert name in named_in(path), f"{rule}: {why or 'no test is named'}"


@pytest.mark.parametrize("channel", sorted(registry.ADAPTERS))
def test_the_level_is_what_the_rules_make_it(channel: str) -> None:
    assert PAGE["channels"][channel]["level"] == level(channel)


def test_nothing_is_said_of_channels_that_are_not_there() -> None:
    assert set(PAGE["channels"]) == set(registry.ADAPTERS)


@pytest.mark.parametrize("channel", sorted(registry.ADAPTERS))
def test_what_is_claimed_is_in_the_code(channel: str) -> None:
    adapter = registry.adapter(channel)
    carries = adapter.capabilities
    client = adapter.client

    def done(rule: str) -> bool:
        return stands(channel, rule)[0] == "done"

    assert done("receipts") == bool(carries.receipts)
    assert done("number") or not carries.asks_contact
    assert done("files_out") == bool(carries.file_bytes)
    if done("own_view"):
        assert hasattr(client, "status")
    if done("stand_in") and carries.conversational and not carries.letters:
        assert (ROOT / "gateway" / "demo" / "standins" / channel).is_dir()
    if done("choices"):
        assert carries.buttons or carries.text_limit


@pytest.mark.parametrize("channel", sorted(registry.ADAPTERS))
def test_every_channel_has_its_page(channel: str) -> None:
    page = (PAGES / f"{channel}.md").read_text(encoding="utf-8")
    for heading in HEADINGS:
        _, found, after = page.partition(next(iter(re.findall(rf"^## {heading}.*$", page, re.MULTILINE)), "\0"))
        assert found, heading
        assert len(after.partition("\n## ")[0].split()) > 5, f"{heading}: nothing below it"
