"""prompts and experiments as senders name them

Revision: 0035, after 0034
"""

from pathlib import Path

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

TEXTS = ("prompt_name", "prompt_version", "prompt_label", "experiment_key")


def upgrade() -> None:
    """Apply."""
    op.get_bind().connection.cursor().execute(
        (Path(__file__).parents[1] / "sql" / "prompts.sql").read_text()
    )
    for table, names in (
        ("ai_request_metrics", TEXTS),
        ("messages", (*TEXTS, "experiment_arm")),
    ):
        for name in names:
            op.add_column(table, sa.Column(name, sa.Text(), nullable=True))
    for name in ("prompt_versions", "experiment_arms"):
        column: sa.Column[list[str]] = sa.Column(
            name, sa.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        )
        op.add_column("conversations", column)
    keys = [
        sa.Column(name, sa.Text(), nullable=False)
        for name in ("environment", "app", "dimension", "value")
    ]
    op.create_table(
        "dimension_values",
        *keys,
        sa.Column("import_id", sa.Uuid(), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint(
            *(column.name for column in keys), "import_id", name=op.f("pk_dimension_values")
        ),
    )
