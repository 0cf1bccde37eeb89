"""What the README prints is what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from channels import registry

ROOT = Path(__file__).parents[1]


def test_the_table_of_channels_is_the_capabilities() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    found = re.search(r"<!-- channels:[^>]*-->\n(.*?)\n<!-- /channels -->", readme, re.DOTALL)
    assert found is not None
    assert found[1] == registry.table(), "run: python -m channels.registry"


def test_every_link_of_our_pages_leads_somewhere() -> None:
    missing = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            if not (page.parent / target).exists():
                missing.append(f"{page.relative_to(ROOT)}: {target}")
    assert missing == []


def test_the_makefile_has_the_targets_that_people_rely_on() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in ("run", "test", "install", "demo", "bench", "check", "screenshots", "chaos", "audit"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_the_samples_of_deploy_agree_with_each_other_and_the_tree() -> None:
    folder = ROOT / "deploy"
    page, unit, script = ((folder / name).read_text("utf-8") for name in ("README.md", "gateway.service", "gateway.sh"))
    for path in ("/opt/gateway/.venv/bin/gateway", "/etc/gateway/config.yaml", "/etc/gateway/secrets.env"):
        assert path in unit
        assert path in script
    for file in set(folder.iterdir()) - {folder / "README.md"}:
        assert file.name.removesuffix(".dockerignore") in page, file.name
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", (folder / "Dockerfile").read_text("utf-8"), re.MULTILINE):
        for source in sources.split():
            assert (ROOT / source).exists(), source
