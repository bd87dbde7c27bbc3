"""PagerDuty, by its Events API v2: an incident while somebody is needed, resolved once nobody is.

The request's id is the `dedup_key`: what is sent twice is one incident
(developer.pagerduty.com/docs/events-api-v2/overview).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import httpx

from lockgate.action import JSON
from lockgate.channels.telling import asks
from lockgate.services.approvals import RequestView

EVENTS = "https://events.pagerduty.com"
TIMEOUT_S = 10.0
SEVERITY = {"low": "info", "medium": "warning", "high": "error"}


@dataclass(frozen=True, slots=True)
class PagerDuty:
    """One integration of one service."""

    routing_key: str = field(repr=False)
    console_url: str
    api: str = EVENTS
    name: str = "pagerduty"

    async def tell(self, message_id: str, view: RequestView) -> str:
        """Trigger or resolve; 202 is *accepted*."""
        async with httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False, trust_env=False) as client:
            try:
                answer = await client.post(f"{self.api}/v2/enqueue", json=self.event(view))
            except httpx.HTTPError as error:
                return type(error).__name__
        return "" if answer.status_code == 202 else f"HTTP {answer.status_code}"

    def event(self, view: RequestView) -> dict[str, JSON]:
        """What is posted: no statement, no reason, nothing that the requester wrote."""
        event: dict[str, JSON] = {"routing_key": self.routing_key, "dedup_key": view.id}
        if not asks(view):
            return {**event, "event_action": "resolve"}
        what = "a broken glass" if view.kind == "glass" else f"a request of {view.risk} risk"
        payload: dict[str, JSON] = {
            "summary": f"Lockgate: {what} on {view.connection} needs {', '.join(view.asked) or 'a look'}"[:1024],
            "source": "lockgate",
            "severity": "critical" if view.kind == "glass" else SEVERITY.get(view.risk, "error"),
            "component": view.connection,
            "class": view.operation,
            "custom_details": {"request": view.id, "principal": view.principal, "state": view.state.value},
        }
        link = {"href": f"{self.console_url.rstrip('/')}/{view.id}", "text": "Open it in the console"}
        return {**event, "event_action": "trigger", "payload": payload, "links": [link]}
