"""saved views: a page's filters under a name

Revision: 0039, after 0038
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

PAGES = (
    "overview",
    "users",
    "onboarding",
    "ai-metrics",
    "batch-history",
    "conversations",
    "annotations",
    "documents",
    "memories",
    "feedback",
)
MOMENTS, FLAGS = ("created_at", "updated_at"), ("is_shared", "is_pinned", "in_digest")


def upgrade() -> None:
    """Apply."""
    now, no = sa.text("now()"), sa.text("false")
    times = (sa.DateTime(timezone=True) for _ in MOMENTS)
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column(
            "admin_user_id",
            sa.Uuid(),
            sa.ForeignKey(
                "admin_users.id", ondelete="CASCADE", name="fk_saved_views_admin_user_id"
            ),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("page", sa.String(32), nullable=False),
        sa.Column("query", JSONB(), nullable=False),
        *(sa.Column(name, sa.Boolean(), server_default=no, nullable=False) for name in FLAGS),
        *(
            sa.Column(name, kind, server_default=now, nullable=False)
            for name, kind in zip(MOMENTS, times, strict=True)
        ),
        sa.CheckConstraint(
            f"page in ({', '.join(repr(page) for page in PAGES)})", name="ck_saved_views_page"
        ),
    )
    op.create_index(
        "uq_saved_views_owner_page_name",
        "saved_views",
        ["admin_user_id", "page", sa.text("lower(name)")],
        unique=True,
    )
