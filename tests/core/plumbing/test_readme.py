"""What the README says is true: each setting has its line, each link leads somewhere."""

import re

from core.config import ROOT, Config

README = (ROOT / "README.md").read_text()
LISTED = set(re.findall(r"^\| `([A-Z][A-Z_]+)` \|", README, re.MULTILINE))


def test_every_setting_has_its_line_and_every_line_its_setting() -> None:
    assert {name.upper() for name in Config.model_fields} == LISTED


def test_every_link_leads_to_a_file() -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_folder_is_on_the_tour() -> None:
    features = [f"core/{path.parent.name}/" for path in (ROOT / "core").glob("*/__init__.py")]
    doors = ["api/", "pages/", "client/", "migrations/", "tests/", "benchmarks/", "docs/"]
    assert [folder for folder in features + doors if f"`{folder}`" not in README] == []
