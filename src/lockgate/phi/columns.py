"""Columns of text, searched and replaced: lists, pyarrow arrays, and Series of pandas and polars.

What comes out is of the kind that went in, as long, in the same order; nulls stay null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain, pairwise, repeat
from typing import Any

from lockgate.collecting import uncollected
from lockgate.errors import ConfigError
from lockgate.phi.finding import Found, Span
from lockgate.phi.finding.naming import CLASSES
from lockgate.phi.replacing.containers import Column, opened
from lockgate.phi.replacing.dates import Hints, hints_of
from lockgate.phi.replacing.derived import Secrets, check
from lockgate.phi.replacing.profile import Operator, Profile, named
from lockgate.phi.replacing.replace import rewritten
from lockgate.phi.replacing.scribe import Order
from lockgate.phi.replacing.spans import Kept
from lockgate.phi.replacing.survey import surveyed
from lockgate.phi.replacing.typed import kind_of, replaced
from lockgate.phi.searching import found, spans
from lockgate.phi.vault import Avoiding, MemoryVault, Originals, Vault

BATCH = 1 << 15
"""Texts that are replaced together: what they hold is known before the first is replaced, and read once. Of more, all
are read before, and again."""
BATCH_CHARACTERS = 1 << 21
"""Or fewer texts, if they are long."""
NO_SECRETS = Secrets()
_LABELS = {cls: label for label, cls in reversed(CLASSES.items())} | {
    kind: kind.upper() for kind in ("street", "city", "zip", "facility", "age")
}
"""What the finder would call the values of a column of a kind."""


def detect(texts: Any, *, bias: int = 0, doubt: bool = True) -> list[Found]:
    """Where identifiers are: spans in code points, `doc` being the row; in order, none overlapping. Nulls have none.

    `bias` is the working point: more than 0 finds more, and more that is none. With `doubt`, at 0, a sentence that has
    nothing but single names, each of them barely, has none (decision 41); not for what decides what is masked. Raises
    ConfigError for what is no column of text.
    """
    rows = [_text(value) for value in opened(texts).values]
    search = found(bias, doubt=doubt)
    return [
        one if one.doc == row else Found(row, one.start, one.end, one.label, one.rule, one.score)
        for row, of_text in enumerate(chain.from_iterable(batch for _, batch in search.batches(rows)))
        for one in of_text
    ]


def deidentify(
    texts: Any,
    profile: str | Profile = "safe-harbor",
    *,
    patient: Any = None,
    vault: Vault | None = None,
    kind: str | None = None,
    secrets: Secrets = NO_SECRETS,
    year: int | None = None,
) -> Any:
    """The column with its identifiers replaced as the profile says.

    Texts are searched. With `kind` (a class such as `mrn`, or `name`, `street`, `city`, `zip`, `facility`, `age`) each
    value is one identifier as a whole; a column of dates needs none. Numbers and dates stay numbers and dates: a date
    that is generalised is the first of January, an age over 89 is 90, and what a type cannot hold is null.

    `patient`: one name for all rows, or a column of as many. Without it each row stands for itself: what is replaced
    is consistent within the row and forgotten. With it, surrogates and the days of a shift are the vault's; without a
    vault, those of this call. No surrogate is an original of any row. `year`: the one in which the texts
    were written, by default the present one; what happened 90 years before may tell an age over 89.

    Raises ConfigError for an unknown profile, for a profile that wants a secret that is not in `secrets`, for a column
    of numbers without `kind`, and for patients that are not as many as the texts.
    """
    chosen = named(profile) if isinstance(profile, str) else profile
    column = opened(texts)
    patients = _patients(patient, len(column.values))
    written = year or datetime.now(UTC).year
    what = kind_of(column.values, kind)
    if what is not None and what not in _LABELS:
        raise ConfigError(f"there is no kind {what}", hint="one of " + ", ".join(sorted(_LABELS)))
    known = vault.originals if isinstance(vault, MemoryVault) else Originals()
    memory = MemoryVault(originals=known) if vault is None else vault
    if what is None or _is_text(column):
        check(chosen, secrets)
        work = _Work(chosen, memory, known, secrets, written)
        values = (
            _of_texts(column.values, work, patients) if what is None else _of_kind(column.values, work, patients, what)
        )
        return column.make(values)
    if chosen.operator(what) is Operator.SURROGATE:
        _numbers_known(column.values, patients, known, memory)
    if not isinstance(memory, MemoryVault):
        memory = Avoiding(memory, known)  # of numbers of nobody it is not told
    return column.make(
        [
            None
            if value is None
            else replaced(value, what, chosen, *_whose(memory, known, patients, row), written, column.bits)
            for row, value in enumerate(column.values)
        ]
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """What is the same for all rows."""

    profile: Profile
    vault: Vault
    known: Originals
    secrets: Secrets
    year: int

    def survey(self, texts: list[str], of_doc: Mapping[int, list[Span]], patients: list[str | None] | None) -> None:
        surveyed(Order(self.profile, self.secrets), texts, of_doc, self.known, self.vault, patients)

    def replace(
        self,
        texts: list[str],
        of_doc: Mapping[int, list[Span]],
        patients: list[str | None] | None,
        hints: Hints | None = None,
    ) -> list[str]:
        order = Order(self.profile, self.secrets, self.year, hints)
        return rewritten(order, texts, of_doc, self.vault, patients, self.known)


def _of_texts(values: list[Any], work: _Work, patients: list[str | None] | None) -> list[Any]:
    """Searched once, a batch at a time; where there are several, all are known before the first is replaced."""
    search = spans(work.profile.bias)
    batches = _batches([_text(value) for value in values])
    kept: list[Kept] = []
    for rows, texts in batches if len(batches) > 1 else ():
        with uncollected():
            found = _found(search.batch(texts))
            kept.append(Kept(found))
            work.survey(texts, found, None if patients is None else patients[rows])
    out: list[Any] = []
    for number, (rows, texts) in enumerate(batches):
        with uncollected():
            found = kept[number].by_doc() if kept else _found(search.batch(texts))
            done = work.replace(texts, found, None if patients is None else patients[rows])
        out += [None if value is None else text for value, text in zip(values[rows], done, strict=True)]
    return out


def _batches(texts: list[str]) -> list[tuple[slice, list[str]]]:
    """Which rows, and their texts."""
    starts = [0]
    size = 0
    for row, text in enumerate(texts):
        if row - starts[-1] == BATCH or size > BATCH_CHARACTERS:
            starts.append(row)
            size = 0
        size += len(text)
    return [(slice(start, end), texts[start:end]) for start, end in pairwise([*starts, len(texts)])]


def _found(of_texts: list[list[Span]]) -> dict[int, list[Span]]:
    return {doc: spans for doc, spans in enumerate(of_texts) if spans}


def _of_kind(values: list[Any], work: _Work, patients: list[str | None] | None, kind: str) -> list[Any]:
    """Each value of a patient once; each value once for all where no vault has a say in it."""
    kinds = ("geo", "street", "city", "zip") if kind == "geo" else (kind,)
    drawn = any(work.profile.operator(one) in (Operator.SURROGATE, Operator.SHIFT) for one in kinds)
    with uncollected():
        keys = list(zip(_apart(patients, len(values)) if drawn else repeat(None), values, strict=False))
        unique = [(whose, _text(value)) for whose, value in dict.fromkeys(keys) if value is not None]
    hints = hints_of(dict.fromkeys(text for _, text in unique), work.year) if kind == "date" else None
    batches = _batches([text for _, text in unique])
    of = [whose if isinstance(whose, str) else None for whose, _ in unique]
    for rows, texts in batches if drawn and len(batches) > 1 else ():
        with uncollected():
            work.survey(texts, _whole(texts, kind), of[rows])
    became: dict[tuple[str | int | None, Any], str] = {}
    for rows, texts in batches:
        with uncollected():
            done = work.replace(texts, _whole(texts, kind), of[rows], hints)
            became.update(zip(unique[rows], done, strict=True))
    return [became.get(key) for key in keys]


def _apart(patients: list[str | None] | None, rows: int) -> Iterable[str | int]:
    """Whose each row is: its patient's, or its own."""
    if patients is None:
        return range(rows)
    return [row if patient is None else patient for row, patient in enumerate(patients)]


def _whole(texts: list[str], kind: str) -> dict[int, list[Span]]:
    """Each text as one identifier, without the space around it."""
    label = _LABELS[kind]
    return {
        doc: [(len(text) - len(text.lstrip()), len(text.rstrip()), label)]
        for doc, text in enumerate(texts)
        if text and not text.isspace()
    }


def _text(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ConfigError(
            f"{type(value).__name__} is no text",
            hint="columns of text hold text and nulls only: make the others text, or give them a column of their own",
        )
    return value


def _is_text(column: Column) -> bool:
    return all(value is None or isinstance(value, str) for value in column.values)


def _patients(patient: Any, rows: int) -> list[str | None] | None:
    if patient is None or isinstance(patient, str):
        return None if patient is None else [patient] * rows
    of = opened(patient).values
    if len(of) != rows:
        raise ConfigError(f"{len(of)} patients for {rows} rows", hint="give one for each row, or one for all")
    return [None if one is None else str(one) for one in of]


def _whose(vault: Vault, known: Originals, patients: list[str | None] | None, row: int) -> tuple[Vault, str]:
    patient = patients[row] if patients else None
    return (MemoryVault(originals=known), "") if patient is None else (vault, patient)


def _numbers_known(values: list[Any], patients: list[str | None] | None, known: Originals, vault: Vault) -> None:
    """A column of numbers, before the first of them is replaced."""
    of = [None] * len(values) if patients is None else patients
    rows = [
        (str(int(value)), patient is not None)
        for value, patient in zip(values, of, strict=True)
        if isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    ]
    known.add(number for number, _ in rows)
    vault.register([number for number, kept in rows if kept or isinstance(vault, MemoryVault)])
