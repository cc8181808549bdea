"""settings under the new names of their classes

Revision: 0080, after 0079
"""

import sqlalchemy as sa
from alembic import op

revision = "0080"
down_revision = "0079"
branch_labels = None
depends_on = None

RENAME = """
update settings set name = renamed.after
from (values ('demo', 'demodecision'), ('looked', 'checkeduntil'), ('review', 'reviewsettings'))
    as renamed (before, after)
where name = renamed.before
"""


def upgrade() -> None:
    """Apply."""
    op.execute(sa.text(RENAME))
