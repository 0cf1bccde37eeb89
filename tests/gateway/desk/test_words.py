"""Every reason for which a message did not arrive has words, for advisors of either language."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import pytest

import gateway.desk
from channels import outside
from channels.contract import Account
from channels.reasons import Reason
from channels.registry import ADAPTERS
from channels.windows import Purpose
from gateway.api import serve, window
from gateway.api.errors import ApiError
from gateway.desk.routes import ELSEWHERE
from gateway.desk.words import Words
from handlers import receipts, unasked
from handlers.model import Refused
from storage import attachments

ROOT = Path(__file__).parents[3]
DESK = Path(gateway.desk.__file__).parent
CHANNELS = "channels/**/*.py"
TELLERS = ("gateway/verdict.py", "gateway/sender.py", "handlers/optout.py", "handlers/requests.py")
ALSO = {  # storage.outbox writes these by itself, for storage.may_say
    "sent_again",
    "consent withdrawn",
    "opt-out",
    "no consent to advertising",
    "three advertisements a day",
}


def constants(node: ast.AST) -> set[str]:
    return {each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def declared(path: Path) -> set[str]:
    """Reasons that a module says: in its tables and constants of `Reason`, where it raises, and where it returns one."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Name(id="Permanent" | "Dead" | "CancelSends" | "Receipt"), keywords=named):
                found |= {each for word in named if word.arg == "reason" for each in constants(word.value)}
            case ast.FunctionDef(returns=ast.expr() as told) if "Reason" in ast.unparse(told):
                back = [each for each in ast.walk(node) if isinstance(each, ast.Return)]
                found |= {each for one in back if one.value for each in constants(one.value)}
            case ast.AnnAssign(annotation=told, value=ast.expr() as value) if "Reason" in ast.unparse(told):
                found |= tabled(path, node) if node in tree.body else constants(value)
    return found - {""}


def tabled(path: Path, node: ast.AnnAssign) -> set[str]:
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    value = getattr(module, ast.unparse(node.target))
    if isinstance(value, str):
        return {value}
    return set(value.values()) if isinstance(value, Mapping) else {reason for _, reason in value}


def reasons() -> set[str]:
    """Codes that the code can write into `message.error` and `delivery.reason` for good."""
    found = ALSO | set(get_args(Reason))
    for pattern in TELLERS:
        for path in ROOT.glob(pattern):
            found |= declared(path)
    outbox = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "storage").glob("outbox*.py")))
    found |= set(re.findall(r'tell_conversation\(.*, "(\w+)"\)', outbox))
    found |= {
        each for pair in re.findall(r'^ +reason = "(\w+)" if .* else "(\w+)"$', outbox, re.MULTILINE) for each in pair
    }
    sender = (ROOT / "gateway" / "sender.py").read_text(encoding="utf-8")
    found |= set(re.findall(r'Outcome\(state="(?:unknown|failed)", error="(\w+)"', sender))
    return found


def key(prefix: str, reason: str) -> str:
    return prefix + re.sub(r"\W", "_", reason)


def test_the_reasons_are_found() -> None:
    known = "gave_up file_gone gone blocked too_large bad_request refused opt-out too_old unreadable process_ended mark_lost answer_lost"
    assert set(known.split()) <= reasons()


def test_the_adapters_say_the_reasons_of_the_list_and_it_has_no_others() -> None:
    said = {path: declared(path) for path in ROOT.glob(CHANNELS)}
    unknown = {str(path.relative_to(ROOT)): found - set(get_args(Reason)) for path, found in said.items()}
    assert {name: found for name, found in unknown.items() if found} == {}
    assert set(get_args(Reason)) - set().union(*said.values()) == {"file_gone"}, "the gateway's own"


def test_each_has_words_in_the_note_to_the_advisor() -> None:
    assert [reason for reason in sorted(reasons()) if reason not in receipts.REASONS] == []
    for state in receipts.ENDED:
        for reason in reasons():
            assert receipts.explain(state, reason).endswith(receipts.REASONS[reason])


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_each_has_words_at_the_message(lang: str) -> None:
    words = {"page": Words().page(lang), "script": Words().script(lang)}
    flat = {name: each for group in words.values() if isinstance(group, dict) for name, each in group.items()} | words
    assert [reason for reason in sorted(reasons()) if not flat.get(key("cause_", reason))] == []


def test_each_has_words_at_the_policy() -> None:
    script = (DESK / "static" / "policywords.js").read_text(encoding="utf-8")
    for reason in sorted(reasons()):
        assert len(re.findall(rf"^\s+{key('why_', reason)}: \".+\",$", script, re.MULTILINE)) == 2, reason


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_each_file_that_was_not_kept_has_a_reason_in_words(lang: str) -> None:
    words = {"page": Words().page(lang), "script": Words().script(lang)}
    flat = {name for group in words.values() if isinstance(group, dict) for name in group} | set(words)
    sources = "".join((ROOT / "gateway" / name).read_text(encoding="utf-8") for name in ("filecheck.py", "filework.py", "media.py"))  # fmt: skip
    found = set(re.findall(r'(?:FileRefused|Refused|_end)\((?:item, )?"(\w+)"', sources))
    assert {"too_large", "unsafe", "locked", "empty", "failed"} <= found
    found |= {"gone", attachments.EXPIRED, outside.BAD_ADDRESS, "too_many"}
    assert [reason for reason in sorted(found) if f"file_why_{reason}" not in flat] == []


def test_both_languages_have_the_same_words() -> None:
    vi, en = Words(), Words()
    assert set(vi.page("vi")) == set(en.page("en"))
    assert set(vi.script("vi")) == set(en.script("en"))


def test_the_inbox_carries_no_words_of_other_pages() -> None:
    words = Words()
    gone = set(words.script("vi")) - set(words.script("vi", without=ELSEWHERE))
    assert gone
    reached, waiting = set(), {"app.js", "policies.js"}
    while waiting:
        name = waiting.pop()
        reached.add(name)
        text = (DESK / "static" / name).read_text(encoding="utf-8")
        waiting |= set(re.findall(r"(?:from|import\() ?\"\./(\w+\.js)\"", text)) - reached
    assert {"panel.js", "acts.js", "intake.js", "later.js"} <= reached
    scripts = "".join((DESK / "static" / name).read_text(encoding="utf-8") for name in sorted(reached))
    begun = tuple(set(re.findall(r"\bt\(`([a-z]\w*_)\$\{", scripts)))
    said = {name for name in gone if re.search(rf"[\"'`]{name}[\"'`]", scripts) or name.startswith(begun)}
    assert sorted(said) == []


@pytest.mark.parametrize("lang", ["vi", "en"])
def test_every_refusal_of_a_reply_says_why_and_what_would_be_right(lang: str) -> None:
    words = Words().script(lang)
    reasons_ = {re.sub(r"\W", "_", code) for code in window.REASONS} | {"never_wrote"}
    wanted = {f"window_{code}" for code in reasons_} | {"window_shut", "window_templates"}
    wanted |= {f"template_{each}" for each in Purpose if each.value in ("certificate", "reminder", "care", "survey")}
    script = (DESK / "static" / "route.js").read_text(encoding="utf-8")
    wanted |= set(re.findall(r't\("(reply_\w+)"', script)) | set(re.findall(r'[?:] "(reply_\w+)"', script))
    assert {"reply_too_long", "reply_file_not_carried", "reply_too_many_files", "reply_file_gone"} <= wanted
    assert sorted(wanted - set(words)) == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (Refused("window_closed", unasked.WHY["opt-out"]), "opt-out"),
        (Refused("window_closed", unasked.WHY["consent withdrawn"]), "consent withdrawn"),
        (Refused("blocked", "the customer has blocked us on this channel"), "blocked"),
        (Refused("window_closed", window.REASONS["calls_only"]), "calls_only"),
    ],
)
def test_what_the_core_refuses_has_the_same_codes(said: Refused, reason: str) -> None:
    told = serve.refused(said)
    assert told.fields is not None
    assert (told.code, told.fields["reason"]) == ("window_closed", reason)


def test_a_file_that_no_way_carries_is_refused_before_it_fails() -> None:
    account = Account(channel="zalo", name="oa")
    small, large = (SimpleNamespace(mime="application/pdf", size=size) for size in (10, 6 << 20))
    row: Any = SimpleNamespace(channel="zalo", account="oa")

    def given(url: str, *files: Any) -> str:
        parts: Any = SimpleNamespace(
            accounts={"zalo:oa": account}, adapters=ADAPTERS, config=SimpleNamespace(files_url=url)
        )
        try:
            window.check_files(parts, row, files)
        except ApiError as err:
            told = err.fields or {}
            assert told["reason"] == "file_not_carried"
            return next(name for name in told if name != "reason")
        return ""

    assert given("http://127.0.0.1:8080", small) == ""
    assert given("http://127.0.0.1:8080", small, large) == "attachment_ids.1"
    assert given("https://files.example.vn", small, large) == "", "it goes as a link"
