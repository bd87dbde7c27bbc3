"""Credentials are under a MAC and sets of tables under a seal; `lockgate upgrade` signs what is there."""

from alembic import op
from sqlalchemy import Column, LargeBinary, inspect

from lockgate.store.tables.seals import seals

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A store made by this version has the column already: the first migration makes every table as declared now.
    columns = {column["name"] for column in inspect(op.get_bind()).get_columns("credentials")}
    if "mac" not in columns:
        op.add_column("credentials", Column("mac", LargeBinary, nullable=True))
    if not inspect(op.get_bind()).has_table(seals.name):
        seals.create(op.get_bind())


def downgrade() -> None:
    seals.drop(op.get_bind())
    with op.batch_alter_table("credentials") as table:
        table.drop_column("mac")
