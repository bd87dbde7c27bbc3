"""What is asked in one sentence, and each thing that it would do: the words that a reviewer judges in ten seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lockgate.action import Action, Decision, Kind, Question, Requester
from lockgate.services.risk import TO_THE_CLIENT

VERBS: Mapping[str, str] = {
    "sql.select": "read",
    "sql.write": "change rows in",
    "sql.ddl": "change the definition of",
    "sql.drop": "drop",
    "sql.grant": "change who may use",
    "sql.export": "copy out",
    "sql.code": "run code in",
    "sql.files": "reach files of the server from",
    "sql.admin": "administer",
    "vault.reveal": "look up the real values behind surrogates in",
    "vault.forget": "have a patient forgotten by",
}
CARRIES_ROWS = frozenset({"sql.select", "sql.export"})
"""Operations of which it matters where their answer goes."""
TO_WHO_ASKS: Mapping[str, str] = {TO_THE_CLIENT: "to", "copy": "as a file to", "dump": "as a dump to"}
"""Destinations at the client's own address, and how it is said."""
MOST_NAMED = 3


def sentence_of(action: Action, decision: Decision, rows: int) -> str:
    """Who, for whom, does what to what, what of it is not masked, and where it goes."""
    operation = action.operation
    named = _named(action, {operation})
    also = sorted(set(_named(action, {"sql.select"})) - set(named))
    reading = f", reading {_listed(also)}" if also and operation != "sql.select" else ""
    amount = f" (about {rows:,} rows there)" if rows else ""
    unmasked = f" with {', '.join(sorted(decision.revealed))} unmasked" if decision.revealed else ""
    hidden = "" if unmasked or not action.classes else ", PHI masked"
    probes = f", searching by hidden {', '.join(sorted(action.probes))}" if action.probes else ""
    verb = VERBS.get(operation, f"do {operation} on")
    what = f"{_listed(named) or action.connection}{amount}{reading}{unmasked}{hidden}{probes}"
    return f"{_who(action.requester)} wants to {verb} {what}{_where(action)}"


def told(question: Question) -> str:
    """One thing that it would do, with the name that policy has for it."""
    verb = VERBS.get(question.operation)
    what = question.resource.split("/", 1)[-1]
    return f"{verb} {what} ({question.operation})" if verb else f"{question.operation} on {what}"


def _named(action: Action, operations: Iterable[str]) -> list[str]:
    found = (q.resource for q in action.questions if q.operation in operations and q.resource != action.connection)
    return sorted({resource.split("/", 1)[-1] for resource in found})


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _who(requester: Requester) -> str:
    principal, behalf = requester.principal, requester.on_behalf_of
    if principal.kind is Kind.HUMAN:
        who = principal.subject
    elif behalf is None and requester.owners:
        owners = " and ".join(sorted(owner.split(":", 1)[-1] for owner in requester.owners))
        who = f"{principal.subject} ({principal.kind.value} of {owners})"
    else:
        who = f"{principal.subject} ({principal.kind.value})"
    if behalf is None:
        return who
    return f"{who}, for {behalf.subject}{'' if behalf.kind is Kind.HUMAN else f' ({behalf.kind.value})'},"


def _where(action: Action) -> str:
    way = TO_WHO_ASKS.get(action.destination)
    if way is None:
        return f", to {action.destination}"
    address = action.requester.client_address
    return f", {way} {address}" if address and action.operation in CARRIES_ROWS else ""
