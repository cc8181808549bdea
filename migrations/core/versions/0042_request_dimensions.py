"""rollups of AI requests by one dimension at a time; a job builds those of stored requests

Revision: 0042, after 0041
"""

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql" / "dimensions.sql"
KEYS = ("environment", "app", "dimension", "value", "provider", "model", "status")
SUMS = (
    *("requests", "unpriced", "input_tokens", "output_tokens", "cached_tokens"),
    *("cache_write_tokens", "reasoning_tokens", "total_tokens", "cost_nano", "latencies"),
    *("latency_ms", "first_tokens", "first_token_ms"),
)
# What is stored by now is in no rollup of these: the job builds it, from the latest day back.
PENDING = """
insert into settings (name, value)
select 'dimensionrollups',
    jsonb_build_object('since', now() + interval '2 days', 'arrived_before', now())
where exists (select from ai_request_metrics)"""


def upgrade() -> None:
    """Apply."""
    op.get_bind().connection.cursor().execute(SQL.read_text())
    op.create_table(
        "ai_dimension_rollups",
        sa.Column("grain", sa.Text(), nullable=False),
        *_columns(),
        sa.CheckConstraint(
            "grain in ('half_hour', 'day')", name=op.f("ck_ai_dimension_rollups_grain")
        ),
        sa.PrimaryKeyConstraint(
            *("grain", "environment", "dimension", "value", "at"),
            *("app", "provider", "model", "status"),
            name=op.f("pk_ai_dimension_rollups"),
        ),
        postgresql_with={"fillfactor": 50},
    )
    op.create_table(
        "ai_dimension_deltas",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        *_columns(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ai_dimension_deltas")),
    )
    op.create_table(
        "ai_dimension_values",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("environment", "dimension", "value")
        ),
        sa.Column("month", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            "environment", "dimension", "month", "value", name=op.f("pk_ai_dimension_values")
        ),
    )
    op.execute(PENDING)


def _columns() -> list[sa.Column[Any]]:
    histograms = ("latency_histogram", "first_token_histogram")
    return [
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in KEYS),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in SUMS),
        *(sa.Column(name, sa.ARRAY(sa.Integer()), nullable=True) for name in histograms),
    ]
