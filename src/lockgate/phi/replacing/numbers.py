"""Numbers and addresses of the net, replaced by ones of the same form that belong to nobody where there are such.

| kind | surrogate |
|---|---|
| SSN | 900 to 999 in front, a group below 50: neither an SSN nor an ITIN (SSA POMS RM 10201.035; IRS, ITIN) |
| phone, fax | 555-0100 to 555-0199 (reserved by NANPA); elsewhere the country's code, and a 0 where none can be |
| mail, URL | example.com, .org, .net (RFC 2606) |
| IP address | 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 (RFC 5737), 2001:db8::/32 (RFC 3849) |
| any other | a digit for a digit, a letter for a letter, with a right check digit where the original has one |
"""

from __future__ import annotations

import ipaddress
import random
import re
from collections.abc import Callable
from functools import lru_cache

from lockgate.phi.replacing.check_digits import check_of, vin
from lockgate.phi.replacing.draws import STEP, pick, widening
from lockgate.phi.replacing.pieces import Part, Piece, canonical, foreign
from lockgate.phi.vault import Draw

_LETTERS = "abcdefghjklmnpqrstuvwxyz"
_VIN_LETTERS = "abcdefghjklmnprstuvwxyz"
_CUE = re.compile(
    r"(?:(?:MRN|SSN|NPI|DEA|VIN|ID|No|Nr|Acct|Account|Member|Policy|Group|Case|Lic|License|Serial|S/N|SN|Lot|Plate|Tel|"
    r"Fax|Phone|Ph|Cell|Mobile|e-?mail)\b[\s.:#]*)+",
    re.IGNORECASE,
)
_EXTENSION = re.compile(r"\s*(?:ext(?:ension|n)?\.?|x|#)\s*\d{1,6}$", re.IGNORECASE)
_MAC = re.compile(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}", re.IGNORECASE)
_MAC_SIGNS = 17
_COUNTRY = re.compile(r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\d{3}")
_DOMAINS = ("example.com", "example.org", "example.net")
_NETS = ("192.0.2.", "198.51.100.", "203.0.113.")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def parts(label: str, written: str) -> list[Part]:
    """What stays of it, and the pieces to be replaced; `label` is the finder's, in small letters."""
    cue = _CUE.match(written) if written[:1].isalpha() else None
    lead = cue[0] if cue and cue.end() < len(written) and any(c.isdigit() for c in written[cue.end() :]) else ""
    value = written[len(lead) :]
    return [lead, *_FORMS.get(label, _other)(label, value)] if lead else _FORMS.get(label, _other)(label, value)


def _other(label: str, value: str) -> list[Part]:
    if len(value) == _MAC_SIGNS and _MAC.fullmatch(value):
        return [Piece(label, canonical(value), _mac, value, "signs")]
    key = canonical(value)
    # Signs of scripts without Latin look-alikes are no letters of a number: nothing of them stays.
    return [Piece(label, key, like(key), value, "signs")] if key and not foreign(value) else [_whole(label, value)]


def _whole(label: str, value: str) -> Piece:
    key = canonical(value) or value
    return Piece(label, key, like("0" * min(max(len(key), 6), 20)), value, "whole")


def like(key: str) -> Draw:
    """Draws a digit for a digit, a letter for a letter, with a check digit where the original has a right one.

    Of short numbers there are few: where all are taken, the surrogate is longer.
    """
    drawn = _like(key)
    return drawn if len(key) > 9 else widening((drawn, _Longer(key)))


class _Longer:
    """Draws ever longer numbers."""

    __slots__ = ("_count", "_key")

    def __init__(self, key: str) -> None:
        self._key = key
        self._count = 0

    def __call__(self, rng: random.Random) -> str:
        self._count += 1
        return _like(self._key + "0" * (1 + self._count // STEP))(rng)


def _like(key: str) -> Draw:
    check = check_of(key) if 9 <= len(key) <= 34 else None
    if key.isdigit() and check is None:
        return _digits(len(key), key[0] == "0")
    country = key[:2] if check is not None and check.__name__ == "iban" else ""
    letters = _VIN_LETTERS if check is vin else _LETTERS

    def draw(rng: random.Random) -> str:
        signs = (pick(rng, letters if c.isalpha() else "0123456789") for c in key[len(country) :])
        made = country + "".join(signs)
        return check(made) if check else made

    return draw


@lru_cache(maxsize=256)
def _digits(count: int, zero: bool) -> Draw:
    """Numbers with as many digits; they begin with 0 if the original does."""
    if count == 1:
        return lambda rng: str(rng.randrange(10))
    least = 0 if zero else 10 ** (count - 1)
    beyond = 10 ** (count - 1) if zero else 10**count
    span = beyond - least
    bits = span.bit_length() + 30
    return lambda rng: str(least + rng.getrandbits(bits) % span).zfill(count)


def _mac(rng: random.Random) -> str:
    """Locally administered: no maker's (IEEE 802, second bit of the first octet)."""
    return f"02{rng.getrandbits(40):010x}"


def _ssn(label: str, value: str) -> list[Part]:
    key = canonical(value)
    if len(key) != 9 or not key.isdigit() or foreign(value):
        return _other("ssn", value)
    return [Piece("ssn", key, _never_ssn, value, "signs")]


def _never_ssn(rng: random.Random) -> str:
    return f"{rng.randrange(900, 1000)}{rng.randrange(1, 50):02}{rng.randrange(1, 10000):04}"


def _phone(label: str, value: str) -> list[Part]:
    extension = _EXTENSION.search(value)
    tail: list[Part] = []
    if extension and extension.start() > 6:
        digits = len(extension[0]) - len(extension[0].rstrip("0123456789"))
        tail = [value[extension.start() : len(value) - digits], *_other("extension", value[len(value) - digits :])]
        value = value[: extension.start()]
    key = canonical(value)
    if not key.isdigit() or foreign(value):
        return [*_other("phone", value), *tail]
    lead = 0
    if value.lstrip(" (").startswith("+") or key.startswith("00"):
        zeros = 2 if key.startswith("00") else 0
        country = _COUNTRY.match(key, zeros)
        lead = country.end() if country else 0
        draw = _fiction(len(key) - lead) if country and country[0] == "1" else _abroad(len(key) - lead)
    elif len(key) == 11 and key[0] == "1":
        lead, draw = 1, _fiction(10)
    else:
        draw = _fiction(len(key)) if len(key) in (7, 10) else _abroad(len(key))
    at = _after_digits(value, lead)
    return [value[:at], Piece("phone", key[lead:], draw, value[at:], "signs"), *tail]


def _after_digits(value: str, count: int) -> int:
    at = 0
    while count:
        count -= bool(canonical(value[at]))
        at += 1
    return at


def _fiction(digits: int) -> Draw:
    if digits == 7:
        return widening((_local, _digits(7, True), _digits(9, True)))
    if digits != 10:
        return _abroad(digits)
    return widening((_fictional, _abroad(10)))


def _local(rng: random.Random) -> str:
    return f"55501{rng.randrange(100):02}"


def _fictional(rng: random.Random) -> str:
    """Area codes end in anything but 11, and their second digit is no 9. None begins with 0."""
    return f"{rng.randrange(2, 10)}{rng.randrange(9)}{pick(rng, '023456789')}55501{rng.randrange(100):02}"


def _abroad(digits: int) -> Draw:
    """A number that begins with 0, behind a country's code or where a subscriber's number does."""
    if digits < 6:
        return like("1" * max(digits, 1))
    return widening(tuple(_digits(digits + more, True) for more in (0, 2, 4)))


def _email(label: str, value: str) -> list[Part]:
    return [Piece("email", value.strip().lower(), _address, value, "whole")]


def _address(rng: random.Random) -> str:
    return f"{_token(rng, 2)}{rng.randrange(100, 10000)}@{pick(rng, _DOMAINS)}"


def _token(rng: random.Random, syllables: int) -> str:
    return "".join(pick(rng, "bdfgklmnprstv") + pick(rng, "aeiou") for _ in range(syllables))


def _url(label: str, value: str) -> list[Part]:
    if "@" in value and "/" not in value:
        return _email(label, value)
    scheme = _SCHEME.match(value)
    lead = scheme[0] if scheme else ""
    rest = value[len(lead) :]
    path = "/" in rest
    www = "www." if rest.lower().startswith("www.") else ""

    def of(syllables: int) -> Draw:
        def draw(rng: random.Random) -> str:
            host, word = pick(rng, _DOMAINS), _token(rng, syllables + path)
            return f"{www}{host}/{word}" if path else f"{www}{word}.{host}"

        return draw

    return [lead, Piece("url", rest.lower(), widening((of(3), of(5))), rest, "whole")]


def _ip(label: str, value: str) -> list[Part]:
    core = re.match(r"\[?((?:\d+\.){3}\d+|[0-9a-fA-F:.]+)", value)
    try:
        address = ipaddress.ip_address(core[1].rstrip(".:")) if core else None
    except ValueError:
        address = None
    if address is None:
        return _other("ip", value)
    draw = widening((_ip4, _class_e)) if address.version == 4 else _ip6
    at = value.index(core[1]) if core else 0
    end = at + len(core[1].rstrip(".:")) if core else 0
    return [value[:at], Piece("ip", str(address), draw, value, "whole"), *_port(value[end:])]


def _port(rest: str) -> list[Part]:
    return [rest] if re.fullmatch(r"[\]\s]*(?:[:/]\d{1,5})?", rest) else []


def _ip4(rng: random.Random) -> str:
    return f"{pick(rng, _NETS)}{rng.randrange(1, 255)}"


def _class_e(rng: random.Random) -> str:
    """240.0.0.0/4 is reserved (RFC 1112, section 4), for more than the 762 addresses for documentation."""
    return str(ipaddress.IPv4Address(0xF0000000 | rng.getrandbits(28)))


def _ip6(rng: random.Random) -> str:
    return str(ipaddress.IPv6Address((0x20010DB8 << 96) | rng.getrandbits(96)))


_FORMS: dict[str, Callable[[str, str], list[Part]]] = {
    "ssn": _ssn,
    "phone": _phone,
    "fax": _phone,
    "email": _email,
    "url": _url,
    "ip": _ip,
}
