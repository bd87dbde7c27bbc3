"""The one small tree of errors.

Each carries what happened, what the user can do about it, and a stable code. No message ever holds PHI: whoever
raises one names the column, the file or the class, never the value.
"""

from __future__ import annotations

from typing import ClassVar


class LockgateError(Exception):
    """What happened (`message`), what to do (`hint`), and a stable `code` that documentation can be searched for."""

    code: ClassVar[str] = "LG005"

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} ({self.hint})" if self.hint else self.message


class NotCanonical(LockgateError):
    """A value has no canonical form, so no digest could bind to it."""

    code = "LG010"


class ConfigError(LockgateError):
    """The configuration cannot be used; the message names the file and, where known, the line."""

    code = "LG011"


def cannot_read(
    what: str, error: OSError | UnicodeDecodeError, *, missing: str = "lockgate init makes one"
) -> ConfigError:
    """A file that is needed does not open: the reason, and `missing` as the advice only where there is none."""
    if isinstance(error, UnicodeDecodeError):
        return ConfigError(f"{what} cannot be read: not UTF-8", hint="put back the file that lockgate init made")
    hint = {FileNotFoundError: missing, PermissionError: "run this as the user that it belongs to"}.get(type(error), "")
    return ConfigError(f"{what} cannot be read: {error.strerror}", hint=hint)


class PolicyError(LockgateError):
    """A policy, profile or schema cannot be used; the set in force stays in force."""

    code = "LG012"


class CatalogError(LockgateError):
    """A catalog of PHI classes cannot be used."""

    code = "LG013"


class StoreError(LockgateError):
    """The store cannot be reached or refused a write: nothing is executed."""

    code = "LG014"


class AuditError(LockgateError):
    """The log, a checkpoint or a proof does not verify."""

    code = "LG015"


class SealError(LockgateError):
    """A sealed payload does not open: wrong key, wrong place or changed bytes."""

    code = "LG016"


class AuthenticationError(LockgateError):
    """Nobody is who they say they are until proven; the message never says which half was wrong."""

    code = "LG017"


class Refused(LockgateError):
    """Policy or a rule of approvals forbids it; nobody is asked."""

    code = "LG002"


class ProtocolError(LockgateError):
    """A peer sent bytes that its protocol does not allow."""

    code = "LG018"


class UpstreamError(LockgateError):
    """The upstream cannot be reached, or refused the gateway's own login."""

    code = "LG019"


class VaultError(LockgateError):
    """The vault of surrogates cannot be used: not there, another key, or a class without a free surrogate."""

    code = "LG023"


class CipherError(LockgateError):
    """A value cannot be encrypted in its own format, or is none that was."""

    code = "LG024"
