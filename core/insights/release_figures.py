"""Two releases side by side."""

from collections.abc import Mapping, Sequence

from core.identity.schemas import View
from core.presentation.comparison import Kpi

AppsByRelease = Mapping[str, Sequence[str]]


class ReleaseComparison(View):
    """The figures of two releases in the same period; the earlier one is `before` in each.

    `releases` are those with requests, in the order in which they were first seen, and `apps` those
    that have each: releases of different apps are compared only on request. A verdict says
    whether 95% intervals show a difference; quality is absent where a filter applies that feedback,
    annotations and scores do not know.
    """

    releases: list[str]
    apps: dict[str, list[str]]
    earlier: str
    later: str
    items: list[Kpi]


def default_later(releases: Sequence[str], earlier: str, apps: AppsByRelease) -> str:
    """Return the latest of two or more releases that is not the earlier one, of its apps if it
    can be.
    """
    among = _of_the_same_apps(releases, earlier, apps) if earlier in releases else releases
    return next(name for name in reversed(among) if name != earlier)


def default_earlier(releases: Sequence[str], later: str, apps: AppsByRelease) -> str:
    """Return the release just before another one, of its apps if it can be; before the first, the
    one after it.
    """
    among = _of_the_same_apps(releases, later, apps)
    return among[(among.index(later) - 1) if later != among[0] else 1]


def _of_the_same_apps(releases: Sequence[str], one: str, apps: AppsByRelease) -> Sequence[str]:
    own = set(apps.get(one, ()))
    found = [name for name in releases if name == one or own & set(apps.get(name, ()))]
    return found if len(found) > 1 else releases
