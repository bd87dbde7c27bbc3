"""A view's facts as lines for a terminal, in the order in which they are judged: the first screen comes first."""

from __future__ import annotations

from collections.abc import Mapping

from lockgate.action import JSON


def lines_of(body: Mapping[str, JSON]) -> list[str]:
    """One sentence, risk, what is new, what is odd, the clock and who is asked; then what it is; then why."""
    return [*_first_screen(body), *_who(body), *_what(body), *_why(body)]


def _first_screen(body: Mapping[str, JSON]) -> list[str]:
    lines = [str(body["sentence"]), f"risk: {body['risk']}"]
    lines += [f"new: {item}" for item in texts(body["new"])]
    if body["like"] and not body["new"]:
        lines.append(f"new: nothing since {body['like']}")
    lines += [f"attention: {item}" for item in texts(body["flags"])]
    if body["asks"]:
        lines.append(f"asked: {'; and '.join(texts(body['asks']))}")
    if body["decide_by"]:
        lines.append(f"decide by: {body['decide_by']}; silence denies")
    return lines


def _who(body: Mapping[str, JSON]) -> list[str]:
    who = body["who"]
    assert isinstance(who, Mapping)
    lines = [f"who: {who['principal']} ({who['kind']}) from {who['address'] or 'an unknown address'}"]
    lines += [f"acting: {actor}" for actor in texts(who["actors"])]
    lines.append(f"on behalf of: {who['on_behalf_of'] or 'nobody else'}")
    lines.append(f"owners: {', '.join(texts(who['owners'])) or 'none'}")
    return lines


def _what(body: Mapping[str, JSON]) -> list[str]:
    lines = [f"would: {item}" for item in texts(body["does"])]
    lines.append("statement, values masked:")
    lines += [f"  {line}" for line in (str(body["statement"]) or "(uninspectable)").split("\n")]
    if body["permit"]:
        lines += ["permit, in Cedar:", *(f"  {line}" for line in str(body["permit"]).rstrip().split("\n"))]
    lines += [f"parameter: {item}" for item in texts(body["parameters"])]
    lines.append(f"shown unmasked: {_listed(body['shown_unmasked'])}; masked: {_listed(body['masked'])}")
    lines.append(f"search by a hidden value: {_listed(body['searched_by_hidden_value'])}")
    lines.append(f"estimated rows: {body['estimated_rows'] or 'unknown'}; to: {body['destination']}")
    return lines


def _why(body: Mapping[str, JSON]) -> list[str]:
    policies, sample, reason = body["policy"], body["sample"], body["reason"]
    assert isinstance(policies, list) and isinstance(sample, list) and isinstance(reason, Mapping)
    lines = [f"because of policy: {p['title'] or p['id']}" for p in policies if isinstance(p, Mapping)]
    if body["purpose"]:
        lines.append(f"their purpose, unverified: {body['purpose']}")
    if reason["text"]:
        lines.append(f"their reason, unverified: {reason['text']}")
    lines += [f"some row of {cells[0]}, masked: {', '.join(cells[1:])}" for row in sample if (cells := texts(row))]
    return [*lines, f"if you approve: {body['on_approve']}", f"if you deny: {body['on_deny']}"]


def _listed(value: JSON) -> str:
    return ", ".join(texts(value)) or "none"


def texts(value: JSON) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
