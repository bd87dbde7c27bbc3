"""A statement is analysed by a temporary function or by what the server logs of it: both must find the same.

Every everyday statement and every attempt of the red team is analysed in both ways.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import yaml

from lockgate.demo import hospital as hospital_data
from lockgate.gateways.postgres.classify import classify
from lockgate.gateways.postgres.classify.parse import ParseError, parse
from lockgate.gateways.postgres.lineage import AnalysisError, By, analyse
from lockgate.gateways.postgres.lineage.nodetree import NodeTreeError
from lockgate.gateways.postgres.lineage.wrapped import unwrapped
from lockgate.gateways.postgres.resolve import SidePool
from lockgate.gateways.postgres.wire.target import parse_target
from lockgate.services.catalog.model import parse_catalog

TESTS = Path(__file__).parent.parent
SEARCH_PATH = "public, pg_temp"
WITH_PARAMETERS = [
    "SELECT name FROM patient WHERE id = $1 AND ssn = $2 AND mrn = ANY ($3) LIMIT $4",
    "INSERT INTO task (title, done) VALUES ($1, $2), ($3, DEFAULT) RETURNING id, title",
    "UPDATE patient SET name = $1 WHERE mrn = $2 RETURNING old.*, new.*",
    "MERGE INTO task t USING ward w ON w.id = t.id WHEN MATCHED THEN UPDATE SET title = $1",
    'SELECT $1 || name AS "der Name, wie er im Ausweis steht", mrn AS ":resno 1", ssn AS "<> { (x" FROM patient',
    "SELECT " + ", ".join(f'name AS "{i} lauter Wörter und {"ä" * i}"' for i in range(17)) + " FROM patient",
]


def texts():
    attempts = yaml.safe_load((TESTS / "redteam/attempts.yaml").read_text())
    everyday = yaml.safe_load((TESTS / "everyday/statements.yaml").read_text())
    return [*WITH_PARAMETERS, *(e["sql"] for e in everyday), *(sql for e in attempts for sql in e["do"])]


def to_analyse():
    """What the gateway would analyse of them."""
    for text in texts():
        try:
            statements = parse(text.encode())
        except ParseError:
            continue
        for statement in statements:
            inner = classify(statement).inner
            if inner is not None:
                yield inner


@pytest.fixture(scope="module")
def analysed(hospital):
    """Every statement with what each way finds."""
    catalog = parse_catalog(hospital_data.CATALOG.read_text())

    async def both():
        pool = SidePool(parse_target(hospital.server.url(hospital_data.GATEWAY_ROLE, "clinic"), hospital.password))
        found = []
        async with pool.lend(SEARCH_PATH) as side:
            for text in to_analyse():
                ways = [await analyse(text, (), side, catalog, {}, "clinic", by) for by in By]
                found.append((text, *ways))
        pool.close()
        return found

    return asyncio.run(both())


def test_they_are_equal_in_every_part(analysed):
    assert len(analysed) > 200
    differing = [text for text, function, log in analysed if function != log]
    assert differing == []


def test_nearly_all_of_them_can_be_analysed(analysed):
    refused = [text for text, _, log in analysed if isinstance(log, AnalysisError) and log.sqlstate == "LG002"]
    assert len(refused) <= 2, refused


def test_the_side_connection_is_quiet_again(hospital):
    async def ask():
        pool = SidePool(parse_target(hospital.server.url(hospital_data.GATEWAY_ROLE, "clinic"), hospital.password))
        names = "('debug_print_parse'), ('debug_pretty_print'), ('client_min_messages')"
        asked = f"SELECT pg_catalog.current_setting(name) FROM (VALUES {names}) AS asked (name)"
        async with pool.lend(SEARCH_PATH) as side:
            before = await side.fetch(asked)
            await side.describe_aloud("SELECT 1", ())
            after = await side.fetch(asked)
        pool.close()
        return before, after

    before, after = asyncio.run(ask())
    assert before == after


LINE = 78


@pytest.mark.parametrize(
    "printed",
    [
        "{QUERY :ctename a\\\nb}\n",  # a name's own line break is not where the server breaks a line
        "x" * LINE + "\n" + "y\n",  # the end of a word, or its middle
        "x" * 40 + "\\\n" + "y" * 36 + "\n" + "y" * 24 + "\n",  # both at once
        "{QUERY :a 1\n:b 2}\n",
    ],
)
def test_a_tree_that_could_have_been_another_is_not_believed(printed):
    with pytest.raises(NodeTreeError):
        unwrapped(printed)


def test_an_ordinary_line_break_is_undone():
    words = " ".join(f":field{i} value\\ {i}" for i in range(40))
    lines, line = [], ""
    for word in words.split(" "):
        if line and len(line) + 1 + len(word) > LINE:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    printed = "\n".join([*lines, line]) + "\n"
    assert printed.count("\n") > 5
    assert unwrapped(printed) == words
