"""What every figure of the small week is: worked out with a pencil, once for each of two reporting
zones.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from core.presentation.periods import Period
from tests.watch.week import NEW_YORK


@dataclass(frozen=True)
class Answers:
    """What the figures of the week are in one zone. Lists by day go from Monday to Sunday; lists by
    step from the first on.
    """

    period: Period
    users: tuple[int, int]  # there, and there for the first time
    users_before: tuple[int, int]
    users_of_web: tuple[int, int]
    funnel: list[int]
    funnel_before: list[int]
    funnel_of_web: list[int]
    # From the step before, at half and at nine tenths, interpolated
    took_s: list[tuple[float, float] | None]
    begun_by_day: list[int]
    events_by_day: list[int]
    requests_by_day: list[int]
    failed_by_day: list[int]
    dollars_by_day: list[str]
    p95_by_day: list[int | None]
    summary: dict[str, Any]
    before: dict[str, Any]
    percentiles: dict[str, int]
    first_token: dict[str, int]
    # Requests, errors, dollars; those of b do not depend on the zone
    of_model_a: tuple[int, int, str]
    of_web: tuple[int, str]
    runs_by_day: list[int]
    rated: tuple[int, int]  # all, and the good ones
    rated_before: tuple[int, int]


IN_UTC = Answers(
    period=Period(datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 9, tzinfo=UTC), "UTC"),
    users=(8, 7),  # ann bob cat dan fay gus hal jan; gus is not new
    users_before=(1, 1),  # gus
    users_of_web=(8, 7),  # all of them have been there, cat, dan and bob too
    # Ann bob cat dan fay and the visit; without cat and the visit; ann bob fay; ann
    funnel=[6, 4, 3, 1, 1],
    funnel_before=[1, 1, 1, 1, 1],  # gus
    funnel_of_web=[6, 3, 3, 1, 1],  # without dan's second step
    # 60 (fay) 120 (ann) 300 (bob) 120,600 (dan); 120 180 300; ann's 10 minutes, and her 15 h 45 min
    took_s=[None, (210, 84_510), (180, 276), (600, 600), (56_700, 56_700)],
    begun_by_day=[2, 2, 1, 0, 1, 0, 0],  # ann fay | bob dan | cat | | visit
    events_by_day=[7, 6, 4, 0, 3, 2, 0],
    requests_by_day=[4, 3, 3, 0, 3, 2, 0],
    failed_by_day=[1, 0, 2, 0, 0, 2, 0],
    dollars_by_day=["0.006", "0.009", "0.01", "0", "0.026", "0", "0"],
    p95_by_day=[1000, 500, 600, None, 800, 30_000, None],
    summary={
        "total_requests": 15,
        "pending_requests": 2,
        "error_count": 5,
        "error_rate": 5 / 13,  # of those that have ended
        "input_tokens": 370,
        "output_tokens": 180,
        "total_tokens": 550,
        "cost_usd": Decimal("0.051"),
        # The one that was late with tokens; the other four have none to be paid
        "unpriced_requests": 1,
        # 54,650 / 12: one failed without a time, and what is pending has none
        "avg_latency_ms": 4554,
        "p50_latency_ms": 500,  # the 6th of 12
        "p95_latency_ms": 30_000,  # the 12th
        "p99_latency_ms": 30_000,
        "avg_first_token_ms": 107,  # 750 / 7
    },
    before={
        "total_requests": 2,
        "error_count": 1,
        "error_rate": 0.5,
        "cost_usd": Decimal("0.002"),
        "p50_latency_ms": 250,
    },
    percentiles={
        "requests": 12,
        "p50": 500,
        "p75": 800,
        "p90": 20_000,
        "p95": 30_000,
        "p99": 30_000,
    },
    first_token={"requests": 7, "p50": 100, "p75": 140, "p90": 200, "p95": 200, "p99": 200},
    of_model_a=(8, 0, "0.021"),
    of_web=(10, "0.036"),
    runs_by_day=[0, 1, 1, 0, 0, 1, 0],
    rated=(5, 3),
    rated_before=(0, 0),
)
# The figures that the four moves change; the others are those of UTC.
IN_NEW_YORK = Answers(
    period=Period(
        datetime(2026, 3, 2, 5, tzinfo=UTC), datetime(2026, 3, 9, 4, tzinfo=UTC), NEW_YORK
    ),
    users=(8, 7),  # eve instead of fay
    users_before=(2, 2),  # gus fay
    users_of_web=(8, 7),
    # Ann bob cat dan eve and the visit; without cat and the visit; ann bob; ann
    funnel=[6, 4, 2, 1, 1],
    funnel_before=[2, 2, 2, 1, 1],  # gus fay
    funnel_of_web=[6, 3, 2, 1, 1],
    # Eve's 23,400 instead of fay's 60; 180 300
    took_s=[None, (11_850, 91_440), (240, 288), (600, 600), (56_700, 56_700)],
    begun_by_day=[2, 1, 1, 0, 1, 0, 1],  # ann dan | bob | cat | | visit | | eve
    events_by_day=[6, 4, 4, 0, 3, 2, 1],
    requests_by_day=[4, 2, 3, 0, 3, 2, 1],
    failed_by_day=[1, 0, 2, 0, 0, 2, 0],
    dollars_by_day=["0.009", "0.005", "0.01", "0", "0.026", "0", "0.007"],
    p95_by_day=[1000, 500, 600, None, 800, 30_000, 900],
    summary=IN_UTC.summary
    | {
        "input_tokens": 450,
        "output_tokens": 185,
        "total_tokens": 635,
        "cost_usd": Decimal("0.057"),
        "avg_latency_ms": 4621,  # 55,450 / 12: 900 instead of 100
        "p50_latency_ms": 600,
        "avg_first_token_ms": 121,  # 850 / 7
    },
    before=IN_UTC.before | {"total_requests": 3, "error_rate": 1 / 3, "cost_usd": Decimal("0.003")},
    percentiles=IN_UTC.percentiles | {"p50": 600, "p75": 900},
    first_token=IN_UTC.first_token | {"p50": 120, "p75": 150},
    of_model_a=(8, 0, "0.027"),
    of_web=(10, "0.042"),
    runs_by_day=[1, 0, 1, 0, 1, 0, 0],
    rated=(4, 2),
    rated_before=(1, 1),
)
OF_MODEL_B = (7, 5, "0.03")
OF_PHONE = (5, "0.015")
USERS_OF_PHONE = (3, 3)  # bob by his requests, cat, dan
# Of everybody in production, whenever he came: how far, and how it stands on the 20th.
STATES = {
    "ann": ("completed", 5),
    "bob": ("stuck", 3),
    "cat": ("stuck", 1),
    "dan": ("stuck", 2),
    "eve": ("stuck", 2),
    "fay": ("stuck", 3),
    "gus": ("completed", 5),
    "hal": ("stuck", 0),
    "jan": ("in_progress", 0),
    "old": ("dropped", 2),
}
# By code: how often, of how many, how many of them got through later. Only bob did; who visited is
# a person, too.
ERRORS = {"E1": (3, 2, 1), "": (1, 1, 0)}
KINDS_OF_FAILURES = {"timeout": 3, "rate_limit": 2}
