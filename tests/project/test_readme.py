"""README and docs match the code: each setting has its line, each link and path exists."""

import re

from core.platform.config import ROOT, Config

README = (ROOT / "README.md").read_text()
DOCS = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
NAMED_PATH = re.compile(
    r"`((?:api|benchmarks|client|core|docs|migrations|pages|tests|tools)/[\w./-]*)"
)
LISTED = set(re.findall(r"^\| `([A-Z][A-Z_]+)` \|", README, re.MULTILINE))


def test_every_setting_has_its_line_and_every_line_its_setting() -> None:
    assert {name.upper() for name in Config.model_fields} == LISTED


def test_every_link_leads_to_a_file() -> None:
    links = [
        (path, link)
        for path in DOCS
        for link in re.findall(r"\]\(([^)#]+)\)", path.read_text())
        if "://" not in link
    ]
    assert links
    assert [link for path, link in links if not (path.parent / link).exists()] == []


def test_every_path_that_the_docs_name_exists() -> None:
    named = {(path.name, name) for path in DOCS for name in NAMED_PATH.findall(path.read_text())}
    assert named
    assert [(doc, name) for doc, name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_folder_has_a_line_in_the_readme() -> None:
    features = [f"core/{path.parent.name}/" for path in (ROOT / "core").glob("*/__init__.py")]
    doors = ["api/", "pages/", "client/", "migrations/", "tests/", "benchmarks/", "tools/", "docs/"]
    assert [folder for folder in features + doors if f"`{folder}`" not in README] == []
