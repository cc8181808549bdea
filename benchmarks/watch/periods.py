"""Periods with boundaries that no cached answer has."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from random import Random
from urllib.parse import urlencode

LENGTHS, ENDED_AGO = (5, 27), 2  # days


class Boundaries(StrEnum):
    """How periods begin and end: at midnight, or within a half hour, to the microsecond."""

    DAYS = "days"
    ODD = "odd"


def fresh(boundaries: Boundaries, chance: Random | None = None) -> Iterator[str]:
    """Yield start and end of one period after the other, as in addresses; whole days repeat after
    some dozens.
    """
    chance = chance or Random()
    while True:
        now = datetime.now(UTC)
        if boundaries is Boundaries.ODD:
            end = now - timedelta(days=ENDED_AGO * chance.random())
            start = end - timedelta(days=chance.uniform(*LENGTHS))
            yield urlencode({"start": start.isoformat(), "end": end.isoformat()})
            continue
        pairs = [
            (ago, length)
            for ago in range(ENDED_AGO + 1)
            for length in range(LENGTHS[0], LENGTHS[1] + 1)
        ]
        for ago, length in chance.sample(pairs, len(pairs)):
            day = now.date() + timedelta(days=1 - ago)
            yield urlencode(
                {"start": (day - timedelta(days=length)).isoformat(), "end": day.isoformat()}
            )
