"""Shift the demo's files in time.

They end at one fixed Monday. All dates in them are moved by whole weeks, which keeps weekdays and
hours (UTC), and what is then still to come is left out: the demo ends at the present. Texts name
dates as `{day:2026-01-03}`, `{number:…}` (of the month), `{Month:2026-01-03:de}` (`{month:…}` in
lower case) and `{year:…}`; `{now:-3}` is three seconds before the end.
"""

import json
import lzma
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache

from core.platform.config import ROOT

DATA = ROOT / "core" / "demo" / "data"
END = datetime(2026, 1, 5, tzinfo=UTC)
WEEK = timedelta(days=7)
# A pattern that begins with fixed letters is found four times as fast.
DATE = re.compile(r"20\d\d-\d\d-\d\d")
TIME = re.compile(r"20\d\d-\d\d-\d\dT[\d:.]+")
PLACEHOLDER = re.compile(r"\{(\w+):([-\d]+)(?::(\w\w))?\}")


class Shift:
    """Moves texts of the files to a demo that ends at `until`."""

    def __init__(self, until: datetime) -> None:
        """Count the weeks between."""
        self._until = until.astimezone(UTC)
        self.by = -((END - until) // WEEK) * WEEK
        self._latest = f"{self._until - self.by:%Y-%m-%dT%H:%M:%S}"
        self._dates: dict[str, str] = {}

    def lines(self, name: str) -> Iterator[str]:
        """Yield the lines whose times have passed, with shifted dates."""
        with lzma.open(DATA / name, "rt", encoding="utf-8") as lines:
            yield from (
                self.text(line)
                for line in lines
                if max(TIME.findall(line), default="") <= self._latest
            )

    def text(self, text: str) -> str:
        """Return a text with its dates shifted and its placeholders filled."""
        return PLACEHOLDER.sub(self._word, DATE.sub(self._date, text))

    def _date(self, found: re.Match[str]) -> str:
        old = found[0]
        if old not in self._dates:
            self._dates[old] = (date.fromisoformat(old) + self.by).isoformat()
        return self._dates[old]

    def _word(self, found: re.Match[str]) -> str:
        form, value, language = found.groups()
        if form == "now":
            return f"{self._until + timedelta(seconds=int(value)):%Y-%m-%dT%H:%M:%SZ}"
        day = date.fromisoformat(value)
        if form in ("Month", "month"):
            month = _months()[language][day.month - 1]
            return month if form == "Month" else month.lower()
        return str({"day": day.day, "number": day.month, "year": day.year}[form])


@cache
def _months() -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads((DATA / "months.json").read_text("utf-8"))
    return found
