"""The decision records stay few and short, and every reference to one leads to a record."""

import re
from collections.abc import Iterator
from pathlib import Path

from core.platform.config import ROOT

RECORDS = sorted((ROOT / "docs" / "decisions").iterdir())
MOST_RECORDS, MOST_LINES, LONGEST_LINE = 25, 25, 130
HEADINGS = ["Context", "Decision", "Consequences"]
FOLDERS = ("api", "benchmarks", "client", "core", "docs", "migrations", "pages", "tests", "tools")
SUFFIXES = {".css", ".html", ".js", ".md", ".py", ".sql", ".toml"}
LINK = re.compile(r"decisions/(\d{4}[\w.-]*)")
NUMBER = re.compile(r"\bdecision (\d+)\b", re.IGNORECASE)


def text_files() -> Iterator[Path]:
    yield from (ROOT / name for name in ("README.md", "Makefile", "app.py", "pyproject.toml"))
    for folder in FOLDERS:
        yield from (
            path
            for path in (ROOT / folder).rglob("*")
            if path.suffix in SUFFIXES
            and ".min." not in path.name
            and "node_modules" not in path.parts
        )


def test_records_are_numbered_from_one_without_gaps() -> None:
    titles = [int(path.read_text().removeprefix("# ").split(".")[0]) for path in RECORDS]
    assert titles == [int(path.name[:4]) for path in RECORDS] == list(range(1, len(RECORDS) + 1))
    assert len(RECORDS) <= MOST_RECORDS


def test_each_record_is_short_and_has_its_three_headings() -> None:
    for path in RECORDS:
        lines = path.read_text().splitlines()
        assert len(lines) <= MOST_LINES, path.name
        assert max(map(len, lines)) <= LONGEST_LINE, path.name
        assert re.findall(r"^\*\*(\w+)\*\*: ", "\n".join(lines), re.MULTILINE) == HEADINGS, (
            path.name
        )


def test_every_reference_leads_to_a_record() -> None:
    names = {path.name for path in RECORDS}
    numbers = {name[:4] for name in names}
    missing = []
    for path in text_files():
        text = path.read_text()
        links = {link.rstrip(".") for link in LINK.findall(text)}
        linked = {f"{int(number):04}" for number in NUMBER.findall(text)} | {
            link for link in links if len(link) == 4
        }
        missing += [
            f"{path.relative_to(ROOT)}: {each}"
            for each in (linked - numbers) | ({*links} - linked - names)
        ]
    assert missing == []
