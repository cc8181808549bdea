"""Key figures of feedback, compared with the previous period."""

from core.knowledge.views import FeedbackStats
from core.presentation.comparison import NOT_KNOWN, Meaning, Tile, of_level, of_rate, tile
from core.presentation.formatting import FigureUnit


def feedback_tiles(found: FeedbackStats) -> list[Tile]:
    """Return key figures: the share of positive ratings, ratings, and comments."""
    before, counts = found.previous, [float(day.rated) for day in found.days]
    verdict = of_rate((found.positive, found.rated), (before.positive, before.rated), Meaning.GOOD)
    level = of_level(counts, [], Meaning.NEITHER)
    course = [day.ratio for day in found.days]
    return [
        tile(
            "positive", "Positive", FigureUnit.SHARE, (found.ratio, before.ratio), verdict, course
        ),
        tile("rated", "Ratings", FigureUnit.COUNT, (found.rated, before.rated), level, counts),
        tile(
            "comments",
            "Commented",
            FigureUnit.COUNT,
            (found.with_comment, before.with_comment),
            NOT_KNOWN,
            [],
        ),
        tile(
            "edits", "Edited", FigureUnit.COUNT, (found.with_edit, before.with_edit), NOT_KNOWN, []
        ),
    ]
