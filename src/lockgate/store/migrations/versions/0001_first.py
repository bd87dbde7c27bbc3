"""The first schema: every table as this version declares it."""

from alembic import op

import lockgate.store.tables.all  # noqa: F401 - registers every table
from lockgate.store.tables import metadata

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    metadata.create_all(op.get_bind())


def downgrade() -> None:
    metadata.drop_all(op.get_bind())
