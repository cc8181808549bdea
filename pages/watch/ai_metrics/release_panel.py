"""Two releases side by side: whether one is slower, dearer or worse than the other."""

from collections.abc import Sequence

import streamlit as st

from core.insights.queries.releases.release_comparison import compare_releases
from core.presentation import formatting
from core.presentation.change_texts import change
from core.presentation.comparison import ChangeVerdict, Kpi
from pages._ui import columns, errors, tables, text, watch
from pages._ui.cache import Reads
from pages._ui.filters.filter_state import key_of
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
    """Draw the last two releases, or the chosen ones, if the period has two."""
    earlier, later = (chosen[name] or "" for name in OWN)
    found = reads.ask_both(compare_releases, chosen.asked, earlier, later)
    if found is None:
        return
    with watch.panel("Releases compared", "requests of this period, each by its release"):
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
            _choose("earlier", "Release", found.releases, f"Previous ({found.earlier})")
            _choose("later", "Compared with", found.releases, f"Latest ({found.later})")
        shown: Sequence[TableColumn[Kpi]] = [
            columns.text("Figure", lambda row: row.label),
            columns.text(found.earlier, lambda row: formatting.figure(row.before, row.unit)),
            columns.text(found.later, lambda row: formatting.figure(row.value, row.unit)),
            columns.text("Difference", change),
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


def _choose(name: str, label: str, releases: Sequence[str], default: str) -> None:
    st.selectbox(
        label,
        ["", *releases],
        key=key_of(PAGE, name),
        format_func=lambda release: release or default,
        width=220,
    )
