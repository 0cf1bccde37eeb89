"""Assets: what only people read is left out, and no text with it."""

from __future__ import annotations

from pathlib import Path

import gateway
from gateway.web.static import lean

SCRIPTS = [
    path for kind in ("js", "css") for path in sorted(Path(gateway.__file__).parent.glob(f"*/static/**/*.{kind}"))
]


def test_no_template_goes_over_several_lines() -> None:
    """Else a line of a text could be taken for a comment."""
    assert [
        f"{path.name}:{number}"
        for path in SCRIPTS
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.count("`") % 2
    ] == []


def test_only_comments_go() -> None:
    assert lean(b"/**\n * what\n */\nexport const a = 1; // why\n  // only why\n\n  /* one */\n  b(`// c`);\n") == (
        b"export const a = 1; // why\nb(`// c`);\n"
    )
    assert lean(b"const a = {\n  /** @type {X} */ box: null,\n};\n") == b"const a = {\nbox: null,\n};\n"
    assert lean(b"a(\n  /** @type {B} */ (b),\n  /* c\n  d */ e,\n);\n/* f */\ng();\n") == b"a(\n(b),\ne,\n);\ng();\n"
    for path in SCRIPTS:
        left = lean(path.read_bytes()).decode()
        assert left.strip(), path
        assert lean(left.encode()) == left.encode(), path
