"""What becomes of each span of one patient's texts, before the vault is asked: literal parts and pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lockgate.phi.finding import Span
from lockgate.phi.finding.naming import CLASSES
from lockgate.phi.operators import redacted
from lockgate.phi.replacing import ages, dates, names, numbers, places
from lockgate.phi.replacing._names import Name
from lockgate.phi.replacing.date_ranges import shifted_range, year_of_range
from lockgate.phi.replacing.derived import Secrets, encrypted, hashed
from lockgate.phi.replacing.pieces import Part, Piece, canonical
from lockgate.phi.replacing.profile import (
    ENCRYPT,
    GENERALISE,
    HASH,
    KEEP,
    PLACES,
    REDACT,
    SHIFT,
    SURROGATE,
    Operator,
    Profile,
    kind_of,
)
from lockgate.phi.vault import Vault

LONGEST = 256
"""Code points. No identifier is longer: what is, is redacted, whoever called it one."""
OLD = 90
"""Years after which a date of birth tells an age over 89."""


class Laid(NamedTuple):
    """A text laid out: what stays and what the vault is to be asked for, and by span `(first, last, operator)`: its
    parts are `parts[first:last]`."""

    parts: list[Part]
    spans: list[tuple[int, int, Operator]]


class Order:
    """What is the same for all texts of a call. `hints`: what the dates of all of them say together; None where each
    text speaks for itself."""

    def __init__(
        self, profile: Profile, secrets: Secrets, written: int | None = None, hints: dates.Hints | None = None
    ) -> None:
        self.profile = profile
        self.secrets = secrets
        self.written = written
        self.hints = hints
        self.operators = profile.by_label
        self.encrypts = ENCRYPT in self.operators.values()
        self.redacts_places = all(self.operators[label] is REDACT for label in PLACES)


class Scribe:
    """For one patient and one batch: first meets all texts, so that names are known in full before any is replaced."""

    def __init__(self, order: Order, vault: Vault, patient: str) -> None:
        self._order = order
        self._operators = order.operators
        self._vault = vault
        self._patient = patient
        self._texts: list[tuple[str, list[Span]]] = []
        self._roles = names.Roles()
        self._letter: dict[str, str] = {}
        self._offset = 0
        self._codes: dict[tuple[str, str], str | None] = {}
        self._names: list[Name] = []
        self._named: dict[Name, list[Part]] = {}

    def meet(self, text: str, spans: list[Span]) -> None:
        self._texts.append((text, spans))
        if self._operators["NAME"] is SURROGATE:
            for start, end, label in spans:
                if label == "NAME" and end - start <= LONGEST:
                    name = names.read(text[start:end], names.title_before(text, start))
                    self._names.append(name)
                    self._roles.learn(name)

    def originals(self) -> list[str]:
        """What the vault would be asked surrogates for, each once; nothing is drawn."""
        found = dict.fromkeys(original for name in self._names for original in names.originals(name))
        for text, spans in self._texts:
            for start, end, label in spans:
                operator = self._operators.get(label, REDACT)
                if end - start <= LONGEST and label != "NAME" and (operator is SURROGATE or label in PLACES):
                    parts = self._drawn(label, text[start:end], operator)
                    found.update((part.original, None) for part in parts if isinstance(part, Piece))
        return list(found)

    def laid(self) -> list[Laid]:
        """By text: what stays, and what the vault is to be asked for."""
        if self._roles.letters:
            wanted = sorted(self._roles.letters)
            drawn = self._vault.surrogates(self._patient, names.letters_wanted(wanted))
            self._letter = {letter: one[0] for letter, one in zip(wanted, drawn, strict=True)}
        if self._operators["DATE"] is SHIFT:
            self._offset = self._vault.offset(self._patient)
        if self._order.encrypts:
            self._encrypt()
        named = iter(self._names)
        return [self._of_text(text, spans, named) for text, spans in self._texts]

    def _of_text(self, text: str, spans: list[Span], named: Iterator[Name]) -> Laid:
        hints = None
        parts: list[Part] = []
        of_span: list[tuple[int, int, Operator]] = []
        at = 0
        for start, end, label in spans:
            parts.append(text[at:start])
            at, first = end, len(parts)
            operator = self._operators.get(label, REDACT)
            if end - start > LONGEST and operator is not KEEP:
                operator = REDACT
                parts.append(redacted(_class(label)))
            elif label == "NAME" and operator is SURROGATE:
                parts += self._name(next(named))
            elif label == "DATE" and operator in (SHIFT, GENERALISE):
                hints = hints or self._hints(text, spans)
                parts.append(self._date(text[start:end], operator, hints))
            else:
                parts += self._drawn(label, text[start:end], operator)
            of_span.append((first, len(parts), operator))
        parts.append(text[at:])
        return Laid(parts, of_span)

    def _drawn(self, label: str, value: str, operator: Operator) -> list[Part]:
        """Neither a name nor a date."""
        if label in PLACES and not self._order.redacts_places:
            return places.parts(value, label.lower(), self._order.profile.operator, self._part)
        if operator is not SURROGATE:
            return [self._other(label, value, operator)]
        if label == "FACILITY":
            return places.parts(value, "facility", self._order.profile.operator, self._part)
        return numbers.parts(label.lower(), value)

    def _hints(self, text: str, spans: Iterable[Span]) -> dates.Hints:
        if self._order.hints is not None:
            return self._order.hints
        return dates.hints_of((text[start:end] for start, end, label in spans if label == "DATE"), self._order.written)

    def _name(self, name: Name) -> list[Part]:
        known = self._named.get(name)
        if known is None:
            self._named[name] = known = names.parts(name, self._roles, self._letter)
        return known

    def _date(self, value: str, operator: Operator, hints: dates.Hints) -> str:
        if operator is SHIFT:
            moved = dates.shifted(value, self._offset, hints) or shifted_range(value, self._offset, hints)
            return moved or redacted("date")
        found = dates.read(value, hints)
        year = found.year if found else dates.year_of(value, hints) or year_of_range(value, hints)
        if year is not None and year <= hints.written - OLD:
            return redacted("date")
        if dates.is_no_date(value):
            return value
        return redacted("date") if year is None else str(year)

    def _encrypt(self) -> None:
        """All values of a class at once: a cipher is quick in bulk."""
        wanted: dict[str, dict[str, None]] = {}
        for text, spans in self._texts:
            for start, end, label in spans:
                wanted_here = self._operators.get(label) is ENCRYPT and label not in PLACES
                if wanted_here and end - start <= LONGEST:
                    wanted.setdefault(kind_of(label), {})[text[start:end]] = None
        for kind, values in wanted.items():
            assert self._order.secrets.cipher is not None
            codes = encrypted(self._order.secrets.cipher, kind, list(values))
            self._codes.update({(kind, value): code for value, code in zip(values, codes, strict=True)})

    def _encrypted(self, kind: str, value: str) -> str | None:
        if (kind, value) not in self._codes:
            assert self._order.secrets.cipher is not None
            self._codes[kind, value] = encrypted(self._order.secrets.cipher, kind, [value])[0]
        return self._codes[kind, value]

    def _part(self, kind: str, value: str) -> Part:
        return self._other(kind.upper(), value, self._order.profile.operator(kind))

    def _other(self, label: str, value: str, operator: Operator) -> Part:
        """One that is no surrogate. What an operator cannot be applied to is redacted."""
        if operator is KEEP:
            return value
        if label == "AGE" and operator is GENERALISE:
            return ages.generalised(value) or redacted("date")
        kind = kind_of(label)
        if operator is HASH:
            return hashed(self._order.secrets.key, kind, canonical(value) or value)
        if operator is ENCRYPT:
            return self._encrypted(kind, value) or redacted(_class(label))
        return redacted(_class(label))


def _class(label: str) -> str:
    return "geo" if label in ("STREET", "CITY", "ZIP") else CLASSES.get(label, "other_id")
