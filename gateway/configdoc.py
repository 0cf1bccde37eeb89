"""docs/configuration.md, printed from the model: `python -m gateway.configdoc > docs/configuration.md`."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from gateway.accounts import CHANNELS, COMMON, Key
from gateway.config import SECTIONS, keys_of

HEAD = """# Configuration

*Printed from the code by `python -m gateway.configdoc`; a test keeps it in step. Do not edit it by hand.*

One file, `config.yaml` (`--config FILE` names another), and the environment over it.

- Every key has a default; what is left out is not missing. An unknown key, a key that is there twice or a value that
  cannot be meant stops the start with exit status 2 and one line a mistake. `gateway check-config` says the same
  without starting anything.
- `GATEWAY__SECTION__KEY` overrides a key: `GATEWAY__SERVER__PORT=9000`. Lists are written with commas:
  `GATEWAY__SERVER__TRUSTED_PROXIES=10.0.0.0/8,::1`. Hours of a day: `GATEWAY__BUSINESS__HOURS__MON=08:00-12:00`.
- `GATEWAY__ACCOUNTS__<name>__KEY` overrides a key of an account (`-` and `.` of its name as `_`); where two channels
  have an account of that name and both know the key: `GATEWAY__ACCOUNTS__<CHANNEL>_<NAME>__KEY`.
- `"${NAME}"` in a value reads the environment, anywhere in it; `$${NAME}` stays as it is. Secrets are written in no
  other way: one that stands in the file is taken with a warning, so that a gateway that ran goes on running, and so is
  one of a form builder or a call centre that is shorter than 16 characters; a word out of examples (`changeme`) is
  refused. Within a database URL a password's odd letters are written as `%XX`.
- Relative paths are relative to the file.
- All values are text to the YAML reader, so `08:00`, `no` and `0123` are what they look like.
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_sections(), *_accounts()]).rstrip() + "\n"


def _sections() -> Iterator[str]:
    for name, kind in SECTIONS.items():
        defaults = {item.name: item.default for item in fields(kind)}
        yield f"## {name}\n\n{inspect.getdoc(kind)}\n"
        yield from _table(keys_of(kind), defaults, f"GATEWAY__{name.upper()}__")


def _accounts() -> Iterator[str]:
    yield (
        "## accounts\n\nA list of blocks; each is one official account, page, bot or form. Its webhook is"
        " `POST /hooks/{channel}/{name}`. Accounts of one channel may be many.\n"
    )
    yield "Every account:\n"
    yield from _table(COMMON, {name: key.default for name, key in COMMON.items()}, "")
    for channel, known in CHANNELS.items():
        yield f"### {channel}\n"
        yield from _table(known, {name: key.default for name, key in known.items()}, "")


def _table(known: Mapping[str, Key], defaults: Mapping[str, Any], prefix: str) -> Iterator[str]:
    yield f"| key | default | what it is |{' environment |' if prefix else ''}"
    yield f"| --- | --- | --- |{' --- |' if prefix else ''}"
    for name, key in known.items():
        default = f"`${{{key.variable}}}` in the shipped file" if key.variable else _default(defaults[name])
        default = "`always`" if name == "hours" else default
        about = key.about + (" (secret)" if key.secret else "")
        yield f"| `{name}` | {default} | {about.replace('|', '/')} |{f' `{prefix}{name.upper()}` |' if prefix else ''}"
    yield ""


def _default(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{value.as_posix() if isinstance(value, Path) else value}`" if value != "" else "empty"


if __name__ == "__main__":
    sys.stdout.write(page())
