"""jobs: the job queue's own tables, by its own schema

Revision: 0002, after 0001
"""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    # Straight to the driver: the schema has colons and percent signs that are no parameters.
    connection = op.get_bind().connection.driver_connection
    if connection is not None:
        connection.execute(SchemaManager.get_schema())
