"""The last batch runs on the Overview."""

from core.batches import charts as batch_charts
from core.batches.queries import batch_runs, outcomes
from core.database.paging import Window
from core.presentation import formatting
from pages._ui import charts, errors, links, watch
from pages._ui.cache import Reads
from pages._ui.charts import Point
from pages._ui.filters import filter_state
from pages._ui.filters.selection import Filters
from pages.watch.overview import overview_panels


@errors.part("Batch runs")
def draw(reads: Reads, chosen: Filters, page: str) -> None:
    """Draw the last runs of the period; a click opens one."""
    runs = reads.ask(batch_runs.list_runs, chosen.runs, window=Window(outcomes.STRIP))
    if not runs:
        watch.panel("Batch runs", "no runs in this period")
        return

    def opened(point: Point) -> None:
        run = runs[len(runs) - 1 - point.number].batch_run_id
        links.go("batch-history", run=run, **filter_state.shared())

    note = f"{formatting.latest(len(runs), 'run')} · {charts.run_legend()}"
    with watch.panel("Batch runs", note):
        places = max(len(runs), overview_panels.FEWEST_PLACES)
        drawn = batch_charts.strip(charts.palette(), runs, chosen.period.zone, places=places)
        charts.show(drawn, f"{page}.runs", on_pick=opened)
