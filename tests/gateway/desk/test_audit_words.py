"""The audit page says every act and every field that the code writes in words, in either language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from gateway.desk.words import Words
from handlers import cases

ROOT = Path(__file__).parents[3]
BUILT = {  # actions that are put together: what may stand behind the dot
    "advisor": {"away", "here", "capacity"},
    "case": {*cases.ACTS},
    "consent": {"asked", "given", "refused", "unclear", "withdrawn"},
    "conversation": {"assign", "take"},
    "duplicate": {"merged", "dismissed"},
    "export": {"conversations", "wall", "done"},
    "privacy": {
        "receive",
        "again",
        "acknowledge",
        "verify",
        "copy",
        "withdraw",
        "start",
        "extend",
        "done",
        "partly_done",
        "refuse",
        "approve",
    },
    "task": {"done", "cancelled", "missed"},
    "user": {"invite", "reset"},
}
PASSED_ON = {"_noted", "_of_contact", "_audit"}  # functions that take an action by its place
ACTION = re.compile(r"[a-z_]+\.[a-z_]+")
ACTORS = {"system", "customer", "oidc"}


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
        group, dot, _ = str(node.values[0].value).partition(".")
        if not dot:
            return
        yield from (f"{group}.{verb}" for verb in BUILT[group])  # KeyError: say above what may stand there


@cache
def written() -> tuple[frozenset[str], frozenset[str]]:
    """(actions, fields) as they stand in the code."""
    actions: set[str] = set()
    fields: set[str] = set()
    for path in (each for part in ("gateway", "storage", "handlers") for each in (ROOT / part).glob("**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = {each.arg: each.value for each in node.keywords}
            if name == "note" and node.args and isinstance(node.func, ast.Attribute):
                found = {text for text in _texts(node.args[0]) if "." in text}
            elif name in PASSED_ON:
                found = {text for each in node.args for text in _texts(each) if ACTION.fullmatch(text)}
            elif name in ("write", "Audit", "entry") and "action" in given:
                found = set(_texts(given["action"]))
            else:
                continue
            actions |= found
            if isinstance(told := given.get("fields"), ast.Tuple):
                fields |= {
                    text
                    for each in told.elts
                    if not isinstance(each, ast.JoinedStr | ast.Starred)
                    for text in _texts(each)
                }
    return frozenset(actions), frozenset(fields)


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_each_has_words(lang: str) -> None:
    actions, fields = written()
    assert {"conversation.reply", "consent.given", "policy.create", "message.read"} <= actions
    assert {"premium", "starts_on", "q", "until"} <= fields
    words = Words().script(lang)
    wanted = {f"audit_group_{each.partition('.')[0]}" for each in actions}
    wanted |= {f"audit_verb_{each.partition('.')[2]}" for each in actions if "." in each}
    wanted |= {f"audit_actor_{each}" for each in ACTORS}
    lacking = {each for each in wanted if each not in words}
    lacking |= {each for each in fields if not {f"audit_field_{each}", f"slot_{each}", f"field_{each}"} & set(words)}
    assert sorted(lacking) == []
