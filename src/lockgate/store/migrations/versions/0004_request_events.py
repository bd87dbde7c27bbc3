"""A request's history under a MAC. What is open without one is voided when the server starts: nobody vouches for it."""

from alembic import op
from sqlalchemy import Column, ForeignKey, Integer, LargeBinary, String, inspect

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A store made by this version has the table already: the first migration makes every table as declared now.
    there = inspect(op.get_bind())
    if there.has_table("standing_grants"):
        op.drop_table("standing_grants")  # terms and uses are part of the history now
    if there.has_table("request_events"):
        return
    op.create_table(
        "request_events",
        Column("request", String(40), ForeignKey("requests.id"), primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("body", LargeBinary, nullable=False),
        Column("mac", LargeBinary, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("request_events")
