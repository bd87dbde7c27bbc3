"""A profile of one's own for `lockgate deidentify`, from a YAML file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import yaml

from lockgate.errors import ConfigError

if TYPE_CHECKING:
    from lockgate.phi.replacing import Profile, Secrets

HINT = "standard: expert-determination, operators: {date: shift, mrn: hash}, otherwise: surrogate"
KEY_HINT = "(umask 077; openssl rand -hex 32 > ours.key) makes one; what was hashed or encrypted needs its own back"
Word = TypeVar("Word", bound=StrEnum)
_FIELDS = {"standard", "operators", "otherwise", "bias"}


def chosen(profile: str) -> Profile:
    """The profile of that name, or the one in a file whose name ends in `.yaml`. Raises ConfigError for none."""
    from lockgate.phi.replacing import PROFILES, named

    if profile.endswith((".yaml", ".yml")):
        return _read(Path(profile))
    if profile not in PROFILES:
        hint = f"one of {', '.join(PROFILES)}, or a file that ends in .yaml"
        raise ConfigError(f"there is no profile {profile}", hint=hint)
    return named(profile)


def secrets_of(key_file: Path | None) -> Secrets:
    """The key of `hash` is the file's bytes; that of `encrypt` is derived from them. Raises ConfigError for a file that
    cannot be read."""
    from lockgate.phi.replacing import Secrets

    try:
        return Secrets.of(key_file.read_bytes().strip()) if key_file else Secrets()
    except OSError as error:
        raise ConfigError(f"{key_file} cannot be read: {error.strerror}", hint=KEY_HINT) from error


def _read(file: Path) -> Profile:
    from lockgate.phi.replacing import Operator, Profile, Standard

    try:
        fields: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}", hint=f"a file with {HINT}") from error
    except (yaml.YAMLError, UnicodeDecodeError):
        raise ConfigError(f"{file} is no YAML", hint=HINT) from None
    if not isinstance(fields, dict) or not fields.keys() <= _FIELDS or "standard" not in fields:
        raise ConfigError(
            f"{file}: a profile has a standard, operators, otherwise and bias, and nothing else", hint=HINT
        )
    operators = fields.get("operators") or {}
    if not isinstance(operators, dict) or not isinstance(fields.get("bias", 0), int):
        raise ConfigError(f"{file}: operators are named by class, and bias is a whole number", hint=HINT)
    return Profile(
        file.stem,
        _one(Standard, fields["standard"], f"{file}: standard"),
        {str(key): _one(Operator, value, f"{file}: the operator of {key}") for key, value in operators.items()},
        _one(Operator, fields.get("otherwise", "redact"), f"{file}: otherwise"),
        fields.get("bias", 0),
    )


def _one(of: type[Word], value: Any, where: str) -> Word:
    try:
        return of(value)
    except ValueError:
        raise ConfigError(f"{where} cannot be {value}", hint=f"one of {', '.join(of)}") from None
