"""Tables of the vault. Every name and value in them is a keyed hash or sealed; not one is in clear.

`known` has a row for each original, whoever's it is, and nothing else: no count and no tie to a patient, because how
often a name occurs would tell which name it is.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, String, Table, Text

metadata = MetaData()
SCHEMA = 2

about = Table(
    "vault_about",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("schema", Integer, nullable=False),
    Column("key", String(16), nullable=False),  # id of the key that all rows are under
    Column("fingerprint", Text, nullable=False),
    Column("mac", LargeBinary, nullable=False),  # tells the right key from another of the same id
    Column("created_at", BigInteger, nullable=False),
)

entries = Table(
    "vault_entries",
    metadata,
    Column("entry", LargeBinary(32), primary_key=True),  # patient, class and original
    Column("patient", LargeBinary(32), nullable=False, index=True),
    Column("own", LargeBinary(32), nullable=False, unique=True),  # patient, class and surrogate
    Column("wide", LargeBinary(32), nullable=True, unique=True),  # class and surrogate; null where it is given twice
    Column("sealed", LargeBinary, nullable=False),  # patient, class, original and surrogate
)

offsets = Table(
    "vault_offsets",
    metadata,
    Column("patient", LargeBinary(32), primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # patient and days
)

known = Table(
    "vault_known",
    metadata,
    Column("value", LargeBinary(32), primary_key=True),
)
