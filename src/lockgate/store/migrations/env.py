"""Alembic's entry: runs on the connection that `store.schema` hands over."""

from alembic import context

import lockgate.store.tables.all  # noqa: F401 - registers every table
from lockgate.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
