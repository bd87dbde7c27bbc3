"""What is kept: tables, migrations, sealed payloads, the outbox, and one door to change any of it.

In: units, ordinary functions over a connection. Out: their results, durable, with their events in the log. It never
keeps a transaction open across an `await`, never half a unit, and no PHI but in sealed payloads.
"""

from lockgate.store.seal import KeyRing, write_key_file
from lockgate.store.store import DEAF, EVERYTHING, Clock, Committed, Store, Unit, new_id, open_store, system_clock

__all__ = [
    "DEAF",
    "EVERYTHING",
    "Clock",
    "Committed",
    "KeyRing",
    "Store",
    "Unit",
    "new_id",
    "open_store",
    "system_clock",
    "write_key_file",
]
