"""Look-ups are counted by principal and minute."""

from alembic import op
from sqlalchemy import inspect

from lockgate.store.tables.approvals import lookups

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A store made by this version has the table already: the first migration makes every table as declared now.
    if not inspect(op.get_bind()).has_table(lookups.name):
        lookups.create(op.get_bind())


def downgrade() -> None:
    lookups.drop(op.get_bind())
