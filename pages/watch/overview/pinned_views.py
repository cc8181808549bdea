"""Cards of saved views on the Overview: each has one figure of its page, for its filters."""

from core.database.db import Database, transaction
from core.errors import Invalid
from core.insights.view_figures import period_of, read_figures
from core.presentation.comparison import ChangeVerdict, Kpi
from core.presentation.formatting import FigureUnit
from core.saved_views import queries
from core.saved_views.schemas import SavedViewDetails, ViewPage
from core.system import workspace
from pages._ui import errors, guard, kpis, links, text, watch
from pages._ui.cache import Reads


@errors.part("Pinned views")
def draw(reads: Reads) -> None:
    """Draw a card for each pinned view, if there are any."""
    with guard.work() as (session, actor):
        views = {f"view-{view.id}": view for view in queries.list_pinned(session, actor=actor)}
    if not views:
        return

    def lead(card: Kpi) -> None:
        view = views[card.name]
        label = figures[card.name].label
        links.draw_to(view.page.address, label, view.parameters, icon="arrow_forward")

    figures = {name: read_figure(reads, view) for name, view in views.items()}
    cards = [
        figure.model_copy(update={"name": name, "label": text.plain(views[name].name)})
        for name, figure in figures.items()
    ]
    with watch.panel("Pinned views", "by their own filters and periods"):
        kpis.draw(cards, below=lead, places=4)


def read_figure(reads: Reads, view: SavedViewDetails) -> Kpi:
    """Return the figure of a view's card; without a value where its filters are no longer valid."""
    try:
        asked = view.page, view.query, period_of(view.query, workspace.zone())
        if view.page is not ViewPage.ANNOTATIONS:
            return _chosen(view, reads.ask_both(read_figures, *asked))
        # Not from the cache: who may see an annotation differs between reviewers
        with guard.work() as (core, actor), transaction(Database.AI) as ai:
            return _chosen(view, read_figures(core, ai, *asked, actor=actor))
    except Invalid:
        return Kpi(
            name="invalid",
            label="Filters no longer valid",
            unit=FigureUnit.COUNT,
            value=None,
            before=None,
            verdict=ChangeVerdict.UNKNOWN,
            course=[],
        )


def _chosen(view: SavedViewDetails, figures: list[Kpi]) -> Kpi:
    """Return the figure that the view names, or the main one where its filters leave that out."""
    return next((each for each in figures if each.name == view.figure), figures[0])
