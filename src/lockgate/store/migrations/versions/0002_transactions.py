"""An execution names the upstream transaction that it runs in, so that UNKNOWN can be settled by asking there."""

from alembic import op
from sqlalchemy import Column, String, inspect

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A store made by this version has the column already: the first migration makes every table as declared now.
    columns = {column["name"] for column in inspect(op.get_bind()).get_columns("executions")}
    if "transaction" not in columns:
        op.add_column("executions", Column("transaction", String(32), nullable=False, server_default=""))


def downgrade() -> None:
    with op.batch_alter_table("executions") as table:
        table.drop_column("transaction")
