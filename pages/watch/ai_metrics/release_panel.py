"""Two releases side by side: whether one is slower, more expensive or worse than the other."""

from collections.abc import Sequence

import streamlit as st

from core.insights.queries.releases.release_comparison import compare_releases
from core.insights.release_figures import ReleaseComparison, default_earlier, default_later
from core.presentation import formatting
from core.presentation.change_texts import change
from core.presentation.comparison import ChangeVerdict, Kpi
from pages._ui import columns, errors, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages._ui.tables import TableColumn

PAGE = "ai-metrics"
OWN = ("earlier", "later")
VERDICTS = {
    ChangeVerdict.WORSE: "Worse",
    ChangeVerdict.BETTER: "Better",
    ChangeVerdict.DIFFERENT: "Different",
    ChangeVerdict.NOISE: "Not significant",
}
COLOURS = {"Worse": "orange", "Better": "green", "Different": "blue", "Not significant": "gray"}


@errors.part("Releases")
def draw(reads: Reads, chosen: Filters) -> None:
    """Draw the latest release and the one before, or the chosen ones, if the period has two."""
    earlier, later = (chosen[name] or "" for name in OWN)
    found = reads.ask_both(compare_releases, chosen.asked, earlier, later)
    if found is None:
        return
    with watch.panel("Releases compared", "requests of this period, each by its release"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            _choose_both(found, earlier, later)
        shown: Sequence[TableColumn[Kpi]] = [
            columns.text("Figure", lambda row: row.label),
            columns.figure(found.earlier, lambda row: formatting.figure(row.before, row.unit)),
            columns.figure(found.later, lambda row: formatting.figure(row.value, row.unit)),
            columns.figure("Difference", change),
            columns.chip(
                "Verdict",
                lambda row: VERDICTS.get(row.verdict),
                COLOURS,
                width=130,
                help="By 95% intervals; empty where there are too few cases, or no interval",
            ),
        ]
        alt = text.plain(f"{found.later} compared with {found.earlier}")
        tables.draw(found.items, shown, alt, key=f"{PAGE}.releases")
        watch.say_deleted_ratings(reads, chosen)


def _choose_both(found: ReleaseComparison, earlier: str, later: str) -> None:
    """Draw the choice of both; neither offers the release that is chosen as the other."""
    usual = default_earlier(found.releases, found.later, found.apps)
    is_before = found.releases.index(usual) < found.releases.index(found.later)
    default = f"{'Previous' if is_before else 'Next'} ({usual})"
    _choose("earlier", "Baseline", _without(found.releases, later), default)
    baseline = earlier if earlier == found.earlier else ""
    default = f"Latest ({default_later(found.releases, baseline, found.apps)})"
    _choose("later", "Compared release", _without(found.releases, baseline), default)


def _without(releases: Sequence[str], chosen: str) -> list[str]:
    return [each for each in releases if each != chosen]


def _choose(name: str, label: str, releases: Sequence[str], default: str) -> None:
    """Draw a choice that is in the address; a release that is not offered becomes the default."""
    if filter_state.value_of(PAGE, name) not in releases:
        filter_state.put(PAGE, **{name: ""})
    st.selectbox(
        label,
        ["", *releases],
        key=filter_state.key_of(PAGE, name),
        format_func=lambda release: release or default,
        width=220,
    )
