"""Pages that are printed from the code, or that the code points to, are in step with it."""

from __future__ import annotations

import re
from pathlib import Path

import gateway.health
from gateway import configdoc
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


def test_every_figure_of_the_runbook_exists() -> None:
    page = (DOCS / "runbook.md").read_text(encoding="utf-8")
    metrics = Metrics()
    names = {sample.name for family in metrics.registry.collect() for sample in family.samples}
    names |= {family.name for family in metrics.registry.collect()}
    for name in set(re.findall(r"gateway_[a-z_]+[a-z]", page)):
        assert name in names or name.removesuffix("_total") in names, name
