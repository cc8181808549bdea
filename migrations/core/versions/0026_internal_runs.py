"""runs of Attune's own jobs are marked, and daily metrics of before lose them

Revision: 0026, after 0025
"""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

MARKED = """
update batch_run_history set is_internal = true
where batch_job in ('attune.daily', 'attune.reprice') and app = 'attune'"""
# The daily job writes the last 31 days again by itself; what is older is put right here, where it can be for good.
LESS = """
with internal as (
    select date, metric_type, dimensions - 'batch_job' as dimensions, sum(metric_value) as less from daily_metrics
    where dimensions ->> 'batch_job' in ('attune.daily', 'attune.reprice')
        and metric_type in ('batch_runs', 'batch_completed', 'batch_failed')
    group by 1, 2, 3
)
update daily_metrics as daily set metric_value = metric_value - less from internal
where (daily.date, daily.metric_type, daily.dimensions) = (internal.date, internal.metric_type, internal.dimensions)"""
GONE = "delete from daily_metrics where dimensions ->> 'batch_job' in ('attune.daily', 'attune.reprice')"
NO_RUNS = """
delete from daily_metrics as daily using daily_metrics as runs
where (runs.date, runs.dimensions, runs.metric_type) = (daily.date, daily.dimensions, 'batch_runs') and runs.metric_value = 0
    and daily.metric_type in ('batch_runs', 'batch_completed', 'batch_failed', 'batch_success')"""
RATES = """
update daily_metrics as daily set metric_value = good.metric_value / nullif(good.metric_value + bad.metric_value, 0)
from daily_metrics as good, daily_metrics as bad
where daily.metric_type = 'batch_success' and not daily.dimensions ? 'batch_job'
    and (good.date, good.dimensions, good.metric_type) = (daily.date, daily.dimensions, 'batch_completed')
    and (bad.date, bad.dimensions, bad.metric_type) = (daily.date, daily.dimensions, 'batch_failed')
    and good.metric_value + bad.metric_value > 0"""


def upgrade() -> None:
    """Apply."""
    op.add_column("batch_run_history", sa.Column("is_internal", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    for statement in (MARKED, LESS, GONE, NO_RUNS, RATES):
        op.execute(statement)
