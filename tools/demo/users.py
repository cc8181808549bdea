"""Users of the demo, and how each of them writes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any
from unicodedata import normalize

from tools.demo.calendar import Calendar
from tools.demo.loaded import Cheese, Country, cheeses, countries

USERS = 6040
EARLIER = 900  # members since before the first day
SOURCES = ("friend", "search", "newsletter", "podcast", "market stall", "instagram", "press")
SOURCE_WEIGHTS = (30, 22, 14, 11, 9, 8, 6)
STYLES = ("plain", "warm", "terse", "lower", "angry")
STYLE_WEIGHTS = (42, 20, 14, 16, 8)
DOMAINS = (
    "mail.example.com",
    "post.example.org",
    "inbox.example.net",
    "kaes.example",
    "home.test",
    "office.test",
)
DEVICES = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Rind/{release}",
    "Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Rind/{release}",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/146.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_3) AppleWebKit/605.1.15 Safari/26.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:148.0) Gecko/20100101 Firefox/148.0",
)


@dataclass
class Person:
    """One user; the times of onboarding are filled in by onboarding.py."""

    id: str
    number: int
    first: str
    last: str
    email: str
    country: Country
    city: str
    plan: str
    source: str
    style: str
    device: str
    ip: str
    board: tuple[Cheese, ...]
    slices: tuple[int, ...]
    joined_at: datetime
    is_earlier: bool
    board_at: datetime | None = None
    traits: dict[str, Any] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        traits = {
            "plan": self.plan,
            "country": self.country.country,
            "city": self.city,
            "language": self.country.lang,
            "source": self.source,
            "wheels": [cheese.name for cheese in self.board] if self.board_at else [],
            "slices": sum(self.slices) if self.board_at else 0,
        }
        return {
            "id": self.id,
            "email": self.email,
            "display_name": f"{self.first} {self.last}",
            "traits": traits,
            "created_at": self.joined_at.isoformat(timespec="milliseconds"),
            "updated_at": self.joined_at.isoformat(timespec="milliseconds"),
        }


def people(random: Random, calendar: Calendar) -> Iterator[Person]:
    """Return the users, earliest members first."""
    weights = [country.weight for country in countries()]
    taken: dict[str, int] = {}
    for number in range(1, USERS + 1):
        country = random.choices(countries(), weights)[0]
        first, last = random.choice(country.first), random.choice(country.last)
        is_earlier = number <= EARLIER
        yield Person(
            id=f"rind-{number:05d}",
            number=number,
            first=first,
            last=last,
            email=_email(random, first, last, taken),
            country=country,
            city=random.choice(country.cities),
            plan=random.choices(("Crumb", "Wedge", "Wheel"), (64, 28, 8))[0],
            source=random.choices(SOURCES, SOURCE_WEIGHTS)[0],
            style=random.choices(STYLES, STYLE_WEIGHTS)[0],
            device=random.choice(DEVICES),
            ip=f"203.0.113.{random.randrange(1, 255)}",
            board=_board(random),
            slices=tuple(random.choices((1, 2, 3, 4, 5, 6), (18, 30, 22, 14, 10, 6), k=4)),
            joined_at=_joined(random, calendar, is_earlier=is_earlier),
            is_earlier=is_earlier,
        )


def _board(random: Random) -> tuple[Cheese, ...]:
    """Return four wheels: hard, soft, hard, soft; the first of raw milk and the second not."""
    hard = [each for each in cheeses() if each.hard]
    soft = [each for each in cheeses() if not each.hard]
    raw, mild = [each for each in hard if each.raw], [each for each in soft if not each.raw]
    first, second = random.choice(raw), random.choice(mild)
    third = random.choice([each for each in hard if each is not first])
    fourth = random.choice([each for each in soft if each is not second])
    return first, second, third, fourth


def _email(random: Random, first: str, last: str, taken: dict[str, int]) -> str:
    letters = normalize(
        "NFKD",
        f"{first}.{last}".lower()
        .replace("ø", "o")
        .replace("ß", "ss")
        .replace("ł", "l")
        .replace("ı", "i"),
    )
    plain = "".join(
        letter for letter in letters if letter.isascii() and (letter.isalnum() or letter == ".")
    )
    domain = random.choice(DOMAINS)
    taken[plain] = taken.get(plain, 0) + 1
    return f"{plain}@{domain}" if taken[plain] == 1 else f"{plain}{taken[plain]}@{domain}"


def _joined(random: Random, calendar: Calendar, *, is_earlier: bool) -> datetime:
    if is_earlier:
        return calendar.start - timedelta(days=1 + 120 * random.random())
    return calendar.moment(random, end=calendar.until - timedelta(minutes=30))
