"""The product whose rows the bench loads: its event types, its funnel and its scores."""

from uuid import UUID

from sqlalchemy import text

from core.activity.ingest.event_codes import event_types
from core.activity.queries.funnels.funnel import Funnel, Step
from core.activity.schemas import NewEvent
from core.activity.service import apply_funnel, saved_funnels
from core.database.db import transaction
from core.identity.schemas import Actor, Caller, Role

# How often each comes, of all events.
FREQUENCIES = {
    "board.viewed": 0.3,
    "card.opened": 0.15,
    "chat.message": 0.13,
    "trial.started": 0.07,
    "trial.confirmed": 0.06,
    "account.joined": 0.09,
    "account.join_error": 0.02,
    "board.created": 0.05,
    "card.created": 0.03,
    "card.create_error": 0.01,
    "member.invited": 0.06,
    "plan.chosen": 0.03,
}
STEPS = ("trial.started", "trial.confirmed", "account.joined", "board.created", "card.created")
# It begins elsewhere than the saved funnel: no index on when that was reached helps.
OTHER = "account.joined,board.created,card.created,member.invited,plan.chosen"
WATCHER = Actor(UUID(int=0), "bench@localhost", "bench", Role.SUPER_ADMIN, None, Caller())
SCORES = """
insert into message_scores (id, subject_kind, subject_id, conversation_id, user_id, name, value,
    label, source, evaluator, environment, app, release, created_at)
select md5('score' || id)::uuid, 'ai_request', id, conversation_id, user_id,
    (array['correctness', 'tone'])[1 + picked % 2], picked % 101 / 100.0,
    case when picked % 101 < 50 then 'poor' else 'good' end,
    (array['judge', 'person', 'rule'])[1 + picked % 3], 'bench', environment, app, release,
    created_at + interval '1 minute'
from (select *, abs(hashtext(id::text) / 50) as picked from ai_request_metrics
    where hashtext(id::text) % 50 = 0) as scored
on conflict do nothing"""


def frequencies() -> str:
    """Return SQL that picks an event type by `b`, which is between 0 and 1."""
    bounds = [f"{sum(list(FREQUENCIES.values())[:number]):.2f}" for number in range(12)]
    names = ", ".join(f"'{name}'" for name in FREQUENCIES)
    return f"(array[{names}])[width_bucket(b, array[{', '.join(bounds)}])]"


def prepare() -> None:
    """Register the event types and make the product's funnel the workspace's."""
    funnel = Funnel(tuple(Step((name,)) for name in STEPS))
    with transaction() as session:
        event_types.register(session, [NewEvent(event_type=name) for name in FREQUENCIES])
    wanted = saved_funnels.definition_of("Trial", funnel, is_workspace=True)
    with transaction() as session:
        present = saved_funnels.list_funnels(session, actor=WATCHER)[0]
        saved_funnels.change_funnel(session, present.id, wanted, actor=WATCHER)
    apply_funnel.prepare_funnels()


def score_requests() -> None:
    """Give every fiftieth AI request a score."""
    with transaction() as session:
        session.execute(text("select set_config('statement_timeout', '0', true)"))
        session.execute(text(SCORES))
