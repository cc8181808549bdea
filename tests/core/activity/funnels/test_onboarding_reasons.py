"""Why a user's event of the missing step does not count."""

from datetime import timedelta

import pytest

from core.activity.queries.funnels.funnel import Funnel, Step
from core.activity.queries.funnels.onboarding_progress import OnboardingProgress
from core.platform import clock


@pytest.mark.parametrize(
    ("any_order", "than"), [(False, "the previous step"), (True, "the conversion window")]
)
def test_an_event_that_came_too_early_is_named_with_what_it_came_before(
    any_order: bool, than: str
) -> None:
    # In any order an event before the previous step counts, so only its window excludes it
    now = clock.now()
    progress = OnboardingProgress(
        Funnel((Step(("start",)), Step(("end",))), any_order=any_order),
        reached=(now - timedelta(days=1), None),
        happened={"end": [now - timedelta(days=40)]},
        last_seen_at=now,
        stuck_after=timedelta(days=3),
        now=now,
    )
    assert f", before {than}, so it doesn't count." in progress.why
