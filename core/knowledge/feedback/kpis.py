"""KPIs of feedback, compared with the previous period."""

from core.knowledge.views import FeedbackStats
from core.presentation.comparison import NOT_KNOWN, Kpi, Meaning, kpi, not_compared, of_rate
from core.presentation.formatting import FigureUnit


def feedback_kpis(found: FeedbackStats) -> list[Kpi]:
    """Return KPIs: the share of positive ratings, ratings, and comments."""
    before, counts = found.previous, [float(day.rated) for day in found.days]
    verdict = of_rate((found.positive, found.rated), (before.positive, before.rated), Meaning.GOOD)
    course = [day.ratio for day in found.days]
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
