"""The PHI map of one connection: which column is which class, as YAML that people review.

    public.patient:
      id: none
      name: name
      born: date/birth
      zip: geo/zip

A column that is not in it counts as PHI (`unclassified`). So does one whose table is not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import yaml

from lockgate.action import PHI_CLASSES, UNCLASSIFIED
from lockgate.errors import CatalogError


@dataclass(frozen=True, slots=True)
class Entry:
    """`cls` is a PHI class or `none`; `label` says finer what it is (`birth`, `zip`, `city` …)."""

    cls: str
    label: str = ""

    def __str__(self) -> str:
        return f"{self.cls}/{self.label}" if self.label else self.cls


@dataclass(frozen=True, slots=True)
class Place:
    """What a table was on the server when people accepted its classes: its OID, and each column's number and type."""

    oid: int
    columns: Mapping[str, tuple[int, int]]

    def same_columns(self, other: Place) -> bool:
        """Whether the other has columns of the same names and types, wherever they stand."""
        return {n: t for n, (_, t) in self.columns.items()} == {n: t for n, (_, t) in other.columns.items()}


@dataclass(frozen=True, slots=True)
class Catalog:
    """Reviewed columns by `schema.table` and column name.

    `places` says what the tables were on the server; None in a catalog that was accepted without looking there, which
    goes by names alone until the server is asked.
    """

    tables: Mapping[str, Mapping[str, Entry]]
    digest: str = ""
    places: Mapping[str, Place] | None = None

    def entry(self, schema: str, table: str, column: str) -> Entry:
        """What people called a column of that name."""
        return self.tables.get(f"{schema}.{table}", {}).get(column, Entry(UNCLASSIFIED))

    def names(self, schema: str, table: str) -> bool:
        """Whether a table of that name is in the map."""
        return f"{schema}.{table}" in self.tables

    def entry_at(self, schema: str, table: str, oid: int, column: str, place: tuple[int, int]) -> Entry:
        """The same, if it is the very column that they saw: another of its name is unclassified.

        `place` is its attribute number and type OID: columns may have changed names since, or the table was made anew.
        """
        if self.places is not None:
            seen = self.places.get(f"{schema}.{table}")
            if seen is None or seen.oid != oid or seen.columns.get(column) != place:
                return Entry(UNCLASSIFIED)
        return self.entry(schema, table, column)

    def to_yaml(self) -> str:
        return yaml.safe_dump(
            {
                table: {name: str(entry) for name, entry in columns.items()}
                for table, columns in sorted(self.tables.items())
            },
            sort_keys=False,
        )

    def stored(self) -> str:
        """As it is kept: what people wrote, and behind it what the tables were."""
        if self.places is None:
            return self.to_yaml()
        places = {
            table: {"oid": place.oid, "columns": {name: list(at) for name, at in sorted(place.columns.items())}}
            for table, place in sorted(self.places.items())
        }
        return self.to_yaml() + SEPARATOR + json.dumps(places, sort_keys=True)

    def bound(self, places: Mapping[str, Place]) -> Catalog:
        """The same classes for these tables."""
        made = Catalog(self.tables, "", places)
        return replace(made, digest=hashlib.sha256(made.stored().encode()).hexdigest())

    def moved(self, now: Mapping[str, Place]) -> list[str]:
        """Tables that are no longer what they were, or were not there."""
        if self.places is None:
            return []
        return sorted(table for table, place in now.items() if self.places.get(table) != place)

    def loosened_to(self, new: Catalog) -> list[str]:
        """Columns that `new` calls less than this does: whoever makes that change joins the conflict set."""
        looser = []
        for table, columns in new.tables.items():
            schema, _, name = table.partition(".")
            moved = self.places is not None and self.places.get(table) != (new.places or {}).get(table)
            for column, entry in columns.items():
                before = Entry(UNCLASSIFIED) if moved else self.entry(schema, name, column)
                if before.cls != "none" and entry != before:
                    looser.append(f"{table}.{column}")
        return looser


SEPARATOR = "--- # places\n"

EMPTY = Catalog({}, hashlib.sha256(b"").hexdigest())


def parse_stored(text: str) -> Catalog:
    """What `Catalog.stored` kept. CatalogError: it was not kept by that."""
    written, separator, places = text.partition(SEPARATOR)
    catalog = parse_catalog(written)
    if not separator:
        return catalog
    try:
        found = {
            str(table): Place(int(place["oid"]), {str(n): (int(a), int(t)) for n, (a, t) in place["columns"].items()})
            for table, place in json.loads(places).items()
        }
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise CatalogError("the catalog in the store is damaged", hint="restore a backup") from error
    return catalog.bound(found)


def parse_catalog(text: str) -> Catalog:
    """CatalogError names the line, the table and the column that is wrong."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise CatalogError(f"the catalog is not YAML{where}") from error
    tables: dict[str, dict[str, Entry]] = {}
    for table, columns in _pairs(root, "a catalog maps schema.table to columns") if root is not None else ():
        if table.value.count(".") != 1:
            raise _wrong(table, "a table is written schema.table and maps columns to classes")
        found = tables[table.value] = {}
        for column, written in _pairs(columns, "a table maps columns to classes"):
            name = f"{table.value}.{column.value}"
            if not isinstance(written, yaml.ScalarNode):
                raise _wrong(column, f"{name} takes one class", f"none, {', '.join(PHI_CLASSES)}")
            cls, _, label = str(written.value).partition("/")
            if cls != "none" and cls not in PHI_CLASSES:
                raise _wrong(written, f"{name}: {cls} is no PHI class", f"none, {', '.join(PHI_CLASSES)}")
            found[column.value] = Entry(cls, label)
    digest = hashlib.sha256(Catalog(tables).to_yaml().encode()).hexdigest()
    return Catalog(tables, digest)


def _pairs(node: yaml.Node, expected: str) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    """Of two entries for one thing YAML keeps the last: that could be the laxer one, so it is an error."""
    if not isinstance(node, yaml.MappingNode):
        raise _wrong(node, expected)
    seen: set[str] = set()
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _wrong(key, expected)
        if key.value in seen:
            raise _wrong(key, f"{key.value} is given twice", "keep one of them")
        seen.add(key.value)
        yield key, value


def _wrong(node: yaml.Node, message: str, hint: str = "") -> CatalogError:
    return CatalogError(f"catalog, line {node.start_mark.line + 1}: {message}", hint=hint)
