"""Nothing that customers open needs a browser of the last years: what is served is read for words that old ones lack."""

from __future__ import annotations

import re

import pytest

from gateway.web.older import TWO_THEMES, plain
from gateway.web.static import Assets

PUBLIC = [
    name
    for name in Assets().files
    if name.startswith(("web/static/", "webchat/static/")) and name.endswith((".js", ".css"))
]
TOO_NEW = {
    "a lookbehind": r"\(\?<[!=]",
    "a regexp's flag v or d": r'/[a-z]*[vd][a-z]*(?=[,;)]\s*$)|"[gimsuy]*[vd][gimsuy]*",\n\);',
    "Array.at": r"\.at\(",
    "Array by copy": r"\.(?:toSorted|toReversed|toSpliced|findLast|findLastIndex)\(",
    "Object.groupBy": r"\.groupBy\(",
    "Object.hasOwn": r"\.hasOwn\(",
    "Promise.withResolvers": r"withResolvers|Promise\.try",
    "structuredClone": r"structuredClone",
    "AbortSignal.any": r"AbortSignal\.(?:any|timeout)",
    "crypto.randomUUID": r"randomUUID",
    "requestSubmit": r"requestSubmit",
    "popover": r"showPopover|togglePopover",
    "the name of a dialog's class": r"HTMLDialogElement\)",
    "a static block": r"\bstatic \{",
    "import attributes": r"import [^;]* with \{ type",
    "a media range": r'matchMedia\("[^"]*[<>]',
}
PALETTE = """
:root { --ink: light-dark(rgb(1 2 3 / 4%), #fff); --gap: 4px; }
.a, .b { color: red; & + & { x: y; } &:hover, > .c { background: url("a;}b"); } .d & { --e: f; } }
@media (640px <= width < 1080px) { .a { & b { c: d; } } }
@media (width >= 9px) { .a { @media (height < 8px) { e: f; } } }
@keyframes k { from { g: h; } to { i: j; } }
"""


@pytest.mark.parametrize("name", PUBLIC)
def test_nothing_of_the_public_page_is_too_new(name: str) -> None:
    text = Assets().files[name].body.decode()
    if name.endswith(".js"):
        assert [what for what, pattern in TOO_NEW.items() if re.search(pattern, text, re.MULTILINE)] == []
        return
    for line in text.splitlines():
        assert "light-dark(" not in line or line.startswith(TWO_THEMES), line
        assert "&" not in line, line
        assert not re.search(r"\([^()]*[<>]=?[^()]*\)", line) or line.startswith("@container"), line
        if ":has(" in line:
            assert "," not in line.partition("{")[0], f"one unknown selector loses the whole list: {line}"
        if found := re.search(r"([\w-]+): [^;]*(?:color-mix\(|\d(?:dvh|cqi))", line):
            assert re.search(rf"(?<![\w-]){found[1]}: (?![^;]*(?:color-mix|dvh|cqi))[^;]*;.*{found[1]}: ", line), (
                f"no plain value before it: {line}"
            )


def test_a_sheet_in_older_words() -> None:
    assert plain(PALETTE).splitlines() == [
        ":root { --ink: rgb(1 2 3 / 4%); --gap: 4px; }",
        TWO_THEMES + " { :root { --ink: light-dark(rgb(1 2 3 / 4%), #fff); } }",
        ".a, .b { color: red; }",
        ".a + .a, .a + .b, .b + .a, .b + .b { x: y; }",
        '.a:hover, .b:hover, .a > .c, .b > .c { background: url("a;}b"); }',
        ".d .a, .d .b { --e: f; }",
        "@media (min-width: 640px) and (max-width: 1079.98px) { .a b { c: d; } }",
        "@media (min-width: 9px) { @media (max-height: 7.98px) { .a { e: f; } } }",
        "@keyframes k { from { g: h; } to { i: j; } }",
    ]
