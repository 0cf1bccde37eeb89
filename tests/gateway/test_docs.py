"""Pages that are printed from the code, or that the code points to, are in step with it."""

from __future__ import annotations

import re
from pathlib import Path

import gateway.health
from gateway import configdoc
from gateway.api import declared
from gateway.metrics import Metrics

DOCS = Path(__file__).parents[2] / "docs"


def test_the_configuration_page_is_printed_from_the_model() -> None:
    assert (DOCS / "configuration.md").read_text(encoding="utf-8") == configdoc.page(), (
        "run: python -m gateway.configdoc > docs/configuration.md"
    )


def test_every_reason_is_in_the_runbook() -> None:
    page = (DOCS / "runbook.md").read_text(encoding="utf-8")
    source = Path(gateway.health.__file__).read_text(encoding="utf-8")
    codes = {*re.findall(r'Reason\("(\w+)"', source), "starting", "stopping"}
    assert codes == {"keys", "database", "heartbeat", "disk", "starting", "stopping"}
    for code in codes:
        assert f"| `{code}` |" in page


def test_the_commands_that_are_not_there_yet_are_named_where_people_look() -> None:
    """And no longer named once they are there."""
    wanted = {"erase": "/contacts/{contact_id}/erase", "export": "/contacts/{contact_id}/export", "keys rotate": "/keys/rotate"}  # fmt: skip
    there = {route.path for route in declared()}
    later = {command for command, path in wanted.items() if path not in there}
    readme = (DOCS.parent / "README.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"One of them, (.+?), comes\nin a later version", readme, re.DOTALL) or ("",)
    assert set(re.findall(r"`gateway ([a-z ]+)`", said)) == later
    security = (DOCS / "security.md").read_text(encoding="utf-8").partition("**Not there yet.**")[2]
    for command in later:
        assert f"`{command}`" in security
    runbook = (DOCS / "runbook.md").read_text(encoding="utf-8")
    for command in later:
        for after in runbook.split(f"`gateway {command}`")[1:]:
            assert after.startswith(" is not in this version"), command


def test_every_figure_of_the_runbook_exists() -> None:
    page = (DOCS / "runbook.md").read_text(encoding="utf-8")
    metrics = Metrics()
    names = {sample.name for family in metrics.registry.collect() for sample in family.samples}
    names |= {family.name for family in metrics.registry.collect()}
    for name in set(re.findall(r"gateway_[a-z_]+[a-z]", page)):
        assert name in names or name.removesuffix("_total") in names, name
