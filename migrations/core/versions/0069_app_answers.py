"""evaluations of API keys, results that wait for answers of own apps, and answers to turns

Revision: 0069, after 0068
"""

import sqlalchemy as sa
from alembic import op

revision = "0069"
down_revision = "0068"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.alter_column("evaluation_tests", "owner", nullable=True)
    op.add_column("evaluation_tests", sa.Column("key_id", sa.Uuid(), nullable=True))
    op.add_column(
        "evaluation_tests",
        sa.Column("waiting", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )
    op.create_foreign_key(
        op.f("fk_evaluation_tests_key_id_api_keys"),
        "evaluation_tests",
        "api_keys",
        ["key_id"],
        ["id"],
        ondelete="SET NULL",
    )
    op.create_index(
        "ix_evaluation_tests_key_id",
        "evaluation_tests",
        ["key_id"],
        postgresql_where=sa.text("key_id is not null"),
    )
    op.add_column("evaluation_results", sa.Column("earlier", sa.LargeBinary(), nullable=True))
    status = op.f("ck_evaluation_results_status")
    op.drop_constraint(status, "evaluation_results", type_="check")
    op.create_check_constraint(
        status,
        "evaluation_results",
        "status in ('waiting', 'pending', 'running', 'answered', 'completed', 'failed')",
    )
    op.create_index(
        "ix_evaluation_results_waiting",
        "evaluation_results",
        ["evaluation_id", "position", "run", "target"],
        postgresql_where=sa.text("status = 'waiting'"),
    )
