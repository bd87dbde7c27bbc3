"""The rendered view: everything a reviewer judges by, built from the action and never from the requester's
prose.

`render` is pure. What it returns is stored with the request and never rendered again; a vote binds to its
digest, which covers the text, this renderer's version, the masking policy and the channel. It holds no PHI:
the statement arrives with its literals as typed placeholders, the requester's reason is masked again here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lockgate.action import JSON, Action, Decision, Kind, Principal, digest

RENDERER = 4
MASKING = "display/1"
CHANNEL = "console"
REASON_CHARS = 500
STATEMENT_CHARS = 20_000
RISKS = ("low", "medium", "high")

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
}
RISK_OF: Mapping[str, str] = {
    "sql.select": "low",
    "sql.session": "low",
    "sql.temp": "low",
    "sql.write": "medium",
    "sql.export": "medium",
}
"""Risk by operation; whatever is not named here is high."""

MANY_ROWS = 1000

NAMING = frozenset({"patient", "named", "name", "called", "mr", "mrs", "ms", "dr", "mother", "father", "son", "wife"})
"""A word after one of these may be a name, however it is written."""


@dataclass(frozen=True, slots=True)
class ViewFacts:
    """What a gateway knows of an action that a person can read.

    `statement_masked` is rendered from the parsed tree, literals as typed placeholders; empty means that
    nothing could be rendered, and the view says *uninspectable*. `does` are plain words for each thing it
    would do, `flags` what is odd about it, `sample` masked rows of base tables, `reason` the requester's own
    words (unverified).
    """

    statement_masked: str = ""
    does: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    classes: frozenset[str] = frozenset()
    estimated_rows: int = 0
    destination: str = ""
    sample: tuple[tuple[str, ...], ...] = ()
    flags: tuple[str, ...] = ()
    uninspectable: str = ""
    reason: str = ""
    parameters: tuple[str, ...] = ()
    asks: str = ""
    """What is wanted, where it is something else than to run this once; takes the sentence's place."""
    permit: str = ""
    """The text of the permit that would come into force."""
    on_approve: str = "it may run once, exactly as shown, and nothing else with it"


@dataclass(frozen=True, slots=True)
class View:
    """What is shown: `lines` for a terminal, `body` for anything richer; `digest` is what a vote binds to."""

    sentence: str
    risk: str
    lines: tuple[str, ...]
    body: Mapping[str, JSON] = field(default_factory=dict)
    digest: str = ""

    def to_json(self) -> dict[str, JSON]:
        return {
            "sentence": self.sentence,
            "risk": self.risk,
            "lines": list(self.lines),
            "body": self.body,
            "digest": self.digest,
        }


def render(
    facts: ViewFacts,
    action: Action,
    decision: Decision,
    profiles: Mapping[str, JSON],
    *,
    mask: Callable[[str], str],
    new: Sequence[str] = (),
) -> View:
    """Build the view of one action; `new` says what is new since the last like it, `mask` leans to recall."""
    flags = list(facts.flags)
    statement = facts.statement_masked[:STATEMENT_CHARS]
    if len(facts.statement_masked) > STATEMENT_CHARS:
        flags.append("too long to be shown whole")
    uninspectable = facts.uninspectable
    if not statement and not uninspectable:
        uninspectable = "the statement could not be rendered"
    if uninspectable or len(facts.statement_masked) > STATEMENT_CHARS:
        flags.append("uninspectable")
    shown = plain(statement)
    if shown != statement:
        flags.append("holds characters that are not ASCII, escaped here")
    rows = facts.estimated_rows
    destination = facts.destination or action.destination
    revealed = sorted(decision.revealed)
    masked = sorted((action.classes | facts.classes) - decision.revealed)
    odd = bool(uninspectable or facts.permit)
    risk = _risk(action, decision, profiles, rows, destination, first=bool(new), odd=odd)
    sentence = plain(_sentence(facts, action, decision, rows, destination))
    body: dict[str, JSON] = {
        "version": RENDERER,
        "masking": MASKING,
        "channel": CHANNEL,
        "sentence": sentence,
        "risk": risk,
        "new": list(new),
        "who": _who(action),
        "connection": action.connection,
        "upstream": plain(action.upstream),
        "does": [plain(words) for words in facts.does] or _questions(action),
        "statement": shown,
        "permit": plain(facts.permit),
        "parameters": [plain(words) for words in facts.parameters],
        "uninspectable": uninspectable,
        "flags": flags,
        "shown_unmasked": revealed,
        "masked": masked,
        "searched_by_hidden_value": sorted(action.probes),
        "estimated_rows": rows,
        "destination": plain(destination),
        "purpose": plain(mask(action.purpose[:REASON_CHARS])),
        "policy": [{"id": r.policy_id, "title": r.title} for r in decision.reasons],
        "profiles": dict(profiles),
        "sample": [[plain(cell) for cell in row] for row in facts.sample],
        "reason": {"text": plain(mask(facts.reason[:REASON_CHARS])), "verified": False},
        "on_approve": plain(facts.on_approve),
        "on_deny": "nothing changes" if facts.permit else "it does not run; the same may be asked again after an hour",
    }
    lines = tuple(_lines(body))
    return View(sentence, risk, lines, body, digest("view", {"body": body, "lines": list(lines)}))


def plain(text: str) -> str:
    """ASCII only: every other character, and every control character but newline, is escaped to be seen."""
    return "".join(c if c == "\n" or " " <= c <= "~" else c.encode("unicode_escape").decode("ascii") for c in text)


def mask_words(text: str) -> str:
    """Mask for display without a detector: whatever holds a digit, an @ or a capital is hidden. Leans to
    recall.
    """
    words = text.split()
    before = ["", *words]
    return " ".join(
        "[...]" if _suspect(word) or last.strip(".,:;").lower() in NAMING else word
        for last, word in zip(before, words, strict=False)
    )


def _suspect(word: str) -> bool:
    return not all("a" <= c <= "z" or c in ".,:;!?()'-/" for c in word)


def _sentence(facts: ViewFacts, action: Action, decision: Decision, rows: int, destination: str) -> str:
    if facts.asks:
        return facts.asks
    requester = action.requester
    behalf = requester.on_behalf_of
    who = _name(requester.principal) + (f", for {_name(behalf)}," if behalf is not None else "")
    verb = VERBS.get(action.operation, f"do {action.operation} on")
    named = facts.resources or tuple(q.resource for q in action.questions if q.operation == action.operation)
    target = ", ".join(name.split("/", 1)[-1] for name in named[:3]) or action.connection
    if len(named) > 3:
        target += f" and {len(named) - 3} more"
    amount = f", about {rows:,} rows," if rows else ""
    unmasked = f" with {', '.join(sorted(decision.revealed))} unmasked" if decision.revealed else ""
    probes = f", searching by hidden {', '.join(sorted(action.probes))}" if action.probes else ""
    where = requester.client_address if destination == "client" else destination
    return f"{who} wants to {verb} {target}{amount}{unmasked}{probes}" + (f" to {where}" if where else "")


def _risk(
    action: Action,
    decision: Decision,
    profiles: Mapping[str, JSON],
    rows: int,
    destination: str,
    *,
    first: bool,
    odd: bool,
) -> str:
    level = max((RISKS.index(RISK_OF.get(q.operation, "high")) for q in action.questions), default=2)
    if decision.revealed:
        level = max(level, 2 if rows > MANY_ROWS or not rows else 1)
    if destination != "client" or first:
        level = max(level, 1)
    for body in profiles.values():
        named = body.get("risk") if isinstance(body, Mapping) else None
        if isinstance(named, str) and named in RISKS:
            level = max(level, RISKS.index(named))
    return RISKS[2 if odd else level]


def _who(action: Action) -> dict[str, JSON]:
    requester = action.requester
    behalf = requester.on_behalf_of
    return {
        "principal": requester.principal.id,
        "kind": requester.principal.kind.value,
        "actors": [actor.id for actor in requester.actors],
        "on_behalf_of": None if behalf is None else behalf.id,
        "owners": sorted(requester.owners),
        "address": plain(requester.client_address),
    }


def _questions(action: Action) -> list[JSON]:
    return [f"{q.operation} on {plain(q.resource)}" for q in action.questions]


def _name(principal: Principal) -> str:
    return principal.subject if principal.kind is Kind.HUMAN else f"{principal.subject} ({principal.kind.value})"


def _lines(body: Mapping[str, JSON]) -> list[str]:
    """The same facts for a terminal, in the order in which they are judged."""

    def listed(key: str) -> str:
        value = body[key]
        return ", ".join(str(v) for v in value) if isinstance(value, list) and value else "none"

    lines = [str(body["sentence"]), f"risk: {body['risk']}"]
    lines += [f"new: {item}" for item in _texts(body["new"])]
    who = body["who"]
    assert isinstance(who, Mapping)
    lines.append(f"who: {who['principal']} ({who['kind']}) from {who['address'] or 'an unknown address'}")
    lines += [f"acting: {actor}" for actor in _texts(who["actors"])]
    lines.append(f"on behalf of: {who['on_behalf_of'] or 'nobody else'}")
    lines.append(f"owners: {', '.join(_texts(who['owners'])) or 'none'}")
    lines += [f"would: {item}" for item in _texts(body["does"])]
    lines.append("statement, values masked:")
    lines += [f"  {line}" for line in (str(body["statement"]) or "(uninspectable)").split("\n")]
    if body["permit"]:
        lines += ["permit, in Cedar:", *(f"  {line}" for line in str(body["permit"]).rstrip().split("\n"))]
    lines += [f"parameter: {item}" for item in _texts(body["parameters"])]
    lines += [f"attention: {item}" for item in _texts(body["flags"])]
    lines.append(f"shown unmasked: {listed('shown_unmasked')}; masked: {listed('masked')}")
    lines.append(f"search by a hidden value: {listed('searched_by_hidden_value')}")
    lines.append(f"estimated rows: {body['estimated_rows'] or 'unknown'}; to: {body['destination']}")
    policies = body["policy"]
    assert isinstance(policies, list)
    lines += [f"because of policy: {p['title'] or p['id']}" for p in policies if isinstance(p, Mapping)]
    sample = body["sample"]
    assert isinstance(sample, list)
    lines += [f"some row of {cells[0]}, masked: {', '.join(cells[1:])}" for row in sample if (cells := _texts(row))]
    reason = body["reason"]
    assert isinstance(reason, Mapping)
    if reason["text"]:
        lines.append(f"their reason, unverified: {reason['text']}")
    return [*lines, f"if you approve: {body['on_approve']}", f"if you deny: {body['on_deny']}"]


def _texts(value: JSON) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
