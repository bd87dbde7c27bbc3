"""`lockgate audit`: verify a whole log, get one event's receipt, check it offline. Needs no server and no login."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lockgate.cli import exporting
from lockgate.cli.client import call, last_receipt
from lockgate.cli.show import Json, console, dump
from lockgate.errors import AuditError

app = typer.Typer(no_args_is_help=True, help="The tamper-evident log.")
exporting.register(app)

WORDS = {
    "WITNESSED": "The log holds, against a checkpoint that was kept elsewhere.",
    "BROKEN": "THE LOG WAS CHANGED.",
    "SELF_CONSISTENT": "The log is consistent with its own key, and no more is known: whoever has the key could "
    "have cut events off. Give a checkpoint that was kept elsewhere (--checkpoint FILE or FOLDER).",
    "UNMATCHED": "The log holds, against a checkpoint that was kept elsewhere; some executions have no outcome "
    "yet (running, or cut off by a crash).",
    "RESTORED": "The log holds, but an older store was put back: events were given up, and that is recorded.",
}


@app.command(
    help="Verify every event, their order, the tree and the signatures. Exit status: 0 holds against a kept "
    "checkpoint, 1 changed, 3 only consistent with its own key, 4 holds with executions without an outcome, 5 events "
    "were given up in a recorded restore. Example: `lockgate audit verify state/lockgate.db --checkpoint kept.txt`"
)
def verify(
    store: Annotated[str, typer.Argument(help="the store's file, a copy of it, or postgresql://…")],
    checkpoint: Annotated[list[Path], typer.Option(help="a checkpoint that you kept, or a checkpoint_dir")] = [],  # noqa: B006
    key: Annotated[
        list[str],
        typer.Option(
            help="a public key of the log, as text or a file; several may be given; else the store's own word"
        ),
    ] = [],  # noqa: B006
    keys: Annotated[
        Path | None, typer.Option(help="the key file, to check also what is not signed yet; whoever has none leaves it")
    ] = None,
    as_json: Json = False,
) -> None:
    from lockgate.audit import VerifierKey
    from lockgate.services.log_copy import LogCopy
    from lockgate.store import KeyRing

    copy = LogCopy(store)
    given = [VerifierKey.from_text(_text(one)) for one in key if one]
    verifiers = given or [VerifierKey.from_text(copy.public_key())]
    kept = [note for path in checkpoint for note in _notes(path)]
    report = copy.verify(verifiers, kept, KeyRing.from_file(keys) if keys else None)
    if as_json:
        dump(
            {
                "verdict": report.verdict.name.lower(),
                "size": report.size,
                "problems": report.problems,
                "given_up": report.given_up,
                "witnessed": report.witnessed,
                "unmatched": report.unmatched,
                "unsigned": report.pending,
                "key": verifiers[0].fingerprint,
                "keys": [one.fingerprint for one in report.keys],
            }
        )
    else:
        console.print(f"{report.size} events, key {verifiers[0].fingerprint}")
        for followed in report.keys[len(verifiers) :]:
            console.print(f"  and, by a change of key that the log records, {followed.fingerprint}")
        for line in [*report.problems[:20], *report.given_up[:20]]:
            console.print(f"  {line}", markup=False)
        console.print(WORDS[report.verdict.name])
        if kept and report.witnessed < report.size:
            console.print(f"  the last {report.size - report.witnessed} events rest on the log's own key alone")
        if report.unmatched:
            console.print(f"  without an outcome: {', '.join(report.unmatched[:5])}")
    raise typer.Exit(int(report.verdict))


@app.command(help="Write the receipt of one event. Example: `lockgate audit prove evt_… > evt.tlog-proof`")
def prove(event: Annotated[str, typer.Argument(help="the event, evt_…")]) -> None:
    print(call("GET", f"/audit/events/{event}/proof"), end="")


@app.command(
    help="The events under which your last command that changed something, or tried to, is on record; the first says "
    "what was done. Example: `lockgate audit receipt`"
)
def receipt(as_json: Json = False) -> None:
    events = last_receipt()
    if as_json:
        dump(events)
    elif not events:
        console.print("Nothing that you did here is on record yet.")
    else:
        for event in events:
            console.print(event)
        console.print(f"Its proof: lockgate audit prove {events[0]} > {events[0]}.tlog-proof")


@app.command(
    help="Destroy the salts behind an event's or a request's commitments, so that nobody can try values against them "
    "any more; the log still verifies. Backups keep theirs. Example: `lockgate audit erase evt_…`"
)
def erase(name: Annotated[str, typer.Argument(help="an event, evt_…, or a request that is over, req_…")]) -> None:
    gone = call("POST", "/audit/erase", {"name": name})["salts"]
    console.print(f"{gone} salt{'' if gone == 1 else 's'} destroyed. Backups that were made before still hold theirs.")


@app.command(
    help="Check a receipt offline with the public key. Example: `lockgate audit check evt.tlog-proof --key log.pub`"
)
def check(
    file: Annotated[Path, typer.Argument(exists=True, help="a receipt, or the folder of an export")],
    key: Annotated[str, typer.Option(help="the log's public key, as text or a file")],
    as_json: Json = False,
) -> None:
    from lockgate.audit import VerifierKey, check_tlog_proof

    if file.is_dir():
        from lockgate.services.evidence import check_folder

        count = check_folder(file, [VerifierKey.from_text(_text(key))])
        if as_json:
            dump({"receipts": count})
            return
        console.print(f"{count} receipts hold, and the sample is the one that its seed draws.")
        return
    found = check_tlog_proof(_content(file), [VerifierKey.from_text(_text(key))])
    if as_json:
        dump({"index": found.index, "size": found.checkpoint.size, "event": found.event.decode()})
    else:
        console.print(f"Event {found.index} of {found.checkpoint.size}, signed by {found.checkpoint.origin}:")
        console.print(found.event.decode(), markup=False)


def _content(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise AuditError(f"{path.name} cannot be read as text") from error


def _notes(path: Path) -> list[str]:
    """A checkpoint from a file, or all of a folder of them. AuditError: there is none."""
    from lockgate.services.checkpoint_dir import CheckpointDir

    notes = CheckpointDir(path).notes() if path.is_dir() else [_content(path)]
    if not notes:
        raise AuditError(f"the folder {path.name} holds no checkpoint", hint="give a checkpoint_dir, or a file")
    return notes


def _text(key: str) -> str:
    """A key given as text, or the content of the file that it names."""
    if not key or "+" in key:
        return key
    if not Path(key).is_file():
        raise AuditError("--key names no file and is no key", hint="lockgate init wrote it to log.pub")
    return _content(Path(key))
