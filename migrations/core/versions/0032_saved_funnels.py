"""saved funnels: any event type is a step, and the workspace's has up to eight

Revision: 0032, after 0031
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

SQL = Path(__file__).parents[1] / "sql" / "funnel_in_use.sql"
FUNNEL = "00000000-0000-7000-8000-000000000001"
VERSION = "00000000-0000-7000-8000-000000000002"
STEPS = (
    "onboarding.register_start",
    "onboarding.register_complete",
    "onboarding.login_success",
    "onboarding.portfolio_complete",
    "chat.session_start",
)
LATER = [*(f"reached_{number}" for number in range(2, 9)), "sample"]
RECEIVED = """
insert into event_types (event_type, first_seen_at)
select event_type, min(at) from (
    select event_type, at from event_rollups union all select event_type, at from event_deltas
) as counted group by event_type order by event_type"""


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "event_types",
        sa.Column("event_type", sa.Text(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("event_type", name=op.f("pk_event_types")),
    )
    op.execute(RECEIVED)
    for name in ("coded_at", "marked_since", "kept_since"):
        op.add_column("funnel_events", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    _create_funnels()
    _create_versions()
    _add_steps()
    op.get_bind().connection.cursor().execute(SQL.read_text())


def _create_funnels() -> None:
    table = op.create_table(
        "funnels",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_workspace", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funnels")),
        sa.UniqueConstraint("name", name=op.f("uq_funnels_name")),
    )
    op.create_index(
        "ix_funnels_workspace",
        "funnels",
        ["is_workspace"],
        unique=True,
        postgresql_where=sa.text("is_workspace"),
    )
    op.bulk_insert(table, [{"id": FUNNEL, "name": "Onboarding", "is_workspace": True}])


def _create_versions() -> None:
    table = op.create_table(
        "funnel_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("funnel_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("window_days", sa.Integer(), nullable=False),
        sa.Column("any_order", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_applied", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["funnel_id"],
            ["funnels.id"],
            name=op.f("fk_funnel_versions_funnel_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funnel_versions")),
    )
    op.create_index(
        "ix_funnel_versions_funnel_id_number",
        "funnel_versions",
        ["funnel_id", "number"],
        unique=True,
    )
    op.create_index(
        "ix_funnel_versions_applied",
        "funnel_versions",
        ["is_applied"],
        unique=True,
        postgresql_where=sa.text("is_applied"),
    )
    steps = [{"label": "", "event_types": [name], "optional": False} for name in STEPS]
    op.bulk_insert(
        table,
        [
            {
                "id": VERSION,
                "funnel_id": FUNNEL,
                "number": 1,
                "steps": steps,
                "window_days": 30,
                "any_order": False,
                "is_applied": True,
            }
        ],
    )


def _add_steps() -> None:
    for number in (6, 7, 8):
        column = sa.Column(f"reached_{number}", sa.DateTime(timezone=True), nullable=True)
        op.add_column("subjects", column)
    conditions = {
        "ix_subjects_reached": "not is_unsure and is_whole",
        "ix_subjects_reached_apart": "not is_unsure and not is_whole",
    }
    for name, condition in conditions.items():
        op.drop_index(name, table_name="subjects")
        op.create_index(
            name,
            "subjects",
            ["environment", "app", "reached_1"],
            unique=False,
            postgresql_include=LATER,
            postgresql_where=sa.text(condition),
        )
