"""Texts and facts of the demo, read once per process from files."""

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from tools.demo.conversations.script import TalkScript, parse

TEXTS = files("tools.demo") / "texts"


@dataclass(frozen=True)
class Cheese:
    """A wheel that slices are sold of."""

    name: str
    milk: str
    raw: bool
    vegetarian: bool
    cellar: str
    months: int
    price: Decimal
    hard: bool
    rind: str
    note: str
    pairing: str


@dataclass(frozen=True)
class Country:
    """A country with its language and names."""

    country: str
    lang: str
    weight: int
    cities: tuple[str, ...]
    first: tuple[str, ...]
    last: tuple[str, ...]


@dataclass(frozen=True)
class Situation:
    """A situation; `when` names its days, `stage` is set for users without a board."""

    id: str
    topic: str
    script: TalkScript
    lang: str = "en"
    countries: tuple[str, ...] = ()
    plans: tuple[str, ...] = ()
    when: str | None = None
    stage: str | None = None
    weight: int = 3

    @cached_property
    def needs_history(self) -> bool:
        """Whether it refers to earlier orders."""
        named = ("date", "date_wd", "datenum", "date2", "date2num", "order", "parcel")
        return any(f"{{{name}}}" in self._texts for name in named)

    @property
    def _texts(self) -> str:
        turns = [
            *self.script.trunk,
            *(turn for branch in self.script.branches.values() for turn in branch),
        ]
        return " ".join(way.text for turn in turns for way in turn.ways)


@cache
def table(name: str) -> dict[str, Any]:
    """Return a file of facts."""
    return tomllib.loads((TEXTS / f"{name}.toml").read_text(encoding="utf-8"))


@cache
def cheeses() -> tuple[Cheese, ...]:
    """Return all wheels."""
    return tuple(
        Cheese(**{**each, "price": Decimal(str(each["price"]))})
        for each in table("product")["wheels"]
    )


@cache
def countries() -> tuple[Country, ...]:
    """Return all countries with users."""
    names = ("cities", "first", "last")
    return tuple(
        Country(**{**each, **{name: tuple(each[name]) for name in names}})
        for each in table("product")["people"]
    )


@cache
def situations() -> tuple[Situation, ...]:
    """Return all situations, by file and in order."""
    found = sorted((TEXTS / "situations").iterdir(), key=lambda file: file.name)
    rows = [
        row
        for file in found
        if file.name.endswith(".toml")
        for row in tomllib.loads(file.read_text("utf-8"))["situation"]
    ]
    return tuple(_situation(row) for row in rows)


def _situation(row: dict[str, Any]) -> Situation:
    read: dict[str, Any] = {name: tuple(row.pop(name, ())) for name in ("countries", "plans")}
    read["script"] = parse(row.pop("text"))
    return Situation(**read, **row)
