"""`gateway understand`: one JSON line in, one JSON line out; a line that cannot be read is answered with why."""

from __future__ import annotations

import json
from typing import Any, TextIO

from handlers.understanding import understand


def run(stdin: TextIO, stdout: TextIO) -> None:
    """Answer `{"text", "context"?}` with `{"intent", "entities", "also"?}`, one for one, until the input ends."""
    for line in stdin:
        stdout.write(json.dumps(answer(line), ensure_ascii=False))
        stdout.write("\n")
        stdout.flush()


def answer(line: str) -> dict[str, Any]:
    """What one line is answered with; `{"error": …}` when it is not a question of ours."""
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError) as err:
        return {"error": f"not JSON: {err.__class__.__name__}"}
    if not isinstance(asked, dict) or not isinstance(asked.get("text"), str):
        return {"error": "expected an object with a string `text`"}
    context = asked.get("context")
    if context is not None and not isinstance(context, str):
        return {"error": "`context` must be a string"}
    # a lone surrogate cannot be written back
    found = understand(asked["text"].encode("utf-8", "replace").decode(), context)
    said: dict[str, Any] = {"intent": found.intent, "entities": dict(found.entities)}
    if found.also:
        said["also"] = list(found.also)
    return said
