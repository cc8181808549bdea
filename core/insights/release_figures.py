"""Two releases side by side."""

from collections.abc import Sequence

from core.identity.schemas import View
from core.presentation.comparison import Kpi


class ReleaseComparison(View):
    """The figures of two releases in the same period; the earlier one is `before` in each.

    `releases` are those with requests, in the order in which they were first seen. A verdict says
    whether 95% intervals show a difference; quality is absent where a filter applies that feedback,
    annotations and scores do not know.
    """

    releases: list[str]
    earlier: str
    later: str
    items: list[Kpi]


def default_later(releases: Sequence[str], earlier: str) -> str:
    """Return the latest of two or more releases that is not the earlier one."""
    return next(name for name in reversed(releases) if name != earlier)


def default_earlier(releases: Sequence[str], later: str) -> str:
    """Return the release just before another one; before the first, the one after it."""
    return releases[(releases.index(later) - 1) if later != releases[0] else 1]
