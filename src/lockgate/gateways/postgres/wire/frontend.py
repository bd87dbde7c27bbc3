"""How a client gets in: TLS, startup packet, token as the password, and only then an upstream.

Nothing is dialled upstream before the client has proven who it is, and every refusal at this stage is a FATAL
ErrorResponse, as the protocol has it.
"""

from __future__ import annotations

import ipaddress
import shlex
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from lockgate.errors import AuthenticationError, ProtocolError
from lockgate.gateways.postgres.wire import messages as m
from lockgate.gateways.postgres.wire.peer import Peer

PROTOCOL_3_0 = 3 << 16
PROTOCOL_3_2 = 3 << 16 | 2
SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102
LONGEST_STARTUP_BYTES = 10_000
"""PostgreSQL's own MAX_STARTUP_PACKET_LENGTH."""


class StartupRefused(Exception):
    """A FATAL answer to a startup packet: SQLSTATE, message and hint, none of which holds what the client sent."""

    def __init__(self, sqlstate: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.sqlstate, self.message, self.hint = sqlstate, message, hint


@dataclass(frozen=True, slots=True)
class Startup:
    """What a client asked for: user, connection (its database name), settings, and the protocol's minor version."""

    user: str
    connection: str
    settings: Mapping[str, str]
    minor: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """A CancelRequest: which session, by the key that Lockgate gave out (never the upstream's)."""

    process_id: int
    secret_key: bytes


async def read_startup(peer: Peer, tls: ssl.SSLContext | None, address: str) -> Startup | Cancel:
    """Answer TLS and GSS requests until a startup packet or a cancel request arrives."""
    encrypted = False
    for _ in range(4):
        length = int.from_bytes(await peer.read(4), "big")
        if not 8 <= length <= LONGEST_STARTUP_BYTES:
            raise ProtocolError("invalid length of startup packet")
        body = await peer.read(length - 4)
        code = int.from_bytes(body[:4], "big")
        if code == SSL_REQUEST and not encrypted:
            if tls is None:
                peer.write(b"N")
                continue
            if peer.buffered:
                raise ProtocolError("bytes were sent before the TLS handshake")
            peer.write(b"S")
            await peer.start_tls(tls, server_side=True)
            encrypted = True
        elif code == GSSENC_REQUEST and not encrypted:
            peer.write(b"N")
        elif code == CANCEL_REQUEST:
            return Cancel(int.from_bytes(body[4:8], "big"), body[8:])
        elif code >> 16 == 3:
            startup = _startup(peer, code & 0xFFFF, body[4:])
            if not encrypted and not is_local(address):
                raise StartupRefused(
                    "28000", "Lockgate takes no password without TLS", "connect with sslmode=verify-full"
                )
            return startup
        else:
            raise StartupRefused("0A000", "unsupported frontend protocol", "Lockgate speaks protocol 3.0 and 3.2")
    raise ProtocolError("no startup packet")


def _startup(peer: Peer, minor: int, body: bytes) -> Startup:
    try:
        parts = [part.decode() for part in body.split(b"\0")]
    except UnicodeDecodeError as error:
        raise StartupRefused("22021", "the startup packet is not UTF-8") from error
    # name, value, …, and two terminators
    if len(parts) < 2 or parts[-1] or parts[-2] or len(parts) % 2:
        raise ProtocolError("invalid startup packet layout")
    pairs = dict(zip(parts[:-2:2], parts[1:-2:2], strict=True))
    extensions = [name for name in pairs if name.startswith("_pq_.")]
    if minor not in (0, 2) or extensions:
        minor = 2 if minor >= 2 else 0
        peer.write(m.negotiate_protocol_version(PROTOCOL_3_0 | minor, extensions))
    user = pairs.pop("user", "")
    connection = pairs.pop("database", user)
    if not user:
        raise StartupRefused("28000", "no user name in the startup packet")
    if pairs.pop("replication", "false") not in ("false", "off", "no", "0"):
        raise StartupRefused("0A000", "replication does not pass Lockgate")
    # The server knows settings in any case; "Search_Path" must be looked at like "search_path".
    settings = {name.lower(): value for name, value in pairs.items() if name not in extensions and name != "options"}
    settings.update(_options(pairs.get("options", "")))
    return Startup(user, connection, settings, minor)


def _options(text: str) -> dict[str, str]:
    """`-c name=value` and `--name=value`, as in PGOPTIONS; anything else is refused."""
    found: dict[str, str] = {}
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise StartupRefused("42601", "startup options do not parse") from error
    position = 0
    while position < len(words):
        word = words[position]
        if word == "-c" and position + 1 < len(words):
            position, setting = position + 1, words[position + 1]
        elif word.startswith("-c"):
            setting = word[2:]
        elif word.startswith("--"):
            setting = word[2:].replace("-", "_")
        else:
            raise StartupRefused("42601", "a startup option is not of the form -c name=value")
        name, equals, value = setting.partition("=")
        if not equals:
            raise StartupRefused("42601", "a startup option is not of the form -c name=value")
        found[name.strip().lower()] = value
        position += 1
    return found


async def ask_password(peer: Peer) -> str:
    """Cleartext inside TLS: the password is a token of which only a hash is kept, so SCRAM has nothing to use."""
    peer.write(m.authentication_cleartext())
    kind, body = await peer.message()
    if kind != ord("p") or not body.endswith(b"\0"):
        raise ProtocolError("expected a password message")
    try:
        return body[:-1].decode()
    except UnicodeDecodeError as error:
        raise AuthenticationError("login failed") from error


def is_local(address: str) -> bool:
    """Unix sockets (no address) and loopback: the only places where a token may travel without TLS."""
    if not address:
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
