"""The audit page says every act and every field that the code writes in words, in either language."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final, get_args

import pytest

from gateway.api import models_cases, models_policies, models_privacy, models_routing, models_webhooks
from gateway.desk.words import Words
from handlers import blocking, cases, screening

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
        "erased",
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


CODES: Final[Mapping[str, Collection[str]]] = {  # acts that tell a code as it stands, and which
    "contact_point.block": blocking.WHYS,
    "conversation.screen": screening.OUTCOMES,
    "conversation.assign": ("sticky", "least_load"),
    "conversation.offer": ("sticky", "least_load"),
    "conversation.offer_ended": ("ran_out",),
    "later.expire": (
        "stopped",
        "withdrawn",
        "closed",
        "not_yours",
        "too_late",
        "window_closed",
        "advisor_gone",
        "gone",
    ),
    "policy.cancel": get_args(models_policies.Cancel.model_fields["reason"].annotation),
    "policy.deliver": get_args(models_policies.Means),
    "webhook.off": ("gone", "failing"),
}
NAMES: Final = {  # acts that tell names of fields, a direction, an account; and all of them that there are
    "conversation.call": ("inbound", "outbound"),
    "conversation.move": (),
    "conversation.print": ("messages", "slots", "notes"),
    "contact.edit": ("name", "salutation", "lang", "phones", "emails", "test"),
    "field.correct": (),
    "field.ask": (),
    "reveal": (),
    "routing.change": models_routing.RoutingChange.model_fields,
    "case.": {
        name
        for each in ("Declare", "Agree", "Why", "Issue", "Decide")
        for name in getattr(models_cases, each).model_fields
    },
    "privacy.": ("how", "note", "manifest", "ground", "way", "answer", "words", "code", "times"),
    "user.change": ("name", "role", "email", "agent_code"),
    "webhook.change": (*models_webhooks.WebhookChange.model_fields, *get_args(models_webhooks.Include)),
    "export.": ("figures", "masked", "personal"),
}


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


@cache
def kinds() -> set[str]:
    """What stands before the colon where the code writes `kind:value`."""
    found: set[str] = set()
    for path in (each for part in ("gateway", "storage", "handlers") for each in (ROOT / part).glob("**/*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "fields" and isinstance(node.value, ast.Tuple):
                found |= {
                    each.values[0].value.removesuffix(":")
                    for each in node.value.elts
                    if isinstance(each, ast.JoinedStr)
                    and isinstance(each.values[0], ast.Constant)
                    and isinstance(each.values[0].value, str)
                }
    return found


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_each_code_has_words(lang: str) -> None:
    words = Words().script(lang)
    script = (ROOT / "gateway/desk/static/auditwords.js").read_text(encoding="utf-8")
    begins = dict(re.findall(r'^  "([a-z_.]+)": "([a-z_]+)",$', script, re.MULTILINE))
    assert set(begins) == set(CODES)
    lacking = {f"{begins[action]}{code}" for action, codes in CODES.items() for code in codes}
    lacking |= {f"audit_said_{kind}" for kind in {*kinds(), "reason", "failed"}}
    lacking |= {f"audit_purpose_{each}" for each in set(get_args(get_args(models_privacy.Purpose)[0])) - {"claim"}}
    assert {"purpose", "lines", "manifest"} <= kinds()
    assert sorted(lacking - set(words)) == []
    for action, names in NAMES.items():
        for name in names:
            shown = {f"{begin}{name}" for begin in ("audit_field_", "note_", "slot_", "field_")}
            assert shown & set(words), f"{action} tells {name}"
