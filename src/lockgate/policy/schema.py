"""The Cedar schema, written out from the operations and PHI classes that Lockgate knows.

Nothing outside this vocabulary can be asked: Cedar answers a question about an unknown action or a context
of another shape with no decision, and no decision is a deny.
"""

from __future__ import annotations

from functools import cache

import cedarpy

from lockgate.action import PHI_CLASSES, Kind

OPERATIONS: tuple[str, ...] = (
    "sql.select",
    "sql.write",
    "sql.ddl",
    "sql.drop",
    "sql.grant",
    "sql.export",
    "sql.code",
    "sql.files",
    "sql.session",
    "sql.admin",
    "sql.temp",
    "sql.declassify",
    "sql.overwrite_masked",
    "vault.reveal",
    "vault.forget",
)

CHANGES: frozenset[str] = frozenset(OPERATIONS) - {"sql.select", "sql.export", "sql.session", "sql.temp"}
"""Operations that leave something changed upstream: what an agent should not do on its own say."""

BY_CLASS: tuple[str, ...] = ("reveal", "probe", "lookup")
FAMILIES: tuple[str, ...] = ("sql", "vault", *BY_CLASS)
"""Groups of actions: a policy may say `action in Action::"reveal"`."""

ACTIONS: tuple[str, ...] = (
    *OPERATIONS,
    *(f"{family}.{cls}" for family in BY_CLASS for cls in PHI_CLASSES),
)

NEVER_SET = frozenset({"vouched_purpose"})
"""Facts that this version gives to no decision."""
WORDS: dict[str, frozenset[str]] = {
    "auth": frozenset({"login", "delegated", "key"}),
    "destination": frozenset({"client", "copy", "dump"}),
}
"""Facts that are one of a few words."""

ENTITY_OF: dict[Kind, str] = {Kind.HUMAN: "User", Kind.AGENT: "Agent", Kind.SERVICE: "Service"}

_TYPES = """\
// Who asks. An agent's and a service's owners are the people registered here as answering for it.
entity Group;
entity User in [Group];
entity Agent in [Group] { owners: Set<User> };
entity Service in [Group] { owners: Set<User> };

// What is asked about. `phi` is false only where every column has been reviewed and found to be none.
// `schema` is empty where the name leaves it in doubt.
entity Connection;
entity Relation in [Connection] { phi: Bool, schema: String };

// What Lockgate knows of the attempt.
type Facts = {
  purpose: String,            // a claim: it may narrow, never widen
  vouched_purpose?: String,   // there only when identity vouches for the purpose
  satisfied: Set<String>,     // approval profiles that Lockgate has itself seen met
  break_glass: Bool,
  classes: Set<String>,       // PHI classes in the outputs
  probes: Set<String>,        // searched by a hidden value
  lookups: Set<String>,       // looked up by a record's own identifier
  reveal: Set<String>,        // named by the requester to be shown
  rows: Long,                 // estimated
  destination: String,
  address?: ipaddr,
  hour: Long,                 // UTC
  auth: String,
  statement: String,          // names the statement without its values; "" where it is not known
  today: Long,                // UTC, written 20261231; 0 where it is not known
  masks: Set<String>,         // how each class is masked: "name=token"
  row_cap: Long,              // the stream is cut there; 0 is no cap
  byte_cap: Long,
  acting: Set<String>,        // ids of all who act or are acted for
  delegated: Bool,            // somebody else acts too, or is acted for, and is asked about as well
  asked: Bool,                // for reveal.*: the requester named this class
};
"""


def family_of(action: str) -> str:
    """`reveal` of `reveal.ssn`; a family is its own."""
    return action.partition(".")[0]


@cache
def schema_text() -> str:
    """The whole schema in Cedar's own syntax."""
    lines = [_TYPES, *(f'action "{family}";' for family in FAMILIES)]
    for family in FAMILIES:
        names = ", ".join(f'"{a}"' for a in ACTIONS if family_of(a) == family)
        lines.append(
            f'action {names} in ["{family}"] appliesTo {{\n'
            "  principal: [User, Agent, Service], resource: [Connection, Relation], context: Facts\n};"
        )
    return "\n".join(lines) + "\n"


@cache
def schema() -> cedarpy.Schema:
    """The parsed schema, one handle for the life of the process."""
    return cedarpy.Schema.from_str(schema_text())
