"""One batch of questions to Cedar, answered fail closed.

Cedar skips a policy that errors, so an erroring `forbid` would allow. An answer here is *allowed* only if
Cedar said Allow and had nothing whatever to complain about.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cedarpy

from lockgate.action import Kind, Principal
from lockgate.policy.model import Query
from lockgate.policy.schema import ENTITY_OF, schema
from lockgate.policy.source import Policy

_MAX_LONG = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Ask:
    """May this principal do this? `asked`: the requester named the class that is to be shown."""

    principal: Principal
    action: str
    resource: str
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """`policies` are the ids that determined it; `broken`: Cedar could not answer cleanly (a deny)."""

    allowed: bool
    policies: tuple[str, ...] = ()
    broken: bool = False


BROKEN = Answer(False, (), True)


class Engine:
    """Parsed policies, ready to be asked. Immutable, so threads may share one."""

    def __init__(self, policies: Sequence[Policy]) -> None:
        documents = {p.id: p.cedar_json for p in policies}
        self._policies = cedarpy.PolicySet.from_json_str(
            json.dumps({"templates": {}, "staticPolicies": documents, "templateLinks": []})
        )
        self._schema = schema()

    def session(self, query: Query) -> Session:
        """Everything about `query` that its questions share, put into Cedar's form once."""
        return Session(self._policies, self._schema, query)


class Session:
    """The entities and the facts of one query."""

    def __init__(self, policies: cedarpy.PolicySet, schema: cedarpy.Schema, query: Query) -> None:
        self._policies = policies
        self._schema = schema
        self.principals = chain(query)
        self._facts = _facts(query, self.principals)
        self._contexts: dict[tuple[frozenset[str], bool, bool], str] = {}
        try:
            self._entities: cedarpy.Entities | None = cedarpy.Entities.from_json_str(
                json.dumps(_entities(query, self.principals)), schema
            )
        except ValueError:
            self._entities = None  # e.g. one id with two sets of groups: nothing about it can be believed

    def ask(self, questions: Sequence[tuple[Ask, frozenset[str]]]) -> list[Answer]:
        """Answers in order. Each question comes with the profiles that count as satisfied for it."""
        if not questions:
            return []
        if self._entities is None:
            return [BROKEN] * len(questions)
        requests = [
            {
                "principal": _uid(ask.principal),
                "action": {"type": "Action", "id": ask.action},
                "resource": resource_uid(ask.resource),
                "context": self._context(satisfied, ask.asked),
            }
            for ask, satisfied in questions
        ]
        try:
            results = cedarpy.is_authorized_batch(requests, self._policies, self._entities, self._schema)
        except ValueError:
            return [BROKEN] * len(questions)
        if len(results) != len(questions):
            return [BROKEN] * len(questions)
        return [_answer(result) for result in results]

    def _context(self, satisfied: frozenset[str], asked: bool) -> str:
        """Break glass opens only what was named: what is shown unasked never rests on it."""
        key = (satisfied, asked, bool(self._facts["break_glass"]) and asked)
        text = self._contexts.get(key)
        if text is None:
            facts = {**self._facts, "satisfied": sorted(satisfied), "asked": asked, "break_glass": key[2]}
            text = self._contexts[key] = json.dumps(facts)
        return text


def chain(query: Query) -> tuple[Principal, ...]:
    """Everybody who acts or is acted for; each of them must be allowed.

    Else an agent would gain what the person has whom it acts for, or the person what the agent has. Owners
    only answer for an agent: they are not asked about.
    """
    requester = query.requester
    members = [requester.principal, *requester.actors]
    if requester.on_behalf_of is not None:
        members.append(requester.on_behalf_of)
    return tuple(dict.fromkeys(members))


def resource_uid(resource: str) -> dict[str, str]:
    return {"type": "Relation" if "/" in resource else "Connection", "id": resource}


def _schema_of(resource: str) -> str:
    """`public` of `clinic/public.patient`; with another dot it could mean two things, so it means none."""
    parts = resource.partition("/")[2].split(".")
    return parts[0] if len(parts) == 2 else ""


def _uid(principal: Principal) -> dict[str, str]:
    return {"type": ENTITY_OF[principal.kind], "id": principal.id}


def _answer(result: cedarpy.AuthzResult) -> Answer:
    errors = result.diagnostics.errors
    clean = not errors and result.decision is not cedarpy.Decision.NoDecision
    return Answer(
        allowed=clean and result.decision is cedarpy.Decision.Allow,
        policies=tuple(result.diagnostics.reasons),
        broken=not clean,
    )


def _facts(query: Query, principals: Sequence[Principal]) -> dict[str, Any]:
    context = query.context
    facts: dict[str, Any] = {
        "purpose": context.purpose,
        # Break glass is for humans (45 CFR 164.312(a)(2)(ii) speaks of the entity's people, not of its
        # programs).
        "break_glass": context.break_glass and all(p.kind is Kind.HUMAN for p in principals),
        "classes": sorted(query.classes | context.classes),
        "probes": sorted(query.probes),
        "lookups": sorted(query.lookups),
        "reveal": sorted(query.reveal),
        "rows": max(0, min(context.rows, _MAX_LONG)),
        "destination": context.destination,
        "hour": context.hour,
        "auth": context.auth,
        "statement": context.statement,
        "today": context.today,
        "masks": sorted(context.masks),
        "row_cap": max(0, min(context.row_cap, _MAX_LONG)),
        "byte_cap": max(0, min(context.byte_cap, _MAX_LONG)),
        "acting": sorted(p.id for p in principals),
        "delegated": len(principals) > 1,
    }
    if context.purpose_vouched:
        facts["vouched_purpose"] = context.purpose
    if (address := _address(context.address)) is not None:
        facts["address"] = address
    return facts


def _address(text: str) -> str | None:
    """What Cedar can compare, or None: a policy that needs an address then finds none.

    An IPv4 address in IPv6 clothes (`::ffff:10.0.0.7`, from a dual-stack socket) is the IPv4 address, or a
    forbid over an IPv4 network would not see it.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _entities(query: Query, principals: Sequence[Principal]) -> list[dict[str, Any]]:
    owners = [{"__entity": {"type": "User", "id": owner}} for owner in sorted(query.requester.owners)]
    found: list[dict[str, Any]] = [
        {
            "uid": _uid(p),
            "attrs": {} if p.kind is Kind.HUMAN else {"owners": owners},
            "parents": [{"type": "Group", "id": group} for group in sorted(p.groups)],
        }
        for p in principals
    ]
    for resource in sorted({q.resource for q in query.questions}):
        if "/" in resource:
            found.append(
                {
                    "uid": resource_uid(resource),
                    "attrs": {"phi": resource not in query.clean, "schema": _schema_of(resource)},
                    "parents": [{"type": "Connection", "id": resource.partition("/")[0]}],
                }
            )
    return found
