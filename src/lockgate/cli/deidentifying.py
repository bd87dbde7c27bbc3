"""`lockgate deidentify`: texts and JSON Lines with their identifiers replaced. Everything happens on this machine."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from lockgate.cli.detecting import LINES, loaded, opened_text, standard_input
from lockgate.cli.own_profile import chosen, secrets_of
from lockgate.cli.remembering import vault_for
from lockgate.errors import ConfigError

if TYPE_CHECKING:
    from lockgate.phi.replacing import Originals, Profile, Replaced, Secrets, Vault
    from lockgate.phi.replacing.pieces import Part, Piece

BATCH = 256
"""Texts replaced together."""
BATCH_CHARACTERS = 1 << 22
"""Or fewer, if they are long."""


@dataclass(frozen=True, slots=True)
class Record:
    """A text, whose it is, and the object that it came from (None: a file that is one text)."""

    text: str = field(repr=False)
    patient: str | None = field(repr=False)
    kept: dict[str, Any] | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fields:
    text: str
    patient: str | None
    keep: tuple[str, ...]


def register(app: typer.Typer) -> None:
    app.command(
        help="Replace the identifiers in text. One file of text gives its text; several, or JSON Lines, give JSON "
        "Lines: a number or what --keep names, the patient's surrogate, the text, and nothing else of the record. "
        "Examples: `lockgate deidentify note.txt`, "
        "`lockgate deidentify notes.jsonl --profile expert-determination --patient-field mrn -o out.jsonl`, "
        "`cat notes.jsonl | lockgate deidentify - --keep visit`, "
        "`lockgate deidentify notes.jsonl --patient-field mrn --vault lockgate.yaml`"
    )(deidentify)


def deidentify(
    files: Annotated[
        list[Path],
        typer.Argument(
            help='texts, `.jsonl` or `.ndjson` files of {"text", …}, or `-`: JSON Lines on standard input; '
            "any other file is one text"
        ),
    ],
    profile: Annotated[
        str,
        typer.Option(
            help="safe-harbor, limited-data-set, expert-determination, redact or display; or a file: mine.yaml"
        ),
    ] = "safe-harbor",
    text_field: Annotated[str, typer.Option(help="where in a record the text is")] = "text",
    patient_field: Annotated[
        str | None, typer.Option(help="where in a record it says whose text it is: one patient, one set of surrogates")
    ] = None,
    patient: Annotated[str | None, typer.Option(help="all files are of this patient")] = None,
    keep: Annotated[list[str], typer.Option(help="a field that is written as it is, unsearched; may be repeated")] = [],  # noqa: B006
    key_file: Annotated[
        Path | None, typer.Option(help="the secret key for a profile with hash or encrypt: 32 random bytes")
    ] = None,
    vault: Annotated[
        str | None,
        typer.Option(
            envvar="LOCKGATE_VAULT",
            help="remember what stands for whom, ever after: the installation's file, or sqlite:///… or postgresql://…",
        ),
    ] = None,
    vault_keys: Annotated[
        str | None,
        typer.Option(
            envvar="LOCKGATE_VAULT_KEYS", help="the key file of a vault that is given by its address; env:NAME"
        ),
    ] = None,
    one_pass: Annotated[
        bool,
        typer.Option(
            "--one-pass", help="read files once: faster, but a surrogate may be an original that comes much later"
        ),
    ] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="a file instead of standard output")] = None,
) -> None:
    from lockgate.phi.vault import Avoiding, Originals

    fields = Fields(text_field, patient_field, tuple(keep))
    if patient is not None and patient_field is not None:
        raise ConfigError("--patient and --patient-field say the same", hint="give one of them")
    for option, given in (("--patient-field", patient_field is not None), ("--keep", bool(keep))):
        if given and not all(_are_lines(file) for file in files):
            # Ignored, it would make of a patient's text nobody's, and the vault would not be told of it.
            raise ConfigError(
                f"{option} names a field of records, and a file of text has none",
                hint="give JSON Lines (.jsonl, .ndjson, -), or --patient for whose the texts are",
            )
    if vault is not None and patient is None and patient_field is None:
        raise ConfigError(
            "a vault remembers patients, and these texts are nobody's", hint="--patient-field mrn, or --patient 4711"
        )
    lines = len(files) > 1 or _are_lines(files[0])
    known = Originals()
    with vault_for(vault, vault_keys, known) as memory:
        work = Work(chosen(profile), memory, secrets_of(key_file), known)
        naming = Avoiding(memory, known)
        if not one_pass and all(file.is_file() for file in files):
            for batch in _batches(_records(files, fields, patient)):
                work.survey(batch)
        with _written(output) as out:
            number = 0
            for batch in _batches(_records(files, fields, patient)):
                for record, done in zip(batch, work.replace(batch), strict=True):
                    number += 1
                    line = _line(record, done.text, number, fields, naming) if lines else done.text
                    out.write(_bytes(line))


@dataclass(frozen=True, slots=True)
class Work:
    """What is the same for all batches."""

    profile: Profile
    vault: Vault
    secrets: Secrets
    known: Originals

    def survey(self, batch: list[Record]) -> None:
        """Originals of the whole dataset are known before the first surrogate is drawn."""
        from lockgate.phi.finding import engine
        from lockgate.phi.replacing import survey

        texts, patients = [one.text for one in batch], [one.patient for one in batch]
        found = engine().find(texts, self.profile.bias)
        survey(texts, found, self.profile, self.known, self.vault, patients, secrets=self.secrets)
        self._name(patients)

    def replace(self, batch: list[Record]) -> list[Replaced]:
        from lockgate.phi.finding import engine
        from lockgate.phi.replacing import replace

        texts, patients = [one.text for one in batch], [one.patient for one in batch]
        self._name(patients)
        found = engine().find(texts, self.profile.bias)
        year = datetime.now(UTC).year
        return replace(
            texts,
            found,
            self.profile,
            self.vault,
            patients,
            secrets=self.secrets,
            written=year,
            originals=self.known,
        )

    def _name(self, patients: list[str | None]) -> None:
        """What the data calls its patients is an original too; a vault that is kept is told when it is replaced, so
        that it can forget it."""
        named = [piece.original for one in set(patients) if one is not None for piece in _pieces(one)]
        self.known.add(named)


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    batch: list[Record] = []
    size = 0
    for record in records:
        batch.append(record)
        size += len(record.text)
        if len(batch) >= BATCH or size >= BATCH_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _line(record: Record, text: str, number: int, fields: Fields, vault: Vault) -> str:
    made: dict[str, Any] = dict(record.kept or {}) or {"id": number}
    if fields.patient is not None and record.patient is not None:
        made[fields.patient] = _patient(record.patient, vault)
    made[fields.text] = text
    return json.dumps(made, ensure_ascii=False) + "\n"


def _patient(patient: str, vault: Vault) -> str:
    """A surrogate for what the data calls the patient, so that their texts still belong together."""
    from lockgate.phi.replacing.pieces import joined

    wanted = [(piece.kind, piece.original, piece.draw) for piece in _pieces(patient)]
    return joined(_parts(patient), vault.surrogates(patient, wanted))


def _parts(patient: str) -> list[Part]:
    from lockgate.phi.replacing.numbers import parts

    return parts("patient", patient)


def _pieces(patient: str) -> list[Piece]:
    return [part for part in _parts(patient) if not isinstance(part, str)]


def _bytes(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        # Half of a pair that JSON escaped: it is no text, and is written as it was meant to be.
        return text.encode("utf-8", "surrogatepass")


def _are_lines(file: Path) -> bool:
    return str(file) == "-" or file.suffix in LINES


def _records(files: Iterable[Path], fields: Fields, patient: str | None) -> Iterator[Record]:
    for file in files:
        if str(file) == "-":
            yield from _of_lines("standard input", standard_input(), fields, patient)
        elif file.suffix in LINES:
            with opened_text(file) as lines:
                yield from _of_lines(str(file), lines, fields, patient)
        else:
            with opened_text(file) as whole:
                yield Record(whole.read(), patient, None)


def _of_lines(name: str, lines: Iterable[str], fields: Fields, patient: str | None) -> Iterator[Record]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield _record(line, f"{name}, line {number}", fields, patient)


def _record(line: str, where: str, fields: Fields, patient: str | None) -> Record:
    try:
        item = loaded(line)
    except (ValueError, RecursionError):
        item = None
    # What stands in the line is not repeated in any message: it may be anybody's.
    if not isinstance(item, dict) or not isinstance(item.get(fields.text), str):
        raise ConfigError(
            f"{where}: not a JSON object with a text in {fields.text}",
            hint='each line is {"text": "…"}; see --text-field',
        )
    if fields.patient is not None:
        if fields.patient not in item or isinstance(item[fields.patient], (dict, list, float, bool)):
            raise ConfigError(f"{where}: {fields.patient} names no patient", hint="a text, a whole number, or null")
        patient = None if item[fields.patient] is None else str(item[fields.patient])
    missing = [name for name in fields.keep if name not in item]
    if missing:
        raise ConfigError(
            f"{where}: there is no {missing[0]} to keep",
            hint="every record has what --keep names: leave it out, or add it (null will do)",
        )
    return Record(item[fields.text], patient, {name: item[name] for name in fields.keep})


@contextmanager
def _written(output: Path | None) -> Iterator[IO[bytes]]:
    """Standard output, or a file that is there once it is whole."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    part = output.with_name(output.name + ".part")
    try:
        with part.open("wb") as out:
            yield out
        os.replace(part, output)
    except OSError as error:
        raise ConfigError(
            f"{output} cannot be written: {error.strerror}",
            hint="-o names a file in a folder that is there and may be written",
        ) from error
    finally:
        with suppress(OSError):
            part.unlink()
