"""rollups of tools by one dimension at a time; a job builds those of stored requests

Revision: 0072, after 0071
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0072"
down_revision = "0071"
branch_labels = None
depends_on = None

KEYS = ("environment", "app", "dimension", "value", "provider", "model", "status", "tool")
SUMS = ("calls", "errors", "durations", "duration_ms")
PENDING = """
insert into settings (name, value)
select 'tooldimensionrollups',
    jsonb_build_object('since', now() + interval '2 days', 'arrived_before', now())
where exists (select from ai_request_metrics) or exists (select from tool_rollups)"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "tool_dimension_rollups",
        sa.Column("grain", sa.Text(), nullable=False),
        *_columns(),
        sa.CheckConstraint(
            "grain in ('half_hour', 'day')", name=op.f("ck_tool_dimension_rollups_grain")
        ),
        sa.PrimaryKeyConstraint(
            *("grain", "environment", "dimension", "value", "at"),
            *("app", "provider", "model", "status", "tool"),
            name=op.f("pk_tool_dimension_rollups"),
        ),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "tool_dimension_deltas",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tool_dimension_deltas")),
    )
    op.execute(PENDING)


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in KEYS),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in SUMS),
        sa.Column("duration_histogram", sa.ARRAY(sa.Integer()), nullable=True),
    ]
