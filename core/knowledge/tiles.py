"""The key figures of feedback, each beside as much of the period before."""

from core.knowledge.answers import FeedbackStats
from core.presentation.comparison import NOT_KNOWN, Meaning, Tile, of_level, of_rate, tile
from core.presentation.words import Unit


def feedback_tiles(found: FeedbackStats) -> list[Tile]:
    """Return the share of positive ratings, how many there were, and with what."""
    before, counts = found.previous, [float(day.rated) for day in found.days]
    verdict = of_rate((found.positive, found.rated), (before.positive, before.rated), Meaning.GOOD)
    level = of_level(counts, [], Meaning.NEITHER)
    course = [day.ratio for day in found.days]
    return [
        tile("positive", "Positive", Unit.SHARE, (found.ratio, before.ratio), verdict, course),
        tile("rated", "Ratings", Unit.COUNT, (found.rated, before.rated), level, counts),
        tile("comments", "Commented", Unit.COUNT, (found.with_comment, before.with_comment), NOT_KNOWN, []),
        tile("edits", "Edited", Unit.COUNT, (found.with_edit, before.with_edit), NOT_KNOWN, []),
    ]
