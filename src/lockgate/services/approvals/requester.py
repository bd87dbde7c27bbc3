"""The requester as the frozen envelope names them; the conflict set is evaluated from this at every vote."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lockgate.action import Kind, Principal, Requester


def requester_of(envelope: Mapping[str, Any]) -> Requester:
    """Read back what `action.requester_json` wrote."""
    body = envelope["requester"]
    behalf = body["on_behalf_of"]
    return Requester(
        principal=_principal(body["principal"]),
        credential_id=body["credential"],
        client_address=body["address"],
        actors=tuple(_principal(actor) for actor in body["actors"]),
        on_behalf_of=None if behalf is None else _principal(behalf),
        owners=frozenset(body["owners"]),
    )


def _principal(body: Mapping[str, Any]) -> Principal:
    issuer, _, subject = body["id"].partition(":")
    return Principal(issuer, subject, Kind(body["kind"]), frozenset(body["groups"]))
