"""Chats: messages that stand there, codes that link an account, deliveries already seen."""

from alembic import op
from sqlalchemy import inspect

from lockgate.store.tables.chat import chat_codes, chat_messages, chat_seen

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TABLES = (chat_messages, chat_codes, chat_seen)


def upgrade() -> None:
    # A store made by this version has the tables already: the first migration makes every table as declared now.
    there = inspect(op.get_bind())
    for table in TABLES:
        if not there.has_table(table.name):
            table.create(op.get_bind())


def downgrade() -> None:
    for table in TABLES:
        table.drop(op.get_bind())
