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
from collections.abc import Mapping
from dataclasses import dataclass

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
class Catalog:
    """Reviewed columns by `schema.table` and column name."""

    tables: Mapping[str, Mapping[str, Entry]]
    digest: str = ""

    def entry(self, schema: str, table: str, column: str) -> Entry:
        return self.tables.get(f"{schema}.{table}", {}).get(column, Entry(UNCLASSIFIED))

    def to_yaml(self) -> str:
        return yaml.safe_dump(
            {
                table: {name: str(entry) for name, entry in columns.items()}
                for table, columns in sorted(self.tables.items())
            },
            sort_keys=False,
        )

    def loosened_to(self, new: Catalog) -> list[str]:
        """Columns that `new` calls less than this does: whoever makes that change joins the conflict set."""
        looser = []
        for table, columns in new.tables.items():
            schema, _, name = table.partition(".")
            for column, entry in columns.items():
                before = self.entry(schema, name, column)
                if before.cls != "none" and entry != before:
                    looser.append(f"{table}.{column}")
        return looser


EMPTY = Catalog({}, hashlib.sha256(b"").hexdigest())


def parse_catalog(text: str) -> Catalog:
    """CatalogError names the table and column that is wrong."""
    try:
        loaded = yaml.safe_load(text) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark is not None else ""
        raise CatalogError(f"the catalog is not YAML{where}") from error
    if not isinstance(loaded, dict):
        raise CatalogError("a catalog maps schema.table to columns")
    tables: dict[str, dict[str, Entry]] = {}
    for table, columns in loaded.items():
        if not isinstance(table, str) or table.count(".") != 1 or not isinstance(columns, dict):
            raise CatalogError(f"{table}: a table is written schema.table and maps columns to classes")
        tables[table] = {}
        for column, written in columns.items():
            cls, _, label = str(written).partition("/")
            if cls != "none" and cls not in PHI_CLASSES:
                raise CatalogError(f"{table}.{column}: {cls} is no PHI class", hint=f"none, {', '.join(PHI_CLASSES)}")
            tables[table][str(column)] = Entry(cls, label)
    digest = hashlib.sha256(Catalog(tables).to_yaml().encode()).hexdigest()
    return Catalog(tables, digest)
