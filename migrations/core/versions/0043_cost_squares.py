"""what costs vary by, in rollups of AI requests: priced requests, and squares of their costs

The job of 0042 builds it, with all rollups by dimension again: those of rows that retention has
dropped since 0042 are lost.

Revision: 0043, after 0042
"""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

IN_TOTAL = ("ai_request_rollups", "ai_request_deltas")
BY_DIMENSION = ("ai_dimension_rollups", "ai_dimension_deltas")
PENDING = """
insert into settings (name, value)
select 'dimensionrollups',
    jsonb_build_object('since', now() + interval '2 days', 'arrived_before', now())
where exists (select from ai_request_metrics) or exists (select from ai_request_rollups)
on conflict (name) do update set value = excluded.value"""


def upgrade() -> None:
    """Apply."""
    for table in (*BY_DIMENSION, "ai_dimension_values"):
        op.execute(f"truncate {table}")
    for table in (*IN_TOTAL, *BY_DIMENSION):
        for name, kind in (("priced", sa.BigInteger()), ("cost_squares", sa.Numeric(40, 0))):
            op.add_column(table, sa.Column(name, kind, server_default="0", nullable=False))
    op.execute(PENDING)
