"""`lockgate.phi.columns`: what comes out is of the kind that went in; nulls stay, types stay."""

from __future__ import annotations

import time
from datetime import date, datetime

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from lockgate.errors import ConfigError
from lockgate.phi.columns import deidentify, detect
from lockgate.phi.replacing import MemoryVault

TEXTS = ["Seen by Dr. John Smith on 03/04/2019, call (802) 765-4321.", None, "", "no one"]
DAYS = [date(2019, 5, 3), None, date(1931, 1, 1)]


def check(values: list) -> None:
    first, *rest = values
    assert rest[1:] == ["", "no one"]
    assert rest[0] is None or rest[0] != rest[0]
    assert "Smith" not in first and "4321" not in first and " on 2019, call (" in first


def test_lists_and_tuples():
    assert type(deidentify(TEXTS)) is list and type(deidentify(tuple(TEXTS))) is tuple
    check(deidentify(TEXTS))


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_arrow_arrays(kind):
    column = pa.array(TEXTS, pa.string())
    column = column.dictionary_encode() if pa.types.is_dictionary(kind) else column.cast(kind)
    done = deidentify(column)
    assert done.type == kind
    check(done.to_pylist())


def test_chunks_stay_chunks():
    done = deidentify(pa.chunked_array([TEXTS[:1], [], TEXTS[1:]], pa.string()))
    assert [len(chunk) for chunk in done.chunks] == [1, 0, 3]
    check(done.to_pylist())


@pytest.mark.parametrize("dtype", ["object", "string", "category", None])
def test_pandas_series(dtype):
    column = pd.Series(TEXTS, index=[7, 8, 9, 10], name="note", dtype=dtype)
    done = deidentify(column)
    assert (list(done.index), done.name) == ([7, 8, 9, 10], "note")
    assert done.dtype == column.dtype or dtype == "category"
    assert done.isna().tolist() == [False, True, False, False]
    check([None if null else value for null, value in zip(done.isna(), done, strict=True)])


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical])
def test_polars_series(dtype):
    done = deidentify(pl.Series("note", TEXTS, dtype=dtype))
    assert (done.name, done.dtype) == ("note", dtype)
    check(done.to_list())


def test_ages_stay_numbers():
    assert deidentify([34, 93, None, 103], kind="age") == [34, 90, None, 90]
    assert deidentify(pa.array([34, 93, None], pa.int8()), kind="age") == pa.array([34, 90, None], pa.int8())
    assert deidentify(pd.Series([34, 93], dtype="int16"), kind="age").dtype == "int16"
    assert deidentify(pd.Series([34.0, None]), kind="age").dtype == "float64"
    assert deidentify(pl.Series([34, 93], dtype=pl.UInt8), kind="age").to_list() == [34, 90]


@pytest.mark.parametrize("make", [list, pa.array, lambda days: pd.Series(pd.to_datetime(days)), pl.Series])
def test_shifted_dates_stay_dates_and_keep_their_intervals(make):
    column = make([date(2019, 5, 3), None, date(2020, 1, 1)])
    done = deidentify(column, "expert-determination", patient="p", vault=MemoryVault())
    assert type(done) is type(column)
    assert getattr(done, "type", None) == getattr(column, "type", None)
    assert getattr(done, "dtype", None) == getattr(column, "dtype", None)
    first, none, last = done.to_pylist() if hasattr(done, "to_pylist") else list(done)
    assert (last - first).days == (date(2020, 1, 1) - date(2019, 5, 3)).days
    assert none is None or none != none
    assert first != column[0]


def test_what_is_no_number_is_no_age():
    old, none = deidentify([95.5, float("nan")], kind="age")
    assert old == 90 and none != none


@pytest.mark.parametrize("odd", [True, "Mrs. Okonjo", b"1"])
@pytest.mark.parametrize("kind", ["mrn", "age", "zip"])
def test_a_column_of_numbers_with_something_else_in_it_is_refused(odd, kind):
    with pytest.raises(ConfigError) as refused:
        deidentify([4471, odd], kind=kind)
    assert "Okonjo" not in str(refused.value)


def test_a_general_date_is_the_first_of_january_unless_it_tells_an_age_over_89():
    assert deidentify(DAYS) == [date(2019, 1, 1), None, None]
    assert deidentify([datetime(2019, 5, 3, 14, 30)]) == [datetime(2019, 1, 1)]


def test_numbers_stay_numbers_of_as_many_digits():
    (found, none) = deidentify(pl.Series([2_000_000_000, None], dtype=pl.Int32), kind="mrn").to_list()
    assert 10**9 <= found < 2**31 and found != 2_000_000_000 and none is None
    assert deidentify([5602, 82101], kind="zip") == [56, 0]


def test_what_a_type_cannot_hold_is_null():
    assert deidentify([123456], "redact", kind="mrn") == [None]
    assert deidentify(pd.Series([123456]), "redact", kind="mrn").isna().all()
    assert deidentify([date(2020, 2, 3)], "redact") == [None]


def test_a_kind_makes_each_value_one_identifier():
    assert deidentify(["05602", " 82101 "], kind="zip") == ["056", " 000 "]
    assert deidentify(["93", "41"], kind="age") == ["90+", "41"]
    (name,) = deidentify(["SMITH, JOHN"], kind="name")
    assert name.isupper() and "SMITH" not in name and ", " in name
    assert deidentify(["Springfield", "Salem"], kind="city") != ["Springfield", "Salem"]


def test_rows_of_a_patient_agree_and_others_do_not():
    rows = ["Dr. John Smith called."] * 3
    a, b, again = deidentify(rows, patient=pl.Series(["a", "b", "a"]))
    assert a == again != b


def test_detect_gives_rows_and_places():
    found = detect(pa.array(TEXTS))
    assert {(one.doc, TEXTS[one.doc][one.start : one.end]) for one in found} >= {
        (0, "03/04/2019"),
        (0, "(802) 765-4321"),
    }


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: deidentify("John Smith"), "no column"),
        (lambda: deidentify([1, 2]), "kind="),
        (lambda: deidentify([b"x"]), "bytes"),
        (lambda: deidentify(["Smith", 911223344]), "no text"),
        (lambda: deidentify(["x"], "nope"), "no profile nope"),
        (lambda: deidentify(["x"], kind="nope"), "no kind nope"),
        (lambda: deidentify(["x", "y"], patient=["p"]), "1 patients for 2 rows"),
        (lambda: detect([911223344]), "no text"),
    ],
)
def test_what_cannot_be_done_is_said_and_no_value_with_it(call, says):
    with pytest.raises(ConfigError, match=says) as refused:
        call()
    assert "Smith" not in str(refused.value) and "911223344" not in str(refused.value)


def test_one_date_of_a_column_tells_the_order_in_all():
    days = ["25/03/2019", "05/03/2019"]
    first, second = deidentify(days, "expert-determination", kind="date", patient="p")
    read = [datetime.strptime(day, "%d/%m/%Y") for day in (first, second)]
    assert (read[0] - read[1]).days == 20


def test_a_column_of_one_kind_is_quick_where_values_come_again():
    began = time.process_time()
    deidentify(["3/4/2019", "5/6/2020"] * 50_000, kind="date")
    deidentify(["Springfield", "Salem"] * 50_000, kind="city", patient="p")
    assert time.process_time() - began < 1


def test_rows_of_nobody_agree_only_by_chance():
    cities = set(deidentify(["Springfield"] * 50, kind="city"))
    assert len(cities) > 25


def test_a_whole_table_is_no_column():
    notes = {"note": ["Mr. John Smith"]}
    for table in (pd.DataFrame(notes), pl.DataFrame(notes), pa.table(notes)):
        for done in (deidentify, detect):
            with pytest.raises(ConfigError, match="is no column"):
                done(table)


@pytest.mark.parametrize("value", [True, b"Okonjo", ["Okonjo"]])
def test_what_no_column_holds_is_refused_with_what_one_may_hold(value):
    with pytest.raises(ConfigError, match="cannot be replaced") as refused:
        deidentify([value])
    assert "text, numbers or dates" in refused.value.hint and "Okonjo" not in str(refused.value)
