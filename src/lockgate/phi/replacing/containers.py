"""Columns of several libraries as lists of values, and lists of values as a column of the same kind again.

pyarrow, pandas and polars are never imported here: whoever gives a column of theirs has done so.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lockgate.errors import ConfigError

Make = Callable[[list[Any]], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """`values` (None: null), how to make a column of the same kind of as many values, and the bits of its integers."""

    values: list[Any]
    make: Make
    bits: int = 64


def opened(column: Any) -> Column:
    """Raises ConfigError for what is no column: a single string above all, which would be one of letters."""
    library = type(column).__module__.partition(".")[0]
    if library in ("pyarrow", "pandas", "polars") and not (hasattr(column, "dtype") or hasattr(column, "type")):
        raise ConfigError(f"a {type(column).__name__} is no column", hint="give its columns, one at a time")
    if library == "pyarrow":
        return _arrow(column)
    if library == "pandas":
        return _pandas(column)
    if library == "polars":
        return _polars(column)
    if isinstance(column, (str, bytes)) or not isinstance(column, Sequence):
        raise ConfigError(
            f"a {type(column).__name__} is no column",
            hint="give a list of texts, a pyarrow array, or a Series of pandas or polars",
        )
    return Column(list(column), tuple if isinstance(column, tuple) else list)


def _arrow(column: Any) -> Column:
    arrow = sys.modules["pyarrow"]
    kind = column.type

    def one(values: list[Any]) -> Any:
        if arrow.types.is_dictionary(kind):
            return arrow.array(values, kind.value_type).dictionary_encode().cast(kind)
        return arrow.array(values, kind)

    def chunked(values: list[Any]) -> Any:
        starts = [0]
        for chunk in column.chunks:
            starts.append(starts[-1] + len(chunk))
        chunks = [one(values[start:end]) for start, end in pairwise(starts)]
        return arrow.chunked_array(chunks, kind)

    bits = kind.bit_width if arrow.types.is_integer(kind) else 64
    return Column(column.to_pylist(), chunked if hasattr(column, "chunks") else one, bits)


def _pandas(column: Any) -> Column:
    pandas = sys.modules["pandas"]
    kind = column.dtype
    nulls = column.isna().tolist()
    values = [None if null else value for null, value in zip(nulls, column.tolist(), strict=True)]

    def make(values: list[Any]) -> Any:
        wanted: Any = kind
        if kind.name == "category":
            wanted = "category"
        elif kind.kind in "iu" and None in values:
            # A plain integer column has no nulls: the same one that has.
            wanted = kind.name.replace("int", "Int").replace("uI", "UI")
        elif kind.kind == "O":
            # A null stays the null that it was.
            before = column.tolist()
            values = [old if null else value for null, old, value in zip(nulls, before, values, strict=True)]
        return pandas.Series(values, index=column.index, name=column.name, dtype=wanted)

    return Column(values, make, getattr(kind, "itemsize", 8) * 8)


def _polars(column: Any) -> Column:
    polars = sys.modules["polars"]
    kind = column.dtype
    # An enumeration has no room for what was not in it.
    wanted = polars.String if isinstance(kind, polars.Enum) else kind
    bits = int("".join(c for c in str(kind) if c.isdigit()) or 64) if kind.is_integer() else 64
    return Column(column.to_list(), lambda values: polars.Series(column.name, values, dtype=wanted), bits)
