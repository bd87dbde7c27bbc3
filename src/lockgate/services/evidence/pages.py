"""What people read of an export: pages without script or anything from elsewhere, and a CSV that no program runs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from lockgate.services.evidence.collect import Evidence, Logged, Story

COLUMNS = (
    "index",
    "event",
    "time",
    "type",
    "request",
    "execution",
    "principal",
    "connection",
    "operation",
    "decision",
    "status",
    "policy",
    "catalog",
    "sampled",
)
STYLE = (
    "body{font:15px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em;color:#111;background:#fff}"
    "pre{white-space:pre-wrap;background:#f4f4f4;padding:1em}table{border-collapse:collapse;width:100%}"
    "td,th{border:1px solid #bbb;padding:.3em .6em;text-align:left;vertical-align:top}"
    ".bad{color:#a00;font-weight:bold}"
)
POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def at_text(at: int) -> str:
    return datetime.fromtimestamp(at / 1_000_000, UTC).isoformat(timespec="microseconds")


def population_csv(evidence: Evidence) -> str:
    """One row an event of the population. A cell that a spreadsheet could take for a formula begins with an
    apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for event in evidence.population:
        cells = [str(event.index), event.id, at_text(event.at), event.type]
        cells += [event.text(name) for name in COLUMNS[4:-1]]
        writer.writerow([_inert(cell) for cell in [*cells, "yes" if event.id in evidence.sampled else ""]])
    return out.getvalue()


def _inert(cell: str) -> str:
    cell = "".join(c if c.isprintable() else " " for c in cell)
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@") else cell


def page(title: str, body: str) -> str:
    """A page that needs nothing and runs nothing; `body` is escaped already."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body><h1>{escape(title)}</h1>\n{body}</body></html>\n"
    )


def story_page(story: Story) -> str:
    """The view as it was voted on, the votes with their reasons, the outcome, and every event."""
    parts = [f"<p>Drawn for event {_proof(story.event)}, {escape(story.event.type)}, number {story.event.index}.</p>"]
    if story.request:
        parts.append("<h2>What the reviewers saw</h2>")
        if story.view:
            parts.append(f"<pre>{escape(chr(10).join(story.view))}</pre>")
        if not story.view_holds:
            parts.append('<p class="bad">The stored view is not the one that the log names: do not rely on it.</p>')
        votes = [event for event in story.events if event.type in ("vote", "review")]
        parts.append("<h2>Votes</h2>" + (_votes(votes) if votes else "<p>None.</p>"))
        ends = [event for event in story.events if event.type in ("outcome", "reconciled")]
        parts.append("<h2>Outcome</h2>" + (_table(ends) if ends else f"<p>{_how_it_ended(story)}</p>"))
    parts.append("<h2>Events</h2>" + _table(list(story.events) or [story.event]))
    return page(story.request or story.event.id, "\n".join(parts))


def index_page(evidence: Evidence, key: str) -> str:
    wanted = evidence.wanted
    facts = [
        f"{len(evidence.population)} signed events from {at_text(wanted.from_at)} up to {at_text(wanted.to_at)}"
        + (f", of type {', '.join(sorted(wanted.types))}" if wanted.types else ""),
        f"{len(evidence.sampled)} of them drawn with seed {wanted.seed}: those with the smallest SHA-256 of seed:id",
        f"{evidence.unsigned} events were not signed yet and are not in it",
        f"key of the log: {key}",
    ]
    parts = ["<ul>" + "".join(f"<li>{escape(fact)}</li>" for fact in facts) + "</ul>"]
    for name in evidence.missing:
        parts.append(f'<p class="bad">Not kept: {escape(name)} (in force before versions were kept, or removed).</p>')
    rows = "".join(
        f"<tr><td>{s.event.index}</td><td>{escape(at_text(s.event.at))}</td><td>{escape(s.event.type)}</td>"
        f'<td><a href="pages/{escape(s.request or s.event.id)}.html">{escape(s.request or s.event.id)}</a></td></tr>'
        for s in evidence.stories
    )
    parts.append(f"<table><tr><th>number<th>time<th>type<th>page</tr>{rows}</table>")
    return page("Evidence from the log", "\n".join(parts))


def _how_it_ended(story: Story) -> str:
    last = next((e for e in reversed(story.events) if e.type == "request.changed"), None)
    return "It is open." if last is None else f"{escape(last.text('to'))}: {escape(last.text('why'))}"


def _votes(votes: list[Logged]) -> str:
    rows = "".join(
        f"<tr><td>{escape(at_text(v.at))}</td><td>{escape(v.text('person'))}</td>"
        f"<td>{'approve' if v.body.get('approve') else 'deny'}</td><td>{escape(v.text('reason'))}</td>"
        f"<td>{'yes' if v.body.get('counted') else escape('no: ' + v.text('why'))}</td></tr>"
        for v in votes
    )
    return f"<table><tr><th>time<th>who<th>vote<th>reason<th>counted</tr>{rows}</table>"


def _table(events: list[Logged]) -> str:
    rows = "".join(
        f"<tr><td>{event.index}</td><td>{escape(at_text(event.at))}</td><td>{escape(event.type)}<br>{_proof(event)}</td>"
        f"<td>{_body(event.body)}</td></tr>"
        for event in events
    )
    return f"<table><tr><th>number<th>time<th>type<th>what</tr>{rows}</table>"


def _proof(event: Logged) -> str:
    return f'<a href="../proofs/{escape(event.id)}.tlog-proof">{escape(event.id)}</a>'


def _body(body: Mapping[str, Any]) -> str:
    return "<br>".join(f"{escape(str(key))}: {escape(_value(value))}" for key, value in sorted(body.items()))


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
