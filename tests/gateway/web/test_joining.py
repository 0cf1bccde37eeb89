"""A page's modules in one answer: in order, once each, each in its own scope, and the same for what comes later."""

from __future__ import annotations

import re

import pytest

from gateway.web.joining import Unjoinable, joined
from gateway.web.static import Assets

BASE = "export const a = 1;\nexport function f() {}\nconst own = new URL('i.svg', import.meta.url);\n"
PAGE = 'import { a, f as g } from "../../web/static/base.js";\nimport * as kept from "./kept.js";\nimport "./kept.js";\nown(a, g, kept);\n'


def test_what_a_page_imports_stands_before_it_once() -> None:
    made = joined(
        {
            "web/static/base.js": BASE,
            "desk/static/kept.js": 'import { a } from "../../web/static/base.js";\nexport async function k() {}\nexport class K {}\nown(a);\n',
            "desk/static/page.js": PAGE,
            "desk/static/plain.js": "own();\n",
        }
    )
    assert made["desk/static/page.js"] == (
        "// web/static/base.js\nconst $web_base = (() => {\nconst a = 1;\nfunction f() {}\n"
        "const own = new URL('i.svg', new URL(\"../../web/static/\", import.meta.url).href);\nreturn { a, f };\n})();\n"
        "// desk/static/kept.js\nconst $desk_kept = (() => {\nconst { a } = $web_base;\nasync function k() {}\nclass K {}\nown(a);\n"
        "return { k, K };\n})();\n"
        "// desk/static/page.js\nconst $desk_page = (() => {\nconst { a, f: g } = $web_base;\nconst kept = $desk_kept;\n\n"
        "own(a, g, kept);\nreturn {  };\n})();\n"
    )
    assert made["web/static/base.js"] == BASE  # for whoever asks for it alone
    assert made["desk/static/plain.js"] == "own();\n"


def test_what_comes_later_finds_what_is_here() -> None:
    made = joined(
        {
            "desk/static/base.js": "export const a = 1;\n",
            "desk/static/acts.js": 'import { a } from "./base.js";\nimport { b } from "./more.js";\nexport const c = a + b;\n',
            "desk/static/more.js": "export const b = 2;\n",
            "desk/static/page.js": 'import { a } from "./base.js";\nrun(a, import("./acts.js"), import("./base.js"));\n',
        }
    )
    page, later = made["desk/static/page.js"], made["desk/static/page.later.js"]
    assert 'run(a, import("./page.later.js").then((all) => all.$desk_acts), Promise.resolve($desk_base));' in page
    assert page.endswith("export { $desk_base };\n")
    assert later.startswith('import { $desk_base } from "./page.js";\n// desk/static/more.js\n')
    assert later.endswith("export { $desk_acts };\n")
    assert "const a = 1" not in later


def test_a_sheet_takes_the_place_of_its_import() -> None:
    sheets = {
        "web/static/base.css": "a { b: c; }\n",
        "desk/static/page.css": '@import "../../web/static/base.css";\nd { e: f; }\n',
    }
    assert joined(sheets)["desk/static/page.css"] == "a { b: c; }\nd { e: f; }\n"


@pytest.mark.parametrize(
    "said",
    [
        'export { a } from "./base.js";\n',
        "export default 1;\n",
        "export let a = 1;\n",
        'import a from "./base.js";\n',
        'import { a } from "./page.js";\n',  # of itself: a circle
    ],
)
def test_what_it_does_not_read_is_refused(said: str) -> None:
    with pytest.raises(Unjoinable):
        joined(
            {
                "desk/static/base.js": "export const a = 1;\n",
                "desk/static/page.js": said,
                "desk/static/top.js": 'import "./page.js";\n',
            }
        )


def test_every_page_of_ours_travels_alone() -> None:
    files = Assets().files
    later = files["desk/static/app.later.js"].body.decode()
    assert re.findall(r'^import .*from "(.*)";$', later, re.MULTILINE) == ["./app.js"]
    for page in ("desk/static/app.js", "desk/static/users.js", "webchat/static/page.js", "webchat/static/frame.js"):
        text = files[page].body.decode()
        assert not re.search(r"^import\b", text, re.MULTILINE), page
        names = re.findall(r"^const (\$\w+) = \(\(\) => \{$", text, re.MULTILINE)
        assert len(names) == len(set(names)) > 1, page
