"""Scores whose labels are of many kinds are drawn: the most frequent ones, each in a colour."""

import pytest

from core.database.db import transaction
from core.identity.schemas import Role
from core.platform import clock
from core.presentation.periods import Watched, last_days
from core.scores import charts
from core.scores.queries.score_figures import score_stats
from core.scores.views import ScoreFilter
from tests.factories.history import scored
from tests.factories.identity import person
from tests.factories.palettes import PALETTE

pytestmark = pytest.mark.usefixtures("database")


@pytest.mark.parametrize("count", [1, 6, 7, 20])
def test_a_name_with_any_number_of_labels_is_drawn(count: int) -> None:
    # The chart has six colours: a seventh label was an IndexError
    now = clock.now()
    for number in range(count):
        scored(f"c{number}", None, now, name="intent", label=f"intent {number:02}")
    with transaction() as session:
        found = score_stats(
            session,
            ScoreFilter(),
            last_days(1, zone="UTC"),
            Watched(),
            actor=person(Role.ANALYST).actor,
        )
    [intent] = found.names
    assert intent.scores == count
    chart = charts.trend(PALETTE, intent, "UTC")
    drawn = [bars["name"] for bars in chart.figure.data]
    assert drawn == [share.label for share in intent.labels]
