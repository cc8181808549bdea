"""evaluation_tests, evaluation_cases and evaluation_results; a rate limit of starting evaluations

Revision: 0068, after 0067
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0068"
down_revision = "0067"
branch_labels = None
depends_on = None

JSON = postgresql.JSONB(none_as_null=True)
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "evaluation_tests",
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("definition", sa.LargeBinary(), nullable=False),
        sa.Column("dataset_id", sa.Uuid(), nullable=True),
        sa.Column("dataset_version", sa.Integer(), nullable=True),
        sa.Column("baseline_id", sa.Uuid(), nullable=True),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("runs", sa.SmallInteger(), nullable=False),
        sa.Column("cases", sa.Integer(), nullable=False),
        sa.Column("targets", sa.SmallInteger(), nullable=False),
        sa.Column("done", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cost_limit_usd", sa.Numeric(14, 8), nullable=True),
        sa.Column("spent_usd", sa.Numeric(14, 8), server_default=sa.text("0"), nullable=False),
        sa.Column("unpriced", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.LargeBinary(), nullable=True),
        sa.Column("summary", JSON, nullable=True),
        sa.Column("worker", sa.Uuid(), nullable=True),
        sa.Column("alive_at", TIME, nullable=False),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", TIME, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "status in ('pending', 'running', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_evaluation_tests_status"),
        ),
        sa.ForeignKeyConstraint(
            ["owner"],
            ["admin_users.id"],
            name=op.f("fk_evaluation_tests_owner_admin_users"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["baseline_id"],
            ["evaluation_tests.id"],
            name=op.f("fk_evaluation_tests_baseline_id_evaluation_tests"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_tests")),
    )
    op.create_index(
        op.f("ix_evaluation_tests_owner_created_at"), "evaluation_tests", ["owner", "created_at"]
    )
    op.create_index(
        "ix_evaluation_tests_going_on",
        "evaluation_tests",
        ["alive_at"],
        postgresql_where=sa.text("status in ('pending', 'running')"),
    )
    op.create_table(
        "evaluation_cases",
        sa.Column("evaluation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("case_id", sa.Uuid(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("tags", sa.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["evaluation_tests.id"],
            name=op.f("fk_evaluation_cases_evaluation_id_evaluation_tests"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_cases")),
        sa.UniqueConstraint(
            "evaluation_id", "position", name=op.f("uq_evaluation_cases_evaluation_id_position")
        ),
    )
    op.create_table(
        "evaluation_results",
        sa.Column("evaluation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("target", sa.SmallInteger(), nullable=False),
        sa.Column("run", sa.SmallInteger(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("worker", sa.Uuid(), nullable=True),
        sa.Column("execution_id", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("scores", sa.LargeBinary(), nullable=True),
        sa.Column("checks", sa.ARRAY(sa.SmallInteger()), nullable=True),
        sa.Column("passed", sa.Boolean(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("latency_ms", sa.Integer(), nullable=True),
        sa.Column("cost_usd", sa.Numeric(14, 8), nullable=True),
        sa.Column("scoring_usd", sa.Numeric(14, 8), nullable=True),
        sa.Column("finished_at", TIME, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "status in ('pending', 'running', 'answered', 'completed', 'failed')",
            name=op.f("ck_evaluation_results_status"),
        ),
        sa.ForeignKeyConstraint(
            ["evaluation_id"],
            ["evaluation_tests.id"],
            name=op.f("fk_evaluation_results_evaluation_id_evaluation_tests"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluation_results")),
        sa.UniqueConstraint(
            "evaluation_id",
            "position",
            "target",
            "run",
            name=op.f("uq_evaluation_results_evaluation_id_position_target_run"),
        ),
    )
    op.create_index(
        "ix_evaluation_results_open",
        "evaluation_results",
        ["evaluation_id", "position", "run", "target"],
        postgresql_where=sa.text("status in ('pending', 'answered')"),
    )
    op.create_index(
        "ix_evaluation_results_claimed",
        "evaluation_results",
        ["evaluation_id"],
        postgresql_where=sa.text("status = 'running'"),
    )
    name = op.f("ck_rate_limit_windows_kind")
    op.drop_constraint(name, "rate_limit_windows", type_="check")
    op.create_check_constraint(
        name, "rate_limit_windows", "kind in ('standard', 'streaming', 'evaluation')"
    )
