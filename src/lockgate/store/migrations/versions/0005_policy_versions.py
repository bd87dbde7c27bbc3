"""Each version of the policy set is kept as long as the log that names it."""

from alembic import op
from sqlalchemy import inspect

from lockgate.store.tables.policy import policy_versions

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A store made by this version has the table already: the first migration makes every table as declared now.
    if not inspect(op.get_bind()).has_table(policy_versions.name):
        policy_versions.create(op.get_bind())


def downgrade() -> None:
    policy_versions.drop(op.get_bind())
