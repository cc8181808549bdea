"""Names, amounts and dates of a conversation, in the user's language and consistent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import Any

from tools.demo.calendar import Calendar
from tools.demo.loaded import Cheese, table
from tools.demo.users import Person

CENT = Decimal("0.01")
FREE_SHIPPING_FROM = 4
SHIPPING = Decimal("7.90")
HOUSE_PRICE = Decimal("0.8")
KRONER_A_SLICE = 61
DAY = timedelta(days=1)
LETTERS = "ACDEFGHKLMNPRTUVWXY"


@dataclass(frozen=True)
class Speech:
    """How a language writes amounts and dates."""

    lang: str

    def money(self, amount: Decimal) -> str:
        """Return an amount in euros."""
        cents = f"{amount.quantize(CENT, ROUND_HALF_UP):,}"
        if self.lang == "en":
            return f"€{cents}"
        return cents.replace(",", "_").replace(".", ",").replace("_", ".") + " €"

    def date(self, at: datetime) -> str:
        """Return a day; all but the weekday of a date is filled in on loading."""
        dot = "." if self.lang in ("de", "nb") else ""
        return f"{{day:{at:%Y-%m-%d}}}{dot} {self.month(at)}"

    def month(self, at: datetime) -> str:
        """Return the name of a month."""
        return f"{{Month:{at:%Y-%m-%d}:{self.lang}}}"

    def weekday(self, at: datetime) -> str:
        """Return the name of a day."""
        found: str = table("phrases")[self.lang]["days"][at.weekday()]
        return found

    def short(self, at: datetime) -> str:
        """Return a day in figures."""
        day, month = f"{{day:{at:%Y-%m-%d}}}", f"{{number:{at:%Y-%m-%d}}}"
        return f"{day}.{month}." if self.lang in ("de", "nb") else f"{day}/{month}"


def facts(
    random: Random,
    person: Person,
    at: datetime,
    calendar: Calendar,
    lang: str,
    cellar: str | None = None,
) -> dict[str, str]:
    """Return all facts that a text may name; the wheel is in the given cellar, if any."""
    speech = Speech(lang)
    first = random.choice(
        [number for number, each in enumerate(person.board) if cellar in (None, each.cellar)]
    )
    n = max(2, person.slices[first])
    wheel = person.board[first]
    return {
        **_person(random, person, lang),
        **_wheels(random, person, first, speech),
        **_times(random, person, at, speech),
        **_money(random, person, wheel, n, speech),
        **_things(random, person, n),
        "release": calendar.release(at),
    }


def _person(random: Random, person: Person, lang: str) -> dict[str, str]:
    others = [each for each in person.country.first if each != person.first]
    places = [
        city
        for city in ("Lyon", "Bristol", "Leipzig", "Bologna", "Bergen", "Utrecht", "Graz", "Oviedo")
        if city != person.city
    ]
    return {
        "first": person.first,
        "last": person.last,
        "city": person.city,
        "email": person.email,
        "plan": person.plan,
        "since": Speech(lang).month(person.joined_at),
        "friend": random.choice(others),
        "othercity": random.choice(places),
        "e": "(e)",
        "hqcity": "Besançon",
    }


def _wheels(random: Random, person: Person, number: int, speech: Speech) -> dict[str, str]:
    """Return facts of four wheels: the one in question, a hard, a soft, and another one."""
    wheel, other, soft_or_hard, second = (
        person.board[(number + step) % 4] for step in (0, 2, 1, 3)
    )
    hard, soft = (other, soft_or_hard) if wheel.hard else (soft_or_hard, other)
    cellars = table("product")["cellars"]
    return {
        "wheel": wheel.name,
        "wheel2": second.name,
        "wheelno": f"{_initials(wheel)}-{1000 + (person.number * 37 + number * 911) % 3999}",
        "hardwheel": hard.name,
        "softwheel": soft.name,
        "rawwheel": person.board[0].name,
        "pastwheel": person.board[1].name,
        "cellar": wheel.cellar,
        "cellar2": _another(second.cellar, wheel.cellar, cellars),
        "cellarplace": cellars[wheel.cellar]["place"],
        "master": cellars[wheel.cellar]["master"],
        "hardcellar": hard.cellar,
        "hardnote": hard.note,
        "hardprice": speech.money(hard.price),
        "softprice": speech.money(soft.price),
        "wholeprice": speech.money(hard.price * 40),
        "milkkind": f"{'raw' if wheel.raw else 'pasteurised'} {wheel.milk}'s milk",
        "months": str(wheel.months),
        "rennet": _rennet(wheel),
        "rennet2": _rennet(second),
        "rindnote": str(table("product")["rinds"][soft.rind]),
        "pairing": wheel.pairing,
        "pairing2": second.pairing,
        "oddnote": random.choice(table("product")["lists"]["odd_notes"]),
    }


def _another(wanted: str, taken: str, cellars: dict[str, Any]) -> str:
    return wanted if wanted != taken else next(name for name in cellars if name != taken)


def _initials(wheel: Cheese) -> str:
    return "".join(part[0] for part in wheel.name.split())[:2].upper()


def _rennet(wheel: Cheese) -> str:
    return f"{wheel.name} is made with {'vegetarian' if wheel.vegetarian else 'animal'} rennet."


def _times(random: Random, person: Person, at: datetime, speech: Speech) -> dict[str, str]:
    known_days = max(2, min(18, (at - (person.board_at or at)).days))
    date = at - random.randint(2, known_days) * DAY
    date2 = date + random.randint(1, 2) * DAY
    due = at + random.randint(2, 9) * DAY
    cut = at + random.randint(11, 70) * DAY
    score = random.randint(62, 88)
    return {
        "date": speech.date(date),
        "date_wd": speech.weekday(date),
        "datenum": speech.short(date),
        "date2": speech.date(min(date2, at - DAY)),
        "date2num": speech.short(min(date2, at - DAY)),
        "due": speech.date(due),
        "due_wd": speech.weekday(due),
        "duenum": speech.short(due),
        "cut": speech.date(cut),
        "cutnum": speech.short(cut),
        "month": speech.month(at + 35 * DAY),
        "lastmonth": speech.month(at - 40 * DAY),
        "weekday": speech.weekday(at),
        "year": f"{{year:{at:%Y-%m-%d}}}",
        "time": f"{at - timedelta(minutes=random.randint(20, 260)):%H:%M}",
        "ripe": str(random.randint(91, 97)),
        "score": str(score),
        "score2": str(score - random.randint(3, 9)),
    }


def _money(random: Random, person: Person, wheel: Cheese, n: int, speech: Speech) -> dict[str, str]:
    fee = Decimal(table("product")["plans"][person.plan]["fee"])
    asked = (wheel.price * Decimal(random.randint(96, 128)) / 100).quantize(CENT)
    sale = asked * n
    swap_fee = (sale * fee / 100).quantize(CENT)
    total = wheel.price * n
    short = random.randint(205, 238)
    amount = Decimal(random.randint(32, 240)) + Decimal(random.choice((0, 40, 50, 90))) / 100
    hard = _hard_one(person, wheel)
    hard_n = max(1, int(amount // hard.price))
    values = {
        "hardtotal": hard.price * hard_n,
        "price": wheel.price,
        "price2": asked,
        "total": total,
        "house": total * HOUSE_PRICE,
        "swaptotal": sale,
        "swapfee": swap_fee,
        "swapnet": sale - swap_fee,
        "highprice": asked * Decimal("1.3"),
        "lowprice": wheel.price * Decimal("0.78"),
        "wrongtotal": total + wheel.price / 2 + Decimal("1.5"),
        "kiloprice": wheel.price * 4,
        "shortmoney": wheel.price * (250 - short) / 250,
        "amount": amount,
        "amountde": amount,
        "amountfr": amount,
        "prorata": Decimal(random.randint(90, 520)) / 100,
        "ship": SHIPPING,
        "shippaid": Decimal(0) if n >= FREE_SHIPPING_FROM else SHIPPING,
    }
    return {name: speech.money(value) for name, value in values.items()} | {
        "feepct": f"{fee} %",
        "short": str(short),
        "hardn": str(hard_n),
    }


def _hard_one(person: Person, wheel: Cheese) -> Cheese:
    """Return the hard wheel that is spoken of beside the one in question."""
    place = person.board.index(wheel)
    return person.board[(place + (2 if wheel.hard else 1)) % 4]


def _things(random: Random, person: Person, n: int) -> dict[str, str]:
    lists = table("product")["lists"]
    carrier = random.choice(lists["carriers"])
    letters = "".join(random.choices(LETTERS, k=4))
    m = random.randint(1, n - 1) if n > 2 else 1
    guests = random.randint(4, 9)
    return {
        "n": str(n),
        "m": str(max(m, 2) if n > 2 else m),
        "grams": str(n * 250),
        "guests": str(guests),
        "fondue": str(guests * 200),
        "nok": str(n * KRONER_A_SLICE + random.randint(95, 190)),
        "carrier": carrier,
        "hub": random.choice(lists["hubs"]),
        "team": random.choice(lists["teams"]),
        "parcel": f"{carrier[:2].upper()}{random.randrange(10**7, 10**8)}",
        "order": f"R-{random.randrange(10**6, 10**7)}",
        "code": f"{letters[:2]}{random.randrange(100, 999)}",
        "giftcode": f"RIND-{letters}",
        "card": f"{1000 + person.number * 7919 % 8999}",
        "iban": f"{1000 + person.number * 6101 % 8999}",
        "half": str(n // 2),
        "temp": str(random.randint(17, 25)),  # on any day of a year,
    }
