"""Whether a value that was there before a change is what changed."""

from collections.abc import Sequence

from core.ai_metrics.breakdown_views import Breakdown, BreakdownMeasure, BreakdownPart

LEAST_REQUESTS = 20  # of a value that is compared
FEWEST_OTHERS = 0.05  # of all requests: fewer do not show how other values are

Side = tuple[float | None, int]  # a measure, and the requests that it is of


def is_unfounded(value: str, around: Breakdown) -> bool:
    """Return whether a value was as good as all before a change, and no other shows that the change
    is its own: the others are gone, or changed as much.

    `around` compares the days since the change with as many before.
    """
    own = [part for part in around.parts if part.value == value]
    others = [part for part in around.parts if part.value != value]
    if sum(part.previous_requests for part in own) < LEAST_REQUESTS:
        return False
    now, before = _each(_now(own), around), _each(_before(own), around)
    whole = _each(_before(around.parts), around)
    if now is None or before is None or whole is None:
        return False
    half = abs(now - whole) / 2
    others_now = _each(_now(others), around)
    is_alone = _requests(others) < FEWEST_OTHERS * _requests(around.parts)
    return abs(now - before) > half and (
        is_alone or (others_now is not None and abs(others_now - whole) > half)
    )


def _now(parts: Sequence[BreakdownPart]) -> list[Side]:
    return [(part.figure, part.requests) for part in parts]


def _before(parts: Sequence[BreakdownPart]) -> list[Side]:
    return [(part.previous, part.previous_requests) for part in parts]


def _requests(parts: Sequence[BreakdownPart]) -> int:
    return sum(part.requests for part in parts)


def _each(sides: Sequence[Side], around: Breakdown) -> float | None:
    """Return the measure for each request: a mean, also of percentiles, which it only orders."""
    known = [(figure, requests) for figure, requests in sides if figure is not None and requests]
    total = sum(requests for _, requests in known)
    if not total:
        return None
    if around.measure in (BreakdownMeasure.ERROR_RATE, BreakdownMeasure.LATENCY):
        return sum(figure * requests for figure, requests in known) / total
    return sum(figure for figure, _ in known) / total
