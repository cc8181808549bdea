"""KPIs of feedback, compared with the previous period."""

from core.knowledge.views import FeedbackStats
from core.platform import clock
from core.presentation.comparison import NOT_KNOWN, Kpi, Meaning, kpi, not_compared, of_rate
from core.presentation.formatting import FigureUnit
from core.presentation.periods import day_of, midnight


def feedback_kpis(found: FeedbackStats, *, zone: str) -> list[Kpi]:
    """Return KPIs: the share of positive ratings, ratings, and comments."""
    # A day that is not over would look like a fall
    today = midnight(day_of(clock.now(), zone), zone)
    days = [day for day in found.days if day.at < today]
    before, counts = found.previous, [float(day.rated) for day in days]
    verdict = of_rate((found.positive, found.rated), (before.positive, before.rated), Meaning.GOOD)
    course = [day.ratio for day in days]
    kpis = [
        kpi("positive", "Positive", FigureUnit.SHARE, (found.ratio, before.ratio), verdict, course),
        kpi("rated", "Ratings", FigureUnit.COUNT, (found.rated, before.rated), NOT_KNOWN, counts),
        kpi(
            "comments",
            "Commented",
            FigureUnit.COUNT,
            (found.with_comment, before.with_comment),
            NOT_KNOWN,
            [],
        ),
        kpi(
            "edits", "Edited", FigureUnit.COUNT, (found.with_edit, before.with_edit), NOT_KNOWN, []
        ),
    ]
    # What retention has partly removed is not compared (docs/decisions/0018)
    return kpis if found.is_previous_whole else [not_compared(each) for each in kpis]
