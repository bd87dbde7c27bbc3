"""A store of the version before: its table of standing grants goes, the histories come, and its requests stay."""

from __future__ import annotations

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, inspect, text

from lockgate.store.schema import MIGRATIONS


@pytest.fixture
def connection(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/store.db")
    with engine.connect() as conn, conn.begin():
        yield conn
    engine.dispose()


def config(connection) -> Config:
    made = Config()
    made.set_main_option("script_location", str(MIGRATIONS))
    made.attributes["connection"] = connection
    return made


def test_the_version_before_is_brought_up_to_date(connection):
    command.upgrade(config(connection), "head")
    command.downgrade(config(connection), "0003")
    connection.execute(text("CREATE TABLE standing_grants (id TEXT PRIMARY KEY)"))
    assert not inspect(connection).has_table("request_events")

    command.upgrade(config(connection), "head")

    found = inspect(connection)
    assert found.has_table("request_events")
    assert not found.has_table("standing_grants")
    assert found.has_table("requests")
