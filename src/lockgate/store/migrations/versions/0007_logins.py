"""Logins that are on their way at an identity provider."""

from alembic import op
from sqlalchemy import inspect

from lockgate.store.tables.logins import logins

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A store made by this version has the table already: the first migration makes every table as declared now.
    if not inspect(op.get_bind()).has_table(logins.name):
        logins.create(op.get_bind())


def downgrade() -> None:
    logins.drop(op.get_bind())
