"""The workspace's funnel as it is before anybody changes it."""

from core.activity.queries.funnels import funnel
from core.activity.queries.funnels.funnel import STEPS, Funnel, Step
from core.activity.schemas import SavedFunnelView
from core.activity.service import apply_funnel, saved_funnels
from core.database.db import transaction
from core.identity.schemas import Actor

ONBOARDING = tuple(Step((name,)) for name in STEPS)
SAVED = Funnel(ONBOARDING)


def read(steps: str | None, window_days: int = 30, *, any_order: bool = False) -> Funnel:
    """Return a funnel, of the steps of onboarding where none are given."""
    return funnel.read(steps or ",".join(STEPS), window_days, any_order=any_order)


def use(wanted: Funnel, actor: Actor) -> SavedFunnelView:
    """Make a funnel the workspace's, and let the job prepare and apply it."""
    wanted_as = saved_funnels.definition_of("Onboarding", wanted, is_workspace=True)
    with transaction() as session:
        present = saved_funnels.list_funnels(session, actor=actor)[0]
        saved_funnels.change_funnel(session, present.id, wanted_as, actor=actor)
    apply_funnel.prepare_funnels()
    with transaction() as session:
        return saved_funnels.get_funnel(session, present.id, actor=actor)
