"""The nouns: who asks (Principal, Requester), what for (Question, Action), and what is answered (Decision).

An `Action` is one attempted operation. Its canonical form (RFC 8785) under a domain-separated SHA-256 is the *action
digest*: what an approval binds to. The payload itself is never in the digest, only a salted commitment to it (a bare
hash of a statement with an SSN in it can be guessed); see `commit`.

Instants are integers, microseconds since 1970 UTC, and their names end in `_at`; durations end in `_s`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lockgate.canonical import JSON as JSON
from lockgate.canonical import SCHEMA_VERSION
from lockgate.canonical import canonical as canonical
from lockgate.canonical import commit as commit
from lockgate.canonical import digest as digest
from lockgate.canonical import parse_canonical as parse_canonical

SAFE_HARBOR: tuple[str, ...] = (
    "name",
    "geo",
    "date",
    "phone",
    "fax",
    "email",
    "ssn",
    "mrn",
    "health_plan",
    "account",
    "license",
    "vehicle",
    "device",
    "url",
    "ip",
    "biometric",
    "photo",
    "other_id",
)
"""The 18 identifiers of 45 CFR 164.514(b)(2)(i), in their order."""

TEXT = "text"
"""Free text: whatever identifiers it holds are found by detection."""

UNCLASSIFIED = "unclassified"
"""A column nobody has reviewed yet: counts as PHI."""

PHI_CLASSES: tuple[str, ...] = (*SAFE_HARBOR, TEXT, UNCLASSIFIED)


class Kind(StrEnum):
    """What sort of principal acts."""

    HUMAN = "human"
    AGENT = "agent"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated human, agent or service: `(issuer, subject)`, its kind and its groups at this moment."""

    issuer: str
    subject: str
    kind: Kind
    groups: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """`issuer:subject`, unique over all issuers, e.g. `local:ana`."""
        return f"{self.issuer}:{self.subject}"


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks, through whom, and who answers for it.

    `actors` is the RFC 8693 chain, outermost (acting now) first, without `principal` itself; `owners` are the ids of
    the owners of every agent and service among them, as registered here and never as claimed by a token.
    """

    principal: Principal
    credential_id: str
    client_address: str = ""
    actors: tuple[Principal, ...] = ()
    on_behalf_of: Principal | None = None
    owners: frozenset[str] = frozenset()
    session: str = field(default="", compare=False)
    """The session that it asks in, as the log names it; empty where it asks outside of one."""

    @property
    def auth(self) -> str:
        """How it came in: `login` (a person's own), `delegated` (a person let it act for them), `key` (a registered
        key); empty where nobody has come in."""
        root = self.credential_id
        return next((kind for kind in ("login", "delegated") if root.startswith(f"{kind}:")), "key" if root else "")

    @property
    def everyone(self) -> frozenset[str]:
        """Ids of all who ask, act or are acted for, and of the owners: none of them may approve."""
        ids = {self.principal.id, *(a.id for a in self.actors), *self.owners}
        if self.on_behalf_of is not None:
            ids.add(self.on_behalf_of.id)
        return frozenset(ids)


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """One thing that policy is asked: may this operation touch this resource?

    `resource` is `connection` or `connection/schema.relation`; `operation` a Cedar action such as `sql.select`.
    """

    operation: str
    resource: str


class Effect(StrEnum):
    """What a decision comes to."""

    ALLOW = "allow"
    REQUIRE = "require"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Reason:
    """A policy that determined a decision: its id and its `@title`, for people."""

    policy_id: str
    title: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What policy answers.

    `masked` and `revealed` split the classes in play; `profiles` names the approval profiles that must be satisfied
    when `effect` is REQUIRE (all of them), and is empty otherwise.
    """

    effect: Effect
    masked: frozenset[str]
    revealed: frozenset[str]
    profiles: tuple[str, ...]
    reasons: tuple[Reason, ...]
    policy_digest: str

    @property
    def allowed(self) -> bool:
        return self.effect is Effect.ALLOW


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else policy was asked with. For the log: an approval does not bind to it, and is asked about it anew."""

    lookups: frozenset[str] = frozenset()
    clean: frozenset[str] = frozenset()
    """Of its resources those known to hold no PHI."""
    rows: int | None = None
    """Estimated; None where it is not known."""


@dataclass(frozen=True, slots=True)
class Action:
    """One attempted operation, complete: everything that an approval of it must bind to.

    `payload` holds the exact bytes that will be executed, in a canonical frame of the gateway's own; its `repr` is
    hidden because it may hold PHI. `questions` and `classes` are what classification found; `operators` says how
    each masked class would be masked; `preconditions` is what the statement's meaning rests on upstream.
    """

    tenant: str
    connection: str
    upstream: str
    requester: Requester
    questions: tuple[Question, ...]
    payload: bytes = field(repr=False)
    classes: frozenset[str] = frozenset()
    probes: frozenset[str] = frozenset()
    reveal: frozenset[str] = frozenset()
    operators: Mapping[str, str] = field(default_factory=dict)
    destination: str = "client"
    row_cap: int = 0
    byte_cap: int = 0
    purpose: str = ""
    preconditions: JSON = None
    tool_fingerprint: str = ""
    circumstances: Circumstances = Circumstances()

    @property
    def operation(self) -> str:
        """The weightiest operation, for a headline: the first that is not a plain read."""
        ops = [q.operation for q in self.questions]
        return next((o for o in ops if o != "sql.select"), ops[0] if ops else "unknown")


def principal_json(principal: Principal) -> dict[str, JSON]:
    return {"id": principal.id, "kind": principal.kind.value, "groups": sorted(principal.groups)}


def requester_json(requester: Requester) -> dict[str, JSON]:
    behalf = requester.on_behalf_of
    return {
        "principal": principal_json(requester.principal),
        "credential": requester.credential_id,
        "address": requester.client_address,
        "actors": [principal_json(a) for a in requester.actors],
        "on_behalf_of": None if behalf is None else principal_json(behalf),
        "owners": sorted(requester.owners),
    }


def envelope(
    action: Action,
    *,
    commitment: str,
    profiles: Mapping[str, JSON],
    policy_digest: str,
    catalog_digest: str,
    occurrence: str,
    created_at: int,
    not_after_at: int,
) -> dict[str, JSON]:
    """The action envelope: all that an approval binds to, the payload as its salted commitment only."""
    return {
        "version": SCHEMA_VERSION,
        "tenant": action.tenant,
        "connection": action.connection,
        "upstream": action.upstream,
        "questions": [[q.operation, q.resource] for q in sorted(action.questions)],
        "tool": action.tool_fingerprint,
        "commitment": commitment,
        "requester": requester_json(action.requester),
        "classes": sorted(action.classes),
        "probes": sorted(action.probes),
        "reveal": sorted(action.reveal),
        "operators": dict(action.operators),
        "destination": action.destination,
        "caps": {"rows": action.row_cap, "bytes": action.byte_cap},
        "purpose": action.purpose,
        "preconditions": action.preconditions,
        "profiles": dict(profiles),
        "policy": policy_digest,
        "catalog": catalog_digest,
        "occurrence": occurrence,
        "created_at": created_at,
        "not_after_at": not_after_at,
    }


def action_digest(envelope: Mapping[str, JSON]) -> str:
    """What votes and grants bind to."""
    return digest("action", envelope)


def attempt_key(action: Action, key: bytes) -> str:
    """Keyed name of *the identical action*: a retry finds the request that its first try created.

    HMAC-SHA-256 over tenant, principal, actor chain, credential, address, connection, what it does, payload and
    preconditions; keyed, because the payload may be guessable.
    """
    named = canonical(
        {
            "tenant": action.tenant,
            "connection": action.connection,
            "upstream": action.upstream,
            "requester": requester_json(action.requester),
            "questions": [[q.operation, q.resource] for q in sorted(action.questions)],
            "reveal": sorted(action.reveal),
            "destination": action.destination,
            "payload": hashlib.sha256(action.payload).hexdigest(),
            "preconditions": action.preconditions,
        }
    )
    return hmac.new(key, b"lockgate/attempt/v1\0" + named, hashlib.sha256).hexdigest()
