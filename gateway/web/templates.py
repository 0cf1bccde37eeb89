"""Pages: Jinja2 from our own files only, everything escaped, an unknown variable is an error."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, PrefixLoader, StrictUndefined

from gateway.web.static import GATEWAY, Assets


class Pages:
    """Renders `area/name.html` from `gateway/<area>/templates/`. In a template: `asset('web/base.css')`."""

    def __init__(self, assets: Assets, root: Path = GATEWAY) -> None:
        folders = {path.parent.name: FileSystemLoader(path) for path in sorted(root.glob("*/templates"))}
        self._jinja: Final = Environment(
            loader=PrefixLoader(folders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._jinja.globals["asset"] = assets.url
        self._jinja.filters["dong"] = dong

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        return self._jinja.get_template(name).render(values)

    def answer(self, name: str, values: Mapping[str, Any], *, status: int = 200) -> web.Response:
        page = web.Response(text=self.render(name, values), status=status, content_type="text/html", charset="utf-8")
        # Nothing that a stranger chooses stands beside a secret here: cookies are SameSite=Strict, so no other site's
        # page makes a browser ask with them.
        page.enable_compression()
        return page


def dong(amount: int) -> str:
    """`1.270.000`, as amounts are written in Viet Nam."""
    return f"{amount:,}".replace(",", ".")
