"""Two releases side by side."""

from core.identity.schemas import View
from core.presentation.comparison import Kpi


class ReleaseComparison(View):
    """The figures of two releases in the same period; the earlier one is `before` in each.

    `releases` are those with requests, in the order of their first request. A verdict says whether
    95% intervals show a difference; quality is absent where a filter applies that feedback,
    annotations and scores do not know.
    """

    releases: list[str]
    earlier: str
    later: str
    items: list[Kpi]
