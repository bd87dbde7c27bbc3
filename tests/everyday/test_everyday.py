"""Analytics must stay useful: ordinary statements are not held, and what is no PHI equals what the server says."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from support import start_gate, stop_gate

STATEMENTS = yaml.safe_load(Path(__file__).with_name("statements.yaml").read_text())


@pytest.fixture(scope="module")
def gate(hospital, tmp_path_factory):
    started = start_gate(hospital, tmp_path_factory.mktemp("everyday"), "limited-data-set")
    yield started
    stop_gate(started)


def test_there_are_sixty_of_them():
    assert len(STATEMENTS) >= 60


@pytest.mark.parametrize("entry", STATEMENTS, ids=[entry["id"] for entry in STATEMENTS])
def test_it_is_answered_at_once_and_truly(gate, hospital, entry):
    with gate.connect("alf") as analyst, hospital.direct() as direct:
        analyst.execute("SET lockgate.hold = 'fail'")
        mine, theirs = analyst.execute(entry["sql"]), direct.execute(entry["sql"])
        names = [column.name for column in theirs.description]
        shown, real = mine.fetchall(), theirs.fetchall()
    assert [column.name for column in mine.description] == names
    assert len(shown) == len(real)
    hidden = set(entry.get("masked", ()))
    for row, true in zip(shown, real, strict=True):
        for name, value, expected in zip(names, row, true, strict=True):
            if name in hidden:
                assert value != expected, f"{name} came back in clear"
            else:
                assert value == expected, f"{name} is not what the server says"
