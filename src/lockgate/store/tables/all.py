"""Imports every module of tables, so that `metadata` is complete."""

from lockgate.store.tables import log, outbox, settings

__all__ = ["log", "outbox", "settings"]
