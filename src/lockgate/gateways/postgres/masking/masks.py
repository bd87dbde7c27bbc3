"""From an operator to bytes of the right type: a masked integer is an integer, a masked date a date, in either format.

A masked number is negative, so that it meets no real key (but for the lowest age of a band). A type that is not known
here becomes NULL.
"""

from __future__ import annotations

from collections.abc import Callable

from lockgate.errors import ProtocolError
from lockgate.gateways.postgres.masking import _rows, dates
from lockgate.gateways.postgres.masking._rows import Column
from lockgate.gateways.postgres.masking.constants import INTEGERS, TEXTS, UUID
from lockgate.gateways.postgres.masking.constants import constant as constant_of
from lockgate.phi import redact_values
from lockgate.phi.operators import Operator, age_band, generalise


def column_mask(
    index: int, operator: str, cls: str, label: str, type_oid: int, fmt: int, key: bytes, *, computed: bool = False
) -> Column:
    """The compiled column that masks this output. `computed`: not one base column, so NULL is no safe answer either."""
    if operator == Operator.NULL:
        return Column(index, _rows.NULL)
    constant = constant_of(cls, type_oid, fmt)
    if computed:
        if constant is None:
            return Column(index, _rows.NULL)
        return Column(index, _rows.CONSTANT_EVEN_NULL, constant)
    if operator == Operator.TOKEN:
        if type_oid in TEXTS:
            return Column(index, _rows.TOKEN_TEXT, f"{cls.upper()}-".encode(), key)
        if type_oid in INTEGERS:
            op = _rows.TOKEN_INTEGER_BINARY if fmt else _rows.TOKEN_INTEGER_TEXT
            return Column(index, op, b"", key, INTEGERS[type_oid])
        if type_oid == UUID:
            return Column(index, _rows.CALL, call=_uuid_token(key, fmt))
    if operator == Operator.PARTIAL and type_oid in TEXTS:
        return Column(index, _rows.KEEP_FIRST, b"***", keep=2)
    if operator == Operator.GENERALISE:
        call = _generaliser(cls, label, type_oid, fmt, constant)
        if call is not None:
            return Column(index, _rows.CALL, call=call)
    if operator == Operator.DETECT and type_oid in TEXTS:
        return Column(index, _rows.BATCH, call=redact_values)
    if type_oid in dates.DATES and not fmt:
        return Column(index, _rows.CALL, call=dates.redacted(type_oid))
    if constant is None:
        return Column(index, _rows.NULL)
    return Column(index, _rows.CONSTANT, constant)


def _uuid_token(key: bytes, fmt: int) -> Callable[[bytes], bytes]:
    other = bytes(b ^ 0x5C for b in key)

    def token(value: bytes) -> bytes:
        try:
            raw = value if fmt else bytes.fromhex(value.decode().replace("-", ""))
        except ValueError as error:
            raise ProtocolError("a uuid is malformed") from error
        made = _rows.siphash(raw, key).to_bytes(8, "big") + _rows.siphash(raw, other).to_bytes(8, "big")
        if fmt:
            return made
        text = made.hex()
        return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:])).encode()

    return token


def _generaliser(
    cls: str, label: str, type_oid: int, fmt: int, constant: bytes | None
) -> Callable[[bytes], bytes | None] | None:
    if type_oid in dates.DATES:
        return dates.generalised(type_oid, fmt)
    if type_oid in INTEGERS and label == "age":
        return _lowest_of_band(INTEGERS[type_oid], fmt, constant)
    if type_oid in TEXTS:

        def coarser(value: bytes) -> bytes:
            return generalise(cls, label, value.decode("utf-8", "replace")).encode()

        return coarser
    return None


def _lowest_of_band(width: int, fmt: int, constant: bytes | None) -> Callable[[bytes], bytes | None]:
    def lowest(value: bytes) -> bytes | None:
        try:
            band = age_band(int.from_bytes(value, "big", signed=True) if fmt else int(value))
        except ValueError as error:
            raise ProtocolError("an integer is malformed") from error
        if band is None:
            return constant
        return band[0].to_bytes(width, "big") if fmt else str(band[0]).encode()

    return lowest
