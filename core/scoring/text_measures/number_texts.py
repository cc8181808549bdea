"""Numbers in texts: thousands separators, decimal points or commas, multiples and units."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

# Digits in groups of three by one separator, then perhaps decimals; else digits with decimals.
NUMBER = re.compile(
    r"""
    (?: (?P<grouped> [1-9]\d{0,2} (?P<by>[,.'’\ \u00a0\u2009\u202f])
            \d{3} (?:(?P=by)\d{3})* ) (?!\d) (?P<after_groups> [.,]\d+ (?![.,]?\d) )?
      | (?P<plain> \d+ ) (?P<decimals> [.,]\d+ (?![.,]\d) )?
    )
    (?P<exponent> [eE][+-]?\d{1,3} (?!\w) )?
    """,
    re.VERBOSE,
)
MULTIPLES = {
    "k": 3,
    "thousand": 3,
    "mn": 6,
    "million": 6,
    "millions": 6,
    "bn": 9,
    "billion": 9,
    "billions": 9,
    "trillion": 12,
}
MULTIPLE = re.compile(r"[  ]?(" + "|".join(sorted(MULTIPLES, reverse=True)) + r")(?!\w)", re.I)
SIGNS = ("-", "−", "+")
MAX_DIGITS = 60  # longer ones are identifiers, not amounts
MAX_UNIT_CHARS = 20
SPACES = " \u00a0\u202f"


@dataclass(frozen=True)
class NumberInText:
    """A number, where it is, and the texts directly before and after it."""

    value: Decimal
    start: int
    before: str
    after: str

    def has_unit(self, unit: str) -> bool:
        """Whether the unit stands directly beside the number, before or after it."""
        unit, before, after = unit.casefold(), self.before.casefold(), self.after.casefold()
        follows = after.startswith(unit) and not _runs_on(unit[-1], after[len(unit) :][:1])
        rest = before[: -len(unit)]
        is_of_another = rest.rstrip(SPACES)[-1:].isdigit()
        precedes = before.endswith(unit) and not is_of_another and not _runs_on(unit[0], rest[-1:])
        return follows or precedes


def numbers_in(text: str, unit: str | None = None) -> Iterator[NumberInText]:
    """Yield the numbers of a text in order; with a unit, those that have it.

    Digits that are part of a word, such as those of `GPT4`, are none unless the word is the unit.
    A single dot before three digits is a decimal point, a single comma a thousands separator.
    """
    unit = unit or None  # an empty one stands beside every number
    for match in NUMBER.finditer(text):
        found = _number(text, match, unit)
        if found is None:
            continue
        if unit is None and _runs_on("x", text[match.start() - 1 : match.start()]):
            continue
        if unit is None or found.has_unit(unit):
            yield found


def _number(text: str, match: re.Match[str], unit: str | None) -> NumberInText | None:
    digits = _digits(match)
    if len(digits) > MAX_DIGITS:
        return None
    value = Decimal(digits + (match["exponent"] or ""))
    before = text[max(0, match.start() - MAX_UNIT_CHARS - 2) : match.start()].rstrip(SPACES)
    after = text[match.end() : match.end() + MAX_UNIT_CHARS + 12]
    multiple = MULTIPLE.match(after)
    # With the unit "k", 5k is five of them
    if multiple and (unit is None or multiple[1].casefold() != unit.casefold()):
        value = value.scaleb(MULTIPLES[multiple[1].casefold()])
        after = after[multiple.end() :]
    is_negative, before = _sign(before, unit, is_beside=text[match.start() - 1 : match.start()])
    return NumberInText(
        -value if is_negative else value, match.start(), before, after.lstrip(SPACES)
    )


def _digits(match: re.Match[str]) -> str:
    """Return a number as Python reads it."""
    if (grouped := match["grouped"]) is None:
        return str(match["plain"]) + (match["decimals"] or "").replace(",", ".")
    by, decimals = match["by"], match["after_groups"] or ""
    if by == "." and grouped.count(".") == 1 and not decimals:
        return grouped
    whole = grouped.replace(by, "")
    return whole + decimals.replace(",", ".")


def _sign(before: str, unit: str | None, *, is_beside: str) -> tuple[bool, str]:
    """Return whether the number is negative, and the text before its sign.

    The sign is beside the number or before its unit; between two words or numbers it is a hyphen.
    """
    if unit and before.casefold().endswith(unit.casefold()):
        rest = before[: -len(unit)].rstrip(SPACES)
        is_sign = rest.endswith(SIGNS) and not _runs_on("x", rest[:-1][-1:])
        return is_sign and not rest.endswith("+"), before
    for currency in "$€£¥":
        if before.endswith(currency) and before[:-1].endswith(("-", "−")):
            return not _runs_on("x", before[:-2][-1:]), before[:-2] + currency
    if is_beside not in SIGNS or not before.endswith(SIGNS):
        return False, before
    if _runs_on("x", before[:-1][-1:]):
        return False, before
    return is_beside != "+", before[:-1].rstrip(SPACES)


def _runs_on(character: str, neighbour: str) -> bool:
    """Return whether two characters are of one word."""
    return bool(neighbour) and character.isalnum() and (neighbour.isalnum() or neighbour == "_")
