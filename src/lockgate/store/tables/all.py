"""Imports every module of tables, so that `metadata` is complete."""

from lockgate.store.tables import approvals, catalog, chat, log, logins, outbox, people, policy, seals, settings

__all__ = ["approvals", "catalog", "chat", "log", "logins", "outbox", "people", "policy", "seals", "settings"]
